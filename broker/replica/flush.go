package replica

import (
	"assay/host"
	"assay/internal/kafka"
)

// Until a sync that flush.messages demands has ended, what it covers counts for
// nothing: not for the leader's acknowledgement nor its own share of the high
// watermark, not for the follower's next fetch. Kafka syncs inside the append;
// here the sync runs beside, and what depends on it waits.

// appended demands a sync once flush.messages records came since the last.
func (p *Partition) appended(records int64) {
	end := p.log.LogEndOffset()
	p.unflushed += records
	if p.unflushed >= p.settings.FlushMessages {
		p.unflushed, p.flushDemanded = 0, end
		p.log.Flush()
	}
}

// settledEnd is the log's end as far as demanded syncs have ended.
func (p *Partition) settledEnd() kafka.Offset {
	if durable := p.log.RecoveryPoint(); p.flushDemanded > durable {
		p.settled = max(p.settled, durable)
	} else {
		p.settled = p.log.LogEndOffset()
	}
	return p.settled
}

// Flushed says that a sync of the log has ended. What depended on it goes on.
func (p *Partition) Flushed(now host.Time) {
	if p.role == Leading {
		p.raiseHighWatermark(now)
	}
	p.watcher.Changed(p)
}

// forgetBeyond brings the demands in line with a truncated log.
func (p *Partition) forgetBeyond(end kafka.Offset) {
	p.settled, p.flushDemanded = min(p.settled, end), min(p.flushDemanded, end)
	p.highWatermark = min(p.highWatermark, end)
	p.log.Committed(p.highWatermark)
}
