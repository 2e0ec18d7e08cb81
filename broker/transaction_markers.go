package broker

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/metadata"
	"assay/host"
	"assay/internal/kafka"
)

// writeMarkersVersion is the WriteTxnMarkers version between brokers: 2 says
// which version of transactions a marker is of.
const writeMarkersVersion = 2

// owedMarker is a transaction's marker for one partition.
type owedMarker struct {
	completion *completion
	partition  kafka.TopicPartition
}

// markerSending brings the markers of all transactions that this broker
// coordinates to the partitions' leaders, itself included.
type markerSending struct {
	senders  map[kafka.BrokerID]*markerSender
	resting  []owedMarker // to be sent again after a while
	rest     timer
	answered map[markerKey]int16 // memory of one answer
}

// markerSender sends markers to one broker, one request at a time for all
// transactions.
type markerSender struct {
	node    *Node
	leader  kafka.BrokerID
	channel channel
	queue   []owedMarker
	sent    []owedMarker // in flight
}

// markerKey finds a marker in an answer.
type markerKey struct {
	producer  kafka.ProducerID
	partition kafka.TopicPartition
}

// oweMarkers sends a transaction's markers to the present leaders of
// partitions.
func (n *Node) oweMarkers(c *completion, partitions []kafka.TopicPartition) {
	owed := make([]owedMarker, len(partitions))
	for i, p := range partitions {
		owed[i] = owedMarker{c, p}
	}
	n.routeMarkers(owed)
}

// routeMarkers puts markers to where they can be written. A partition that does
// not exist any more needs none; one without a live leader has to wait.
func (n *Node) routeMarkers(owed []owedMarker) {
	var touched []*markerSender
	for _, o := range owed {
		if o.completion.ended {
			continue
		}
		p := n.image.Partition(o.partition)
		if p == nil {
			o.completion.written(o.partition)
			continue
		}
		leader := n.image.Broker(p.Leader)
		if leader == nil || leader.Fenced {
			n.restMarker(o)
			continue
		}
		s := n.markerSenderTo(p.Leader)
		s.queue = append(s.queue, o)
		if !slices.Contains(touched, s) {
			touched = append(touched, s)
		}
	}
	for _, s := range touched {
		s.send()
	}
}

func (n *Node) markerSenderTo(leader kafka.BrokerID) *markerSender {
	s := n.markers.senders[leader]
	if s == nil {
		s = &markerSender{node: n, leader: leader, channel: channel{node: n}}
		if n.markers.senders == nil {
			n.markers.senders = make(map[kafka.BrokerID]*markerSender)
		}
		n.markers.senders[leader] = s
	}
	return s
}

// restMarker lets a marker wait for better times: another leader, more replicas.
func (n *Node) restMarker(o owedMarker) {
	m := &n.markers
	m.resting = append(m.resting, o)
	if len(m.resting) == 1 {
		n.timers.set(&m.rest, n.now.Add(markerBackoff), func() {
			owed := m.resting
			m.resting = nil
			n.routeMarkers(owed)
			settleCompletions(owed)
		})
	}
}

// settleCompletions completes what has all its markers now.
func settleCompletions(owed []owedMarker) {
	for i, o := range owed {
		if i == 0 || o.completion != owed[i-1].completion {
			o.completion.settle()
		}
	}
}

// send sends what is queued, unless a request is in flight.
func (s *markerSender) send() {
	n := s.node
	if s.channel.busy() || n.failed {
		return
	}
	s.queue = slices.DeleteFunc(s.queue, func(o owedMarker) bool { return o.completion.ended })
	if len(s.queue) == 0 {
		return
	}
	leader := n.image.Broker(s.leader)
	if leader == nil || leader.Fenced {
		for _, o := range s.queue {
			n.restMarker(o)
		}
		s.queue = s.queue[:0]
		return
	}
	s.sent, s.queue = s.queue, s.sent[:0]
	s.channel.request(hostAddr(leader), s.request(), n.tuning.requestTimeout, func(answer kmsg.Response, err error) {
		response, _ := answer.(*kmsg.WriteTxnMarkersResponse)
		s.received(response, err)
	})
}

// request has the markers of s.sent, those of one transaction together.
func (s *markerSender) request() *kmsg.WriteTxnMarkersRequest {
	r := kmsg.NewPtrWriteTxnMarkersRequest()
	r.Version = writeMarkersVersion
	for i, o := range s.sent {
		if i == 0 || o.completion != s.sent[i-1].completion {
			m := kmsg.NewWriteTxnMarkersRequestMarker()
			from := &o.completion.marker
			m.ProducerID, m.ProducerEpoch, m.Committed = int64(from.ID), int16(from.Epoch), from.Commit
			m.CoordinatorEpoch = int32(o.completion.service.coordinator.hosted.State().LeaderEpoch)
			m.TransactionVersion = int8(from.Version)
			r.Markers = append(r.Markers, m)
		}
		marker := &r.Markers[len(r.Markers)-1]
		if last := len(marker.Topics) - 1; last < 0 || marker.Topics[last].Topic != o.partition.Topic {
			topic := kmsg.NewWriteTxnMarkersRequestMarkerTopic()
			topic.Topic = o.partition.Topic
			marker.Topics = append(marker.Topics, topic)
		}
		topic := &marker.Topics[len(marker.Topics)-1]
		topic.Partitions = append(topic.Partitions, o.partition.Partition)
	}
	return r
}

// received takes an answer, or the lack of one: whether a marker was written
// then is not known, and it is sent again.
func (s *markerSender) received(r *kmsg.WriteTxnMarkersResponse, err error) {
	answered := s.node.markers.read(r)
	for _, o := range s.sent {
		if o.completion.ended {
			continue
		}
		code, known := answered[markerKey{o.completion.marker.ID, o.partition}]
		switch {
		case err != nil || !known:
			s.node.restMarker(o)
		case code == 0, code == kerr.UnsupportedVersion.Code, code == kerr.UnsupportedForMessageFormat.Code:
			o.completion.written(o.partition) // or can have no part of a transaction
		case code == kerr.InvalidProducerEpoch.Code, code == kerr.TransactionCoordinatorFenced.Code:
			// A later coordinator has seen to it.
			o.completion.service.end(o.completion.id)
		default:
			s.node.restMarker(o)
		}
	}
	settleCompletions(s.sent)
	clear(s.sent)
	s.sent = s.sent[:0]
	s.send()
}

// read gathers an answer's codes.
func (m *markerSending) read(r *kmsg.WriteTxnMarkersResponse) map[markerKey]int16 {
	if m.answered == nil {
		m.answered = make(map[markerKey]int16)
	}
	clear(m.answered)
	if r == nil {
		return m.answered
	}
	for i := range r.Markers {
		for j := range r.Markers[i].Topics {
			topic := &r.Markers[i].Topics[j]
			for _, p := range topic.Partitions {
				m.answered[markerKey{kafka.ProducerID(r.Markers[i].ProducerID), kafka.TopicPartition{Topic: topic.Topic, Partition: p.Partition}}] = p.ErrorCode
			}
		}
	}
	return m.answered
}

// brokerChanged gives up a request to a broker that has gone: the partitions it
// led are led elsewhere.
func (m *markerSending) brokerChanged(id kafka.BrokerID, b *metadata.Broker) {
	if s := m.senders[id]; s != nil && s.channel.busy() && (b == nil || b.Fenced) {
		s.channel.fail(host.ErrReset)
	}
}
