package workload

import (
	"assay/checkers/history"
	"assay/clients"
	"assay/internal/kafka"
)

// Recorder writes the history of all clients of a run. It stands outside the
// nodes and outlives their deaths: what a dead incarnation left open it
// closes as indeterminate.
type Recorder struct {
	sink       history.Sink
	clock      func() history.Time
	metrics    *Metrics
	partitions map[kafka.TopicPartition]history.PartitionID
	groups     map[string]history.GroupID
	sessions   []*Session // by ClientID, from 1
	present    map[string]*Session
	effects    map[string]*effects // of applications with a store of their own, by client
	listener   Listener            // may be nil
	logEnds    bool                // what readers learn of the logs' ends is noted, too
}

// NewRecorder makes a recorder. The clock is the run's, not a node's: a
// history compares times of different nodes. Metrics may be nil.
func NewRecorder(sink history.Sink, clock func() history.Time, metrics *Metrics) *Recorder {
	if metrics == nil {
		metrics = &Metrics{}
	}
	return &Recorder{
		sink: sink, clock: clock, metrics: metrics,
		partitions: map[kafka.TopicPartition]history.PartitionID{}, groups: map[string]history.GroupID{}, present: map[string]*Session{}, effects: map[string]*effects{},
	}
}

// NoteLogEnds has all sessions note the exact reads of the logs' lengths: what
// fresh-reads is judged by. There are many, so that others go without.
func (r *Recorder) NoteLogEnds() { r.logEnds = true }

// Metrics is where latencies and counters go.
func (r *Recorder) Metrics() *Metrics { return r.metrics }

// Partition gives a partition's number in the history.
func (r *Recorder) Partition(name kafka.TopicPartition) history.PartitionID {
	id, known := r.partitions[name]
	if !known {
		id = history.PartitionID(len(r.partitions))
		r.partitions[name] = id
		r.sink.Partition(id, name.Topic, name.Partition)
	}
	return id
}

// partitionNumbers remembers the partitions of one topic by their number, for
// those who name one with every record.
type partitionNumbers struct {
	topic string
	known []history.PartitionID // noPartition where not known yet
}

const noPartition = ^history.PartitionID(0)

func (n *partitionNumbers) of(r *Recorder, name kafka.TopicPartition) history.PartitionID {
	if name.Topic != n.topic {
		*n = partitionNumbers{topic: name.Topic, known: n.known[:0]}
	}
	for int(name.Partition) >= len(n.known) {
		n.known = append(n.known, noPartition)
	}
	id := &n.known[name.Partition]
	if *id == noPartition {
		*id = r.Partition(name)
	}
	return *id
}

// Begin opens the session of a new incarnation of the named client. What its
// predecessor left open becomes indeterminate.
func (r *Recorder) Begin(name string) *Session {
	incarnation := 1
	if former := r.present[name]; former != nil {
		former.close()
		incarnation = former.incarnation + 1
	}
	s := &Session{recorder: r, name: name, id: history.ClientID(len(r.sessions) + 1), incarnation: incarnation, first: 1}
	r.sessions = append(r.sessions, s)
	r.present[name] = s
	r.sink.Client(s.id, name, incarnation)
	return s
}

// BeginUnmeasured is Begin for an instrument of the run: its records are in
// the history, but not in the metrics.
func (r *Recorder) BeginUnmeasured(name string) *Session {
	s := r.Begin(name)
	s.unmeasured = true
	return s
}

// Finish closes all sessions at the end of the run.
func (r *Recorder) Finish() {
	for _, s := range r.sessions {
		s.close()
	}
}

// Open is the number of sends without outcome, of dead incarnations too.
func (r *Recorder) Open() int {
	open := 0
	for _, s := range r.sessions {
		open += s.openCount
	}
	return open
}

// Session is what one incarnation of one client does.
type Session struct {
	recorder    *Recorder
	name        string
	id          history.ClientID
	incarnation int
	closed      bool
	unmeasured  bool
	// committedOnly says that what it reads is committed (isolation.level).
	committedOnly bool
	// passesOn: what it reads is on its way to a consumer still, and does not count as consumed.
	passesOn bool

	// sends holds the sends from number first on; the settled ones at the
	// front are dropped.
	sends        []send
	first        uint32
	settledFront int // how many at the front are settled and not yet dropped
	openCount    int
	intended     intendedTimes
	origins      intendedTimes // of a processor's: when the load wanted the source sent
	transaction  openTransaction
	partitions   partitionNumbers
	seen         []history.Seen  // memory of Read
	processing   history.Process // not noted yet; without records there is none
	committing   []openCommit
}

// intendedTimes holds the intended time of every send of a session, by number
// from 1, for the end-to-end latency: in pages, since there may be millions.
type intendedTimes struct {
	pages [][]history.Time
	count uint32
}

const intendedPage = 4096

func (i *intendedTimes) add(t history.Time) {
	if i.count%intendedPage == 0 {
		i.pages = append(i.pages, make([]history.Time, intendedPage))
	}
	i.pages[i.count/intendedPage][i.count%intendedPage] = t
	i.count++
}

func (i *intendedTimes) at(number uint32) history.Time {
	return i.pages[(number-1)/intendedPage][(number-1)%intendedPage]
}

type send struct {
	call      history.Time
	key       uint64
	partition history.PartitionID
	settled   bool
}

// Client is the incarnation's number.
func (s *Session) Client() history.ClientID { return s.id }

// NextRecord is the identity of the send that Sent will note next.
func (s *Session) NextRecord() history.RecordID {
	return history.NewRecordID(s.id, s.intended.count+1)
}

// Sent notes that the record of NextRecord was handed to the producer.
// Intended is when the load wanted it sent, for latencies without coordinated
// omission; the call is now.
func (s *Session) Sent(partition kafka.TopicPartition, key uint64, intended history.Time) {
	s.intended.add(intended)
	s.sends = append(s.sends, send{call: s.recorder.clock(), key: key, partition: s.partitions.of(s.recorder, partition)})
	s.openCount++
	if !s.unmeasured {
		s.recorder.metrics.Sent++
		if listener := s.recorder.listener; listener != nil {
			listener.Sent(s.recorder.clock())
		}
	}
}

// Delivered notes a send's outcome; the cookie is its number.
func (s *Session) Delivered(d clients.Delivery) {
	if s.closed {
		return
	}
	number := uint32(d.Cookie)
	sent := &s.sends[number-s.first]
	produce := s.produce(number, sent)
	produce.Outcome = outcomes[d.Outcome]
	produce.Attempts = uint8(min(d.Attempts, 255))
	produce.Error = d.Error
	produce.Offset = int64(d.Offset)
	if d.Outcome != clients.Indeterminate {
		produce.Return = s.recorder.clock()
	}
	s.settle(sent)
	if !s.unmeasured {
		s.recorder.metrics.delivered(produce, s.intended.at(number))
		if listener := s.recorder.listener; listener != nil && produce.Outcome == history.OK {
			listener.Acknowledged(produce.Return, s.intended.at(number))
		}
	}
	s.recorder.sink.Produce(produce)
}

var outcomes = [...]history.Outcome{
	clients.Acknowledged:  history.OK,
	clients.Failed:        history.Failed,
	clients.Indeterminate: history.Indeterminate,
}

func (s *Session) produce(number uint32, sent *send) history.Produce {
	return history.Produce{
		Record: history.NewRecordID(s.id, number), Partition: sent.partition, Key: sent.key,
		Call: sent.call, Return: history.Infinity, Outcome: history.Indeterminate, Offset: history.NoOffset,
	}
}

func (s *Session) settle(sent *send) {
	sent.settled = true
	s.openCount--
	for s.settledFront < len(s.sends) && s.sends[s.settledFront].settled {
		s.settledFront++
	}
	// Dropping only at half and more keeps the copying linear.
	if s.settledFront > 64 && s.settledFront*2 >= len(s.sends) {
		s.sends = append(s.sends[:0], s.sends[s.settledFront:]...)
		s.first += uint32(s.settledFront)
		s.settledFront = 0
	}
}

// close reports what is open as indeterminate. Nobody can say of it how often
// it was sent.
func (s *Session) close() {
	if s.closed {
		return
	}
	s.closed = true
	for i := range s.sends {
		if !s.sends[i].settled {
			produce := s.produce(s.first+uint32(i), &s.sends[i])
			if !s.unmeasured {
				s.recorder.metrics.Indeterminate++
			}
			s.recorder.sink.Produce(produce)
		}
	}
	s.sends, s.openCount = nil, 0
	s.ProcessedSoFar()
	s.closeTransaction()
	s.closeCommits()
}

// intendedOf is when the load wanted a record sent; false for records that
// are not the load's.
func (r *Recorder) intendedOf(id history.RecordID) (history.Time, bool) {
	client, number := int(id.Client()), id.Send()
	if client == 0 || client > len(r.sessions) || number == 0 || number > r.sessions[client-1].intended.count {
		return 0, false
	}
	s := r.sessions[client-1]
	if number <= s.origins.count {
		return s.origins.at(number), true
	}
	return s.intended.at(number), !s.unmeasured
}

// isOutput says whether a processor made a record.
func (r *Recorder) isOutput(id history.RecordID) bool {
	return id.Send() <= r.sessions[id.Client()-1].origins.count
}

// Read notes what a consumer was handed.
func (s *Session) Read(chunk clients.Chunk, final bool) {
	if s.closed {
		return
	}
	now := s.recorder.clock()
	s.seen = s.seen[:0]
	for i := range chunk.Records {
		id := RecordIDOf(&chunk.Records[i])
		s.seen = append(s.seen, history.Seen{Offset: int64(chunk.Records[i].Offset), Record: id})
		if intended, known := s.recorder.intendedOf(id); known && !final && !s.passesOn {
			output := s.recorder.isOutput(id)
			s.recorder.metrics.consumed(now, intended, output)
			if listener := s.recorder.listener; listener != nil {
				listener.Handed(now, intended, output)
			}
		}
	}
	s.recorder.sink.Read(history.Read{
		Client: s.id, Partition: s.recorder.Partition(chunk.Partition),
		Call: history.Time(chunk.Requested), Return: now,
		From: int64(chunk.From), Next: int64(chunk.Next), HighWatermark: int64(chunk.HighWatermark),
		Records: s.seen, Final: final, Committed: s.committedOnly,
	})
}

// LogEnds is what takes the exact reads of the logs' lengths, nil where they are
// not noted.
func (s *Session) LogEnds() func(clients.LogEnd) {
	if !s.recorder.logEnds {
		return nil
	}
	return s.foundEnd
}

// foundEnd notes an exact read of a log's length: by a lookup, or by a fetch that
// returned empty.
func (s *Session) foundEnd(e clients.LogEnd) {
	if s.closed {
		return
	}
	partition, asked, now := s.recorder.Partition(e.Partition), history.Time(e.Requested), s.recorder.clock()
	if e.Position == kafka.NoOffset {
		s.recorder.sink.ListOffsets(history.ListOffsets{Client: s.id, Partition: partition, Call: asked, Return: now, End: int64(e.HighWatermark)})
		return
	}
	s.recorder.sink.Read(history.Read{
		Client: s.id, Partition: partition, Call: asked, Return: now,
		From: int64(e.Position), Next: int64(e.Position), HighWatermark: int64(e.HighWatermark),
	})
}

var moveReasons = [...]history.MoveReason{
	clients.MoveAssigned:  history.Assigned,
	clients.MoveSeek:      history.Seek,
	clients.MoveReset:     history.Reset,
	clients.MoveTruncated: history.Truncated,
	clients.MoveCommitted: history.Committed,
}

// Moved notes a change of position without reading.
func (s *Session) Moved(m clients.Move) {
	if s.closed {
		return
	}
	s.recorder.sink.Move(history.Move{
		Client: s.id, Partition: s.recorder.Partition(m.Partition), At: s.recorder.clock(),
		From: int64(m.From), To: int64(m.To), Reason: moveReasons[m.Reason],
	})
}

// Covered notes the outcome of the covering read of one partition that was
// begun at call.
func (s *Session) Covered(c clients.Coverage, call history.Time) {
	if s.closed {
		return
	}
	s.recorder.sink.Cover(history.Cover{
		Partition: s.recorder.Partition(c.Partition), Call: call, Return: s.recorder.clock(),
		LogStart: int64(c.LogStart), End: int64(c.End), Complete: c.Complete, IncompleteReason: c.Reason,
		Committed: s.committedOnly,
	})
}

// Now is the run's time.
func (s *Session) Now() history.Time { return s.recorder.clock() }
