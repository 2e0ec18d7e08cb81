package broker

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/txn"
	"assay/internal/kafka"
)

// EndTxn, versions 0 to 5: 2 knows PRODUCER_FENCED, 4 TRANSACTION_ABORTABLE, 5
// is of transactions of version 2 and answers the producer for the next one
// (KIP-890).

// firstOfVersion2 is the version of EndTxn, and of AddPartitionsToTxn, that a
// producer of version 2 speaks.
const firstOfVersion2 = 5

func (n *Node) endTxn(e *exchange, r *kmsg.EndTxnRequest) {
	request := txn.EndRequest{ID: r.TransactionalID, Producer: producerOf(r.ProducerID, r.ProducerEpoch), Commit: r.Commit}
	if r.Version >= firstOfVersion2 {
		request.Version = txn.EpochPerTransaction
	}
	s, err := n.transactionServiceOf(r.TransactionalID)
	var decision txn.Decision
	if err == nil {
		decision, err = s.End(n.moment.Wall, &request)
		s.refused(request.ID, request.Producer, err)
	}
	answer := func(err error) {
		response := kmsg.NewPtrEndTxnResponse()
		response.ErrorCode = errorCode(fencedBefore(err, e.version, 2))
		if err == nil && e.version >= firstOfVersion2 {
			response.ProducerID, response.ProducerEpoch = int64(decision.Producer.ID), int16(decision.Producer.Epoch)
		}
		n.answer(e, response)
	}
	if err != nil || decision.Record == nil {
		answer(err)
		return
	}
	if n.tuning.transactions.Flaws.EndBeforeDurable {
		answer = answerOnce(answer)
		defer answer(nil)
	}
	s.write(decision.Record, answer)
}

// answerOnce leaves out all answers but the first: the museum's coordinator
// answers before it knows.
func answerOnce(answer func(error)) func(error) {
	return func(err error) {
		if answer != nil {
			answer(err)
			answer = nil
		}
	}
}

func producerOf(id int64, epoch int16) txn.Producer {
	return txn.Producer{ID: kafka.ProducerID(id), Epoch: kafka.ProducerEpoch(epoch)}
}

// fencedBefore says PRODUCER_FENCED to clients that do not know it yet as they
// expect it.
func fencedBefore(err error, version, known int16) error {
	if err == kerr.ProducerFenced && version < known {
		return kerr.InvalidProducerEpoch
	}
	return err
}

// refused tells those who watch that a producer was fenced off.
func (s *transactionService) refused(id string, p txn.Producer, err error) {
	if err == kerr.ProducerFenced {
		t, _ := s.Transaction(id)
		s.observe(PointProducerFenced, id, int64(p.ID), int64(p.Epoch), int64(t.Epoch))
	}
}
