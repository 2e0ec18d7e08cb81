package workload

import (
	"assay/clients"
)

// commitTransaction makes the batch's offsets part of its transaction, as what
// the member of this generation has done (KIP-447), and commits it.
func (n *ProcessorNode) commitTransaction() {
	n.state = ending
	member, offsets := n.consumer.GroupMetadata(), n.batch.offsets()
	began := n.session.Now()
	n.producer.SendOffsets(offsets, member, func(err error) {
		n.session.SentOffsets(member.Group, member.Generation, began, offsets, err)
		switch {
		case n.state != ending:
		case err != nil:
			n.abortTransaction()
		default:
			n.session.EndingTransaction(true)
			n.producer.CommitTransaction(n.committed)
		}
	})
}

func (n *ProcessorNode) committed(result clients.TransactionResult) {
	n.session.TransactionEnded(result)
	switch {
	case n.state != ending:
	case result.Outcome == clients.Acknowledged:
		n.noteDeadLetters()
		n.batchEnded()
	case result.Outcome == clients.Failed:
		n.abortTransaction() // which a fenced producer cannot
	default:
		n.fail() // the next incarnation learns from its coordinator what came of it
	}
}

// abortTransaction aborts and reads the batch again.
func (n *ProcessorNode) abortTransaction() {
	n.state = ending
	n.session.EndingTransaction(false)
	n.producer.AbortTransaction(func(result clients.TransactionResult) {
		n.session.TransactionEnded(result)
		switch {
		case n.state != ending:
		case result.Outcome == clients.Acknowledged:
			n.rewind()
			n.batchEnded()
		default:
			n.fail()
		}
	})
}
