package faults

import (
	"math/rand/v2"
	"time"
)

// Cluster is what an Engine sees and hurts. Names are those of nodes
// ("broker-1", "controller-2", "web-0"). Lists are in a fixed order.
//
// What it sees is the active controller's view, apart from Impaired, which
// looks into every node: who decides whether a fault is within its budget must
// know more than the cluster does about itself.
type Cluster interface {
	Now() time.Duration // since the run's start
	At(at time.Duration, do func())

	Brokers() []string
	Controllers() []string
	Clients() []string
	// Members returns the nodes that a name stands for: a node itself, or the
	// instances of a client ("web" is web-0, web-1, ...). Nil: unknown.
	Members(name string) []string
	ActiveController() (string, bool)
	Leader(topic string, partition int32) (string, bool)
	// Coordinator leads the partition of an internal topic that holds a group or a
	// transactional id.
	Coordinator(name string) (string, bool)
	// Followers are the other replicas, in-sync ones first.
	Followers(topic string, partition int32) []string
	InSync(topic string, partition int32) []string
	// Leading are the brokers that lead some partition of a topic of the scenario.
	Leading() []string
	// LedBy are the partitions that a broker leads, those of internal topics too.
	LedBy(broker string) []Target
	Up(name string) bool

	// Impaired are the brokers that are down, paused, cut off from a majority
	// of controllers or not in sync.
	Impaired() []string
	// ImpairedControllers are the controllers that are down, paused, or cut off
	// or slowed towards most controllers or most brokers.
	ImpairedControllers() []string
	// Survives says whether every partition keeps an unimpaired replica if
	// these brokers are impaired.
	Survives(impaired []string) bool

	// Kill ends a process. With a chance it dies in the middle of a step,
	// between two writes to its files, soon after now.
	Kill(name string, chance *rand.Rand)
	PowerLoss(name string, mode DiskMode, chance *rand.Rand)
	Restart(name string)
	Pause(name string)
	Resume(name string)
	// Cut stalls what flows from one set to the other until heal is called.
	Cut(from, to []string) (heal func())
	// Slow adds latency to what flows from one set to the other.
	Slow(from, to []string, latency time.Duration) (heal func())
	// Narrow bounds what flows from one set to the other to a number of bytes a
	// second on each connection.
	Narrow(from, to []string, bytesPerSecond int64) (heal func())
	// SlowDisk makes every operation of a disk take factor times as long.
	SlowDisk(name string, factor int64) (heal func())
	// SkewClock adds to a node's wall clock until heal is called.
	SkewClock(name string, by time.Duration) (heal func())
	// Stop asks a process to end in an orderly way, as SIGTERM does; what is still
	// there after patience is killed. Stopped tells when it is down.
	Stop(name string, patience time.Duration, stopped func())
	// Settled says whether a broker is up, unfenced, and in every ISR to which it belongs.
	Settled(name string) bool
	Reset(name string, late bool, chance *rand.Rand)
	// MoveLeader moves leadership. Without fence the present leader learns of
	// it only after the duration.
	MoveLeader(topic string, partition int32, to string, fence bool, duration time.Duration) error
	DelayMetadata(name string, duration time.Duration)
	// ExpireSession lets the active controller take a broker for dead.
	ExpireSession(name string) error

	// Stream is the random stream of one named purpose of this run.
	Stream(purpose ...string) *rand.Rand
}

// Outcome of a fault that came to its time.
type Outcome uint8

const (
	// Applied as asked.
	Applied Outcome = iota
	// Reduced to fewer targets, to stay within the budget or a roll's duration.
	Reduced
	// Skipped: no target, or beyond the budget.
	Skipped
)

func (o Outcome) String() string { return [...]string{"applied", "reduced", "skipped"}[o] }

// Record is one fault as it was applied or skipped. Spec is concrete: its
// targets and groups are names, so that a timeline of them replays the run.
type Record struct {
	Spec     Spec
	Outcome  Outcome
	Reason   string
	Start    time.Duration
	End      time.Duration // Start for kinds that do not last
	Restarts []Restart     // of a roll, one after the other
}

// Names lists the nodes that the fault hit: its targets, those that a roll
// restarted, or its first group.
func (r Record) Names() []string {
	if len(r.Restarts) > 0 {
		restarted := make([]string, len(r.Restarts))
		for i, restart := range r.Restarts {
			restarted[i] = restart.Name
		}
		return restarted
	}
	targets := r.Spec.Target
	if len(r.Spec.Groups) > 0 {
		targets = r.Spec.Groups[0]
	}
	names := make([]string, len(targets))
	for i, t := range targets {
		names[i] = t.String()
	}
	return names
}
