package controller

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/metadata"
	"assay/internal/kafka"
)

// A model of the brokers around the controller's real decisions: logs without
// bytes, metadata that arrives late, disks that lose their tails. It knows what
// was committed, and whether a new leader has it.
type model struct {
	*stage
	chance   *rand.Rand
	minISR   int
	brokers  []*modelBroker    // by id, from 1
	images   []*metadata.Image // as decided, in order
	proposed []*kmsg.AlterPartitionRequest
	next     int // record

	committed   []int
	committedIn []kafka.LeaderEpoch          // by offset: under which leader
	elections   map[kafka.LeaderEpoch]string // by how their leader was elected
	seen        map[string]int
	violation   string
}

type modelBroker struct {
	id          kafka.BrokerID
	incarnation int64
	epoch       kafka.BrokerEpoch
	previous    kafka.BrokerEpoch // of a clean shutdown, else NoBrokerEpoch
	up          bool
	registered  bool
	image       int // last of model.images that it has applied

	log   []int
	state metadata.Partition // as the broker knows it

	// As the leader.
	highWatermark, epochStart int
	fetched                   map[kafka.BrokerID]int               // log ends, proven in this leader epoch
	fetchedBy                 map[kafka.BrokerID]kafka.BrokerEpoch // by which incarnation
	proposal                  []kafka.BrokerID                     // the open one; nil is none
}

var modelPartition = kafka.TopicPartition{Topic: "orders"}

func newModel(seed uint64, flaws Flaws) *model {
	chance := rand.New(rand.NewPCG(seed, 0))
	replicas := 3 + chance.IntN(2)
	m := &model{
		stage: newStage(), chance: chance, minISR: 1 + chance.IntN(3), elections: map[kafka.LeaderEpoch]string{}, seen: map[string]int{},
	}
	m.config.Flaws = flaws
	m.config.Settings.MinInSyncReplicas = m.minISR
	m.images = []*metadata.Image{m.image}
	on := ""
	for i := range replicas {
		b := &modelBroker{id: kafka.BrokerID(i + 1), up: true, previous: kafka.NoBrokerEpoch, state: metadata.Partition{Leader: kafka.NoLeader}}
		m.brokers = append(m.brokers, b)
		m.register(b)
		m.learn(b, len(m.images)-1)
		m.heartbeat(b)
		on += fmt.Sprint(",", b.id)
	}
	m.settle(func(d *decision) {
		d.answer(createRequest(arguments{words: []string{"orders"}, named: map[string]string{"on": on[1:]}}))
	})
	return m
}

// settle commits what is decided.
func (m *model) settle(decide func(*decision)) {
	d := newDecision(&m.config, m.sessions, m.random, m.image, 1, m.now)
	decide(d)
	if len(d.records) == 0 {
		return
	}
	was, is := m.image.Partition(modelPartition), d.image.Partition(modelPartition)
	m.image = d.image
	m.images = append(m.images, d.image)
	if is == nil || was == nil || was.LeaderEpoch == is.LeaderEpoch {
		return
	}
	how := "isr"
	if point := electionFromOutside(was, is); point != nil {
		how = point.Name
	}
	m.elections[is.LeaderEpoch] = how
}

func (m *model) register(b *modelBroker) {
	m.settle(func(d *decision) {
		r := registration(b.id, metadata.IncarnationID{0: byte(b.incarnation), 1: byte(b.incarnation >> 8)})
		r.PreviousBrokerEpoch = int64(b.previous)
		answer := d.answer(r).(*kmsg.BrokerRegistrationResponse)
		if answer.ErrorCode == 0 {
			b.epoch, b.registered = kafka.BrokerEpoch(answer.BrokerEpoch), true
		}
	})
	if b.registered { // it serves nothing before it has its own registration
		b.image = len(m.images) - 1
	}
}

func (m *model) heartbeat(b *modelBroker) {
	m.settle(func(d *decision) { d.answer(heartbeat(b.id, b.epoch, m.images[b.image].Offset())) })
}

// learn brings a broker's metadata to a given image.
func (m *model) learn(b *modelBroker, image int) {
	b.image = max(b.image, image)
	p := m.images[b.image].Partition(modelPartition)
	if p == nil || p.PartitionEpoch <= b.state.PartitionEpoch && b.state.Replicas != nil {
		return
	}
	newEpoch := p.LeaderEpoch > b.state.LeaderEpoch || b.state.Leader != b.id || b.fetched == nil
	b.state, b.proposal = *p, nil
	if p.Leader != b.id {
		return
	}
	if newEpoch {
		b.epochStart, b.fetched, b.fetchedBy = len(b.log), map[kafka.BrokerID]int{}, map[kafka.BrokerID]kafka.BrokerEpoch{}
		m.checkLeader(b)
	}
	m.commit(b)
}

// checkLeader: a leader has everything that was committed under its predecessors,
// unless one that was elected from outside the ISR and the ELR came in between.
// (It may learn late that it leads, when a later one has committed more.)
func (m *model) checkLeader(b *modelBroker) {
	how := m.elections[b.state.LeaderEpoch]
	m.seen[how]++
	has := commonPrefix(b.log, m.committed)
	if has == len(m.committed) || m.committedIn[has] >= b.state.LeaderEpoch {
		return
	}
	for epoch := m.committedIn[has] + 1; epoch <= b.state.LeaderEpoch; epoch++ {
		if m.elections[epoch] == PointLastKnownElection.Name || m.elections[epoch] == PointUncleanElection.Name {
			m.seen["loss"]++
			m.committed, m.committedIn = slices.Clone(b.log[:has]), m.committedIn[:has]
			return
		}
	}
	m.violate("broker %d leads in epoch %d (%s) with %v of %v, min ISR %d", b.id, b.state.LeaderEpoch, how, b.log, m.committed, m.minISR)
}

func (m *model) violate(text string, args ...any) {
	if m.violation == "" {
		m.violation = fmt.Sprintf(text, args...)
	}
}

// commit raises a leader's high watermark.
func (m *model) commit(b *modelBroker) {
	if b.state.Leader != b.id || len(b.state.ISR) < min(m.minISR, len(b.state.Replicas)) {
		return
	}
	end := len(b.log)
	for _, id := range slices.Concat(b.state.ISR, b.proposal) { // the maximal ISR
		if id != b.id {
			end = min(end, b.fetched[id])
		}
	}
	if end <= b.highWatermark {
		return
	}
	b.highWatermark = end
	if end > len(m.committed) {
		if commonPrefix(b.log, m.committed) < len(m.committed) {
			m.violate("broker %d commits %v, but %v was committed", b.id, b.log[:end], m.committed)
		}
		for range b.log[len(m.committed):end] {
			m.committedIn = append(m.committedIn, b.state.LeaderEpoch)
		}
		m.committed = slices.Clone(b.log[:end])
		m.seen["commit"]++
	}
}

// fetch lets a follower read from whom it takes for its leader.
func (m *model) fetch(f *modelBroker) {
	leader := m.broker(f.state.Leader)
	if leader == nil || leader == f || !leader.up || leader.state.Leader != leader.id || leader.state.LeaderEpoch != f.state.LeaderEpoch {
		return
	}
	if known := m.images[leader.image].Broker(f.id); known.Epoch > f.epoch {
		return
	}
	f.log = f.log[:commonPrefix(f.log, leader.log)]
	leader.fetched[f.id], leader.fetchedBy[f.id] = len(f.log), f.epoch
	m.commit(leader)
	more := m.chance.IntN(len(leader.log) - len(f.log) + 1)
	f.log = append(f.log, leader.log[len(f.log):len(f.log)+more]...)
	f.highWatermark = min(leader.highWatermark, len(f.log))
}

// propose asks for a change of the ISR: for those who caught up, or without one
// that lags. The request is under way until deliver.
func (m *model) propose(b *modelBroker) {
	if b.state.Leader != b.id || b.proposal != nil {
		return
	}
	isr := slices.Clone(b.state.ISR)
	other := m.brokers[m.chance.IntN(len(m.brokers))].id
	switch at := slices.Index(isr, other); {
	case other == b.id:
		return
	case at >= 0:
		isr = slices.Delete(isr, at, at+1)
	default:
		end, fetched := b.fetched[other]
		known := m.images[b.image].Broker(other)
		if !fetched || end < b.highWatermark || end < b.epochStart || !known.Active() || known.Epoch != b.fetchedBy[other] {
			return
		}
		isr = append(isr, other)
	}
	b.proposal = isr
	m.proposed = append(m.proposed, m.alterPartition(b, isr))
}

func (m *model) alterPartition(b *modelBroker, isr []kafka.BrokerID) *kmsg.AlterPartitionRequest {
	asked := kmsg.NewAlterPartitionRequestTopicPartition()
	asked.LeaderEpoch, asked.PartitionEpoch = int32(b.state.LeaderEpoch), int32(b.state.PartitionEpoch)
	for _, id := range isr {
		member := kmsg.NewAlterPartitionRequestTopicPartitionNewEpochISR()
		member.BrokerID, member.BrokerEpoch = int32(id), int64(kafka.NoBrokerEpoch)
		known := m.images[b.image].Broker(id)
		if epoch, fetched := b.fetchedBy[id]; fetched {
			member.BrokerEpoch = int64(epoch)
		} else if known.Active() {
			member.BrokerEpoch = int64(known.Epoch)
		}
		asked.NewEpochISR = append(asked.NewEpochISR, member)
	}
	topic := kmsg.NewAlterPartitionRequestTopic()
	topic.TopicID = m.image.Topic(modelPartition.Topic).ID
	topic.Partitions = append(topic.Partitions, asked)
	r := kmsg.NewPtrAlterPartitionRequest()
	r.Version, r.BrokerID, r.BrokerEpoch = 3, int32(b.id), int64(b.epoch)
	r.Topics = append(r.Topics, topic)
	return r
}

// deliver lets the controller answer a proposal that is under way, in any order.
// Where the answer gets lost, the metadata will tell.
func (m *model) deliver() {
	if len(m.proposed) == 0 {
		return
	}
	at := m.chance.IntN(len(m.proposed))
	r := m.proposed[at]
	m.proposed = slices.Delete(m.proposed, at, at+1)
	m.settle(func(d *decision) { d.answer(r) })
}

// stop ends a broker's process: cleanly, or with the loss of its log's tail.
func (m *model) stop(b *modelBroker, clean bool) {
	b.previous = kafka.NoBrokerEpoch
	if clean && b.registered {
		r := heartbeat(b.id, b.epoch, m.images[b.image].Offset())
		r.WantShutdown = true
		m.settle(func(d *decision) { d.answer(r) })
		b.previous = b.epoch
	} else {
		b.log = b.log[:m.chance.IntN(len(b.log)+1)]
	}
	b.up, b.registered, b.highWatermark = false, false, 0
	b.state, b.proposal, b.fetched = metadata.Partition{Leader: kafka.NoLeader}, nil, nil
}

func (m *model) fence(b *modelBroker) {
	m.settle(func(d *decision) {
		d.sessions.end(b.id)
		d.fence(b.id)
	})
}

func (m *model) step() {
	b := m.brokers[m.chance.IntN(len(m.brokers))]
	action := m.chance.IntN(100)
	if !b.up {
		switch {
		case action < 30:
			m.fence(b) // its session ends
		case action < 60:
			b.up = true
			b.incarnation++
		}
		return
	}
	if !b.registered {
		switch {
		case action < 20:
			m.fence(b)
		case action < 70:
			m.register(b)
		}
		return
	}
	switch {
	case action < 15:
		if b.state.Leader == b.id {
			m.next++
			b.log = append(b.log, m.next)
			m.commit(b)
		}
	case action < 55:
		m.fetch(b)
	case action < 70:
		m.learn(b, b.image+m.chance.IntN(len(m.images)-b.image))
	case action < 78:
		m.heartbeat(b)
	case action < 85:
		m.propose(b)
	case action < 93:
		m.deliver()
	case action < 96:
		m.fence(b)
	case action < 98:
		m.stop(b, action == 97)
	}
}

func (m *model) broker(id kafka.BrokerID) *modelBroker {
	if id == kafka.NoLeader {
		return nil
	}
	return m.brokers[id-1]
}

func commonPrefix(a, b []int) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// playModel runs many random histories and returns what was seen, and the first
// violation.
func playModel(flaws Flaws) (seen map[string]int, violation string) {
	seen = map[string]int{}
	for seed := range uint64(3000) {
		m := newModel(seed, flaws)
		for range 400 {
			m.step()
		}
		for what, times := range m.seen {
			seen[what] += times
		}
		if m.violation != "" {
			return seen, fmt.Sprintf("seed %d: %s", seed, m.violation)
		}
	}
	return seen, ""
}

func TestEligibleLeadersHaveEverythingCommitted(t *testing.T) {
	seen, violation := playModel(Flaws{})
	require.Empty(t, violation)
	for _, what := range []string{"commit", "isr", PointELRElection.Name, PointLastKnownElection.Name, "loss"} {
		require.Greater(t, seen[what], 100, what)
	}
}

func TestTheModelFindsLastReplicaStanding(t *testing.T) {
	_, violation := playModel(Flaws{LastReplicaStanding: true})
	require.NotEmpty(t, violation)
}
