package workload

import (
	"math/rand/v2"
	"time"

	"assay/internal/chance"
)

// Arrival says how the sends of an open-loop load are spread in time.
type Arrival uint8

// The arrival processes.
const (
	// Poisson: independent arrivals, exponential gaps.
	Poisson Arrival = iota
	// Constant: equal gaps.
	Constant
	// ClosedLoop: no process; the next record goes as soon as one has ended.
	ClosedLoop
)

// Load is the rate of one instance.
type Load struct {
	Arrival Arrival
	// Gap is the mean time between two sends of this instance: the scenario's
	// rate divided by the count of instances. Not used in a closed loop.
	Gap time.Duration
	// Window is how many records a closed loop keeps open.
	Window int
}

// ShareOfRate is the gap of one of count instances that together make rate
// records a second.
func ShareOfRate(recordsPerSecond int64, count int) time.Duration {
	return time.Duration(int64(time.Second) * int64(count) / recordsPerSecond)
}

// next draws the time to the next arrival.
func (l Load) next(random *rand.Rand) time.Duration {
	if l.Arrival == Constant {
		return l.Gap
	}
	return chance.Exponential(l.Gap, random)
}
