package sim

import (
	"math/bits"
	"slices"

	"github.com/cespare/xxhash/v2"
)

// firstBlock is the length of a file's first block. Each further one has twice
// the length of the one before.
const firstBlock = 8 << 10

// content is the bytes of a file, in blocks that stay where they are: a file
// that grows is not copied again and again, and few views lie across two blocks.
//
// A copy of the value is a snapshot, as long as what changes the content leaves
// the bytes below the snapshot's size as they are. append and appendZeros do,
// the space behind the end being nobody's; what writes elsewhere starts with
// clone or cut.
type content struct {
	first []byte   // grows to its length; most files have no other
	rest  [][]byte // whole ones, but that cut leaves the last short
	size  int
}

// locate returns the number of the block that holds the byte at off, the
// byte's place in it, and the length that such a block grows to.
func locate(off int) (index, at, length int) {
	index = bits.Len(uint(off/firstBlock+1)) - 1
	length = firstBlock << index
	return index, off + firstBlock - length, length
}

// blockOf returns the block that holds the byte at off, and the byte's place
// in it.
func (c *content) blockOf(off int) ([]byte, int) {
	index, at, _ := locate(off)
	return *c.block(index), at
}

func (c *content) block(index int) *[]byte {
	if index == 0 {
		return &c.first
	}
	return &c.rest[index-1]
}

// append adds a copy of p at the end.
func (c *content) append(p []byte) {
	for len(p) > 0 {
		n := copy(c.room(len(p)), p)
		c.size += n
		p = p[n:]
	}
}

// appendZeros adds n zeros at the end.
func (c *content) appendZeros(n int) {
	for n > 0 {
		room := c.room(n)
		room = room[:min(n, len(room))]
		clear(room) // a truncation may have left something
		c.size += len(room)
		n -= len(room)
	}
}

// room returns space behind the end for some of n more bytes.
func (c *content) room(n int) []byte {
	index, used, whole := locate(c.size)
	if index > len(c.rest) {
		c.rest = append(c.rest, nil)
	}
	block := *c.block(index)
	if used+n > len(block) && len(block) < whole {
		length := whole
		if index == 0 { // most files are small
			length = min(max(n+used, 4*len(block), 64), whole)
		}
		grown := make([]byte, length)
		copy(grown, block[:used])
		block, *c.block(index) = grown, grown
	}
	return block[used:]
}

// overwrite changes bytes that are there.
func (c *content) overwrite(p []byte, off int) {
	for len(p) > 0 {
		block, at := c.blockOf(off)
		n := copy(block[at:], p)
		p, off = p[n:], off+n
	}
}

// read copies what is at off, as much as there is and fits.
func (c *content) read(p []byte, off int) int {
	p = p[:min(len(p), max(0, c.size-off))]
	for rest := p; len(rest) > 0; {
		block, at := c.blockOf(off)
		n := copy(rest, block[at:])
		rest, off = rest[n:], off+n
	}
	return len(p)
}

// view returns n bytes at off: the file's own where they lie in one block, else
// a copy.
func (c *content) view(off, n int) []byte {
	if n == 0 {
		return []byte{} // there may be no block at off
	}
	if block, at := c.blockOf(off); at+n <= len(block) {
		return block[at : at+n : at+n]
	}
	joined := make([]byte, n)
	c.read(joined, off)
	return joined
}

// all returns everything.
func (c *content) all() []byte { return c.view(0, c.size) }

// clone is a copy that shares nothing.
func (c *content) clone() content {
	rest := make([][]byte, len(c.rest))
	for i, block := range c.rest {
		rest[i] = slices.Clone(block)
	}
	return content{slices.Clone(c.first), rest, c.size}
}

// cut returns the first bytes, so that what is appended to them changes no
// snapshot of more.
func (c *content) cut(size int) content {
	index, used, _ := locate(size)
	if index == 0 {
		return content{first: slices.Clone(c.first[:used]), size: size}
	}
	rest := slices.Clone(c.rest[:index-1])
	if used > 0 {
		rest = append(rest, slices.Clone(c.rest[index-1][:used]))
	}
	return content{c.first, rest, size}
}

// corrupt flips bits of one byte, in no snapshot.
func (c *content) corrupt(off int, mask byte) {
	*c = c.clone()
	block, at := c.blockOf(off)
	block[at] ^= mask
}

// hash is the xxhash of all bytes.
func (c *content) hash() uint64 {
	if c.size <= len(c.first) {
		return xxhash.Sum64(c.first[:c.size])
	}
	h := xxhash.New()
	h.Write(c.first)
	left := c.size - len(c.first)
	for _, block := range c.rest {
		n := min(left, len(block))
		h.Write(block[:n])
		left -= n
	}
	return h.Sum64()
}
