package run

import (
	"assay/scenarios/format"
	"assay/scenarios/workload"
	"assay/sim"
)

// Divergence plays one seed in two ways that should make no difference, and finds
// the first event in which they differ, if there is one.
func Divergence(s *format.Scenario, seed uint64, values map[string]*workload.Values, a, b Options) (sim.Divergence, bool, error) {
	var failure error
	world := func(options Options) func(*sim.Watch) *sim.World {
		return func(watch *sim.Watch) *sim.World {
			options.Watch, options.DigestEvery = watch, divergenceInterval
			r, err := newRun(s, seed, values, options)
			if err != nil {
				failure = err
				return sim.New(sim.Config{})
			}
			if err := r.play(); err != nil {
				failure = err
			}
			return r.world
		}
	}
	found, differ := sim.FirstDivergence(world(a), world(b))
	return found, differ, failure
}

// divergenceInterval is how many events lie between two checkpoints of the digest.
const divergenceInterval = 256
