package clients

import (
	"fmt"
	"slices"

	"assay/host"
	"assay/internal/batch"
)

// split divides a batch that the broker found too large: estimates of what it
// would compress to were wrong, or the topic's max.message.bytes is below
// batch.size (RecordAccumulator.splitAndReenqueue and ProducerBatch.split,
// KIP-126). The parts keep the sequences that their records had, and the place
// in the order. A part of a split that is still too large is halved
// (KAFKA-8350); a single record is not split.
func (p *Producer) split(b *producerBatch) {
	t := b.partition
	records, err := p.decompressor.AppendRecords(nil, b.whole)
	if err != nil {
		panic(fmt.Sprintf("clients: own batch cannot be read: %v", err))
	}
	topic := p.topics[t.name.Topic]
	topic.ratio = max(batch.Uncompressed, b.ratio)
	target := p.config.BatchSize
	if b.isSplit {
		target = max(largestOf(records), len(b.whole)/2)
	}
	parts := p.partsOf(b, records, target)
	p.client.host.Observe(host.Event{Point: PointBatchSplit, Subject: t.name.Topic, Args: [6]int64{
		int64(t.name.Partition), int64(b.count()), int64(len(parts)), int64(len(b.whole)),
	}})
	if at := slices.Index(t.pending, b); at >= 0 {
		t.pending = slices.Delete(t.pending, at, at+1)
		if b.sequenced {
			t.pending = slices.Insert(t.pending, at, parts...)
		}
	}
	for _, part := range slices.Backward(parts) {
		t.requeue(part)
	}
	b.cookies = nil // the parts share them
	p.release(b)
}

// partsOf fills finished batches up to the target size with a batch's records.
func (p *Producer) partsOf(b *producerBatch, records []batch.Record, target int) []*producerBatch {
	var parts []*producerBatch
	var part *producerBatch
	done := 0
	finish := func() {
		n := part.builder.Count()
		part.cookies = b.cookies[done : done+n : done+n]
		if b.sequenced {
			part.sequenced, part.producerID, part.epoch = true, b.producerID, b.epoch
			part.sequence = b.sequence.Add(int32(done))
		}
		part.finish(p)
		done += n
	}
	for i := range records {
		r := &records[i]
		headers := headersOf(r)
		if part == nil || !part.builder.HasRoomFor(target, r.Timestamp, r.Key, r.Value, headers) {
			if part != nil {
				finish()
			}
			part = &producerBatch{
				partition: b.partition, created: b.created, attempts: b.attempts, tried: b.tried, ambiguous: b.ambiguous, isSplit: true,
			}
			p.compress(part)
			parts = append(parts, part)
		}
		part.builder.Append(r.Timestamp, r.Key, r.Value, headers)
	}
	finish()
	parts[0].charged = b.charged // of buffer.memory, which it was taken from
	return parts
}

func headersOf(r *batch.Record) []batch.RecordHeader {
	headers := make([]batch.RecordHeader, 0, r.HeaderCount())
	for name, value := range r.Headers() {
		headers = append(headers, batch.RecordHeader{Key: string(name), Value: value})
	}
	return headers
}

// largestOf is the size that the largest record needs alone.
func largestOf(records []batch.Record) (size int) {
	for i := range records {
		size = max(size, batch.SizeUpperBound(records[i].Key, records[i].Value, headersOf(&records[i])))
	}
	return size
}
