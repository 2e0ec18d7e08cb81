package group

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
	"assay/internal/kafka"
	"assay/internal/story"
)

// TestStories plays the protocol stories of testdata on one coordinator.
//
// A client has a name of one word; its member id and generation are those of its
// last answers. generation=, member= and instance= say otherwise.
//
//	client a instance=i [session=10s] [rebalance=60s] [protocols=range,sticky] [topics=t] [version=9] [type=consumer]
//	join g a                the answer may come later; without an id it gets one (version=3: at once)
//	sync g a [a=t/0 b=t/1]  the leader's brings assignments
//	heartbeat g a
//	leave g a [b..]         id=i instead of a name: an administrator, by instance id
//	commit g t/0=5 [t/1=6,epoch=2,metadata=x] [by=a] [version=8] [retention=60000]
//	txn-commit g t/0=5 [by=a] [producer=1]
//	end-txn 1 commit|abort  the marker is committed
//	wait 10s                time passes, whatever is due happens
//	replicated              what was decided so far is committed, and applied
//	refuse                  the next append fails: NOT_ENOUGH_REPLICAS
//	fetch g t/0 [id=2] [stable=1]  one offset; without a partition all of the group
//	delete g t/0            OffsetDelete
//	delete-group g
//	topic-deleted t
//	describe g, list [states=..] [kinds=..]
//	failover [max-size=1] [ahead=5m]   another coordinator replays the log, as it is encoded; its wall clock is ahead
//	flaws [name..]          switches of the museum, for coordinators from now on
//
// For groups of KIP-848 see consumer_stories_test.go.
func TestStories(t *testing.T) {
	story.Play(t, "testdata/*.txt", func(_ *testing.T, content string) string {
		s := &stage{clients: make(map[string]*client), settings: Settings{MaxMetadataLength: 4, InitialRebalanceDelay: 3 * time.Second, MaxSize: 100,
			MinSessionTimeout: 6 * time.Second, MaxSessionTimeout: 12 * time.Hour, OffsetsRetention: time.Hour, CleaningInterval: 10 * time.Minute}}
		s.beginConsumers()
		s.begin()
		return story.Blocks(content, func(words []string) string {
			s.out.Reset()
			s.run(words)
			return s.out.String()
		})
	})
}

// stage is a coordinator with the log that its records go to, and its clients.
type stage struct {
	out         strings.Builder
	settings    Settings
	coordinator *Coordinator
	clients     map[string]*client
	log         []encoded
	decided     []decided
	now         time.Duration
	ahead       time.Duration // by which the coordinator's wall clock is
	ids         int
	refuse      bool
	consumers   map[string]*consumer
	topics      storyTopics
}

type encoded struct {
	key, value []byte
	producer   kafka.ProducerID
	marker     string
}

// decided waits until it is committed.
type decided struct {
	producer kafka.ProducerID
	records  []Record
	write    *Write
}

type client struct {
	name, member, instance string
	generation             GenerationID
	join                   JoinRequest
	waits, synced          bool // in a play
}

func (s *stage) say(format string, args ...any) { fmt.Fprintf(&s.out, format+"\n", args...) }

func (s *stage) moment() Moment {
	return Moment{Now: host.Time(s.now), Wall: host.WallTime(s.now + s.ahead)}
}

func (s *stage) begin() {
	s.coordinator = New(s.settings)
	for _, e := range s.log {
		if e.marker != "" {
			s.coordinator.EndTransaction(e.producer, e.marker == "commit")
			continue
		}
		r, err := s.coordinator.Decode(e.key, e.value)
		if err != nil {
			panic(err)
		}
		s.coordinator.Appended(e.producer, r)
		s.coordinator.Committed(e.producer, r)
	}
	s.carryOut(s.coordinator.Loaded(s.moment()))
}

// words of a command: plain ones, and those that name something.
type command struct {
	name  string
	plain []string
	named map[string]string
}

func parse(words []string) command {
	c := command{name: words[0], named: make(map[string]string)}
	for _, word := range words[1:] {
		key, value, named := strings.Cut(word, "=")
		if named && !strings.Contains(key, "/") {
			c.named[key] = value
		} else {
			c.plain = append(c.plain, word)
		}
	}
	return c
}

func (c command) number(key string, otherwise int64) int64 {
	if value, named := c.named[key]; named {
		return number(value)
	}
	return otherwise
}

func (s *stage) run(words []string) {
	c := parse(words)
	switch c.name {
	case "client":
		s.newClient(c)
	case "join":
		s.joins(c)
	case "sync":
		s.syncs(c)
	case "heartbeat":
		a := s.as(c, c.plain[1])
		s.say("%s %s", a.name, describeError(s.coordinator.Heartbeat(s.moment(), c.plain[0], MemberID(a.member), a.instance, a.generation)))
	case "leave":
		s.leaves(c)
	case "commit", "txn-commit":
		s.commits(c)
	case "end-txn":
		s.replicated()
		producer := kafka.ProducerID(number(c.plain[0]))
		s.log = append(s.log, encoded{producer: producer, marker: c.plain[1]})
		s.coordinator.EndTransaction(producer, c.plain[1] == "commit")
	case "wait":
		s.wait(duration(c.plain[0]))
	case "replicated":
		s.replicated()
		if s.out.Len() == 0 || len(c.plain) > 0 {
			s.say("%d groups, %d offsets", s.coordinator.Groups(), s.coordinator.Offsets())
		}
	case "refuse":
		s.refuse = true
	case "fetch":
		s.fetches(c)
	case "delete":
		s.deletes(c)
	case "delete-group":
		records, err := s.coordinator.DeleteGroup(c.plain[0])
		s.decide(kafka.NoProducerID, records, nil, err)
	case "topic-deleted":
		s.decide(kafka.NoProducerID, asRecords(s.coordinator.TopicDeleted(c.plain[0])), nil, nil)
	case "describe":
		s.describes(c.plain[0])
	case "list":
		for _, d := range s.coordinator.List(list(c.named["states"]), list(c.named["kinds"])) {
			s.say("%s %s %q %s", d.Group, d.Kind, d.ProtocolType, d.State)
		}
	case "failover":
		s.answer(s.coordinator.Unloaded(kerr.NotCoordinator))
		s.settings.MaxSize = int(c.number("max-size", int64(s.settings.MaxSize)))
		if ahead, named := c.named["ahead"]; named {
			s.ahead = duration(ahead)
		}
		s.decided = nil
		records := len(s.log)
		before := s.out.String()
		s.out.Reset()
		s.begin()
		after := s.out.String()
		s.out.Reset()
		s.out.WriteString(before)
		s.say("replayed %d records: %d groups, %d offsets", records, s.coordinator.Groups(), s.coordinator.Offsets())
		s.out.WriteString(after)
	case "flaws":
		s.settings.Flaws = Flaws{}
		for _, name := range c.plain {
			*map[string]*bool{"zombie-commit": &s.settings.Flaws.ZombieCommit, "static-no-fence": &s.settings.Flaws.StaticNoFence,
				"txn-offset-no-generation": &s.settings.Flaws.TransactionalOffsetNoGeneration,
				"unstable-offset-fetch":    &s.settings.Flaws.UnstableOffsetFetch, "coordinator-stale-load": &s.settings.Flaws.CoordinatorStaleLoad}[name] = true
		}
		s.coordinator.settings.Flaws = s.settings.Flaws
	default:
		s.runConsumers(c)
	}
}

// as is a client as the command wants it.
func (s *stage) as(c command, name string) client {
	a := client{name: name, generation: NoGeneration}
	if known := s.clients[name]; known != nil {
		a = *known
	}
	a.generation = GenerationID(c.number("generation", int64(a.generation)))
	if member, named := c.named["member"]; named {
		a.member = member
	}
	if instance, named := c.named["instance"]; named {
		a.instance = instance
	}
	return a
}

func (s *stage) newClient(c command) {
	a := &client{name: c.plain[0], instance: c.named["instance"], generation: NoGeneration, member: c.named["member"]}
	or := func(key, otherwise string) string {
		if value, named := c.named[key]; named {
			return value
		}
		return otherwise
	}
	a.join = JoinRequest{Instance: a.instance, ClientID: a.name, ClientHost: "/10.0.0.1", SessionTimeout: duration(or("session", "10s")),
		RebalanceTimeout: duration(or("rebalance", "60s")), ProtocolType: or("type", "consumer"), Version: int16(c.number("version", 9))}
	for _, name := range list(or("protocols", "range")) {
		subscription := kmsg.ConsumerMemberMetadata{Topics: list(or("topics", "orders"))}
		a.join.Protocols = append(a.join.Protocols, Protocol{Name: name, Metadata: subscription.AppendTo(nil)})
	}
	s.clients[a.name] = a
}

func (s *stage) joins(c command) {
	for _, name := range c.plain[1:] {
		if s.clients[name] == nil {
			s.newClient(command{plain: []string{name}})
		}
		a := s.as(c, name)
		s.ids++
		r := a.join
		r.Group, r.Member, r.Instance, r.NewMember = c.plain[0], MemberID(a.member), a.instance, MemberID(fmt.Sprintf("%s-%d", name, s.ids))
		s.carryOut(s.coordinator.Join(s.moment(), &r, name))
	}
}

func (s *stage) syncs(c command) {
	a := s.as(c, c.plain[1])
	r := &SyncRequest{Group: c.plain[0], Member: MemberID(a.member), Instance: a.instance, Generation: a.generation,
		ProtocolType: c.named["type"], Protocol: c.named["protocol"]}
	for _, name := range slices.Sorted(maps.Keys(c.named)) {
		if to := s.clients[name]; to != nil {
			r.Assignments = append(r.Assignments, Assignment{MemberID(to.member), []byte(c.named[name])})
		}
	}
	s.carryOut(s.coordinator.Sync(s.moment(), r, a.name))
}

func (s *stage) leaves(c command) {
	r := &LeaveRequest{Group: c.plain[0]}
	if id := c.named["id"]; id != "" {
		r.Members = append(r.Members, LeavingMember{Instance: id})
	}
	for _, name := range c.plain[1:] {
		a := s.as(c, name)
		r.Members = append(r.Members, LeavingMember{MemberID(a.member), a.instance})
	}
	s.carryOut(s.coordinator.Leave(s.moment(), r, strings.Join(c.plain[1:], " ")+c.named["id"]))
}

func (s *stage) commits(c command) {
	s.wait(time.Second)
	a := s.as(c, c.named["by"])
	r := &Commit{Group: c.plain[0], Member: MemberID(a.member), Instance: a.instance, Generation: a.generation,
		Version: int16(c.number("version", 8)), Retention: c.number("retention", NoExpiry)}
	for _, text := range c.plain[1:] {
		r.Offsets = append(r.Offsets, commitOffset(text, byte(c.number("id", 0))))
	}
	if c.name == "commit" {
		records, err := s.coordinator.Commit(s.moment(), r)
		s.decide(kafka.NoProducerID, asRecords(records), nil, err)
		return
	}
	producer := kafka.ProducerID(c.number("producer", 1))
	records, err := s.coordinator.CommitInTransaction(s.moment().Wall, r, producer, 0)
	s.decide(producer, asRecords(records), nil, err)
}

func (s *stage) fetches(c command) {
	partitions := s.coordinator.Partitions(c.plain[0])
	if len(c.plain) > 1 {
		partitions = []kafka.TopicPartition{partition(c.plain[1])}
	}
	for _, p := range partitions {
		o, ok, err := s.coordinator.Fetch(c.plain[0], p, kafka.TopicID{byte(c.number("id", 0))}, c.number("stable", 0) == 1)
		switch {
		case err != nil:
			s.say("%v %s", p, describeError(err))
		case ok:
			s.say("%v %s", p, describe(&o, false))
		default:
			s.say("%v nothing", p)
		}
	}
}

func (s *stage) deletes(c command) {
	if err := s.coordinator.CheckDelete(c.plain[0]); err != nil {
		s.say("%s", describeError(err))
		return
	}
	var partitions []kafka.TopicPartition
	for _, text := range c.plain[1:] {
		if p := partition(text); s.coordinator.Subscribes(c.plain[0], p.Topic) {
			s.say("%v GROUP_SUBSCRIBED_TO_TOPIC", p)
		} else {
			partitions = append(partitions, p)
		}
	}
	s.decide(kafka.NoProducerID, asRecords(s.coordinator.Delete(c.plain[0], partitions)), nil, nil)
}

func (s *stage) describes(name string) {
	d, err := s.coordinator.Describe(name)
	switch {
	case err != nil:
		s.say("%s", describeError(err))
		return
	case d.Kind == Consumer:
		s.describeConsumers(&d)
		return
	}
	s.say("%s %s %s generation=%d protocol=%q leader=%s", d.Group, d.Kind, d.State, d.Generation, d.Protocol, d.Leader)
	for _, m := range d.Members {
		text := fmt.Sprintf("  %s of %s at %s", m.Member, m.ClientID, m.ClientHost)
		if m.Instance != "" {
			text += " instance=" + m.Instance
		}
		s.say("%s assignment=%q", text, m.Assignment)
	}
}

// wait lets time pass: whatever is due happens when it is due.
func (s *stage) wait(d time.Duration) {
	for end := s.now + d; ; {
		next := s.coordinator.NextDeadline()
		if next > host.Time(end) {
			s.now = end
			return
		}
		s.now = max(s.now, time.Duration(next))
		before := s.out.Len()
		d := s.coordinator.Expire(s.moment())
		if len(d.Answers)+len(d.Events)+len(d.Writes) > 0 {
			s.say("at %v", s.now)
		}
		if s.carryOut(d); s.out.Len() > before {
			continue
		}
	}
}

func (s *stage) replicated() {
	for len(s.decided) > 0 {
		d := s.decided[0]
		s.decided = s.decided[1:]
		for _, r := range d.records {
			s.coordinator.Committed(d.producer, r)
		}
		if d.write != nil {
			s.carryOut(s.coordinator.Written(s.moment(), d.write, nil))
		}
	}
}

func (s *stage) carryOut(d Decision) {
	s.answer(d)
	for _, w := range d.Writes {
		s.decide(kafka.NoProducerID, w.Records, w, nil)
	}
}

// decide appends what was decided to the log, and tells it.
func (s *stage) decide(producer kafka.ProducerID, records []Record, w *Write, err error) {
	if err != nil {
		s.say("%s", describeError(err))
		return
	}
	if s.refuse && len(records) > 0 {
		s.refuse = false
		s.say("not appended")
		if w != nil {
			s.carryOut(s.coordinator.Written(s.moment(), w, kerr.CoordinatorNotAvailable))
		}
		return
	}
	var appended []Record
	for _, r := range records {
		if r == nil {
			s.say("OFFSET_METADATA_TOO_LARGE")
			continue
		}
		key := r.AppendKey(nil)
		value, present := r.AppendValue(nil)
		if !present {
			value = nil
		}
		s.log = append(s.log, encoded{key: key, value: value, producer: producer})
		appended = append(appended, r)
		if text := s.describeConsumerRecord(r); text != "" {
			s.say("> %s", text)
		} else {
			s.say("%s", describeRecord(r))
		}
		s.coordinator.Appended(producer, r)
	}
	s.decided = append(s.decided, decided{producer, appended, w})
	if w != nil {
		s.answer(Decision{Events: w.Events})
	}
}

// answer tells what clients are told, and what onlookers are.
func (s *stage) answer(d Decision) {
	for _, e := range d.Events {
		if e.Kind == Rebalanced {
			s.say("* %s generation=%d members=%d", e.Group, e.Generation, e.Members)
		} else {
			s.say("* %s: %s %s", e.Group, e.Kind, e.Member)
		}
	}
	for _, a := range d.Answers {
		name := a.Token.(string)
		known := s.clients[name]
		switch {
		case a.ConsumerHeartbeat != nil:
			s.consumerAnswered(name, a.ConsumerHeartbeat)
		case a.Join != nil && a.Join.Err != nil:
			s.say("%s join: %s %s", name, describeError(a.Join.Err), a.Join.Member)
			if a.Join.Err == kerr.MemberIDRequired {
				known.member = string(a.Join.Member)
			}
		case a.Join != nil:
			j := a.Join
			text := fmt.Sprintf("%s joined: %s generation=%d protocol=%s leader=%s", name, j.Member, j.Generation, j.Protocol, j.Leader)
			for i, m := range j.Members {
				text += []string{" members=", ","}[min(i, 1)] + string(m.Member)
			}
			if j.SkipAssignment {
				text += " skip-assignment"
			}
			s.say("%s", text)
			known.member, known.generation = string(j.Member), j.Generation
		case a.Sync != nil && a.Sync.Err != nil:
			s.say("%s sync: %s", name, describeError(a.Sync.Err))
		case a.Sync != nil:
			s.say("%s synced: %q", name, a.Sync.Assignment)
		case a.Leave.Err != nil:
			s.say("%s leave: %s", name, describeError(a.Leave.Err))
		default:
			text := name + " left:"
			for _, err := range a.Leave.Errors {
				text += " " + describeError(err)
			}
			s.say("%s", text)
		}
	}
}

func describeError(err error) string {
	if err == nil {
		return "fine"
	}
	var known *kerr.Error
	if !errors.As(err, &known) {
		panic(err)
	}
	return known.Message
}

func describeRecord(r Record) string {
	switch r := r.(type) {
	case *OffsetRecord:
		return fmt.Sprintf("> %s %v %s", r.Group, r.Partition, describe(&r.Committed, r.Deleted))
	case *GroupRecord:
		if r.Deleted {
			return fmt.Sprintf("> %s deleted", r.Group)
		}
		text := fmt.Sprintf("> %s generation=%d type=%q", r.Group, r.Generation, r.ProtocolType)
		if r.Protocol != nil {
			text += fmt.Sprintf(" protocol=%s leader=%s", *r.Protocol, *r.Leader)
		}
		for _, m := range r.Members {
			text += fmt.Sprintf(" %s=%s", m.MemberID, m.Assignment)
		}
		return text
	}
	panic("no record")
}

func describe(o *Committed, deleted bool) string {
	if deleted {
		return "forgotten"
	}
	text := fmt.Sprintf("offset=%d epoch=%d time=%d", o.Offset, o.LeaderEpoch, o.CommitTime)
	if o.Metadata != "" {
		text += fmt.Sprintf(" metadata=%q", o.Metadata)
	}
	if o.ExpireTime != NoExpiry {
		text += fmt.Sprintf(" expires=%d", o.ExpireTime)
	}
	return text
}

func asRecords(offsets []*OffsetRecord) (records []Record) {
	for _, r := range offsets {
		if r == nil {
			records = append(records, nil)
		} else {
			records = append(records, r)
		}
	}
	return records
}

func list(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

func duration(text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		panic(err)
	}
	return d
}

func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

func partition(text string) kafka.TopicPartition {
	topic, n, _ := strings.Cut(text, "/")
	return kafka.TopicPartition{Topic: topic, Partition: int32(number(n))}
}

func commitOffset(text string, id byte) CommitOffset {
	parts := strings.Split(text, ",")
	at, offset, _ := strings.Cut(parts[0], "=")
	o := CommitOffset{Partition: partition(at), Offset: kafka.Offset(number(offset)), LeaderEpoch: kafka.NoEpoch, TopicID: kafka.TopicID{id}}
	for _, part := range parts[1:] {
		switch key, value, _ := strings.Cut(part, "="); key {
		case "epoch":
			o.LeaderEpoch = kafka.LeaderEpoch(number(value))
		case "metadata":
			o.Metadata = value
		default:
			panic("no part " + part)
		}
	}
	return o
}
