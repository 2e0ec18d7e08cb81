package clients

import (
	"errors"

	"github.com/twmb/franz-go/pkg/kerr"

	"assay/host"
	"assay/internal/kafka"
)

// Coverage is what became of the covering read of one partition: whether
// every offset from LogStart to End was read.
type Coverage struct {
	Partition     kafka.TopicPartition
	LogStart, End kafka.Offset // NoOffset where not even that was learnt
	Complete      bool
	Reason        string // why not complete
}

// CoveringReadEvents are a covering read's callbacks.
type CoveringReadEvents struct {
	Stamp func() int64 // as in ConsumerEvents
	Read  func(Chunk)  // the chunk is valid during the call
	Moved func(Move)
	// Done is called once, with the partitions in the order asked for.
	Done func([]Coverage)
}

// CoveringRead reads partitions whole: from the log start to the high
// watermark as it was when the read began. A verdict about loss needs it.
type CoveringRead struct {
	client     *Client
	consumer   *Consumer
	events     CoveringReadEvents
	partitions []*coveredPartition
	byName     map[kafka.TopicPartition]*coveredPartition
	open       int                 // that are neither complete nor failed
	unasked    bool                // whose end is still to be asked for, some of them
	stirred    []*coveredPartition // of which something changed since the last step
	timer      Timer
	deadline   Timer
	finished   bool
}

type coveredPartition struct {
	Coverage
	// least is an end that is known from elsewhere: a leader may have its high
	// watermark late after an election, but never loses an acknowledged record.
	least    kafka.Offset
	position kafka.Offset // as far as it was read
	asked    bool
	notUntil host.Time
	failures int
	failed   bool
	stirred  bool // in CoveringRead.stirred
	done     bool // complete or failed, as a step saw it
	answered func(kafka.Offset, error)
}

// settle looks whether the partition is done with.
func (p *coveredPartition) settle() (done bool) {
	p.Complete = !p.failed && p.End != kafka.NoOffset && p.LogStart != kafka.NoOffset && p.position >= p.End
	p.done = p.failed || p.Complete
	return p.done
}

// NewCoveringRead starts a read of whole partitions on a client. least has the
// ends that must be reached at least, where something is known of them.
// What is not covered at the deadline is reported so.
func NewCoveringRead(
	c *Client, config ConsumerConfig, names []kafka.TopicPartition, least map[kafka.TopicPartition]kafka.Offset,
	deadline host.Time, events CoveringReadEvents,
) *CoveringRead {
	config.OffsetReset = ResetEarliest
	r := &CoveringRead{client: c, events: events, byName: make(map[kafka.TopicPartition]*coveredPartition, len(names))}
	for _, name := range names {
		p := &coveredPartition{
			Coverage: Coverage{Partition: name, LogStart: kafka.NoOffset, End: kafka.NoOffset}, least: least[name], position: kafka.NoOffset,
		}
		p.answered = func(end kafka.Offset, err error) { r.endAnswered(p, end, err) }
		r.partitions, r.byName[name] = append(r.partitions, p), p
	}
	r.open, r.unasked = len(names), true
	r.timer.Fire = c.step
	r.deadline.Fire = r.finish
	r.consumer = NewConsumer(c, config, ConsumerEvents{Stamp: events.Stamp, Available: r.drain, Moved: r.moved, Failed: r.failed})
	c.cores = append(c.cores, r)
	c.timers.Set(&r.deadline, deadline)
	r.consumer.Assign(names)
	return r
}

// stir has the next step look at a partition.
func (r *CoveringRead) stir(p *coveredPartition) {
	if !p.stirred {
		p.stirred = true
		r.stirred = append(r.stirred, p)
	}
}

func (r *CoveringRead) moved(m Move) {
	p := r.byName[m.Partition]
	p.position = m.To
	r.stir(p)
	if m.Reason == MoveAssigned {
		p.LogStart = m.To
	}
	r.events.Moved(m)
}

func (r *CoveringRead) failed(name kafka.TopicPartition, err error) {
	r.fail(r.byName[name], err)
}

func (r *CoveringRead) fail(p *coveredPartition, err error) {
	p.failed, p.Reason = true, err.Error()
	r.stir(p)
}

func (r *CoveringRead) drain() {
	for !r.finished {
		chunks := r.consumer.Poll()
		if len(chunks) == 0 {
			return
		}
		for _, chunk := range chunks {
			p := r.byName[chunk.Partition]
			p.position = chunk.Next
			r.stir(p)
			r.events.Read(chunk)
		}
	}
}

// step asks for the ends that are missing and sees whether all is read.
func (r *CoveringRead) step() {
	if r.finished {
		return
	}
	next := host.Never
	r.settle()
	if r.unasked {
		next = r.askEnds()
	}
	r.client.timers.Set(&r.timer, next)
	if r.open == 0 {
		r.finish()
	}
}

// settle counts off what is done with. Only what was stirred can be.
func (r *CoveringRead) settle() {
	for _, p := range r.stirred {
		p.stirred = false
		if !p.done && p.settle() {
			r.open--
		}
	}
	r.stirred = r.stirred[:0]
}

// askEnds asks for the ends that are missing, and returns when some may be asked
// for again.
func (r *CoveringRead) askEnds() (next host.Time) {
	next, r.unasked = host.Never, false
	now := r.client.host.Now()
	for _, p := range r.partitions {
		if p.done || p.asked || p.End != kafka.NoOffset {
			continue
		}
		if now < p.notUntil {
			next = min(next, p.notUntil)
		} else {
			r.askEnd(p)
		}
		r.unasked = r.unasked || !p.asked
	}
	return next
}

func (r *CoveringRead) askEnd(p *coveredPartition) {
	err := r.consumer.EndOffset(p.Partition, p.answered)
	switch {
	case err == nil:
		p.asked = true
	case !errors.Is(err, ErrNotReady):
		r.fail(p, err)
	}
}

func (r *CoveringRead) endAnswered(p *coveredPartition, end kafka.Offset, err error) {
	p.asked = false
	if err != nil {
		r.endFailed(p, err)
		return
	}
	p.End = max(end, p.least)
	r.stir(p)
}

func (r *CoveringRead) endFailed(p *coveredPartition, err error) {
	if code := codeOf(err); !isRetriable(code) && code != kerr.UnknownServerError.Code {
		r.fail(p, err)
		return
	}
	p.failures++
	r.unasked = true
	p.notUntil = r.client.host.Now().Add(r.client.config.RetryBackoff.Wait(p.failures, r.client.random))
}

func (r *CoveringRead) finish() {
	if r.finished {
		return
	}
	r.finished = true
	r.client.timers.Stop(&r.timer)
	r.client.timers.Stop(&r.deadline)
	coverage := make([]Coverage, len(r.partitions))
	for i, p := range r.partitions {
		if !p.Complete && p.Reason == "" {
			p.Reason = "the time for the covering read ran out"
			if p.End == kafka.NoOffset {
				p.Reason = "no leader told the end of the log in time"
			}
		}
		coverage[i] = p.Coverage
	}
	r.consumer.Assign(nil)
	r.events.Done(coverage)
}
