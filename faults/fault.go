// Package faults holds faults as values: what a scenario may ask for, what is
// drawn at random, and what was applied. It knows neither the simulator nor
// the broker; whoever can hurt a cluster implements Cluster.
package faults

import (
	"fmt"
	"strings"
	"time"
)

// Kind names what a fault does.
type Kind string

// The kinds of the scenario format.
const (
	Kill          Kind = "kill"
	PowerLoss     Kind = "power_loss"
	Pause         Kind = "pause"
	Partition     Kind = "partition"
	Delay         Kind = "delay"
	Reset         Kind = "reset"
	SlowDisk      Kind = "slow_disk"
	FullDisk      Kind = "full_disk"
	DiskError     Kind = "disk_error"
	Corrupt       Kind = "corrupt"
	ClockSkew     Kind = "clock_skew"
	MoveLeader    Kind = "move_leader"
	Reassign      Kind = "reassign"
	Roll          Kind = "roll"
	DelayMetadata Kind = "delay_metadata"
	ExpireSession Kind = "expire_session"
)

// Field is a parameter of a fault besides at, when, kind and duration.
type Field string

// The parameters a kind may take.
const (
	FieldTarget    Field = "target"
	FieldGroups    Field = "groups"
	FieldDirection Field = "direction"
	FieldLatency   Field = "latency"
	FieldLate      Field = "late"
	FieldDisk      Field = "disk"
	FieldTo        Field = "to"
	FieldFence     Field = "fence"
	FieldBandwidth Field = "bandwidth"
	FieldFactor    Field = "factor"
	FieldSkew      Field = "skew"
)

// Description is what people and parsers must know of a kind.
type Description struct {
	Kind      Kind
	About     string  // one sentence
	Fields    []Field // the parameters it takes; the first is required
	Lasting   bool    // duration is required
	Modelled  bool    // false: a known kind that Assay does not inject yet
	RandomOK  bool    // may be drawn at random
	ByDefault bool    // belongs to a random draw that names no kinds
}

// Descriptions lists every kind of the format, in its order.
var Descriptions = []Description{
	{Kill, "the process dies, what it wrote to the page cache stays; after the duration it starts again", []Field{FieldTarget}, true, true, true, true},
	{PowerLoss, "the machine dies, unsynced data is lost, torn or kept; after the duration it starts again", []Field{FieldTarget, FieldDisk}, true, true, true, true},
	{Pause, "the process stands still (a long collection, a stopped virtual machine) and then goes on where it was", []Field{FieldTarget}, true, true, true, true},
	{Partition, "bytes between the groups stall, as in TCP, until it heals or somebody's own time-out", []Field{FieldGroups, FieldDirection}, true, true, true, true},
	{Delay, "bytes between the groups take longer by the latency, or each connection carries only the bandwidth", []Field{FieldGroups, FieldDirection, FieldLatency, FieldBandwidth}, true, true, true, true},
	{Reset, "every connection of the target breaks; with late, bytes already sent still arrive afterwards", []Field{FieldTarget, FieldLate}, false, true, true, true},
	{SlowDisk, "the disk takes so many times longer for everything; of several at once the largest factor holds", []Field{FieldTarget, FieldFactor}, true, true, true, false},
	{FullDisk, "writes fail for want of space", []Field{FieldTarget}, true, false, true, false},
	{DiskError, "disk operations fail", []Field{FieldTarget}, true, false, true, false},
	{Corrupt, "stored bytes change", []Field{FieldTarget}, false, false, true, false},
	{ClockSkew, "the wall clock jumps by the skew, and back after the duration; timers do not notice", []Field{FieldTarget, FieldSkew}, true, true, true, false},
	{MoveLeader, "leadership of a partition moves; to the present leader it bumps the epoch alone", []Field{FieldTarget, FieldTo, FieldFence}, false, true, true, false},
	{Reassign, "replicas of a partition move to other brokers", []Field{FieldTarget, FieldTo}, false, false, true, false},
	{Roll, "brokers stop in an orderly way and restart one after the other, each once all are in sync, as far as the duration allows", []Field{FieldTarget}, true, true, false, false},
	{DelayMetadata, "the target applies no newer metadata for the duration", []Field{FieldTarget}, true, true, true, true},
	{ExpireSession, "the controller takes a broker for dead that is not; it comes back with its next heartbeat", []Field{FieldTarget}, false, true, true, false},
}

// Describe returns the description of a kind.
func Describe(kind Kind) (Description, bool) {
	for _, d := range Descriptions {
		if d.Kind == kind {
			return d, true
		}
	}
	return Description{}, false
}

// TargetKind says how a target is found.
type TargetKind uint8

// Targets of the format. Those from One to Leaders are brokers.
const (
	Named       TargetKind = iota // Name: a node, a client, or a group of clients
	Leader                        // of Topic/Partition
	Follower                      // of Topic/Partition
	Controller                    // the active one
	Coordinator                   // of Name, a group or a transactional id
	One
	Minority
	Majority
	All
	Leaders
	Clients
	Rest
	TopicPartition // Topic/Partition itself (move_leader; drawn ones name a broker that leads some)
)

var targetWords = map[TargetKind]string{
	Controller: "controller", One: "one", Minority: "minority", Majority: "majority", All: "all",
	Leaders: "leaders", Clients: "clients", Rest: "rest",
}

// Target is a parsed target expression.
type Target struct {
	Kind      TargetKind
	Name      string
	Topic     string
	Partition int32
}

func (t Target) String() string {
	switch t.Kind {
	case Named:
		return t.Name
	case Leader:
		return fmt.Sprintf("leader(%s/%d)", t.Topic, t.Partition)
	case Follower:
		return fmt.Sprintf("follower(%s/%d)", t.Topic, t.Partition)
	case Coordinator:
		return fmt.Sprintf("coordinator(%s)", t.Name)
	case TopicPartition:
		return fmt.Sprintf("%s/%d", t.Topic, t.Partition)
	default:
		return targetWords[t.Kind]
	}
}

// ParseTarget reads a target expression. Whether names exist is the caller's to check.
func ParseTarget(text string) (Target, error) {
	text = strings.TrimSpace(text)
	for kind := Controller; kind <= Rest; kind++ {
		word := targetWords[kind]
		if word != "" && word == text {
			return Target{Kind: kind}, nil
		}
	}
	if head, rest, ok := strings.Cut(text, "("); ok {
		argument, found := strings.CutSuffix(rest, ")")
		if !found {
			return Target{}, fmt.Errorf("target %q lacks its closing parenthesis", text)
		}
		switch head {
		case "leader", "follower":
			topic, partition, err := parseTopicPartition(argument)
			if err != nil {
				return Target{}, fmt.Errorf("%s(...) takes topic/partition: %w", head, err)
			}
			kind := Leader
			if head == "follower" {
				kind = Follower
			}
			return Target{Kind: kind, Topic: topic, Partition: partition}, nil
		case "coordinator":
			if argument == "" {
				return Target{}, fmt.Errorf("coordinator(...) takes a group or a transactional id")
			}
			return Target{Kind: Coordinator, Name: argument}, nil
		default:
			return Target{}, fmt.Errorf("%q is no target function: leader(topic/partition), follower(topic/partition), coordinator(name)", head)
		}
	}
	if strings.Contains(text, "/") {
		topic, partition, err := parseTopicPartition(text)
		if err != nil {
			return Target{}, err
		}
		return Target{Kind: TopicPartition, Topic: topic, Partition: partition}, nil
	}
	if text == "" {
		return Target{}, fmt.Errorf("a target is missing")
	}
	return Target{Kind: Named, Name: text}, nil
}

func parseTopicPartition(text string) (string, int32, error) {
	topic, number, ok := strings.Cut(text, "/")
	var partition int32
	if _, err := fmt.Sscanf(number, "%d", &partition); !ok || err != nil || topic == "" || partition < 0 ||
		fmt.Sprint(partition) != number {
		return "", 0, fmt.Errorf("%q is no topic/partition", text)
	}
	return topic, partition, nil
}

// DiskMode says what a power loss does to unsynced data.
type DiskMode uint8

// Modes of power_loss.
const (
	LoseUnsynced DiskMode = iota
	Tear
	Keep
)

func (m DiskMode) String() string { return [...]string{"lose_unsynced", "tear", "keep"}[m] }

// Direction of a partition or delay, relative to the first group.
type Direction uint8

// Directions.
const (
	Both Direction = iota
	In             // what flows to the first group
	Out            // what flows from it
)

func (d Direction) String() string { return [...]string{"both", "in", "out"}[d] }

// Trigger fires a fault at the nth passing of a named point.
type Trigger struct {
	Event     string // the point's name
	Topic     string // "" for any
	Partition int32  // -1 for any
	Node      string // "" for any
	Nth       int64  // 1 for the first; for points that carry an offset (high_watermark) the first passing at or above it
}

// Spec is one fault as asked for. Its ID names its random stream, so that
// removing one fault leaves every other draw as it was.
type Spec struct {
	ID        string        // "t1" (timeline) or "r1" (random); kept by the applied timeline
	At        time.Duration // from the run's start; unused with When
	When      *Trigger
	Kind      Kind
	Target    []Target   // one, or concrete names after resolution
	Groups    [][]Target // partition, delay
	Direction Direction
	Latency   time.Duration
	Late      bool
	Disk      DiskMode
	To        *Target
	NoFence   bool          // move_leader with fence: false
	Bandwidth int64         // delay: bytes per second of each connection; 0 for no bound
	Factor    int64         // slow_disk: how many times longer everything takes
	Skew      time.Duration // clock_skew: what is added to the wall clock; may be negative
	Duration  time.Duration
}

// Range is a closed interval of durations.
type Range struct{ Min, Max time.Duration }

// Budget bounds what random faults may impair at a time.
type Budget string

// Budgets of the format.
const (
	BudgetOne        Budget = "one"
	BudgetMinority   Budget = "minority"
	BudgetSurvivable Budget = "survivable"
	BudgetUnlimited  Budget = "unlimited"
)

// Random asks for faults to be drawn.
type Random struct {
	Kinds    []Kind
	Targets  []Target      // of One to Leaders, Controller, Clients, Leader(...)...
	Interval time.Duration // mean of an exponential
	Duration Range
	Swarm    bool // each seed draws a non-empty subset of kinds and targets
	Budget   Budget
}

// Plan is the whole fault section of a scenario.
type Plan struct {
	Timeline []Spec
	Random   *Random
}
