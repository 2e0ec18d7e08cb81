package broker

import (
	"math"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/replica"
	"assay/host"
	"assay/internal/kafka"
)

// fetchSession is what one reader reads: its partitions with their positions
// (KIP-227). One that is kept has an id and goes on from request to request,
// which name only what changed; one without an id lives for one fetch.
//
// What a fetch costs goes by what changed, not by the session's size. A
// partition that moves stirs its watchers; those are looked at, and are from
// then on either telling (they have something for the reader) or at rest. A
// partition at rest has nothing to say until it is stirred again.
type fetchSession struct {
	id    int32 // 0 for one that was never kept
	epoch int32 // that the next request must have
	byID  bool  // topics are named by id: Fetch version 13 and above
	kept  bool  // among Node.sessions
	held  *heldFetch

	// Who reads; the same in all requests of a session.
	replica     kafka.BrokerID // NoLeader for a consumer
	brokerEpoch kafka.BrokerEpoch
	committed   bool // read_committed

	partitions []*fetchPartition // of a full fetch in the request's order
	byKey      map[fetchKey]*fetchPartition
	places     uint64 // given so far
	watching   bool   // the partitions stir it

	stirred   []*fetchPartition // to be looked at
	telling   []*fetchPartition
	available int // bytes that the partitions have, as last looked at
	urgent    int // partitions whose answer does not wait
	clock     replica.FetchClock

	// What decides about its place among Node.sessions.
	createdAt, usedAt         host.Time
	size                      int // partitions when it was last used
	yields, yieldsToFollowers bool
}

// fetchKey is a partition as the reader names it: by topic id or by name.
type fetchKey struct {
	id        kafka.TopicID
	name      string
	partition int32
}

// fetchPartition is one partition of a session.
type fetchPartition struct {
	session  *fetchSession
	key      fetchKey
	topic    string  // its name, once it is known
	hosted   *hosted // nil where err is set
	err      error
	at       replica.FetchPosition
	maxBytes int

	index int    // in the session's partitions
	place uint64 // among those that have data: the lowest goes first
	// What the reader was last told; -1 for nothing.
	highWatermark, logStart kafka.Offset

	available      int
	urgent         bool
	stirred, tells bool // on the session's list of that name
}

// sessionOf finds or makes the session that a request is about and brings it to
// what the request says. Errors, of the request as a whole:
// FETCH_SESSION_ID_NOT_FOUND, INVALID_FETCH_SESSION_EPOCH,
// FETCH_SESSION_TOPIC_ID_ERROR.
func (n *Node) sessionOf(f *heldFetch, r *kmsg.FetchRequest, who fetchSession) (*fetchSession, error) {
	if r.Version < 7 || r.SessionEpoch <= 0 { // a full fetch: 0 asks for a session, -1 for none
		if r.Version >= 7 {
			n.sessions.close(n.sessions.find(r.SessionID))
		}
		f.full, f.keep = true, r.Version >= 7 && r.SessionEpoch == 0
		if f.keep {
			who.byKey = make(map[fetchKey]*fetchPartition, partitionsIn(r))
		}
		n.readPartitions(&who, r)
		return &who, nil
	}
	s := n.sessions.find(r.SessionID)
	switch {
	case s == nil:
		return nil, kerr.FetchSessionIDNotFound
	case s.epoch != r.SessionEpoch:
		return nil, kerr.InvalidFetchSessionEpoch
	case s.byID != who.byID:
		return nil, kerr.FetchSessionTopicIDError
	}
	s.epoch = nextSessionEpoch(s.epoch)
	expected := s.epoch
	if former := s.held; former != nil {
		// Its reader has gone on without the answer, over another connection.
		n.dropFetch(former)
		response := fetchError(kerr.InvalidFetchSessionEpoch)
		response.SessionID = s.id
		n.answer(former.exchange, response)
		if s.epoch != expected { // what waited behind it has overtaken this one
			return nil, kerr.InvalidFetchSessionEpoch
		}
	}
	s.readAs(&who)
	n.readPartitions(s, r)
	n.forgetPartitions(s, r)
	if len(s.partitions) == 0 {
		n.sessions.close(s)
		f.full = true
		return &who, nil
	}
	n.sessions.use(s, n.now)
	n.takeUp(s)
	return s, nil
}

// nextSessionEpoch goes round from the largest number to 1: 0 asks for a new
// session.
func nextSessionEpoch(epoch int32) int32 {
	if epoch == math.MaxInt32 {
		return 1
	}
	return epoch + 1
}

// readAs takes over who reads. Another incarnation or isolation makes all that
// is known of the partitions doubtful.
func (s *fetchSession) readAs(who *fetchSession) {
	if s.replica == who.replica && s.brokerEpoch == who.brokerEpoch && s.committed == who.committed {
		return
	}
	s.replica, s.brokerEpoch, s.committed = who.replica, who.brokerEpoch, who.committed
	for _, p := range s.partitions {
		p.at.Replica, p.at.BrokerEpoch = s.replica, s.brokerEpoch
		p.stir()
	}
}

// partitionsIn is how many partitions a request names.
func partitionsIn(r *kmsg.FetchRequest) (count int) {
	for i := range r.Topics {
		count += len(r.Topics[i].Partitions)
	}
	return count
}

// readPartitions takes the request's partitions over.
func (n *Node) readPartitions(s *fetchSession, r *kmsg.FetchRequest) {
	var fresh []fetchPartition
	if !s.kept {
		count := partitionsIn(r)
		fresh = make([]fetchPartition, count)
		s.partitions = make([]*fetchPartition, 0, count)
		s.stirred = make([]*fetchPartition, 0, count)
	}
	for i := range r.Topics {
		topic := &r.Topics[i]
		for j := range topic.Partitions {
			asked := &topic.Partitions[j]
			key := s.key(topic.Topic, topic.TopicID, asked.Partition)
			p := s.byKey[key]
			switch {
			case p != nil:
			case len(fresh) > 0:
				p, fresh = &fresh[0], fresh[1:]
				s.add(p, key)
			default:
				p = new(fetchPartition)
				s.add(p, key)
			}
			p.maxBytes = int(asked.PartitionMaxBytes)
			p.at = replica.FetchPosition{Replica: s.replica, BrokerEpoch: s.brokerEpoch,
				LeaderEpoch: kafka.LeaderEpoch(asked.CurrentLeaderEpoch), Offset: kafka.Offset(asked.FetchOffset), LogStart: kafka.Offset(asked.LogStartOffset),
				LastEpoch: kafka.LeaderEpoch(asked.LastFetchedEpoch)}
			if r.Version < 12 {
				p.at.LastEpoch = kafka.NoEpoch
			}
			if r.Version < 9 {
				p.at.LeaderEpoch = kafka.NoEpoch
			}
			p.stir()
		}
	}
}

func (s *fetchSession) key(name string, id kafka.TopicID, partition int32) fetchKey {
	if s.byID {
		name = ""
	}
	return fetchKey{id, name, partition}
}

func (s *fetchSession) add(p *fetchPartition, key fetchKey) {
	s.places++
	*p = fetchPartition{session: s, key: key, topic: key.name, index: len(s.partitions), place: s.places, highWatermark: -1, logStart: -1}
	s.partitions = append(s.partitions, p)
	if s.byKey != nil {
		s.byKey[key] = p
	}
}

// forgetPartitions takes out what the reader no longer reads. What a request both
// names and forgets is forgotten.
func (n *Node) forgetPartitions(s *fetchSession, r *kmsg.FetchRequest) {
	for i := range r.ForgottenTopics {
		topic := &r.ForgottenTopics[i]
		for _, partition := range topic.Partitions {
			if p := s.byKey[s.key(topic.Topic, topic.TopicID, partition)]; p != nil {
				s.forget(p)
			}
		}
	}
}

func (s *fetchSession) forget(p *fetchPartition) {
	p.ignore()
	p.unwatch()
	delete(s.byKey, p.key)
	last := s.partitions[len(s.partitions)-1]
	s.partitions[p.index], last.index = last, p.index
	s.partitions[len(s.partitions)-1] = nil
	s.partitions = s.partitions[:len(s.partitions)-1]
	isP := func(q *fetchPartition) bool { return q == p }
	if p.stirred {
		s.stirred = slices.DeleteFunc(s.stirred, isP)
	}
	if p.tells {
		s.telling = slices.DeleteFunc(s.telling, isP)
	}
}

// ignore takes out of the session's sums what the partition had.
func (p *fetchPartition) ignore() {
	p.session.available -= p.available
	if p.urgent {
		p.session.urgent--
	}
	p.available, p.urgent = 0, false
}

// stir says that the partition has to be looked at.
func (p *fetchPartition) stir() {
	if !p.stirred {
		p.stirred = true
		p.session.stirred = append(p.session.stirred, p)
	}
}

// watch lets partitions stir the session from now on.
func (s *fetchSession) watch() {
	if s.watching {
		return
	}
	s.watching = true
	for _, p := range s.partitions {
		if p.hosted != nil {
			p.hosted.watchers = append(p.hosted.watchers, p)
		}
	}
}

func (s *fetchSession) unwatch() {
	if !s.watching {
		return
	}
	for _, p := range s.partitions {
		p.unwatch()
	}
	s.watching = false
}

func (p *fetchPartition) unwatch() {
	if p.hosted == nil || !p.session.watching {
		return
	}
	p.hosted.watchers = slices.DeleteFunc(p.hosted.watchers, func(q *fetchPartition) bool { return q == p })
	p.hosted.FollowerStirs(p.session.replica, &p.session.clock)
}

// resolve finds the partition that is meant, again where it was not here or is
// not any more.
func (n *Node) resolve(p *fetchPartition) {
	if p.hosted != nil && p.hosted.Role() != replica.Offline {
		return
	}
	p.unwatch()
	p.hosted = nil
	topic, err := n.topicNamed(p.session.byID, p.key.name, p.key.id)
	if err == nil {
		p.topic = topic.name
		p.hosted, err = n.hostedPartition(topic, p.key.partition)
	} else if p.session.byID && p.topic != "" {
		// The session knows it by a name, which may be another topic's by now.
		if err = kerr.UnknownTopicOrPartition; n.image.Topic(p.topic) != nil {
			err = kerr.InconsistentTopicID
		}
	}
	p.err = err
	if p.hosted != nil && p.session.watching {
		p.hosted.watchers = append(p.hosted.watchers, p)
	}
}

// keepSession makes a session of a full fetch that is just answered, if there is
// room.
func (n *Node) keepSession(s *fetchSession) {
	if !n.sessions.admit(s, n.now) {
		return
	}
	s.epoch = 1
	s.watch()
	n.takeUp(s)
	for _, p := range s.partitions {
		p.stir() // what moved meanwhile did not
	}
}

// takeUp has all that was telling looked at again: the reader has had it, and may
// be elsewhere now.
func (n *Node) takeUp(s *fetchSession) {
	for _, p := range s.telling {
		p.tells = false
		p.stir()
	}
	s.telling = s.telling[:0]
}

// tell notes what the reader is told and reports whether it is news: records, a
// bound that moved, an error. After an error or a divergence the next answer is
// news in any case.
func (p *fetchPartition) tell(out *kmsg.FetchResponseTopicPartition) bool {
	highWatermark, logStart := kafka.Offset(out.HighWatermark), kafka.Offset(out.LogStartOffset)
	wrong := out.ErrorCode != 0 || out.DivergingEpoch.EndOffset >= 0
	news := len(out.RecordBatches) > 0 || wrong || highWatermark != p.highWatermark || logStart != p.logStart
	if wrong {
		highWatermark = -1
	}
	p.highWatermark, p.logStart = highWatermark, logStart
	if len(out.RecordBatches) > 0 {
		p.session.places++
		p.place = p.session.places
	}
	return news
}

func (p *fetchPartition) sameTopic(other *fetchPartition) bool {
	return p.key.id == other.key.id && p.key.name == other.key.name
}

// readerChanged doubts what sessions of a broker know: its registration decides
// whether its fetches count.
func (n *Node) readerChanged(id kafka.BrokerID) {
	for i := range n.sessions.shards {
		for _, s := range n.sessions.shards[i] {
			if s.replica != id {
				continue
			}
			for _, p := range s.partitions {
				p.stir()
			}
		}
	}
}
