package clients

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// participation is a partition's part in the open transaction.
type participation uint8

// The participations.
const (
	notAdded  participation = iota
	toBeAdded               // the coordinator has not confirmed it: nothing may leave
	added
)

// noticeSend makes a partition part of the transaction with its first record.
// With transaction version 2 the partition's leader tells the coordinator.
func (t *transaction) noticeSend(partition *producerPartition) {
	if partition.participation != notAdded {
		return
	}
	t.members = append(t.members, partition)
	if t.version2 {
		partition.participation, t.started = added, true
		return
	}
	partition.participation = toBeAdded
	t.producer.stepSoon()
}

// lets says whether the transaction lets a batch leave.
func (t *transaction) lets(partition *producerPartition, b *producerBatch) bool {
	if t.state == transactionFatalError {
		return false
	}
	if b.sequenced {
		return true
	}
	return partition.participation == added && (t.state == transactionOpen || t.state == transactionCommitting)
}

// gatherPartitions puts all that are to be added into one request. One that is
// being repeated stays as it is.
func (t *transaction) gatherPartitions() {
	if len(t.adding) > 0 || t.version2 {
		return
	}
	for _, partition := range t.members {
		if partition.participation == toBeAdded {
			t.adding = append(t.adding, partition)
		}
	}
}

func (t *transaction) addPartitionsRequest(peer *peer) (kmsg.Request, func(kmsg.Response)) {
	p := t.producer
	body := kmsg.NewPtrAddPartitionsToTxnRequest()
	body.Version = peer.versions[kmsg.AddPartitionsToTxn]
	body.TransactionalID = p.config.TransactionalID
	body.ProducerID, body.ProducerEpoch = int64(p.identity.id), int16(p.identity.epoch)
	for _, partition := range t.adding {
		topic := addPartitionsTopic(body, partition.name.Topic)
		topic.Partitions = append(topic.Partitions, partition.name.Partition)
	}
	return body, t.partitionsAdded
}

func addPartitionsTopic(body *kmsg.AddPartitionsToTxnRequest, name string) *kmsg.AddPartitionsToTxnRequestTopic {
	for i := range body.Topics {
		if body.Topics[i].Topic == name {
			return &body.Topics[i]
		}
	}
	topic := kmsg.NewAddPartitionsToTxnRequestTopic()
	topic.Topic = name
	body.Topics = append(body.Topics, topic)
	return &body.Topics[len(body.Topics)-1]
}

// partitionsAdded takes the answer, in which either all partitions are added or
// none is. What one partition can be retried for holds for all.
func (t *transaction) partitionsAdded(response kmsg.Response) {
	answer, ok := response.(*kmsg.AddPartitionsToTxnResponse)
	refused := int16(0)
	for _, partition := range t.adding {
		code := kerr.UnknownServerError.Code
		if ok {
			code = partitionAddedCode(answer, partition)
		}
		// OPERATION_NOT_ATTEMPTED says only that another one was refused.
		if code != 0 && (refused == 0 || refused == kerr.OperationNotAttempted.Code) {
			refused = code
		}
	}
	if refused != 0 {
		t.refused(requestAddPartitions, refused)
		return
	}
	for _, partition := range t.adding {
		partition.participation = added
	}
	t.adding, t.addingInDoubt = t.adding[:0], false
	t.started = true
}

// forgetUnsent drops the partitions that are not added yet: the transaction is
// or has to be aborted. One that the coordinator may know of is asked for again
// even so, since the transaction would stay open there.
func (t *transaction) forgetUnsent() {
	if !t.addingInDoubt && !t.inFlight {
		t.adding = t.adding[:0]
	}
	kept := t.members[:0]
	for _, partition := range t.members {
		if partition.participation == toBeAdded && !slices.Contains(t.adding, partition) {
			partition.participation = notAdded
			continue
		}
		kept = append(kept, partition)
	}
	t.members = kept
}

func partitionAddedCode(answer *kmsg.AddPartitionsToTxnResponse, partition *producerPartition) int16 {
	for i := range answer.Topics {
		t := &answer.Topics[i]
		if t.Topic != partition.name.Topic {
			continue
		}
		for j := range t.Partitions {
			if t.Partitions[j].Partition == partition.name.Partition {
				return t.Partitions[j].ErrorCode
			}
		}
	}
	return kerr.UnknownServerError.Code
}
