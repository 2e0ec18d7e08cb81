package run

import (
	"testing"

	"github.com/stretchr/testify/require"

	"assay/checkers/history"
	"assay/scenarios/format"
)

// A member that does not know yet that a partition is another's reads on. Its
// position is not its group's.
func TestFinalLagIsOfTheOwners(t *testing.T) {
	var s format.Scenario
	s.Workload.Consumers = []format.Consumer{{Name: "billing", Group: "billing", Count: 2, Assignment: "group"}}
	m := newMeasure(&s)
	m.Client(1, "billing-0", 1)
	m.Client(2, "billing-1", 1)
	owned := func(client history.ClientID) {
		m.Ownership(history.Ownership{Client: client, Partition: 0, Kind: history.Owned})
	}
	owned(1)
	m.Read(history.Read{Client: 1, Next: 4, HighWatermark: history.NoOffset})
	owned(2)
	m.Move(history.Move{Client: 2, To: 4})
	m.Read(history.Read{Client: 2, From: 4, Next: 10, HighWatermark: history.NoOffset})
	m.Read(history.Read{Client: 1, From: 4, Next: 9, HighWatermark: history.NoOffset})
	m.Ownership(history.Ownership{Client: 1, Partition: 0, Kind: history.Lost})
	m.Cover(history.Cover{End: 10})
	require.Zero(t, m.finish().LagFinal)

	owned(1)
	m.Move(history.Move{Client: 1, To: 7})
	require.EqualValues(t, 3, m.finish().LagFinal)
}
