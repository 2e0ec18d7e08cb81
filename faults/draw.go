package faults

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"assay/internal/chance"
)

// drawnPrefix begins the ids of drawn faults; those of a timeline are t1, t2, ...
const drawnPrefix = "r"

// defaultTargets are drawn from where a random section names none.
var defaultTargets = []Target{{Kind: One}, {Kind: Minority}, {Kind: Leaders}, {Kind: Controller}, {Kind: Clients}}

// DefaultKinds returns the kinds that a random section without kinds draws.
func DefaultKinds() []Kind {
	var kinds []Kind
	for _, d := range Descriptions {
		if d.ByDefault && d.Modelled {
			kinds = append(kinds, d.Kind)
		}
	}
	return kinds
}

// Draw returns the faults of one run in order of time: moments, kinds and
// targets, not yet resolved. stream gives an independent random stream for each
// purpose; every fault has its own, named by its ID, and only the moments share
// one.
func Draw(random *Random, until time.Duration, stream func(purpose ...string) *rand.Rand) []Spec {
	if random == nil || random.Interval <= 0 {
		return nil
	}
	kinds, targets := Swarm(random, stream)
	moments := stream("faults", "moments")
	var specs []Spec
	at := time.Duration(0)
	for n := 1; ; n++ {
		at += chance.Exponential(random.Interval, moments)
		if at >= until {
			return specs
		}
		id := drawnPrefix + strconv.Itoa(n)
		specs = append(specs, drawOne(id, at, kinds, targets, random.Duration, stream))
	}
}

// Swarm returns the kinds and targets that the faults of one run are drawn from:
// all that the section names, or with swarm a non-empty subset of each.
func Swarm(random *Random, stream func(purpose ...string) *rand.Rand) ([]Kind, []Target) {
	kinds, targets := random.Kinds, random.Targets
	if len(kinds) == 0 {
		kinds = DefaultKinds()
	}
	if len(targets) == 0 {
		targets = defaultTargets
	}
	if random.Swarm {
		kinds = subset(kinds, stream("faults", "swarm", "kinds"))
		targets = subset(targets, stream("faults", "swarm", "targets"))
	}
	return kinds, targets
}

func drawOne(id string, at time.Duration, kinds []Kind, targets []Target, duration Range, stream func(purpose ...string) *rand.Rand) Spec {
	chance := stream("faults", id, "draw")
	spec := Spec{ID: id, At: at, Kind: kinds[chance.IntN(len(kinds))]}
	target := targets[chance.IntN(len(targets))]
	// Every draw is made whatever the kind, so that adding a kind to a scenario
	// changes kinds alone.
	length := between(chance, duration)
	disk := DiskMode(chance.IntN(3))
	late := chance.IntN(2) == 0
	direction := [...]Direction{Both, Both, In, Out}[chance.IntN(4)]
	other := [...]Target{{Kind: Rest}, {Kind: Rest}, {Kind: All}, {Kind: Clients}}[chance.IntN(4)]
	latency := logUniform(chance, 10*time.Millisecond, 5*time.Second)
	// What came later has streams of its own, so that the draws above stay.
	factor := logUniform(stream("faults", id, "factor"), int64(4), 64)
	skew := drawSkew(stream("faults", id, "skew"))
	unaware := stream("faults", id, "fence").IntN(4) == 0

	switch {
	case (spec.Kind == DelayMetadata || spec.Kind == ExpireSession || spec.Kind == MoveLeader) && (target.Kind == Clients || target.Kind == Controller):
		target = Target{Kind: One} // nobody else follows the metadata, has a session with the controller, or leads
	case spec.Kind == SlowDisk && target.Kind == Clients:
		target = Target{Kind: One} // clients have no disk to speak of
	}
	description, _ := Describe(spec.Kind)
	if description.Lasting {
		spec.Duration = length
	}
	switch spec.Kind {
	case Partition, Delay:
		if target.Kind == Clients {
			other = Target{Kind: All}
		}
		spec.Groups = [][]Target{{target}, {other}}
		spec.Direction = direction
		if spec.Kind == Delay {
			spec.Latency = latency
		}
	case PowerLoss:
		spec.Target, spec.Disk = []Target{target}, disk
	case Reset:
		spec.Target, spec.Late = []Target{target}, late
	case SlowDisk:
		spec.Target, spec.Factor = []Target{target}, factor
	case MoveLeader:
		if spec.Target, spec.NoFence = []Target{target}, unaware; unaware {
			spec.Duration = length
		}
	case ClockSkew:
		spec.Target, spec.Skew = []Target{target}, skew
	default:
		spec.Target = []Target{target}
	}
	return spec
}

// subset draws a non-empty subset, keeping the order.
func subset[T any](from []T, chance *rand.Rand) []T {
	for {
		var kept []T
		for _, item := range from {
			if chance.IntN(2) == 0 {
				kept = append(kept, item)
			}
		}
		if len(kept) > 0 {
			return kept
		}
	}
}

func between(chance *rand.Rand, r Range) time.Duration {
	if r.Max <= r.Min {
		return r.Min
	}
	return r.Min + time.Duration(chance.Int64N(int64(r.Max-r.Min)+1))
}

// logUniform draws so that each doubling is as likely as any other.
func logUniform[T ~int64](chance *rand.Rand, low, high T) T {
	value := low
	for value*2 <= high && chance.IntN(8) != 0 {
		value *= 2
	}
	return value + T(chance.Int64N(int64(value)))
}

// drawSkew draws by how much a clock is wrong, from 10 ms to some hours, ahead
// or behind.
func drawSkew(chance *rand.Rand) time.Duration {
	skew := logUniform(chance, 10*time.Millisecond, 2*time.Hour)
	if chance.IntN(2) == 0 {
		return -skew
	}
	return skew
}

// pick draws n of names, keeping their order.
func pick(names []string, n int, chance *rand.Rand) []string {
	if n >= len(names) {
		return slices.Clone(names)
	}
	chosen := chance.Perm(len(names))[:n]
	slices.Sort(chosen)
	picked := make([]string, n)
	for i, index := range chosen {
		picked[i] = names[index]
	}
	return picked
}
