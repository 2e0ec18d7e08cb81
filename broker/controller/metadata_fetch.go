package controller

import (
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/metadata"
	"assay/host"
	"assay/internal/kafka"
)

// heldFetch is a broker's fetch of the metadata log that may wait for news.
type heldFetch struct {
	slot     *slot
	version  int16
	from     int64 // offset
	maxBytes int32
	deadline host.Time
}

// holdFetch takes a fetch of the metadata log. It is answered at the end of the
// step if there is something to say, else at its deadline.
func (c *Controller) holdFetch(s *slot, r *kmsg.FetchRequest) {
	valid := len(r.Topics) == 1 && len(r.Topics[0].Partitions) == 1 && r.Topics[0].Partitions[0].Partition == 0
	if valid && r.Version >= 13 {
		valid = r.Topics[0].TopicID == [16]byte(metadata.LogID)
	} else if valid {
		valid = r.Topics[0].Topic == metadata.TopicName
	}
	if !valid {
		response := kmsg.NewPtrFetchResponse()
		response.Version = r.Version
		response.ErrorCode = kerr.InvalidRequest.Code
		c.respond(s, response)
		return
	}
	asked := &r.Topics[0].Partitions[0]
	c.waiting = append(c.waiting, &heldFetch{
		slot: s, version: r.Version, from: asked.FetchOffset, maxBytes: min(asked.PartitionMaxBytes, r.MaxBytes),
		deadline: c.host.Now().Add(time.Duration(max(r.MaxWaitMillis, 0)) * time.Millisecond),
	})
}

// answerFetches ends the fetches that have something to get, or have waited
// long enough.
func (c *Controller) answerFetches() {
	now := c.host.Now()
	kept := c.waiting[:0]
	for _, held := range c.waiting {
		switch {
		case held.slot.client == nil: // gone
		case held.from == int64(c.image.Offset())+1 && now < held.deadline:
			kept = append(kept, held)
		default:
			c.respond(held.slot, c.serveFetch(held))
		}
	}
	clear(c.waiting[len(kept):])
	c.waiting = kept
}

// refuseFetches sends the brokers that wait here to the active controller.
func (c *Controller) refuseFetches() {
	refused := c.waiting
	c.waiting = nil
	for _, held := range refused {
		response, partition := c.fetchResponse(held.version)
		partition.ErrorCode = kerr.NotLeaderForPartition.Code
		partition.HighWatermark, partition.LogStartOffset = -1, -1
		partition.CurrentLeader.LeaderID, partition.CurrentLeader.LeaderEpoch = c.leaderHint(), int32(c.quorum.term)
		c.respond(held.slot, response)
	}
}

// serveFetch answers with committed entries: this voter is active, so it has
// applied all that was ever committed.
func (c *Controller) serveFetch(held *heldFetch) kmsg.Response {
	response, partition := c.fetchResponse(held.version)
	partition.HighWatermark = int64(c.image.Offset()) + 1
	partition.LastStableOffset = partition.HighWatermark
	partition.LogStartOffset = int64(c.quorum.logStart())
	if held.from > partition.HighWatermark || held.from < 0 {
		partition.ErrorCode = kerr.OffsetOutOfRange.Code
		return response
	}
	entries, ok := c.quorum.committedEntries(uint64(held.from), uint64(max(held.maxBytes, 1)))
	if !ok {
		index, term, _ := c.quorum.latestSnapshot()
		partition.SnapshotID.EndOffset, partition.SnapshotID.Epoch = int64(index)+1, int32(term)
		return response
	}
	for _, e := range entries {
		value := e.data
		if len(value) == 0 {
			value = metadata.AppendRecords(nil, []metadata.Record{metadata.NoOp{}})
		}
		partition.RecordBatches = metadata.AppendBatch(partition.RecordBatches, kafka.Offset(e.index), metadata.Epoch(e.term), value)
	}
	return response
}

func (c *Controller) fetchResponse(version int16) (*kmsg.FetchResponse, *kmsg.FetchResponseTopicPartition) {
	response := kmsg.NewPtrFetchResponse()
	response.Version = version
	topic := kmsg.NewFetchResponseTopic()
	if version >= 13 {
		topic.TopicID = metadata.LogID
	} else {
		topic.Topic = metadata.TopicName
	}
	partition := kmsg.NewFetchResponseTopicPartition()
	partition.RecordBatches = []byte{}
	topic.Partitions = append(topic.Partitions, partition)
	response.Topics = append(response.Topics, topic)
	return response, &response.Topics[0].Partitions[0]
}

// serveSnapshot answers FetchSnapshot (KIP-630): a part of the latest snapshot.
func (c *Controller) serveSnapshot(r *kmsg.FetchSnapshotRequest) kmsg.Response {
	response := kmsg.NewPtrFetchSnapshotResponse()
	response.Version = r.Version
	if len(r.Topics) != 1 || len(r.Topics[0].Partitions) != 1 || r.Topics[0].Topic != metadata.TopicName {
		response.ErrorCode = kerr.InvalidRequest.Code
		return response
	}
	asked := &r.Topics[0].Partitions[0]
	topic := kmsg.NewFetchSnapshotResponseTopic()
	topic.Topic = metadata.TopicName
	part := kmsg.NewFetchSnapshotResponseTopicPartition()
	part.Partition = asked.Partition
	part.SnapshotID.EndOffset, part.SnapshotID.Epoch = asked.SnapshotID.EndOffset, asked.SnapshotID.Epoch
	part.Bytes = []byte{}
	index, term, data := c.quorum.latestSnapshot()
	switch {
	case !c.active:
		part.ErrorCode = kerr.NotLeaderForPartition.Code
		part.CurrentLeader.LeaderID, part.CurrentLeader.LeaderEpoch = c.leaderHint(), int32(c.quorum.term)
	case asked.SnapshotID.EndOffset != int64(index)+1 || asked.SnapshotID.Epoch != int32(term):
		part.ErrorCode = kerr.SnapshotNotFound.Code // a newer one replaced it
	case asked.Position < 0 || asked.Position >= int64(len(data)):
		part.ErrorCode = kerr.PositionOutOfRange.Code
	default:
		end := min(asked.Position+int64(max(r.MaxBytes, 1)), int64(len(data)))
		part.Size, part.Position, part.Bytes = int64(len(data)), asked.Position, data[asked.Position:end]
	}
	topic.Partitions = append(topic.Partitions, part)
	response.Topics = append(response.Topics, topic)
	return response
}

// leaderHint is the voter that should be asked instead, -1 if this one does not
// know.
func (c *Controller) leaderHint() int32 {
	if leader := c.quorum.leader(); leader != 0 {
		return int32(leader)
	}
	return -1
}
