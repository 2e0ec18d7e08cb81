package clients

import (
	"fmt"
	"slices"

	"assay/host"
	"assay/internal/batch"
	"assay/internal/kafka"
)

type consumerState uint8

const (
	unpositioned consumerState = iota // needs auto.offset.reset
	fetchable
	unvalidated // the leader's epoch has changed since the position was read
	failed      // waits for the application
	uncommitted // needs the group's committed offset, or to learn that there is none
)

// consumerPartition is what a consumer keeps for one partition.
type consumerPartition struct {
	name    kafka.TopicPartition
	topicID kafka.TopicID // of the topic that the epochs are about
	state   consumerState

	position      kafka.Offset
	positionEpoch kafka.LeaderEpoch // of the last record read before it
	leaderEpoch   kafka.LeaderEpoch // under which the position was last validated
	highWatermark kafka.Offset
	lastStable    kafka.Offset // the last stable offset, of a consumer that reads committed

	// For auto-commit: how far records were handed out, how far when the last
	// poll began, and what is known to be committed.
	handedOut, polledOver handedOut
	committed             kafka.Offset

	everPositioned bool
	paused         bool
	leaving        bool // the group takes it away: nothing more of it is read
	// seeking: the application asked for the position at seekTime, a timestamp
	// of ListOffsets; what else an unpositioned partition does is
	// auto.offset.reset's.
	seeking  bool
	seekTime int64
	busy     bool // a request about it is under way
	// generation numbers the positions: the answer to a request about an
	// older one says nothing about this one.
	generation int
	notUntil   host.Time // the end of the backoff after an error
	failures   int

	fetches fetchPlace

	// What was fetched: raw until the poll that needs it, then decoded.
	raw          []byte
	aborted      abortedFilter // for raw, of a consumer that reads committed
	requested    int64         // the owner's stamp of the fetch
	decoded      []batch.Record
	read         int // records of decoded that were handed out
	decodedEnd   kafka.Offset
	decodedEpoch kafka.LeaderEpoch
	epochs       []epochEnd // of the batches in decoded
}

// epochEnd is the end of a batch with the epoch it was written in.
type epochEnd struct {
	next  kafka.Offset
	epoch kafka.LeaderEpoch
}

// epochAt is the leader epoch of a decoded record.
func (p *consumerPartition) epochAt(offset kafka.Offset) kafka.LeaderEpoch {
	for i := range p.epochs {
		if offset < p.epochs[i].next {
			return p.epochs[i].epoch
		}
	}
	return p.decodedEpoch
}

func newConsumerPartition(name kafka.TopicPartition) *consumerPartition {
	return &consumerPartition{
		name: name, position: kafka.NoOffset, positionEpoch: kafka.NoEpoch, leaderEpoch: kafka.NoEpoch,
		highWatermark: kafka.NoOffset, lastStable: kafka.NoOffset, committed: kafka.NoOffset,
		handedOut: nothingHandedOut, polledOver: nothingHandedOut,
	}
}

// readableEnd is the end of what the consumer may read, as the leader last said.
func (p *consumerPartition) readableEnd(config ConsumerConfig) kafka.Offset {
	if config.ReadCommitted {
		return p.lastStable
	}
	return p.highWatermark
}

func (p *consumerPartition) hasData() bool { return p.raw != nil || p.read < len(p.decoded) }

// forgetRequests throws away what was or will be fetched for the position.
func (p *consumerPartition) forgetRequests() {
	p.generation++
	p.busy = false
	p.raw, p.decoded, p.read = nil, p.decoded[:0], 0
	p.notUntil, p.failures = 0, 0
	p.stir()
}

// decode unpacks the batches of one fetch. A batch may start before the
// position: brokers answer with whole batches. Markers are skipped, and so are
// aborted batches by who reads committed; both move the position.
func (p *consumerPartition) decode(config ConsumerConfig, with *batch.Decompressor) error {
	raw := p.raw
	p.raw, p.decoded, p.read = nil, p.decoded[:0], 0
	p.epochs = p.epochs[:0]
	p.decodedEnd, p.decodedEpoch = p.position, p.positionEpoch
	for header, whole := range batch.Iterate(raw) {
		if config.CheckCRCs {
			if err := batch.CheckCRC(whole); err != nil {
				return fmt.Errorf("%v: %w", p.name, err)
			}
		}
		dropped := config.ReadCommitted && p.aborted.drops(&header, whole)
		if header.NextOffset() <= p.position {
			continue
		}
		if !header.IsControl() && !dropped {
			if err := p.keep(with, &header, whole); err != nil {
				return fmt.Errorf("%v: %w", p.name, err)
			}
		}
		p.decodedEnd, p.decodedEpoch = header.NextOffset(), header.LeaderEpoch
		p.epochs = append(p.epochs, epochEnd{p.decodedEnd, p.decodedEpoch})
	}
	return nil
}

// keep takes a batch's records from the position on.
func (p *consumerPartition) keep(with *batch.Decompressor, header *batch.Header, whole []byte) error {
	before := len(p.decoded)
	records, err := with.AppendRecords(p.decoded, whole)
	if err == nil && header.BaseOffset < p.position {
		kept := slices.DeleteFunc(records[before:], func(r batch.Record) bool { return r.Offset < p.position })
		records = records[:before+len(kept)]
	}
	p.decoded = records
	return err
}
