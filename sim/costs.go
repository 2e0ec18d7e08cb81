package sim

import (
	"math/bits"
	"time"
)

// Costs says what things take in simulated time.
type Costs struct {
	Network NetworkCosts
	Disk    DiskCosts
	CPU     CPUCosts
}

// NetworkCosts are those of each direction of a connection.
type NetworkCosts struct {
	Latency       Distribution // one way; nil is none
	BitsPerSecond int64        // 0 is unlimited
	Loopback      time.Duration
	// MaxOutput bounds the bytes that a node has sent on a connection and its
	// peer has not taken yet. Above it the node reads nothing more from that
	// connection until they drain; nothing is ever dropped.
	MaxOutput int64
}

// DiskCosts are those of the one disk of a node. Its operations queue.
type DiskCosts struct {
	Fsync          Distribution  // one sync, without its data; nil is no time
	BytesPerSecond int64         // 0 is unlimited
	Writeback      time.Duration // unsynced data reaches the disk by itself after this; 0 is never
}

// CPUCosts are those of a step.
type CPUCosts struct {
	Cores      int           // steps that a node runs at the same time
	PerRequest time.Duration // a step that receives a message
	PerEvent   time.Duration // any other step: start, opened, closed, done, wake
	PerByte    time.Duration // of every message received and sent in the step
}

// DefaultCosts are those of docs/scenario-format.md: a network of 300 us, a
// disk that syncs in 200 us, four cores at 20 us a request. A step without a
// message costs a tenth of one with.
func DefaultCosts() Costs {
	return Costs{
		Network: NetworkCosts{
			Latency:       Lognormal{P50: 300 * time.Microsecond, P99: 5 * time.Millisecond},
			BitsPerSecond: 10_000_000_000,
			Loopback:      20 * time.Microsecond,
			MaxOutput:     64 << 20,
		},
		Disk: DiskCosts{
			Fsync:          Lognormal{P50: 200 * time.Microsecond, P99: 8 * time.Millisecond},
			BytesPerSecond: 500 << 20,
			Writeback:      30 * time.Second,
		},
		CPU: CPUCosts{
			Cores:      4,
			PerRequest: 20 * time.Microsecond,
			PerEvent:   2 * time.Microsecond,
			PerByte:    time.Nanosecond,
		},
	}
}

// perByte is the time that one byte takes, in 2^-20 ns: a multiplication and a
// shift where a division would be slow.
type perByte int64

func bandwidth(bytesPerSecond int64) perByte {
	if bytesPerSecond <= 0 {
		return 0
	}
	return perByte(1_000_000_000 << 20 / bytesPerSecond)
}

func (p perByte) of(bytes int64) Time {
	high, low := bits.Mul64(uint64(bytes), uint64(p)) // a slow line and a large message are more than 64 bits
	return Time(high<<44 | low>>20)
}
