package format

// clientSet is a set of like clients, whatever they do.
type clientSet struct {
	pointer, name string
	instances     []string
}

// clientSets lists producers, consumers and processors, each by name.
func (w Workload) clientSets() []clientSet {
	var sets []clientSet
	for _, p := range w.Producers {
		sets = append(sets, clientSet{pointerTo("/workload/producers", p.Name), p.Name, p.Instances()})
	}
	for _, c := range w.Consumers {
		sets = append(sets, clientSet{pointerTo("/workload/consumers", c.Name), c.Name, c.Instances()})
	}
	for _, p := range w.Processors {
		sets = append(sets, clientSet{pointerTo("/workload/processors", p.Name), p.Name, p.Instances()})
	}
	return sets
}
