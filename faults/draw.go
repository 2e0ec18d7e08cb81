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
		specs = append(specs, drawOne(id, at, kinds, targets, random.Duration, stream("faults", id, "draw")))
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

func drawOne(id string, at time.Duration, kinds []Kind, targets []Target, duration Range, chance *rand.Rand) Spec {
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

	if spec.Kind == DelayMetadata && (target.Kind == Clients || target.Kind == Controller) {
		target = Target{Kind: One} // nobody else follows the metadata
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
func logUniform(chance *rand.Rand, low, high time.Duration) time.Duration {
	value := low
	for value*2 <= high && chance.IntN(8) != 0 {
		value *= 2
	}
	return value + time.Duration(chance.Int64N(int64(value)))
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
