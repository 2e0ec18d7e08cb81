package sim

import (
	"math/rand/v2"

	"github.com/cespare/xxhash/v2"
)

// Stream returns the random stream of one user of chance. It depends on the
// seed and the names alone, so that adding or deleting a user leaves the draws
// of all others as they were.
func Stream(seed uint64, names ...string) *rand.Rand {
	key := seed
	for _, name := range names {
		key = fork(key, xxhash.Sum64String(name))
	}
	source := newPCG(key)
	return rand.New(&source)
}

// newPCG spreads one key over a generator's state.
func newPCG(key uint64) rand.PCG {
	return *rand.NewPCG(scramble(key), scramble(key+0x9e3779b97f4a7c15))
}

// fork derives the key of a child stream.
func fork(key, child uint64) uint64 { return scramble(scramble(key) ^ child) }

// scramble is the finalizer of splitmix64 (Steele, Lea, Flood 2014): every bit
// of the result depends on every bit of x.
func scramble(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
