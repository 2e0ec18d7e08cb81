package workload

import (
	"math/rand/v2"
	"strconv"
)

// KeyDistribution says how the keys of a producer's records are chosen.
type KeyDistribution uint8

// The distributions.
const (
	// NoKeys: records without a key.
	NoKeys KeyDistribution = iota
	// UniformKeys: each of Count keys alike.
	UniformKeys
	// ZipfKeys: by Keys.Zipf.
	ZipfKeys
	// RoundRobinKeys: one after the other.
	RoundRobinKeys
	// FieldKeys: the key that the payload's line brings.
	FieldKeys
)

// Keys chooses the keys. Made keys are "k0" to "k<Count-1>"; by Zipf "k0" is
// the hottest.
type Keys struct {
	Distribution KeyDistribution
	Count        int
	Zipf         *Zipf // for ZipfKeys; shared by instances
}

// keyMaker makes one instance's keys, in memory of its own.
type keyMaker struct {
	keys   Keys
	random *rand.Rand
	turn   int
	buffer []byte
}

// next returns the next record's key, valid until the next call; fromPayload
// is what the payload brings.
func (m *keyMaker) next(fromPayload []byte) []byte {
	number := 0
	switch m.keys.Distribution {
	case NoKeys:
		return nil
	case FieldKeys:
		return fromPayload
	case UniformKeys:
		number = m.random.IntN(m.keys.Count)
	case ZipfKeys:
		number = m.keys.Zipf.Draw(m.random)
	case RoundRobinKeys:
		number = m.turn
		m.turn = (m.turn + 1) % m.keys.Count
	}
	m.buffer = strconv.AppendInt(append(m.buffer[:0], 'k'), int64(number), 10)
	return m.buffer
}
