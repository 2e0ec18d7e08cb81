package broker

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/metadata"
	"assay/broker/replica"
	"assay/broker/storage"
	"assay/internal/kafka"
)

// WriteTxnMarkers, versions 1 and 2, from a transaction's coordinator to the
// leaders of its partitions: 1 is flexible, 2 adds the transaction's version
// (KIP-1228), by which a late marker is told from the one that ends the
// transaction.

// heldMarkers are the markers of one request until each is committed or
// refused, or their time runs out. The answer leaves only then: the coordinator
// takes it that the transaction is over there.
type heldMarkers struct {
	heldAnswer
	response *kmsg.WriteTxnMarkersResponse
}

// markerWait is a marker that was appended, until it is committed.
type markerWait struct {
	end  kafka.Offset
	done func(error)
}

func (n *Node) writeTxnMarkers(e *exchange, r *kmsg.WriteTxnMarkersRequest) {
	response := kmsg.NewPtrWriteTxnMarkersResponse()
	held := &heldMarkers{n.hold(e, response), response}
	held.response.Markers = make([]kmsg.WriteTxnMarkersResponseMarker, len(r.Markers))
	for i := range r.Markers {
		from, to := &r.Markers[i], &held.response.Markers[i]
		to.ProducerID = from.ProducerID
		to.Topics = make([]kmsg.WriteTxnMarkersResponseMarkerTopic, len(from.Topics))
		marker := storage.Marker{ProducerID: kafka.ProducerID(from.ProducerID), ProducerEpoch: kafka.ProducerEpoch(from.ProducerEpoch),
			CoordinatorEpoch: kafka.LeaderEpoch(from.CoordinatorEpoch), Commit: from.Committed}
		if r.Version >= 2 {
			marker.TransactionVersion = int16(from.TransactionVersion)
		}
		for j := range from.Topics {
			to.Topics[j].Topic = from.Topics[j].Topic
			to.Topics[j].Partitions = make([]kmsg.WriteTxnMarkersResponseMarkerTopicPartition, len(from.Topics[j].Partitions))
			for k, partition := range from.Topics[j].Partitions {
				out := &to.Topics[j].Partitions[k]
				out.Partition, out.ErrorCode = partition, undecided
				held.waiting++
				n.writeMarker(from.Topics[j].Topic, partition, marker, func(err error) {
					held.ended(from.Topics[j].Topic, marker.ProducerID, out, err)
				})
			}
		}
	}
	held.begin(n.tuning.requestTimeout, held.expire)
}

// ended writes the outcome of one marker.
func (h *heldMarkers) ended(topic string, producer kafka.ProducerID, out *kmsg.WriteTxnMarkersResponseMarkerTopicPartition, err error) {
	if out.ErrorCode != undecided {
		return // its time had run out; it was committed after all
	}
	out.ErrorCode = errorCode(err)
	h.node.observe(PointMarkerWritten, topic, int64(out.Partition), int64(producer), int64(out.ErrorCode))
	h.oneEnded()
}

// expire answers REQUEST_TIMED_OUT for every marker that is not committed yet.
func (h *heldMarkers) expire() {
	for i := range h.response.Markers {
		m := &h.response.Markers[i]
		for j := range m.Topics {
			for k := range m.Topics[j].Partitions {
				h.ended(m.Topics[j].Topic, kafka.ProducerID(m.ProducerID), &m.Topics[j].Partitions[k], kerr.RequestTimedOut)
			}
		}
	}
}

// writeMarker appends a marker; done is called once it is committed, or with why
// it will not be: UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER,
// NOT_ENOUGH_REPLICAS, INVALID_PRODUCER_EPOCH, TRANSACTION_COORDINATOR_FENCED.
func (n *Node) writeMarker(topicName string, partition int32, m storage.Marker, done func(error)) {
	n.observe(PointMarkerReceived, topicName, int64(partition), int64(m.ProducerID), int64(m.ProducerEpoch), bit(m.Commit), int64(m.CoordinatorEpoch))
	topic, err := n.topicNamed(false, topicName, kafka.TopicID{})
	var h *hosted
	if err == nil {
		h, err = n.hostedPartition(topic, partition)
	}
	if err != nil {
		done(err)
		return
	}
	n.host.Serial(h.lane)
	if metadata.IsInternal(topicName) && !h.coordinates() {
		done(kerr.NotLeaderForPartition) // the sender tries again until the coordinator here is ready
		return
	}
	info, err := h.AppendMarker(n.moment, m)
	if err != nil {
		done(err)
		return
	}
	end := info.LastOffset + 1
	if c := h.coordinator; c != nil {
		n.endCoordinated(c, m.ProducerID, m.Commit, end, func(err error) { done(markerError(err)) })
		return
	}
	h.markers = append(h.markers, markerWait{end, done})
}

func bit(set bool) int64 {
	if set {
		return 1
	}
	return 0
}

// coordinates reports whether the coordinator of the partition has loaded. A
// marker that came before would be missed by the load.
func (h *hosted) coordinates() bool {
	return h.Role() == replica.Leading && h.coordinator != nil && h.coordinator.state == coordinatorServes
}

// markerError is what the sender of a marker is told of a group coordinator's
// trouble: it knows leaders, not coordinators of groups.
func markerError(err error) error {
	switch errorCode(err) {
	case kerr.NotCoordinator.Code, kerr.CoordinatorNotAvailable.Code, kerr.CoordinatorLoadInProgress.Code:
		return kerr.NotLeaderForPartition
	}
	return err
}

// completeMarkers ends what a change of the partition lets end, in the order of
// the log. It is called by settle alone.
func (n *Node) completeMarkers(h *hosted) {
	for len(h.markers) > 0 {
		w := h.markers[0]
		committed, err := h.Committed(w.end)
		if !committed && err == nil {
			return
		}
		h.markers = slices.Delete(h.markers, 0, 1)
		w.done(err)
	}
}
