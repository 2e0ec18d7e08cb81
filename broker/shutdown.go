package broker

import (
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
)

// shutdown is the orderly end of a broker: it hands its leaderships over while
// it still serves, then closes every connection, makes its logs durable, and
// leaves the marker by which the next incarnation knows that nothing was lost.
type shutdown struct {
	stage    shutdownStage
	answered bool // the controller knows
}

type shutdownStage int8

const (
	serving shutdownStage = iota
	// handingOver: the controller moves the leaderships away.
	handingOver
	// flushing, and so on: nothing is served any more.
	flushing
	checkpointing
	marking
)

// handOverSoon is when a broker asks for the second time whether it may go; a
// quick hand-over is noticed quickly, as in Kafka's BrokerLifecycleManager.
const handOverSoon = 50 * time.Millisecond

// Stop implements host.Stopper. A broker that serves nobody yet, or that must
// not wait for the controller (controlled.shutdown.enable), closes at once.
// Without a controller that answers, a broker goes on handing over for as long
// as the world bears it.
func (n *Node) Stop() {
	if n.shutdown.stage != serving {
		return
	}
	n.step(func() {
		n.observe(PointStopping, "")
		if !n.life.unfenced || !n.tuning.controlledShutdown {
			n.close()
			return
		}
		n.shutdown.stage = handingOver
		n.heartbeat()
	})
}

// goOnHandingOver acts on the answer to a heartbeat.
func (n *Node) goOnHandingOver(sent *kmsg.BrokerHeartbeatRequest, answer *kmsg.BrokerHeartbeatResponse) {
	link := n.life.link
	switch {
	case !sent.WantShutdown:
		n.heartbeat() // it was on its way when the broker was asked to end
	case answer.ShouldShutdown, answer.ErrorCode == kerr.StaleBrokerEpoch.Code: // or another incarnation has taken over
		n.close()
	case !n.shutdown.answered:
		n.shutdown.answered = true
		link.after(handOverSoon, n.heartbeat)
	default:
		link.after(n.tuning.heartbeatInterval, n.heartbeat)
	}
}

// close ends all service and begins to put the log directory in order. What
// clients wait for ends without an answer, as their connections do.
func (n *Node) close() {
	for _, id := range slices.Sorted(maps.Keys(n.connections)) {
		n.disconnect(n.connections[id])
	}
	for _, id := range slices.Sorted(maps.Keys(n.channels)) {
		n.channels[id].reset()
	}
	n.shutdown.stage = flushing
	n.goOnClosing()
}

// doneClosing takes the end of a sync that the closing waits for.
func (n *Node) doneClosing(op host.Op, err error) {
	if n.failed {
		return
	}
	if _, mine := n.logs.Done(op, err); mine {
		n.goOnClosing()
	}
}

// goOnClosing goes from stage to stage as the syncs end.
func (n *Node) goOnClosing() {
	if n.shutdown.stage == flushing && !n.logs.FlushAll() && n.logs.Err() == nil {
		n.shutdown.stage = checkpointing
		n.checkpoint()
	}
	if n.shutdown.stage == checkpointing && !n.logs.Waiting() && n.logs.Err() == nil {
		n.shutdown.stage = marking
		if err := n.logs.CloseClean(n.life.epoch); err != nil {
			n.fail(err)
		}
	}
	switch {
	case n.logs.Err() != nil:
		n.fail(n.logs.Err())
	case n.shutdown.stage == marking && !n.logs.Waiting() && !n.failed:
		n.observe(PointStopped, "", int64(len(n.logs.Logs())), int64(n.life.epoch))
		n.host.Exit(nil)
	}
}
