package controller

import (
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/tracker"
)

// Stop implements host.Stopper. A voter that does not lead has nothing to put in
// order: what it promised is on its disk. One that leads hands over first, so
// that the cluster has a controller again in a round trip and not after an
// election time-out.
func (c *Controller) Stop() {
	if c.stopBy != 0 {
		return
	}
	c.host.Serial(lane)
	c.stopBy = c.host.Now().Add(c.config.Settings.ElectionTimeout)
	if c.quorum == nil || !c.quorum.handOver() {
		c.end()
		return
	}
	c.finishStep()
}

// endIfAsked ends a voter that was asked to, once another leads or nobody wants
// to.
func (c *Controller) endIfAsked() {
	if c.stopBy == 0 || c.ended || c.quorum.failed {
		return
	}
	if _, leads := c.quorum.leading(); !leads || c.host.Now() >= c.stopBy {
		c.end()
	}
}

func (c *Controller) end() {
	c.ended = true
	c.host.Exit(nil)
}

// handOver asks the voter with the longest log to campaign at once. It reports
// false where there is nothing to hand over, or nobody to take it.
func (q *quorum) handOver() bool {
	if _, leads := q.leading(); !leads {
		return false
	}
	best, match := uint64(0), uint64(0)
	q.raft.WithProgress(func(id uint64, _ raft.ProgressType, p tracker.Progress) { // by id
		if id != uint64(q.id) && p.RecentActive && p.Match > match {
			best, match = id, p.Match
		}
	})
	if best == 0 {
		return false
	}
	q.raft.TransferLeader(best)
	q.proceed()
	return true
}
