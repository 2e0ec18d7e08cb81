package faults

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// resolve makes a spec concrete by the cluster's present state. A reason says
// why it cannot be done now.
func (e *Engine) resolve(spec Spec, random bool) (Spec, string) {
	chance := e.cluster.Stream("faults", spec.ID, "resolve")
	concrete := spec
	if _, active := e.cluster.ActiveController(); !active && (spec.Kind == MoveLeader || spec.Kind == ExpireSession) {
		return spec, "no controller is active to do it"
	}
	if spec.Kind == MoveLeader {
		if spec.Target[0].Kind != TopicPartition {
			return e.resolveAnyMove(concrete, chance)
		}
		return e.resolveMove(concrete)
	}
	if len(spec.Groups) > 0 {
		groups, reason := e.resolveGroups(spec.Groups, random, chance)
		concrete.Groups = groups
		return concrete, reason
	}
	var list []string
	for _, target := range spec.Target {
		found, reason := e.resolveTarget(target, random, chance)
		if reason != "" {
			return spec, reason
		}
		for _, name := range found {
			list = with(list, name)
		}
	}
	concrete.Target = named(list)
	return concrete, ""
}

// resolveGroups resolves explicit groups first; rest is everyone else. A name
// belongs to the first group that claims it.
func (e *Engine) resolveGroups(groups [][]Target, random bool, chance *rand.Rand) ([][]Target, string) {
	resolved := make([][]string, len(groups))
	var taken []string
	rest := -1
	for i, group := range groups {
		for _, target := range group {
			if target.Kind == Rest {
				rest = i
				continue
			}
			found, reason := e.resolveTarget(target, random && i == 0, chance)
			if reason != "" {
				return nil, reason
			}
			for _, name := range found {
				if !slices.Contains(taken, name) {
					taken = append(taken, name)
					resolved[i] = append(resolved[i], name)
				}
			}
		}
	}
	if rest >= 0 {
		for _, name := range e.everyone() {
			if !slices.Contains(taken, name) {
				resolved[rest] = append(resolved[rest], name)
			}
		}
	}
	concrete := make([][]Target, len(groups))
	for i := range resolved {
		if len(resolved[i]) == 0 {
			return nil, fmt.Sprintf("group %d of the partition is empty", i+1)
		}
		concrete[i] = named(resolved[i])
	}
	return concrete, ""
}

func (e *Engine) everyone() []string {
	all := slices.Clone(e.cluster.Brokers())
	all = append(all, e.cluster.Controllers()...)
	return append(all, e.cluster.Clients()...)
}

// resolveTarget returns at least one node, or a reason.
func (e *Engine) resolveTarget(target Target, random bool, chance *rand.Rand) ([]string, string) {
	c := e.cluster
	brokers := c.Brokers()
	switch target.Kind {
	case Named:
		if members := c.Members(target.Name); len(members) > 0 {
			return members, ""
		}
		return nil, fmt.Sprintf("there is no %s", target.Name)
	case Leader:
		if leader, ok := c.Leader(target.Topic, target.Partition); ok {
			return []string{leader}, ""
		}
		return nil, fmt.Sprintf("%s/%d has no leader", target.Topic, target.Partition)
	case Follower:
		if followers := c.Followers(target.Topic, target.Partition); len(followers) > 0 {
			return followers[:1], ""
		}
		return nil, fmt.Sprintf("%s/%d has no follower", target.Topic, target.Partition)
	case Coordinator:
		if leader, ok := c.Coordinator(target.Name); ok {
			return []string{leader}, ""
		}
		return nil, fmt.Sprintf("%s has no coordinator", target.Name)
	case Controller:
		if controllers := c.Controllers(); random && len(controllers) > 0 && chance.IntN(2) == 0 {
			return pick(controllers, 1, chance), ""
		}
		if active, ok := c.ActiveController(); ok {
			return []string{active}, ""
		}
		return nil, "no controller is active"
	case One:
		return pick(brokers, 1, chance), ""
	case Minority:
		return pick(brokers, max(1, (len(brokers)-1)/2), chance), ""
	case Majority:
		return pick(brokers, len(brokers)/2+1, chance), ""
	case All:
		return slices.Clone(brokers), ""
	case Leaders:
		leading := c.Leading()
		if len(leading) == 0 {
			return nil, "no broker leads a partition"
		}
		if random { // the budget keeps a prefix: let it be any of them
			chance.Shuffle(len(leading), func(i, j int) { leading[i], leading[j] = leading[j], leading[i] })
		}
		return leading, ""
	case Clients:
		clients := c.Clients()
		if len(clients) == 0 {
			return nil, "there are no clients"
		}
		if random {
			clients = pick(clients, 1, chance)
		}
		return clients, ""
	default:
		return nil, fmt.Sprintf("%s cannot be resolved", target)
	}
}

// resolveMove finds where leadership goes: to a named broker, to a follower, or
// by default to the first other in-sync replica.
func (e *Engine) resolveMove(spec Spec) (Spec, string) {
	partition := spec.Target[0]
	leader, ok := e.cluster.Leader(partition.Topic, partition.Partition)
	if !ok {
		return spec, fmt.Sprintf("%s has no leader", partition)
	}
	if spec.To != nil {
		found, reason := e.resolveTarget(*spec.To, false, nil)
		if reason != "" {
			return spec, reason
		}
		spec.To = &Target{Kind: Named, Name: found[0]}
		return spec, ""
	}
	for _, name := range e.cluster.InSync(partition.Topic, partition.Partition) {
		if name != leader {
			spec.To = &Target{Kind: Named, Name: name}
			return spec, ""
		}
	}
	return spec, fmt.Sprintf("%s has no other in-sync replica", partition)
}

// resolveAnyMove draws a partition from those that the targets lead, and where
// its leadership goes: to any replica in sync, the present leader among them.
func (e *Engine) resolveAnyMove(spec Spec, chance *rand.Rand) (Spec, string) {
	leaders, reason := e.resolveTarget(spec.Target[0], true, chance)
	if reason != "" {
		return spec, reason
	}
	var led []Target
	for _, name := range leaders {
		led = append(led, e.cluster.LedBy(name)...)
	}
	if len(led) == 0 {
		return spec, fmt.Sprintf("%s leads no partition", spec.Target[0])
	}
	partition := led[chance.IntN(len(led))]
	to := pick(e.cluster.InSync(partition.Topic, partition.Partition), 1, chance)
	if len(to) == 0 {
		return spec, fmt.Sprintf("%s has no replica in sync", partition)
	}
	spec.Target, spec.To = []Target{partition}, &Target{Kind: Named, Name: to[0]}
	return spec, ""
}
