package reports

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/faults"
)

// Every kind that the simulator can inflict is told in words of its own.
func TestEveryFaultIsTold(t *testing.T) {
	second := time.Second
	two := [][]faults.Target{named("broker-1"), named("broker-2")}
	for says, spec := range map[string]faults.Spec{
		"f: at 1.000 s bytes take 2 s longer (both ways) between [broker-1] and [broker-2], until 3.000 s":                                                                {Kind: faults.Delay, Groups: two, Latency: 2 * second},
		"f: at 1.000 s no more than 1,000 bytes a second flow on each connection (both ways) between [broker-1] and [broker-2], until 3.000 s":                            {Kind: faults.Delay, Groups: two, Bandwidth: 1000},
		"f: at 1.000 s bytes take 2 s longer, and no more than 1,000 bytes a second flow on each connection (both ways) between [broker-1] and [broker-2], until 3.000 s": {Kind: faults.Delay, Groups: two, Latency: 2 * second, Bandwidth: 1000},
		"f: at 1.000 s the disk of broker-1 takes 20 times as long, until 3.000 s":                                                                                        {Kind: faults.SlowDisk, Target: named("broker-1"), Factor: 20},
		"f: at 1.000 s the wall clock of broker-1 is 5 s ahead, until 3.000 s":                                                                                            {Kind: faults.ClockSkew, Target: named("broker-1"), Skew: 5 * second},
		"f: at 1.000 s the wall clock of broker-1 is 5 s behind, until 3.000 s":                                                                                           {Kind: faults.ClockSkew, Target: named("broker-1"), Skew: -5 * second},
	} {
		spec.ID = "f"
		require.Equal(t, says, tellFault(applied(spec, second, 3*second)))
		require.NotEmpty(t, parameters(spec))
	}
	roll := applied(faults.Spec{ID: "f", Kind: faults.Roll, Target: []faults.Target{{Kind: faults.All}}}, second, 9*second)
	require.Equal(t, "f: at 1.000 s all are to restart one after the other, until 9.000 s", tellFault(roll))
	roll.Restarts = []faults.Restart{{Name: "broker-1", Asked: second, Up: 3 * second}, {Name: "broker-2", Asked: 4 * second, Up: 6 * second}}
	require.Equal(t, "f: at 1.000 s brokers restart one after the other: broker-1 (1.000 s to 3.000 s), broker-2 (4.000 s to 6.000 s)", tellFault(roll))
}
