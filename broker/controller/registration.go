package controller

import (
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/metadata"
	"assay/host"
	"assay/internal/kafka"
)

// sessions is when each broker was last heard of, by its present epoch. It
// lives with the active controller alone: a new one gives everybody a full
// session.
type sessions struct {
	timeout time.Duration
	contact map[kafka.BrokerID]contact
	soonest host.Time // when the next session ends; 0 from a change until somebody asks
}

type contact struct {
	epoch     kafka.BrokerEpoch
	last      host.Time
	metadata  kafka.Offset // that the broker had read up to; 0 if it has not said
	departure kafka.Offset // where its controlled shutdown began; 0 for none
}

func newSessions(timeout time.Duration) *sessions {
	return &sessions{timeout: timeout, contact: map[kafka.BrokerID]contact{}}
}

// touch notes a sign of life.
func (s *sessions) touch(id kafka.BrokerID, epoch kafka.BrokerEpoch, now host.Time) {
	c := s.contact[id]
	if c.epoch != epoch {
		c = contact{epoch: epoch}
	}
	c.last = now
	s.note(id, c)
}

func (s *sessions) note(id kafka.BrokerID, c contact) { s.contact[id], s.soonest = c, 0 }

// hasRead notes how far a broker has read the metadata log.
func (s *sessions) hasRead(id kafka.BrokerID, offset kafka.Offset) {
	c := s.contact[id]
	c.metadata = offset
	s.note(id, c)
}

// end forgets a broker's session.
func (s *sessions) end(id kafka.BrokerID) {
	delete(s.contact, id)
	s.soonest = 0
}

// valid reports whether the broker's registration of that epoch has a session.
func (s *sessions) valid(id kafka.BrokerID, epoch kafka.BrokerEpoch, now host.Time) bool {
	c, known := s.contact[id]
	return known && c.epoch == epoch && now.Sub(c.last) < s.timeout
}

// nextExpiry is when the next session ends; host.Never without sessions.
func (s *sessions) nextExpiry() host.Time {
	if s.soonest == 0 {
		s.soonest = host.Never
		for _, c := range s.contact { // order-free: a minimum
			s.soonest = min(s.soonest, c.last.Add(s.timeout))
		}
	}
	return s.soonest
}

// expired lists the brokers whose session has ended, by id.
func (s *sessions) expired(now host.Time) []kafka.BrokerID {
	var ids []kafka.BrokerID
	for _, id := range slices.Sorted(maps.Keys(s.contact)) {
		if now.Sub(s.contact[id].last) >= s.timeout {
			ids = append(ids, id)
		}
	}
	return ids
}

// register enters an incarnation of a broker. As in Kafka, another incarnation
// than the registered one is refused while that has a session: the broker asks
// again until it has expired. A new incarnation leaves every ISR, and unless it
// names its predecessor's epoch, which only a clean shutdown leaves behind, it
// may have lost what its predecessor acknowledged (KIP-966).
func (d *decision) register(r *kmsg.BrokerRegistrationRequest) kmsg.Response {
	response := kmsg.NewPtrBrokerRegistrationResponse()
	response.Version = r.Version
	if r.ClusterID != d.config.ClusterID {
		response.ErrorCode = kerr.InconsistentClusterID.Code
		return response
	}
	if len(r.Listeners) == 0 || r.BrokerID < 0 {
		response.ErrorCode = kerr.InvalidRequest.Code
		return response
	}
	id := kafka.BrokerID(r.BrokerID)
	present := d.image.Broker(id)
	if present != nil && present.Incarnation == metadata.IncarnationID(r.IncarnationID) {
		// It asks again, because the answer was lost: nothing new.
		d.sessions.touch(id, present.Epoch, d.now)
		response.BrokerEpoch = int64(present.Epoch)
		return response
	}
	inSession := present != nil && !present.ShuttingDown && d.sessions.valid(id, present.Epoch, d.now)
	// The museum's bounce-fencing: a restart within the session goes unnoticed.
	if inSession && !d.config.Flaws.BounceFencing {
		response.ErrorCode = kerr.DuplicateBrokerRegistration.Code
		return response
	}
	rack := ""
	if r.Rack != nil {
		rack = *r.Rack
	}
	epoch := kafka.BrokerEpoch(d.offset)
	d.add(metadata.RegisterBroker{
		Broker: id, Incarnation: metadata.IncarnationID(r.IncarnationID), Epoch: epoch,
		Host: r.Listeners[0].Host, Port: int32(r.Listeners[0].Port), Rack: rack,
	})
	d.sessions.touch(id, epoch, d.now)
	// The museum's bounce-fencing: the new incarnation keeps its predecessor's
	// place in the ISRs.
	if !inSession {
		clean := present != nil && r.Version >= 3 && kafka.BrokerEpoch(r.PreviousBrokerEpoch) == present.Epoch
		d.leaveISRs(id, !clean)
	}
	response.BrokerEpoch = int64(epoch)
	return response
}

// checkEpoch refuses a broker that is not registered under the epoch it names.
func (d *decision) checkEpoch(id int32, epoch int64) error {
	broker := d.image.Broker(kafka.BrokerID(id))
	if broker == nil || broker.Epoch != kafka.BrokerEpoch(epoch) {
		return kerr.StaleBrokerEpoch
	}
	return nil
}

// heartbeat renews a session, unfences a broker that has caught up with the
// metadata to its own registration, and lets go one that wants to.
func (d *decision) heartbeat(r *kmsg.BrokerHeartbeatRequest) kmsg.Response {
	response := kmsg.NewPtrBrokerHeartbeatResponse()
	response.Version = r.Version
	if err := d.checkEpoch(r.BrokerID, r.BrokerEpoch); err != nil {
		response.ErrorCode = errorCode(err)
		return response
	}
	broker := d.image.Broker(kafka.BrokerID(r.BrokerID))
	d.sessions.touch(broker.ID, broker.Epoch, d.now)
	d.sessions.hasRead(broker.ID, kafka.Offset(r.CurrentMetadataOffset))
	response.IsCaughtUp = r.CurrentMetadataOffset >= int64(broker.Epoch)
	change := metadata.BrokerChange{Broker: broker.ID, Epoch: broker.Epoch, Fenced: broker.Fenced, ShuttingDown: broker.ShuttingDown || r.WantShutdown}
	switch {
	case r.WantFence || change.ShuttingDown && d.mayGo(broker):
		change.Fenced = true
	case broker.Fenced && response.IsCaughtUp && !change.ShuttingDown:
		change.Fenced = false
	}
	if change.ShuttingDown && !broker.ShuttingDown {
		d.sessions.depart(broker.ID, d.offset)
	}
	d.changeBroker(change)
	broker = d.image.Broker(broker.ID)
	response.IsFenced = broker.Fenced
	response.ShouldShutdown = broker.ShuttingDown && broker.Fenced
	return response
}

// changeBroker applies a change of a broker's standing, and its consequences for
// partitions.
func (d *decision) changeBroker(change metadata.BrokerChange) {
	before := d.image.Broker(change.Broker)
	if before.Fenced == change.Fenced && before.ShuttingDown == change.ShuttingDown {
		return
	}
	wasActive := before.Active()
	d.add(change)
	switch isActive := d.image.Broker(change.Broker).Active(); {
	case wasActive && !isActive:
		d.leaveISRs(change.Broker, false)
	case !wasActive && isActive:
		d.electWhereLeaderless()
	}
}

// expireSessions fences the brokers whose session has ended.
func (d *decision) expireSessions() {
	for _, id := range d.sessions.expired(d.now) {
		d.sessions.end(id)
		d.fence(id)
	}
}

// fence fences a broker, whatever the state of its session.
func (d *decision) fence(id kafka.BrokerID) {
	broker := d.image.Broker(id)
	if broker == nil {
		return
	}
	d.changeBroker(metadata.BrokerChange{Broker: id, Epoch: broker.Epoch, Fenced: true, ShuttingDown: broker.ShuttingDown})
}

// allocateProducerIDs gives a broker the next block of producer ids.
func (d *decision) allocateProducerIDs(r *kmsg.AllocateProducerIDsRequest) kmsg.Response {
	response := kmsg.NewPtrAllocateProducerIDsResponse()
	response.Version = r.Version
	if err := d.checkEpoch(r.BrokerID, r.BrokerEpoch); err != nil {
		response.ErrorCode = errorCode(err)
		return response
	}
	start := d.image.NextProducerID()
	d.add(metadata.ProducerIDs{Next: start + producerIDBlock})
	response.ProducerIDStart, response.ProducerIDLen = int64(start), producerIDBlock
	return response
}
