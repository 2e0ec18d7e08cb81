package clients

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// lastVersionsBefore2 are the last versions of the requests that transactions
// of version 1 may use; later ones mean version 2 (KIP-890).
const (
	lastProduceBefore2 int16 = 11
	lastOffsetsBefore2 int16 = 4
	lastEndBefore2     int16 = 4
)

// groupCoordinator is that of the group whose offsets are next.
func (t *transaction) groupCoordinator() *coordinator {
	group, client := t.offsets[0].member.Group, t.producer.client
	if t.group == nil || t.group.key != group {
		if t.group != nil {
			client.timers.Stop(&t.group.timer)
		}
		t.group = &coordinator{}
		t.group.start(client, coordinatesGroup, group)
	}
	return t.group
}

func (t *transaction) addOffsetsRequest(peer *peer) (kmsg.Request, func(kmsg.Response)) {
	p, o := t.producer, t.offsets[0]
	body := kmsg.NewPtrAddOffsetsToTxnRequest()
	body.Version = peer.versions[kmsg.AddOffsetsToTxn]
	body.TransactionalID, body.Group = p.config.TransactionalID, o.member.Group
	body.ProducerID, body.ProducerEpoch = int64(p.identity.id), int16(p.identity.epoch)
	return body, func(response kmsg.Response) {
		code := kerr.UnknownServerError.Code
		if answer, ok := response.(*kmsg.AddOffsetsToTxnResponse); ok {
			code = answer.ErrorCode
		}
		if code != 0 {
			t.refused(requestAddOffsets, code)
			return
		}
		o.added, t.started = true, true
	}
}

func (t *transaction) offsetsRequest(peer *peer) (kmsg.Request, func(kmsg.Response)) {
	p, o := t.producer, t.offsets[0]
	body := kmsg.NewPtrTxnOffsetCommitRequest()
	body.Version = peer.versions[kmsg.TxnOffsetCommit]
	if !t.version2 {
		body.Version = min(body.Version, lastOffsetsBefore2)
	}
	body.TransactionalID, body.Group = p.config.TransactionalID, o.member.Group
	body.ProducerID, body.ProducerEpoch = int64(p.identity.id), int16(p.identity.epoch)
	body.Generation, body.MemberID = o.member.Generation, o.member.Member
	if o.member.Instance != "" {
		body.InstanceID = &o.member.Instance
	}
	for _, offset := range o.offsets {
		part := kmsg.NewTxnOffsetCommitRequestTopicPartition()
		part.Partition, part.Offset, part.LeaderEpoch = offset.Partition.Partition, int64(offset.Offset), int32(offset.Epoch)
		part.Metadata = kmsg.StringPtr("")
		topic := offsetsTopic(body, offset.Partition.Topic)
		topic.Partitions = append(topic.Partitions, part)
	}
	return body, func(response kmsg.Response) { t.offsetsAnswered(o, response) }
}

func offsetsTopic(body *kmsg.TxnOffsetCommitRequest, name string) *kmsg.TxnOffsetCommitRequestTopic {
	for i := range body.Topics {
		if body.Topics[i].Topic == name {
			return &body.Topics[i]
		}
	}
	topic := kmsg.NewTxnOffsetCommitRequestTopic()
	topic.Topic = name
	body.Topics = append(body.Topics, topic)
	return &body.Topics[len(body.Topics)-1]
}

// offsetsAnswered keeps the offsets that can be sent again. What cannot ends
// the whole.
func (t *transaction) offsetsAnswered(o *offsetsCall, response kmsg.Response) {
	answer, ok := response.(*kmsg.TxnOffsetCommitResponse)
	first, worst := int16(0), int16(0)
	kept := o.offsets[:0]
	for _, offset := range o.offsets {
		code := kerr.UnknownServerError.Code
		if ok {
			code = offsetCode(answer, offset)
		}
		if code == 0 {
			continue
		}
		kept = append(kept, offset)
		switch reaction := reactionTo(requestOffsets, code); {
		case reaction != retryLater && reaction != lookUpAndRetry:
			if worst == 0 {
				worst = code
			}
		case first == 0 || reaction == lookUpAndRetry:
			first = code
		}
	}
	o.offsets = kept
	switch {
	case worst != 0:
		t.refused(requestOffsets, worst)
	case first != 0:
		t.refused(requestOffsets, first)
	default:
		t.offsets = slices.DeleteFunc(t.offsets, func(other *offsetsCall) bool { return other == o })
		t.endOffsets(o, nil)
	}
}

func offsetCode(answer *kmsg.TxnOffsetCommitResponse, offset CommitOffset) int16 {
	for i := range answer.Topics {
		t := &answer.Topics[i]
		if t.Topic != offset.Partition.Topic {
			continue
		}
		for j := range t.Partitions {
			if t.Partitions[j].Partition == offset.Partition.Partition {
				return t.Partitions[j].ErrorCode
			}
		}
	}
	return kerr.UnknownServerError.Code
}
