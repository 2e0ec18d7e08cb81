package run

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

const watched = `
version: 1
name: watched
seeds: {base: 1, count: 1}
cluster:
  config: {offsets.topic.num.partitions: 1, transaction.state.log.num.partitions: 1}
  flaws: [%s]
topics:
  orders: {partitions: 1, replication_factor: 3, config: {min.insync.replicas: 2}}
  invoices: {partitions: 1, replication_factor: 3, config: {min.insync.replicas: 2}}
workload:
  duration: 6s
  drain: 15s
  producers:
    web: {topic: orders, rate: 40/s, config: {acks: all}}
  processors:
    invoicing:
      group: invoicing
      input: [orders]
      output: invoices
      transaction: {max_records: 20, interval: 300ms}
      config: {transactional.id: "invoicing-{index}", isolation.level: read_committed, auto.offset.reset: earliest}
  consumers:
    ledger: {topics: [invoices], config: {isolation.level: read_committed, auto.offset.reset: earliest}}
claims: {no-loss: {}}
`

// What no claim asks for is watched all the same, and told apart from the claims.
func TestTransactionsAreWatched(t *testing.T) {
	for flaws, want := range map[string]bool{"": false, "lso-is-hw": true} {
		s := load(t, fmt.Sprintf(watched, flaws))
		o, err := Simulate(&s, 1, nil, Options{})
		require.NoError(t, err)
		require.Len(t, o.Claims, 1)
		require.Equal(t, want, slices.ContainsFunc(o.Invariants, func(i Invariant) bool { return i.Name == "intermediate read" }), flaws)
	}
}
