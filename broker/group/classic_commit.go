package group

import "github.com/twmb/franz-go/pkg/kerr"

// checkCommit refuses a commit of somebody who is no member, or of another
// generation: what it has processed may be somebody else's by now. Who names
// neither may commit for as long as nobody is in the group; in a transaction
// always, as before KIP-447.
func (g *classicGroup) checkCommit(c *Coordinator, r *Commit, inTransaction bool) error {
	switch {
	case r.Generation < 0 && g.phase == classicEmpty:
		return nil
	case !r.simple():
		if _, err := g.validate(c, r.Member, r.Instance); err != nil {
			return err
		}
		if r.Generation != g.generationID {
			return kerr.IllegalGeneration
		}
	case !inTransaction && g.phase != classicEmpty:
		return kerr.UnknownMemberID
	}
	if !inTransaction && g.phase == classicCompleting {
		return kerr.RebalanceInProgress // it has joined this generation and does not know yet what is its own
	}
	return nil
}

// committing counts as a heartbeat.
func (g *classicGroup) committing(c *Coordinator, r *Commit) {
	if g.phase != classicStable && g.phase != classicPreparing {
		return
	}
	if m, err := g.validate(c, r.Member, r.Instance); err == nil {
		g.keepAlive(c, m, m.sessionTimeout)
	}
}
