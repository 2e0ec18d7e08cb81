package run

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"assay/checkers"
	"assay/checkers/history"
)

// failing is a scenario of one client that works on orders, and dies now and then.
const failing = `
version: 1
name: failing
seeds: {base: 1, count: 1}
topics:
  orders: {partitions: 2, replication_factor: 3, config: {min.insync.replicas: 2}}
  dead: {replication_factor: 3, config: {min.insync.replicas: 2}}
  invoices: {partitions: 2, replication_factor: 3, config: {min.insync.replicas: 2}}
workload:
  duration: 10s
  drain: 35s
  producers:
    web: {topic: orders, rate: 60/s, %s config: {acks: all, linger.ms: 100, request.timeout.ms: 5000, delivery.timeout.ms: 20000}}
%s
faults:
  timeline:
    - {at: 3s, kind: kill, target: web-0, duration: 500ms}
    - {at: 4s, kind: power_loss, target: client-0, duration: 500ms}
    - {at: 6s, kind: power_loss, target: web-0, disk: tear, duration: 500ms}
`

const claimsOfGroups = "claims: {no-loss: {}, at-least-once: {}, at-most-once: {}, recovers: {}}"

const member = `auto.offset.reset: earliest, session.timeout.ms: 6000, heartbeat.interval.ms: 1500, max.poll.interval.ms: 10000, request.timeout.ms: 5000`

// play runs it twice, with messages as values and as frames, and judges.
func play(t *testing.T, producer, clients string) (*Outcome, map[string]checkers.Verdict) {
	t.Helper()
	return playJudged(t, producer, clients, claimsOfGroups)
}

func playJudged(t *testing.T, producer, clients, claims string) (*Outcome, map[string]checkers.Verdict) {
	t.Helper()
	s := load(t, fmt.Sprintf(failing, producer, clients)+claims)
	o, err := Simulate(&s, 7, nil, Options{Debug: true})
	require.NoError(t, err)
	framed, err := Simulate(&s, 7, nil, Options{Frames: true})
	require.NoError(t, err)
	require.Equal(t, o.Digest, framed.Digest)
	require.Equal(t, o.Exercise, framed.Exercise)
	verdicts := map[string]checkers.Verdict{}
	for _, c := range o.Claims {
		verdicts[c.Claim] = c.Verdict
	}
	return o, verdicts
}

// gathered is what a history tells of sends, and of what became of records.
type gathered struct {
	history.Ignore
	names    map[history.ClientID]string
	produces []history.Produce
	derived  map[string]int // how many records were made of one, by its place
	aborted  int
}

func gather(t *testing.T, o *Outcome) *gathered {
	t.Helper()
	h := &gathered{names: map[history.ClientID]string{}, derived: map[string]int{}}
	o.History.Replay(h)
	return h
}

func (h *gathered) Client(id history.ClientID, name string, _ int) { h.names[id] = name }
func (h *gathered) Produce(p history.Produce)                      { h.produces = append(h.produces, p) }
func (h *gathered) Derived(d history.Derived)                      { h.derived[fmt.Sprint(d.Partition, "/", d.Offset)]++ }
func (h *gathered) Transaction(x history.Transaction) {
	if !x.Commit {
		h.aborted++
	}
}

func TestDeadLettersOfAConsumer(t *testing.T) {
	o, verdicts := play(t, "", `  consumers: {client: {group: g, topics: [orders], failures: {transient: 5%, permanent: 3%}, retry: {attempts: 3, backoff: {initial: 10ms}}, dead_letter: dead, config: {`+member+`}}}`)
	require.Equal(t, checkers.Holds, verdicts["at-least-once"])
	require.Equal(t, checkers.Holds, verdicts["recovers"])
	require.Greater(t, o.Exercise[DeadLettered], int64(5))
	require.Greater(t, o.Exercise[RetriedRecords], int64(10))
	require.GreaterOrEqual(t, o.Measures.DeadLetterDepth, o.Exercise[DeadLettered], "nobody reads them")
	require.GreaterOrEqual(t, len(gather(t, o).derived), int(o.Exercise[DeadLettered])-2, "one of each, save for what a power loss repeated")
}

func TestDeadLettersAreReadByAnother(t *testing.T) {
	o, verdicts := play(t, "", `  consumers:
    client: {group: g, topics: [orders], failures: {permanent: 3%}, dead_letter: dead, config: {`+member+`}}
    repair: {group: r, topics: [dead], failures: {permanent: 50%}, on_failure: skip, config: {`+member+`}}`)
	require.Positive(t, o.Exercise[DeadLettered])
	require.Zero(t, o.Measures.DeadLetterDepth)
	require.Positive(t, o.Exercise[SkippedRecords], "what is poison to one is not to the other")
	require.Less(t, o.Exercise[SkippedRecords], o.Exercise[DeadLettered])
	require.Equal(t, checkers.Violated, verdicts["at-least-once"], "what is skipped is never processed")
}

// A processor's dead letters belong to the transaction of its outputs.
func TestDeadLettersOfATransaction(t *testing.T) {
	o, verdicts := playJudged(t, "", `  processors: {client: {group: g, input: [orders], output: invoices, failures: {transient: 5%, permanent: 3%}, retry: {attempts: 2, backoff: {initial: 10ms}}, dead_letter: dead,
    transaction: {max_records: 20, abort: 10%}, config: {transactional.id: "x-{index}", isolation.level: read_committed, transaction.timeout.ms: 10000, delivery.timeout.ms: 20000, `+member+`}}}`, "claims: {no-loss: {}, recovers: {}, atomic-transactions: {}}")
	require.Equal(t, checkers.Holds, verdicts["recovers"])
	require.Equal(t, checkers.Holds, verdicts["atomic-transactions"])
	require.Greater(t, o.Exercise[DeadLettered], int64(5))
	require.Positive(t, o.Exercise[TransactionsAborted])
	h, again := gather(t, o), 0
	for _, n := range h.derived {
		if n > 1 {
			again++
		}
	}
	require.Positive(t, h.aborted)
	require.Positive(t, again, "what is made in an aborted one is made again")
}

func TestBlockedConsumer(t *testing.T) {
	o, verdicts := play(t, "", `  consumers: {client: {group: g, topics: [orders], failures: {permanent: 3%}, config: {`+member+`}}}`)
	require.Equal(t, checkers.Violated, verdicts["recovers"])
	require.Positive(t, o.Measures.LagFinal)
	require.Zero(t, o.Exercise[DeadLettered]+o.Exercise[SkippedRecords])
}

func TestIdempotentConsumer(t *testing.T) {
	const slow = `  consumers: {client: {group: g, topics: [orders], %s process: {time: 12ms}, config: {` + member + `}}}`
	o, verdicts := play(t, "", fmt.Sprintf(slow, "deduplicate: true,"))
	require.Equal(t, checkers.Holds, verdicts["at-least-once"])
	require.Equal(t, checkers.Holds, verdicts["at-most-once"])
	require.Positive(t, o.Exercise[DeduplicatedRecords])
	_, verdicts = play(t, "", fmt.Sprintf(slow, ""))
	require.Equal(t, checkers.Violated, verdicts["at-most-once"])
}

func TestOutboxAndDualWrite(t *testing.T) {
	const reader = `  consumers: {client: {group: g, topics: [orders], deduplicate: true, config: {` + member + `}}}`
	o, verdicts := play(t, "outbox: true,", reader)
	require.Equal(t, checkers.Holds, verdicts["no-loss"])
	require.Equal(t, checkers.Holds, verdicts["at-least-once"])
	h := gather(t, o)
	for _, p := range h.produces {
		if p.Outcome == history.OK && h.names[p.Record.Client()] == "web-0" {
			require.Equal(t, history.NoOffset, p.Offset, "the application's own store acknowledges")
			require.Zero(t, p.Attempts)
		}
	}
	_, verdicts = play(t, "dual_write: true,", reader)
	require.Equal(t, checkers.Violated, verdicts["no-loss"])
}
