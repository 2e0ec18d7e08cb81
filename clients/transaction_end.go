package clients

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/internal/kafka"
)

// dropUnsent ends the batches that will not leave any more: those without a
// sequence when the transaction is or has to be aborted
// (RecordAccumulator.abortUndrainedBatches), and all when the producer has ended.
func (t *transaction) dropUnsent() {
	p := t.producer
	switch t.state {
	case transactionAbortableError, transactionAborting:
		for _, partition := range p.activePartitions() {
			for i := 0; i < len(partition.queue); {
				b := partition.queue[i]
				if b.sequenced {
					i++
					continue
				}
				partition.unqueue(b)
				b.lastError = t.cause
				if b.lastError == 0 {
					b.lastError = kerr.OperationNotAttempted.Code
				}
				p.complete(b, Failed, kafka.NoOffset)
				p.release(b)
			}
		}
	case transactionFatalError:
		if p.open == 0 {
			return
		}
		for _, partition := range p.activePartitions() {
			p.failAll(partition, t.cause)
		}
	}
}

// endRequest asks the coordinator to commit or to abort.
func (t *transaction) endRequest(peer *peer) (kmsg.Request, func(kmsg.Response)) {
	p := t.producer
	body := kmsg.NewPtrEndTxnRequest()
	body.Version = peer.versions[kmsg.EndTxn]
	if !t.version2 {
		body.Version = min(body.Version, lastEndBefore2)
	}
	body.TransactionalID = p.config.TransactionalID
	body.ProducerID, body.ProducerEpoch = int64(p.identity.id), int16(p.identity.epoch)
	body.Commit = t.state == transactionCommitting
	return body, t.endAnswered
}

func (t *transaction) endAnswered(response kmsg.Response) {
	answer, ok := response.(*kmsg.EndTxnResponse)
	if !ok {
		t.refused(requestEnd, kerr.UnknownServerError.Code)
		return
	}
	if answer.ErrorCode != 0 {
		t.refused(requestEnd, answer.ErrorCode)
		return
	}
	point := PointTransactionAborted
	if t.state == transactionCommitting {
		point = PointTransactionCommitted
	}
	t.observe(point, 0)
	if answer.Version > lastEndBefore2 && answer.ProducerID >= 0 {
		t.takeIdentity(answer.ProducerID, answer.ProducerEpoch)
	}
	t.ended()
}

// ended clears the table for the next transaction. Where the epoch has to be
// raised the application waits for that, too.
func (t *transaction) ended() {
	for _, partition := range t.members {
		partition.participation = notAdded
	}
	t.members, t.adding, t.addingInDoubt = t.members[:0], t.adding[:0], false
	t.started, t.commitInDoubt, t.cause = false, false, 0
	t.noticeVersion()
	t.asked.happened = true
	if t.bump {
		t.bump = false
		t.become(transactionInitializing)
		return
	}
	t.become(transactionReady)
	t.finish(TransactionResult{Outcome: Acknowledged})
}
