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
	const session, assignor, assignors = sessionTimeout, "group.remote.assignor", "group.consumer.assignors"
	broker := c.scenario.Cluster.Settings()
	if !classic(settings) {
		if known := broker.List(assignors); settings.IsSet(assignor) && !contains(known, settings.String(assignor)) {
			suggestion, _ := kafkaconfig.Suggest(settings.String(assignor), known)
			c.atValue(pointerTo(pointer, assignor), suggestion, "%s=%s of %s is none of the brokers' %s, which are %s", assignor, settings.String(assignor), who, assignors, strings.Join(known, ", "))
		}
		return
	}
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

// checkSharedInstanceIDs does the same for members of different sets.
func (c *checker) checkSharedInstanceIDs() {
	const key = "group.instance.id"
	type identity struct{ group, id string }
	owner := map[identity]string{}
	check := func(pointer, set, group string, instances []string, config map[string]string) {
		for i, name := range instances {
			who := identity{group, numberedValue(config[key], i)}
			if before, taken := owner[who]; taken && who.id != "" && before != set {
				where := pointerTo(pointer+"/config", key)
				c.remark(Warning, c.index.find(where), where, "%s has the %s %q in the group %s, as an instance of %s has: each fences the other", name, key, who.id, group, before)
				return
			}
			owner[who] = set
		}
	}
	for _, m := range c.scenario.Workload.Consumers {
		if m.Group != "" && m.Subscribes() {
			check(pointerTo("/workload/consumers", m.Name), m.Name, m.Group, m.Instances(), m.Config)
		}
	}
	for _, p := range c.scenario.Workload.Processors {
		check(pointerTo("/workload/processors", p.Name), p.Name, p.Group, p.Instances(), p.Config)
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
