package workload

import (
	"slices"

	"assay/checkers/history"
	"assay/clients"
	"assay/internal/kafka"
)

// Group gives a group's number in the history.
func (r *Recorder) Group(name string) history.GroupID {
	id, known := r.groups[name]
	if !known {
		id = history.GroupID(len(r.groups))
		r.groups[name] = id
		r.sink.Group(id, name)
	}
	return id
}

// Processed notes that the application has completed its work on a record,
// which it began at a time. Records of one partition in a row become one
// operation, noted by ProcessedSoFar at the latest.
func (s *Session) Processed(group string, partition kafka.TopicPartition, record history.Seen, began history.Time) {
	if s.closed {
		return
	}
	p, groupID, partitionID := &s.processing, s.recorder.Group(group), s.recorder.Partition(partition)
	if p.Group != groupID || p.Partition != partitionID {
		s.ProcessedSoFar()
	}
	if len(p.Records) == 0 {
		p.Client, p.Group, p.Partition, p.Call = s.id, groupID, partitionID, began
	}
	p.Records = append(p.Records, record)
	p.Return = s.recorder.clock()
}

// ProcessedSoFar notes what Processed was told.
func (s *Session) ProcessedSoFar() {
	if p := &s.processing; len(p.Records) > 0 {
		s.recorder.sink.Process(*p)
		p.Records = p.Records[:0]
	}
}

// openCommit is a commit without outcome.
type openCommit struct {
	group      history.GroupID
	generation int32
	call       history.Time
	ends       []clients.CommitOffset
}

// Committing notes that a commit has begun. Committed, with its call, ends it. Generation is that of the member, -1 for a
// fixed assignment.
func (s *Session) Committing(group string, generation int32, ends []clients.CommitOffset) {
	s.committing = append(s.committing, openCommit{s.recorder.Group(group), generation, s.recorder.clock(), ends})
}

// Committed notes the outcome of a commit that began at a time.
func (s *Session) Committed(group string, generation int32, began history.Time, results []clients.CommitResult) {
	if s.closed {
		return
	}
	s.ProcessedSoFar() // before the commit that tells of it
	id := s.recorder.Group(group)
	s.committing = slices.DeleteFunc(s.committing, func(c openCommit) bool { return c.group == id && c.call == began })
	for _, r := range results {
		commit := s.commit(id, generation, r.Partition, r.Offset, began)
		commit.Outcome, commit.Error = outcomes[r.Outcome], r.Error
		if r.Outcome != clients.Indeterminate {
			commit.Return = s.recorder.clock()
		}
		s.recorder.sink.Commit(commit)
	}
}

// closeCommits reports what has no outcome as indeterminate.
func (s *Session) closeCommits() {
	for _, c := range s.committing {
		for _, end := range c.ends {
			s.recorder.sink.Commit(s.commit(c.group, c.generation, end.Partition, end.Offset, c.call))
		}
	}
	s.committing = nil
}

func (s *Session) commit(group history.GroupID, generation int32, partition kafka.TopicPartition, offset kafka.Offset, call history.Time) history.Commit {
	return history.Commit{Client: s.id, Group: group, Partition: s.recorder.Partition(partition), Generation: generation,
		Call: call, Return: history.Infinity, Outcome: history.Indeterminate, Offset: int64(offset)}
}

// GroupEnded notes where a group stands at the end; err says that nobody told.
func (s *Session) GroupEnded(group string, partition kafka.TopicPartition, offset kafka.Offset, err error) {
	if s.closed {
		return
	}
	s.recorder.sink.GroupEnd(history.GroupEnd{Group: s.recorder.Group(group), Partition: s.recorder.Partition(partition),
		At: s.recorder.clock(), Known: err == nil, Offset: int64(offset)})
}

// Ownership notes what a group has given a member, or taken from it.
func (s *Session) Ownership(group string, generation int32, partitions []kafka.TopicPartition, kind history.OwnershipKind) {
	if s.closed {
		return
	}
	s.ProcessedSoFar()
	for _, partition := range partitions {
		s.recorder.sink.Ownership(history.Ownership{Client: s.id, Group: s.recorder.Group(group), Partition: s.recorder.Partition(partition),
			Generation: generation, At: s.recorder.clock(), Kind: kind})
	}
}
