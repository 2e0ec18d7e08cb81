package run

import (
	"fmt"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/checkers/history"
	"assay/internal/kafka"
	"assay/scenarios/format"
	"assay/scenarios/result"
	"assay/sim"
)

// audience hands what consumers did with their groups' offsets to the stages.
// Brokers know nothing of processing, so that this is in the history alone.
type audience struct {
	history.Ignore
	run        *run
	partitions map[history.PartitionID]kafka.TopicPartition
	groups     map[history.GroupID]string
}

func newAudience(r *run) *audience {
	return &audience{run: r, partitions: map[history.PartitionID]kafka.TopicPartition{}, groups: map[history.GroupID]string{}}
}

// Partition implements history.Sink.
func (a *audience) Partition(id history.PartitionID, topic string, number int32) {
	a.partitions[id] = kafka.TopicPartition{Topic: topic, Partition: number}
}

// Group implements history.Sink.
func (a *audience) Group(id history.GroupID, name string) { a.groups[id] = name }

// Process implements history.Sink.
func (a *audience) Process(op history.Process) {
	for _, s := range a.run.stages {
		if s.desk.group != "" && s.desk.group == a.groups[op.Group] && s.at == a.partitions[op.Partition] {
			s.processed(a.run.cast.clients[op.Client].Name, op)
		}
	}
}

// Commit implements history.Sink.
func (a *audience) Commit(op history.Commit) {
	for _, s := range a.run.stages {
		if s.desk.group != "" && s.desk.group == a.groups[op.Group] && s.at == a.partitions[op.Partition] && op.Outcome == history.OK {
			s.committed(a.run.cast.clients[op.Client].Name, op)
		}
	}
}

// Ownership implements history.Sink.
func (a *audience) Ownership(op history.Ownership) {
	for _, s := range a.run.stages {
		if s.desk.group != "" && s.desk.group == a.groups[op.Group] && s.at == a.partitions[op.Partition] {
			s.ownership(a.run.cast.clients[op.Client].Name, op)
		}
	}
}

// Move implements history.Sink.
func (a *audience) Move(op history.Move) {
	if op.Reason != history.Committed {
		return
	}
	for _, s := range a.run.stages {
		if node := a.run.cast.clients[op.Client].Name; s.at == a.partitions[op.Partition] && slices.Contains(s.readers, node) {
			s.resumed(node, op)
		}
	}
}

// desk is what a stage knows of the group that its witness is about.
type desk struct {
	group    string                 // "" for a witness of something else
	done     map[kafka.Offset]bool  // places that the group has processed
	passed   map[kafka.Offset]bool  // places that a commit has passed
	skipped  map[kafka.Offset]bool  // places that a consumer has left out
	latest   *sighting              // the latest commit, until it is told
	work     *sighting              // the latest processing, until it is told
	requests map[asking]sim.Passage // commits on their way, by who commits what
	decided  int64                  // when the consumers did what is wrong; 0 before
}

// asking names a member's request to commit an offset.
type asking struct {
	member string
	offset kafka.Offset
}

// groupOf is the group that a witness's operations are about.
func groupOf(consumers []format.Consumer, operations []result.Operation) string {
	for _, c := range consumers {
		for _, op := range operations {
			_, behind, told := strings.Cut(op.What, "group "+c.Group)
			if c.Group != "" && told && (behind == "" || strings.ContainsRune(" ,:", rune(behind[0]))) {
				return c.Group
			}
		}
	}
	return ""
}

// processed: an application has worked on records. What the witness tells itself
// is not told twice.
func (s *stage) processed(node string, op history.Process) {
	first, last := op.Records[0].Offset, op.Records[len(op.Records)-1].Offset
	s.desk.work = s.consumerMark(node, op.Return, 82, "has processed %s", offsetsFromTo(first, last))
	for _, place := range s.between(kafka.Offset(first), kafka.Offset(last)) {
		s.desk.done[place] = true
		s.desk.decided = max(s.desk.decided, int64(op.Return))
	}
	if s.tells(node, op.Return) {
		s.desk.work = nil
	}
}

// offsetsFromTo is "offset 84", "offsets 84 to 101".
func offsetsFromTo(first, last int64) string {
	if first == last {
		return fmt.Sprintf("offset %d", first)
	}
	return fmt.Sprintf("offsets %d to %d", first, last)
}

// committed: a coordinator has taken a group's offset. The first commit beyond a
// place is told at once; of the others only the last before a restart matters.
func (s *stage) committed(node string, op history.Commit) {
	sent, known := s.desk.requests[asking{node, kafka.Offset(op.Offset)}]
	request := "OffsetCommit"
	mark := s.consumerMark(node, op.Return, 82, "has committed offset %d", op.Offset)
	if op.Transaction > 0 {
		request = "TxnOffsetCommit"
		mark.mark.What = fmt.Sprintf("makes offset %d part of its transaction %d", op.Offset, op.Transaction)
	}
	if s.tells(node, op.Return) || op.Transaction > 0 && s.tellsEffect(node, op.Return) {
		mark = nil
	}
	beyond := false
	for _, place := range s.places {
		if kafka.Offset(op.Offset) > place && !s.desk.passed[place] {
			s.desk.passed[place], beyond = true, true
		}
	}
	if known && (beyond || mark == nil) {
		s.message(sent, 80, false, fmt.Sprintf("%s %d for group %s", request, op.Offset, s.desk.group))
	}
	s.desk.latest = mark
	if beyond && mark != nil {
		s.add(*mark)
		s.desk.latest = nil
	}
}

// resumed: a consumer goes on where its group has committed. What it had done
// and committed before shows whether that is too late or too early.
func (s *stage) resumed(node string, op history.Move) {
	for _, before := range []*sighting{s.desk.work, s.desk.latest} {
		if before != nil {
			s.add(*before)
		}
	}
	s.desk.work, s.desk.latest = nil, nil
	consequence := ""
	for _, place := range s.places {
		switch again := kafka.Offset(op.To) <= place; {
		case consequence != "":
		case again && s.desk.done[place]:
			consequence = fmt.Sprintf(": %d comes again", place)
		case !again && !s.desk.done[place] && !s.desk.skipped[place]:
			consequence = fmt.Sprintf(": %d is left out", place)
			s.desk.skipped[place], s.desk.decided = true, int64(op.At)
		}
	}
	mark := s.consumerMark(node, op.At, 86, "goes on at its group's committed offset %d%s", op.To, consequence)
	mark.mark.Offending = consequence != ""
	s.add(*mark)
}

func (s *stage) consumerMark(node string, at history.Time, weight int, format string, args ...any) *sighting {
	return &sighting{weight: weight, at: int64(at), mark: &result.Mark{Lane: node, At: int64(at), Kind: markClient, What: fmt.Sprintf(format, args...)}}
}

// tells says whether an operation of the witness is what a client has just ended.
func (s *stage) tells(node string, end history.Time) bool {
	return slices.ContainsFunc(s.witness.Operations, func(op result.Operation) bool {
		return op.Return == int64(end) && s.lane(op.Client) == node
	})
}

// tellsEffect says whether an operation of the witness begins when a client has
// just ended another: offsets of a transaction count from when that one ends.
func (s *stage) tellsEffect(node string, end history.Time) bool {
	return slices.ContainsFunc(s.witness.Operations, func(op result.Operation) bool { return op.Call == int64(end) && s.lane(op.Client) == node })
}

// heardCommit notes a commit on its way to the coordinator, in case that it
// turns out to matter.
func (s *stage) heardCommit(p sim.Passage, r *kmsg.OffsetCommitRequest) {
	for i := range r.Topics {
		for j := range r.Topics[i].Partitions {
			if out := &r.Topics[i].Partitions[j]; s.means(r.Topics[i].Topic, r.Topics[i].TopicID, out.Partition) {
				s.desk.requests[asking{p.From, kafka.Offset(out.Offset)}] = p
			}
		}
	}
}

// heardTransactionalCommit is the same for offsets that belong to a transaction.
func (s *stage) heardTransactionalCommit(p sim.Passage, r *kmsg.TxnOffsetCommitRequest) {
	for i := range r.Topics {
		for j := range r.Topics[i].Partitions {
			if out := &r.Topics[i].Partitions[j]; r.Topics[i].Topic == s.at.Topic && out.Partition == s.at.Partition {
				s.desk.requests[asking{p.From, kafka.Offset(out.Offset)}] = p
			}
		}
	}
}
