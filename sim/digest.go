package sim

import (
	"math/bits"
	"strconv"
)

// Digest is the rolling hash of a run: two runs with equal digests were, for
// all we can tell, the same run.
type Digest struct{ a, b uint64 }

// Checkpoint is the digest after a number of events.
type Checkpoint struct {
	Events uint64
	Time   Time
	Digest Digest
}

// newDigest starts a digest for a seed: runs of different seeds differ from
// their first event on.
func newDigest(seed uint64) Digest { return Digest{scramble(seed), scramble(^seed)} }

// add rolls three words into both lanes. The lanes take them in different
// order with different constants, so that a collision in one is none in the
// other.
func (d *Digest) add(x, y, z uint64) {
	a := (d.a ^ x) * 0x9e3779b97f4a7c15
	a = (bits.RotateLeft64(a, 29) ^ y) * 0xbf58476d1ce4e5b9
	d.a = (bits.RotateLeft64(a, 31) ^ z) * 0x94d049bb133111eb
	b := (d.b + z) * 0xd6e8feb86659fd93
	b = (bits.RotateLeft64(b, 27) + x) * 0xff51afd7ed558ccd
	d.b = (bits.RotateLeft64(b, 33) + y) * 0xc4ceb9fe1a85ec53
}

// String returns the digest as 32 hexadecimal digits.
func (d Digest) String() string {
	text := make([]byte, 0, 32)
	for _, lane := range [2]uint64{d.a, d.b} {
		lane := scramble(lane)
		for shift := 60; shift >= 0; shift -= 4 {
			text = strconv.AppendUint(text, lane>>shift&0xf, 16)
		}
	}
	return string(text)
}
