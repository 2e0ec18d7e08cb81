package broker

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/metadata"
	"assay/internal/kafkaconfig"
)

// DescribeConfigs, versions 1 to 4: the configuration of topics, which any
// broker knows, and of this broker; 3 adds types and documentation (KIP-569).
// Only what a topic sets itself is dynamic here: a broker's settings are those
// that it was started with.

func (n *Node) describeConfigs(e *exchange, r *kmsg.DescribeConfigsRequest) {
	response := kmsg.NewPtrDescribeConfigsResponse()
	for i := range r.Resources {
		asked := &r.Resources[i]
		out := kmsg.NewDescribeConfigsResponseResource()
		out.ResourceType, out.ResourceName = asked.ResourceType, asked.ResourceName
		configs, err := n.resourceConfigs(asked)
		if err != nil {
			out.ErrorCode, out.ErrorMessage = err.kafka.Code, &err.reason
		}
		for _, c := range configs {
			if len(asked.ConfigNames) > 0 && !slices.Contains(asked.ConfigNames, c.key.Name) {
				continue
			}
			out.Configs = append(out.Configs, c.describe(r))
		}
		response.Resources = append(response.Resources, out)
	}
	n.answer(e, response)
}

// refusedResource is why a resource's configuration is not told.
type refusedResource struct {
	kafka  *kerr.Error
	reason string
}

// resourceConfigs are a resource's keys, by name. The errors: INVALID_REQUEST,
// INVALID_TOPIC_EXCEPTION, UNKNOWN_TOPIC_OR_PARTITION.
func (n *Node) resourceConfigs(asked *kmsg.DescribeConfigsRequestResource) ([]describedConfig, *refusedResource) {
	name := asked.ResourceName
	switch asked.ResourceType {
	case kmsg.ConfigResourceTypeTopic:
		switch {
		case !validTopicName(name):
			return nil, &refusedResource{kerr.InvalidTopicException, fmt.Sprintf("'%s' cannot be the name of a topic", name)}
		case n.image.Topic(name) == nil:
			return nil, &refusedResource{kerr.UnknownTopicOrPartition, ""}
		}
		return n.topicConfigs(name), nil
	case kmsg.ConfigResourceTypeBroker:
		switch name {
		case strconv.Itoa(int(n.config.ID)):
			return n.brokerConfigs(), nil
		case "": // what is set for all brokers while they run: nothing can be
			return nil, nil
		}
		return nil, &refusedResource{kerr.InvalidRequest, fmt.Sprintf("this is broker %d, not %s; name it, or none for the defaults of all", n.config.ID, name)}
	}
	return nil, &refusedResource{kerr.InvalidRequest, fmt.Sprintf("there are no configs of %s here", asked.ResourceType)}
}

// describedConfig is one key with its value, null for none, and where it can
// come from: what comes first is in force.
type describedConfig struct {
	key     kafkaconfig.Key
	value   *string
	dynamic bool // it can be set while the broker runs
	sources []configSource
}

type configSource struct {
	name, value string
	source      kmsg.ConfigSource
}

// topicConfigs are the keys of a topic: its own, else the broker's that supply
// the default.
func (n *Node) topicConfigs(topic string) []describedConfig {
	own := n.image.Configs(metadata.ConfigResource{Type: metadata.TopicResource, Name: topic})
	resolved, _ := kafkaconfig.ResolveTopic(n.config.Settings, own)
	var configs []describedConfig
	for _, key := range kafkaconfig.Keys(kafkaconfig.Topic) {
		value, set := own[key.Name]
		if key.Internal && !set {
			continue
		}
		c := describedConfig{key: key, dynamic: true}
		switch {
		case set: // also what internal topics have and others may not
			c.value = &value
			c.sources = append(c.sources, configSource{key.Name, value, kmsg.ConfigSourceDynamicTopicConfig})
		case !resolved.IsNull(key.Name):
			text := resolved.Text(key.Name)
			c.value = &text
		}
		for i, supplier := range key.SuppliedBy {
			c.sources = append(c.sources, n.brokerSources(supplier.Name, i == 0)...)
		}
		configs = append(configs, c)
	}
	return configs
}

func (n *Node) brokerConfigs() []describedConfig {
	var configs []describedConfig
	for _, key := range kafkaconfig.Keys(kafkaconfig.Broker) {
		if key.Internal {
			continue
		}
		c := describedConfig{key: key, sources: n.brokerSources(key.Name, true)}
		if !n.config.Settings.IsNull(key.Name) {
			text := n.config.Settings.Text(key.Name)
			c.value = &text
		}
		configs = append(configs, c)
	}
	return configs
}

// brokerSources are a broker key's: what was given at the start, and the
// default, as far as it is asked for and there is one.
func (n *Node) brokerSources(name string, withDefault bool) (sources []configSource) {
	if n.config.Settings.IsSet(name) {
		sources = append(sources, configSource{name, n.config.Settings.Text(name), kmsg.ConfigSourceStaticBrokerConfig})
	}
	if key, _ := kafkaconfig.Lookup(kafkaconfig.Broker, name); withDefault && key.HasDefault && !key.DefaultNull {
		sources = append(sources, configSource{name, key.Default, kmsg.ConfigSourceDefaultConfig})
	}
	return sources
}

// typeNumbers are the protocol's.
var typeNumbers = map[kafkaconfig.Type]kmsg.ConfigType{
	kafkaconfig.TypeBoolean: kmsg.ConfigTypeBoolean, kafkaconfig.TypeString: kmsg.ConfigTypeString, kafkaconfig.TypeInt: kmsg.ConfigTypeInt,
	kafkaconfig.TypeShort: kmsg.ConfigTypeShort, kafkaconfig.TypeLong: kmsg.ConfigTypeLong, kafkaconfig.TypeDouble: kmsg.ConfigTypeDouble,
	kafkaconfig.TypeList: kmsg.ConfigTypeList, kafkaconfig.TypeClass: kmsg.ConfigTypeClass, kafkaconfig.TypePassword: kmsg.ConfigTypePassword,
}

// describe is what the answer says, which never has a secret.
func (c *describedConfig) describe(r *kmsg.DescribeConfigsRequest) kmsg.DescribeConfigsResponseResourceConfig {
	out := kmsg.NewDescribeConfigsResponseResourceConfig()
	out.Name, out.Value, out.ReadOnly, out.Source = c.key.Name, c.value, !c.dynamic, kmsg.ConfigSourceDefaultConfig
	if len(c.sources) > 0 {
		out.Source = c.sources[0].source
	}
	out.IsSensitive = c.key.Type == kafkaconfig.TypePassword
	if out.IsSensitive {
		out.Value = nil
	}
	for i := range c.sources {
		if !r.IncludeSynonyms {
			break
		}
		synonym := kmsg.NewDescribeConfigsResponseResourceConfigConfigSynonym()
		synonym.Name, synonym.Source = c.sources[i].name, c.sources[i].source
		if !out.IsSensitive {
			synonym.Value = &c.sources[i].value
		}
		out.ConfigSynonyms = append(out.ConfigSynonyms, synonym)
	}
	if r.Version >= 3 {
		out.ConfigType = typeNumbers[c.key.Type]
		if r.IncludeDocumentation {
			out.Documentation = nullable(c.key.About)
		}
	}
	return out
}
