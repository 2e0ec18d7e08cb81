package reports_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/reports"
	"assay/reports/runfolder"
	"assay/scenarios"
	"assay/scenarios/campaign"
	"assay/scenarios/format"
)

// real plays a shipped scenario in one goroutine, or one seed of its base alone:
// the wall-clock time of all its simulation, and what is to be rendered.
func real(tb testing.TB, name string, alone bool) (simulating time.Duration, run reports.Run) {
	tb.Helper()
	source, err := scenarios.Find(name)
	require.NoError(tb, err)
	file, diagnostics := format.Load(source, format.Options{})
	require.NotNil(tb, file, diagnostics.String())
	c := campaign.New(file)
	if alone {
		c.Variants = c.Variants[:1]
		c.Variants[0].Scenario.Seeds = format.Seeds{List: c.Variants[0].Scenario.Seeds.All()[:1]}
	}
	begun := time.Now()
	played, err := runfolder.Play(context.Background(), file, c, campaign.Options{Jobs: 1, Stories: true, Tell: true})
	require.NoError(tb, err)
	return time.Since(begun), *played
}

// BenchmarkRender renders the whole folder of shipped scenarios, and says what
// part that is of the time that their simulation takes.
func BenchmarkRender(b *testing.B) {
	for _, c := range []struct {
		name  string
		alone bool
	}{
		{"acks-1", false}, {"orders-at-least-once", false}, {"consumer-restart", false}, {"tolerance", false}, {"throughput-latency", false},
		{"museum/hw-truncate-loss", false}, {"acks-1", true},
	} {
		name := c.name
		if c.alone {
			name += "/one-seed"
		}
		b.Run(name, func(b *testing.B) {
			simulating, run := real(b, c.name, c.alone)
			bytes := 0
			for b.Loop() {
				bytes = 0
				for _, file := range reports.Files(run, nil, nil) {
					bytes += len(file.Content)
				}
			}
			b.ReportMetric(float64(bytes)/1024, "KiB")
			b.ReportMetric(simulating.Seconds()*1e3, "ms-simulating")
			b.ReportMetric(100*b.Elapsed().Seconds()/float64(b.N)/simulating.Seconds(), "%-of-simulating")
		})
	}
}
