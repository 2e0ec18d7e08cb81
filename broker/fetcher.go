package broker

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/metadata"
	"assay/broker/replica"
	"assay/host"
	"assay/internal/kafka"
)

// replicaFetchVersion is the Fetch version between brokers: topics by id and
// broker epochs (KIP-903).
const replicaFetchVersion = 17

// fetcher copies all partitions that this broker follows from one leader, with
// one request in flight for all of them. The requests go on in a fetch session of
// the leader's (KIP-227): after the first they name what moved or came, and
// forget what went. What goes wrong with the session begins a new one.
type fetcher struct {
	node        *Node
	leader      kafka.BrokerID
	leaderEpoch kafka.BrokerEpoch // the leader's incarnation that the connection is to
	channel     channel
	partitions  []*hosted // sorted by topic id and partition
	stirred     []*hosted // those of them that the next request may have to name
	forgotten   []metadata.PartitionKey
	session     int32 // 0 for none
	epoch       int32 // of the session: 0 for a full fetch
	retry       timer
}

// following is what a fetcher knows of one of its partitions.
type following struct {
	fetcher *fetcher              // nil for none
	retryAt host.Time             // no fetch before
	stirred bool                  // on the fetcher's list
	asked   bool                  // part of the session, or of the full fetch in flight
	at      replica.FetchPosition // where the leader was last asked
}

// assignFetcher brings a partition to the fetcher of its present leader, or to
// none. It is called by settle after every change.
func (n *Node) assignFetcher(h *hosted) {
	var want *fetcher
	if s := h.State(); h.Role() == replica.Following && s.Leader != kafka.NoLeader {
		want = n.fetcherOf(s.Leader)
	}
	if former := h.fetcher; former != want {
		if former != nil {
			former.remove(h)
		}
		if want != nil {
			want.add(h)
		}
		if former != nil {
			former.fetch() // h may have kept it from going on
		}
	}
	if want != nil {
		want.stir(h)
		want.fetch()
	}
}

func (n *Node) fetcherOf(leader kafka.BrokerID) *fetcher {
	f := n.fetchers[leader]
	if f == nil {
		f = &fetcher{node: n, leader: leader, channel: channel{node: n}}
		n.fetchers[leader] = f
	}
	return f
}

func (f *fetcher) add(h *hosted) {
	h.following = following{fetcher: f, retryAt: h.retryAt}
	at, _ := slices.BinarySearchFunc(f.partitions, h, compareByID)
	f.partitions = slices.Insert(f.partitions, at, h)
}

func (f *fetcher) remove(h *hosted) {
	if at, found := slices.BinarySearchFunc(f.partitions, h, compareByID); found {
		f.partitions = slices.Delete(f.partitions, at, at+1)
	}
	if h.stirred {
		f.stirred = slices.DeleteFunc(f.stirred, func(g *hosted) bool { return g == h })
	}
	f.forget(h)
	h.following = following{retryAt: h.retryAt}
}

// stir has the next request look at a partition.
func (f *fetcher) stir(h *hosted) {
	if !h.stirred {
		h.stirred = true
		f.stirred = append(f.stirred, h)
	}
}

// forget takes a partition out of the session, with the next request.
func (f *fetcher) forget(h *hosted) {
	if h.asked {
		h.asked = false
		f.forgotten = append(f.forgotten, h.key)
	}
}

// renew begins with a full fetch again.
func (f *fetcher) renew(session int32) {
	f.session, f.epoch, f.forgotten = session, 0, nil
	for _, h := range f.partitions {
		h.asked = false
		f.stir(h)
	}
}

func compareByID(a, b *hosted) int {
	if a.key.TopicID == b.key.TopicID { // as mostly
		return int(a.key.Partition) - int(b.key.Partition)
	}
	return slices.Compare(a.key.TopicID[:], b.key.TopicID[:])
}

// leaderChanged drops a connection to a former incarnation of the leader.
func (f *fetcher) leaderChanged(b *metadata.Broker) {
	if b != nil && b.Epoch != f.leaderEpoch && f.channel.conn != 0 {
		f.channel.fail(host.ErrReset)
	}
}

// fetch sends the next request, unless one is in flight, all partitions wait,
// or a demanded sync is under way: the fetch claims what it covers, and one
// that left partitions out would keep them waiting for its answer.
func (f *fetcher) fetch() {
	n := f.node
	if f.channel.busy() || len(f.partitions) == 0 || n.failed {
		return
	}
	leader := n.image.Broker(f.leader)
	if leader == nil {
		return
	}
	retryAt := host.Never
	resting := 0
	for _, h := range f.stirred {
		if h.retryAt > n.now {
			retryAt = min(retryAt, h.retryAt)
			resting++
		} else if _, ready := h.Next(); !ready {
			return // it changes when the sync ends
		}
	}
	if retryAt != host.Never {
		n.timers.set(&f.retry, retryAt, f.fetch)
	}
	if resting == len(f.partitions) {
		return
	}
	f.leaderEpoch = leader.Epoch
	f.channel.request(hostAddr(leader), f.request(), n.tuning.replicaSocketTimeout, f.received)
}

// request names what moved since the leader was asked; what has to wait after an
// error is taken out of the session until then.
func (f *fetcher) request() *kmsg.FetchRequest {
	n := f.node
	r := kmsg.NewPtrFetchRequest()
	r.Version = replicaFetchVersion
	r.ReplicaState.ID, r.ReplicaState.Epoch = int32(n.config.ID), int64(n.life.epoch)
	r.MaxWaitMillis = n.tuning.replicaFetchWaitMillis
	r.MinBytes = n.tuning.replicaFetchMinBytes
	r.MaxBytes = n.tuning.replicaResponseMaxBytes
	r.SessionID, r.SessionEpoch = f.session, f.epoch
	slices.SortFunc(f.stirred, compareByID)
	partitions := make([]kmsg.FetchRequestTopicPartition, 0, len(f.stirred))
	start, resting := 0, 0
	for _, h := range f.stirred {
		if h.retryAt > n.now {
			f.forget(h)
			f.stirred[resting] = h
			resting++
			continue
		}
		h.stirred = false
		at, _ := h.Next()
		if h.asked && h.at == at {
			continue
		}
		h.asked, h.at = true, at
		last := len(r.Topics) - 1
		if last < 0 || r.Topics[last].TopicID != h.key.TopicID {
			r.Topics = append(r.Topics, kmsg.FetchRequestTopic{TopicID: h.key.TopicID})
			start, last = len(partitions), last+1
		}
		partitions = append(partitions, f.partition(h))
		r.Topics[last].Partitions = partitions[start:len(partitions):len(partitions)]
	}
	clear(f.stirred[resting:])
	f.stirred = f.stirred[:resting]
	f.nameForgotten(r)
	return r
}

func (f *fetcher) partition(h *hosted) kmsg.FetchRequestTopicPartition {
	p := noFetchRequest
	p.Partition = h.key.Partition
	p.CurrentLeaderEpoch, p.LastFetchedEpoch = int32(h.at.LeaderEpoch), int32(h.at.LastEpoch)
	p.FetchOffset, p.LogStartOffset = int64(h.at.Offset), int64(h.at.LogStart)
	p.PartitionMaxBytes = f.node.tuning.replicaFetchMaxBytes
	return p
}

// nameForgotten tells an ongoing session what is no longer asked for. A partition
// that has come back meanwhile is: what a request names and forgets is forgotten.
func (f *fetcher) nameForgotten(r *kmsg.FetchRequest) {
	for _, key := range f.forgotten {
		if h := f.node.findHosted(key); f.epoch == 0 || h != nil && h.fetcher == f && h.asked {
			continue
		}
		last := len(r.ForgottenTopics) - 1
		if last < 0 || r.ForgottenTopics[last].TopicID != key.TopicID {
			r.ForgottenTopics = append(r.ForgottenTopics, kmsg.FetchRequestForgottenTopic{TopicID: key.TopicID})
			last++
		}
		topic := &r.ForgottenTopics[last]
		topic.Partitions = append(topic.Partitions, key.Partition)
	}
	f.forgotten = f.forgotten[:0]
}

var noFetchRequest = kmsg.NewFetchRequestTopicPartition()

// received takes the leader's answer, or what became of the connection.
func (f *fetcher) received(answer kmsg.Response, err error) {
	n := f.node
	r, _ := answer.(*kmsg.FetchResponse)
	if err != nil || r == nil || r.ErrorCode != 0 {
		f.failed(r)
		f.fetch()
		return
	}
	for i := range r.Topics {
		t := &r.Topics[i]
		for j := range t.Partitions {
			h := n.findHosted(metadata.PartitionKey{TopicID: t.TopicID, Partition: t.Partitions[j].Partition})
			if h == nil || h.fetcher != f || !h.asked || h.Role() != replica.Following {
				continue // it has left, and perhaps come back: the answer is about another position
			}
			n.host.Serial(h.lane)
			n.takeFetched(h, &t.Partitions[j])
			f.stir(h)
		}
	}
	switch {
	case r.SessionID == 0:
		f.renew(0)
	case f.epoch == 0:
		f.session, f.epoch = r.SessionID, 1
	default:
		f.epoch = nextSessionEpoch(f.epoch)
	}
	f.fetch()
}

// failed renews the session. What is wrong with it alone mends at once; after all
// else everything pauses.
func (f *fetcher) failed(r *kmsg.FetchResponse) {
	former, ongoing := f.session, f.epoch != 0
	if r != nil && r.ErrorCode == kerr.FetchSessionIDNotFound.Code {
		former = 0
	}
	f.renew(former)
	if r != nil && ongoing && sessionErrors[r.ErrorCode] {
		return
	}
	for _, h := range f.partitions {
		h.retryAt = max(h.retryAt, f.node.now.Add(f.node.tuning.fetchBackoff))
	}
}

var sessionErrors = map[int16]bool{kerr.FetchSessionIDNotFound.Code: true, kerr.InvalidFetchSessionEpoch.Code: true, kerr.FetchSessionTopicIDError.Code: true}

// takeFetched gives one partition's answer to its replica. After an error it
// pauses, unless newer metadata comes first.
func (n *Node) takeFetched(h *hosted, p *kmsg.FetchResponseTopicPartition) {
	var err error
	switch p.ErrorCode {
	case 0:
		err = h.Fetched(n.moment, h.at, replica.Fetched{
			Diverging:     replica.Divergence{Epoch: kafka.LeaderEpoch(p.DivergingEpoch.Epoch), End: kafka.Offset(p.DivergingEpoch.EndOffset)},
			HighWatermark: kafka.Offset(p.HighWatermark),
			LogStart:      kafka.Offset(p.LogStartOffset),
			Records:       p.RecordBatches,
		})
	case kerr.OffsetOutOfRange.Code:
		err = h.OutOfRange(n.moment, h.at, kafka.Offset(p.LogStartOffset), kafka.Offset(p.LastStableOffset))
		h.pauseFetching()
	default:
		h.pauseFetching()
	}
	if err != nil {
		// The log is as it was (a failed disk ends the process): ask again later.
		h.pauseFetching()
	}
}

func (h *hosted) pauseFetching() { h.retryAt = h.node.now.Add(h.node.tuning.fetchBackoff) }
