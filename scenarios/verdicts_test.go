package scenarios_test

import (
	"context"
	"flag"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"assay/scenarios"
	"assay/scenarios/campaign"
	"assay/scenarios/format"
	"assay/scenarios/result"
)

var full = flag.Bool("full", false, "judge shipped scenarios over further seeds, too")

// pinned are the verdicts of the shipped scenarios, by variant and claim: what
// each of them teaches. The museum's are in museum_test.go.
var pinned = map[string]map[string]map[string]string{
	"exactly-once": {
		"base":                  {"exactly-once": "holds", "group-exclusive": "holds", "recovers": "holds"},
		"no-transaction":        {"exactly-once": "violated", "group-exclusive": "holds", "recovers": "holds"},
		"commit-after-process":  {"exactly-once": "violated", "group-exclusive": "holds", "recovers": "holds"},
		"commit-before-process": {"exactly-once": "violated", "group-exclusive": "holds", "recovers": "holds"},
		"read-uncommitted":      {"exactly-once": "violated", "group-exclusive": "holds", "recovers": "holds"},
		"fencing-off":           {"exactly-once": "violated", "group-exclusive": "holds", "recovers": "holds"},
	},
	"at-least-once": {
		"base":          {"at-least-once": "holds", "at-most-once": "violated", "commit-safety": "holds", "group-exclusive": "holds", "recovers": "holds"},
		"commit-before": {"at-least-once": "violated", "at-most-once": "holds", "commit-safety": "violated", "group-exclusive": "holds", "recovers": "holds"},
		"nobody-dies":   {"at-least-once": "holds", "at-most-once": "holds", "commit-safety": "violated", "group-exclusive": "holds", "recovers": "holds"},
	},
	"at-most-once": {
		"base":         {"at-least-once": "violated", "at-most-once": "holds", "recovers": "holds"},
		"commit-after": {"at-least-once": "holds", "at-most-once": "violated", "recovers": "holds"},
	},
	"auto-commit": {
		"base":       {"at-least-once": "holds", "at-most-once": "violated", "recovers": "holds"},
		"librdkafka": {"at-least-once": "violated", "at-most-once": "violated", "recovers": "holds"},
	},
	"coordinator-failover": {
		"base":        {"at-least-once": "holds", "commit-safety": "holds", "exactly-once": "holds", "recovers": "holds"},
		"one-replica": {"at-least-once": "holds", "commit-safety": "violated", "exactly-once": "violated", "recovers": "violated"},
	},
	"hung-transaction": {
		"base":      {"no-aborted-reads": "holds", "no-loss": "holds", "recovers": "violated"},
		"verified":  {"no-aborted-reads": "holds", "no-loss": "holds", "recovers": "holds"},
		"version-2": {"no-aborted-reads": "holds", "no-loss": "holds", "recovers": "holds"},
	},
	"lag-and-replay": {
		"base": {"billing-alo": "holds", "billing-amo": "holds", "history-alo": "holds", "history-amo": "violated", "recovers": "holds"},
	},
	"publish-subscribe": {
		"base": {"billing-alo": "holds", "billing-amo": "violated", "shipping-alo": "violated", "shipping-amo": "holds"},
	},
	"read-committed": {
		"base": {"atomic-transactions": "holds", "dashboard-atomic": "holds", "exactly-once": "holds", "ledger-reads": "holds", "no-aborted-reads": "holds",
			"no-skips": "holds"},
		"uncommitted": {"atomic-transactions": "holds", "dashboard-atomic": "violated", "exactly-once": "holds", "ledger-reads": "holds", "no-aborted-reads": "violated",
			"no-skips": "holds"},
	},
	"rebalance-cooperative": {
		"base":         {"at-least-once": "holds", "commit-safety": "holds", "group-exclusive": "holds", "recovers": "holds"},
		"eager-sticky": {"at-least-once": "holds", "commit-safety": "holds", "group-exclusive": "holds", "recovers": "holds"},
	},
	"rebalance-eager": {
		"base":        {"at-least-once": "holds", "commit-safety": "holds", "group-exclusive": "holds", "recovers": "holds"},
		"round-robin": {"at-least-once": "holds", "commit-safety": "holds", "group-exclusive": "holds", "recovers": "holds"},
	},
	"static-membership": {
		"base":    {"at-least-once": "holds", "commit-safety": "holds", "group-exclusive": "holds", "recovers": "holds"},
		"dynamic": {"at-least-once": "holds", "commit-safety": "holds", "group-exclusive": "holds", "recovers": "holds"},
	},
	"transaction-version-1": {
		"base":      {"atomic-transactions": "violated", "no-aborted-reads": "violated"},
		"version-2": {"atomic-transactions": "holds", "no-aborted-reads": "holds"},
	},
	"work-queue": {
		"base": {"at-least-once": "holds", "at-most-once": "violated", "group-exclusive": "holds", "key-order": "holds", "recovers": "holds"},
	},
	"zombie-fencing": {
		"base":      {"atomic-transactions": "holds", "exactly-once": "holds", "group-exclusive": "holds", "no-aborted-reads": "holds"},
		"no-fences": {"atomic-transactions": "violated", "exactly-once": "violated", "group-exclusive": "violated", "no-aborted-reads": "holds"},
	},
	"acks-0": {
		"base": {"no-loss": "violated"},
		"all":  {"no-loss": "holds"},
	},
	"acks-1": {
		"base": {"no-loss": "violated"},
		"all":  {"no-loss": "holds"},
	},
	"acks-all": {
		"base":           {"log-agreement": "holds", "no-duplicates": "holds", "no-loss": "holds", "recovers": "holds"},
		"single-replica": {"log-agreement": "violated", "no-duplicates": "holds", "no-loss": "violated", "recovers": "holds"},
	},
	"client-defaults": {
		"base":                  {"no-duplicates": "holds", "no-loss": "holds"},
		"librdkafka":            {"no-duplicates": "violated", "no-loss": "holds"},
		"librdkafka-idempotent": {"no-duplicates": "holds", "no-loss": "holds"},
		"franz-go":              {"no-duplicates": "holds", "no-loss": "holds"},
	},
	"compression": {
		"base":   {"log-agreement": "holds", "no-duplicates": "holds", "no-loss": "holds", "no-skips": "holds"},
		"gzip":   {"log-agreement": "holds", "no-duplicates": "holds", "no-loss": "holds", "no-skips": "holds"},
		"snappy": {"log-agreement": "holds", "no-duplicates": "holds", "no-loss": "holds", "no-skips": "holds"},
		"lz4":    {"log-agreement": "holds", "no-duplicates": "holds", "no-loss": "holds", "no-skips": "holds"},
		"zstd":   {"log-agreement": "holds", "no-duplicates": "holds", "no-loss": "holds", "no-skips": "holds"},
	},
	"consumer-restart": {
		"base":                 {"at-least-once": "holds", "at-most-once": "violated", "commit-safety": "holds"},
		"commit-before":        {"at-least-once": "violated", "at-most-once": "holds", "commit-safety": "violated"},
		"commit-automatically": {"at-least-once": "holds", "at-most-once": "violated", "commit-safety": "holds"},
	},
	"dead-letter-topic": {
		"base":       {"at-least-once": "holds", "no-loss": "holds", "recovers": "holds"},
		"worked-off": {"at-least-once": "holds", "no-loss": "holds", "recovers": "holds"},
		"no-retry":   {"at-least-once": "holds", "no-loss": "holds", "recovers": "holds"},
		"skip":       {"at-least-once": "violated", "no-loss": "holds", "recovers": "holds"},
	},
	"fresh-reads": {
		"base":    {"fresh-reads": "holds", "linearizable-log": "holds", "no-loss": "holds", "no-skips": "holds", "recovers": "holds"},
		"cut-off": {"fresh-reads": "violated", "linearizable-log": "holds", "no-loss": "holds", "no-skips": "holds", "recovers": "holds"},
		"acks-1":  {"fresh-reads": "violated", "linearizable-log": "holds", "no-loss": "holds", "no-skips": "holds", "recovers": "holds"},
	},
	"idempotent-consumer": {
		"base":            {"at-least-once": "holds", "at-most-once": "holds", "recovers": "holds"},
		"forgetful":       {"at-least-once": "holds", "at-most-once": "violated", "recovers": "holds"},
		"partitions-move": {"at-least-once": "holds", "at-most-once": "violated", "recovers": "holds"},
		"commit-before":   {"at-least-once": "violated", "at-most-once": "holds", "recovers": "holds"},
	},
	"idempotent-producer": {
		"base":          {"no-loss": "holds", "no-duplicates": "holds", "producer-order": "holds"},
		"blind-retries": {"no-loss": "holds", "no-duplicates": "violated", "producer-order": "violated"},
	},
	"late-delivery": {
		"base":                {"no-duplicates": "holds", "no-loss": "holds", "producer-order": "holds"},
		"no-sequence-numbers": {"no-duplicates": "violated", "no-loss": "holds", "producer-order": "violated"},
	},
	"late-commit": {
		"base":        {"commit-safety": "violated", "no-loss": "holds"},
		"undisturbed": {"commit-safety": "holds", "no-loss": "holds"},
	},
	"min-insync-replicas": {
		"base":  {"no-loss": "holds", "recovers": "holds"},
		"alone": {"no-loss": "violated", "recovers": "holds"},
	},
	"newest-first": {
		"base":     {"at-most-once": "holds", "key-order": "violated", "no-loss": "holds", "recovers": "holds"},
		"in-order": {"at-most-once": "holds", "key-order": "holds", "no-loss": "holds", "recovers": "holds"},
	},
	"next-generation-groups": {
		"base":           {"at-least-once": "holds", "commit-safety": "holds", "group-exclusive": "holds", "recovers": "holds"},
		"range":          {"at-least-once": "holds", "commit-safety": "holds", "group-exclusive": "holds", "recovers": "holds"},
		"static":         {"at-least-once": "holds", "commit-safety": "holds", "group-exclusive": "holds", "recovers": "holds"},
		"zombie-commits": {"at-least-once": "holds", "commit-safety": "holds", "group-exclusive": "violated", "recovers": "holds"},
	},
	"network-partitions": {
		"base":   {"linearizable-log": "holds", "log-agreement": "holds", "no-duplicates": "holds", "no-loss": "holds", "no-skips": "holds", "recovers": "holds"},
		"acks-1": {"linearizable-log": "violated", "log-agreement": "holds", "no-duplicates": "violated", "no-loss": "violated", "no-skips": "holds", "recovers": "holds"},
	},
	"orders-at-least-once": {
		"base":       {"no-loss": "holds", "recovers": "holds", "no-skips": "holds", "no-duplicates": "violated"},
		"idempotent": {"no-loss": "holds", "recovers": "holds", "no-skips": "holds", "no-duplicates": "holds"},
	},
	"outbox": {
		"base":       {"at-least-once": "holds", "no-duplicates": "violated", "no-loss": "holds", "recovers": "holds"},
		"dual-write": {"at-least-once": "holds", "no-duplicates": "holds", "no-loss": "violated", "recovers": "holds"},
	},
	"poison-message": {
		"base":           {"no-loss": "holds", "recovers": "holds"},
		"retry-for-ever": {"no-loss": "holds", "recovers": "violated"},
		"skip":           {"no-loss": "holds", "recovers": "holds"},
	},
	"power-loss": {
		"base":    {"no-loss": "violated", "recovers": "holds"},
		"flushed": {"no-loss": "holds", "recovers": "holds"},
	},
	"replay-from-the-start": {
		"base":         {"billing-alo": "holds", "billing-amo": "holds", "no-loss": "holds", "rebuild-alo": "holds", "rebuild-amo": "violated", "rebuild-order": "holds", "recovers": "holds"},
		"no-replay":    {"billing-alo": "holds", "billing-amo": "holds", "no-loss": "holds", "rebuild-alo": "holds", "rebuild-amo": "holds", "rebuild-order": "holds", "recovers": "holds"},
		"newest-first": {"billing-alo": "holds", "billing-amo": "holds", "no-loss": "holds", "rebuild-alo": "holds", "rebuild-amo": "violated", "rebuild-order": "violated", "recovers": "holds"},
	},
	"retries-duplicate": {
		"base":       {"no-duplicates": "violated", "no-loss": "holds"},
		"no-retries": {"no-duplicates": "holds", "no-loss": "holds"},
		"idempotent": {"no-duplicates": "holds", "no-loss": "holds"},
	},
	"retries-reorder": {
		"base":          {"no-loss": "holds", "producer-order": "violated"},
		"one-in-flight": {"no-loss": "holds", "producer-order": "holds"},
		"idempotent":    {"no-loss": "holds", "producer-order": "holds"},
	},
	"rolling-restart": {
		"base":        {"no-duplicates": "holds", "no-loss": "holds", "no-skips": "holds", "recovers": "holds"},
		"all-in-sync": {"no-duplicates": "holds", "no-loss": "holds", "no-skips": "holds", "recovers": "holds"},
	},
	"throughput-latency": {
		"base":                      {"no-loss": "holds"},
		"rate=500/s,linger.ms=0":    {"no-loss": "holds"},
		"rate=500/s,linger.ms=5":    {"no-loss": "holds"},
		"rate=500/s,linger.ms=50":   {"no-loss": "holds"},
		"rate=2000/s,linger.ms=0":   {"no-loss": "holds"},
		"rate=2000/s,linger.ms=5":   {"no-loss": "holds"},
		"rate=2000/s,linger.ms=50":  {"no-loss": "holds"},
		"rate=8000/s,linger.ms=0":   {"no-loss": "holds"},
		"rate=8000/s,linger.ms=5":   {"no-loss": "holds"},
		"rate=8000/s,linger.ms=50":  {"no-loss": "holds"},
		"rate=24000/s,linger.ms=0":  {"no-loss": "holds"},
		"rate=24000/s,linger.ms=5":  {"no-loss": "holds"},
		"rate=24000/s,linger.ms=50": {"no-loss": "holds"},
	},
	"tolerance": {
		"base":              {"no-duplicates": "holds", "no-loss": "holds", "recovers": "holds"},
		"minority":          {"no-duplicates": "holds", "no-loss": "holds", "recovers": "holds"},
		"survivable":        {"no-duplicates": "holds", "no-loss": "holds", "recovers": "holds"},
		"unlimited":         {"no-duplicates": "holds", "no-loss": "violated", "recovers": "holds"},
		"flushed":           {"no-duplicates": "holds", "no-loss": "holds", "recovers": "holds"},
		"flushed-unlimited": {"no-duplicates": "holds", "no-loss": "holds", "recovers": "holds"},
	},
	"two-power-losses": {
		"base":          {"no-loss": "violated", "recovers": "holds"},
		"three-in-sync": {"no-loss": "holds", "recovers": "holds"},
	},
	"unclean-election": {
		"base":  {"no-loss": "violated", "recovers": "holds"},
		"clean": {"no-loss": "holds", "recovers": "holds"},
	},
}

// TestPinnedVerdicts runs the shipped scenarios over their own seeds. With -full
// it also runs others, as many at a time: a verdict must not hang on the choice.
func TestPinnedVerdicts(t *testing.T) {
	for _, name := range scenarios.Names() {
		if strings.HasPrefix(name, "museum/") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			require.Contains(t, pinned, name, "pin the verdicts of a new scenario here")
			shifts := []uint64{0}
			if *full {
				shifts = []uint64{0, 1000, 2000, 3000, 4000}
			}
			for _, shift := range shifts {
				requireVerdicts(t, runShifted(t, name, shift), pinned[name])
			}
		})
	}
}

// runShifted runs a shipped scenario over as many seeds as it names, from its
// own base plus shift.
func runShifted(t *testing.T, name string, shift uint64) result.Result {
	t.Helper()
	c := campaign.New(load(t, name))
	for i := range c.Variants {
		c.Variants[i].Scenario.Seeds.Base += shift
	}
	played, _, err := c.Run(context.Background(), campaign.Options{})
	require.NoError(t, err)
	return played
}

func requireVerdicts(t *testing.T, played result.Result, expected map[string]map[string]string) {
	t.Helper()
	found := map[string]map[string]string{}
	for _, v := range played.Variants {
		found[v.Name] = map[string]string{}
		for _, c := range v.Claims {
			found[v.Name][c.Name] = c.Verdict
			require.True(t, c.Exercised, "%s in %s had nothing to judge", c.Name, v.Name)
		}
	}
	require.Equal(t, expected, found, "from seed %s on", played.Variants[0].Seeds[0])
	require.Equal(t, result.Expected, played.Outcome)
	few := func(v result.Variant) bool { return len(v.Seeds) < 20 }
	require.False(t, slices.ContainsFunc(played.Variants, few) && !benchmark(t, played.Scenario), "a lesson is told over twenty seeds at least")
}

// benchmark says whether a shipped scenario is a sweep: it measures, and seeds
// differ little in what they measure.
func benchmark(t *testing.T, name string) bool {
	t.Helper()
	return slices.ContainsFunc(load(t, name).Expand(), func(v format.Variant) bool { return len(v.Point) > 0 })
}
