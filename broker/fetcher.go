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
// one request in flight for all of them.
type fetcher struct {
	node        *Node
	leader      kafka.BrokerID
	leaderEpoch kafka.BrokerEpoch // the leader's incarnation that the connection is to
	channel     channel
	partitions  []*hosted // sorted by topic id and partition
	asked       []asked   // by the request in flight
	retry       timer
}

// asked is one partition of the request in flight, with the position that the
// answer belongs to.
type asked struct {
	hosted *hosted
	at     replica.FetchPosition
}

// assignFetcher brings a partition to the fetcher of its present leader, or to
// none. It is called by settle after every change.
func (n *Node) assignFetcher(h *hosted) {
	var want *fetcher
	if s := h.State(); h.Role() == replica.Following && s.Leader != kafka.NoLeader {
		want = n.fetcherOf(s.Leader)
	}
	if h.fetcher != want {
		former := h.fetcher
		h.fetcher = want
		if want != nil {
			want.add(h)
		}
		if former != nil {
			former.remove(h)
			former.fetch() // h may have kept it from going on
		}
	}
	if want != nil {
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
	at, _ := slices.BinarySearchFunc(f.partitions, h, compareByID)
	f.partitions = slices.Insert(f.partitions, at, h)
}

func (f *fetcher) remove(h *hosted) {
	if at, found := slices.BinarySearchFunc(f.partitions, h, compareByID); found {
		f.partitions = slices.Delete(f.partitions, at, at+1)
	}
}

func compareByID(a, b *hosted) int {
	if c := slices.Compare(a.key.TopicID[:], b.key.TopicID[:]); c != 0 {
		return c
	}
	return int(a.key.Partition) - int(b.key.Partition)
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
	f.asked = f.asked[:0]
	retryAt := host.Never
	for _, h := range f.partitions {
		if h.retryAt > n.now {
			retryAt = min(retryAt, h.retryAt)
			continue
		}
		at, ready := h.Next()
		if !ready {
			return // it changes when the sync ends
		}
		f.asked = append(f.asked, asked{h, at})
	}
	if retryAt != host.Never {
		n.timers.set(&f.retry, retryAt, f.fetch)
	}
	if len(f.asked) == 0 {
		return
	}
	f.leaderEpoch = leader.Epoch
	f.channel.request(hostAddr(leader), f.request(), n.tuning.replicaSocketTimeout, f.received)
}

func (f *fetcher) request() *kmsg.FetchRequest {
	n := f.node
	r := kmsg.NewPtrFetchRequest()
	r.Version = replicaFetchVersion
	r.ReplicaState.ID, r.ReplicaState.Epoch = int32(n.config.ID), int64(n.life.epoch)
	r.MaxWaitMillis = n.tuning.replicaFetchWaitMillis
	r.MinBytes = n.tuning.replicaFetchMinBytes
	r.MaxBytes = n.tuning.replicaResponseMaxBytes
	r.SessionEpoch = -1
	partitions := make([]kmsg.FetchRequestTopicPartition, len(f.asked))
	start := 0
	for i, a := range f.asked {
		p := &partitions[i]
		*p = noFetchRequest
		p.Partition = a.hosted.key.Partition
		p.CurrentLeaderEpoch, p.LastFetchedEpoch = int32(a.at.LeaderEpoch), int32(a.at.LastEpoch)
		p.FetchOffset, p.LogStartOffset = int64(a.at.Offset), int64(a.hosted.LogStartOffset())
		p.PartitionMaxBytes = n.tuning.replicaFetchMaxBytes
		if i+1 == len(f.asked) || f.asked[i+1].hosted.key.TopicID != a.hosted.key.TopicID {
			topic := kmsg.NewFetchRequestTopic()
			topic.Topic, topic.TopicID = a.hosted.key.Topic, a.hosted.key.TopicID
			topic.Partitions = partitions[start : i+1 : i+1]
			r.Topics = append(r.Topics, topic)
			start = i + 1
		}
	}
	return r
}

var noFetchRequest = kmsg.NewFetchRequestTopicPartition()

// received takes the leader's answer, or what became of the connection.
func (f *fetcher) received(answer kmsg.Response, err error) {
	n := f.node
	r, _ := answer.(*kmsg.FetchResponse)
	if err != nil || r == nil || r.ErrorCode != 0 {
		for _, a := range f.asked {
			a.hosted.retryAt = max(a.hosted.retryAt, n.now.Add(n.tuning.fetchBackoff))
		}
		f.fetch()
		return
	}
	next := 0
	for i := range r.Topics {
		t := &r.Topics[i]
		for j := range t.Partitions {
			// Answers come in the order of the request.
			for next < len(f.asked) && !f.asked[next].isAbout(t.TopicID, t.Partitions[j].Partition) {
				next++
			}
			if next == len(f.asked) {
				break
			}
			n.host.Serial(f.asked[next].hosted.lane)
			n.takeFetched(f.asked[next], &t.Partitions[j])
			next++
		}
	}
	f.fetch()
}

func (a asked) isAbout(topic [16]byte, partition int32) bool {
	return a.hosted.key.TopicID == topic && a.hosted.key.Partition == partition
}

// takeFetched gives one partition's answer to its replica. After an error it
// pauses, unless newer metadata comes first.
func (n *Node) takeFetched(a asked, p *kmsg.FetchResponseTopicPartition) {
	h := a.hosted
	if h.Role() != replica.Following || n.findHosted(h.key) != h {
		return
	}
	var err error
	switch p.ErrorCode {
	case 0:
		err = h.Fetched(n.moment, a.at, replica.Fetched{
			Diverging:     replica.Divergence{Epoch: kafka.LeaderEpoch(p.DivergingEpoch.Epoch), End: kafka.Offset(p.DivergingEpoch.EndOffset)},
			HighWatermark: kafka.Offset(p.HighWatermark),
			Records:       p.RecordBatches,
		})
	case kerr.OffsetOutOfRange.Code:
		err = h.OutOfRange(n.moment, a.at, kafka.Offset(p.LogStartOffset), kafka.Offset(p.LastStableOffset))
		h.retryAt = n.now.Add(n.tuning.fetchBackoff)
	default:
		h.retryAt = n.now.Add(n.tuning.fetchBackoff)
	}
	if err != nil {
		// The log is as it was (a failed disk ends the process): ask again later.
		h.retryAt = n.now.Add(n.tuning.fetchBackoff)
	}
}
