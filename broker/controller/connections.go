package controller

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
	"assay/internal/protocol"
)

// client is a connection that a broker (or another user of the protocol) opened.
// Its responses leave in the order of its requests.
type client struct {
	conn  host.Conn
	slots []*slot
}

// slot is the place of one response in a connection's order.
type slot struct {
	client        *client // nil once the connection is gone
	correlationID int32
	response      kmsg.Response // nil until it is there
}

// receiveRequest takes a request of the protocol. It outlives this step: kmsg's
// bodies alias the frame only in bytes that the controller's requests do not
// have.
func (c *Controller) receiveRequest(conn host.Conn, m *protocol.Request) {
	from := c.clients[conn]
	if from == nil {
		return
	}
	s := &slot{client: from, correlationID: m.CorrelationID}
	from.slots = append(from.slots, s)
	switch r := m.Body.(type) {
	case *kmsg.FetchRequest:
		c.holdFetch(s, r)
	case *kmsg.FetchSnapshotRequest:
		c.respond(s, c.serveSnapshot(r))
	case *kmsg.BrokerRegistrationRequest, *kmsg.BrokerHeartbeatRequest, *kmsg.AlterPartitionRequest, *kmsg.AllocateProducerIDsRequest,
		*kmsg.CreateTopicsRequest, *kmsg.CreatePartitionsRequest, *kmsg.DeleteTopicsRequest, *kmsg.ElectLeadersRequest:
		c.queue = append(c.queue, &call{slot: s, request: r})
	default:
		c.drop(conn)
	}
}

// drop closes a connection that makes no sense.
func (c *Controller) drop(conn host.Conn) {
	c.forget(conn)
	c.host.Close(conn)
}

func (c *Controller) forget(conn host.Conn) {
	delete(c.incoming, conn)
	if gone := c.clients[conn]; gone != nil {
		for _, s := range gone.slots {
			s.client = nil
		}
		delete(c.clients, conn)
	}
}

func (c *Controller) respondAll(calls []*call) {
	for _, k := range calls {
		if k.slot != nil {
			c.respond(k.slot, k.response)
		}
	}
}

// respond fills a slot and sends what is complete at the front. Each slot is
// filled exactly once.
func (c *Controller) respond(s *slot, response kmsg.Response) {
	if s.response != nil {
		panic("controller: a request was answered twice")
	}
	s.response = response
	to := s.client
	if to == nil {
		return
	}
	for len(to.slots) > 0 && to.slots[0].response != nil {
		c.host.Send(to.conn, &protocol.Response{CorrelationID: to.slots[0].correlationID, Body: to.slots[0].response})
		to.slots = to.slots[1:]
	}
}

// refuseAll answers NOT_CONTROLLER.
func (c *Controller) refuseAll(calls *[]*call) {
	refused := *calls
	*calls = nil
	for _, k := range refused {
		if k.slot != nil {
			c.respond(k.slot, notController(k.request))
		}
	}
}

func notController(request kmsg.Request) kmsg.Response {
	code := kerr.NotController.Code
	response := kmsg.ResponseForKey(request.Key())
	response.SetVersion(request.GetVersion())
	switch r := response.(type) {
	case *kmsg.BrokerRegistrationResponse:
		r.Default()
		r.ErrorCode = code
	case *kmsg.BrokerHeartbeatResponse:
		r.Default()
		r.ErrorCode = code
	case *kmsg.AlterPartitionResponse:
		r.Default()
		r.ErrorCode = code
	case *kmsg.AllocateProducerIDsResponse:
		r.Default()
		r.ErrorCode = code
	case *kmsg.ElectLeadersResponse:
		r.Default()
		r.ErrorCode = code
	case *kmsg.CreateTopicsResponse:
		r.Default()
		for _, asked := range request.(*kmsg.CreateTopicsRequest).Topics {
			answer := kmsg.NewCreateTopicsResponseTopic()
			answer.Topic, answer.ErrorCode = asked.Topic, code
			r.Topics = append(r.Topics, answer)
		}
	case *kmsg.CreatePartitionsResponse:
		r.Default()
		for _, asked := range request.(*kmsg.CreatePartitionsRequest).Topics {
			answer := kmsg.NewCreatePartitionsResponseTopic()
			answer.Topic, answer.ErrorCode = asked.Topic, code
			r.Topics = append(r.Topics, answer)
		}
	case *kmsg.DeleteTopicsResponse:
		r.Default()
		refuseDeletes(r, request.(*kmsg.DeleteTopicsRequest), code)
	}
	return response
}

func refuseDeletes(r *kmsg.DeleteTopicsResponse, request *kmsg.DeleteTopicsRequest, code int16) {
	for _, name := range request.TopicNames {
		answer := kmsg.NewDeleteTopicsResponseTopic()
		answer.Topic, answer.ErrorCode = kmsg.StringPtr(name), code
		r.Topics = append(r.Topics, answer)
	}
	for _, asked := range request.Topics {
		answer := kmsg.NewDeleteTopicsResponseTopic()
		answer.Topic, answer.TopicID, answer.ErrorCode = asked.Topic, asked.TopicID, code
		r.Topics = append(r.Topics, answer)
	}
}
