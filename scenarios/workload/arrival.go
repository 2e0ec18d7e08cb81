package workload

import (
	"math/bits"
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
	// Burst: Poisson within the first part of every interval, nothing in the rest.
	Burst
	// ClosedLoop: no process; the next record goes as soon as one has ended.
	ClosedLoop
)

// Load is the rate of one instance.
type Load struct {
	Arrival Arrival
	// Gap is the mean time between two sends of this instance: the scenario's
	// rate divided by the count of instances. Not used in a closed loop.
	Gap time.Duration
	// Interval and On are of a Burst: all sends of an interval come within its
	// first On. Intervals are counted from the run's start, so that all instances
	// burst together. Gap stays the mean over whole intervals.
	Interval, On time.Duration
	// Window is how many records a closed loop keeps open.
	Window int
}

// ShareOfRate is the gap of one of count instances that together make rate
// records a second.
func ShareOfRate(recordsPerSecond int64, count int) time.Duration {
	return time.Duration(int64(time.Second) * int64(count) / recordsPerSecond)
}

// next draws the time from one arrival, at a time of the run, to the next.
func (l Load) next(at time.Duration, random *rand.Rand) time.Duration {
	switch l.Arrival {
	case Constant:
		return l.Gap
	case Burst:
		// In a time of its own, in which only bursts pass, a burst is Poisson.
		bursting := at/l.Interval*l.On + min(at%l.Interval, l.On)
		high, low := bits.Mul64(uint64(l.Gap), uint64(l.On))
		gap, _ := bits.Div64(high, low, uint64(l.Interval))
		bursting += max(chance.Exponential(max(time.Duration(gap), 1), random), 1)
		return bursting/l.On*l.Interval + bursting%l.On - at
	}
	return chance.Exponential(l.Gap, random)
}
