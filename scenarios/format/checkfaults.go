package format

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"assay/faults"
	"assay/internal/kafkaconfig"
)

// checkFaults checks each fault that was read without errors.
func (c *checker) checkFaults(formErrors Diagnostics) {
	plan := c.scenario.Faults
	if plan.Random != nil && clean(formErrors, "/faults/random") {
		c.checkRandom(plan.Random)
	}
	for i, spec := range plan.Timeline {
		if pointer := pointerToItem("/faults/timeline", i); clean(formErrors, pointer) {
			c.checkSpec(pointer, spec)
		}
	}
}

func (c *checker) checkRandom(random *faults.Random) {
	const pointer = "/faults/random"
	if len(random.Kinds) == 0 {
		c.atValue(pointer+"/kinds", "", "kinds names none to draw from")
	}
	if len(random.Targets) == 0 {
		c.atValue(pointer+"/targets", "", "targets names none to draw from")
	}
	if random.Duration.Min == 0 {
		c.atValue(pointer+"/duration", "", "duration must begin above 0s")
	}
	for i, target := range random.Targets {
		below := pointerToItem(pointer+"/targets", i)
		switch target.Kind {
		case faults.Rest, faults.TopicPartition:
			c.atValue(below, "", "%s cannot be drawn at random", target)
		default:
			c.checkTarget(below, target)
		}
	}
}

func (c *checker) checkSpec(pointer string, spec faults.Spec) {
	load := c.scenario.Workload
	if end := load.LoadEnd(); spec.When == nil && spec.At > end && load.Duration > 0 {
		c.atValue(pointer+"/at", "", "no fault starts after warmup + duration, which is %s", printDuration(end))
	} else if spec.When == nil && spec.At+spec.Duration > end+load.Drain && load.Duration > 0 {
		c.remark(Warning, c.index.find(pointer+"/duration"), pointer+"/duration", "the fault lasts until %s, longer than the drain, which would end at %s",
			printDuration(spec.At+spec.Duration), printDuration(end+load.Drain))
	}
	if spec.When != nil {
		c.checkTriggerNames(pointer+"/when", *spec.When)
	}
	c.eachTarget(pointer+"/target", spec.Target, func(pointer string, target faults.Target) {
		c.checkVictim(pointer, spec.Kind, target)
	})
	if spec.Kind == faults.MoveLeader && len(spec.Target) > 1 {
		c.atValue(pointer+"/target", "", "move_leader moves one partition")
	}
	if spec.To != nil {
		c.checkTo(pointer+"/to", *spec.To)
	}
	c.checkGroups(pointer+"/groups", spec.Groups)
}

// eachTarget visits targets that were written as a list or as one.
func (c *checker) eachTarget(pointer string, targets []faults.Target, visit func(string, faults.Target)) {
	for i, target := range targets {
		item := pointerToItem(pointer, i)
		if _, listed := c.index[item]; !listed {
			item = pointer
		}
		visit(item, target)
	}
}

func (c *checker) checkVictim(pointer string, kind faults.Kind, target faults.Target) {
	isPartition := target.Kind == faults.TopicPartition
	switch {
	case kind == faults.MoveLeader && !isPartition:
		c.atValue(pointer, "", "move_leader takes topic/partition for its target, not %s", target)
	case kind != faults.MoveLeader && isPartition:
		c.atValue(pointer, fmt.Sprintf("leader(%s)", target), "%s is a partition; %s takes nodes and clients", target, kind)
	case target.Kind == faults.Rest:
		c.atValue(pointer, "", "rest has a meaning in groups only")
	case (kind == faults.DelayMetadata || kind == faults.Roll || kind == faults.ExpireSession) && (target.Kind == faults.Clients || target.Kind == faults.Controller ||
		target.Kind == faults.Named && !slices.Contains(c.scenario.Cluster.BrokerNames(), target.Name)):
		c.atValue(pointer, "", "%s hits brokers, and %s is none", kind, target)
	case kind == faults.SlowDisk && (target.Kind == faults.Clients || target.Kind == faults.Named && c.isClient(target.Name)):
		c.atValue(pointer, "", "slow_disk hits brokers and controllers; %s has no disk", target)
	default:
		c.checkTarget(pointer, target)
	}
}

// isClient says whether a name is a client's or a set's of them.
func (c *checker) isClient(name string) bool {
	if _, instance := c.instance[name]; instance {
		return true
	}
	for _, set := range c.instance { // order-free: any will do
		if set == name {
			return true
		}
	}
	return false
}

func (c *checker) checkTo(pointer string, target faults.Target) {
	brokers := c.scenario.Cluster.BrokerNames()
	switch {
	case target.Kind == faults.Named && !slices.Contains(brokers, target.Name):
		suggestion, _ := kafkaconfig.Suggest(target.Name, brokers)
		c.atValue(pointer, suggestion, "to must name a broker or follower(topic/partition), not %s", target)
	case target.Kind == faults.Named || target.Kind == faults.Follower || target.Kind == faults.Leader:
		c.checkTarget(pointer, target)
	default:
		c.atValue(pointer, "", "to must name a broker or follower(topic/partition), not %s", target)
	}
}

func (c *checker) checkGroups(pointer string, groups [][]faults.Target) {
	rest := 0
	for i, group := range groups {
		below := pointerToItem(pointer, i)
		if len(group) == 0 {
			c.atValue(below, "", "a group is empty")
		}
		c.eachTarget(below, group, func(pointer string, target faults.Target) {
			switch {
			case target.Kind == faults.TopicPartition:
				c.atValue(pointer, fmt.Sprintf("leader(%s)", target), "%s is a partition; groups take nodes and clients", target)
			case target.Kind == faults.Rest:
				if rest++; rest > 1 {
					c.atValue(pointer, "", "rest can stand in one group only")
				}
			default:
				c.checkTarget(pointer, target)
			}
		})
	}
}

// checkTarget checks that what a target names exists.
func (c *checker) checkTarget(pointer string, target faults.Target) {
	switch target.Kind {
	case faults.Named:
		if names := c.nodesAndClients(); !slices.Contains(names, target.Name) {
			c.unknown(pointer, target.Name, append(names, targetWords...), fmt.Sprintf("there is no node or client %q", target.Name))
		}
	case faults.Leader, faults.Follower, faults.TopicPartition:
		c.checkPartition(pointer, target.Topic, target.Partition)
	case faults.Coordinator:
		c.checkCoordinated(pointer, target)
	case faults.Clients:
		if len(c.instance) == 0 {
			c.atValue(pointer, "", "there are no clients")
		}
	}
}

var targetWords = []string{"controller", "one", "minority", "majority", "all", "leaders", "clients"}

func (c *checker) nodesAndClients() []string {
	names := append(c.scenario.Cluster.BrokerNames(), c.scenario.Cluster.ControllerNames()...)
	for _, set := range c.scenario.Workload.clientSets() {
		names = append(append(names, set.name), set.instances...)
	}
	return names
}

// checkCoordinated: only groups and transactional ids have a coordinator.
func (c *checker) checkCoordinated(pointer string, target faults.Target) {
	names := append(c.groups(), c.transactionalIDs()...)
	if !slices.Contains(names, target.Name) {
		for i, name := range names {
			names[i] = fmt.Sprintf("coordinator(%s)", name)
		}
		c.unknown(pointer, target.String(), names, fmt.Sprintf("there is no group and no transactional id %q", target.Name))
		return
	}
	if contains(c.groups(), target.Name) && contains(c.transactionalIDs(), target.Name) {
		c.remark(Warning, c.index.find(pointer), pointer, "%s is a group and a transactional id: coordinator(%s) is the group's", target.Name, target.Name)
	}
}

func (c *checker) checkPartition(pointer, name string, partition int32) {
	partitions, known := c.hitPartitions(pointer, name)
	if known && int(partition) >= partitions && partitions > 0 {
		c.atValue(pointer, "", "topic %s has no partition %d, only 0 to %s", name, partition, strconv.Itoa(partitions-1))
	}
}

func (c *checker) checkTriggerNames(pointer string, trigger faults.Trigger) {
	if events := c.loader.options.Events; events != nil && !slices.Contains(events, trigger.Event) {
		suggestion, _ := kafkaconfig.Suggest(trigger.Event, events)
		message := fmt.Sprintf("there is no event %q", trigger.Event)
		if suggestion == "" {
			message += "; known: " + strings.Join(events, ", ")
		}
		c.atValue(pointer+"/event", suggestion, "%s", message)
	}
	if _, known := c.hitPartitions(pointer+"/topic", trigger.Topic); known && trigger.Partition >= 0 {
		c.checkPartition(pointer+"/partition", trigger.Topic, trigger.Partition)
	}
	if names := c.nodesAndClients(); trigger.Node != "" && !slices.Contains(names, trigger.Node) {
		c.unknown(pointer+"/node", trigger.Node, names, fmt.Sprintf("there is no node or client %q", trigger.Node))
	}
}
