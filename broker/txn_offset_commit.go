package broker

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/group"
	"assay/internal/kafka"
)

// TxnOffsetCommit, versions 0 to 5: 2 adds the leader epoch (KIP-320), 3 the
// member and its generation (KIP-447), 4 knows TRANSACTION_ABORTABLE, 5 is of
// transactions of version 2, which the offsets partition joins by the commit
// itself (KIP-890). Before 5 it must have joined by AddOffsetsToTxn.

// heldTxnCommit is a commit in a transaction until it is answered.
type heldTxnCommit struct {
	node        *Node
	exchange    *exchange
	response    *kmsg.TxnOffsetCommitResponse
	coordinator *groupService
	commit      group.Commit
	identity    transactionIdentity
	askedOffsets
}

func (n *Node) txnOffsetCommit(e *exchange, r *kmsg.TxnOffsetCommitRequest) {
	c := &heldTxnCommit{node: n, exchange: e, response: kmsg.NewPtrTxnOffsetCommitResponse(),
		commit:   group.Commit{Group: r.Group, Generation: group.NoGeneration, Version: r.Version, Retention: group.NoExpiry},
		identity: transactionIdentity{kafka.ProducerID(r.ProducerID), kafka.ProducerEpoch(r.ProducerEpoch)}}
	if r.Version >= 3 {
		c.commit.Member, c.commit.Generation = group.MemberID(r.MemberID), group.GenerationID(r.Generation)
		if r.InstanceID != nil {
			c.commit.Instance = *r.InstanceID
		}
	}
	c.read(r)
	if len(c.offsets) == 0 {
		n.answer(e, c.response)
		return
	}
	if r.Group == "" {
		c.refuse(kerr.InvalidGroupID)
		return
	}
	s, err := n.groupServiceOf(r.Group)
	if err != nil {
		c.refuse(err)
		return
	}
	n.observe(PointCommitReceived, r.Group, int64(s.coordinator.hosted.key.Partition), int64(len(c.offsets)), int64(c.commit.Generation))
	n.verifyTransaction(transactionVerification{TransactionalID: r.TransactionalID, Producer: c.identity,
		Partition: s.coordinator.hosted.key.TopicPartition(), Add: r.Version >= firstOfVersion2, Sequence: kafka.NoSequence}, c.verified)
}

// read takes the offsets out of the request.
func (c *heldTxnCommit) read(r *kmsg.TxnOffsetCommitRequest) {
	c.response.Topics = make([]kmsg.TxnOffsetCommitResponseTopic, len(r.Topics))
	for i := range r.Topics {
		from, to := &r.Topics[i], &c.response.Topics[i]
		*to = kmsg.NewTxnOffsetCommitResponseTopic()
		to.Topic = from.Topic
		to.Partitions = make([]kmsg.TxnOffsetCommitResponseTopicPartition, len(from.Partitions))
		topic, err := c.node.topicNamed(false, from.Topic, kafka.TopicID{})
		for j := range from.Partitions {
			asked, out := &from.Partitions[j], &to.Partitions[j]
			*out = kmsg.NewTxnOffsetCommitResponseTopicPartition()
			out.Partition = asked.Partition
			epoch := kafka.NoEpoch
			if r.Version >= 2 {
				epoch = kafka.LeaderEpoch(asked.LeaderEpoch)
			}
			c.add(topic, err, askedOffset{asked.Partition, asked.Offset, epoch, asked.Metadata}, &out.ErrorCode)
		}
	}
	c.commit.Offsets = c.offsets
}

// verified goes on when the transaction coordinator has agreed. The group's
// coordinator may be another one by now.
func (c *heldTxnCommit) verified(err error) {
	n := c.node
	if err != nil {
		c.refuse(offsetVerificationError(err, c.exchange.version))
		return
	}
	if c.coordinator, err = n.groupServiceOf(c.commit.Group); err != nil {
		c.refuse(err)
		return
	}
	c.accepted, err = c.coordinator.CommitInTransaction(n.moment.Wall, &c.commit, c.identity.producer, c.identity.epoch)
	if err != nil {
		c.refuse(err)
		return
	}
	if records := asRecords(c.accepted); len(records) > 0 {
		n.writeInTransaction(c.coordinator.coordinator, c.identity, records, c.written)
	} else {
		c.written(nil)
	}
}

// offsetVerificationError is what a client is told of a failed verification: it
// comes again to the same coordinator where that did not reach the other one.
// Before version 4 it does not know TRANSACTION_ABORTABLE.
func offsetVerificationError(err error, version int16) error {
	switch errorCode(err) {
	case kerr.TransactionAbortable.Code:
		if version < 4 {
			return kerr.InvalidTxnState
		}
	case kerr.NetworkException.Code:
		return kerr.CoordinatorLoadInProgress
	case kerr.UnknownTopicOrPartition.Code, kerr.NotEnoughReplicas.Code, kerr.RequestTimedOut.Code:
		return kerr.CoordinatorNotAvailable
	case kerr.NotLeaderForPartition.Code, kerr.KafkaStorageError.Code:
		return kerr.NotCoordinator
	}
	return err
}

// refuse answers every offset that was not refused already with an error.
// Clients before version 2 take a coordinator that loads for a fatal error.
func (c *heldTxnCommit) refuse(err error) {
	if c.exchange.version < 2 && errorCode(err) == kerr.CoordinatorLoadInProgress.Code {
		err = kerr.CoordinatorNotAvailable
	}
	c.askedOffsets.refuse(err)
	c.node.observe(PointCommitFailed, c.commit.Group, int64(errorCode(err)))
	c.node.answer(c.exchange, c.response)
}

// written answers a commit whose records are in the log for good, or that
// failed. It counts once the transaction commits.
func (c *heldTxnCommit) written(err error) {
	if err != nil {
		c.refuse(err)
		return
	}
	c.refuseTooLong()
	c.node.answer(c.exchange, c.response)
}
