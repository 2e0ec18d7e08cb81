package clients

import "assay/internal/batch"

// compress prepares a new batch for the producer's compression.type. Kafka's
// producer fills it by an estimate of its compressed size (KIP-126), so that
// batches hold more of what compresses well. librdkafka
// (rd_kafka_msgset_writer_init in src/rdkafka_msgset_writer.c) and franz-go
// (recBatch.wouldOverflow's callers in pkg/kgo/sink.go) count uncompressed bytes.
func (p *Producer) compress(b *producerBatch) {
	if p.config.Compression == batch.None {
		return
	}
	ratio := batch.CountUncompressed
	if p.config.Profile == ProfileJava {
		ratio = p.topics[b.partition.name.Topic].ratio
	}
	b.builder.Compress(p.config.Compression, &p.compressor, ratio)
}

// noticeRatio learns from a finished batch what the topic's records compress to
// (CompressionRatioEstimator, but for each producer alone).
func (p *Producer) noticeRatio(b *producerBatch) {
	if p.config.Compression == batch.None {
		return
	}
	b.ratio = b.builder.Observed(b.whole)
	topic := p.topics[b.partition.name.Topic]
	topic.ratio = topic.ratio.After(b.ratio)
}
