package clients

import (
	"fmt"
	"strings"
)

// Dump describes the producer's state for people, a line for each partition.
func (p *Producer) Dump() string {
	var b strings.Builder
	fmt.Fprintf(&b, "producer: %d records open, %d bytes buffered\n", p.open, p.bufferUsed)
	if t := p.transaction; t != nil {
		fmt.Fprintf(&b, "transactional id %s: %v, producer id %d epoch %d, %d partitions, transaction version 2: %v\n",
			p.config.TransactionalID, t.state, p.identity.id, p.identity.epoch, len(t.members), t.version2)
	}
	for _, t := range p.partitions {
		fmt.Fprintf(&b, "%s %d batches queued, %d on the wire, %d unsettled", t.name, len(t.queue), t.onWire, len(t.pending))
		if t.producerID >= 0 {
			fmt.Fprintf(&b, "; producer id %d epoch %d, next sequence %d, acknowledged to %d", t.producerID, t.epoch, t.nextSequence, t.acknowledged)
		}
		if t.unresolved || t.bumping {
			b.WriteString("; a gap in the sequences is not resolved")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

var consumerStates = [...]string{unpositioned: "without position", fetchable: "fetching", unvalidated: "validating its position", failed: "failed", uncommitted: "asking for its group's offset"}

// Dump describes the consumer's state for people, a line for each partition.
func (c *Consumer) Dump() string {
	var b strings.Builder
	underWay := 0
	for _, s := range c.sessions {
		if s.underWay {
			underWay++
		}
	}
	fmt.Fprintf(&b, "consumer: %d fetches under way\n", underWay)
	if g := &c.group; g.membership != nil {
		fmt.Fprintf(&b, "member %q of %s: %v, generation %d\n", g.member.id, g.member.group, g.membership, g.member.generation)
		if g.revoking {
			b.WriteString("the application was asked for partitions and has not given them back\n")
		}
	}
	for _, p := range c.partitions {
		fmt.Fprintf(&b, "%s %s, position %d (epoch %d), high watermark %d, leader epoch %d\n",
			p.name, consumerStates[p.state], p.position, p.positionEpoch, p.highWatermark, p.leaderEpoch)
	}
	return b.String()
}
