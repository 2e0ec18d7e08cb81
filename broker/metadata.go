package broker

import (
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/metadata"
	"assay/host"
	"assay/internal/kafka"
)

// Metadata, versions 0 to 13: from 1 on null asks for all topics and an empty
// list for none (0 says all by an empty list), 4 adds the choice about automatic
// creation, 7 leader epochs, 10 topic ids, 12 asks by id, 13 has a top-level
// error.

func (n *Node) describeMetadata(e *exchange, r *kmsg.MetadataRequest) {
	response := kmsg.NewPtrMetadataResponse()
	response.ClusterID = &n.config.ClusterID
	response.ControllerID = n.anyBroker()
	for _, b := range n.image.Brokers() {
		if b.Fenced {
			continue
		}
		broker := kmsg.NewMetadataResponseBroker()
		broker.NodeID, broker.Host, broker.Port = int32(b.ID), b.Host, b.Port
		broker.Rack = nullable(b.Rack)
		response.Brokers = append(response.Brokers, broker)
	}
	if r.Topics == nil || r.Version == 0 && len(r.Topics) == 0 {
		for _, t := range n.image.Topics() {
			response.Topics = append(response.Topics, n.describeTopic(t))
		}
	}
	var create []string
	for i := range r.Topics {
		asked := &r.Topics[i]
		byID := asked.Topic == nil || asked.TopicID != kafka.TopicID{}
		name := ""
		if asked.Topic != nil {
			name = *asked.Topic
		}
		topic, err := n.topicNamed(byID, name, asked.TopicID)
		if err == nil {
			response.Topics = append(response.Topics, n.describeTopic(n.image.TopicByID(topic.id)))
			continue
		}
		out := kmsg.NewMetadataResponseTopic()
		out.Topic, out.TopicID, out.ErrorCode = asked.Topic, asked.TopicID, errorCode(err)
		if !byID && !validTopicName(name) {
			out.ErrorCode = kerr.InvalidTopicException.Code
		} else if !byID {
			create = append(create, name)
		}
		response.Topics = append(response.Topics, out)
	}
	if n.tuning.autoCreateTopics && (r.Version < 4 || r.AllowAutoTopicCreation) {
		n.autoCreate(create)
	}
	response.AuthorizedOperations = anyClusterOperation.ifAsked(r.IncludeClusterAuthorizedOperations)
	for i := range response.Topics {
		response.Topics[i].AuthorizedOperations = anyTopicOperation.ifAsked(r.IncludeTopicAuthorizedOperations)
	}
	n.answer(e, response)
}

// anyBroker stands for the controller: clients may send any broker what is
// forwarded to it.
func (n *Node) anyBroker() int32 {
	if self := n.image.Broker(n.config.ID); self.Active() {
		return int32(n.config.ID)
	}
	for _, b := range n.image.Brokers() {
		if b.Active() {
			return int32(b.ID)
		}
	}
	return -1
}

func (n *Node) describeTopic(t *metadata.Topic) kmsg.MetadataResponseTopic {
	out := kmsg.NewMetadataResponseTopic()
	out.Topic, out.TopicID, out.IsInternal = &t.Name, t.ID, metadata.IsInternal(t.Name)
	out.Partitions = make([]kmsg.MetadataResponseTopicPartition, len(t.Partitions))
	var ids []int32 // of all partitions, one after the other
	for i := range t.Partitions {
		from, to := t.Partitions[i], &out.Partitions[i]
		*to = kmsg.NewMetadataResponseTopicPartition()
		to.Partition, to.Leader, to.LeaderEpoch = int32(i), int32(from.Leader), int32(from.LeaderEpoch)
		to.Replicas, ids = brokerIDs(ids, from.Replicas)
		to.ISR, ids = brokerIDs(ids, from.ISR)
		to.OfflineReplicas = []int32{}
		for _, id := range from.Replicas {
			if b := n.image.Broker(id); b == nil || b.Fenced {
				to.OfflineReplicas = append(to.OfflineReplicas, int32(id))
			}
		}
		if b := n.image.Broker(from.Leader); b == nil || b.Fenced {
			to.Leader, to.ErrorCode = -1, kerr.LeaderNotAvailable.Code
		}
	}
	return out
}

// brokerIDs appends ids to others, and returns those and all.
func brokerIDs(others []int32, ids []kafka.BrokerID) (added, all []int32) {
	first := len(others)
	all = slices.Grow(others, len(ids))
	for _, id := range ids {
		all = append(all, int32(id))
	}
	return all[first:len(all):len(all)], all
}

// validTopicName: letters, digits, '.', '_' and '-', at most 249 of them, and
// neither "." nor "..".
func validTopicName(name string) bool {
	if name == "" || name == "." || name == ".." || len(name) > 249 {
		return false
	}
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}

func nullable(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// hostAddr is where a broker listens.
func hostAddr(b *metadata.Broker) host.Addr {
	name := b.Host
	if strings.Contains(name, ":") { // an IPv6 address
		name = "[" + name + "]"
	}
	return host.Addr(name + ":" + strconv.Itoa(int(b.Port)))
}
