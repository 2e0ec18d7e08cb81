package workload

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/checkers/history"
	"assay/host"
	"assay/sim"
)

// keeper writes rows 1, 2, 3, ... to a store of its own, one every millisecond.
type keeper struct {
	t       *testing.T
	host    host.Host
	store   *ownStore
	found   int
	written *int // of all incarnations, as told outside
	told    *int // rows of which it was said that they are committed
}

func (k *keeper) Start(h host.Host) {
	k.host = h
	store, rows, err := openStore(h, "rows")
	require.NoError(k.t, err)
	for i, row := range rows {
		require.Equal(k.t, uint64(i+1), binary.BigEndian.Uint64(row), "whole rows in their order")
	}
	require.GreaterOrEqual(k.t, len(rows), *k.told, "what is committed stays")
	require.LessOrEqual(k.t, len(rows), *k.written)
	k.store, k.found = store, len(rows)
	h.WakeAt(h.Now().Add(time.Millisecond))
}

func (k *keeper) Wake() {
	row := binary.BigEndian.AppendUint64(nil, uint64(k.store.rows+1))
	*k.written = k.store.rows + 1
	require.NoError(k.t, k.store.append(append(row, make([]byte, 700)...)))
	k.host.WakeAt(k.host.Now().Add(time.Millisecond))
}

func (k *keeper) Done(op host.Op, err error) {
	mine, failed := k.store.done(op, err)
	require.True(k.t, mine)
	require.NoError(k.t, failed)
	*k.told = max(*k.told, k.store.committed())
}

func (k *keeper) Opened(host.Conn, host.Addr)      {}
func (k *keeper) Received(host.Conn, host.Message) {}
func (k *keeper) Closed(host.Conn, error)          {}

// A store keeps what it said is committed, through kills and power losses that
// lose, tear or zero the rest.
func TestStoreKeepsWhatIsCommitted(t *testing.T) {
	cut, told := 0, 0
	for seed := range uint64(40) {
		world := sim.New(sim.Config{Seed: seed})
		var present *keeper
		var toldSoFar, written int
		world.AddNode(sim.NodeSpec{Name: "app", Factory: func() host.Node {
			present = &keeper{t: t, told: &toldSoFar, written: &written}
			return present
		}})
		world.Start("app")
		chance := world.Stream("test")
		for range 12 {
			world.Run(world.Now().Add(time.Duration(chance.IntN(30_000_000))))
			switch chance.IntN(4) {
			case 0:
				world.Kill("app")
			case 1:
				world.PowerLoss("app", sim.LoseUnsynced, chance)
			default:
				world.PowerLoss("app", sim.Tear, chance)
			}
			before := written
			world.Start("app")
			if present.found < before {
				cut++
			}
		}
		told += toldSoFar
		require.NoError(t, world.Close())
	}
	require.Greater(t, cut, 50, "rows were under way")
	require.Greater(t, told, 1000)
}

func TestRowsOfAnOutboxAreReadAsTheyWereWritten(t *testing.T) {
	for _, row := range []relayed{
		{id: history.NewRecordID(7, 9), partition: 3, key: []byte("k"), value: []byte("v")},
		{id: history.NewRecordID(1, 1), key: []byte{}, value: []byte("an empty key is a key")},
		{id: history.NewRecordID(1, 2), value: []byte{}},
	} {
		require.Equal(t, row, parseRow(row.appendTo(nil)))
	}
}
