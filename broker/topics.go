package broker

import (
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
)

// CreateTopics, versions 0 to 7: 1 adds validation alone, 4 takes -1 for
// partitions and replication factor, 5 answers with what was made, 7 with the
// topic's id. DeleteTopics, versions 0 to 6: 6 names topics by id too. Both are
// the active controller's; this broker forwards them and their answers.

// autoCreateTimeout bounds how long a topic that somebody asked about is tried
// to be created.
const autoCreateTimeout = 30 * time.Second

// forwarding carries requests to the active controller, one at a time.
type forwarding struct {
	link     *controllerLink
	queue    []*forwarded
	creating []string // topics being created automatically
}

// forwarded is one request until the controller has answered it or its time is
// over. Forwarded requests hold strings and numbers only, nothing of a frame.
type forwarded struct {
	request  kmsg.Request
	deadline host.Time
	done     func(answer kmsg.Response) // nil when time ran out
}

func (n *Node) createTopics(e *exchange, r *kmsg.CreateTopicsRequest) {
	n.forward(r, r.TimeoutMillis, func(answer kmsg.Response) {
		if answer == nil {
			response := kmsg.NewPtrCreateTopicsResponse()
			for i := range r.Topics {
				topic := kmsg.NewCreateTopicsResponseTopic()
				topic.Topic, topic.ErrorCode = r.Topics[i].Topic, kerr.RequestTimedOut.Code
				response.Topics = append(response.Topics, topic)
			}
			answer = response
		}
		n.answer(e, answer)
	})
}

func (n *Node) deleteTopics(e *exchange, r *kmsg.DeleteTopicsRequest) {
	n.forward(r, r.TimeoutMillis, func(answer kmsg.Response) {
		if answer == nil {
			answer = deletionTimedOut(r)
		}
		n.answer(e, answer)
	})
}

func deletionTimedOut(r *kmsg.DeleteTopicsRequest) *kmsg.DeleteTopicsResponse {
	response := kmsg.NewPtrDeleteTopicsResponse()
	add := func(name *string, id [16]byte) {
		topic := kmsg.NewDeleteTopicsResponseTopic()
		topic.Topic, topic.TopicID, topic.ErrorCode = name, id, kerr.RequestTimedOut.Code
		response.Topics = append(response.Topics, topic)
	}
	for i := range r.TopicNames {
		add(&r.TopicNames[i], [16]byte{})
	}
	for i := range r.Topics {
		add(r.Topics[i].Topic, r.Topics[i].TopicID)
	}
	return response
}

// autoCreate asks for topics that a client wanted to know about. The client
// does not wait: it asks again.
func (n *Node) autoCreate(names []string) {
	f := &n.forwarding
	r := kmsg.NewPtrCreateTopicsRequest()
	r.Version = 7
	r.TimeoutMillis = int32(autoCreateTimeout / time.Millisecond)
	for _, name := range names {
		if slices.Contains(f.creating, name) {
			continue
		}
		f.creating = append(f.creating, name)
		r.Topics = append(r.Topics, n.creatable(name))
	}
	if len(r.Topics) == 0 {
		return
	}
	n.forward(r, r.TimeoutMillis, func(kmsg.Response) {
		f.creating = slices.DeleteFunc(f.creating, func(name string) bool {
			return slices.ContainsFunc(r.Topics, func(t kmsg.CreateTopicsRequestTopic) bool { return t.Topic == name })
		})
	})
}

// forward queues a request for the active controller.
func (n *Node) forward(r kmsg.Request, timeoutMillis int32, done func(kmsg.Response)) {
	deadline := n.now.Add(time.Duration(max(timeoutMillis, 0)) * time.Millisecond)
	n.forwarding.queue = append(n.forwarding.queue, &forwarded{request: r, deadline: deadline, done: done})
	n.sendForwarded()
}

// sendForwarded sends the first of the queue. After a failure it is sent again
// until its time is over; the controller may then have done it already, and
// says that the topic exists (or does not), as Kafka's does.
func (n *Node) sendForwarded() {
	f := &n.forwarding
	for len(f.queue) > 0 && !f.link.channel.busy() {
		first := f.queue[0]
		left := first.deadline.Sub(n.now)
		if left <= 0 {
			f.queue = f.queue[1:]
			first.done(nil)
			continue
		}
		f.link.request(first.request, min(left, n.tuning.requestTimeout), func(answer kmsg.Response, err error) {
			if err != nil {
				f.link.again(n.sendForwarded)
				return
			}
			f.queue = f.queue[1:]
			first.done(answer)
			n.sendForwarded()
		})
	}
}
