package clients

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/clients/assignor"
	"assay/host"
	"assay/internal/kafka"
	"assay/internal/story"
)

// TestGroupStories runs the stories in testdata/groups: members of the group
// "billing" at a correct coordinator that misbehaves as told. The topic orders
// has four partitions.
//
//	member NAME KEY=VALUE... makes a consumer, which polls whatever it gets
//	busy NAME                the application will work long on the next records
//	poll NAME                it is done, and polls whenever there is something
//	leave-poll NAME          it had nothing to read, and turns to something else
//	hold NAME                the application does not end its next revocation
//	release NAME             ends it
//	commit NAME PARTITION OFFSET
//	close NAME, forget NAME  closes it; lets the process vanish
//	subscribe NAME TOPIC...  subscribes anew
//	grow COUNT               gives orders that many partitions
//	fate API N WHAT          what becomes of the N-th request of that API: an
//	                         error, or lose (the answer)
//	coordinator BROKER       moves the coordinator, with what it knows
//	kick NAME                the coordinator drops the member
//	recreate                 deletes the topic and makes it anew
//	dump NAME                prints the consumer's state
//	expire                   the coordinator drops those that do not join
//	commit-fate N WHAT       what becomes of the N-th commit
//	write PARTITION VALUE... appends
//	pause NAME PARTITION, resume NAME PARTITION
//	sessions                 prints the brokers' fetch sessions
//	run DURATION, offsets, owners
func TestGroupStories(t *testing.T) {
	story.Play(t, "testdata/groups/*.story", func(t *testing.T, content string) string { return story.Twice(t, content, tellGroup) })
}

type groupStage struct {
	stage
	actors map[string]*actor
	names  []string
}

// actor is one application with its consumer.
type actor struct {
	stage    *groupStage
	name     string
	client   *Client
	consumer *Consumer
	busy     bool // the next records are much work
	working  bool
	holds    bool
	release  func()
}

func tellGroup(t *testing.T, script string) string {
	s := &groupStage{stage: stage{testWorld: newTestWorld(t, 2, "orders")}, actors: map[string]*actor{}}
	s.testWorld.mute[PointOffsetCommitted] = true
	for _, point := range []*host.Point{PointAssigned, PointRevoked, PointLost} {
		s.testWorld.mute[point] = true // the callbacks tell
	}
	s.grow(4)
	for line := range strings.Lines(script) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		s.act(words[0], words[1:])
	}
	return strings.Join(s.trace, "\n") + "\n"
}

func (s *groupStage) grow(partitions int) {
	for p := range int32(partitions) {
		name := kafka.TopicPartition{Topic: "orders", Partition: p}
		if s.cluster.logs[name] == nil {
			s.cluster.add(name, 1)
		}
	}
}

func (s *groupStage) act(command string, args []string) {
	group := s.cluster.members("billing")
	switch command {
	case "member":
		s.makeMember(args[0], args[1:])
	case "busy":
		s.actors[args[0]].busy = true
	case "poll":
		s.actors[args[0]].busy, s.actors[args[0]].working = false, false
		s.actors[args[0]].poll()
	case "leave-poll":
		s.actors[args[0]].working = true
		s.actors[args[0]].consumer.StopWaiting()
	case "hold":
		s.actors[args[0]].holds = true
	case "release":
		s.actors[args[0]].holds = false
		s.actors[args[0]].release()
	case "commit":
		a := s.actors[args[0]]
		at := kafka.TopicPartition{Topic: "orders", Partition: int32(s.number(args[1]))}
		a.consumer.Commit([]CommitOffset{{at, kafka.Offset(s.number(args[2])), 0}}, s.committed(a.name+": commit"))
	case "close":
		a := s.actors[args[0]]
		a.consumer.Close(func() { s.log("%s: closed", a.name) })
	case "forget":
		s.actors[args[0]].client.Close()
		delete(s.actors, args[0])
	case "subscribe":
		s.actors[args[0]].subscribe(args[1:])
	case "grow":
		s.grow(s.number(args[0]))
		for _, name := range s.names {
			a := s.actors[name]
			a.client.metadata.RequestUpdate()
			a.client.step()
		}
	case "fate":
		group.fate[args[0]+" "+args[1]] = args[2]
	case "coordinator":
		s.cluster.group("billing").coordinator = kafka.BrokerID(s.number(args[0]))
	case "kick":
		group.kick(s.actors[args[0]].consumer.group.member.id)
	case "recreate":
		s.cluster.incarnation["orders"]++
	case "dump":
		s.log("%s", strings.TrimSpace(s.actors[args[0]].consumer.Dump()))
	case "expire":
		group.expire()
	case "commit-fate":
		s.cluster.commitFate[s.number(args[0])] = args[1]
	case "write":
		s.cluster.logs[kafka.TopicPartition{Topic: "orders", Partition: int32(s.number(args[0]))}].write(args[1:]...)
	case "run":
		s.run(s.duration(args[0]))
	case "pause":
		s.actors[args[0]].consumer.Pause(kafka.TopicPartition{Topic: "orders", Partition: int32(s.number(args[1]))})
	case "resume":
		s.actors[args[0]].consumer.Resume(kafka.TopicPartition{Topic: "orders", Partition: int32(s.number(args[1]))})
	case "sessions":
		s.log("%s", s.cluster.describeSessions())
	case "offsets":
		s.log("committed: %v", s.cluster.group("billing"))
	case "owners":
		for _, name := range s.names {
			if a := s.actors[name]; a != nil {
				m := a.consumer.GroupMetadata()
				s.log("%s has %v, generation %d", name, numbers(a.consumer.Assignment()), m.Generation)
			}
		}
	default:
		s.t.Fatalf("unknown command %q", command)
	}
}

func (s *groupStage) makeMember(name string, args []string) {
	config := testConsumerConfig()
	config.GroupID = "billing"
	config.SessionTimeout, config.HeartbeatInterval, config.MaxPollInterval = 10*time.Second, 3*time.Second, 30*time.Second
	config.Assignors = []string{assignor.Range.Name}
	for _, arg := range args {
		key, value, _ := strings.Cut(arg, "=")
		switch key {
		case "assignor":
			config.Assignors = strings.Split(value, ",")
		case "protocol":
			require.Equal(s.t, "consumer", value)
			config.GroupProtocol = ConsumerProtocol
		case "instance":
			config.GroupInstanceID = value
		case "auto":
			config.AutoCommit, config.AutoCommitInterval = true, s.duration(value)
		case "max-poll":
			config.MaxPollInterval = s.duration(value)
		case "client":
			config.Profile = s.profile(value)
		case "stale-owned-claim":
			config.StaleOwnedClaim = true
		case "commit-before-process":
			config.CommitBeforeProcess = true
		default:
			s.t.Fatalf("unknown setting %q", key)
		}
	}
	a := &actor{stage: s, name: name}
	a.client = s.client(func(c *ClientConfig) { c.PurposePrefix, c.ID = name, name })
	a.consumer = NewConsumer(a.client, config, ConsumerEvents{
		Available: func() {
			if !a.working {
				a.poll()
			}
		},
		Moved: func(m Move) {
			s.log("%s: %d starts at %d (%s)", name, m.Partition.Partition, m.To,
				[...]string{"assigned", "seek", "reset", "truncated", "committed"}[m.Reason])
		},
		Failed:        func(p kafka.TopicPartition, err error) { s.log("%s: %v failed: %v", name, p, err) },
		AutoCommitted: func(_ int64, results []CommitResult) { s.committed(name + ": auto-commit")(results) },
		GroupFailed:   func(err error) { s.log("%s: group failed: %v", name, err) },
	})
	s.actors[name] = a
	s.names = append(s.names, name)
	a.subscribe([]string{"orders"})
	a.poll()
}

func numbers(names []kafka.TopicPartition) []int32 {
	list := []int32{}
	for _, name := range names {
		list = append(list, name.Partition)
	}
	return list
}

func (a *actor) subscribe(topics []string) {
	a.consumer.Subscribe(topics, RebalanceListener{
		Assigned: func(generation int32, added []kafka.TopicPartition) {
			a.stage.log("%s: assigned %v, generation %d", a.name, numbers(added), generation)
		},
		Revoked: func(revoked []kafka.TopicPartition, done func()) {
			a.stage.log("%s: asked to give back %v", a.name, numbers(revoked))
			if a.holds {
				a.release = done
				return
			}
			done()
		},
		Lost: func(lost []kafka.TopicPartition) { a.stage.log("%s: lost %v", a.name, numbers(lost)) },
	})
}

// poll goes on while there is something.
func (a *actor) poll() {
	for {
		chunks := a.consumer.Poll()
		for _, chunk := range chunks {
			var values []string
			for _, r := range chunk.Records {
				values = append(values, fmt.Sprintf("%d:%s", r.Offset, r.Value))
			}
			a.stage.log("%s: reads %d: %s", a.name, chunk.Partition.Partition, strings.Join(values, " "))
		}
		if a.working = a.busy && len(chunks) > 0; a.working || len(chunks) == 0 {
			return
		}
	}
}
