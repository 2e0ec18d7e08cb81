package broker

import (
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// heldAnswer is an answer that leaves once every part of it has been decided, or
// its time runs out. It waits for one part more than it has until it is begun.
type heldAnswer struct {
	node     *Node
	exchange *exchange
	waiting  int
	deadline timer
	response kmsg.Response
}

// undecided marks a place in a response that is still to be filled in.
const undecided int16 = -2

// hold makes an answer of which no part is known yet.
func (n *Node) hold(e *exchange, response kmsg.Response) heldAnswer {
	return heldAnswer{node: n, exchange: e, response: response, waiting: 1}
}

// begin is called when all parts are known. expire has to decide what is left.
func (h *heldAnswer) begin(patience time.Duration, expire func()) {
	h.node.timers.set(&h.deadline, h.node.now.Add(patience), expire)
	h.oneEnded()
}

// oneEnded notes that a part has been decided; each says so once.
func (h *heldAnswer) oneEnded() {
	h.waiting--
	if h.waiting == 0 {
		h.node.timers.Stop(&h.deadline)
		h.node.answer(h.exchange, h.response)
	}
}
