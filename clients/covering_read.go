package clients

import (
	"errors"
	"slices"

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
	open       []*coveredPartition // that are neither complete nor failed, in the same order
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
}

// NewCoveringRead starts a read of whole partitions on a client. least gives
// for each the end that must be reached at least, 0 where nothing is known.
// What is not covered at the deadline is reported so.
func NewCoveringRead(
	c *Client, config ConsumerConfig, names []kafka.TopicPartition, least []kafka.Offset,
	deadline host.Time, events CoveringReadEvents,
) *CoveringRead {
	config.OffsetReset = ResetEarliest
	r := &CoveringRead{client: c, events: events, byName: make(map[kafka.TopicPartition]*coveredPartition, len(names))}
	for i, name := range names {
		p := &coveredPartition{
			Coverage: Coverage{Partition: name, LogStart: kafka.NoOffset, End: kafka.NoOffset}, least: least[i], position: kafka.NoOffset,
		}
		r.partitions, r.byName[name] = append(r.partitions, p), p
	}
	r.open = slices.Clone(r.partitions)
	r.timer.Fire = c.step
	r.deadline.Fire = r.finish
	r.consumer = NewConsumer(c, config, ConsumerEvents{Stamp: events.Stamp, Available: r.drain, Moved: r.moved, Failed: r.failed})
	c.cores = append(c.cores, r)
	c.timers.Set(&r.deadline, deadline)
	r.consumer.Assign(names)
	return r
}

func (r *CoveringRead) moved(m Move) {
	p := r.byName[m.Partition]
	p.position = m.To
	if m.Reason == MoveAssigned {
		p.LogStart = m.To
	}
	r.events.Moved(m)
}

func (r *CoveringRead) failed(name kafka.TopicPartition, err error) {
	p := r.byName[name]
	p.failed, p.Reason = true, err.Error()
}

func (r *CoveringRead) drain() {
	for !r.finished {
		chunks := r.consumer.Poll()
		if len(chunks) == 0 {
			return
		}
		for _, chunk := range chunks {
			r.byName[chunk.Partition].position = chunk.Next
			r.events.Read(chunk)
		}
	}
}

// step asks for the ends that are missing and sees whether all is read.
func (r *CoveringRead) step() {
	if r.finished {
		return
	}
	now := r.client.host.Now()
	next := host.Never
	r.open = slices.DeleteFunc(r.open, func(p *coveredPartition) bool {
		p.Complete = !p.failed && p.End != kafka.NoOffset && p.LogStart != kafka.NoOffset && p.position >= p.End
		return p.failed || p.Complete
	})
	for _, p := range r.open {
		if p.End != kafka.NoOffset || p.asked {
			continue
		}
		if now < p.notUntil {
			next = min(next, p.notUntil)
			continue
		}
		r.askEnd(p)
	}
	r.client.timers.Set(&r.timer, next)
	if len(r.open) == 0 {
		r.finish()
	}
}

func (r *CoveringRead) askEnd(p *coveredPartition) {
	err := r.consumer.EndOffset(p.Partition, func(end kafka.Offset, err error) {
		p.asked = false
		if err != nil {
			r.endFailed(p, err)
			return
		}
		p.End = max(end, p.least)
	})
	switch {
	case err == nil:
		p.asked = true
	case !errors.Is(err, ErrNotReady):
		p.failed, p.Reason = true, err.Error()
	}
}

func (r *CoveringRead) endFailed(p *coveredPartition, err error) {
	if code := codeOf(err); !isRetriable(code) && code != kerr.UnknownServerError.Code {
		p.failed, p.Reason = true, err.Error()
		return
	}
	p.failures++
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
