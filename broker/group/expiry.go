package group

// clean decides to forget what has outlived offsets.retention.minutes: offsets
// whose group is empty or does not read their topic, and groups of which nothing
// is left (KIP-211).
func (c *Coordinator) clean() {
	const atOnce = 500 // records of a batch, well below max.message.bytes
	var records []Record
	for _, name := range c.names() {
		g := c.find(name)
		if g == nil {
			continue
		}
		records = c.cleanGroup(g, records)
		for len(records) >= atOnce {
			c.write(nil, records[:atOnce:atOnce]...)
			records = records[atOnce:]
		}
	}
	if len(records) > 0 {
		c.write(nil, records...)
	}
}

func (c *Coordinator) cleanGroup(g *group, records []Record) []Record {
	kept := len(g.pending) > 0 || len(g.unsettled) > 0
	for _, p := range g.partitions() {
		if g.pending[p] > 0 || g.unsettled[p] > 0 || g.members.subscribes(p.Topic) || !c.outlived(g, &g.offsets[p].Committed) {
			kept = true
			continue
		}
		records = append(records, &OffsetRecord{Group: g.name, Partition: p, Deleted: true})
	}
	if !kept && g.members.empty() {
		records = g.members.tombstones(records)
	}
	return records
}

// outlived reports whether an offset's time is over. One that was committed with
// a retention of its own, by requests of long ago, has a time of its own.
func (c *Coordinator) outlived(g *group, o *Committed) bool {
	from, expires := g.members.retainedFrom(o)
	now := c.at.Wall.Millis()
	switch {
	case !expires:
		return false
	case o.ExpireTime != NoExpiry:
		return now >= o.ExpireTime
	}
	return now-from >= c.settings.OffsetsRetention.Milliseconds()
}
