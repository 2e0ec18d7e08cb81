package clients

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
	"assay/internal/kafka"
)

// fakeSession is a fetch session of a correct broker, as simple as can be: all
// partitions are looked at each time.
type fakeSession struct {
	id, epoch  int32
	partitions []*sessionPartition
}

// sessionPartition is what was last asked about a partition, and answered.
type sessionPartition struct {
	name          string // of the topic
	key           fetchKey
	asked         kmsg.FetchRequestTopicPartition
	highWatermark int64
}

// fetchSession finds, makes or closes the session of a request and takes over
// what the request says.
func (b *fakeBroker) fetchSession(r *kmsg.FetchRequest) (*fakeSession, *kerr.Error) {
	c := b.cluster
	at := slices.IndexFunc(b.sessions, func(s *fakeSession) bool { return s.id == r.SessionID })
	if r.Version < 7 || r.SessionEpoch <= 0 {
		if at >= 0 {
			b.sessions = slices.Delete(b.sessions, at, at+1)
		}
		s := new(fakeSession)
		if r.Version >= 7 && r.SessionEpoch == 0 {
			c.nextSession++
			s.id = c.nextSession
			b.sessions = append(b.sessions, s)
		}
		s.take(r)
		return s, nil
	}
	if at < 0 {
		return nil, kerr.FetchSessionIDNotFound
	}
	s := b.sessions[at]
	if s.epoch+1 != r.SessionEpoch {
		return nil, kerr.InvalidFetchSessionEpoch
	}
	s.epoch++
	s.take(r)
	return s, nil
}

func (s *fakeSession) take(r *kmsg.FetchRequest) {
	for i := range r.Topics {
		t := &r.Topics[i]
		for _, asked := range t.Partitions {
			key := fetchKey{t.TopicID, t.Topic, asked.Partition}
			at := slices.IndexFunc(s.partitions, func(p *sessionPartition) bool { return p.key == key })
			if at < 0 {
				p := &sessionPartition{name: t.Topic, key: key, highWatermark: -1}
				if r.Version >= 13 {
					p.name = topicOfID(t.TopicID)
				}
				at, s.partitions = len(s.partitions), append(s.partitions, p)
			}
			s.partitions[at].asked = asked
		}
	}
	for _, t := range r.ForgottenTopics {
		for _, partition := range t.Partitions {
			key := fetchKey{t.TopicID, t.Topic, partition}
			s.partitions = slices.DeleteFunc(s.partitions, func(p *sessionPartition) bool { return p.key == key })
		}
	}
}

func (b *fakeBroker) fetch(conn host.Conn, r *kmsg.FetchRequest, reply func(kmsg.Response)) {
	s, err := b.fetchSession(r)
	if err != nil {
		answer := kmsg.NewPtrFetchResponse()
		answer.ErrorCode = err.Code
		reply(answer)
		return
	}
	b.answerFetch(conn, r, s, reply, 0)
}

// answerFetch answers when there is something, or the time is over.
func (b *fakeBroker) answerFetch(conn host.Conn, r *kmsg.FetchRequest, s *fakeSession, reply func(kmsg.Response), waited host.Time) {
	answer := kmsg.NewPtrFetchResponse()
	answer.SessionID = s.id
	anything := len(s.partitions) == 0
	for _, p := range s.partitions {
		part := b.fetchPartition(p.name, &p.asked)
		if l := b.cluster.logs[kafka.TopicPartition{Topic: p.name, Partition: part.Partition}]; r.IsolationLevel == 1 && part.RecordBatches != nil {
			l.limit(&part, p.asked.FetchOffset)
		}
		urgent := part.ErrorCode != 0 || len(part.RecordBatches) > 0 || part.DivergingEpoch.EndOffset >= 0
		anything = anything || urgent
		if r.SessionEpoch > 0 && !urgent && part.HighWatermark == p.highWatermark {
			continue
		}
		if last := len(answer.Topics) - 1; last < 0 || answer.Topics[last].Topic != p.key.name || answer.Topics[last].TopicID != p.key.id {
			topic := kmsg.NewFetchResponseTopic()
			topic.Topic, topic.TopicID = p.key.name, p.key.id
			answer.Topics = append(answer.Topics, topic)
		}
		topic := &answer.Topics[len(answer.Topics)-1]
		topic.Partitions = append(topic.Partitions, part)
	}
	if !anything && waited < host.Time(r.MaxWaitMillis)*host.Time(time.Millisecond) {
		step := 10 * host.Time(time.Millisecond)
		b.cluster.world.later(step, func() {
			if b.cluster.world.dialled[conn] == b {
				b.answerFetch(conn, r, s, reply, waited+step)
			}
		})
		return
	}
	for i := range answer.Topics {
		for j := range answer.Topics[i].Partitions {
			part, key := &answer.Topics[i].Partitions[j], fetchKey{answer.Topics[i].TopicID, answer.Topics[i].Topic, answer.Topics[i].Partitions[j].Partition}
			for _, p := range s.partitions {
				if p.key == key {
					p.highWatermark = part.HighWatermark
				}
			}
		}
	}
	reply(answer)
}

// sessions counts those that brokers keep.
func (c *fakeCluster) sessions() (count int) {
	for _, b := range c.brokers {
		count += len(b.sessions)
	}
	return count
}

// describeSessions says what brokers would send to whom.
func (c *fakeCluster) describeSessions() string {
	var lines []string
	for _, b := range c.brokers {
		for _, s := range b.sessions {
			line := fmt.Sprintf("broker %d: session %d:", b.id, s.id)
			for _, p := range s.partitions {
				line += fmt.Sprintf(" %s-%d from %d", p.name, p.key.partition, p.asked.FetchOffset)
			}
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n            ")
}
