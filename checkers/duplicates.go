package checkers

import (
	"fmt"

	"assay/checkers/history"
)

// place is where a record was seen.
type place struct {
	partition history.PartitionID
	offset    int64
	read      uint32
}

// copies is a record that was seen in more than one place.
type copies struct {
	record   history.RecordID
	places   []place
	together bool // one read returned two of them
}

// judgeDuplicates decides no-duplicates. Two places convict only if both were in
// the log together: in one read, both in the final log, or in a log that was read
// to its end and shows no cut. A record that was cut off and sent again is at two
// offsets in the readers' eyes and yet was never twice in the log.
func judgeDuplicates(e *evidence, c Claim, f *findings) {
	logs := e.finalLogs(c.Scope)
	busy := make([]bool, len(logs))
	e.ledger.sends(func(_ history.RecordID, s *send) {
		if logs[s.partition] != nil {
			busy[s.partition] = true
			if s.seen > 0 {
				f.judged++
			}
		}
	})
	for _, twice := range e.copies(logs) {
		e.judgeCopies(f, logs, twice)
	}
	for id, log := range logs {
		if log != nil && busy[id] && !log.isComplete {
			f.leaveOpen(log.doubt)
		}
	}
}

// copies gathers the places of each record that was seen at two or more, in the
// order of their second sightings.
func (e *evidence) copies(logs []*finalLog) []*copies {
	var list []*copies
	known := map[history.RecordID]*copies{}
	for id := range e.ledger.partitions {
		if logs[id] == nil {
			continue
		}
		for _, again := range e.ledger.partitions[id].repeats {
			at := place{history.PartitionID(id), again.offset, again.read}
			twice := known[again.record]
			if twice == nil {
				s := e.ledger.send(again.record)
				twice = &copies{record: again.record, places: []place{{s.seenIn, s.seen - 1, s.seenBy}}}
				known[again.record] = twice
				list = append(list, twice)
			}
			twice.together = twice.together || again.together
			twice.add(at)
		}
	}
	return list
}

// add takes a place once. A record is at few places, so looking through them is cheap;
// more than that do not make it more of a duplicate.
func (c *copies) add(at place) {
	const most = 16
	for _, p := range c.places {
		if p.partition == at.partition && p.offset == at.offset {
			return
		}
	}
	if len(c.places) < most {
		c.places = append(c.places, at)
	}
}

func (e *evidence) judgeCopies(f *findings, logs []*finalLog, twice *copies) {
	places, proven := twice.places, twice.together
	var final []place
	cut, known := false, true
	for _, p := range places {
		log := logs[p.partition]
		if log == nil {
			return // the other place is outside the claim
		}
		if log.holds(p.offset, twice.record) {
			final = append(final, p)
		}
		cut, known = cut || log.isRewrote, known && log.isComplete
	}
	switch {
	case len(final) >= 2:
		places, proven = final, true
	case known && !cut:
		proven = true
	}
	if !proven {
		f.leaveOpen(func() string {
			how := "may have been cut"
			if cut {
				how = "was cut"
			}
			return fmt.Sprintf("%s was seen at offsets %d and %d of %s, but the log %s and nothing shows that it held both at once",
				e.names.record(twice.record), places[0].offset, places[1].offset, e.names.partition(places[0].partition), how)
		})
		return
	}
	s := e.ledger.send(twice.record)
	for i := range places[1:] {
		again := places[i+1]
		f.add(s.finding(Duplicate, again.offset, logs[again.partition]), func() Witness { return e.duplicated(twice.record, places[0], again) })
	}
}

func (e *evidence) duplicated(r history.RecordID, first, again place) Witness {
	s := e.ledger.send(r)
	w := Witness{Offsets: []int64{first.offset, again.offset}, Ops: []Operation{e.tellSend(r), e.tellRead(again.read)}}
	if first.read != again.read {
		w.Ops = append(w.Ops, e.tellRead(first.read))
	}
	w.Sentence = fmt.Sprintf("%s sent %s once, at %s", e.names.client(r.Client()), e.names.record(r), Clock(s.call))
	if s.attempts > 1 {
		w.Sentence += fmt.Sprintf(" (%d requests carried it)", s.attempts)
	}
	w.Sentence += fmt.Sprintf(", but it is in %s at offset %d", e.names.partition(first.partition), first.offset)
	if first.partition == again.partition {
		w.Sentence += fmt.Sprintf(" and again at offset %d", again.offset)
	} else {
		w.Sentence += fmt.Sprintf(" and again in %s at offset %d", e.names.partition(again.partition), again.offset)
	}
	return w
}
