package clients

import "assay/host"

// The points that clients observe. Subject is the topic where there is one.
var (
	// PointBatchSent: one batch left in a produce request.
	PointBatchSent = &host.Point{Name: "batch_sent", About: "A batch left the producer in a request.",
		Fields: []string{"partition", "records", "attempt", "bytes"}}
	// PointBatchRetried: a batch will be sent again.
	PointBatchRetried = &host.Point{Name: "batch_retried", About: "A batch failed retriably and waits to be sent again.",
		Fields: []string{"partition", "records", "attempt", "error"}}
	// PointBatchSplit: a batch was too large for the broker.
	PointBatchSplit = &host.Point{Name: "batch_split", About: "A batch was too large for the broker and was split.",
		Fields: []string{"partition", "records", "parts", "bytes"}}
	// PointBatchAcknowledged: a batch was acknowledged.
	PointBatchAcknowledged = &host.Point{Name: "batch_acknowledged", About: "A batch was acknowledged to the producer.",
		Fields: []string{"partition", "records", "attempt", "offset"}}
	// PointBatchFailed: a batch's records failed for sure.
	PointBatchFailed = &host.Point{Name: "batch_failed", About: "A batch failed with certainty.",
		Fields: []string{"partition", "records", "attempt", "error"}}
	// PointBatchGivenUp: a batch was given up and may be in the log.
	PointBatchGivenUp = &host.Point{Name: "batch_given_up", About: "A batch was given up and may be in the log or get there.",
		Fields: []string{"partition", "records", "attempt", "error"}}
	// PointEpochBumped: an idempotent producer raised its epoch (KIP-360).
	PointEpochBumped = &host.Point{Name: "producer_epoch_bumped", About: "An idempotent producer raised its own epoch.",
		Fields: []string{"partition", "producer_id", "epoch"}}
	// PointTransactionBegun: a producer opened a transaction. The subject of this
	// and the next points is the transactional id.
	PointTransactionBegun = &host.Point{Name: "producer_transaction_begun", About: "A producer opened a transaction.",
		Fields: []string{"producer_id", "epoch"}}
	// PointTransactionCommitted: the coordinator took a commit.
	PointTransactionCommitted = &host.Point{Name: "producer_transaction_committed", About: "A producer was told that its transaction is committed.",
		Fields: []string{"producer_id", "epoch"}}
	// PointTransactionAborted: the coordinator took an abort.
	PointTransactionAborted = &host.Point{Name: "producer_transaction_aborted", About: "A producer was told that its transaction is aborted.",
		Fields: []string{"producer_id", "epoch"}}
	// PointTransactionAbortable: only an abort helps now.
	PointTransactionAbortable = &host.Point{Name: "producer_transaction_abortable_error", About: "A transaction failed and can only be aborted.",
		Fields: []string{"producer_id", "epoch", "error"}}
	// PointTransactionFatal: a transactional producer has ended.
	PointTransactionFatal = &host.Point{Name: "producer_transaction_fatal_error", About: "A transactional producer has ended: it was fenced, or its state is lost.",
		Fields: []string{"producer_id", "epoch", "error"}}
	// PointConsumed: records were handed to the application.
	PointConsumed = &host.Point{Name: "records_consumed", About: "Records were handed to the application.",
		Fields: []string{"partition", "records", "from", "next"}}
	// PointConsumerTruncated: a consumer found its log cut (KIP-320).
	PointConsumerTruncated = &host.Point{Name: "consumer_truncated", About: "A consumer found the log cut below its position.",
		Fields: []string{"partition", "from", "to"}}
	// PointOffsetReset: auto.offset.reset took effect.
	PointOffsetReset = &host.Point{Name: "offset_reset", About: "A consumer's position was set by auto.offset.reset.",
		Fields: []string{"partition", "from", "to"}}
	// PointOffsetCommitted: a group's offset was committed.
	PointOffsetCommitted = &host.Point{Name: "offset_committed", About: "A group's coordinator took a committed offset.",
		Fields: []string{"partition", "offset"}}
	// PointGroupJoined: a member is in a new generation, or has a new epoch.
	PointGroupJoined = &host.Point{Name: "group_joined", About: "A consumer is in a new generation of its group, or has a new member epoch.",
		Fields: []string{"generation", "members"}} // members: as the leader sees them; 0 for others, -1 by KIP-848
	// PointAssigned: a consumer's group gave it a partition.
	PointAssigned = &host.Point{Name: "partition_assigned", About: "A consumer took a partition that its group gave it.",
		Fields: []string{"partition", "generation"}}
	// PointRevoked: a consumer is asked for a partition.
	PointRevoked = &host.Point{Name: "partition_revoked", About: "A consumer is asked to give a partition back.",
		Fields: []string{"partition", "generation"}}
	// PointLost: a consumer learnt that a partition is not its own any more.
	PointLost = &host.Point{Name: "partition_lost", About: "A consumer learnt that a partition is not its own any more.",
		Fields: []string{"partition", "generation"}}
	// PointPollIntervalExceeded: the application did not poll in time.
	PointPollIntervalExceeded = &host.Point{Name: "poll_interval_exceeded", About: "A consumer gave its membership up since the application did not poll in time.",
		Fields: []string{"generation"}}
	// PointConnectionLost: a client's connection is gone.
	PointConnectionLost = &host.Point{Name: "client_connection_lost", About: "A client lost or closed a connection to a broker.",
		Fields: []string{"broker", "requests"}}
)

// Points lists the package's points.
var Points = []*host.Point{
	PointBatchSent, PointBatchRetried, PointBatchSplit, PointBatchAcknowledged, PointBatchFailed, PointBatchGivenUp,
	PointGroupJoined, PointAssigned, PointRevoked, PointLost, PointPollIntervalExceeded,
	PointEpochBumped, PointTransactionBegun, PointTransactionCommitted, PointTransactionAborted,
	PointTransactionAbortable, PointTransactionFatal, PointConsumed, PointConsumerTruncated, PointOffsetReset, PointOffsetCommitted,
	PointConnectionLost,
}
