package workload

import (
	"assay/checkers/history"
	"assay/clients"
	"assay/internal/kafka"
)

// processorBatch is what a processor has read and not committed yet.
type processorBatch struct {
	open     bool
	abort    bool // on purpose
	failed   bool // an output has no place in the log for sure
	records  []processedRecord
	progress []progress // by partition, in the order of their first record
	setAside uint64     // dead letters among the outputs
}

// progress is how far a batch has come in one partition.
type progress struct {
	from      kafka.Offset // where the batch began
	fromEpoch kafka.LeaderEpoch
	next      clients.CommitOffset
}

// processedRecord is a record whose output was sent.
type processedRecord struct {
	partition kafka.TopicPartition
	seen      history.Seen
	began     history.Time
}

func (b *processorBatch) of(chunk *clients.Chunk, record int) *progress {
	for i := range b.progress {
		if b.progress[i].next.Partition == chunk.Partition {
			return &b.progress[i]
		}
	}
	p := progress{from: chunk.From, fromEpoch: chunk.FromEpoch}
	if record > 0 { // the batch before ended within the chunk
		p.from, p.fromEpoch = chunk.Records[record-1].Offset+1, kafka.NoEpoch
	}
	p.next.Partition = chunk.Partition
	b.progress = append(b.progress, p)
	return &b.progress[len(b.progress)-1]
}

// add notes that the output of a record of a chunk was sent.
func (b *processorBatch) add(chunk *clients.Chunk, record int, id history.RecordID, began history.Time) {
	offset := chunk.Records[record].Offset
	b.reach(chunk, record)
	b.records = append(b.records, processedRecord{chunk.Partition, history.Seen{Offset: int64(offset), Record: id}, began})
}

// reach notes that a record of a chunk is done, with an output or without.
func (b *processorBatch) reach(chunk *clients.Chunk, record int) {
	next := &b.of(chunk, record).next
	next.Offset, next.Epoch = chunk.Records[record].Offset+1, kafka.NoEpoch
}

// pass notes that all of a chunk is done.
func (b *processorBatch) pass(chunk *clients.Chunk) {
	next := &b.of(chunk, len(chunk.Records)).next
	next.Offset, next.Epoch = chunk.Next, chunk.NextEpoch
}

// offsets are what is to be committed.
func (b *processorBatch) offsets() []clients.CommitOffset {
	offsets := make([]clients.CommitOffset, len(b.progress))
	for i := range b.progress {
		offsets[i] = b.progress[i].next
	}
	return offsets
}

func (n *ProcessorNode) batchIsOver() bool {
	// A batch that has come to nothing yet waits for the first record, which is tried again.
	return n.batch.open && !n.worked && len(n.batch.progress) > 0 && (len(n.batch.records) >= n.config.MaxRecords || !n.due.IsSet())
}

// openBatch begins a batch with its first record; false: it cannot any more.
func (n *ProcessorNode) openBatch() bool {
	if n.batch.open {
		return true
	}
	n.batch.open = true
	n.timers.Set(&n.due, n.host.Now().Add(n.config.Interval))
	if !n.config.transactional() {
		return true
	}
	n.batch.abort = n.config.Aborts(n.aborts)
	if err := n.producer.BeginTransaction(); err != nil {
		n.fail()
		return false
	}
	n.session.BeginTransaction()
	return true
}

// endBatch commits what is read and written, or aborts it on purpose.
func (n *ProcessorNode) endBatch() {
	n.consumer.StopWaiting() // the batch's interval may have ended its wait for more
	n.timers.Stop(&n.due)
	switch {
	case n.config.transactional() && !n.batch.abort && !n.batch.failed:
		n.commitTransaction()
	case n.batch.failed:
		n.giveUpBatch()
	default:
		n.flush()
	}
}

// flush waits for the outcome of every output.
func (n *ProcessorNode) flush() {
	n.state = flushing
	if n.producer.Open() == 0 {
		n.timers.Set(&n.flushed, n.host.Now())
		return
	}
	n.producer.Flush()
}

func (n *ProcessorNode) allDelivered() {
	switch {
	case n.state != flushing:
	case n.config.transactional():
		n.abortTransaction()
	case n.batch.failed:
		n.giveUpBatch()
		n.run()
	case n.config.CommitBefore:
		n.noteProcessed()
		n.batchEnded()
	default:
		n.commitProcessed()
	}
}

// commitPolled commits before the work. What could not be committed for sure is
// left out and read again, since work on it might be done twice.
func (n *ProcessorNode) commitPolled() {
	var ends []clients.CommitOffset
	for _, chunk := range n.chunks {
		ends = append(ends, clients.CommitOffset{Partition: chunk.Partition, Offset: chunk.Next, Epoch: chunk.NextEpoch})
	}
	n.commit(ends, func(results []clients.CommitResult) {
		n.chunks = leaveOut(n.consumer, n.chunks, results)
		n.state = running
		n.run()
	})
}

func (n *ProcessorNode) noteProcessed() {
	for _, r := range n.batch.records {
		n.session.Processed(n.config.Consumer.GroupID, r.partition, r.seen, r.began)
	}
	n.session.ProcessedSoFar()
	n.noteDeadLetters()
}

func (n *ProcessorNode) noteDeadLetters() { n.recorder.metrics.DeadLettered += n.batch.setAside }

// commitProcessed commits for the group what was written for sure.
func (n *ProcessorNode) commitProcessed() {
	n.noteProcessed()
	n.commitDone(n.batch.offsets(), n.batchEnded)
}

// commitDone commits offsets of what is done. What comes to nothing is owed.
func (n *ProcessorNode) commitDone(offsets []clients.CommitOffset, done func()) {
	n.commit(offsets, func(results []clients.CommitResult) {
		n.owed.note(offsets, results)
		n.owed.arm(n.timers, n.host)
		done()
	})
}

// commitOwed is a round of the loop that finds nothing to read.
func (n *ProcessorNode) commitOwed() {
	if n.state != running || n.batch.open {
		if n.state != failing {
			n.owed.arm(n.timers, n.host)
		}
		return
	}
	if offsets := n.owed.of(n.consumer.Assignment()); len(offsets) > 0 {
		n.consumer.StopWaiting()
		n.commitDone(offsets, n.batchEnded)
	}
}

// commit commits offsets for the group, outside of transactions, and waits for it.
func (n *ProcessorNode) commit(offsets []clients.CommitOffset, done func([]clients.CommitResult)) {
	n.state = ending
	group, generation := n.config.Consumer.GroupID, n.consumer.GroupMetadata().Generation
	began := n.session.Now()
	n.session.Committing(group, generation, offsets)
	n.consumer.Commit(offsets, func(results []clients.CommitResult) {
		n.session.Committed(group, generation, began, results)
		if n.state == ending {
			done(results)
		}
	})
}

// giveUpBatch leaves nothing of a batch: its transaction is aborted, and it is
// read again. Without a transaction what was written stays.
func (n *ProcessorNode) giveUpBatch() {
	n.timers.Stop(&n.patience)
	n.timers.Stop(&n.due)
	if n.config.transactional() && n.batch.open {
		n.abortTransaction()
		return
	}
	if n.config.CommitBefore { // it is committed already, and so left out
		n.chunks, n.record, n.worked = nil, 0, false
		n.tries.next()
	} else {
		n.rewind()
	}
	n.batchEnded()
}

// rewind goes back to where the batch began: to the committed offsets. What was
// polled with it and not come to is read again, too.
func (n *ProcessorNode) rewind() {
	for i := range n.chunks {
		n.batch.of(&n.chunks[i], n.record)
		n.record = 0 // the others are untouched
	}
	n.chunks, n.record, n.worked = nil, 0, false
	n.tries.next()
	for _, p := range n.batch.progress {
		n.consumer.Seek(p.next.Partition, p.from, p.fromEpoch)
	}
}

// batchEnded lets the next one come, and whoever waited for this one's end go on.
func (n *ProcessorNode) batchEnded() {
	n.timers.Stop(&n.due)
	n.batch = processorBatch{records: n.batch.records[:0], progress: n.batch.progress[:0]}
	n.state = running
	if asked := n.asked; asked.done != nil {
		n.asked = revocation{}
		n.member.revoked(asked.partitions, asked.done)
	}
	n.run()
}
