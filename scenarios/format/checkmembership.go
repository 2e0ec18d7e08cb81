package format

import (
	"strings"

	"assay/internal/kafkaconfig"
)

const sessionTimeout = "session.timeout.ms"

// classic says whether a member joins by the classic protocol, not by that of KIP-848.
func classic(settings kafkaconfig.Settings) bool {
	return strings.EqualFold(settings.String("group.protocol"), "classic")
}

// checkMembership checks the settings of a member against those of the brokers, who would refuse it.
func (c *checker) checkMembership(pointer, who string, settings kafkaconfig.Settings) {
	const session, heartbeat = sessionTimeout, "heartbeat.interval.ms"
	if !classic(settings) {
		return
	}
	broker := c.scenario.Cluster.Settings()
	timeout := settings.Long(session)
	for _, bound := range []struct {
		key     string
		outside bool
	}{
		{"group.min.session.timeout.ms", timeout < broker.Long("group.min.session.timeout.ms")},
		{"group.max.session.timeout.ms", timeout > broker.Long("group.max.session.timeout.ms")},
	} {
		if bound.outside {
			c.atValue(pointerTo(pointer, session), "", "%s=%d of %s is outside of what the brokers allow: %s is %d", session, timeout, who, bound.key, broker.Long(bound.key))
		}
	}
	if beat := settings.Long(heartbeat); beat >= timeout {
		c.atValue(pointerTo(pointer, heartbeat), "", "%s=%d of %s is not below %s, which is %d", heartbeat, beat, who, session, timeout)
	}
}

// checkInstanceIDs: of two members with one group.instance.id the later one fences the other (KIP-345).
func (c *checker) checkInstanceIDs(pointer, name string, count int, config map[string]string) {
	const key = "group.instance.id"
	if id := config[key]; id != "" && count > 1 && !strings.Contains(id, indexPlace) {
		where := pointerTo(pointer, key)
		c.remark(Warning, c.index.find(where), where, "the instances of %s share the %s %q, and each fences the other; %s stands for an instance's number",
			name, key, id, indexPlace)
	}
}

// membersOf are the sets of clients whose instances are members of a group.
func (c *checker) membersOf(group string) []string {
	var sets []string
	for _, consumer := range c.scenario.Workload.Consumers {
		if consumer.Group == group && consumer.Subscribes() {
			sets = append(sets, consumer.Name)
		}
	}
	for _, p := range c.scenario.Workload.Processors {
		if p.Group == group {
			sets = append(sets, p.Name)
		}
	}
	return sets
}
