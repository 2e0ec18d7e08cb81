package parity

import (
	"fmt"
	"strings"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// The requests of administrators about topics and configurations.

// buildCreatePartitions takes topics as NAME:COUNT, and brokers for the new
// partitions, one each.
func buildCreatePartitions(w *words, _ *memory) kmsg.Request {
	r := kmsg.NewPtrCreatePartitionsRequest()
	r.TimeoutMillis = int32(w.number("timeout", 10_000))
	r.ValidateOnly = w.text("validate", "false") == "true"
	for _, text := range w.list("topics") {
		name, count, _ := strings.Cut(text, ":")
		topic := kmsg.NewCreatePartitionsRequestTopic()
		topic.Topic, topic.Count = name, parse32(w, count)
		for _, broker := range w.list("assign") {
			a := kmsg.NewCreatePartitionsRequestTopicAssignment()
			a.Replicas = []int32{parse32(w, broker)}
			topic.Assignment = append(topic.Assignment, a)
		}
		r.Topics = append(r.Topics, topic)
	}
	return r
}

// buildDeleteRecords takes offsets as TOPIC:PARTITION:OFFSET.
func buildDeleteRecords(w *words, _ *memory) kmsg.Request {
	r := kmsg.NewPtrDeleteRecordsRequest()
	r.TimeoutMillis = int32(w.number("timeout", 10_000))
	for _, t := range byTopic(w, "before") {
		topic := kmsg.NewDeleteRecordsRequestTopic()
		topic.Topic = t.name
		for i, number := range t.partitions {
			p := kmsg.NewDeleteRecordsRequestTopicPartition()
			p.Partition, p.Offset = number, int64(parse32(w, t.rest[i][0]))
			topic.Partitions = append(topic.Partitions, p)
		}
		r.Topics = append(r.Topics, topic)
	}
	return r
}

// buildDescribeConfigs takes resources as topic:NAME or broker:ID.
func buildDescribeConfigs(w *words, _ *memory) kmsg.Request {
	r := kmsg.NewPtrDescribeConfigsRequest()
	r.IncludeSynonyms = w.text("synonyms", "false") == "true"
	keys := w.list("keys")
	for _, text := range w.list("resources") {
		kind, name, _ := strings.Cut(text, ":")
		resource := kmsg.NewDescribeConfigsRequestResource()
		var err error
		resource.ResourceType, err = kmsg.ParseConfigResourceType(kind)
		require.NoError(w.t, err)
		resource.ResourceName, resource.ConfigNames = name, keys
		r.Resources = append(r.Resources, resource)
	}
	return r
}

func describeAdministration(line func(string, ...any), response kmsg.Response) {
	switch r := response.(type) {
	case *kmsg.CreatePartitionsResponse:
		for _, t := range r.Topics {
			line("%s %s", t.Topic, name(t.ErrorCode))
		}
	case *kmsg.DeleteRecordsResponse:
		for _, t := range r.Topics {
			for _, p := range t.Partitions {
				line("%s-%d %s low=%d", t.Topic, p.Partition, name(p.ErrorCode), p.LowWatermark)
			}
		}
	case *kmsg.DescribeConfigsResponse:
		for _, resource := range r.Resources {
			line("%s %s %s", strings.ToLower(resource.ResourceType.String()), resource.ResourceName, name(resource.ErrorCode))
			inOrder(line, func(add func(string, ...any)) { // Kafka's order means nothing
				for i := range resource.Configs {
					add("  %s", describeConfig(&resource.Configs[i], r.Version))
				}
			})
		}
	}
}

func describeConfig(c *kmsg.DescribeConfigsResponseResourceConfig, version int16) string {
	value := func(v *string) string {
		if v == nil {
			return "(null)"
		}
		return *v
	}
	text := fmt.Sprintf("%s=%s %s", c.Name, value(c.Value), c.Source)
	if version >= 3 {
		text += " " + c.ConfigType.String()
	}
	for _, s := range c.ConfigSynonyms {
		text += fmt.Sprintf(", %s=%s %s", s.Name, value(s.Value), s.Source)
	}
	return text
}
