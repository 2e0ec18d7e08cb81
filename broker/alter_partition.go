package broker

import (
	"cmp"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/replica"
	"assay/internal/kafka"
)

// isrAlteration carries proposals to the controller: one request in flight for
// all partitions, until each is answered.
type isrAlteration struct {
	link    *controllerLink
	pending []proposed // by topic id and partition, at most one for each
}

type proposed struct {
	hosted   *hosted
	proposal replica.Proposal
}

// propose queues a proposal; a former one of the partition is overtaken.
func (n *Node) propose(h *hosted, p replica.Proposal) {
	a := &n.alterISR
	at, found := slices.BinarySearchFunc(a.pending, h, func(p proposed, h *hosted) int { return compareByID(p.hosted, h) })
	if found {
		a.pending[at].proposal = p
	} else {
		a.pending = slices.Insert(a.pending, at, proposed{h, p})
	}
	n.sendProposals()
}

func (n *Node) sendProposals() {
	a := &n.alterISR
	a.pending = slices.DeleteFunc(a.pending, func(p proposed) bool { return !p.hosted.StillProposes(p.proposal.Number) })
	if a.link.channel.busy() || len(a.pending) == 0 {
		return
	}
	sent := slices.Clone(a.pending)
	a.link.request(n.alterPartitionRequest(sent), n.tuning.requestTimeout, func(answer kmsg.Response, err error) {
		r, _ := answer.(*kmsg.AlterPartitionResponse)
		if err != nil || r == nil || r.ErrorCode != 0 {
			a.link.again(n.sendProposals)
			return
		}
		n.takeAnswers(sent, r)
		if len(a.pending) > 0 {
			a.link.again(n.sendProposals)
		}
	})
}

func (n *Node) alterPartitionRequest(proposals []proposed) *kmsg.AlterPartitionRequest {
	r := kmsg.NewPtrAlterPartitionRequest()
	r.Version = 3
	r.BrokerID, r.BrokerEpoch = int32(n.config.ID), int64(n.life.epoch)
	for i, p := range proposals {
		if i == 0 || proposals[i-1].hosted.key.TopicID != p.hosted.key.TopicID {
			topic := kmsg.NewAlterPartitionRequestTopic()
			topic.Topic, topic.TopicID = p.hosted.key.Topic, p.hosted.key.TopicID
			r.Topics = append(r.Topics, topic)
		}
		partition := kmsg.NewAlterPartitionRequestTopicPartition()
		partition.Partition = p.hosted.key.Partition
		partition.LeaderEpoch = int32(p.proposal.LeaderEpoch)
		partition.PartitionEpoch = int32(p.proposal.PartitionEpoch)
		for _, m := range p.proposal.ISR {
			member := kmsg.NewAlterPartitionRequestTopicPartitionNewEpochISR()
			member.BrokerID, member.BrokerEpoch = int32(m.Broker), int64(m.BrokerEpoch)
			partition.NewEpochISR = append(partition.NewEpochISR, member)
		}
		topic := &r.Topics[len(r.Topics)-1]
		topic.Partitions = append(topic.Partitions, partition)
	}
	return r
}

// takeAnswers gives each answer to the partition whose proposal was sent. One
// whose proposal is to be sent again stays pending.
func (n *Node) takeAnswers(sent []proposed, r *kmsg.AlterPartitionResponse) {
	for i := range r.Topics {
		for j := range r.Topics[i].Partitions {
			out := &r.Topics[i].Partitions[j]
			at := slices.IndexFunc(sent, func(p proposed) bool {
				return p.hosted.key.TopicID == r.Topics[i].TopidID && p.hosted.key.Partition == out.Partition
			})
			if at < 0 {
				continue
			}
			p := sent[at]
			isr := make([]kafka.BrokerID, len(out.ISR))
			for k, id := range out.ISR {
				isr[k] = kafka.BrokerID(id)
			}
			slices.SortFunc(isr, cmp.Compare[kafka.BrokerID])
			again := p.hosted.ProposalAnswered(n.now, p.proposal.Number, replica.State{
				Leader: kafka.BrokerID(out.LeaderID), LeaderEpoch: kafka.LeaderEpoch(out.LeaderEpoch),
				PartitionEpoch: kafka.PartitionEpoch(out.PartitionEpoch), ISR: isr,
			}, kerr.TypedErrorForCode(out.ErrorCode))
			if !again {
				n.alterISR.pending = slices.DeleteFunc(n.alterISR.pending, func(q proposed) bool {
					return q.hosted == p.hosted && q.proposal.Number == p.proposal.Number
				})
			}
		}
	}
}
