package group

import "github.com/twmb/franz-go/pkg/kerr"

// Heartbeat takes a member's sign of life. The error tells it what to do:
// REBALANCE_IN_PROGRESS to join anew, ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID or
// FENCED_INSTANCE_ID that it has lost what it had.
func (c *Coordinator) Heartbeat(at Moment, name string, member MemberID, instance string, generation GenerationID) error {
	c.begin(at)
	if name == "" {
		return kerr.InvalidGroupID
	}
	g, m, err := c.classicMember(name, member, instance)
	switch {
	case err != nil:
		return err
	case generation != g.generationID:
		return kerr.IllegalGeneration
	}
	g.keepAlive(c, m, m.sessionTimeout)
	if g.phase == classicPreparing {
		return kerr.RebalanceInProgress
	}
	return nil
}
