package workload

import (
	"time"

	"assay/checkers/history"
	"assay/internal/kafka"
)

// Metrics is what a run measures of its clients. Latencies and the throughput
// series leave the warm-up out; the counters, which tell what the run
// exercised, do not.
type Metrics struct {
	// CountFrom is when the warm-up ends.
	CountFrom history.Time

	// Produce is from the intended time of a send to its acknowledgement.
	Produce Histogram
	// EndToEnd is from the intended time of a send to a consumer's hands.
	EndToEnd Histogram
	// Pipeline is the part of EndToEnd that processors made: from the intended time
	// of the source's send.
	Pipeline Histogram

	Sent          uint64 // records handed to a producer
	Acknowledged  uint64
	Failed        uint64
	Indeterminate uint64
	Retried       uint64 // records that took more than one request
	Refused       uint64 // records that no producer took within max.block.ms
	Consumed      uint64 // records handed to consumers, the covering read apart

	RetriedRecords uint64 // work on them failed, and was tried again
	DeadLettered   uint64 // records that went to a dead-letter topic
	SkippedRecords uint64 // records that were given up and left out
	// LeftOut are those, by place; one that was delivered again may be there twice.
	LeftOut    []LeftOut
	Recognised uint64 // records that an idempotent consumer had worked on before

	// AcknowledgedBySecond and ConsumedBySecond count by second of the run.
	AcknowledgedBySecond, ConsumedBySecond []uint64
}

// LeftOut is a record that a group was told to go on without (on_failure: skip).
type LeftOut struct {
	Group     string
	Partition kafka.TopicPartition
	Offset    kafka.Offset
}

func (m *Metrics) leftOut(group string, partition kafka.TopicPartition, offset kafka.Offset) {
	m.LeftOut = append(m.LeftOut, LeftOut{group, partition, offset})
}

func (m *Metrics) delivered(p history.Produce, intended history.Time) {
	if p.Attempts > 1 {
		m.Retried++
	}
	switch p.Outcome {
	case history.OK:
		m.Acknowledged++
		if p.Return >= m.CountFrom {
			m.Produce.Record(time.Duration(p.Return - intended))
		}
		m.AcknowledgedBySecond = countSecond(m.AcknowledgedBySecond, p.Return)
	case history.Failed:
		m.Failed++
	case history.Indeterminate:
		m.Indeterminate++
	}
}

func (m *Metrics) consumed(now, intended history.Time, output bool) {
	m.Consumed++
	if now >= m.CountFrom {
		m.EndToEnd.Record(time.Duration(now - intended))
		if output {
			m.Pipeline.Record(time.Duration(now - intended))
		}
	}
	m.ConsumedBySecond = countSecond(m.ConsumedBySecond, now)
}

func countSecond(series []uint64, at history.Time) []uint64 {
	second := int(at / history.Time(time.Second))
	for len(series) <= second {
		series = append(series, 0)
	}
	series[second]++
	return series
}
