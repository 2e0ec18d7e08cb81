package checkers

import "assay/checkers/history"

// positions follows each reader through each partition.
type positions struct {
	history.Ignore
	readers []*reader // in the order of their first operation
	index   map[readerKey]*reader
	recent  *reader
}

type readerKey struct {
	client    history.ClientID
	partition history.PartitionID
}

// reader is one client's way through one partition.
type reader struct {
	readerKey
	position int64 // history.NoOffset before the first
	steps    []step
	handed   dense[history.RecordID] // by offset, plus had for those without identity
	again    []history.Seen          // what handed held before a later reading
	has      dense[bool]
	// uncommitted: it was handed records at read_uncommitted. One that was handed
	// nothing has not shown its isolation.
	uncommitted bool
}

// step is one movement from a position to the next.
type step struct {
	kind      stepKind
	from, to  int64
	call, ret history.Time
}

type stepKind uint8

const (
	byRead   stepKind = iota // a fetch returned the records between
	byReset                  // auto.offset.reset took the reader forward
	byItself                 // the next read began further on than the last ended
	backward                 // the next read began below where the last ended
	rewind                   // a move took the reader back: it is to read again from there
)

func (p *positions) reader(client history.ClientID, partition history.PartitionID) *reader {
	key := readerKey{client, partition}
	if p.recent != nil && p.recent.readerKey == key {
		return p.recent
	}
	r := p.index[key]
	if r == nil {
		if p.index == nil {
			p.index = map[readerKey]*reader{}
		}
		r = &reader{readerKey: key, position: history.NoOffset}
		p.index[key] = r
		p.readers = append(p.readers, r)
	}
	p.recent = r
	return r
}

// Read implements history.Sink. Final reads are the oracle, no reader's way.
func (p *positions) Read(op history.Read) {
	if op.Final {
		return
	}
	r := p.reader(op.Client, op.Partition)
	r.uncommitted = r.uncommitted || !op.Committed
	if r.position != history.NoOffset && op.From != r.position {
		s := step{byItself, r.position, op.From, op.Call, op.Return}
		if op.From < r.position {
			s.kind = backward
		}
		r.steps = append(r.steps, s)
	}
	r.advance(step{byRead, op.From, op.Next, op.Call, op.Return})
	last := int64(history.NoOffset)
	for _, seen := range op.Records {
		if seen.Offset <= last {
			r.steps = append(r.steps, step{backward, last + 1, seen.Offset, op.Call, op.Return})
		}
		last = seen.Offset
		r.hand(seen)
	}
	r.position = op.Next
}

// advance adds a step, joined to the one before where that changes nothing but
// its length: an empty read is no step.
func (r *reader) advance(s step) {
	if s.from != s.to {
		r.steps = append(r.steps, s)
	}
}

func (r *reader) hand(seen history.Seen) {
	has, at := r.has.at(seen.Offset), r.handed.at(seen.Offset)
	if *has && *at != seen.Record {
		r.again = append(r.again, history.Seen{Offset: seen.Offset, Record: *at})
	}
	*has, *at = true, seen.Record
}

// Move implements history.Sink.
func (p *positions) Move(op history.Move) {
	r := p.reader(op.Client, op.Partition)
	from := op.From
	if r.position != history.NoOffset {
		from = r.position
	}
	switch {
	case from == history.NoOffset:
	case op.To < from:
		r.steps = append(r.steps, step{rewind, from, op.To, op.At, op.At})
	case op.Reason == history.Reset && op.To > from:
		r.steps = append(r.steps, step{byReset, from, op.To, op.At, op.At})
	}
	r.position = op.To
}
