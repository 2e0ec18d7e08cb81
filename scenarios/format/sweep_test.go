package format

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSweepCrossesInTheFilesOrder(t *testing.T) {
	file, diagnostics := load(small + `variants:
  named: {set: {/workload/drain: 40s}}
sweep:
  /workload/producers/web/rate: [1000/s, 100/s]
  /workload/producers/web/config/acks: [all, 1, 0]
`)
	require.NotNil(t, file, diagnostics.String())
	var names []string
	for _, v := range file.Expand() {
		names = append(names, v.Name)
	}
	require.Equal(t, []string{"base", "named", "rate=1000/s,acks=all", "rate=1000/s,acks=1", "rate=1000/s,acks=0",
		"rate=100/s,acks=all", "rate=100/s,acks=1", "rate=100/s,acks=0"}, names)
	last := file.Expand()[7]
	require.Equal(t, []Setting{{"/workload/producers/web/rate", "100/s"}, {"/workload/producers/web/config/acks", "0"}}, last.Point)
	require.Equal(t, Rate(100_000), last.Scenario.Workload.Producers[0].Rate)
	require.Equal(t, "0", last.Scenario.Workload.Producers[0].Config["acks"])
	require.Equal(t, 30*time.Second, last.Scenario.Workload.Drain)
	require.Nil(t, file.Expand()[1].Point)
	// Idempotence gives way to acks 1 and 0: each is told once, at its value, and not for every rate.
	require.Len(t, diagnostics, 2, diagnostics.String())
	for i, d := range diagnostics {
		require.Equal(t, Note, d.Severity)
		require.Equal(t, []int{11, 46 + 3*i}, []int{d.Line, d.Column}, d.String())
	}
	requireSame(t, file.Base, file.variants)
	require.NotContains(t, string(file.Resolve()), "sweep:")
}

// A resolved point does not depend on defaults that the base had filled in.
func TestSweepOverWhatDefaultsDependOn(t *testing.T) {
	file, diagnostics := load(small + "sweep: {/cluster/brokers: [1, 3, 5], /cost: [laptop, {profile: three-zones, disk: {fsync: 1ms}}]}\n")
	require.NotNil(t, file, diagnostics.String())
	points := file.Expand()[1:]
	require.Equal(t, "brokers=1,cost=laptop", points[0].Name)
	require.Equal(t, "brokers=1,cost=profile=three-zones,disk=fsync=1ms", points[1].Name)
	require.Equal(t, "{profile: three-zones, disk: {fsync: 1ms}}", points[1].Point[1].Value)
	require.Equal(t, 1, points[0].Scenario.Topics[0].ReplicationFactor)
	require.Equal(t, 3, points[5].Scenario.Topics[0].ReplicationFactor)
	require.Equal(t, "laptop", points[0].Scenario.Cost.Profile)
	require.Len(t, points[5].Scenario.Cost.Zones, 3)
	require.Equal(t, time.Millisecond, points[5].Scenario.Cost.Disk.Fsync.Time)
	requireSame(t, file.Base, file.variants)
}

func TestSweepNamesAreUniqueAndShort(t *testing.T) {
	two := strings.Replace(small, "producers: {", "producers: {api: {topic: orders, rate: 1/s}, ", 1)
	names := func(sweep string) (names []string) {
		file, diagnostics := load(two + "sweep: " + sweep + "\n")
		require.NotNil(t, file, diagnostics.String())
		for _, v := range file.Expand()[1:] {
			require.NoError(t, validVariantName(v.Name))
			names = append(names, v.Name)
		}
		return names
	}
	require.Equal(t, []string{"web.rate=1/s,api.rate=2/s"}, names("{/workload/producers/web/rate: [1/s], /workload/producers/api/rate: [2/s]}"))
	require.Equal(t, []string{"linger.ms=0", "linger.ms=5"}, names("{/workload/producers/web/config/linger.ms: [0, 5]}"))
}

func TestSweepErrors(t *testing.T) {
	for sweep, want := range map[string]string{
		"[1]":                                        `test.yaml:7:8: error: sweep must be a map from a JSON pointer to a list of values`,
		"{/workload/drain: 1s}":                      `test.yaml:7:26: error: /workload/drain must have a list of values, not the text "1s"`,
		"{/workload/drain: []}":                      `test.yaml:7:26: error: /workload/drain has no values`,
		"{/workload/drain: [40s, 40s]}":              `test.yaml:7:32: error: 40s stands in the list twice`,
		"{workload/drain: [40s]}":                    `test.yaml:7:9: error: "workload/drain" is no JSON pointer`,
		"{/seeds/count: [1]}":                        `test.yaml:7:9: error: a sweep cannot set /seeds/count`,
		"{/workload/drian: [40s]}":                   `test.yaml:7:9: error: /workload/drian leads nowhere: there is no field "drian"; did you mean drain?`,
		"{/workload/producers/wbe/rate: [1/s]}":      `test.yaml:7:9: error: /workload/producers/wbe/rate leads nowhere: there is no "wbe"; did you mean web?`,
		"{/workload/drain/x: [1s]}":                  `test.yaml:7:9: error: /workload/drain/x leads nowhere: there is nothing below "drain"`,
		"{/cluster/config/a/b: [1s]}":                `test.yaml:7:9: error: /cluster/config/a/b leads nowhere: "a" is a single value`,
		"{/cluster/config/replica.lag.ms: [1]}":      `test.yaml:7:9: error: replica.lag.ms is not a broker key`,
		"{/cluster/brokers: [3, many, 99]}":          `test.yaml:7:31: error: brokers must be a whole number, not the text "many"`,
		"{/workload: [null], /workload/drain: [1s]}": `test.yaml:7:28: error: /workload and /workload/drain set the same thing`,
		"{/workload/drain: [" + manyDurations(60) + "], /workload/warmup: [1s, 2s]}": `test.yaml:7:1: error: the sweep crosses 60 x 2 values; a scenario has at most 100 variants`,
	} {
		file, diagnostics := load(small + "sweep: " + sweep + "\n")
		require.Nil(t, file, sweep)
		require.True(t, strings.HasPrefix(diagnostics.String(), want), "%s: %s", sweep, diagnostics)
	}
	// A value that is wrong by itself is told once, where it stands.
	_, diagnostics := load(small + "sweep: {/workload/producers/web/rate: [1/s, 2/s, 3/s], /topics/orders/partitions: [1, x, 0]}\n")
	require.Len(t, diagnostics, 2, diagnostics.String())
	require.Empty(t, diagnostics[0].Variant)
	// One that is wrong in a combination alone names the point.
	_, diagnostics = load(small + "sweep: {/workload/producers/web/config/acks: [all, 1], /workload/producers/web/config/enable.idempotence: [true, false]}\n")
	require.True(t, diagnostics.Failed())
	require.Contains(t, diagnostics.String(), "(in variant acks=1,enable.idempotence=true)")
}

func manyDurations(n int) string {
	var values []string
	for i := range n {
		values = append(values, strings.Repeat("1", 1+i/10)+string(rune('0'+i%10))+"ms")
	}
	return strings.Join(values, ", ")
}
