package clients

import (
	"math"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/internal/kafka"
)

// fetchSession is what a consumer fetches from one broker, and the fetch session
// there (KIP-227). The clients differ:
//
//   - Kafka's asks for a session with each full fetch, and closes the former one
//     with it unless the broker does not know it (FetchSessionHandler).
//   - librdkafka has none: each request names all its partitions
//     (rd_kafka_broker_fetch_toppars in src/rdkafka_fetcher.c).
//   - franz-go gives sessions up for good where the broker grants none
//     (fetchSession.kill in pkg/kgo/source.go).
type fetchSession struct {
	broker    kafka.BrokerID
	id, epoch int32 // epoch 0: the next fetch names everything and asks for a session
	without   bool  // of a client that has no sessions, or has given up
	underWay  bool

	wanting, buffered int // partitions to be fetched; those with data to be polled first
	changed           []*consumerPartition
	asked             map[fetchKey]*consumerPartition
	forgotten         []fetchKey
}

// fetchKey is a partition as a request names it, by id from version 13 on.
type fetchKey struct {
	id        kafka.TopicID
	name      string
	partition int32
}

// fetchPlace is where a partition stands with the fetches.
type fetchPlace struct {
	consumer        *Consumer     // nil while it is not assigned
	stirred         bool          // on the consumer's list of that name
	session         *fetchSession // of its leader, nil for none
	wants, buffered bool          // counted there
	listed          *fetchSession // among whose changed ones it is
	ready           bool          // on the consumer's list of that name

	asked *fetchSession // whose requests cover it, nil for none
	key   fetchKey
	at    fetchedFrom

	// told is the high watermark that the broker told last in this session,
	// NoOffset for none. Of an answer that was thrown away, too.
	told kafka.Offset
}

// fetchedFrom is what a request says of a partition, and what its answer belongs
// to.
type fetchedFrom struct {
	generation             int
	offset                 kafka.Offset
	leaderEpoch, lastEpoch kafka.LeaderEpoch
}

func (p *consumerPartition) fetchFrom() fetchedFrom {
	return fetchedFrom{p.generation, p.position, p.leaderEpoch, p.positionEpoch}
}

// stir says that the next step has to look at the partition.
func (p *consumerPartition) stir() {
	if c := p.fetches.consumer; c != nil && !p.fetches.stirred {
		p.fetches.stirred = true
		c.stirred = append(c.stirred, p)
	}
}

// session returns the consumer's session with a broker.
func (c *Consumer) session(broker kafka.BrokerID) *fetchSession {
	for _, s := range c.sessions {
		if s.broker == broker {
			return s
		}
	}
	s := &fetchSession{broker: broker, without: c.config.Profile == ProfileRdKafka, asked: map[fetchKey]*consumerPartition{}}
	c.sessions = append(c.sessions, s)
	return s
}

// place brings a partition to its leader's session, as something to fetch, or as
// something to be polled before anything else is fetched there.
func (p *consumerPartition) place(s *fetchSession, wants bool) {
	f := &p.fetches
	f.uncount()
	f.session, f.wants, f.buffered = s, wants, s != nil && p.hasData() && !p.paused
	if f.wants {
		s.wanting++
	}
	if f.buffered {
		s.buffered++
	}
	if f.asked != nil && (!wants || f.asked != s) {
		f.asked.forget(p)
	}
	if wants && f.listed != s && (f.asked != s || f.at != p.fetchFrom()) {
		f.listed = s
		s.changed = append(s.changed, p)
	}
}

func (f *fetchPlace) uncount() {
	if f.wants {
		f.session.wanting--
	}
	if f.buffered {
		f.session.buffered--
	}
	f.wants, f.buffered = false, false
}

// forget takes a partition out of the session, with the next request.
func (s *fetchSession) forget(p *consumerPartition) {
	s.forgotten = append(s.forgotten, p.fetches.key)
	delete(s.asked, p.fetches.key)
	p.fetches.asked = nil
}

// ask notes that the request at hand names a partition.
func (s *fetchSession) ask(p *consumerPartition, key fetchKey) {
	if p.fetches.asked != nil && p.fetches.key != key {
		p.fetches.asked.forget(p) // the topic is another one
	}
	if p.fetches.asked != s {
		p.fetches.told = kafka.NoOffset
	}
	p.fetches.asked, p.fetches.key, p.fetches.at = s, key, p.fetchFrom()
	s.asked[key] = p
}

// renew makes the next fetch a full one.
func (s *fetchSession) renew(c *Consumer) {
	s.epoch, s.forgotten = 0, nil
	clear(s.asked)
	for _, p := range c.partitions {
		if p.fetches.asked == s {
			p.fetches.asked = nil
			p.stir()
		}
	}
}

// nameForgotten tells the broker what is no longer asked for. What the same
// request names again is: the broker would forget it.
func (s *fetchSession) nameForgotten(body *kmsg.FetchRequest) {
	for _, key := range s.forgotten {
		if body.SessionEpoch <= 0 || s.asked[key] != nil {
			continue
		}
		last := len(body.ForgottenTopics) - 1
		if last < 0 || body.ForgottenTopics[last].TopicID != key.id || body.ForgottenTopics[last].Topic != key.name {
			topic := kmsg.NewFetchRequestForgottenTopic()
			topic.Topic, topic.TopicID = key.name, key.id
			body.ForgottenTopics = append(body.ForgottenTopics, topic)
			last++
		}
		topic := &body.ForgottenTopics[last]
		topic.Partitions = append(topic.Partitions, key.partition)
	}
	s.forgotten = s.forgotten[:0]
}

// answered goes on with the session that an answer without error names.
func (s *fetchSession) answered(c *Consumer, id int32) {
	switch {
	case s.without:
		s.renew(c)
	case id == 0:
		s.id, s.without = 0, c.config.Profile == ProfileFranzGo
		s.renew(c)
	case s.epoch == 0:
		s.id, s.epoch = id, 1
	case s.epoch == math.MaxInt32:
		s.epoch = 1
	default:
		s.epoch++
	}
}

// failed renews the session after an error, and reports whether the session alone
// was wrong: then the partitions are asked for again at once.
func (s *fetchSession) failed(c *Consumer, code int16) (sessionOnly bool) {
	ongoing := s.epoch > 0
	if code == kerr.FetchSessionIDNotFound.Code {
		if s.without = s.without || c.config.Profile == ProfileFranzGo && !ongoing; s.without || c.config.Profile == ProfileJava {
			s.id = 0
		}
	}
	s.renew(c)
	switch code {
	case kerr.FetchSessionTopicIDError.Code:
		c.client.metadata.RequestUpdate()
		return ongoing
	case kerr.FetchSessionIDNotFound.Code, kerr.InvalidFetchSessionEpoch.Code:
		return ongoing
	}
	return false
}
