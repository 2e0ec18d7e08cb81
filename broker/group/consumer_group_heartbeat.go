package group

import (
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
)

// ConsumerHeartbeat is a member's word to a group of KIP-848, and what it asks.
// What it does not say is as before.
type ConsumerHeartbeat struct {
	Group                string
	Member               MemberID
	NewMember            MemberID     // the id that it gets if it names none
	Epoch                GenerationID // 0 joins, -1 leaves, -2 leaves as a static member that will be back
	Instance, Rack       string       // "" is not said
	ClientID, ClientHost string
	RebalanceTimeout     time.Duration // negative is not said
	Topics               []string      // that it subscribes to; nil is not said
	Expression           string        // a regular expression to subscribe by, too
	Expressed            bool          // that there is an expression, or "" for none, is said
	Assignor             string        // "" is not said
	Owned                []PartitionID // that it has; nil is not said
	Version              int16
}

// memberNamesItself is the version whose members make their ids.
const memberNamesItself = 1

// ConsumerHeartbeatAnswer answers a ConsumerHeartbeat.
type ConsumerHeartbeatAnswer struct {
	Err      error
	Member   MemberID
	Epoch    GenerationID
	Interval time.Duration // until the next heartbeat
	Tells    bool          // Assigned is told
	Assigned []PartitionID // that the member shall have from now on
}

// ConsumerHeartbeat takes a member's heartbeat. It is answered once what it has
// led to is committed, and all that was decided before. The errors:
// INVALID_REQUEST, UNSUPPORTED_ASSIGNOR, INVALID_REGULAR_EXPRESSION;
// GROUP_ID_NOT_FOUND, also for a group of another kind; GROUP_MAX_SIZE_REACHED;
// UNKNOWN_MEMBER_ID and FENCED_MEMBER_EPOCH, after which a member has lost all it
// had; UNRELEASED_INSTANCE_ID and FENCED_INSTANCE_ID.
func (c *Coordinator) ConsumerHeartbeat(at Moment, r *ConsumerHeartbeat, token Token) Decision {
	c.begin(at)
	h := consumerHeartbeat{c: c, r: r}
	answer := func(a *ConsumerHeartbeatAnswer) Answer { return Answer{Token: token, ConsumerHeartbeat: a} }
	refuse := func(err error) Answer { return answer(&ConsumerHeartbeatAnswer{Err: err}) }
	if err := h.decide(); err != nil {
		c.decision.Answers = append(c.decision.Answers, refuse(err))
		return c.take()
	}
	if h.resolves != nil {
		c.resolving[h.g.name] = true
	}
	w := c.write(func(c *Coordinator, err error) {
		if h.resolves != nil {
			delete(c.resolving, h.g.name)
		}
		if err != nil {
			c.decision.Answers = append(c.decision.Answers, refuse(err))
			return
		}
		c.decision.Answers = append(c.decision.Answers, answer(h.answer))
		c.resolve(h.g.name, h.resolves)
	}, h.records...)
	w.Events, w.refuse = h.events, refuse
	return c.take()
}

// consumerHeartbeat is a heartbeat while it is decided.
type consumerHeartbeat struct {
	c *Coordinator
	r *ConsumerHeartbeat
	g *consumerGroup
	// The member before and after.
	id      MemberID
	known   bool     // it is a member already
	instead MemberID // it takes the place of this one, which had its instance id
	was     struct {
		subscription
		current
	}
	subscription
	current

	records  []Record
	resolves []string // expressions, afterwards
	events   []Event
	answer   *ConsumerHeartbeatAnswer
}

func (h *consumerHeartbeat) decide() error {
	if err := h.validate(); err != nil {
		return err
	}
	if h.r.Epoch == leavingEpoch || h.r.Epoch == leavingStaticEpoch {
		return h.leave()
	}
	if err := h.findGroup(); err != nil {
		return err
	}
	if err := h.findMember(); err != nil {
		return err
	}
	h.subscribe()
	named := !slices.Equal(h.topics, h.was.topics)
	expressed, resolved, err := h.express()
	if err != nil {
		return err
	}
	members := h.g.subscriptions()
	delete(members, h.instead)
	members[h.id] = &h.subscription
	epoch := h.bump(members, named || resolved)
	targetEpoch, target := h.retarget(members, epoch)
	h.reconcile(targetEpoch, target, named || expressed)
	if h.known {
		h.g.keepAlive(h.c, h.g.byID[h.id])
	}
	h.answer = &ConsumerHeartbeatAnswer{Member: h.id, Epoch: h.epoch, Interval: h.c.settings.Consumer.HeartbeatInterval}
	full := h.r.RebalanceTimeout >= 0 && (h.r.Topics != nil || h.r.Expressed) && h.r.Owned != nil
	if h.r.Epoch == joiningEpoch || full || !slices.Equal(h.assigned, h.was.assigned) {
		h.answer.Tells = true
		for _, held := range h.assigned {
			h.answer.Assigned = append(h.answer.Assigned, held.PartitionID)
		}
	}
	return nil
}

// validate: GroupCoordinatorService of Kafka.
func (h *consumerHeartbeat) validate() error {
	r := h.r
	switch {
	case r.Group == "", r.Member == "" && (r.Version >= memberNamesItself || r.Epoch > joiningEpoch || r.Epoch == leavingEpoch):
		return kerr.InvalidRequest
	case r.Epoch == joiningEpoch && (r.RebalanceTimeout < 0 || r.Owned == nil || len(r.Owned) > 0 || r.Topics == nil && !r.Expressed):
		return kerr.InvalidRequest
	case r.Epoch == leavingStaticEpoch && r.Instance == "", r.Epoch < leavingStaticEpoch:
		return kerr.InvalidRequest
	case r.Assignor != "" && !slices.Contains(h.c.settings.Consumer.Assignors, r.Assignor):
		return kerr.UnsupportedAssignor
	}
	return nil
}

// findGroup finds the group, which a member that joins may bring into being. An
// empty group of the other kind ends then; what it has committed stays.
func (h *consumerHeartbeat) findGroup() error {
	joins := h.r.Epoch == joiningEpoch
	g := h.c.find(h.r.Group)
	if g != nil {
		h.g, _ = g.members.(*consumerGroup)
	}
	switch {
	case h.g != nil:
	case !joins:
		return kerr.GroupIDNotFound
	case g != nil && !g.members.empty():
		return kerr.GroupIDNotFound // members of both kinds in one group (online migration) are not modelled
	case g != nil:
		h.records = g.members.tombstones(h.records)
		fallthrough
	default:
		h.g = newConsumerGroup(strings.Clone(h.r.Group))
	}
	if len(h.g.byID) >= h.c.settings.Consumer.MaxSize && h.g.byID[h.r.Member] == nil {
		return kerr.GroupMaxSizeReached
	}
	return nil
}

// findMember finds the member, or makes a new one.
func (h *consumerHeartbeat) findMember() error {
	if h.id = h.r.Member; h.id == "" {
		h.id = h.r.NewMember
	}
	h.id = MemberID(strings.Clone(string(h.id)))
	if h.r.Instance != "" {
		return h.findStatic()
	}
	m := h.g.byID[h.id]
	switch {
	case m != nil:
		return h.come(m)
	case h.r.Epoch != joiningEpoch:
		return kerr.UnknownMemberID
	}
	return nil
}

// come takes a member's heartbeat with its epoch. It may have missed the answer
// that told it of the last one: then it has nothing but what it has got before.
func (h *consumerHeartbeat) come(m *consumerMember) error {
	if e := h.r.Epoch; e != joiningEpoch && e != m.epoch && (e > m.epoch || e != m.previous || !h.ownsAssigned(m)) {
		return kerr.FencedMemberEpoch
	}
	h.known, h.was.subscription, h.was.current = true, m.subscription, m.current
	return nil
}

func (h *consumerHeartbeat) ownsAssigned(m *consumerMember) bool {
	return h.r.Owned != nil && !slices.ContainsFunc(h.r.Owned, func(p PartitionID) bool {
		_, assigned := find(m.assigned, p)
		return !assigned
	})
}

// findStatic finds a static member. A new process takes the place of one that has
// said it will be back, with all it had.
func (h *consumerHeartbeat) findStatic() error {
	holder := h.g.byID[h.g.instances[h.r.Instance]]
	joins := h.r.Epoch == joiningEpoch
	switch {
	case holder == nil && joins:
		return nil
	case holder == nil:
		return kerr.UnknownMemberID
	case !joins && holder.id != h.id:
		return kerr.FencedInstanceID
	case !joins:
		return h.come(holder)
	case holder.epoch != leavingStaticEpoch:
		return kerr.UnreleasedInstanceID
	}
	h.was.subscription, h.was.current = holder.subscription, holder.current
	h.was.epoch, h.was.previous = joiningEpoch, joiningEpoch
	if h.known = holder.id == h.id; !h.known {
		h.instead = holder.id
	}
	h.records = append(removal(h.records, h.g.name, holder.id),
		&MemberRecord{Group: h.g.name, Member: h.id, subscription: h.was.subscription},
		&TargetMemberRecord{Group: h.g.name, Member: h.id, Partitions: h.g.targets[holder.id]},
		&CurrentRecord{Group: h.g.name, Member: h.id, current: h.was.current})
	return nil
}

// removal are the records that end a membership, in Kafka's order.
func removal(records []Record, group string, id MemberID) []Record {
	return append(records, &CurrentRecord{Group: group, Member: id, Deleted: true}, &TargetMemberRecord{Group: group, Member: id, Deleted: true},
		&MemberRecord{Group: group, Member: id, Deleted: true})
}

// subscribe takes what the member says of itself.
func (h *consumerHeartbeat) subscribe() {
	r, s := h.r, h.was.subscription
	set := func(to *string, text string) {
		if text != "" && text != *to {
			*to = strings.Clone(text)
		}
	}
	set(&s.instance, r.Instance)
	set(&s.rack, r.Rack)
	set(&s.assignor, r.Assignor)
	s.clientID, s.clientHost = strings.Clone(r.ClientID), r.ClientHost
	if r.RebalanceTimeout >= 0 {
		s.rebalanceTimeout = r.RebalanceTimeout
	}
	if r.Topics != nil {
		s.topics = nil
		for _, topic := range r.Topics {
			s.topics = append(s.topics, strings.Clone(topic))
		}
		slices.Sort(s.topics)
		s.topics = slices.Compact(s.topics)
	}
	if h.r.Expressed && h.r.Expression != s.expression {
		s.expression = strings.Clone(h.r.Expression)
	}
	h.subscription = s
	if !s.equal(&h.was.subscription) || !h.known && h.instead == "" {
		h.records = append(h.records, &MemberRecord{Group: h.g.name, Member: h.id, subscription: s})
	}
	if !h.known {
		h.tell(MemberJoined, h.id, h.g.epoch)
	}
}

// bump begins another epoch of the group if the member is known to subscribe to
// other topics, or if there is other news of a topic that somebody subscribes to.
func (h *consumerHeartbeat) bump(members map[MemberID]*subscription, changed bool) GenerationID {
	g, version := h.g, h.c.topics.TopicsVersion()
	if !changed && g.compared && g.comparedWith == version && g.epoch >= g.comparedEpoch {
		return g.epoch
	}
	epoch, hash := g.epoch, g.hashOf(h.c, members, &g.expressions)
	if changed || hash != g.metadataHash {
		epoch++
		h.records = append(h.records, &EpochRecord{Group: g.name, Epoch: epoch, MetadataHash: hash})
		h.tell(Rebalanced, "", epoch)
	}
	g.compared, g.comparedWith, g.comparedEpoch = true, version, epoch
	return epoch
}

// retarget computes another target if the group has another epoch, at most once
// in an assignment interval. It returns the member's target and its epoch.
func (h *consumerHeartbeat) retarget(members map[MemberID]*subscription, epoch GenerationID) (GenerationID, []PartitionID) {
	g, interval := h.g, h.c.settings.Consumer.AssignmentInterval.Milliseconds()
	last := make(map[MemberID][]PartitionID, len(g.targets))
	for id, partitions := range g.targets { // order-free: a map again
		if id == h.instead {
			id = h.id
		}
		last[id] = partitions
	}
	wall := h.c.at.Wall.Millis()
	// A time to come was another coordinator's, whose clock went wrong: to wait for
	// it could be to wait for good.
	waited := wall - g.targetSince
	if g.targetEpoch >= epoch || g.targetSince != 0 && 0 <= waited && waited < interval {
		return g.targetEpoch, last[h.id]
	}
	targets := h.c.assign(h.c.preferredAssignor(members), members, &g.expressions, last)
	for _, id := range sortedMembers(members) {
		old, had := last[id]
		if !had || !slices.Equal(old, targets[id]) {
			h.records = append(h.records, &TargetMemberRecord{Group: g.name, Member: id, Partitions: targets[id]})
		}
	}
	h.records = append(h.records, &TargetRecord{Group: g.name, Epoch: epoch, Since: wall})
	return epoch, targets[h.id]
}

// reconcile leads the member another step towards its target.
func (h *consumerHeartbeat) reconcile(targetEpoch GenerationID, target []PartitionID, changed bool) {
	h.current = h.was.current
	if !changed && h.was.reconciledTo(targetEpoch) {
		return
	}
	v := reconciliation{current: h.was.current, target: target, targetEpoch: targetEpoch, subscriptionChanged: changed,
		subscribed: make(map[[16]byte]bool), owned: h.r.Owned, ownedSaid: h.r.Owned != nil,
		free: func(p PartitionID) bool {
			owner := h.g.owners[p]
			return owner == "" || owner == h.id || owner == h.instead
		}}
	for _, topic := range h.g.expressions.topicsOf(&h.subscription) {
		if id, _, ok := h.c.topics.Topic(topic); ok {
			v.subscribed[id] = true
		}
	}
	if h.current = v.next(); !h.current.equal(&h.was.current) {
		h.records = append(h.records, &CurrentRecord{Group: h.g.name, Member: h.id, current: h.current})
	}
}

func (h *consumerHeartbeat) tell(kind EventKind, id MemberID, epoch GenerationID) {
	members := len(h.g.byID)
	if !h.known && h.instead == "" {
		members++
	}
	h.events = append(h.events, Event{Kind: kind, Group: h.g.name, Member: id, Generation: epoch, Members: members})
}

// preferredAssignor is the one that most members ask for; of equals the one that
// comes first in the settings.
func (c *Coordinator) preferredAssignor(members map[MemberID]*subscription) string {
	votes := make(map[string]int)
	for _, s := range members { // order-free: counts
		votes[s.assignor]++
	}
	best := c.settings.Consumer.Assignors[0]
	for _, name := range c.settings.Consumer.Assignors {
		if votes[name] > votes[best] {
			best = name
		}
	}
	return best
}
