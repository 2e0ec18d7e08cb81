package txn

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/host"
	"assay/internal/kafka"
)

// model is a coordinator with everything that may go wrong around it, and what
// it has promised.
type model struct {
	t           *testing.T
	random      *rand.Rand
	settings    Settings
	ids         countedIDs
	coordinator *Coordinator
	log         []encoded  // committed
	appended    []appended // not committed yet
	now         host.WallTime

	producers map[string][]Producer // all that were ever answered
	state     map[string]Transaction
	outcome   map[string]State // of the present transaction, Empty while it is open
	failovers int
	ends      map[State]int
}

type appended struct {
	record  *TransactionRecord
	promise func()
}

// Whatever is asked in whatever order, and whenever the coordinator changes:
// a transaction has one outcome, epochs do not go back, and who replays the log
// knows what the one who wrote it knew.
func TestRandomRequestsAndFailovers(t *testing.T) {
	failovers, ends := 0, map[State]int{}
	for seed := range uint64(60) {
		m := &model{t: t, random: rand.New(rand.NewPCG(seed, 1)), ids: countedIDs{next: 1}, ends: ends,
			settings:  Settings{Version: Version(1 + seed%2), MaxTimeout: time.Hour, Expiration: time.Hour},
			producers: map[string][]Producer{}, state: map[string]Transaction{}, outcome: map[string]State{}}
		m.coordinator = New(m.settings, &m.ids)
		for range 3000 {
			m.now += host.WallTime(m.random.Int64N(int64(2 * time.Second)))
			m.anything(fmt.Sprintf("t%d", m.random.IntN(3)))
		}
		failovers += m.failovers
	}
	require.Greater(t, failovers, 2000)
	require.Greater(t, ends[PrepareCommit], 500)
	require.Greater(t, ends[PrepareAbort], 500)
}

func (m *model) anything(id string) {
	c := m.coordinator
	switch m.random.IntN(12) {
	case 0:
		r := &InitRequest{ID: id, TimeoutMillis: 1 + m.random.Int32N(20000), Expected: NoProducer}
		if m.random.IntN(2) == 0 {
			r.Expected = m.someProducer(id)
		}
		if d, err := c.Init(m.now, r); err == nil {
			m.append(d.Record, func() {
				if d.Error == nil {
					m.producers[id] = append(m.producers[id], d.Producer)
				}
			})
		}
	case 1, 2, 3:
		partition := kafka.TopicPartition{Topic: "t", Partition: m.random.Int32N(3)}
		p := m.someProducer(id)
		record, err := c.AddPartitions(m.now, id, p, []kafka.TopicPartition{partition}, m.clientVersion())
		if err == nil && record == nil {
			require.NoError(m.t, c.Verify(id, p, partition))
		}
		m.append(record, nil)
	case 4, 5:
		r := &EndRequest{ID: id, Producer: m.someProducer(id), Commit: m.random.IntN(2) == 0, Version: m.clientVersion()}
		if d, err := c.End(m.now, r); err == nil {
			promised := func() {
				if r.Version >= EpochPerTransaction {
					m.producers[id] = append(m.producers[id], d.Producer)
				}
				require.Equal(m.t, outcome(r.Commit), m.outcome[id], "%s: what was answered is what happened", id)
			}
			if d.Record == nil {
				promised()
			}
			m.append(d.Record, promised)
		}
	case 6, 7:
		if _, owed := c.Marker(id); owed && !c.Pending(id) {
			m.append(c.Complete(m.now, id), nil)
		}
	case 8:
		for _, id := range c.TimedOut(m.now) {
			record, err := c.Fence(m.now, id)
			require.NoError(m.t, err)
			m.append(record, nil)
		}
	case 9:
		if m.random.IntN(20) == 0 {
			for _, r := range c.Expired(m.now, 2) {
				m.append(r, nil)
			}
		}
	case 10:
		m.commit(len(m.appended))
	case 11:
		if m.random.IntN(4) == 0 {
			m.failover()
		}
	}
	m.commit(m.random.IntN(len(m.appended) + 1))
}

// someProducer is one that a session of the transactional id has or had.
func (m *model) someProducer(id string) Producer {
	known := m.producers[id]
	if len(known) == 0 {
		return Producer{1, 0}
	}
	return known[max(0, len(known)-1-m.random.IntN(3))]
}

func (m *model) clientVersion() Version {
	if m.settings.Version < EpochPerTransaction {
		return 0
	}
	return EpochPerTransaction
}

func (m *model) append(r *TransactionRecord, promise func()) {
	if r != nil {
		m.coordinator.Appended(kafka.NoProducerID, r)
		m.appended = append(m.appended, appended{r, promise})
	}
}

// commit replicates so many of the records that were appended.
func (m *model) commit(records int) {
	for _, a := range m.appended[:records] {
		m.coordinator.Committed(kafka.NoProducerID, a.record)
		m.committed(a.record)
		if a.promise != nil {
			a.promise()
		}
	}
	m.appended = m.appended[records:]
}

// committed holds a record against what was before.
func (m *model) committed(r *TransactionRecord) {
	value, present := r.AppendValue(nil)
	if !present {
		value = nil
	}
	m.log = append(m.log, encoded{r.AppendKey(nil), value})
	before, known := m.state[r.ID]
	t := r.Transaction
	if r.Deleted {
		require.True(m.t, before.State.idle())
		delete(m.state, r.ID)
		delete(m.outcome, r.ID)
		return
	}
	m.state[r.ID] = t
	if known {
		require.Contains(m.t, mayFollow[t.State], before.State)
		if t.ID == before.ID {
			require.GreaterOrEqual(m.t, t.Epoch, before.Epoch, "%s: epochs do not go back", r.ID)
		} else {
			require.Greater(m.t, t.ID, before.ID, "%s: nor do producer ids", r.ID)
		}
	}
	switch t.State {
	case Ongoing:
		m.outcome[r.ID] = Empty
	case PrepareCommit, PrepareAbort:
		if before.State == Ongoing {
			require.Equal(m.t, Empty, m.outcome[r.ID], "%s: one outcome", r.ID)
		}
		m.outcome[r.ID] = t.State
		m.ends[t.State]++
	case CompleteCommit:
		require.Equal(m.t, PrepareCommit, m.outcome[r.ID])
	case CompleteAbort:
		require.Equal(m.t, PrepareAbort, m.outcome[r.ID])
	}
}

// failover lets another coordinator replay what was committed, and some of what
// was not: nobody was told.
func (m *model) failover() {
	m.failovers++
	survive := m.random.IntN(len(m.appended) + 1)
	for _, a := range m.appended[:survive] {
		m.committed(a.record)
	}
	m.appended = nil
	live := m.coordinator
	m.coordinator = New(m.settings, &m.ids)
	for _, e := range m.log {
		r, err := m.coordinator.Decode(e.key, e.value)
		require.NoError(m.t, err)
		m.coordinator.Appended(kafka.NoProducerID, r)
		m.coordinator.Committed(kafka.NoProducerID, r)
	}
	require.Len(m.t, m.coordinator.IDs(), len(m.state))
	for id, want := range m.state {
		m.equal(id, want, m.coordinator)
	}
	if survive == 0 {
		for _, id := range live.IDs() {
			want, _ := live.Transaction(id)
			m.equal(id, want, m.coordinator)
		}
	}
}

// equal: the last epoch is not written.
func (m *model) equal(id string, want Transaction, c *Coordinator) {
	got, known := c.Transaction(id)
	require.True(m.t, known, id)
	want.LastEpoch = kafka.NoProducerEpoch
	if m.settings.Version < FlexibleRecords {
		want.PreviousID, want.NextID = kafka.NoProducerID, kafka.NoProducerID
	}
	require.True(m.t, slices.Equal(want.Partitions, got.Partitions), "%s: %v %v", id, want.Partitions, got.Partitions)
	want.Partitions, got.Partitions = nil, nil
	require.Equal(m.t, want, got, id)
}

// A decision changes nothing by itself, and a step that may not be is our bug.
func TestForbiddenStepPanics(t *testing.T) {
	require.Panics(t, func() { step(PrepareCommit, PrepareAbort) })
	require.Panics(t, func() { step(Empty, PrepareCommit) })
	require.Panics(t, func() { step(Ongoing, Empty) })
	c := New(Settings{Version: 2, MaxTimeout: time.Hour}, &countedIDs{next: 1})
	d, err := c.Init(0, &InitRequest{ID: "t", TimeoutMillis: 1000, Expected: NoProducer})
	require.NoError(t, err)
	require.Zero(t, c.Len())
	c.Committed(kafka.NoProducerID, d.Record)
	require.Panics(t, func() { c.Complete(0, "t") })
}

// BenchmarkTransaction is the core's work for one transaction of a partition:
// begun, committed, complete.
func BenchmarkTransaction(b *testing.B) {
	ids := &countedIDs{next: 1}
	c := New(Settings{Version: 2, MaxTimeout: time.Hour}, ids)
	take := func(r *TransactionRecord, err error) {
		if err != nil {
			b.Fatal(err)
		}
		c.Appended(kafka.NoProducerID, r)
		c.Committed(kafka.NoProducerID, r)
	}
	d, err := c.Init(0, &InitRequest{ID: "t", TimeoutMillis: 1000, Expected: NoProducer})
	take(d.Record, err)
	partitions := []kafka.TopicPartition{{Topic: "orders", Partition: 3}}
	b.ReportAllocs()
	for b.Loop() {
		take(c.AddPartitions(0, "t", d.Producer, partitions, EpochPerTransaction))
		ended, err := c.End(0, &EndRequest{ID: "t", Producer: d.Producer, Commit: true, Version: EpochPerTransaction})
		take(ended.Record, err)
		take(c.Complete(0, "t"), nil)
		d.Producer = ended.Producer
	}
}
