package group

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"assay/internal/kafka"
)

// Commands of the stories of groups of KIP-848. A consumer does what a client
// does: it keeps its id, its epoch and what it has, and says what has changed.
//
//	topic orders 4              there is a topic, or it has more partitions now
//	topic orders none           it is deleted; created again it has another id
//	consumer a [instance=i] [topics=orders] [regex=o.*] [rebalance=60s] [assignor=range] [id=a2]
//	enter g a b                 the first heartbeat of each: epoch 0, and everything
//	beat g a [lost]             one that says nothing new; its answer may be lost
//	beat g a topics=t,u regex=  it subscribes to something else
//	beat g a all                everything again, as after an error
//	obey g a [lost]             it gives back and takes what it was told, and says what it has now
//	exit g a [for-now]          epoch -1, or -2 of a static member
//	may-commit g t/0 by=a [version=9] [epoch=1] [txn=1]
//	may-fetch g by=a [epoch=1]

type consumer struct {
	name, id, instance, assignor string
	expression                   string
	topics                       []string
	rebalance                    time.Duration
	epoch                        GenerationID
	has, told                    []PartitionID
	misses                       bool // the next answer
}

// storyTopics are the topics there are. An id says which one it is, and how often
// the name was given before.
type storyTopics struct {
	names      []string // by id
	partitions map[string]int32
	version    int64
	created    int64 // the version with which a topic came last
}

func (t *storyTopics) Topic(name string) (kafka.TopicID, int32, bool) {
	partitions := t.partitions[name]
	for id := len(t.names) - 1; id >= 0; id-- {
		if t.names[id] == name {
			return kafka.TopicID{byte(id + 1)}, partitions, partitions > 0
		}
	}
	return kafka.TopicID{}, 0, false
}

// TopicNames come in the order in which topics were created.
func (t *storyTopics) TopicNames() iter.Seq[string] {
	return func(yield func(string) bool) {
		for i, name := range t.names {
			if t.partitions[name] > 0 && !slices.Contains(t.names[i+1:], name) && !yield(name) {
				return
			}
		}
	}
}

func (t *storyTopics) TopicsVersion() int64 { return t.version }
func (t *storyTopics) LastCreation() int64  { return t.created }

// list writes partitions as orders/0,1.
func (t *storyTopics) list(partitions []PartitionID) string {
	text := ""
	for i, p := range partitions {
		if i > 0 && partitions[i-1].Topic == p.Topic {
			text += fmt.Sprintf(",%d", p.Partition)
			continue
		}
		name := t.names[p.Topic[0]-1]
		if id, _, ok := t.Topic(name); !ok || id != p.Topic {
			name = "former-" + name
		}
		text += fmt.Sprintf(" %s/%d", name, p.Partition)
	}
	if text == "" {
		return "nothing"
	}
	return text[1:]
}

func (t *storyTopics) held(held []heldPartition) string {
	var partitions []PartitionID
	for _, h := range held {
		partitions = append(partitions, h.PartitionID)
	}
	return t.list(partitions)
}

func (s *stage) beginConsumers() {
	s.consumers, s.topics = make(map[string]*consumer), storyTopics{partitions: make(map[string]int32)}
	s.settings.Topics = &s.topics
	s.settings.Consumer = ConsumerSettings{SessionTimeout: 45 * time.Second, HeartbeatInterval: 5 * time.Second, MaxSize: 3,
		Assignors: []string{"uniform", "range"}, AssignmentInterval: time.Second, ResolutionInterval: time.Minute}
}

func (s *stage) runConsumers(c command) {
	switch c.name {
	case "topic":
		s.topics.version++
		if _, _, ok := s.topics.Topic(c.plain[0]); !ok {
			s.topics.names = append(s.topics.names, c.plain[0])
			s.topics.created = s.topics.version
		}
		if s.topics.partitions[c.plain[0]] = 0; c.plain[1] != "none" {
			s.topics.partitions[c.plain[0]] = int32(number(c.plain[1]))
		}
	case "consumer":
		s.newConsumer(c)
	case "enter", "beat", "obey", "exit":
		s.consumerBeats(c)
	case "may-commit":
		a := s.consumers[c.named["by"]]
		at := partition(c.plain[1])
		id, _, _ := s.topics.Topic(at.Topic)
		r := &Commit{Group: c.plain[0], Member: MemberID(a.id), Instance: a.instance, Generation: GenerationID(c.number("epoch", int64(a.epoch))),
			Version: int16(c.number("version", 9)), Retention: NoExpiry, Offsets: []CommitOffset{{Partition: at, TopicID: id}}}
		var err error
		if c.number("txn", 0) == 1 {
			_, err = s.coordinator.CommitInTransaction(s.moment().Wall, r, 1, 0)
		} else {
			_, err = s.coordinator.Commit(s.moment(), r)
		}
		s.say("%s %s", a.name, describeError(err))
	case "may-fetch":
		a := s.consumers[c.named["by"]]
		s.say("%s %s", a.name, describeError(s.coordinator.CheckFetch(c.plain[0], &a.id, GenerationID(c.number("epoch", int64(a.epoch))))))
	default:
		panic("no command " + c.name)
	}
}

func (s *stage) newConsumer(c command) {
	or := func(key, otherwise string) string {
		if value, named := c.named[key]; named {
			return value
		}
		return otherwise
	}
	name := c.plain[0]
	s.consumers[name] = &consumer{name: name, id: or("id", name), instance: c.named["instance"], topics: subscribed(c), expression: c.named["regex"],
		rebalance: duration(or("rebalance", "60s")), assignor: c.named["assignor"]}
}

// subscribed: to orders, unless something is said.
func subscribed(c command) []string {
	topics, named := c.named["topics"]
	if _, expressed := c.named["regex"]; !named && !expressed {
		return []string{"orders"}
	}
	return list(topics)
}

func (s *stage) consumerBeats(c command) {
	names, word := c.plain[1:], ""
	if last := names[len(names)-1]; last == "lost" || last == "all" || last == "for-now" {
		names, word = names[:len(names)-1], last
	}
	for _, name := range names {
		if s.consumers[name] == nil {
			s.newConsumer(command{plain: []string{name}})
		}
		a := s.consumers[name]
		a.misses = word == "lost"
		r := &ConsumerHeartbeat{Group: c.plain[0], Member: MemberID(a.id), Instance: a.instance, ClientID: name, ClientHost: "/10.0.0.1", RebalanceTimeout: -1, Version: 1}
		switch c.name {
		case "enter":
			a.epoch, a.has = joiningEpoch, []PartitionID{}
			word = "all"
		case "obey":
			a.has = append([]PartitionID{}, a.told...)
			r.Owned = a.has
		case "exit":
			if a.epoch = leavingEpoch; word == "for-now" {
				a.epoch = leavingStaticEpoch
			}
		}
		if topics, named := c.named["topics"]; named {
			a.topics = list(topics)
			r.Topics = append([]string{}, a.topics...)
		}
		if expression, named := c.named["regex"]; named {
			a.expression, r.Expression, r.Expressed = expression, expression, true
		}
		if word == "all" {
			r.Owned, r.Topics, r.RebalanceTimeout, r.Assignor = a.has, append([]string{}, a.topics...), a.rebalance, a.assignor
			r.Expression, r.Expressed = a.expression, true
		}
		r.Epoch = GenerationID(c.number("epoch", int64(a.epoch)))
		s.carryOut(s.coordinator.ConsumerHeartbeat(s.moment(), r, name))
	}
}

func (s *stage) consumerAnswered(name string, answer *ConsumerHeartbeatAnswer) {
	a := s.consumers[name]
	text := fmt.Sprintf("%s: epoch=%d", name, answer.Epoch)
	var invalid *InvalidExpression
	if answer.Tells {
		text += ", shall have " + s.topics.list(answer.Assigned)
	}
	if answer.Err != nil {
		text = name + ": " + describeError(answer.Err)
		if errors.As(answer.Err, &invalid) {
			text += ": " + invalid.Error()
		}
	}
	if a.misses {
		a.misses = false
		s.say("(lost) %s", text)
		return
	}
	s.say("%s", text)
	if answer.Err == nil {
		if a.epoch = answer.Epoch; answer.Tells {
			a.told = answer.Assigned
		}
	}
}

func (s *stage) describeConsumers(d *Description) {
	s.say("%s %s %s epoch=%d target=%d assignor=%s", d.Group, d.Kind, d.State, d.Generation, d.AssignmentEpoch, d.Assignor)
	for _, m := range d.Members {
		text := fmt.Sprintf("  %s epoch=%d %s", m.Member, m.Epoch, m.State)
		if m.Instance != "" {
			text += " instance=" + m.Instance
		}
		if m.Expression != "" {
			text += " regex=" + m.Expression
		}
		s.say("%s has %s, target %s", text, s.topics.list(m.Owned), s.topics.list(m.Target))
	}
}

// describeConsumerRecord is "" for a record of another kind.
func (s *stage) describeConsumerRecord(r Record) string {
	gone := func(deleted bool, text string, args ...any) string {
		if deleted {
			return "deleted"
		}
		return fmt.Sprintf(text, args...)
	}
	switch r := r.(type) {
	case *EpochRecord:
		return r.Group + " epoch " + gone(r.Deleted, "%d", r.Epoch)
	case *MemberRecord:
		text := fmt.Sprintf("%s %s subscribes to %s", r.Group, r.Member, strings.Join(r.topics, ","))
		if r.expression != "" {
			text += " regex=" + r.expression
		}
		if r.instance != "" {
			text += " instance=" + r.instance
		}
		if r.Deleted {
			return fmt.Sprintf("%s %s deleted", r.Group, r.Member)
		}
		return text
	case *ExpressionRecord:
		return fmt.Sprintf("%s regex %s %s", r.Group, r.Expression, gone(r.Deleted, "is %s as of %d", strings.Join(r.topics, ","), r.version))
	case *TargetRecord:
		return r.Group + " target epoch " + gone(r.Deleted, "%d", r.Epoch)
	case *TargetMemberRecord:
		return fmt.Sprintf("%s target of %s %s", r.Group, r.Member, gone(r.Deleted, "%s", s.topics.list(r.Partitions)))
	case *CurrentRecord:
		if r.Deleted {
			return fmt.Sprintf("%s %s has deleted", r.Group, r.Member)
		}
		text := fmt.Sprintf("%s %s epoch=%d %s has %s", r.Group, r.Member, r.epoch, r.state, s.topics.held(r.assigned))
		if len(r.revoking) > 0 {
			text += ", gives back " + s.topics.held(r.revoking)
		}
		return text
	}
	return ""
}
