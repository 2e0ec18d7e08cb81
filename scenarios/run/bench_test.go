package run

import (
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/checkers"
	"assay/scenarios/format"
)

// BenchmarkStandardScenario is 60 simulated seconds of 2,000 records a second
// with history, digest and all claims: the CPU time of one acknowledged record,
// everything included.
func BenchmarkStandardScenario(b *testing.B) { benchmarkScenario(b, "standard") }

// BenchmarkFullBatches is the same for a closed loop, whose batches are full:
// the least that a record costs.
func BenchmarkFullBatches(b *testing.B) { benchmarkScenario(b, "full-batches") }

// benchmarkScenario runs a scenario of testdata/bench from its file to its
// verdicts. It reports CPU time, the system's and the garbage collector's
// included: what other programs take from the machine does not count.
func benchmarkScenario(b *testing.B, name string) {
	text, err := os.ReadFile("../../testdata/bench/" + name + ".yaml")
	require.NoError(b, err)
	file, diagnostics := format.Load(format.Source{Name: name, Text: text}, format.Options{})
	require.NotNil(b, file, diagnostics.String())
	var records, events int64
	b.ReportAllocs()
	before := processorTime(b)
	for b.Loop() {
		outcome, err := Simulate(&file.Base, 1, nil, Options{})
		require.NoError(b, err)
		for _, claim := range outcome.Claims {
			require.Equal(b, checkers.Holds, claim.Verdict, "%s: %s", claim.Claim, claim.Reason)
		}
		records += outcome.Exercise[RecordsAcknowledged]
		events += int64(outcome.Events)
	}
	took := processorTime(b) - before
	b.ReportMetric(took.Seconds()*1e6/float64(records), "cpu-us/record")
	b.ReportMetric(float64(events)/took.Seconds()/1e6, "Mevents/cpu-s")
}

// processorTime is what this process has used so far.
func processorTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
