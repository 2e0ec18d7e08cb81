package checkers

import (
	"fmt"
	"math"
	"slices"

	"assay/checkers/history"
)

// judgeExactlyOnce decides exactly-once as a graph: each input below where the
// processor's group ended has exactly one output among what the observer saw, or
// could have, at its isolation. The same place seen again is no second effect.
func judgeExactlyOnce(e *evidence, c Claim, f *findings) {
	p := &pipeline{evidence: e, findings: f, path: c.Path, inputs: e.finalLogs(c.Scope)}
	p.chooseLogs()
	p.countEffects()
	for i, key := range e.commits.keys {
		if int(key.partition) < len(p.inputs) && p.inputs[key.partition] != nil && p.reads(key) {
			p.judgeInputs(key, e.commits.parts[i])
		}
	}
	p.tellDeviations()
}

// pipeline is one claim's way from sources to effects.
type pipeline struct {
	*evidence
	*findings
	path       Path
	inputs     []*finalLog // by partition
	outputs    []*finalLog // of the topic written to, at the observer's isolation; others are nil
	unread     *finalLog   // one of them that is not known to its end
	groups     []bool      // groups of which there are outputs
	effects    byGroup[dense[effects]]
	again      []effect // second effects and more
	deviations []deviation
}

// effects is what was seen that was made of one input.
type effects struct {
	count int32
	first effect
}

// effect is an output at a place.
type effect struct {
	source history.Derived
	at     history.PartitionID
	offset int64
}

// deviation is an input without exactly one effect.
type deviation struct {
	key     groupPartition
	offset  int64
	record  history.RecordID
	effects effects
	end     history.GroupEnd
	passed  *groupCommits
}

// reads says whether the pipeline's processor reads a partition for a group.
func (p *pipeline) reads(key groupPartition) bool {
	if p.path.From != "" && p.names.topic(key.partition) != p.path.From {
		return false
	}
	if p.path.Group != "" {
		return p.names.group(key.group) == p.path.Group
	}
	return int(key.group) < len(p.groups) && p.groups[key.group]
}

// takes says whether an output is of the pipeline.
func (p *pipeline) takes(d history.Derived) bool {
	return (p.path.From == "" || p.names.topic(d.Partition) == p.path.From) &&
		(p.path.Group == "" || p.names.group(d.Group) == p.path.Group) &&
		(len(p.path.Via) == 0 || slices.Contains(p.path.Via, p.names.client(d.Record.Client()).Name))
}

// observers are the readers that judge, none for the covering reads alone.
func (p *pipeline) observers() []*reader {
	var list []*reader
	for _, r := range p.moves.readers {
		if slices.Contains(p.path.Observer, p.names.client(r.client).Name) && p.writes(r.partition) {
			list = append(list, r)
		}
	}
	return list
}

func (p *pipeline) writes(id history.PartitionID) bool {
	return p.path.To == "" || p.names.topic(id) == p.path.To
}

// chooseLogs takes for each partition written to the log as a covering read has
// it at the observer's isolation.
func (p *pipeline) chooseLogs() {
	uncommitted := false
	for _, r := range p.observers() {
		uncommitted = uncommitted || r.uncommitted
	}
	written := p.written()
	all, stable := p.finalLogs(Scope{}), p.stableLogs()
	p.outputs = make([]*finalLog, len(all))
	for _, id := range p.names.inScope(Scope{}) {
		if int(id) >= len(all) || !p.writes(id) || p.path.To == "" && !written[id] {
			continue
		}
		log := stable[id]
		if uncommitted || p.transactions.count == 0 {
			log = all[id]
		}
		p.outputs[id] = log
		if !log.isComplete && p.unread == nil {
			p.unread = log
		}
	}
}

// written says of each partition whether outputs of the pipeline were sent to it,
// and notes the groups they were made for.
func (p *pipeline) written() []bool {
	written := make([]bool, len(p.ledger.partitions))
	for _, d := range p.sources.list {
		s := p.ledger.send(d.Record)
		if !s.recorded || !p.takes(d) || !p.writes(s.partition) {
			continue
		}
		written[s.partition] = true
		p.groups = grow(p.groups, int(d.Group))
		p.groups[d.Group] = true
	}
	return written
}

// countEffects counts the distinct places of outputs, by their inputs.
func (p *pipeline) countEffects() {
	observers := p.observers()
	for id, log := range p.outputs {
		if log == nil {
			continue
		}
		var shown dense[history.RecordID]
		others := map[history.Seen]bool{} // at places where more than one record was seen
		see := func(offset int64, r history.RecordID) {
			if r == 0 {
				return
			}
			at := shown.at(offset)
			switch {
			case *at == r || others[history.Seen{Offset: offset, Record: r}]:
				return
			case *at != 0:
				others[history.Seen{Offset: offset, Record: r}] = true
			default:
				*at = r
			}
			if d, found := p.sources.of(r); found && p.takes(d) {
				p.count(effect{d, history.PartitionID(id), offset})
			}
		}
		log.cells.all(func(offset int64, c *cell) bool {
			if c.finally > 0 {
				see(offset, c.final)
			}
			return true
		})
		for _, r := range observers {
			if r.partition != log.id {
				continue
			}
			r.has.all(func(offset int64, has *bool) bool {
				if *has {
					see(offset, r.handed.get(offset))
				}
				return true
			})
			for _, seen := range r.again {
				see(seen.Offset, seen.Record)
			}
		}
	}
}

func (p *pipeline) count(one effect) {
	of := p.effects.at(one.source.Group, one.source.Partition).at(one.source.Offset)
	of.count++
	if of.count == 1 {
		of.first = one
	} else {
		p.again = append(p.again, one)
	}
}

// judgeInputs judges what one group read of one partition, below its final
// committed offset. What lies above may still have its effect.
func (p *pipeline) judgeInputs(key groupPartition, part *groupCommits) {
	log, name := p.inputs[key.partition], p.names.group(key.group)
	end := p.endOf(part)
	switch {
	case !part.hasEnd || !part.end.Known:
		p.leaveOpen(func() string { return fmt.Sprintf("nobody told where group %s ended in %s", name, log.name) })
	case !log.isComplete:
		p.leaveOpen(log.doubt)
	case p.unread != nil:
		p.leaveOpen(p.unread.doubt)
	default:
		if last := p.lastRecord(log); max(0, end) <= last {
			p.leaveOpen(func() string {
				return fmt.Sprintf("group %s did not drain: it ended with %s committed of %s, which has a record at offset %d", name, told(end), log.name, last)
			})
		}
	}
	seen := p.effects.at(key.group, key.partition)
	log.cells.ascend(log.logStart(), end, func(offset int64, c *cell) bool {
		if c.finally == 0 || c.final == 0 || !p.demanded(c.final) {
			return true
		}
		p.judged++
		if of := seen.get(offset); of.count != 1 {
			p.deviations = append(p.deviations, deviation{key, offset, c.final, of, part.end, part})
		}
		return true
	})
}

// endOf is where a group ended as its coordinator told it, else the lowest that it
// can have ended at by what it committed last; history.NoOffset for nowhere.
func (p *pipeline) endOf(part *groupCommits) int64 {
	if part.hasEnd && part.end.Known {
		return part.end.Offset
	}
	last := history.Time(-1)
	for _, op := range part.list {
		if p.tookEffect(op) {
			last = max(last, op.sent)
		}
	}
	if last < 0 {
		return history.NoOffset
	}
	end := int64(math.MaxInt64)
	for _, op := range part.list {
		if op.written >= last {
			end = min(end, op.Offset)
		}
	}
	return end
}

// inputKey is an input's place, for a group.
type inputKey struct {
	groupPartition
	offset int64
}

// tellDeviations classifies every deviation. What was sent for each is looked up
// only now, in one walk.
func (p *pipeline) tellDeviations() {
	if len(p.deviations) == 0 {
		return
	}
	sent, seen := map[inputKey][]history.RecordID{}, map[inputKey][]effect{}
	for _, d := range p.deviations {
		key := inputKey{d.key, d.offset}
		sent[key] = nil
		if d.effects.count > 0 {
			seen[key] = append(seen[key], d.effects.first)
		}
	}
	for _, d := range p.sources.list {
		key := inputKey{groupPartition{d.Group, d.Partition}, d.Offset}
		if list, wanted := sent[key]; wanted && p.takes(d) {
			sent[key] = append(list, d.Record)
		}
	}
	for _, one := range p.again {
		key := inputKey{groupPartition{one.source.Group, one.source.Partition}, one.source.Offset}
		if _, wanted := seen[key]; wanted {
			seen[key] = append(seen[key], one)
		}
	}
	for _, d := range p.deviations {
		key := inputKey{d.key, d.offset}
		if d.effects.count == 0 {
			p.withoutEffect(d, sent[key])
		} else {
			p.repeated(d, seen[key])
		}
	}
}

// withoutEffect classifies an input that the group passed and that nobody saw
// the effect of: torn if a transaction with its output committed, lost if an
// output was acknowledged, else unseen.
func (p *pipeline) withoutEffect(d deviation, sent []history.RecordID) {
	if p.unread != nil {
		return // judgeInputs has said so
	}
	anomaly, culprit := Unseen, history.RecordID(0)
	for _, r := range sent {
		s := p.ledger.send(r)
		log := p.outputs[s.partition]
		if s.outcome == history.Failed && s.seen == 0 || log == nil {
			continue
		}
		if offset := s.offset; offset != history.NoOffset && log.removed(offset) || s.offset == history.NoOffset && log.logStart() > 0 {
			p.leaveOpen(func() string {
				return fmt.Sprintf("the output %s may lie below the log start %d of %s", p.names.record(r), log.logStart(), log.name)
			})
			return
		}
		if open := p.unsettled(log, r, s); open != nil {
			p.leaveOpen(open)
			return
		}
		in := p.transactions.of(r)
		switch {
		case in == nil && s.outcome == history.OK && anomaly == Unseen:
			anomaly, culprit = LostWrite, r
		case in != nil && in.fate == committed:
			anomaly, culprit = TornTransaction, r
		case in != nil && in.fate == undecided:
			p.leaveOpen(func() string { return p.tellFate(in) })
			return
		case culprit == 0:
			culprit = r
		}
	}
	p.add(p.place(d, anomaly, culprit), func() Witness { return p.tellWithout(d, anomaly, culprit) })
}

// unsettled says why an output that the chosen log does not have may have its
// place above that log's end, nil if it cannot: it was sent or acknowledged while
// the covering read ran, or the markers of its transaction were still under way.
func (p *pipeline) unsettled(log *finalLog, r history.RecordID, s *send) func() string {
	name := p.names.record(r)
	switch {
	case s.outcome == history.OK && log.tooLate(s.offset, s.ret):
		return log.doubtOf(name)
	case log.tooLate(history.NoOffset, s.call):
		return func() string {
			return fmt.Sprintf("%s was sent after the covering read of %s had begun", name, log.name)
		}
	case s.final > 0 && s.seenIn == s.partition && s.final > log.cover.End:
		return func() string {
			return fmt.Sprintf("%s is in %s above offset %d, where a reader of committed records had to stop: transactions were not decided there", name, log.name, log.cover.End)
		}
	}
	return nil
}

// repeated classifies an input with more than one effect.
func (p *pipeline) repeated(d deviation, seen []effect) {
	if p.inputs[d.key.partition].isRewrote {
		p.leaveOpen(func() string {
			return fmt.Sprintf("%s was cut, and nobody knows whether offset %d held one record when both outputs were made of it", p.inputs[d.key.partition].name, d.offset)
		})
		return
	}
	anomaly, culprit := Duplicate, seen[len(seen)-1].source.Record
	var next successor
	for _, one := range seen {
		if by, found := p.zombie(d.key, one.source.Record); found {
			anomaly, culprit, next = ZombieCommit, one.source.Record, by
			break
		}
	}
	p.add(p.place(d, anomaly, culprit), func() Witness { return p.tellRepeated(d, seen, anomaly, culprit, next) })
}

// zombie says whether an output was sent, or its transaction ended, by a member
// that another had replaced by then.
func (p *pipeline) zombie(key groupPartition, r history.RecordID) (successor, bool) {
	s, did := p.ledger.send(r), history.Time(0)
	did = s.call
	if in := p.transactions.of(r); in != nil && in.End != history.Infinity {
		did = max(did, in.End)
	}
	return p.superseded(key, r.Client(), s.call, did)
}

// place is where a deviation is found: at its input.
func (p *pipeline) place(d deviation, anomaly Anomaly, culprit history.RecordID) finding {
	s := p.ledger.send(d.record)
	found := finding{anomaly: anomaly, partition: d.key.partition, offset: d.offset, from: s.call, to: max(s.call, d.end.At), group: party(d.key.group) + 1}
	if culprit != 0 {
		out := p.ledger.send(culprit)
		found.from, found.client = out.call, party(culprit.Client())+1
		found.to = out.call
		if out.ret != history.Infinity {
			found.to = max(found.to, out.ret)
		}
		found.until = max(found.to, d.end.At)
	}
	return found
}

func (p *pipeline) tellWithout(d deviation, anomaly Anomaly, culprit history.RecordID) Witness {
	input, group := p.names.partition(d.key.partition), p.names.group(d.key.group)
	w := Witness{Offsets: []int64{d.offset}, Ops: []Operation{p.tellSend(d.record)}}
	if passed, known := d.passed.passes(false).first(d.offset); known {
		w.Ops = append(w.Ops, p.tellCommit(passed))
	}
	if d.passed.hasEnd {
		w.Ops = append(w.Ops, p.tellEnd(d.passed.end))
	}
	w.Sentence = fmt.Sprintf("%s at offset %d of %s has no effect, although group %s committed offsets beyond it: ", p.names.record(d.record), d.offset, input, group)
	if culprit == 0 {
		w.Sentence += "no output was ever sent for it"
		w.Advice = "Committing a source's offset in the transaction of its output would have prevented it."
		return w
	}
	in := p.transactions.of(culprit)
	w.Ops = append(w.Ops, p.tellSend(culprit))
	if in != nil {
		w.Ops = append(w.Ops, p.tellTransaction(in))
	}
	out := p.ledger.send(culprit)
	w.Sentence += fmt.Sprintf("%s sent the output %s to %s at %s", p.names.client(culprit.Client()), p.names.record(culprit), p.names.partition(out.partition), Clock(out.call))
	switch {
	case anomaly == TornTransaction:
		w.Sentence += fmt.Sprintf(", and %s, but the output cannot be read: the transaction is torn", p.tellFate(in))
	case anomaly == LostWrite:
		w.Sentence += fmt.Sprintf(" and it was acknowledged at %s, but it is gone", Clock(out.ret))
		w.Advice = "Keeping what is acknowledged (acks=all, min.insync.replicas=2, unclean.leader.election.enable=false) would have prevented it."
	case in != nil:
		w.Sentence += fmt.Sprintf(", but %s, and nobody made it again", p.tellFate(in))
		w.Advice = "Going back to the committed offsets after an abort would have prevented it."
	default:
		w.Sentence += ", which was not acknowledged, and nobody made it again"
		w.Advice = "Committing a source's offset only once its output is acknowledged, or in one transaction with it, would have prevented it."
	}
	return w
}

func (p *pipeline) tellRepeated(d deviation, seen []effect, anomaly Anomaly, culprit history.RecordID, next successor) Witness {
	w := Witness{Offsets: []int64{d.offset}, Ops: []Operation{p.tellSend(d.record)}}
	w.Sentence = fmt.Sprintf("%s at offset %d of %s has %d effects", p.names.record(d.record), d.offset, p.names.partition(d.key.partition), len(seen))
	link := ": "
	for _, one := range seen[:min(4, len(seen))] {
		r := one.source.Record
		w.Offsets = append(w.Offsets, one.offset)
		w.Ops = append(w.Ops, p.tellSend(r))
		if in := p.transactions.of(r); in != nil {
			w.Ops = append(w.Ops, p.tellTransaction(in))
		}
		w.Sentence += fmt.Sprintf("%s%s by %s at offset %d of %s", link, p.names.record(r), p.names.client(r.Client()), one.offset, p.names.partition(one.at))
		link = ", and "
	}
	in := p.transactions.of(culprit)
	switch {
	case anomaly == ZombieCommit:
		w.Ops = append(w.Ops, p.tellSuccessor(next)...)
		w.Sentence += fmt.Sprintf("; %s was a zombie then: %s had owned the partition in generation %d of group %s since %s", p.names.client(culprit.Client()),
			p.names.client(next.Client), next.Generation, p.names.group(d.key.group), Clock(next.At))
		w.Advice = "Committing the sources' offsets in the transaction of the outputs, with the group's metadata (KIP-447), would have fenced it."
	case in == nil:
		w.Advice = "Outputs and offsets in one transaction (transaction:, transactional.id), and an observer that reads committed records, would have prevented it."
	default:
		w.Advice = "Committing the sources' offsets in the transaction of the outputs, and reading committed records (isolation.level: read_committed), would have prevented it."
	}
	return w
}
