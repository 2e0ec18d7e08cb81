package clients

import (
	"encoding/base64"
	"encoding/binary"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
	"assay/internal/kafka"
)

// epochState is where a member of KIP-848 stands (MemberState of Kafka's client).
type epochState uint8

const (
	epochJoining       epochState = iota // the next heartbeat has epoch 0
	epochStable                          // has what the coordinator wants it to have
	epochReconciling                     // has to give back or take
	epochAcknowledging                   // the next heartbeat says that it has done so
	epochFenced                          // thrown out; joins when what it had is lost
	epochStale                           // left since the application does not poll
	epochFailed                          // nothing helps any more
	epochLeft
)

var epochStateNames = [...]string{epochJoining: "joining", epochStable: "stable", epochReconciling: "reconciling",
	epochAcknowledging: "acknowledging", epochFenced: "fenced", epochStale: "stale", epochFailed: "failed", epochLeft: "left"}

// The epochs with a meaning.
const (
	joinEpoch        int32 = 0
	leaveEpoch       int32 = -1
	leaveStaticEpoch int32 = -2 // the member will be back
)

// epochMember is a member by ConsumerGroupHeartbeat (KIP-848), as Kafka's
// AsyncKafkaConsumer: the coordinator names the partitions that the member shall
// have; the member gives back what is not among them, takes what is, and says
// so. Each step of the group is an epoch, and nobody waits for anybody else.
//
// Kafka's client begins a reconciliation in the background where auto-commit is
// off; here it waits for the application's poll in each case, as its callbacks
// do anyway.
type epochMember struct {
	consumer *Consumer
	member   *groupMember
	state    epochState
	epoch    int32

	target      []kmsg.ConsumerGroupHeartbeatResponseAssignmentTopic
	reconciling bool // a reconciliation is under way
	life        int  // counts joins: what was begun in a former one says nothing

	heart   epochHeart
	failure groupFailure
}

func newEpochMember(c *Consumer) *epochMember {
	m := &epochMember{consumer: c, member: &c.group.member}
	random := c.client.host.Rand(c.client.config.PurposePrefix + "member-id")
	var id [16]byte
	binary.BigEndian.PutUint64(id[:8], random.Uint64())
	binary.BigEndian.PutUint64(id[8:], random.Uint64())
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80 // a random UUID (RFC 9562), as Kafka prints it
	m.member.id = base64.RawURLEncoding.EncodeToString(id[:])
	return m
}

func (m *epochMember) advance(now host.Time) {
	for g := &m.consumer.group; !g.revoking; {
		switch m.state {
		case epochFenced, epochStale:
			m.consumer.lose(m.consumer.Assignment())
			m.joinAnew()
			return
		case epochFailed:
			m.failure.tell(m.consumer)
			return
		case epochReconciling:
			if m.reconciling || !m.reconcile(now) {
				return
			}
		default:
			return
		}
	}
}

func (m *epochMember) joinAnew() {
	m.state, m.target, m.reconciling = epochJoining, nil, false
	m.setEpoch(joinEpoch)
	m.life++
	m.heart.sentAll = false
	m.consumer.client.again = true
}

// setEpoch also says as whom the member commits: as nobody outside of the group.
func (m *epochMember) setEpoch(epoch int32) {
	m.epoch, m.member.generation = epoch, epoch
	if epoch <= joinEpoch {
		m.member.generation = noGeneration
		return
	}
	m.consumer.group.owner.Generation = epoch
	m.consumer.group.owner.Member = m.member.id
}

// reconcile makes the assignment what the coordinator wants. It reports whether
// it came to an end at once.
func (m *epochMember) reconcile(now host.Time) bool {
	wanted, complete := m.resolve()
	owned := m.consumer.Assignment()
	if !complete {
		if known := &m.consumer.client.metadata; !known.needed && !known.inFlight {
			known.RequestUpdate()
		}
		if slices.Equal(wanted, owned) {
			return false // the metadata's answer steps the client
		}
	}
	if complete && slices.Equal(wanted, owned) {
		m.acknowledge(wanted)
		return true
	}
	m.reconciling = true
	life := m.life
	current := func() bool { return m.life == life && m.state == epochReconciling && m.reconciling }
	revoked := without(owned, wanted)
	m.commitBefore(now, func() {
		if !current() {
			return
		}
		m.consumer.revoke(revoked, func() {
			if !current() {
				return
			}
			m.consumer.give(wanted)
			m.acknowledge(wanted)
		})
	})
	return !m.reconciling
}

// commitBefore commits what was consumed, where the consumer does that by
// itself, so that the next owner starts where this one ended.
func (m *epochMember) commitBefore(now host.Time, then func()) {
	c := m.consumer
	if !c.config.AutoCommit {
		then()
		return
	}
	c.autoCommit(now.Add(c.config.MaxPollInterval), false, then)
}

func (m *epochMember) acknowledge(owned []kafka.TopicPartition) {
	m.reconciling = false
	m.state = epochAcknowledging
	m.heart.acknowledge(m.byID(owned))
	m.consumer.client.again = true
}

// resolve puts names to the wanted topics, as far as the metadata has them.
func (m *epochMember) resolve() (names []kafka.TopicPartition, complete bool) {
	complete = true
	for i := range m.target {
		topic := m.consumer.client.metadata.TopicByID(m.target[i].TopicID)
		if topic == nil {
			complete = false
			continue
		}
		names = appendPartitions(names, topic.Name, m.target[i].Partitions)
	}
	slices.SortFunc(names, kafka.TopicPartition.Compare)
	return names, complete
}

func (m *epochMember) byID(names []kafka.TopicPartition) []kmsg.ConsumerGroupHeartbeatRequestTopic {
	topics := []kmsg.ConsumerGroupHeartbeatRequestTopic{} // not nil: nothing is another thing than unchanged
	for name, partitions := range byTopic(names) {
		topic := kmsg.NewConsumerGroupHeartbeatRequestTopic()
		topic.TopicID, topic.Partitions = m.consumer.client.metadata.Topic(name).ID, partitions
		topics = append(topics, topic)
	}
	return topics
}

// assigned takes the coordinator's wish.
func (m *epochMember) assigned(topics []kmsg.ConsumerGroupHeartbeatResponseAssignmentTopic) {
	m.target = topics
	wanted, complete := m.resolve()
	switch {
	case !complete || !slices.Equal(wanted, m.consumer.Assignment()):
		m.state = epochReconciling
	case m.state == epochJoining || m.state == epochReconciling && !m.reconciling:
		m.state = epochStable
	}
}

// fenced: the coordinator does not know the member any more, or another is in
// its place. Where it had nothing there is nothing to call the application for.
func (m *epochMember) fenced() {
	m.state = epochFenced
	m.setEpoch(joinEpoch)
	m.life++
	if len(m.consumer.partitions) == 0 && !m.consumer.group.revoking {
		m.joinAnew()
	}
}

func (m *epochMember) fail(code int16) {
	m.state, m.failure.err = epochFailed, kerr.ErrorForCode(code)
	m.setEpoch(joinEpoch)
	m.life++
	m.consumer.client.again = true
}

// String is for Dump.
func (m *epochMember) String() string { return epochStateNames[m.state] }

func (m *epochMember) belongs() bool { return m.epoch > joinEpoch }

// pollExpired: unlike a classic one a static member leaves too, for the time
// being (-2).
func (m *epochMember) pollExpired() {
	m.sendLeave(func() {})
	m.state = epochStale
	m.setEpoch(joinEpoch)
	m.life++
}

func (m *epochMember) leave(done func()) {
	m.sendLeave(done)
	m.state = epochLeft
	m.setEpoch(joinEpoch)
	m.life++
}

func (m *epochMember) mayCommit(op *commit) int16 {
	if m.epoch <= joinEpoch {
		return kerr.UnknownMemberID.Code
	}
	if op.failures == 0 {
		return 0
	}
	// Tried again under a newer epoch: only for what is still the member's.
	for i := range op.parts {
		if part := &op.parts[i]; !part.ended && m.consumer.find(part.Partition) == nil {
			return kerr.StaleMemberEpoch.Code
		}
	}
	return 0
}

// retriesCommit: the epoch may have risen while the commit was on its way.
func (m *epochMember) retriesCommit(code int16) bool {
	return code == kerr.StaleMemberEpoch.Code && m.epoch > joinEpoch
}

// commitRefused: heartbeats tell about the membership.
func (m *epochMember) commitRefused(int16, int32) {}
