package workload

import (
	"assay/checkers/history"
	"assay/clients"
	"assay/internal/kafka"
)

// openTransaction is a session's transaction under way. Its number is that of
// the last one where none is.
type openTransaction struct {
	history.Transaction
	open bool
}

// BeginTransaction notes that the session's next transaction has begun.
func (s *Session) BeginTransaction() {
	t := &s.transaction
	t.open = true
	t.Transaction = history.Transaction{Client: s.id, Number: t.Number + 1, Begin: s.recorder.clock(),
		End: history.Infinity, Return: history.Infinity, Outcome: history.Indeterminate}
}

// EndingTransaction notes that the end of the transaction was asked for. What
// was asked first counts: an abort behind a commit that failed is part of it.
func (s *Session) EndingTransaction(commit bool) {
	if t := &s.transaction; t.open && t.End == history.Infinity {
		t.Commit, t.End = commit, s.recorder.clock()
	}
}

// TransactionEnded notes what came of that.
func (s *Session) TransactionEnded(result clients.TransactionResult) {
	t := &s.transaction
	if s.closed || !t.open {
		return
	}
	t.Outcome, t.Error = outcomes[result.Outcome], result.Error
	if result.Outcome != clients.Indeterminate {
		t.Return = s.recorder.clock()
	}
	s.closeTransaction()
}

// closeTransaction tells of the transaction as far as it has come.
func (s *Session) closeTransaction() {
	if t := &s.transaction; t.open {
		t.open = false
		s.recorder.sink.Transaction(t.Transaction)
	}
}

// SentFor is Sent for an output: its latency to a consumer counts from when the
// load wanted the source sent.
func (s *Session) SentFor(source history.RecordID, partition kafka.TopicPartition, key uint64) {
	now := s.recorder.clock()
	origin, known := s.recorder.intendedOf(source)
	if !known {
		origin = now
	}
	s.origins.add(origin)
	if t := &s.transaction; t.open {
		t.LastSend = s.NextRecord().Send()
		if t.FirstSend == 0 {
			t.FirstSend = t.LastSend
		}
	}
	s.Sent(partition, key, now)
}

// Derived notes which record an output was made of.
func (s *Session) Derived(output history.RecordID, partition kafka.TopicPartition, offset kafka.Offset, group string) {
	s.recorder.sink.Derived(history.Derived{Record: output, Partition: s.recorder.Partition(partition),
		Offset: int64(offset), Group: s.recorder.Group(group)})
}

// SentOffsets notes that offsets were made part of the transaction, or not, as err
// has it.
func (s *Session) SentOffsets(group string, generation int32, began history.Time, offsets []clients.CommitOffset, err error) {
	if s.closed {
		return
	}
	for _, o := range offsets {
		commit := s.commit(s.recorder.Group(group), generation, o.Partition, o.Offset, began)
		commit.Transaction = s.transaction.Number
		if err == nil {
			commit.Outcome, commit.Return = history.OK, s.recorder.clock()
		}
		s.recorder.sink.Commit(commit)
	}
}

// Stable notes where a partition's last stable offset and high watermark stand.
func (s *Session) Stable(partition kafka.TopicPartition, lastStable, highWatermark kafka.Offset) {
	if s.closed {
		return
	}
	s.recorder.sink.Stable(history.Stable{Partition: s.recorder.Partition(partition), At: s.recorder.clock(),
		LastStableOffset: int64(lastStable), HighWatermark: int64(highWatermark)})
}
