package run

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/scenarios/result"
)

// pipelined has a group whose members die and stand still, and transactions that
// are aborted on purpose and by time-out.
const pipelined = `
version: 1
name: pipelined
seeds: {base: 1, count: 1}
cluster: {config: {offsets.topic.num.partitions: 1, group.initial.rebalance.delay.ms: 0, transaction.state.log.num.partitions: 1, transaction.abort.timed.out.transaction.cleanup.interval.ms: 1000}}
topics:
  orders: {partitions: 2, replication_factor: 3, config: {min.insync.replicas: 2}}
  invoices: {partitions: 1, replication_factor: 3, config: {min.insync.replicas: 2}}
workload:
  warmup: 1s
  duration: 16s
  drain: 30s
  producers: {web: {topic: orders, rate: 50/s, value: {size: 64B}, config: {acks: all}}}
  processors:
    invoicing:
      count: 2
      group: invoicing
      input: [orders]
      output: invoices
      transaction: {max_records: 10, interval: 200ms, abort: 10%}
      config: {transactional.id: "tx-{index}", isolation.level: read_committed, auto.offset.reset: earliest, session.timeout.ms: 6000, heartbeat.interval.ms: 1500, transaction.timeout.ms: 4000}
  consumers: {ledger: {topics: [invoices], config: {isolation.level: read_committed, auto.offset.reset: earliest}}}
faults:
  timeline:
    - {at: 6s, kind: kill, target: invoicing-1, duration: 1s}
    - {at: 10s, kind: pause, target: invoicing-0, duration: 8s}
claims:
  exactly-once: {from: orders, via: invoicing, to: invoices, observer: ledger}
  no-aborted-reads: {consumer: ledger}
`

func TestCoordinatedSeries(t *testing.T) {
	s := load(t, pipelined)
	silent, err := Simulate(&s, 1, nil, Options{})
	require.NoError(t, err)
	o, err := Simulate(&s, 1, nil, Options{Tell: &Tell{}})
	require.NoError(t, err)
	require.Equal(t, silent.Digest, o.Digest)
	require.Equal(t, silent.Pauses, o.Pauses, "pauses are measured whether or not a run is told")

	t.Run("owners", func(t *testing.T) {
		require.Len(t, o.Series.Owners, 2)
		var longest, total int64
		died := 0
		for _, lane := range o.Series.Owners {
			require.Equal(t, "invoicing", lane.Group)
			require.NotEmpty(t, lane.Spans)
			at := lane.Spans[0].To
			for i, span := range lane.Spans {
				require.LessOrEqual(t, span.From, span.To)
				if span.Ended == result.OwnerDied {
					died++
				}
				if i > 0 && span.From > at {
					pause := span.From - max(at, int64(s.Workload.Warmup))
					longest, total = max(longest, pause), total+pause
				}
				at = max(at, span.To)
			}
		}
		require.Positive(t, died, "invoicing-1 was killed while it owned a partition")
		require.True(t, o.Pauses.Measured)
		require.Equal(t, time.Duration(longest), o.Pauses.Longest)
		require.Equal(t, time.Duration(total), o.Pauses.Total)
		require.Greater(t, o.Pauses.Longest, time.Second, "a dead member's partition waits for its session to end, or for its return")
	})
	t.Run("transactions", func(t *testing.T) {
		ended := map[string]int64{}
		for i, lane := range o.Series.Transactions {
			require.Equal(t, []string{"tx-0", "tx-1"}[i], lane.ID)
			at := int64(0)
			for _, span := range lane.Spans {
				require.LessOrEqual(t, at, span.From, "a transactional id has one transaction at a time")
				require.LessOrEqual(t, span.Decided, span.To)
				ended[span.Outcome]++
				at = span.To
			}
		}
		require.Equal(t, o.Exercise[TransactionsCommitted], ended[result.TransactionCommitted])
		require.Equal(t, o.Exercise[TransactionsAborted], ended[result.TransactionAborted]+ended[result.TransactionTimedOut])
		require.Equal(t, slices.Contains(o.Places, TransactionTimedOut), ended[result.TransactionTimedOut] > 0)
		require.Zero(t, ended[result.TransactionUnknown])
	})
	t.Run("pipeline", func(t *testing.T) {
		require.Equal(t, o.Metrics.EndToEnd.Count(), o.Metrics.Pipeline.Count(), "all that the consumer gets is made by the processor")
		require.Positive(t, o.Metrics.Pipeline.Count())
		require.Len(t, o.Series.Pipeline.Max, len(o.Series.Sent))
		for i, most := range o.Series.Pipeline.Max {
			require.LessOrEqual(t, o.Series.EndToEnd.Max[i], most)
		}
	})
	t.Run("lag", func(t *testing.T) {
		for _, line := range o.Series.Lag {
			require.Zero(t, line.Values[len(line.Values)-1], line.Name)
		}
	})
}

// The first generation of a group is no rebalance, whatever number it has.
func TestFirstGenerationIsNoRebalance(t *testing.T) {
	rebalances := func(count, protocol string) int64 {
		s := load(t, `
version: 1
name: coming
seeds: {base: 1, count: 1}
cluster: {config: {offsets.topic.num.partitions: 1}}
topics: {orders: {partitions: 2, replication_factor: 3, config: {min.insync.replicas: 2}}}
workload:
  warmup: 1s
  duration: 12s
  drain: 20s
  producers: {web: {topic: orders, rate: 5/s, value: {size: 64B}, config: {acks: all}}}
  consumers: {billing: {count: `+count+`, group: billing, topics: [orders], commit: after_process, config: {group.protocol: `+protocol+`, auto.offset.reset: earliest}}}
claims: {no-loss: {}}
`)
		o, err := Simulate(&s, 1, nil, Options{})
		require.NoError(t, err)
		require.Positive(t, o.Exercise[RecordsConsumed])
		return o.Exercise[Rebalances]
	}
	require.Zero(t, rebalances("1", "classic"))
	require.Zero(t, rebalances("1", "consumer"))
	require.Equal(t, int64(1), rebalances("2", "consumer"), "the second member comes when the first is there")
}
