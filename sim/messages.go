package sim

import "assay/host"

// Passage is the way of one message from node to node.
type Passage struct {
	From, To string    // nodes
	Conn     host.Conn // the connection as its sender sees it; the receiver's is Conn^1
	Sent     Time      // when it left its sender, or would have
	Ended    Time      // when its receiver took it, or it was lost
	Loss     Loss
	Message  host.Message // not to be changed
}

// Loss says why a message never arrived.
type Loss uint8

// Losses.
const (
	NotLost      Loss = iota // it arrived
	NeverLeft                // its sender ended before it could leave
	ReceiverDown             // nobody ran who could take it
	HungUp                   // its receiver had closed the connection
	Broken                   // the connection broke
)

// ObserveMessages adds a listener to the ends of messages' ways. A message that
// arrives is told before the step that it makes, so that points passed until the
// next one are that step's. The listener may look, and acts by At. What waits
// behind a partition has not ended.
func (w *World) ObserveMessages(listener func(Passage)) {
	w.onMessage = append(w.onMessage, listener)
	w.told = true
}

// tellMessage tells of a message's end on its way from one side of a connection.
func (w *World) tellMessage(c *connection, side uint64, m host.Message, sent Time, loss Loss) {
	from, to := c.ends[side].machine, c.ends[1-side].machine
	if from == nil || to == nil {
		return
	}
	p := Passage{From: from.spec.Name, To: to.spec.Name, Conn: c.id(side), Sent: sent, Ended: w.now, Loss: loss, Message: m}
	for _, listener := range w.onMessage {
		listener(p)
	}
}

// tellLost tells of the messages from a flight of a direction on, which are
// about to be dropped. It looks for their connection: losses are rare.
func (w *World) tellLost(d *direction, from flightID) {
	if from == 0 {
		return
	}
	for _, c := range w.connections {
		for side := range uint64(2) {
			if c == nil || &c.directions[side] != d {
				continue
			}
			for i := from; i != 0; i = w.flight(i).next {
				if f := w.flight(i); f.message != nil && f.kind == flightMessage {
					w.tellMessage(c, side, f.message, f.sent, w.lossOf(c, side, f.sent))
				}
			}
			return
		}
	}
}

// lossOf says why what was sent from one side of a connection is dropped now.
func (w *World) lossOf(c *connection, side uint64, sent Time) Loss {
	reader := &c.ends[1-side]
	switch {
	case sent > w.now:
		return NeverLeft
	case reader.machine == nil || !reader.machine.powered || reader.machine.process == nil || reader.state == endVanished,
		reader.process != nil && reader.process.ended:
		return ReceiverDown
	case reader.state == endClosed:
		return HungUp
	}
	return Broken
}
