package controller

import (
	"math"

	"assay/broker/metadata"
	"assay/internal/kafka"
)

// A broker that wants to end says so in its heartbeats. It first loses its
// leaderships, to other in-sync replicas where there are any, and its place in
// every ISR; then, when all active brokers have read that, it is fenced and may
// go. So nobody finds it gone who has not been told who leads instead.

// departure notes where in the metadata log a broker's departure begins.
func (s *sessions) depart(id kafka.BrokerID, at kafka.Offset) {
	c := s.contact[id]
	c.departure = at
	s.note(id, c)
}

// mayGo reports whether a broker that wants to end may: it leads nothing, and no
// active broker may still believe that it does. A fenced one leads nothing.
func (d *decision) mayGo(broker *metadata.Broker) bool {
	switch {
	case broker.Fenced:
		return true
	case d.leads(broker.ID):
		return false
	case !broker.ShuttingDown:
		return true // it never led, so nobody has to be told
	}
	departure := d.sessions.contact[broker.ID].departure
	if departure == 0 { // known to a former controller alone
		departure = d.image.Offset()
		d.sessions.depart(broker.ID, departure)
	}
	return d.lowestActiveOffset() >= departure
}

// lowestActiveOffset is how far all active brokers have read the metadata log,
// by their last heartbeats; without any, as far as can be.
func (d *decision) lowestActiveOffset() kafka.Offset {
	lowest := kafka.Offset(math.MaxInt64)
	for _, b := range d.image.Brokers() {
		if b.Active() {
			lowest = min(lowest, d.sessions.contact[b.ID].metadata)
		}
	}
	return lowest
}
