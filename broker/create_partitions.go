package broker

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// CreatePartitions, versions 0 to 3 (KIP-195): a topic grows. It is the active
// controller's; this broker forwards it and its answer.

func (n *Node) createPartitions(e *exchange, r *kmsg.CreatePartitionsRequest) {
	n.forward(r, r.TimeoutMillis, func(answer kmsg.Response) {
		if answer == nil {
			response := kmsg.NewPtrCreatePartitionsResponse()
			for i := range r.Topics {
				topic := kmsg.NewCreatePartitionsResponseTopic()
				topic.Topic, topic.ErrorCode = r.Topics[i].Topic, kerr.RequestTimedOut.Code
				response.Topics = append(response.Topics, topic)
			}
			answer = response
		}
		n.answer(e, answer)
	})
}
