package clients

import "assay/host"

// The points that clients observe. Subject is the topic where there is one.
var (
	// PointProduceSent: one batch left in a produce request.
	PointProduceSent = &host.Point{Name: "produce_sent", About: "a batch left the producer in a request",
		Fields: []string{"partition", "records", "attempt", "bytes"}}
	// PointProduceRetried: a batch will be sent again.
	PointProduceRetried = &host.Point{Name: "produce_retried", About: "a batch failed retriably and waits to be sent again",
		Fields: []string{"partition", "records", "attempt", "error"}}
	// PointProduceAcknowledged: a batch was acknowledged.
	PointProduceAcknowledged = &host.Point{Name: "produce_acknowledged", About: "a batch was acknowledged to the producer",
		Fields: []string{"partition", "records", "attempt", "offset"}}
	// PointProduceFailed: a batch's records failed for sure.
	PointProduceFailed = &host.Point{Name: "produce_failed", About: "a batch failed with certainty",
		Fields: []string{"partition", "records", "attempt", "error"}}
	// PointProduceIndeterminate: a batch was given up and may be in the log.
	PointProduceIndeterminate = &host.Point{Name: "produce_indeterminate", About: "a batch was given up and may be in the log or get there",
		Fields: []string{"partition", "records", "attempt", "error"}}
	// PointEpochBumped: an idempotent producer raised its epoch (KIP-360).
	PointEpochBumped = &host.Point{Name: "producer_epoch_bumped", About: "an idempotent producer raised its own epoch",
		Fields: []string{"partition", "producer_id", "epoch"}}
	// PointConsumed: records were handed to the application.
	PointConsumed = &host.Point{Name: "records_consumed", About: "records were handed to the application",
		Fields: []string{"partition", "records", "from", "next"}}
	// PointConsumerTruncated: a consumer found its log cut (KIP-320).
	PointConsumerTruncated = &host.Point{Name: "consumer_truncated", About: "a consumer found the log cut below its position",
		Fields: []string{"partition", "from", "to"}}
	// PointOffsetReset: auto.offset.reset took effect.
	PointOffsetReset = &host.Point{Name: "offset_reset", About: "a consumer's position was set by auto.offset.reset",
		Fields: []string{"partition", "from", "to"}}
	// PointConnectionLost: a client's connection is gone.
	PointConnectionLost = &host.Point{Name: "client_connection_lost", About: "a client lost or closed a connection to a broker",
		Fields: []string{"broker", "requests"}}
)

// Points lists the package's points.
var Points = []*host.Point{
	PointProduceSent, PointProduceRetried, PointProduceAcknowledged, PointProduceFailed, PointProduceIndeterminate,
	PointEpochBumped, PointConsumed, PointConsumerTruncated, PointOffsetReset, PointConnectionLost,
}
