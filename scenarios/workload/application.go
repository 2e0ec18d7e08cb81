package workload

import (
	"math/rand/v2"
	"time"

	"assay/checkers/history"
	"assay/clients"
)

// CommitPolicy says when an application commits what it was handed.
type CommitPolicy uint8

// The policies.
const (
	CommitNone   CommitPolicy = iota // never: the group's offsets stay where they are
	CommitBefore                     // before it works on it: at most once
	CommitAfter                      // when the work is done: at least once
	CommitAuto                       // the client does, by enable.auto.commit
)

// application is what a consumer of a group does with the records of a poll:
// it works on one after the other and commits, before or after. The next poll
// comes when it has done.
type application struct {
	node     *ConsumerNode
	chunks   []clients.Chunk // of the present poll, those with work left
	ends     []clients.CommitOffset
	record   int           // the next one of the first chunk
	began    history.Time  // when the work on it did
	finished clients.Timer // the work on one record
	taking   bool
}

func (a *application) start(n *ConsumerNode) {
	*a = application{node: n}
	a.finished.Fire = func() {
		a.complete()
		a.work()
	}
}

// take begins with what a poll brought. It may end at once.
func (a *application) take(chunks []clients.Chunk) {
	a.node.busy, a.taking = true, true
	defer func() { a.taking = false }()
	a.chunks, a.record, a.ends = chunks, 0, nil
	for _, chunk := range chunks {
		a.ends = append(a.ends, clients.CommitOffset{Partition: chunk.Partition, Offset: chunk.Next, Epoch: chunk.NextEpoch})
	}
	if a.node.config.Commit == CommitBefore {
		a.commit(a.workOnCommitted)
		return
	}
	a.work()
}

// workOnCommitted leaves out what could not be committed for sure: it goes
// back to where that began and asks for it again, since work on it might be
// done twice.
func (a *application) workOnCommitted(results []clients.CommitResult) {
	kept := a.chunks[:0]
	for _, chunk := range a.chunks {
		if committed(results, chunk) {
			kept = append(kept, chunk)
			continue
		}
		a.node.consumer.Seek(chunk.Partition, chunk.From, chunk.FromEpoch)
	}
	a.chunks = kept
	a.work()
}

func committed(results []clients.CommitResult, chunk clients.Chunk) bool {
	for _, r := range results {
		if r.Partition == chunk.Partition {
			return r.Outcome == clients.Acknowledged
		}
	}
	return false
}

// work goes on with the next record, or ends.
func (a *application) work() {
	n := a.node
	for len(a.chunks) > 0 {
		if a.record == len(a.chunks[0].Records) {
			a.chunks, a.record = a.chunks[1:], 0
			continue
		}
		a.began = n.session.Now()
		if took := a.duration(n.config.Process); took > 0 {
			n.timers.Set(&a.finished, n.host.Now().Add(took))
			return
		}
		a.complete()
	}
	n.session.ProcessedSoFar()
	if n.config.Commit == CommitAfter {
		// Whatever comes of it: what is not committed is done again at worst.
		a.commit(func([]clients.CommitResult) { a.end() })
		return
	}
	a.end()
}

// end lets the next poll come. Where it is still the last one's step, that one
// goes on by itself.
func (a *application) end() {
	a.node.busy = false
	if !a.taking {
		a.node.poll()
	}
}

// commit commits what the poll brought and waits for the outcome.
func (a *application) commit(done func([]clients.CommitResult)) {
	n, group := a.node, a.node.config.Consumer.GroupID
	began := n.session.Now()
	n.session.Committing(group, a.ends)
	n.consumer.Commit(a.ends, func(results []clients.CommitResult) {
		n.session.Committed(group, began, results)
		done(results)
	})
}

func (a *application) duration(process func(*rand.Rand) time.Duration) time.Duration {
	if process == nil {
		return 0
	}
	return process(a.node.process)
}

// complete notes that the work on a record is done.
func (a *application) complete() {
	chunk := &a.chunks[0]
	record := &chunk.Records[a.record]
	seen := history.Seen{Offset: int64(record.Offset), Record: RecordIDOf(record)}
	a.node.session.Processed(a.node.config.Consumer.GroupID, chunk.Partition, seen, a.began)
	a.record++
}
