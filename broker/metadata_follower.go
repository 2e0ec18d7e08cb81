package broker

import (
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/metadata"
	"assay/host"
)

const (
	// metadataWaitMillis is how long the controller may hold a fetch of the
	// metadata log with nothing new.
	metadataWaitMillis = 500
	// metadataTimeout is controller.quorum.request.timeout.ms's default: a
	// controller that does not answer for so long is given up.
	metadataTimeout = 2 * time.Second
)

// metadataFollower reads the metadata log from the active controller, at this
// broker's own pace.
type metadataFollower struct {
	core      *metadata.Follower
	link      *controllerLink
	heldUntil host.Time // by DelayMetadata
}

func (n *Node) startMetadata() {
	n.metadata.core = metadata.NewFollower(n.config.ID, n.image, metadataWaitMillis)
	n.metadata.link = n.newControllerLink()
	n.fetchMetadata()
}

// DelayMetadata makes the broker apply no newer metadata for a while from now
// on, as it goes on with everything else (the fault delay_metadata). An answer
// that is on its way is dropped and fetched again. It is for harnesses, within a
// step of this node.
func (n *Node) DelayMetadata(d time.Duration) {
	n.metadata.heldUntil = max(n.metadata.heldUntil, n.host.Now().Add(d))
}

func (n *Node) fetchMetadata() {
	m := &n.metadata
	if n.now < m.heldUntil {
		n.timers.set(&m.link.retry, m.heldUntil, n.fetchMetadata)
		return
	}
	peer := n.controllers.active()
	m.link.channel.request(peer, m.core.Next(), metadataTimeout, func(r kmsg.Response, err error) {
		if n.now < m.heldUntil {
			n.fetchMetadata()
			return
		}
		n.receiveMetadata(peer, r, err)
	})
}

func (n *Node) receiveMetadata(peer host.Addr, r kmsg.Response, err error) {
	link := n.metadata.link
	named := int32(-1)
	var update metadata.Update
	if err == nil {
		update, err = n.metadata.core.Receive(r)
		named = update.Leader
	}
	if err != nil {
		if r == nil || errors.Is(err, kerr.NotLeaderForPartition) || errors.Is(err, kerr.NotController) {
			n.controllers.moveOn(peer, named)
		}
		link.tries++
		link.again(n.fetchMetadata)
		return
	}
	link.tries = 0
	n.controllers.settle()
	if update.Moved {
		n.applyMetadata(&update)
	}
	if !n.failed {
		n.fetchMetadata()
	}
}

// applyMetadata takes a newer image. Until it holds this incarnation's own
// registration the broker hosts nothing: what the log says of the time before
// was meant for a former incarnation, and acting on it could bring back a
// leader epoch that is long over.
func (n *Node) applyMetadata(update *metadata.Update) {
	n.image = update.Image
	if len(update.Delta.CreatedTopics) > 0 {
		n.topicCreated = n.image.Offset()
	}
	n.observe(PointMetadataApplied, "", int64(n.image.Offset()), int64(n.image.Epoch()))
	if n.serving {
		n.applyDelta(&update.Delta)
		return
	}
	self := n.image.Broker(n.config.ID)
	if self == nil || self.Incarnation != n.life.incarnation {
		return
	}
	n.serving = true
	n.life.epoch = self.Epoch
	n.observe(PointServing, "", int64(n.image.Offset()), int64(self.Epoch))
	everything := metadata.Difference(metadata.Empty(), n.image)
	n.applyDelta(&everything)
	n.removeStrays()
	n.heartbeat()
	n.openDoors()
}
