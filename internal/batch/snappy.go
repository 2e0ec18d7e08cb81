package batch

import (
	"encoding/binary"
	"errors"
)

// Snappy is written here because what the library of the other codecs writes
// for it depends on the machine, and a run must not. The format is that of
// google/snappy, format_description.txt: the length of the content, then
// literals and copies of what came before.

// xerialMagic begins the framing of snappy-java, in which Kafka's Java client
// writes snappy: magic, two version numbers, then blocks with their length
// before them. Other clients write one bare block.
const xerialMagic = "\x82SNAPPY\x00"

const (
	xerialHeader = 16
	// xerialBlock is how much content Kafka gives a block (SnappyCompression).
	xerialBlock = 32 << 10
)

var errSnappy = errors.New("malformed")

// appendXerial appends the framed form of content.
func appendXerial(dst, content []byte, table *snappyTable) []byte {
	dst = append(dst, xerialMagic...)
	dst = binary.BigEndian.AppendUint32(dst, 1) // version
	dst = binary.BigEndian.AppendUint32(dst, 1) // lowest compatible version
	for len(content) > 0 {
		block := content[:min(len(content), xerialBlock)]
		content = content[len(block):]
		at := len(dst)
		dst = appendSnappy(append(dst, 0, 0, 0, 0), block, table)
		binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	}
	return dst
}

// decodeSnappy reads either framing.
func decodeSnappy(in []byte) ([]byte, error) {
	if len(in) < xerialHeader || string(in[:len(xerialMagic)]) != xerialMagic {
		return appendUnsnapped(nil, in)
	}
	var out []byte
	for in = in[xerialHeader:]; len(in) > 0; {
		if len(in) < 4 {
			return nil, errSnappy
		}
		size := int(int32(binary.BigEndian.Uint32(in)))
		if in = in[4:]; size < 0 || size > len(in) {
			return nil, errSnappy
		}
		var err error
		if out, err = appendUnsnapped(out, in[:size]); err != nil {
			return nil, err
		}
		in = in[size:]
	}
	return out, nil
}

// The kinds of elements of a block, in the lower two bits of their first byte.
const (
	snappyLiteral = iota
	snappyCopy1   // 4 to 11 bytes from up to 2 KiB back
	snappyCopy2   // 1 to 64 bytes from up to 64 KiB back
	snappyCopy4
)

// snappyExpands bounds what a block can hold: three bytes make 64 at best.
const snappyExpands = 22

// appendUnsnapped decodes one block behind dst.
func appendUnsnapped(dst, in []byte) ([]byte, error) {
	size, n := binary.Uvarint(in)
	if n <= 0 || size > 1<<32-1 {
		return nil, errSnappy
	}
	in = in[n:]
	if size > uint64(MaxDecompressed-len(dst)) {
		return nil, errTooLarge
	}
	if size > uint64(len(in))*snappyExpands {
		return nil, errSnappy // it cannot be, and is not worth the memory
	}
	start := len(dst)
	end := start + int(size)
	if cap(dst) < end {
		dst = append(make([]byte, 0, max(end, min(2*cap(dst), MaxDecompressed))), dst...)
	}
	for len(in) > 0 {
		length, back, used := snappyElement(in)
		if used == 0 || length > end-len(dst) {
			return nil, errSnappy
		}
		in = in[used:]
		if back == 0 {
			if length > len(in) {
				return nil, errSnappy
			}
			dst = append(dst, in[:length]...)
			in = in[length:]
			continue
		}
		if back > len(dst)-start {
			return nil, errSnappy
		}
		for length > 0 { // it may overlap itself
			part := dst[len(dst)-back:]
			part = part[:min(length, len(part))]
			dst = append(dst, part...)
			length -= len(part)
		}
	}
	if len(dst) != end {
		return nil, errSnappy
	}
	return dst, nil
}

// snappyElement reads the head of an element: how many bytes it makes, from how
// far back (0 for a literal, whose bytes follow), and the head's own size, 0
// where it is cut or makes no sense.
func snappyElement(in []byte) (length, back, used int) {
	tag := in[0]
	switch tag & 3 {
	case snappyLiteral:
		length, used = int(tag>>2), 1
		if extra := length - 59; extra > 0 { // so many bytes hold the length
			if len(in) < 1+extra {
				return 0, 0, 0
			}
			length, used = 0, 1+extra
			for i := extra; i > 0; i-- {
				length = length<<8 | int(in[i])
			}
		}
		return length + 1, 0, used
	case snappyCopy1:
		if len(in) >= 2 {
			length, back, used = 4+int(tag>>2&7), int(tag>>5)<<8|int(in[1]), 2
		}
	case snappyCopy2:
		if len(in) >= 3 {
			length, back, used = 1+int(tag>>2), int(binary.LittleEndian.Uint16(in[1:])), 3
		}
	case snappyCopy4:
		if len(in) >= 5 {
			length, back, used = 1+int(tag>>2), int(binary.LittleEndian.Uint32(in[1:])), 5
		}
	}
	if back <= 0 {
		return 0, 0, 0
	}
	return length, back, used
}

// snappyTable remembers where four bytes were last seen, by their hash.
type snappyTable [1 << snappyHashBits]uint16

const snappyHashBits = 12

// appendSnappy appends one block with up to 64 KiB of content.
func appendSnappy(dst, content []byte, table *snappyTable) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(content)))
	clear(table[:])
	literal := 0 // where the bytes begin that are not written yet
	for at := 1; at+4 <= len(content); {
		four := binary.LittleEndian.Uint32(content[at:])
		slot := &table[four*0x1e35a7bd>>(32-snappyHashBits)]
		candidate := int(*slot)
		*slot = uint16(at)
		if binary.LittleEndian.Uint32(content[candidate:]) != four {
			at += 1 + (at-literal)>>5 // what does not compress is gone through faster
			continue
		}
		length := 4
		for at+length < len(content) && content[candidate+length] == content[at+length] {
			length++
		}
		dst = appendSnappyLiteral(dst, content[literal:at])
		dst = appendSnappyCopy(dst, at-candidate, length)
		at += length
		literal = at
	}
	return appendSnappyLiteral(dst, content[literal:])
}

func appendSnappyLiteral(dst, literal []byte) []byte {
	switch n := len(literal) - 1; {
	case n < 0:
		return dst
	case n < 60:
		dst = append(dst, byte(n)<<2)
	case n < 1<<8:
		dst = append(dst, 60<<2, byte(n))
	default:
		dst = append(dst, 61<<2, byte(n), byte(n>>8))
	}
	return append(dst, literal...)
}

func appendSnappyCopy(dst []byte, back, length int) []byte {
	for length > 64 {
		n := min(length-4, 64) // leaves what one element can say
		dst = append(dst, byte(n-1)<<2|snappyCopy2, byte(back), byte(back>>8))
		length -= n
	}
	if length < 12 && back < 1<<11 {
		return append(dst, byte(back>>8)<<5|byte(length-4)<<2|snappyCopy1, byte(back))
	}
	return append(dst, byte(length-1)<<2|snappyCopy2, byte(back), byte(back>>8))
}
