package broker

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/metadata"
	"assay/internal/kafka"
)

// lifecycle is the broker's standing with the controller: registered under one
// incarnation, fenced until it has caught up with the metadata, alive while it
// sends heartbeats (KIP-631).
type lifecycle struct {
	incarnation metadata.IncarnationID
	epoch       kafka.BrokerEpoch // NoBrokerEpoch until registered
	unfenced    bool              // as the controller last said
	link        *controllerLink
}

// startLifecycle registers this incarnation.
func (n *Node) startLifecycle() {
	random := n.host.Rand("incarnation")
	for i := range n.life.incarnation {
		n.life.incarnation[i] = byte(random.Uint32())
	}
	n.life.epoch = kafka.NoBrokerEpoch
	n.life.link = n.newControllerLink()
	n.register()
}

// register asks until the controller accepts. While a former incarnation's
// session lasts, the controller may refuse (DUPLICATE_BROKER_REGISTRATION).
func (n *Node) register() {
	r := kmsg.NewPtrBrokerRegistrationRequest()
	r.Version = 1
	if epoch := n.logs.PreviousEpoch(); epoch != kafka.NoBrokerEpoch {
		// Nothing was lost since that registration (KIP-966).
		r.Version, r.PreviousBrokerEpoch = 3, int64(epoch)
	}
	r.BrokerID = int32(n.config.ID)
	r.ClusterID = n.config.ClusterID
	r.IncarnationID = n.life.incarnation
	listener := kmsg.NewBrokerRegistrationRequestListener()
	listener.Name, listener.Host, listener.Port = "PLAINTEXT", n.config.Host, uint16(n.config.Port)
	r.Listeners = append(r.Listeners, listener)
	if n.config.Rack != "" {
		r.Rack = &n.config.Rack
	}
	n.life.link.request(r, min(n.tuning.requestTimeout, n.tuning.sessionTimeout), func(answer kmsg.Response, err error) {
		registration, _ := answer.(*kmsg.BrokerRegistrationResponse)
		if err != nil || registration == nil || registration.ErrorCode != 0 {
			if err == nil {
				n.life.link.tries++ // refused by the right one: no hurry
			}
			n.life.link.again(n.register)
			return
		}
		n.life.epoch = kafka.BrokerEpoch(registration.BrokerEpoch)
		n.observe(PointRegistered, "", registration.BrokerEpoch)
		n.heartbeat()
	})
}

// heartbeat tells the controller that this broker lives, how far its metadata
// is, and that it wants to serve once it has caught up.
func (n *Node) heartbeat() {
	link := n.life.link
	if link.channel.busy() {
		return
	}
	n.timers.Stop(&link.retry)
	r := kmsg.NewPtrBrokerHeartbeatRequest()
	r.BrokerID = int32(n.config.ID)
	r.BrokerEpoch = int64(n.life.epoch)
	r.CurrentMetadataOffset = int64(n.image.Offset())
	r.WantFence = !n.serving
	r.WantShutdown = n.shutdown.stage == handingOver
	link.request(r, min(n.tuning.requestTimeout, n.tuning.sessionTimeout), func(answer kmsg.Response, err error) {
		heartbeat, _ := answer.(*kmsg.BrokerHeartbeatResponse)
		if err != nil || heartbeat == nil {
			link.again(n.heartbeat)
			return
		}
		if heartbeat.ErrorCode == kerr.StaleBrokerEpoch.Code {
			n.observe(PointBrokerEpochStale, "", int64(n.life.epoch))
		}
		if heartbeat.ErrorCode == 0 {
			n.fencedChanged(heartbeat.IsFenced)
		}
		if n.shutdown.stage == handingOver {
			n.goOnHandingOver(r, heartbeat)
			return
		}
		if r.WantFence && n.serving {
			n.heartbeat() // it became ready meanwhile: nothing to wait for
			return
		}
		link.after(n.tuning.heartbeatInterval, n.heartbeat)
	})
}

func (n *Node) fencedChanged(fenced bool) {
	if n.life.unfenced == !fenced {
		return
	}
	n.life.unfenced = !fenced
	if fenced {
		n.observe(PointFenced, "", int64(n.life.epoch))
	} else {
		n.observe(PointUnfenced, "", int64(n.life.epoch))
	}
}
