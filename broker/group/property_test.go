package group

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
	"assay/internal/kafka"
)

// TestProperties plays random requests, time, lost appends and failovers.
//
//   - In one generation a partition is handed to one owner, whatever happens.
//   - A coordinator that replays the log knows the stable and the empty groups as
//     the one that wrote it does, and all offsets.
//   - A committed offset is that of the last record of the log that took effect.
func TestProperties(t *testing.T) {
	stable, failovers := 0, 0
	for seed := range uint64(2000) {
		p := newPlay(t, seed)
		for range 250 {
			p.step()
		}
		p.check()
		stable, failovers = stable+p.handedOut, failovers+p.failovers
	}
	require.Greater(t, stable, 8000)
	require.Greater(t, failovers, 2000)
}

// play is one coordinator, its log, and clients who do as they like.
type play struct {
	t           *testing.T
	chance      *rand.Rand
	settings    Settings
	coordinator *Coordinator
	now         time.Duration
	log         []encoded
	committed   int // records of the log that are
	decided     []decided
	clients     []*client
	ids         int

	owners               map[ownership]string
	lost                 map[string]bool // groups whose last word was not written
	handedOut, failovers int
}

type ownership struct {
	group      string
	generation GenerationID
	partition  string
}

// request is a token.
type request struct {
	client     *client
	group      string
	generation GenerationID
}

func newPlay(t *testing.T, seed uint64) *play {
	p := &play{t: t, chance: rand.New(rand.NewPCG(seed, 1)), owners: make(map[ownership]string), lost: make(map[string]bool),
		settings: Settings{MaxMetadataLength: 100, InitialRebalanceDelay: time.Second, MaxSize: 3, MinSessionTimeout: time.Second,
			MaxSessionTimeout: time.Hour, OffsetsRetention: 40 * time.Second, CleaningInterval: 9 * time.Second}}
	for i := range 5 {
		c := &client{name: fmt.Sprintf("c%d", i), generation: NoGeneration}
		if i >= 3 {
			c.instance = "static" // two processes of one instance id
		}
		c.join = JoinRequest{Group: "g", Instance: c.instance, ClientID: c.name, SessionTimeout: 6 * time.Second, RebalanceTimeout: 5 * time.Second,
			ProtocolType: "consumer", Version: int16(3 + p.chance.IntN(7))}
		p.clients = append(p.clients, c)
	}
	p.begin()
	return p
}

func (p *play) moment() Moment { return Moment{Now: host.Time(p.now), Wall: host.WallTime(p.now)} }

func (p *play) replay(records []encoded) *Coordinator {
	c := New(p.settings)
	for _, e := range records {
		if e.marker != "" {
			c.EndTransaction(e.producer, e.marker == "commit")
			continue
		}
		r, err := c.Decode(e.key, e.value)
		require.NoError(p.t, err)
		c.Appended(e.producer, r)
		c.Committed(e.producer, r)
	}
	return c
}

func (p *play) begin() {
	p.coordinator = p.replay(p.log)
	p.committed, p.decided = len(p.log), nil
	p.carryOut(p.coordinator.Loaded(p.moment()))
}

func (p *play) step() {
	c := p.clients[p.chance.IntN(len(p.clients))]
	token := &request{c, "g", c.generation}
	if p.chance.IntN(3) > 0 {
		p.sensible(c, token)
		return
	}
	switch p.chance.IntN(20) {
	case 0, 1, 2, 3:
		p.joins(c, token)
	case 4, 5, 6, 7:
		p.syncs(c, token)
	case 8, 9:
		_ = p.coordinator.Heartbeat(p.moment(), "g", MemberID(c.member), c.instance, c.generation)
	case 10:
		p.carryOut(p.coordinator.Leave(p.moment(), &LeaveRequest{Group: "g", Members: []LeavingMember{{MemberID(c.member), c.instance}}}, token))
	case 11, 12:
		records, err := p.coordinator.Commit(p.moment(), p.commit(c))
		p.require(err)
		p.append(kafka.NoProducerID, asRecords(records), nil)
	case 13:
		producer := kafka.ProducerID(p.chance.IntN(2))
		records, err := p.coordinator.CommitInTransaction(p.moment().Wall, p.commit(c), producer, 0)
		p.require(err)
		p.append(producer, asRecords(records), nil)
	case 14:
		p.replicate(len(p.log))
		producer := kafka.ProducerID(p.chance.IntN(2))
		marker := []string{"commit", "abort"}[p.chance.IntN(2)]
		p.log = append(p.log, encoded{producer: producer, marker: marker})
		p.committed++
		p.coordinator.EndTransaction(producer, marker == "commit")
	case 15, 16:
		p.replicate(p.committed + p.chance.IntN(len(p.log)-p.committed+1))
	case 17:
		p.now += time.Duration(p.chance.IntN(3000)) * time.Millisecond
		p.carryOut(p.coordinator.Expire(p.moment()))
	case 18:
		p.deletes()
	case 19:
		p.fails()
	}
}

// sensible does what a client would do next.
func (p *play) sensible(c *client, token *request) {
	switch {
	case c.waits: // at most once
		p.replicate(len(p.log))
		p.now += 300 * time.Millisecond
		p.carryOut(p.coordinator.Expire(p.moment()))
	case c.generation == NoGeneration:
		c.waits = true
		p.joins(c, token)
	case !c.synced:
		c.waits = true
		p.syncs(c, token)
	default:
		if p.coordinator.Heartbeat(p.moment(), "g", MemberID(c.member), c.instance, c.generation) != nil {
			c.generation = NoGeneration
		}
	}
}

func (p *play) require(err error) {
	if err != nil {
		require.Contains(p.t, []error{kerr.UnknownMemberID, kerr.IllegalGeneration, kerr.RebalanceInProgress, kerr.FencedInstanceID, kerr.GroupIDNotFound}, err)
	}
}

func (p *play) joins(c *client, token *request) {
	p.ids++
	r := c.join
	r.Member, r.NewMember = MemberID(c.member), MemberID(fmt.Sprintf("%s-%d", c.name, p.ids))
	if p.chance.IntN(10) == 0 {
		r.Member = "" // it has forgotten
	}
	subscription := kmsg.ConsumerMemberMetadata{Topics: []string{"t"}, UserData: []byte{byte(p.chance.IntN(2))}}
	for _, name := range [][]string{{"range"}, {"range", "sticky"}, {"sticky", "range"}}[p.chance.IntN(3)] {
		r.Protocols = append(r.Protocols, Protocol{name, subscription.AppendTo(nil)})
	}
	p.carryOut(p.coordinator.Join(p.moment(), &r, token))
}

// syncs brings an assignment of its own, as a leader would.
func (p *play) syncs(c *client, token *request) {
	r := &SyncRequest{Group: "g", Member: MemberID(c.member), Instance: c.instance, Generation: c.generation}
	for i, j := range p.chance.Perm(len(p.clients)) {
		r.Assignments = append(r.Assignments, Assignment{MemberID(p.clients[j].member), []byte{'0' + byte(i)}})
	}
	p.carryOut(p.coordinator.Sync(p.moment(), r, token))
}

func (p *play) commit(c *client) *Commit {
	r := &Commit{Group: "g", Version: 9, Retention: NoExpiry, Generation: NoGeneration}
	if p.chance.IntN(4) > 0 {
		r.Member, r.Instance, r.Generation = MemberID(c.member), c.instance, c.generation
	}
	for range 1 + p.chance.IntN(2) {
		p.ids++
		r.Offsets = append(r.Offsets, CommitOffset{Partition: kafka.TopicPartition{Topic: []string{"t", "u"}[p.chance.IntN(2)]}, Offset: kafka.Offset(p.ids)})
	}
	return r
}

func (p *play) deletes() {
	if p.chance.IntN(2) == 0 {
		p.append(kafka.NoProducerID, asRecords(p.coordinator.TopicDeleted("u")), nil)
		return
	}
	if records, err := p.coordinator.DeleteGroup("g"); err == nil {
		p.append(kafka.NoProducerID, records, nil)
	}
}

// fails ends the coordinator. What was not committed may be lost with it.
func (p *play) fails() {
	if p.chance.IntN(2) == 0 {
		return
	}
	p.failovers++
	p.carryOut(p.coordinator.Unloaded(kerr.NotCoordinator))
	p.log = p.log[:p.committed+p.chance.IntN(len(p.log)-p.committed+1)]
	p.lost = make(map[string]bool)
	p.begin()
}

func (p *play) replicate(to int) {
	for len(p.decided) > 0 && p.committed+len(p.decided[0].records) <= to {
		d := p.decided[0]
		p.decided = p.decided[1:]
		p.committed += len(d.records)
		for _, r := range d.records {
			p.coordinator.Committed(d.producer, r)
		}
		if d.write != nil {
			p.carryOut(p.coordinator.Written(p.moment(), d.write, nil))
		}
	}
}

func (p *play) carryOut(d Decision) {
	for _, a := range d.Answers {
		p.answered(a)
	}
	for _, w := range d.Writes {
		if p.chance.IntN(12) == 0 {
			p.lost["g"] = true
			p.carryOut(p.coordinator.Written(p.moment(), w, kerr.CoordinatorNotAvailable))
			continue
		}
		p.append(kafka.NoProducerID, w.Records, w)
	}
}

func (p *play) append(producer kafka.ProducerID, records []Record, w *Write) {
	for _, r := range records {
		if g, ok := r.(*GroupRecord); ok && g.ProtocolType != "" {
			p.lost["g"] = false
		}
		value, present := r.AppendValue(nil)
		if !present {
			value = nil
		}
		p.log = append(p.log, encoded{key: r.AppendKey(nil), value: value, producer: producer})
		p.coordinator.Appended(producer, r)
	}
	p.decided = append(p.decided, decided{producer, records, w})
}

func (p *play) answered(a Answer) {
	asked := a.Token.(*request)
	c := asked.client
	c.waits, c.synced = false, a.Sync != nil && a.Sync.Err == nil
	switch {
	case a.Join != nil && a.Join.Err == nil:
		c.member, c.generation = string(a.Join.Member), a.Join.Generation
	case a.Join != nil:
		c.member, c.generation = string(a.Join.Member), NoGeneration
		if a.Join.Err != kerr.MemberIDRequired {
			c.member = ""
		}
	case a.Sync != nil && a.Sync.Err != nil:
		c.generation = NoGeneration
	case a.Sync != nil && a.Sync.Err == nil && len(a.Sync.Assignment) > 0:
		p.handedOut++
		owner, at := c.member, ownership{asked.group, asked.generation, string(a.Sync.Assignment)}
		if c.instance != "" {
			owner = c.instance
		}
		if known, ok := p.owners[at]; ok {
			require.Equal(p.t, known, owner, "two owners of %v", at)
		}
		p.owners[at] = owner
	}
}

// check compares the coordinator with a replay of its log, and offsets with what
// the log says.
func (p *play) check() {
	p.replicate(len(p.log))
	for p.committed < len(p.log) { // what that has led to
		p.replicate(len(p.log))
	}
	replayed := p.replay(p.log)
	require.Equal(p.t, p.coordinator.Offsets(), replayed.Offsets())
	for topic := range slices.Values([]string{"t", "u"}) {
		at := kafka.TopicPartition{Topic: topic}
		live, found, err := p.coordinator.Fetch("g", at, kafka.TopicID{}, true)
		again, foundAgain, errAgain := replayed.Fetch("g", at, kafka.TopicID{}, true)
		require.Equal(p.t, []any{live, found, err}, []any{again, foundAgain, errAgain})
		live, found, _ = p.coordinator.Fetch("g", at, kafka.TopicID{}, false)
		want, ok := p.lastWord(topic)
		require.Equal(p.t, ok, found)
		if ok {
			require.Equal(p.t, want, live.Offset)
		}
	}
	known, err := p.coordinator.Describe("g")
	again, errAgain := replayed.Describe("g")
	if p.lost["g"] || known.State == "PreparingRebalance" || known.State == "CompletingRebalance" {
		return
	}
	require.Equal(p.t, err, errAgain)
	if known.State == "Empty" {
		// Its first members may have failed before anything was written of them.
		known.ProtocolType, again.ProtocolType = "", ""
	}
	require.Equal(p.t, known, again)
}

// lastWord is the offset that a log means, as Kafka defines it: that of the last
// of the records that took effect.
func (p *play) lastWord(topic string) (last kafka.Offset, found bool) {
	ended := make(map[int]bool) // by record: its transaction has committed
	open := make(map[kafka.ProducerID][]int)
	for i, e := range p.log {
		if e.marker == "" {
			if e.producer != kafka.NoProducerID {
				open[e.producer] = append(open[e.producer], i)
			}
			continue
		}
		for _, record := range open[e.producer] {
			ended[record] = e.marker == "commit"
		}
		delete(open, e.producer)
	}
	d := New(Settings{})
	for i, e := range p.log {
		if e.marker != "" {
			continue
		}
		decoded, err := d.Decode(e.key, e.value)
		require.NoError(p.t, err)
		if r, ok := decoded.(*OffsetRecord); ok && r.Partition.Topic == topic {
			switch {
			case r.Deleted:
				found = false
			case e.producer == kafka.NoProducerID || ended[i]:
				last, found = r.Committed.Offset, true
			}
		}
	}
	return last, found
}
