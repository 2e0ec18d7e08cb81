package workload

import (
	"math/rand/v2"
	"time"

	"assay/checkers/history"
	"assay/clients"
	"assay/internal/batch"
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
	record   int          // the next one of the first chunk
	began    history.Time // when the work on it did
	attempts attempts
	finished clients.Timer // an attempt at one record
	again    clients.Timer // the wait before the next
	taking   bool
	owed     owedCommits
}

func (a *application) start(n *ConsumerNode) {
	*a = application{node: n}
	a.attempts = attempts{handling: &n.config.Handling, chance: n.host.Rand("failures")}
	a.finished.Fire = func() {
		if a.attempted() {
			a.work()
		}
	}
	a.again.Fire = func() {
		if a.attempt() {
			a.work()
		}
	}
	a.owed.timer.Fire = a.commitOwed
}

// stop ends the work where it is: nothing of it counts.
func (a *application) stop() {
	a.node.timers.Stop(&a.finished)
	a.node.timers.Stop(&a.again)
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
		a.commit(a.ends, a.workOnCommitted)
		return
	}
	a.work()
}

// workOnCommitted leaves out what could not be committed for sure: it goes
// back to where that began and asks for it again, since work on it might be
// done twice.
func (a *application) workOnCommitted(results []clients.CommitResult) {
	a.chunks = leaveOut(a.node.consumer, a.chunks, results)
	a.work()
}

// leaveOut keeps the chunks that are committed for sure, and goes back to where
// the others began.
func leaveOut(consumer *clients.Consumer, chunks []clients.Chunk, results []clients.CommitResult) []clients.Chunk {
	kept := chunks[:0]
	for _, chunk := range chunks {
		if committed(results, chunk) {
			kept = append(kept, chunk)
			continue
		}
		consumer.Seek(chunk.Partition, chunk.From, chunk.FromEpoch)
	}
	return kept
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
		if !a.recognised() && !a.attempt() {
			return
		}
	}
	n.session.ProcessedSoFar()
	if n.config.Commit == CommitAfter {
		a.commitDone(a.ends)
		return
	}
	a.end()
}

// commitDone commits offsets of what is done. What comes to nothing is owed.
func (a *application) commitDone(offsets []clients.CommitOffset) {
	a.commit(offsets, func(results []clients.CommitResult) {
		a.owed.note(offsets, results)
		a.owed.arm(a.node.timers, a.node.host)
		a.end()
	})
}

// commitOwed is a round of the loop that finds nothing to read.
func (a *application) commitOwed() {
	n := a.node
	if n.busy || n.failing {
		a.owed.arm(n.timers, n.host)
		return
	}
	if offsets := a.owed.of(n.partitions()); len(offsets) > 0 {
		n.consumer.StopWaiting()
		n.busy = true
		a.commitDone(offsets)
	}
}

// end lets the next poll come. Where it is still the last one's step, that one
// goes on by itself.
func (a *application) end() {
	a.node.busy = false
	if !a.taking {
		a.node.poll()
	}
}

// commit commits offsets and waits for the outcome.
func (a *application) commit(offsets []clients.CommitOffset, done func([]clients.CommitResult)) {
	n, group := a.node, a.node.config.Consumer.GroupID
	began, generation := n.session.Now(), n.consumer.GroupMetadata().Generation
	n.session.Committing(group, generation, offsets)
	n.consumer.Commit(offsets, func(results []clients.CommitResult) {
		n.session.Committed(group, generation, began, results)
		if !n.failing {
			done(results)
		}
	})
}

func (a *application) duration(process func(*rand.Rand) time.Duration) time.Duration {
	if process == nil {
		return 0
	}
	return process(a.node.process)
}

// present is the record that is worked on.
func (a *application) present() (*clients.Chunk, *batch.Record) {
	chunk := &a.chunks[0]
	return chunk, &chunk.Records[a.record]
}

// recognised leaves out what an idempotent consumer finds in its store.
func (a *application) recognised() bool {
	if _, record := a.present(); !a.node.memory.knows(record) {
		return false
	}
	a.node.recorder.metrics.Recognised++
	a.turn()
	return true
}

// attempt begins to work on the present record; false: the work goes on later.
func (a *application) attempt() bool {
	n := a.node
	if took := a.duration(n.config.Process); took > 0 {
		n.timers.Set(&a.finished, n.host.Now().Add(took))
		return false
	}
	return a.attempted()
}

// attempted sees what an attempt has come to; false: the record is not done with.
func (a *application) attempted() bool {
	n := a.node
	chunk, record := a.present()
	switch end, wait := a.attempts.ended(RecordIDOf(record), n.recorder.metrics); end {
	case tryAgain:
		n.timers.Set(&a.again, n.host.Now().Add(wait))
		return false
	case setAside:
		n.deadLetters.write(chunk.Partition, record, a.attempts.cause, func() {
			a.complete()
			a.work()
		})
		return false
	case skipped:
		n.recorder.metrics.leftOut(n.config.Consumer.GroupID, chunk.Partition, record.Offset)
		a.turn()
		return true
	}
	if n.config.Deduplicate {
		n.memory.remember(n.config.Consumer.GroupID, chunk.Partition, record, a.began)
		return false
	}
	a.complete()
	return true
}

// complete notes that the work on a record is done.
func (a *application) complete() {
	chunk, record := a.present()
	a.node.session.Processed(a.node.config.Consumer.GroupID, chunk.Partition, seenOf(record), a.began)
	a.turn()
}

// turn goes to the next record.
func (a *application) turn() {
	a.record++
	a.attempts.next()
}

func seenOf(r *batch.Record) history.Seen {
	return history.Seen{Offset: int64(r.Offset), Record: RecordIDOf(r)}
}
