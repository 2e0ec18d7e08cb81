package group

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"

	"assay/host"
	"assay/internal/kafka"
	"assay/internal/story"
)

// TestStories plays the protocol stories of testdata on one coordinator.
//
//	commit g t/0=5 [t/1=6,epoch=2,metadata=x] [generation=3] [member=m] [version=8] [retention=60000]
//	replicated              what was decided so far is committed, and applied
//	fetch g t/0 [id=2]      one offset; without a partition all of the group
//	delete g t/0            OffsetDelete
//	topic-deleted t
//	failover                another coordinator replays the log, as it is encoded
func TestStories(t *testing.T) {
	story.Play(t, "testdata/*.txt", func(_ *testing.T, content string) string {
		s := &stage{coordinator: New(Settings{MaxMetadataLength: 4})}
		return story.Blocks(content, func(words []string) string {
			s.out.Reset()
			s.run(words)
			return s.out.String()
		})
	})
}

// stage is a coordinator with the log that its records go to.
type stage struct {
	out         strings.Builder
	coordinator *Coordinator
	log         []encoded
	decided     []Record
	now         host.WallTime
}

type encoded struct{ key, value []byte }

func (s *stage) say(format string, args ...any) { fmt.Fprintf(&s.out, format+"\n", args...) }

func (s *stage) run(words []string) {
	var plain []string
	named := map[string]int64{"generation": -1, "version": 8, "retention": NoExpiry, "id": 0}
	member := ""
	for _, word := range words[1:] {
		key, value, _ := strings.Cut(word, "=")
		if _, known := named[key]; known {
			named[key] = number(value)
		} else if key == "member" {
			member = value
		} else {
			plain = append(plain, word)
		}
	}
	switch words[0] {
	case "commit":
		s.now += 1e9
		c := &Commit{Group: plain[0], Member: MemberID(member), Generation: GenerationID(named["generation"]), Version: int16(named["version"]), Retention: named["retention"]}
		for _, text := range plain[1:] {
			c.Offsets = append(c.Offsets, commitOffset(text, byte(named["id"])))
		}
		records, err := s.coordinator.Commit(s.now, c)
		s.decide(records, err)
	case "replicated":
		for _, r := range s.decided {
			s.coordinator.Committed(kafka.NoProducerID, r)
		}
		s.decided = nil
		s.say("%d groups, %d offsets", s.coordinator.Groups(), s.coordinator.Offsets())
	case "fetch":
		partitions := s.coordinator.Partitions(plain[0])
		if len(plain) > 1 {
			partitions = []kafka.TopicPartition{partition(plain[1])}
		}
		for _, p := range partitions {
			s.fetch(plain[0], p, kafka.TopicID{byte(named["id"])})
		}
	case "delete":
		var partitions []kafka.TopicPartition
		for _, text := range plain[1:] {
			partitions = append(partitions, partition(text))
		}
		s.decide(s.coordinator.Delete(plain[0], partitions))
	case "topic-deleted":
		s.decide(s.coordinator.TopicDeleted(plain[0]), nil)
	case "failover":
		s.coordinator = New(s.coordinator.settings)
		d := New(Settings{})
		for _, e := range s.log {
			r, err := d.Decode(e.key, e.value)
			if err != nil {
				panic(err)
			}
			s.coordinator.Committed(kafka.NoProducerID, r)
		}
		s.decided = nil
		s.say("replayed %d records: %d groups, %d offsets", len(s.log), s.coordinator.Groups(), s.coordinator.Offsets())
	default:
		panic("no command " + words[0])
	}
}

// decide appends what was decided to the log, and tells it.
func (s *stage) decide(records []*OffsetRecord, err error) {
	if err != nil {
		s.say("%s", err.(*kerr.Error).Message)
	}
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
		s.log = append(s.log, encoded{key, value})
		s.decided = append(s.decided, r)
		s.say("%s %v %s", r.Group, r.Partition, describe(&r.Committed, r.Deleted))
	}
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

func (s *stage) fetch(group string, p kafka.TopicPartition, id kafka.TopicID) {
	o, ok := s.coordinator.Fetch(group, p, id)
	if !ok {
		s.say("%v nothing", p)
		return
	}
	s.say("%v %s", p, describe(&o, false))
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
