package broker

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/txn"
	"assay/internal/kafka"
)

// InitProducerId, versions 0 to 5: 3 lets a producer name the id and epoch that
// it has, to go on after an error (KIP-360), 4 knows PRODUCER_FENCED, 5
// TRANSACTION_ABORTABLE. A producer without a transactional id gets a new id and
// epoch 0 each time.

func (n *Node) initProducerID(e *exchange, r *kmsg.InitProducerIDRequest) {
	answer := func(p txn.Producer, err error) {
		response := kmsg.NewPtrInitProducerIDResponse()
		response.ProducerID, response.ProducerEpoch = int64(p.ID), int16(p.Epoch)
		response.ErrorCode = errorCode(fencedBefore(err, e.version, 4))
		n.answer(e, response)
	}
	expected := txn.NoProducer
	if r.Version >= 3 {
		expected = producerOf(r.ProducerID, r.ProducerEpoch)
	}
	switch {
	case (expected.ID == kafka.NoProducerID) != (expected.Epoch == kafka.NoProducerEpoch):
		answer(txn.NoProducer, kerr.InvalidRequest)
	case r.TransactionalID != nil && *r.TransactionalID == "":
		answer(txn.NoProducer, kerr.InvalidRequest)
	case r.TransactionalID == nil:
		n.withProducerID(func() {
			id, _ := n.Take()
			answer(txn.Producer{ID: id, Epoch: 0}, nil)
		})
	default:
		request := txn.InitRequest{ID: *r.TransactionalID, TimeoutMillis: r.TransactionTimeoutMillis, Expected: expected}
		n.initTransactional(&request, answer)
	}
}

// initTransactional begins a session under a transactional id that is
// coordinated here.
func (n *Node) initTransactional(r *txn.InitRequest, answer func(txn.Producer, error)) {
	s, err := n.transactionServiceOf(r.ID)
	if err != nil {
		answer(txn.NoProducer, err)
		return
	}
	decision, err := s.Init(n.moment.Wall, r)
	if err == kerr.CoordinatorLoadInProgress { // of Take: the client need not come again for it
		n.withProducerID(func() { n.initTransactional(r, answer) })
		return
	}
	s.refused(r.ID, r.Expected, err)
	if err != nil {
		answer(txn.NoProducer, err)
		return
	}
	s.write(decision.Record, func(err error) {
		if err = cmpErr(err, decision.Error); err != nil {
			answer(txn.NoProducer, err)
			return
		}
		answer(decision.Producer, nil)
	})
}

// producerIDs gives producer ids out of blocks from the controller.
type producerIDs struct {
	link      *controllerLink
	next, end int64    // what is left of the block
	waiting   []func() // until there is one at hand
	asking    bool
}

// withProducerID calls f when a producer id is at hand for it to take, or not.
func (n *Node) withProducerID(f func()) {
	n.producerIDs.waiting = append(n.producerIDs.waiting, f)
	n.giveProducerIDs()
}

// Take implements txn.ProducerIDs.
func (n *Node) Take() (kafka.ProducerID, error) {
	ids := &n.producerIDs
	if ids.next >= ids.end {
		n.askForProducerIDs()
		return kafka.NoProducerID, kerr.CoordinatorLoadInProgress
	}
	ids.next++
	return kafka.ProducerID(ids.next - 1), nil
}

func (n *Node) giveProducerIDs() {
	ids := &n.producerIDs
	for len(ids.waiting) > 0 && ids.next < ids.end {
		f := ids.waiting[0]
		ids.waiting[0] = nil
		ids.waiting = ids.waiting[1:]
		f()
	}
	if len(ids.waiting) > 0 {
		n.askForProducerIDs()
	}
}

func (n *Node) askForProducerIDs() {
	if !n.producerIDs.asking {
		n.producerIDs.asking = true
		n.allocateProducerIDs()
	}
}

// allocateProducerIDs asks until there is a block. Clients that lose patience
// close their connection; an answer to it goes nowhere.
func (n *Node) allocateProducerIDs() {
	ids := &n.producerIDs
	r := kmsg.NewPtrAllocateProducerIDsRequest()
	r.BrokerID, r.BrokerEpoch = int32(n.config.ID), int64(n.life.epoch)
	ids.link.request(r, n.tuning.requestTimeout, func(answer kmsg.Response, err error) {
		block, _ := answer.(*kmsg.AllocateProducerIDsResponse)
		if err != nil || block == nil || block.ErrorCode != 0 || block.ProducerIDLen <= 0 {
			ids.link.again(n.allocateProducerIDs)
			return
		}
		ids.asking = false
		ids.next, ids.end = block.ProducerIDStart, block.ProducerIDStart+int64(block.ProducerIDLen)
		n.giveProducerIDs()
	})
}
