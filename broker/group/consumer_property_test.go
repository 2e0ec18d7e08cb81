package group

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"

	"assay/host"
	"assay/internal/kafka"
)

// TestConsumerProperties plays members of a group of KIP-848 that do what clients
// do, while answers and appends are lost, members die, stall and are fenced,
// topics grow, come and go, and coordinators, too.
//
//   - Who takes a partition finds nobody else with it but those who are no members
//     any more.
//   - A coordinator that replays the log is like the one that wrote it.
//   - Left in peace, the members share out everything that they name or match, and
//     keep it.
func TestConsumerProperties(t *testing.T) {
	taken, fenced, failovers := 0, 0, 0
	for seed := range uint64(700) {
		p := newConsumerPlay(t, seed)
		for range 200 {
			p.step()
		}
		p.like()
		p.settle()
		p.like()
		taken, fenced, failovers = taken+p.taken, fenced+p.fenced, failovers+p.failovers
	}
	require.Greater(t, taken, 9000)
	require.Greater(t, fenced, 1000)
	require.Greater(t, failovers, 2000)
}

type consumerPlay struct {
	t           *testing.T
	chance      *rand.Rand
	settings    Settings
	topics      storyTopics
	coordinator *Coordinator
	now         time.Duration
	log         []encoded
	committed   int
	decided     []decided
	members     []*playedMember
	ids         int

	taken, fenced, failovers int
	peace                    bool
}

// playedMember is a client, as it knows itself.
type playedMember struct {
	number       int
	id, instance string
	epoch        GenerationID // 0: it has to join
	has, told    []PartitionID
	topics       []string
	expression   string // by which it subscribes, too
	says         bool   // it has something new to say of what it has
	everything   bool   // after an error: all is said again
	asked        *playedRequest
}

// playedRequest is a token: what was asked for last.
type playedRequest struct{ by *playedMember }

func newConsumerPlay(t *testing.T, seed uint64) *consumerPlay {
	p := &consumerPlay{t: t, chance: rand.New(rand.NewPCG(seed, 2))}
	p.topics = storyTopics{names: []string{"t", "u"}, partitions: map[string]int32{"t": 3, "u": 2}}
	p.settings = Settings{Topics: &p.topics, Consumer: ConsumerSettings{SessionTimeout: 6 * time.Second, HeartbeatInterval: time.Second, MaxSize: 3 + p.chance.IntN(2),
		Assignors: []string{"uniform", "range"}, AssignmentInterval: time.Duration(p.chance.IntN(2)) * time.Second, ResolutionInterval: 20 * time.Second}}
	for i := range 4 {
		m := &playedMember{number: i, topics: []string{"t", "u"}}
		if i == 3 {
			m.instance = "static"
		}
		p.dies(m)
		p.members = append(p.members, m)
	}
	p.begin()
	return p
}

func (p *consumerPlay) moment() Moment {
	return Moment{Now: host.Time(p.now), Wall: host.WallTime(p.now)}
}

func (p *consumerPlay) replay() *Coordinator {
	c := New(p.settings)
	for _, e := range p.log {
		r, err := c.Decode(e.key, e.value)
		require.NoError(p.t, err)
		c.Appended(kafka.NoProducerID, r)
		c.Committed(kafka.NoProducerID, r)
	}
	return c
}

func (p *consumerPlay) begin() {
	p.coordinator = p.replay()
	p.committed, p.decided = len(p.log), nil
	p.carryOut(p.coordinator.Loaded(p.moment()))
}

func (p *consumerPlay) step() {
	m := p.members[p.chance.IntN(len(p.members))]
	switch p.chance.IntN(24) {
	case 0: // its answer is late: it asks again, and says everything
		if m.asked != nil {
			m.asked, m.everything = nil, true
		}
	case 1:
		p.dies(m)
	case 2:
		p.leaves(m)
	case 3:
		if m.topics = []string{"t", "u"}; p.chance.IntN(2) == 0 {
			m.topics = m.topics[:1+p.chance.IntN(2)]
		}
		if m.expression = ""; p.chance.IntN(2) == 0 {
			m.topics, m.expression = m.topics[:p.chance.IntN(2)], []string{"t|u", ".*", "w.*", "[tv]"}[p.chance.IntN(4)]
		}
		m.everything = true
	case 4:
		p.topics.version++
		p.topics.partitions["t"] = min(p.topics.partitions["t"]+1, 7)
		if _, _, ok := p.topics.Topic("v"); !ok && p.chance.IntN(8) == 0 {
			p.topics.names, p.topics.partitions["v"], p.topics.created = append(p.topics.names, "v"), 2, p.topics.version
		} else if ok && p.chance.IntN(8) == 0 {
			p.topics.partitions["v"] = 0
		}
	case 5:
		p.fails()
	case 6, 7, 8:
		p.passes(time.Duration(p.chance.IntN(2500)) * time.Millisecond)
	case 9, 10, 11, 12:
		p.replicate(p.committed + p.chance.IntN(len(p.log)-p.committed+1))
	case 13, 14:
		p.obeys(m)
	default:
		p.beats(m)
	}
}

// dies ends a process. Another one begins with nothing.
func (p *consumerPlay) dies(m *playedMember) {
	p.ids++
	m.id, m.epoch, m.has, m.told, m.asked = fmt.Sprintf("m%d-%d", m.number, p.ids), joiningEpoch, nil, nil, nil
}

func (p *consumerPlay) leaves(m *playedMember) {
	if m.epoch == joiningEpoch {
		return
	}
	r := &ConsumerHeartbeat{Group: "g", Member: MemberID(m.id), Instance: m.instance, Epoch: leavingEpoch, RebalanceTimeout: -1, Version: 1}
	if m.instance != "" && p.chance.IntN(2) == 0 {
		r.Epoch = leavingStaticEpoch
	}
	p.dies(m)
	p.carryOut(p.coordinator.ConsumerHeartbeat(p.moment(), r, &playedRequest{m}))
}

// obeys: it gives back what it shall not have and takes the rest, where the group
// tells it what was committed. That it will not if the member's epoch is another
// one already: what it was told last may not hold any more, as when it has said
// everything again before it took anything. What it takes nobody else may have
// who is still a member.
func (p *consumerPlay) obeys(m *playedMember) {
	p.replicate(len(p.log))
	if m.epoch == joiningEpoch || slices.Equal(m.has, m.told) || p.coordinator.CheckFetch("g", &m.id, m.epoch) != nil {
		return
	}
	for _, partition := range m.told {
		if slices.Contains(m.has, partition) {
			continue
		}
		p.taken++
		for _, other := range p.members {
			if other != m && slices.Contains(other.has, partition) {
				require.Nil(p.t, p.group().byID[MemberID(other.id)], "%v is taken by %s while %s has it", partition, m.id, other.id)
			}
		}
	}
	m.has, m.says = slices.Clone(m.told), true
}

func (p *consumerPlay) group() *consumerGroup {
	g := p.coordinator.find("g")
	require.NotNil(p.t, g)
	return g.members.(*consumerGroup)
}

func (p *consumerPlay) beats(m *playedMember) {
	if m.asked != nil {
		return
	}
	r := &ConsumerHeartbeat{Group: "g", Member: MemberID(m.id), Instance: m.instance, Epoch: m.epoch, RebalanceTimeout: -1, Version: 1}
	all := m.everything || m.epoch == joiningEpoch
	if all {
		r.RebalanceTimeout, r.Topics = 4*time.Second, append([]string{}, m.topics...)
		r.Expression, r.Expressed = m.expression, true
	}
	if all || m.says {
		r.Owned = append([]PartitionID{}, m.has...)
	}
	m.everything, m.says = false, false
	m.asked = &playedRequest{m}
	p.carryOut(p.coordinator.ConsumerHeartbeat(p.moment(), r, m.asked))
}

func (p *consumerPlay) answered(a Answer) {
	m := a.Token.(*playedRequest).by
	if m.asked != a.Token {
		return // it does not wait for this any more
	}
	m.asked = nil
	answer := a.ConsumerHeartbeat
	switch {
	case answer.Err == nil:
		m.epoch = answer.Epoch
		if answer.Tells {
			m.told = answer.Assigned
		}
	case slices.Contains([]error{kerr.UnknownMemberID, kerr.FencedMemberEpoch, kerr.FencedInstanceID, kerr.GroupIDNotFound, kerr.GroupMaxSizeReached}, answer.Err):
		p.fenced++
		m.epoch, m.has, m.told = joiningEpoch, nil, nil
	default:
		require.Contains(p.t, []error{kerr.NotCoordinator, kerr.CoordinatorNotAvailable, kerr.UnreleasedInstanceID}, answer.Err)
		m.everything = true
	}
}

func (p *consumerPlay) passes(d time.Duration) {
	p.now += d
	p.carryOut(p.coordinator.Expire(p.moment()))
}

// fails ends the coordinator. What was not committed may be lost with it.
func (p *consumerPlay) fails() {
	p.failovers++
	waiting := p.decided
	p.decided = nil
	p.carryOut(p.coordinator.Unloaded(kerr.NotCoordinator))
	for _, d := range waiting {
		p.carryOut(Decision{Answers: d.write.Abandoned(kerr.NotCoordinator)})
	}
	p.log = p.log[:p.wholeBatches(p.committed+p.chance.IntN(len(p.log)-p.committed+1), waiting)]
	p.begin()
}

// wholeBatches: what was appended together is lost together.
func (p *consumerPlay) wholeBatches(upTo int, waiting []decided) int {
	end := p.committed
	for _, d := range waiting {
		if end+len(d.records) > upTo {
			break
		}
		end += len(d.records)
	}
	return end
}

func (p *consumerPlay) replicate(to int) {
	for len(p.decided) > 0 && p.committed+len(p.decided[0].records) <= to {
		d := p.decided[0]
		p.decided = p.decided[1:]
		p.committed += len(d.records)
		for _, r := range d.records {
			p.coordinator.Committed(kafka.NoProducerID, r)
		}
		p.carryOut(p.coordinator.Written(p.moment(), d.write, nil))
	}
}

func (p *consumerPlay) carryOut(d Decision) {
	for _, a := range d.Answers {
		p.answered(a)
	}
	for _, w := range d.Writes {
		if !p.peace && len(w.Records) > 0 && p.chance.IntN(15) == 0 {
			p.carryOut(p.coordinator.Written(p.moment(), w, kerr.CoordinatorNotAvailable))
			continue
		}
		for _, r := range w.Records {
			value, present := r.AppendValue(nil)
			if !present {
				value = nil
			}
			p.log = append(p.log, encoded{key: r.AppendKey(nil), value: value})
			p.coordinator.Appended(kafka.NoProducerID, r)
		}
		p.decided = append(p.decided, decided{kafka.NoProducerID, w.Records, w})
	}
}

// like compares the coordinator with a replay of its log.
func (p *consumerPlay) like() {
	p.replicate(len(p.log))
	known, err := p.coordinator.Describe("g")
	replayed := p.replay()
	again, errAgain := replayed.Describe("g")
	require.Equal(p.t, err, errAgain)
	require.Equal(p.t, known, again)
	if err == nil {
		live, other := p.group(), replayed.find("g").members.(*consumerGroup)
		require.Equal(p.t, live.owners, other.owners)
		require.Equal(p.t, live.instances, other.instances)
		require.Equal(p.t, live.metadataHash, other.metadataHash)
		require.Equal(p.t, live.expressions, other.expressions)
		for expression := range live.expressions.resolved {
			require.Positive(p.t, live.expressions.members[expression], "nobody subscribes by %s", expression)
		}
		for id, m := range live.byID {
			require.Equal(p.t, m.subscription, other.byID[id].subscription)
			require.Equal(p.t, m.current, other.byID[id].current)
			require.Equal(p.t, m.told, other.byID[id].told)
		}
	}
}

// String is for people.
func (p *consumerPlay) String() string {
	text := fmt.Sprintf("at %v", p.now)
	if d, err := p.coordinator.Describe("g"); err == nil {
		text += fmt.Sprintf("\n%s epoch %d target %d", d.State, d.Generation, d.AssignmentEpoch)
		for _, m := range d.Members {
			text += fmt.Sprintf("\n  %s epoch %d %s owned %v target %v", m.Member, m.Epoch, m.State, p.topics.list(m.Owned), p.topics.list(m.Target))
		}
	}
	for _, m := range p.members {
		text += fmt.Sprintf("\n%s epoch %d has %v told %v topics %v %s waits %v", m.id, m.epoch, p.topics.list(m.has), p.topics.list(m.told), m.topics, m.expression, m.asked != nil)
	}
	return text
}

// settle leaves everybody in peace for a while.
func (p *consumerPlay) settle() {
	p.peace = true
	for range 60 {
		for _, m := range p.members {
			p.replicate(len(p.log))
			p.obeys(m)
			p.beats(m)
		}
		p.replicate(len(p.log))
		p.passes(500 * time.Millisecond)
	}
	p.replicate(len(p.log))
	g := p.group()
	require.Equal(p.t, "Stable", g.state())
	owners := make(map[PartitionID]*playedMember)
	for _, m := range p.members {
		for _, partition := range m.has {
			require.Nil(p.t, owners[partition], "two have %v: %s", partition, p)
			owners[partition] = m
		}
	}
	for topic := range p.topics.TopicNames() {
		id, partitions, _ := p.topics.Topic(topic)
		for number := range partitions {
			owner := owners[PartitionID{id, number}]
			require.Equal(p.t, p.wanted(topic), owner != nil, "%s/%d: %s", topic, number, p)
		}
	}
}

// wanted: somebody names a topic or has an expression that matches it.
func (p *consumerPlay) wanted(topic string) bool {
	for _, m := range p.group().byID {
		if slices.Contains(m.topics, topic) || regexp.MustCompile("^(?:"+m.expression+")$").MatchString(topic) {
			return true
		}
	}
	return false
}
