package group

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
)

// Members of groups of KIP-848 may subscribe by a regular expression (RE2), beside
// names, which the coordinator evaluates: it must match a topic's name as a whole.
// The brokers' own topics are topics like others there, as in Kafka 4.3.
//
// What an expression stands for is resolved apart from heartbeats, and is a record
// of its own, so that a new expression comes to topics only with the group's next
// epoch: whoever brings it is told that it has nothing, and learns the rest by the
// next heartbeat. Kafka resolves in a thread of its own, some time after the
// heartbeat. Here that is the moment at which the heartbeat's records are
// committed, one of those at which it may be there. So epochs and answers are
// those of a Kafka that is quick.

// resolution is what an expression stands for.
type resolution struct {
	topics  []string // sorted
	version int64    // of the metadata
	since   int64    // milliseconds of the day
}

// expressions are those of a group's members.
type expressions struct {
	members  map[string]int // that subscribe by it; none for none
	resolved map[string]resolution
	// All are resolved together, last on this metadata and at this time of day, in
	// milliseconds.
	lastVersion, lastSince int64
}

func newExpressions() expressions {
	return expressions{members: make(map[string]int), resolved: make(map[string]resolution)}
}

// count adds members that subscribe by an expression, or takes them away.
func (x *expressions) count(expression string, members int) {
	if expression == "" {
		return
	}
	if x.members[expression] += members; x.members[expression] == 0 {
		delete(x.members, expression)
	}
}

// topicsOf are the topics that a member subscribes to, by names and by what its
// expression is known to stand for; sorted.
func (x *expressions) topicsOf(s *subscription) []string {
	matched := x.resolved[s.expression].topics
	switch {
	case len(matched) == 0:
		return s.topics
	case len(s.topics) == 0:
		return matched
	}
	topics := slices.Concat(s.topics, matched)
	slices.Sort(topics)
	return slices.Compact(topics)
}

// abandoned appends the ends of expressions by which nobody subscribes once some
// members are gone.
func (x *expressions) abandoned(records []Record, group string, gone []*consumerMember) []Record {
	fewer := make(map[string]int)
	for _, m := range gone {
		if m.expression != "" {
			fewer[m.expression]++
		}
	}
	for _, expression := range slices.Sorted(maps.Keys(fewer)) {
		if x.members[expression] == fewer[expression] {
			records = append(records, &ExpressionRecord{Group: group, Expression: expression, Deleted: true})
		}
	}
	return records
}

// resolveAtMostEach is how long a group's expressions are left alone once they
// were resolved, in milliseconds. It is a constant in Kafka, too.
const resolveAtMostEach = 10_000

// dueAt reports whether expressions, of which there are so many, are to be
// resolved: some never were, topics have come, or it is long ago. Topics that go
// are no reason: nobody gets their partitions, and the next time they are out.
func (x *expressions) dueAt(c *Coordinator, count int, fresh bool) bool {
	// A time to come was another coordinator's, whose clock went wrong.
	waited := c.at.Wall.Millis() - x.lastSince
	if len(x.resolved) > 0 && 0 <= waited && waited <= resolveAtMostEach {
		return false
	}
	return fresh || count != len(x.resolved) || x.lastVersion < c.topics.LastCreation() ||
		waited < 0 || waited > c.settings.Consumer.ResolutionInterval.Milliseconds()
}

// InvalidExpression is an INVALID_REGULAR_EXPRESSION that says what is wrong.
type InvalidExpression struct{ expression, fault string }

// Error is the message for the client. What follows the colon is the words of a
// library: Kafka's has other ones in places.
func (e *InvalidExpression) Error() string {
	return fmt.Sprintf("the regular expression `%s` of the subscription is wrong: %s", e.expression, e.fault)
}

// Unwrap is the error's code.
func (e *InvalidExpression) Unwrap() error { return kerr.InvalidRegularExpression }

// compile is an expression for matchesWhole. Kafka refuses names of groups that are
// there twice; otherwise the language is the same.
func compile(expression string) (*regexp.Regexp, error) {
	compiled, err := regexp.Compile(expression)
	if err != nil {
		invalid := &InvalidExpression{expression, err.Error()}
		if fault := (*syntax.Error)(nil); errors.As(err, &fault) {
			invalid.fault = fault.Code.String()
		}
		return nil, invalid
	}
	for i, name := range compiled.SubexpNames() {
		if name != "" && compiled.SubexpIndex(name) != i {
			return nil, &InvalidExpression{expression, "duplicate capture group name"}
		}
	}
	compiled.Longest()
	return compiled, nil
}

// matchesWhole: the longest of the first matches is the whole name if any is.
func matchesWhole(compiled *regexp.Regexp, name string) bool {
	match := compiled.FindStringIndex(name)
	return match != nil && match[0] == 0 && match[1] == len(name)
}

// express takes what a member subscribes by. It tells whether that is another
// expression, and whether it is known already what it stands for, so that the
// group's next epoch may come at once. INVALID_REGULAR_EXPRESSION.
func (h *consumerHeartbeat) express() (changed, known bool, err error) {
	before, now, x := h.was.expression, h.expression, &h.g.expressions
	changed = before != now
	if changed && before != "" && x.members[before] == 1 {
		h.records = append(h.records, &ExpressionRecord{Group: h.g.name, Expression: before, Deleted: true})
	}
	fresh := false
	switch {
	case !changed:
	case now == "":
		known = true
	case x.members[now] > 0:
		_, known = x.resolved[now]
	default:
		if _, err := compile(now); err != nil {
			return false, false, err
		}
		fresh = true
	}
	then := expressions{members: x.members}
	if changed {
		then.members = maps.Clone(x.members)
		then.count(before, -1)
		then.count(now, 1)
	}
	if len(then.members) > 0 && !h.c.resolving[h.g.name] && x.dueAt(h.c, len(then.members), fresh) {
		h.resolves = slices.Sorted(maps.Keys(then.members))
	}
	return changed, known, nil
}

// resolve decides what a group's expressions stand for, as far as there still are
// members that subscribe by them. If that has changed the group has another epoch.
func (c *Coordinator) resolve(group string, asked []string) {
	g := c.consumerGroup(group, false)
	if g == nil {
		return
	}
	at := resolution{version: c.topics.TopicsVersion(), since: c.at.Wall.Millis()}
	resolved, changed := maps.Clone(g.expressions.resolved), false
	var records []Record
	for _, expression := range asked {
		if g.expressions.members[expression] == 0 {
			continue
		}
		next := at
		next.topics = c.matching(expression)
		changed = changed || !slices.Equal(next.topics, resolved[expression].topics)
		resolved[expression] = next
		records = append(records, &ExpressionRecord{Group: g.name, Expression: expression, resolution: next})
	}
	if len(records) == 0 {
		return
	}
	hash := g.hashOf(c, g.subscriptions(), &expressions{resolved: resolved})
	if !changed && hash == g.metadataHash {
		c.write(nil, records...)
		return
	}
	records = append(records, &EpochRecord{Group: g.name, Epoch: g.epoch + 1, MetadataHash: hash})
	c.write(nil, records...).Events = []Event{{Kind: Rebalanced, Group: g.name, Generation: g.epoch + 1, Members: len(g.byID)}}
}

// matching are the topics that an expression matches, sorted.
func (c *Coordinator) matching(expression string) (topics []string) {
	compiled, err := compile(expression)
	if err != nil {
		return nil // another version, which knew more, has taken it
	}
	for name := range c.topics.TopicNames() {
		if matchesWhole(compiled, name) {
			topics = append(topics, strings.Clone(name))
		}
	}
	slices.Sort(topics)
	return topics
}

func (c *Coordinator) expressionAppended(r *ExpressionRecord) {
	g := c.consumerGroup(r.Group, !r.Deleted)
	switch {
	case g == nil:
	case r.Deleted:
		delete(g.expressions.resolved, r.Expression)
	default:
		x := &g.expressions
		x.resolved[r.Expression] = r.resolution
		x.lastVersion, x.lastSince = r.version, r.since
	}
}
