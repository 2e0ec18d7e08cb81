package broker

import (
	"github.com/twmb/franz-go/pkg/kerr"

	"assay/broker/group"
	"assay/internal/kafka"
)

// askedOffsets are the offsets that a commit asks for, in a transaction or not,
// as far as their partitions exist.
type askedOffsets struct {
	offsets  []group.CommitOffset
	codes    []*int16              // by offset: its error in the response
	accepted []*group.OffsetRecord // by offset; nil where the group refused it
}

// askedOffset is one partition of a request.
type askedOffset struct {
	partition   int32
	offset      int64
	leaderEpoch kafka.LeaderEpoch
	metadata    *string
}

// add takes one offset of a topic, which err says is not known. A partition that
// does not exist is refused, by itself.
func (o *askedOffsets) add(topic knownTopic, err error, asked askedOffset, code *int16) {
	if err == nil && (asked.partition < 0 || int(asked.partition) >= topic.partitions) {
		err = kerr.UnknownTopicOrPartition
	}
	if *code = errorCode(err); err != nil {
		return
	}
	offset := group.CommitOffset{Partition: kafka.TopicPartition{Topic: topic.name, Partition: asked.partition}, TopicID: topic.id,
		Offset: kafka.Offset(asked.offset), LeaderEpoch: asked.leaderEpoch}
	if asked.metadata != nil {
		offset.Metadata = *asked.metadata
	}
	o.offsets, o.codes = append(o.offsets, offset), append(o.codes, code)
}

// refuse gives an error to every offset that was not refused already.
func (o *askedOffsets) refuse(err error) {
	for _, code := range o.codes {
		*code = errorCode(err)
	}
}

// refuseTooLong gives theirs to those that the group did not accept.
func (o *askedOffsets) refuseTooLong() {
	for i, record := range o.accepted {
		if record == nil {
			*o.codes[i] = kerr.OffsetMetadataTooLarge.Code
		}
	}
}
