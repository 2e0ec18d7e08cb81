package controller

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/metadata"
	"assay/host"
	"assay/internal/kafka"
	"assay/internal/story"
)

// TestStories plays the protocol stories of testdata/stories on the deciding
// core alone.
func TestStories(t *testing.T) {
	story.Play(t, "testdata/stories/*.txt", func(_ *testing.T, content string) string {
		s := newStage()
		return story.Blocks(content, s.command)
	})
}

// stage is a controller's core whose decisions are committed at once.
type stage struct {
	config   Config
	sessions *sessions
	random   randomness
	image    *metadata.Image
	now      host.Time
}

func newStage() *stage {
	stream := rand.New(rand.NewPCG(1, 2))
	s := &stage{config: Config{ClusterID: "test", Settings: DefaultSettings()}, image: metadata.Empty(), random: randomness{stream, stream}}
	s.config.ValidateTopicConfig = func(config map[string]string) error {
		for key := range config {
			if key != "unclean.leader.election.enable" && key != "min.insync.replicas" {
				return fmt.Errorf("unknown topic config name: %s", key)
			}
		}
		return nil
	}
	s.sessions = newSessions(s.config.Settings.SessionTimeout)
	return s
}

// arguments are a command's words: names by position, the rest as key=value.
type arguments struct {
	words []string
	named map[string]string
}

func (a arguments) number(key string, otherwise int64) int64 {
	if text, ok := a.named[key]; ok {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			panic(err)
		}
		return n
	}
	return otherwise
}

func (a arguments) id(i int) int32 {
	n, err := strconv.Atoi(strings.TrimPrefix(a.words[i], "b"))
	if err != nil {
		panic(err)
	}
	return int32(n)
}

func (a arguments) ids(key string) (ids []int32) {
	for text := range strings.SplitSeq(a.named[key], ",") {
		n, err := strconv.Atoi(text)
		if err != nil {
			panic(err)
		}
		ids = append(ids, int32(n))
	}
	return ids
}

func partitionName(name string) kafka.TopicPartition {
	topic, number, _ := strings.Cut(name, "/")
	n, err := strconv.Atoi(number)
	if err != nil {
		panic(err)
	}
	return kafka.TopicPartition{Topic: topic, Partition: int32(n)}
}

func (s *stage) command(fields []string) string {
	a := arguments{named: map[string]string{}}
	for _, field := range fields[1:] {
		if key, value, ok := strings.Cut(field, "="); ok {
			a.named[key] = value
		} else {
			a.words = append(a.words, field)
		}
	}
	switch fields[0] {
	case "flaw":
		s.config.Flaws = Flaws{
			BounceFencing: a.words[0] == "bounce-fencing", StaleAlterPartition: a.words[0] == "stale-alterpartition",
			LastReplicaStanding: a.words[0] == "last-replica-standing",
		}
		return ""
	case "unclean":
		s.config.Settings.UncleanElection = a.words[0] == "on"
		return ""
	case "state":
		return describe(s.image)
	case "wait":
		d, err := time.ParseDuration(a.words[0])
		if err != nil {
			panic(err)
		}
		s.now = s.now.Add(d)
		return s.decide((*decision).expireSessions, nil)
	case "min-isr":
		s.config.Settings.MinInSyncReplicas = int(a.id(0))
		return ""
	case "rebalance":
		return s.decide((*decision).rebalance, nil)
	case "move":
		return s.decide(nil, func(d *decision) string {
			return kafkaName(errorCode(d.moveLeader(partitionName(a.words[0]), kafka.BrokerID(a.id(1)))))
		})
	}
	request := s.request(fields[0], a)
	return s.decide(nil, func(d *decision) string { return summary(d.answer(request)) })
}

// decide commits what is decided, and tells the answer and what changed.
func (s *stage) decide(silent func(*decision), answering func(*decision) string) string {
	d := newDecision(&s.config, s.sessions, s.random, s.image, 1, s.now)
	out := ""
	if answering != nil {
		out = answering(d) + "\n"
	} else {
		silent(d)
	}
	before := s.image
	if len(d.records) > 0 {
		s.image, _ = s.image.Apply(d.offset, d.epoch, d.records)
	}
	delta := metadata.Difference(before, s.image)
	for line := range strings.Lines(describe(s.image)) {
		name := strings.Fields(line)
		for _, id := range delta.Brokers {
			if name[0] == "broker" && name[1] == fmt.Sprint(id) {
				out += "  " + line
			}
		}
		for _, key := range delta.Partitions {
			if name[0] == key.TopicPartition().String() {
				out += "  " + line
			}
		}
	}
	for _, key := range delta.DeletedTopics {
		out += "  deleted " + key.Name + "\n"
	}
	return out
}

func (s *stage) brokerEpoch(id int32) int64 {
	if b := s.image.Broker(kafka.BrokerID(id)); b != nil {
		return int64(b.Epoch)
	}
	return -1
}

func (s *stage) request(name string, a arguments) kmsg.Request {
	switch name {
	case "register":
		r := registration(kafka.BrokerID(a.id(0)), metadata.IncarnationID{0: byte(a.number("incarnation", 1))})
		if _, clean := a.named["previous"]; clean {
			r.PreviousBrokerEpoch = a.number("previous", -1)
		}
		return r
	case "heartbeat":
		epoch := a.number("epoch", s.brokerEpoch(a.id(0)))
		r := heartbeat(kafka.BrokerID(a.id(0)), kafka.BrokerEpoch(epoch), kafka.Offset(a.number("at", int64(s.image.Offset()))))
		r.WantFence, r.WantShutdown = slices.Contains(a.words, "want-fence"), slices.Contains(a.words, "want-shutdown")
		return r
	case "alter":
		return s.alterRequest(a)
	case "ids":
		r := kmsg.NewPtrAllocateProducerIDsRequest()
		r.BrokerID, r.BrokerEpoch = a.id(0), a.number("epoch", s.brokerEpoch(a.id(0)))
		return r
	case "create":
		return createRequest(a)
	case "delete":
		r := kmsg.NewPtrDeleteTopicsRequest()
		r.Version = 6
		topic := kmsg.NewDeleteTopicsRequestTopic()
		topic.Topic = kmsg.StringPtr(a.words[0])
		r.Topics = append(r.Topics, topic)
		return r
	case "elect":
		r := kmsg.NewPtrElectLeadersRequest()
		r.Version = 2
		if a.words[0] == "unclean" {
			r.ElectionType = 1
		}
		if len(a.words) > 1 {
			tp := partitionName(a.words[1])
			topic := kmsg.NewElectLeadersRequestTopic()
			topic.Topic, topic.Partitions = tp.Topic, []int32{tp.Partition}
			r.Topics = append(r.Topics, topic)
		}
		return r
	}
	panic("no such command: " + name)
}

// alterRequest proposes by default what the leader would: its epochs, and the
// members' present broker epochs. `stale=2` names a member by an older epoch.
func (s *stage) alterRequest(a arguments) kmsg.Request {
	id, tp := a.id(0), partitionName(a.words[1])
	r := kmsg.NewPtrAlterPartitionRequest()
	r.Version = 3
	r.BrokerID, r.BrokerEpoch = id, a.number("epoch", s.brokerEpoch(id))
	asked := kmsg.NewAlterPartitionRequestTopicPartition()
	asked.Partition = tp.Partition
	if p := s.image.Partition(tp); p != nil {
		asked.LeaderEpoch, asked.PartitionEpoch = int32(p.LeaderEpoch), int32(p.PartitionEpoch)
	}
	asked.LeaderEpoch = int32(a.number("leader-epoch", int64(asked.LeaderEpoch)))
	asked.PartitionEpoch = int32(a.number("partition-epoch", int64(asked.PartitionEpoch)))
	for _, member := range a.ids("isr") {
		m := kmsg.NewAlterPartitionRequestTopicPartitionNewEpochISR()
		m.BrokerID, m.BrokerEpoch = member, s.brokerEpoch(member)
		if int64(member) == a.number("stale", -1) {
			m.BrokerEpoch--
		}
		asked.NewEpochISR = append(asked.NewEpochISR, m)
	}
	topic := kmsg.NewAlterPartitionRequestTopic()
	if t := s.image.Topic(tp.Topic); t != nil {
		topic.TopicID = t.ID
	}
	topic.Partitions = append(topic.Partitions, asked)
	r.Topics = append(r.Topics, topic)
	return r
}

func createRequest(a arguments) kmsg.Request {
	r := kmsg.NewPtrCreateTopicsRequest()
	r.Version = 7
	for _, name := range a.words {
		topic := kmsg.NewCreateTopicsRequestTopic()
		topic.Topic = strings.ReplaceAll(name, "~", " ")
		topic.NumPartitions, topic.ReplicationFactor = int32(a.number("partitions", -1)), int16(a.number("replicas", -1))
		if _, manual := a.named["on"]; manual {
			assignment := kmsg.NewCreateTopicsRequestTopicReplicaAssignment()
			assignment.Replicas = a.ids("on")
			topic.ReplicaAssignment = append(topic.ReplicaAssignment, assignment)
		}
		if config, ok := a.named["config"]; ok {
			key, value, _ := strings.Cut(config, ":")
			c := kmsg.NewCreateTopicsRequestTopicConfig()
			c.Name, c.Value = key, kmsg.StringPtr(value)
			topic.Configs = append(topic.Configs, c)
		}
		r.Topics = append(r.Topics, topic)
	}
	return r
}

// kafkaName is Kafka's name of an error code.
func kafkaName(code int16) string {
	if code == 0 {
		return "ok"
	}
	return kerr.ErrorForCode(code).(*kerr.Error).Message
}

func summary(response kmsg.Response) string {
	switch r := response.(type) {
	case *kmsg.BrokerRegistrationResponse:
		return fmt.Sprintf("%s epoch=%d", kafkaName(r.ErrorCode), r.BrokerEpoch)
	case *kmsg.BrokerHeartbeatResponse:
		return fmt.Sprintf("%s caught-up=%t fenced=%t shut-down=%t", kafkaName(r.ErrorCode), r.IsCaughtUp, r.IsFenced, r.ShouldShutdown)
	case *kmsg.AllocateProducerIDsResponse:
		return fmt.Sprintf("%s %d+%d", kafkaName(r.ErrorCode), r.ProducerIDStart, r.ProducerIDLen)
	case *kmsg.AlterPartitionResponse:
		if r.ErrorCode != 0 {
			return kafkaName(r.ErrorCode)
		}
		p := r.Topics[0].Partitions[0]
		if p.ErrorCode != 0 {
			return kafkaName(p.ErrorCode)
		}
		return fmt.Sprintf("ok leader=%d epoch=%d isr=%v partition-epoch=%d", p.LeaderID, p.LeaderEpoch, p.ISR, p.PartitionEpoch)
	case *kmsg.CreateTopicsResponse:
		var lines []string
		for _, topic := range r.Topics {
			line := fmt.Sprintf("%s partitions=%d replicas=%d", kafkaName(topic.ErrorCode), topic.NumPartitions, topic.ReplicationFactor)
			if topic.ErrorMessage != nil {
				line = fmt.Sprintf("%s: %.100s", kafkaName(topic.ErrorCode), *topic.ErrorMessage)
			}
			lines = append(lines, line)
		}
		return strings.Join(lines, "\n")
	case *kmsg.DeleteTopicsResponse:
		return kafkaName(r.Topics[0].ErrorCode)
	case *kmsg.ElectLeadersResponse:
		answers := []string{kafkaName(r.ErrorCode)}
		for _, topic := range r.Topics {
			for _, p := range topic.Partitions {
				answers = append(answers, fmt.Sprintf("%s-%d %s", topic.Topic, p.Partition, kafkaName(p.ErrorCode)))
			}
		}
		return strings.Join(answers, ", ")
	}
	return fmt.Sprintf("%T", response)
}
