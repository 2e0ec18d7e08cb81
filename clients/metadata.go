package clients

import (
	"maps"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
	"assay/internal/kafka"
)

// Broker is one live broker.
type Broker struct {
	ID   kafka.BrokerID
	Addr host.Addr
}

// Leader is who leads a partition, and since when.
type Leader struct {
	Broker kafka.BrokerID // kafka.NoLeader for none
	Epoch  kafka.LeaderEpoch
}

// TopicMetadata is what the cluster said of one topic.
type TopicMetadata struct {
	Name    string
	ID      kafka.TopicID
	Leaders []Leader // by partition
}

// Metadata is a client's view of the cluster. Leader epochs never go back
// within one topic id: a slow broker's answer must not undo what is known
// (KIP-320).
type Metadata struct {
	client     *Client
	wanted     map[string]bool // all topics that are used
	topics     map[string]*TopicMetadata
	latest     string         // the topic that was looked up last,
	found      *TopicMetadata // and what is known of it
	brokers    []Broker
	controller kafka.BrokerID

	needed   bool
	inFlight bool
	failures int
	notUntil host.Time // the backoff's end
	lastGood host.Time
	asking   host.Time // since when without an answer; Never if the last came
	timer    Timer
	updates  int // answers so far
	changes  int // times that a leader may have changed
}

func (m *Metadata) start(c *Client) {
	m.client = c
	m.wanted = map[string]bool{}
	m.topics = map[string]*TopicMetadata{}
	m.controller = kafka.NoLeader
	m.asking = host.Never
	m.timer.Fire = c.step
}

// Want adds a topic to those that are kept up to date.
func (m *Metadata) Want(topic string) {
	if !m.wanted[topic] {
		m.wanted[topic] = true
		m.RequestUpdate()
	}
}

// RequestUpdate asks for a refresh as soon as the backoff allows it.
func (m *Metadata) RequestUpdate() {
	m.needed = true
	m.client.again = true
}

// Topic is what is known of a topic, nil if nothing. It is replaced, not
// changed, by an update, leaders learnt from answers apart.
func (m *Metadata) Topic(name string) *TopicMetadata {
	// Who looks at all its partitions asks for few topics, many times each.
	if name != m.latest {
		m.latest, m.found = name, m.topics[name]
	}
	return m.found
}

// TopicByID finds a topic by id, nil if it is not known.
func (m *Metadata) TopicByID(id kafka.TopicID) *TopicMetadata {
	for _, name := range slices.Sorted(maps.Keys(m.topics)) {
		if t := m.topics[name]; t.ID == id {
			return t
		}
	}
	return nil
}

// Leader is the leader of a partition as far as is known.
func (m *Metadata) Leader(p kafka.TopicPartition) Leader {
	t := m.Topic(p.Topic)
	if t == nil || int(p.Partition) >= len(t.Leaders) {
		return Leader{kafka.NoLeader, kafka.NoEpoch}
	}
	return t.Leaders[p.Partition]
}

// Brokers are the live brokers by id.
func (m *Metadata) Brokers() []Broker { return m.brokers }

// Updates counts the answers so far.
func (m *Metadata) Updates() int { return m.updates }

// SawEpoch takes notice of a leader epoch that somebody has read or committed
// under. Whoever led under an older one may have been deposed without knowing:
// until the metadata are as new, nobody is known to lead (KIP-320).
func (m *Metadata) SawEpoch(p kafka.TopicPartition, epoch kafka.LeaderEpoch) {
	t := m.topics[p.Topic]
	if t == nil || int(p.Partition) >= len(t.Leaders) || t.Leaders[p.Partition].Epoch < 0 || epoch <= t.Leaders[p.Partition].Epoch {
		return
	}
	t.Leaders[p.Partition] = Leader{kafka.NoLeader, epoch}
	m.changes++
	m.RequestUpdate()
}

// LearnLeader takes a newer leader from an answer to a produce or fetch
// (KIP-951), and reports whether it was news.
func (m *Metadata) LearnLeader(p kafka.TopicPartition, leader Leader) bool {
	t := m.topics[p.Topic]
	if t == nil || int(p.Partition) >= len(t.Leaders) || leader.Broker < 0 || m.client.network.peer(leader.Broker) == nil {
		return false
	}
	if known := t.Leaders[p.Partition]; leader.Epoch < known.Epoch || leader.Epoch == known.Epoch && known.Broker >= 0 {
		return false
	}
	t.Leaders[p.Partition] = leader
	m.changes++
	return true
}

// step sends a request when one is due. Metadata goes first through the peer
// with the least to do.
func (m *Metadata) step() {
	now := m.client.host.Now()
	due := m.needed || m.updates > 0 && len(m.wanted) > 0 && now >= m.lastGood.Add(m.client.config.MetadataMaxAge)
	if m.inFlight {
		return
	}
	if !due {
		if m.updates > 0 && len(m.wanted) > 0 {
			m.client.timers.Set(&m.timer, m.lastGood.Add(m.client.config.MetadataMaxAge))
		}
		return
	}
	if now < m.notUntil {
		m.client.timers.Set(&m.timer, m.notUntil)
		return
	}
	m.ask(now)
}

func (m *Metadata) ask(now host.Time) {
	if m.asking == host.Never {
		m.asking = now
	}
	if after := m.client.config.RebootstrapAfter; after > 0 && now >= m.asking.Add(after) {
		m.asking = now
		m.client.network.bootstrap()
	}
	p := m.client.network.leastLoaded()
	if p == nil {
		return // the peers' backoff timers will step the client
	}
	if p.state != connected {
		m.client.network.ready(p.id)
		return
	}
	body := kmsg.NewPtrMetadataRequest()
	body.Version = p.versions[kmsg.Metadata]
	body.AllowAutoTopicCreation = m.client.config.AutoTopicCreation
	body.Topics = []kmsg.MetadataRequestTopic{}
	for _, name := range slices.Sorted(maps.Keys(m.wanted)) {
		topic := kmsg.NewMetadataRequestTopic()
		topic.Topic = kmsg.StringPtr(name)
		body.Topics = append(body.Topics, topic)
	}
	m.needed, m.inFlight = false, true
	if err := m.client.network.send(p, call{body: body, done: m.answered}); err != nil {
		m.inFlight = false
		m.failed(now)
	}
}

func (m *Metadata) answered(response kmsg.Response, err error) {
	m.inFlight = false
	now := m.client.host.Now()
	answer, ok := response.(*kmsg.MetadataResponse)
	if err != nil || !ok || answer.ErrorCode != 0 || len(answer.Brokers) == 0 {
		m.failed(now)
		return
	}
	complete := m.apply(answer)
	m.updates++
	m.lastGood, m.asking = now, host.Never
	// Even a good answer starts the backoff: errors that ask again at once
	// must not flood the brokers.
	m.failures++
	if complete {
		m.failures = 1
	} else {
		m.needed = true
	}
	m.notUntil = now.Add(m.client.config.RetryBackoff.Wait(m.failures, m.client.random))
}

func (m *Metadata) failed(now host.Time) {
	m.needed = true
	m.failures++
	m.notUntil = now.Add(m.client.config.RetryBackoff.Wait(m.failures, m.client.random))
	m.client.again = true
}

// apply takes an answer over and reports whether every wanted topic is there
// with a leader for each partition, and the way to it.
func (m *Metadata) apply(answer *kmsg.MetadataResponse) (complete bool) {
	m.changes++
	m.controller = kafka.BrokerID(answer.ControllerID)
	m.brokers = m.brokers[:0:0]
	for i := range answer.Brokers {
		b := &answer.Brokers[i]
		m.brokers = append(m.brokers, Broker{kafka.BrokerID(b.NodeID), address(b.Host, b.Port)})
	}
	slices.SortFunc(m.brokers, func(a, b Broker) int { return int(a.ID) - int(b.ID) })
	m.client.network.update(m.brokers)
	complete = true
	for i := range answer.Topics {
		t := &answer.Topics[i]
		if t.Topic == nil || !m.wanted[*t.Topic] {
			continue
		}
		complete = m.applyTopic(t) && complete
	}
	return complete
}

func (m *Metadata) applyTopic(t *kmsg.MetadataResponseTopic) (complete bool) {
	old := m.topics[*t.Topic]
	if t.ErrorCode != 0 {
		// What is known stays: the broker asked may not have heard of a new topic.
		return false
	}
	fresh := &TopicMetadata{Name: strings.Clone(*t.Topic), ID: t.TopicID, Leaders: make([]Leader, len(t.Partitions))}
	complete = len(t.Partitions) > 0
	for i := range fresh.Leaders {
		fresh.Leaders[i] = Leader{kafka.NoLeader, kafka.NoEpoch}
	}
	for i := range t.Partitions {
		p := &t.Partitions[i]
		if p.Partition < 0 || int(p.Partition) >= len(fresh.Leaders) {
			continue
		}
		leader := Leader{kafka.BrokerID(p.Leader), kafka.LeaderEpoch(p.LeaderEpoch)}
		if old != nil && old.ID == fresh.ID && int(p.Partition) < len(old.Leaders) {
			if known := old.Leaders[p.Partition]; leader.Epoch >= 0 && leader.Epoch < known.Epoch {
				leader = known
			}
		}
		// The leader that is known may be newer than the answer, whose brokers are
		// without it: then nobody could be asked.
		complete = complete && m.client.network.peer(leader.Broker) != nil
		fresh.Leaders[p.Partition] = leader
	}
	m.topics[fresh.Name] = fresh
	m.latest, m.found = fresh.Name, fresh
	return complete
}
