package broker

import (
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/metadata"
	"assay/broker/replica"
	"assay/internal/kafka"
)

// DeleteRecords, versions 0 to 2 (KIP-107): partitions lose their records before
// an offset. It is answered once no live replica has them any more.

// everythingCommitted stands for the high watermark in a request.
const everythingCommitted = -1

// heldDeletions are the deletions of one request until each has ended, or their
// time runs out.
type heldDeletions struct {
	heldAnswer
	response *kmsg.DeleteRecordsResponse
}

// deletionWait is a deletion that the leader has carried out, until its live
// followers have.
type deletionWait struct {
	before kafka.Offset
	out    *kmsg.DeleteRecordsResponseTopicPartition
	held   *heldDeletions
}

func (n *Node) deleteRecords(e *exchange, r *kmsg.DeleteRecordsRequest) {
	response := kmsg.NewPtrDeleteRecordsResponse()
	held := &heldDeletions{n.hold(e, response), response}
	held.response.Topics = make([]kmsg.DeleteRecordsResponseTopic, len(r.Topics))
	for i := range r.Topics {
		from, to := &r.Topics[i], &held.response.Topics[i]
		to.Topic = from.Topic
		to.Partitions = make([]kmsg.DeleteRecordsResponseTopicPartition, len(from.Partitions))
		for j := range from.Partitions {
			out := &to.Partitions[j]
			out.Partition, out.LowWatermark, out.ErrorCode = from.Partitions[j].Partition, -1, undecided
			held.waiting++
			h, before, err := n.deleteBefore(from.Topic, &from.Partitions[j])
			if err != nil {
				held.ended(out, -1, err)
				continue
			}
			h.deletes = append(h.deletes, deletionWait{before, out, held})
			n.completeDeletions(h)
		}
	}
	held.begin(time.Duration(max(r.TimeoutMillis, 0))*time.Millisecond, held.expire)
}

// deleteBefore deletes at the leader: INVALID_TOPIC_EXCEPTION for the brokers' own
// topics, UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER, OFFSET_OUT_OF_RANGE.
func (n *Node) deleteBefore(name string, asked *kmsg.DeleteRecordsRequestTopicPartition) (*hosted, kafka.Offset, error) {
	topic, err := n.topicNamed(false, name, kafka.TopicID{})
	if err != nil {
		return nil, 0, err
	}
	if metadata.IsInternal(name) {
		return nil, 0, kerr.InvalidTopicException
	}
	h, err := n.hostedPartition(topic, asked.Partition)
	if err != nil {
		return nil, 0, err
	}
	n.host.Serial(h.lane)
	before := kafka.Offset(asked.Offset)
	if before == everythingCommitted {
		before = h.HighWatermark()
	}
	return h, before, h.DeleteRecords(before)
}

// deletionsMayEnd looks again once a follower has said where its log starts.
func (n *Node) deletionsMayEnd(h *hosted) {
	if len(h.deletes) > 0 {
		h.Changed(&h.Partition)
	}
}

// completeDeletions ends those that nobody has to carry out any more.
func (n *Node) completeDeletions(h *hosted) {
	if len(h.deletes) == 0 {
		return
	}
	leads, low := h.Role() == replica.Leading, kafka.NoOffset
	if leads {
		low = h.LowWatermark()
	}
	h.deletes = slices.DeleteFunc(h.deletes, func(d deletionWait) bool {
		switch {
		case !leads:
			d.held.ended(d.out, -1, kerr.NotLeaderForPartition)
		case low >= d.before:
			d.held.ended(d.out, low, nil)
		default:
			return d.out.ErrorCode != undecided
		}
		return true
	})
}

// ended writes the outcome of one deletion.
func (h *heldDeletions) ended(out *kmsg.DeleteRecordsResponseTopicPartition, low kafka.Offset, err error) {
	if out.ErrorCode != undecided {
		return // its time had run out
	}
	out.LowWatermark, out.ErrorCode = int64(low), errorCode(err)
	h.oneEnded()
}

// expire answers REQUEST_TIMED_OUT for what is not deleted everywhere yet.
func (h *heldDeletions) expire() {
	for i := range h.response.Topics {
		t := &h.response.Topics[i]
		for j := range t.Partitions {
			h.ended(&t.Partitions[j], -1, kerr.RequestTimedOut)
		}
	}
}
