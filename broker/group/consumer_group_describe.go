package group

func (g *consumerGroup) describe(c *Coordinator, d *Description) {
	d.AssignmentEpoch = g.targetEpoch
	d.Assignor = c.preferredAssignor(g.subscriptions())
	for _, id := range g.ids() {
		m := g.byID[id]
		described := DescribedMember{Member: id, Instance: m.instance, ClientID: m.clientID, ClientHost: m.clientHost,
			Rack: m.rack, Epoch: m.epoch, State: m.state.String(), Topics: m.topics, Expression: m.expression, Target: g.targets[id]}
		for p := range m.partitions() {
			described.Owned = append(described.Owned, p)
		}
		d.Members = append(d.Members, described)
	}
}
