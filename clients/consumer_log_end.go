package clients

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/internal/kafka"
)

// LogEnd is what a leader said of where a log ends for its readers: at some
// moment between the request and the answer the high watermark stood there.
type LogEnd struct {
	Partition kafka.TopicPartition
	Requested int64 // ConsumerEvents.Stamp when the request was sent
	// Position is where the consumer stands, which fetched and got no records;
	// NoOffset if it asked for the end alone, by ListOffsets.
	Position      kafka.Offset
	HighWatermark kafka.Offset
}

// heard notes what an answer says of a partition. After an error, and after a
// divergence, the next one speaks of it in any case.
func (f *fetchPlace) heard(part *kmsg.FetchResponseTopicPartition) {
	f.told = kafka.Offset(part.HighWatermark)
	if part.ErrorCode != 0 || part.DivergingEpoch.EndOffset >= 0 {
		f.told = kafka.NoOffset
	}
}

// tellLogEnds tells of the partitions for which an answer brought no records,
// those too that it left out (KIP-227): the broker has looked at them and nothing
// was new, not even the high watermark that it had told last. That is the
// session's, which may be another than the consumer's: an answer that a seek
// overtook has been thrown away, and still the broker does not repeat it. Of a
// partition that is read from elsewhere by now the answer says nothing.
func (c *Consumer) tellLogEnds(s *fetchSession, sent int64) {
	if c.events.LogEnd == nil {
		return
	}
	for _, p := range c.partitions {
		if f := &p.fetches; f.asked == s && f.told != kafka.NoOffset && f.at == p.fetchFrom() && !p.hasData() {
			c.tellLogEnd(LogEnd{p.name, sent, p.position, f.told})
		}
	}
}

// tellLogEnd is for consumers that read all there is: those of committed records
// wait for the last stable offset, and learn of a log's end by the way at most.
func (c *Consumer) tellLogEnd(end LogEnd) {
	if c.events.LogEnd != nil && !c.config.ReadCommitted {
		c.events.LogEnd(end)
	}
}
