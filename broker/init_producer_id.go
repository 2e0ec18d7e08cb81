package broker

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// InitProducerId, versions 0 to 5: 3 lets a producer name the id and epoch that
// it has, which matters for transactions alone. A producer without a
// transactional id gets a new id and epoch 0 each time.

// producerIDs gives producer ids out of blocks from the controller.
type producerIDs struct {
	link      *controllerLink
	next, end int64       // what is left of the block
	waiting   []*exchange // until the next block
	asking    bool
}

func (n *Node) initProducerID(e *exchange, r *kmsg.InitProducerIDRequest) {
	if r.TransactionalID != nil {
		response := kmsg.NewPtrInitProducerIDResponse()
		response.ProducerID, response.ProducerEpoch = -1, -1
		response.ErrorCode = kerr.UnsupportedVersion.Code // no transactions here
		n.answer(e, response)
		return
	}
	n.producerIDs.waiting = append(n.producerIDs.waiting, e)
	n.giveProducerIDs()
}

func (n *Node) giveProducerIDs() {
	ids := &n.producerIDs
	for len(ids.waiting) > 0 && ids.next < ids.end {
		e := ids.waiting[0]
		ids.waiting = ids.waiting[1:]
		response := kmsg.NewPtrInitProducerIDResponse()
		response.ProducerID, response.ProducerEpoch = ids.next, 0
		ids.next++
		n.answer(e, response)
	}
	if len(ids.waiting) > 0 && !ids.asking {
		ids.asking = true
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
