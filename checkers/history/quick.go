package history

import "bytes"

// Nearly all lines of a file are sends, written by this package in one form.
// That form is read here without a JSON reader, which takes ten times as long;
// a line with anything unusual about it is left to that one.

// readProduce reads a line as ndjson.Produce writes it, and tells whether it is one.
func (v *line) readProduce(text []byte) bool {
	in := cursor{rest: text, good: true}
	in.literal(`{"op":"produce","record":[`)
	client := in.number()
	in.literal(`,`)
	send := in.number()
	in.literal(`],"partition":`)
	partition := in.number()
	if in.has(`,"key":"`) {
		v.Key = hash(in.hexadecimal())
		in.literal(`"`)
	}
	in.literal(`,"call":`)
	v.Call = Time(in.number())
	if in.has(`,"return":`) {
		v.Return = Time(in.number())
	}
	in.literal(`,"outcome":"`)
	v.Outcome = in.outcome()
	in.literal(`,"attempts":`)
	attempts := in.number()
	in.literal(`,"error":`)
	code := in.number()
	in.literal(`,"offset":`)
	v.Offset = in.number()
	in.literal(`}`)
	record, ok := join(client, send)
	v.Op, v.Record, v.Partition, v.Attempts, v.Error = "produce", recordID(record), uint32(partition), uint8(attempts), int16(code)
	return in.good && len(in.rest) == 0 && ok && partition >= 0 &&
		int64(v.Partition) == partition && int64(v.Attempts) == attempts && int64(v.Error) == code
}

// cursor reads a text from its start. After something unexpected good is false
// and nothing is read any more.
type cursor struct {
	rest []byte
	good bool
}

// has moves past a text if it comes next.
func (c *cursor) has(text string) bool {
	if len(c.rest) < len(text) || string(c.rest[:len(text)]) != text {
		return false
	}
	c.rest = c.rest[len(text):]
	return true
}

func (c *cursor) literal(text string) {
	if !c.has(text) {
		c.fail()
	}
}

func (c *cursor) fail() { c.good, c.rest = false, nil }

// number reads an integer of at most 18 digits as JSON has it.
func (c *cursor) number() int64 {
	negative := c.has("-")
	value, digits := int64(0), 0
	for digits < len(c.rest) && '0' <= c.rest[digits] && c.rest[digits] <= '9' {
		value = value*10 + int64(c.rest[digits]-'0')
		digits++
		if digits > 18 {
			break
		}
	}
	if digits == 0 || digits > 18 || digits > 1 && c.rest[0] == '0' {
		c.fail()
		return 0
	}
	c.rest = c.rest[digits:]
	if negative {
		return -value
	}
	return value
}

// hexadecimal reads 1 to 16 digits.
func (c *cursor) hexadecimal() uint64 {
	value, digits := uint64(0), 0
	for ; digits < len(c.rest) && digits < 16; digits++ {
		d := bytes.IndexByte([]byte("0123456789abcdef"), c.rest[digits])
		if d < 0 {
			break
		}
		value = value<<4 | uint64(d)
	}
	if digits == 0 {
		c.fail()
		return 0
	}
	c.rest = c.rest[digits:]
	return value
}

// outcome reads an outcome's name and the quote behind it.
func (c *cursor) outcome() string {
	for _, o := range [...]Outcome{OK, Failed, Indeterminate} {
		if name := o.String(); c.has(name) {
			c.literal(`"`)
			return name
		}
	}
	c.fail()
	return ""
}
