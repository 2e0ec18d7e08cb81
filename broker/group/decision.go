package group

import "assay/host"

// Moment is when something is decided: sessions and rebalances count the
// monotonic time, records carry the time of day.
type Moment struct {
	Now  host.Time
	Wall host.WallTime
}

// Token names a request that waits for its answer. The coordinator keeps it and
// hands it back; what it is, its giver knows.
type Token any

// Decision is what a request, or the passing of time, has led to: answers to
// some of those who wait, not only to who has just asked, and records to write.
type Decision struct {
	Answers []Answer
	Writes  []*Write
	Events  []Event
}

// Answer ends the request of its token. One of the bodies is set.
type Answer struct {
	Token Token
	Join  *JoinAnswer
	Sync  *SyncAnswer
	Leave *LeaveAnswer

	ConsumerHeartbeat *ConsumerHeartbeatAnswer
}

// Write is records that are to be appended together. Once they are committed, or
// have failed, Written goes on with what depended on them. Without records it
// waits for all that was decided before.
type Write struct {
	Records []Record
	Events  []Event // that come with the records, once they are appended
	then    func(c *Coordinator, err error)
	refuse  func(err error) Answer // of the request that waits for it and nothing else; nil for none
}

// Abandoned answers whoever waits for the write if the coordinator was unloaded.
func (w *Write) Abandoned(err error) []Answer {
	if w.refuse == nil {
		return nil
	}
	return []Answer{w.refuse(err)}
}

// Event is something that onlookers may want to know.
type Event struct {
	Kind       EventKind
	Group      string
	Member     MemberID // none for Rebalanced
	Generation GenerationID
	Members    int // of the group, afterwards
}

// EventKind says what happened to a group.
type EventKind int8

const (
	// MemberJoined: somebody new is in the group.
	MemberJoined EventKind = iota
	// MemberLeft: by its own will, or an administrator's.
	MemberLeft
	// MemberFenced: it was too slow, or another one has taken its instance id.
	MemberFenced
	// Rebalanced: a generation begins; its members have been told.
	Rebalanced
)

func (k EventKind) String() string {
	return [...]string{"member joined", "member left", "member fenced", "rebalanced"}[k]
}

// begin starts a decision; take ends it.
func (c *Coordinator) begin(at Moment) { c.at = at }

func (c *Coordinator) take() Decision {
	d := c.decision
	c.decision = Decision{}
	return d
}

func (c *Coordinator) write(then func(c *Coordinator, err error), records ...Record) *Write {
	w := &Write{Records: records, then: then}
	c.decision.Writes = append(c.decision.Writes, w)
	return w
}

func (c *Coordinator) tell(e Event) { c.decision.Events = append(c.decision.Events, e) }

// Written goes on after a write: err is nil once it is committed, else the error
// that its requests are to be answered with. It is called once for every Write of
// a Decision, unless the coordinator was unloaded.
func (c *Coordinator) Written(at Moment, w *Write, err error) Decision {
	c.begin(at)
	if w.then != nil {
		w.then(c, err)
	}
	return c.take()
}

// NextDeadline is when Expire is due; host.Never for nothing to wait for. It may
// be early: nothing is due yet then.
func (c *Coordinator) NextDeadline() host.Time { return min(c.deadlines.Next(), c.nextCleaning) }

// Expire lets everything happen that was due up to a moment: sessions end,
// rebalances go on without those who are late, offsets are forgotten.
func (c *Coordinator) Expire(at Moment) Decision {
	c.begin(at)
	c.deadlines.Expire(at.Now)
	c.fenceLate()
	if c.nextCleaning <= at.Now {
		c.nextCleaning = at.Now.Add(c.settings.CleaningInterval)
		c.clean()
	}
	return c.take()
}

// Loaded says that all that the predecessors have left was replayed: the members
// have a session's time to come back to this coordinator.
func (c *Coordinator) Loaded(at Moment) Decision {
	c.begin(at)
	c.loaded = true
	if c.settings.CleaningInterval > 0 {
		c.nextCleaning = at.Now.Add(c.settings.CleaningInterval)
	}
	for _, name := range c.names() {
		if g := c.find(name); g != nil {
			g.members.loaded(c)
		}
	}
	return c.take()
}

// Unloaded gives everybody who waits an error: the groups are coordinated
// elsewhere. Nothing may be asked of the coordinator afterwards.
func (c *Coordinator) Unloaded(err error) Decision {
	for _, name := range c.names() {
		if g := c.find(name); g != nil {
			g.members.end(c, err)
		}
	}
	return c.take()
}
