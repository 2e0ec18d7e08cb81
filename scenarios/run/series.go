package run

import (
	"math"
	"time"

	"assay/checkers/history"
	"assay/faults"
	"assay/scenarios/format"
	"assay/scenarios/result"
	"assay/scenarios/workload"
)

const (
	// bucketsWanted is what a run is cut into, were no bucket rounded up to a
	// length that people like to read; it is at least half as many then.
	bucketsWanted = 250
	shortBucket   = 10 * time.Millisecond
)

// series gathers a result.Series while the run is played. It listens, as a
// workload.Listener and as a history.Sink, and changes nothing. Buckets are
// closed by the first event after their end: nothing that it shows changes
// between two events.
type series struct {
	history.Ignore
	run   *run
	begun bool
	told  *result.Series
	end   history.Time // of the open bucket

	sent, acknowledged, delivered int64
	produce, endToEnd, pipeline   workload.Histogram

	lag          lagGauge
	lanes        lanes
	transactions transactionLanes
}

// begin is called at the run's start, when the partitions have their leaders.
func (s *series) begin() {
	s.begun = true
	s.told = &result.Series{Bucket: int64(bucketFor(plannedLength(s.run.scenario)))}
	s.end = history.Time(s.told.Bucket)
	s.lag.begin(s.run)
	s.lanes.begin(s.run)
	s.transactions.begin(s.run)
	if len(s.run.scenario.Workload.Processors) > 0 {
		s.told.Pipeline = &result.Latencies{}
	}
}

// plannedLength is about how long a run takes: faults may outlast the load.
func plannedLength(s *format.Scenario) time.Duration {
	load := s.Workload.LoadEnd()
	end := load
	lasting := func(spec faults.Spec) {
		at := spec.At
		if spec.When != nil {
			at = load
		}
		end = max(end, at+spec.Duration)
	}
	for _, spec := range s.Faults.Timeline {
		lasting(spec)
	}
	if random := s.Faults.Random; random != nil {
		lasting(faults.Spec{At: load, Duration: random.Duration.Max})
	}
	return end + s.Workload.Drain
}

// bucketFor is the length of a bucket: 1, 2, 2.5 or 5 times a power of ten, at
// least 10 ms.
func bucketFor(length time.Duration) time.Duration {
	for unit := shortBucket; ; unit *= 10 {
		for _, bucket := range []time.Duration{unit, 2 * unit, unit / 2 * 5, 5 * unit} {
			if length/bucketsWanted <= bucket || bucket > math.MaxInt64/20 {
				return bucket
			}
		}
	}
}

// Sent implements workload.Listener.
func (s *series) Sent(at history.Time) {
	s.pass(at)
	s.sent++
}

// Acknowledged implements workload.Listener.
func (s *series) Acknowledged(at, intended history.Time) {
	s.pass(at)
	s.acknowledged++
	s.produce.Record(time.Duration(at - intended))
}

// Handed implements workload.Listener.
func (s *series) Handed(at, intended history.Time, output bool) {
	s.pass(at)
	s.delivered++
	s.endToEnd.Record(time.Duration(at - intended))
	if output {
		s.pipeline.Record(time.Duration(at - intended))
	}
}

// Client implements history.Sink.
func (s *series) Client(id history.ClientID, name string, _ int) {
	if s.begun {
		s.lag.client(id, name)
		s.transactions.client(id, name)
	}
}

// Read implements history.Sink.
func (s *series) Read(r history.Read) {
	if s.begun && !r.Final {
		s.pass(r.Return)
		s.lag.moved(r.Client, r.Partition, r.Next)
	}
}

// Move implements history.Sink.
func (s *series) Move(m history.Move) {
	if s.begun {
		s.pass(m.At)
		s.lag.moved(m.Client, m.Partition, m.To)
	}
}

// Transaction implements history.Sink.
func (s *series) Transaction(t history.Transaction) {
	if s.begun {
		s.transactions.returned(t)
	}
}

// Fault implements history.Sink.
func (s *series) Fault(f history.Fault) {
	if kind := faults.Kind(f.Kind); kind == faults.Kill || kind == faults.PowerLoss {
		for _, name := range f.Targets {
			s.lanes.died(name)
		}
	}
}

// Border implements history.Sink.
func (s *series) Border(b history.Border) {
	switch b.Phase {
	case history.WarmupEnds:
		s.told.WarmupEnd = int64(b.At)
	case history.LoadEnds:
		s.told.LoadEnd = int64(b.At)
	case history.DrainEnds:
		s.told.DrainEnd = int64(b.At)
	}
}

// pass closes the buckets that end at a time or before.
func (s *series) pass(now history.Time) {
	for s.end <= now {
		s.close()
		s.end += history.Time(s.told.Bucket)
	}
}

func (s *series) close() {
	t := s.told
	t.Sent = append(t.Sent, s.sent)
	t.Acknowledged = append(t.Acknowledged, s.acknowledged)
	t.Delivered = append(t.Delivered, s.delivered)
	s.sent, s.acknowledged, s.delivered = 0, 0, 0
	closeLatencies(&t.Produce, &s.produce)
	closeLatencies(&t.EndToEnd, &s.endToEnd)
	if t.Pipeline != nil {
		closeLatencies(t.Pipeline, &s.pipeline)
	}
	s.lag.sample()
}

func closeLatencies(to *result.Latencies, h *workload.Histogram) {
	if h.Count() == 0 {
		to.P50, to.P99, to.Max = append(to.P50, -1), append(to.P99, -1), append(to.Max, -1)
		return
	}
	to.P50 = append(to.P50, int64(h.Quantile(500)))
	to.P99 = append(to.P99, int64(h.Quantile(990)))
	to.Max = append(to.Max, int64(h.Max()))
	*h = workload.Histogram{}
}

// finish closes what is open when the run has ended, the last bucket however
// little of it has passed.
func (s *series) finish() *result.Series {
	now := s.run.clock()
	s.pass(now)
	s.close()
	s.told.Lag = s.lag.lines
	s.told.Partitions = s.lanes.finish(int64(now))
	s.told.Owners = s.run.owners.finish(int64(now))
	s.told.Transactions = s.transactions.finish(int64(now))
	return s.told
}
