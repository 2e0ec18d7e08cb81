package clients

import (
	"slices"

	"assay/host"
	"assay/internal/batch"
	"assay/internal/kafka"
)

// producerBatch is a batch from its first record to the last word about it.
type producerBatch struct {
	partition *producerPartition
	builder   batch.Builder
	buffer    []byte // the builder's memory, from the producer's pool
	whole     []byte // the finished batch; frozen, since it was or will be sent
	cookies   []uint64
	ratio     batch.Ratio // what the finished batch compressed to
	isSplit   bool        // part of one that was too large
	charged   int64       // of buffer.memory
	created   host.Time

	attempts   int               // requests that carried it
	tried      kafka.LeaderEpoch // the leader's epoch at the last attempt
	notUntil   host.Time         // the end of its retry backoff
	onWire     bool
	ambiguous  bool // an attempt that ended may have appended it
	unsure     bool // franz-go's notion of it: an answer said so
	told       bool // its records have their outcome
	lastError  int16
	sequenced  bool // it has a sequence
	sequence   kafka.Sequence
	producerID kafka.ProducerID
	epoch      kafka.ProducerEpoch
}

func (b *producerBatch) count() int32 { return int32(len(b.cookies)) }

// next is the sequence after the batch's last record.
func (b *producerBatch) next() kafka.Sequence { return b.sequence.Add(b.count()) }

func (b *producerBatch) size() int {
	if b.whole != nil {
		return len(b.whole)
	}
	return b.builder.Size()
}

// finish freezes the batch with the producer's numbers. Only a batch that is
// surely in no log may be finished a second time, under another epoch: in a
// copy, since the former bytes may still be on some wire.
func (b *producerBatch) finish(p *Producer) {
	if b.whole == nil {
		if b.sequenced {
			b.builder.SetProducer(b.producerID, b.epoch, b.sequence)
		}
		if p.transaction != nil {
			b.builder.SetTransactional()
		}
		b.whole = b.builder.Finish()
		if p.config.Compression == batch.None {
			b.whole = slices.Clone(b.whole)
		}
		p.noticeRatio(b)
		p.giveBuffer(b.buffer)
		b.buffer = nil
		return
	}
	if b.sequenced {
		b.whole = slices.Clone(b.whole)
		batch.SetProducer(b.whole, b.producerID, b.epoch, b.sequence)
	}
}

// newBatch takes a batch, its memory and its lists from what earlier ones left.
func (p *Producer) newBatch(partition *producerPartition, charged int64, now host.Time) *producerBatch {
	b := &producerBatch{}
	if n := len(p.spareBatches); n > 0 {
		b = p.spareBatches[n-1]
		p.spareBatches = p.spareBatches[:n-1]
	}
	*b = producerBatch{partition: partition, cookies: b.cookies[:0], charged: charged, created: now, tried: kafka.NoEpoch}
	b.buffer = p.takeBuffer(int(charged))
	b.builder.Reset(b.buffer)
	p.compress(b)
	p.bufferUsed += charged
	return b
}

// release gives a batch back when nobody will speak of it again.
func (p *Producer) release(b *producerBatch) {
	if b.buffer != nil {
		p.giveBuffer(b.buffer)
	}
	b.whole, b.buffer = nil, nil
	p.spareBatches = append(p.spareBatches, b)
}

func (p *Producer) takeBuffer(size int) []byte {
	if n := len(p.spareBuffers); n > 0 && size <= p.config.BatchSize {
		buffer := p.spareBuffers[n-1]
		p.spareBuffers = p.spareBuffers[:n-1]
		return buffer
	}
	return make([]byte, 0, size)
}

func (p *Producer) giveBuffer(buffer []byte) {
	if cap(buffer) == p.config.BatchSize {
		p.spareBuffers = append(p.spareBuffers, buffer)
	}
}
