package broker

import (
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
	askedOffsets
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

// read takes the offsets out of the request.
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
			out.Partition = asked.Partition
			epoch := kafka.NoEpoch
			if r.Version >= 6 {
				epoch = kafka.LeaderEpoch(asked.LeaderEpoch)
			}
			c.add(topic, err, askedOffset{asked.Partition, asked.Offset, epoch, asked.Metadata}, &out.ErrorCode)
		}
	}
}

// refuse answers every offset that was not refused already with an error.
func (c *heldCommit) refuse(err error) {
	c.askedOffsets.refuse(err)
	c.node.observe(PointCommitFailed, c.group, int64(errorCode(err)))
	c.node.answer(c.exchange, c.response)
}

// written answers a commit whose records are committed, or that failed.
func (c *heldCommit) written(err error) {
	if err != nil {
		c.refuse(err)
		return
	}
	c.refuseTooLong()
	for i, record := range c.accepted {
		if record != nil {
			o := &c.offsets[i]
			c.node.observe(PointCommitAccepted, c.group, int64(o.Partition.Partition), int64(o.Offset), int64(c.coordinator.coordinator.hosted.key.Partition))
		}
	}
	c.node.answer(c.exchange, c.response)
}
