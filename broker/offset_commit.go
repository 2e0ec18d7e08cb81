package broker

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/group"
	"assay/internal/kafka"
)

// OffsetCommit, versions 2 to 10: 2 to 4 carry a time of retention, 6 adds the
// leader epoch (KIP-320), 7 the instance id (KIP-345), 9 is what members by
// KIP-848 use, 10 names topics by id.

// heldCommit is a commit until it is answered.
type heldCommit struct {
	node        *Node
	exchange    *exchange
	response    *kmsg.OffsetCommitResponse
	coordinator *groupService
	group       string
	offsets     []group.CommitOffset
	accepted    []*group.OffsetRecord                      // by offset; nil where it was refused
	places      []*kmsg.OffsetCommitResponseTopicPartition // by offset, in the response
}

func (n *Node) offsetCommit(e *exchange, r *kmsg.OffsetCommitRequest) {
	c := &heldCommit{node: n, exchange: e, response: kmsg.NewPtrOffsetCommitResponse(), group: r.Group}
	c.read(r)
	if len(c.offsets) == 0 {
		n.answer(e, c.response)
		return
	}
	coordinator, err := n.groupServiceOf(r.Group)
	if err != nil {
		c.refuse(err)
		return
	}
	c.coordinator = coordinator
	partition := int64(coordinator.coordinator.hosted.key.Partition)
	n.observe(PointCommitReceived, r.Group, partition, int64(len(c.offsets)), int64(r.Generation))
	commit := group.Commit{Group: r.Group, Member: group.MemberID(r.MemberID), Generation: group.GenerationID(r.Generation),
		Version: r.Version, Retention: group.NoExpiry, Offsets: c.offsets}
	if r.Version <= 4 {
		commit.Retention = r.RetentionTimeMillis
	}
	if r.InstanceID != nil {
		commit.Instance = *r.InstanceID
	}
	c.accepted, err = coordinator.Commit(n.groupMoment(), &commit)
	coordinator.setTimer()
	if err != nil {
		c.refuse(err)
		return
	}
	if records := asRecords(c.accepted); len(records) > 0 {
		coordinator.write(records, c.written)
	} else {
		c.written(nil)
	}
}

// read takes the offsets out of the request. Partitions that do not exist are
// refused one by one.
func (c *heldCommit) read(r *kmsg.OffsetCommitRequest) {
	c.response.Topics = make([]kmsg.OffsetCommitResponseTopic, len(r.Topics))
	for i := range r.Topics {
		from, to := &r.Topics[i], &c.response.Topics[i]
		*to = kmsg.NewOffsetCommitResponseTopic()
		to.Topic, to.TopicID = from.Topic, from.TopicID
		to.Partitions = make([]kmsg.OffsetCommitResponseTopicPartition, len(from.Partitions))
		topic, err := c.node.topicNamed(r.Version >= 10, from.Topic, from.TopicID)
		for j := range from.Partitions {
			asked, out := &from.Partitions[j], &to.Partitions[j]
			*out = kmsg.NewOffsetCommitResponseTopicPartition()
			out.Partition, out.ErrorCode = asked.Partition, errorCode(err)
			if err == nil && (asked.Partition < 0 || int(asked.Partition) >= topic.partitions) {
				out.ErrorCode = kerr.UnknownTopicOrPartition.Code
			}
			if out.ErrorCode != 0 {
				continue
			}
			offset := group.CommitOffset{Partition: kafka.TopicPartition{Topic: topic.name, Partition: asked.Partition}, TopicID: topic.id,
				Offset: kafka.Offset(asked.Offset), LeaderEpoch: kafka.NoEpoch}
			if r.Version >= 6 {
				offset.LeaderEpoch = kafka.LeaderEpoch(asked.LeaderEpoch)
			}
			if asked.Metadata != nil {
				offset.Metadata = *asked.Metadata
			}
			c.offsets, c.places = append(c.offsets, offset), append(c.places, out)
		}
	}
}

// refuse answers every offset that was not refused already with an error.
func (c *heldCommit) refuse(err error) {
	for _, place := range c.places {
		place.ErrorCode = errorCode(err)
	}
	c.node.observe(PointCommitFailed, c.group, int64(errorCode(err)))
	c.node.answer(c.exchange, c.response)
}

// written answers a commit whose records are committed, or that failed.
func (c *heldCommit) written(err error) {
	if err != nil {
		c.refuse(err)
		return
	}
	for i, place := range c.places {
		if c.accepted[i] == nil {
			place.ErrorCode = kerr.OffsetMetadataTooLarge.Code
			continue
		}
		o := &c.offsets[i]
		c.node.observe(PointCommitAccepted, c.group, int64(o.Partition.Partition), int64(o.Offset), int64(c.coordinator.coordinator.hosted.key.Partition))
	}
	c.node.answer(c.exchange, c.response)
}
