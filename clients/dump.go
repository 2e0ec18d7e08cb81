package clients

import (
	"fmt"
	"strings"
)

// Dump describes the producer's state for people, a line for each partition.
func (p *Producer) Dump() string {
	var b strings.Builder
	fmt.Fprintf(&b, "producer: %d records open, %d bytes buffered\n", p.open, p.bufferUsed)
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
	fmt.Fprintf(&b, "consumer: %d fetches under way\n", len(c.fetching))
	for _, p := range c.partitions {
		fmt.Fprintf(&b, "%s %s, position %d (epoch %d), high watermark %d, leader epoch %d\n",
			p.name, consumerStates[p.state], p.position, p.positionEpoch, p.highWatermark, p.leaderEpoch)
	}
	return b.String()
}
