package campaign

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"assay/checkers"
	"assay/scenarios/format"
	"assay/scenarios/result"
)

const adviceScenario = `
version: 1
topics: {orders: {}, invoices: {}, rows: {}, events: {}, acks: {}}
workload:
  duration: 10s
  drain: 95s
  producers:
    web: {topic: orders, rate: 10/s}
    eager: {topic: acks, rate: 10/s, config: {acks: 1}}
    shop: {topic: rows, rate: 10/s, outbox: true}
    hasty: {topic: events, rate: 10/s, dual_write: true}
  consumers:
    early: {group: early, topics: [orders], commit: before_process, config: {auto.offset.reset: earliest}}
    skipping: {group: skipping, topics: [rows], failures: {permanent: 1%}, on_failure: skip, config: {auto.offset.reset: earliest}}
    never: {group: never, topics: [orders], commit: none, config: {auto.offset.reset: earliest}}
    late: {group: late, topics: [orders], config: {auto.offset.reset: earliest}}
    ledger: {topics: [invoices], config: {auto.offset.reset: earliest}}
  processors:
    plain: {group: plain, input: [orders], output: invoices, commit: before_process, config: {auto.offset.reset: earliest}}
    enrich: {group: enrich, input: [orders], output: invoices, transaction: {}, config: {transactional.id: "enrich-{index}", auto.offset.reset: earliest}}
`

// Advice is about whom the witness names, and about all where it names nobody.
func TestAdviceIsAboutTheWitness(t *testing.T) {
	file, diagnostics := format.Load(format.Source{Name: "test.yaml", Text: []byte(adviceScenario)}, format.Options{})
	require.NotNil(t, file, diagnostics.String())
	for _, each := range []struct {
		guarantee, partition string
		clients              []string
		want                 []string // how each sentence begins
		anomaly              checkers.Anomaly
	}{
		{"fresh-reads", "orders/0", []string{"web-0", "late-0"}, []string{"no setting would"}, checkers.StaleRead},
		{"fresh-reads", "acks/0", []string{"eager-0", "late-0"}, []string{"eager has acks=1"}, checkers.StaleRead},
		{"fresh-reads", "acks/0", []string{"eager-0", "late-0"}, []string{"eager has acks=1: the leader alone"}, checkers.Phantom},
		{"at-least-once", "orders/0", []string{"web-0", "late-0"}, nil, ""},
		{"at-least-once", "rows/0", []string{"shop-0", "skipping-0"}, []string{"skipping leaves out"}, ""},
		{"no-duplicates", "rows/0", nil, []string{"shop has an outbox"}, ""},
		{"no-loss", "events/0", nil, []string{"hasty is told"}, ""},
		{"at-least-once", "orders/0", []string{"web-0", "early-0 (incarnation 2)"}, []string{"early commits before"}, ""},
		{"commit-safety", "orders/0", []string{"plain-0"}, []string{"plain commits before"}, ""},
		{"at-least-once", "orders/0", []string{"web-0"}, []string{"early commits before", "skipping leaves out", "plain commits before"}, ""},
		{"at-most-once", "orders/0", []string{"never-0"}, []string{"never never commits"}, ""},
		{"at-most-once", "orders/0", []string{"late-0", "late-0 (incarnation 2)"}, []string{"late commits after"}, ""},
		{"exactly-once", "orders/0", []string{"web-0", "plain-0"}, []string{"plain commits before", "ledger reads uncommitted"}, ""},
		{"exactly-once", "orders/0", []string{"web-0", "enrich-0"}, []string{"ledger reads uncommitted"}, ""},
		{"no-aborted-reads", "invoices/0", []string{"enrich-0", "ledger-0"}, []string{"ledger reads uncommitted"}, ""},
		{"no-aborted-reads", "orders/0", []string{"enrich-0"}, nil, ""},
	} {
		w := &result.Witness{Partition: each.partition, Anomaly: string(each.anomaly)}
		for _, client := range each.clients {
			w.Operations = append(w.Operations, result.Operation{Client: client})
		}
		got := advise(&file.Base, format.Claim{Name: each.guarantee, Guarantee: each.guarantee}, w)
		require.Len(t, got, len(each.want), "%s: %q", each.guarantee, got)
		for i, start := range each.want {
			require.True(t, strings.HasPrefix(got[i], start), "%s: %q", each.guarantee, got)
		}
	}
}
