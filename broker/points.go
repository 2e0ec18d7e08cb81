package broker

import (
	"slices"

	"assay/broker/replica"
	"assay/broker/storage"
	"assay/host"
)

// Named points of the broker itself. The subject is a topic's name, or empty
// for the node.
var (
	PointRegistered = &host.Point{Name: "registration_accepted", About: "A broker learns that the controller has accepted its new incarnation.",
		Fields: []string{"broker_epoch"}}
	PointUnfenced = &host.Point{Name: "unfencing_learned", About: "A broker learns that it may serve.",
		Fields: []string{"broker_epoch"}}
	PointFenced = &host.Point{Name: "fencing_learned", About: "A broker learns that the controller has fenced it.",
		Fields: []string{"broker_epoch"}}
	PointBrokerEpochStale = &host.Point{Name: "broker_epoch_stale", About: "A broker learns that another incarnation has registered under its id.",
		Fields: []string{"broker_epoch"}}
	PointStarted = &host.Point{Name: "broker_started", About: "A broker has opened its logs.",
		Fields: []string{"logs", "unclean"}}
	PointServing = &host.Point{Name: "broker_serving", About: "A broker has read the metadata up to its own registration and hosts its partitions.",
		Fields: []string{"metadata_offset", "broker_epoch"}}
	PointMetadataApplied = &host.Point{Name: "metadata_applied", About: "A broker applies newer metadata.",
		Fields: []string{"offset", "epoch"}}
	PointProduceReceived = &host.Point{Name: "produce_received", About: "A broker takes a produce request's records for one partition.",
		Fields: []string{"partition", "bytes", "acks"}}
	PointProduceAcknowledged = &host.Point{Name: "produce_acknowledged", About: "A broker answers a produce for one partition with success.",
		Fields: []string{"partition", "base", "last", "acks"}}
	PointProduceFailed = &host.Point{Name: "produce_failed", About: "A broker answers a produce for one partition with an error.",
		Fields: []string{"partition", "error"}}
	PointProduceExpired = &host.Point{Name: "produce_expired", About: "A produce's time runs out before its records are replicated.",
		Fields: []string{"partition", "last"}}
	PointHeldProduceFailed = &host.Point{Name: "held_produce_failed", About: "A produce that waited for replication ends with an error: its records may survive or not.",
		Fields: []string{"partition", "last", "error"}}
	PointCommitReceived = &host.Point{Name: "offset_commit_received", About: "A coordinator takes a group's offset commit. The subject is the group.",
		Fields: []string{"coordinator_partition", "offsets", "generation"}}
	PointCommitAccepted = &host.Point{Name: "offset_commit_accepted", About: "A coordinator acknowledges one committed offset. The subject is the group.",
		Fields: []string{"partition", "offset", "coordinator_partition"}}
	PointCommitFailed = &host.Point{Name: "offset_commit_failed", About: "A broker refuses an offset commit, or does not know what became of it. The subject is the group.",
		Fields: []string{"error"}}
	PointGroupRebalanced = &host.Point{Name: "group_rebalanced", About: "A generation of a group begins: its members have joined, or none is left. The subject is the group.",
		Fields: []string{"generation", "members"}}
	PointMemberJoined = &host.Point{Name: "member_joined", About: "A group has a new member. The subject is the group.",
		Fields: []string{"generation", "members"}}
	PointMemberLeft = &host.Point{Name: "member_left", About: "A member leaves its group by its own will, or an administrator's. The subject is the group.",
		Fields: []string{"generation", "members"}}
	PointMemberFenced = &host.Point{Name: "member_fenced", About: "A member is put out of its group: it was too slow, or another process has its instance id. The subject is the group.",
		Fields: []string{"generation", "members"}}
	PointCoordinatorLoaded = &host.Point{Name: "coordinator_loaded", About: "A new leader of a partition of an internal topic has replayed it and serves the groups, or transactional ids, in it.",
		Fields: []string{"partition", "epoch", "groups", "offsets", "records", "nanoseconds"}}
	PointCoordinatorUnloaded = &host.Point{Name: "coordinator_unloaded", About: "A broker no longer leads a partition of an internal topic and gives up what it coordinated there.",
		Fields: []string{"partition", "epoch", "groups"}}
	PointCoordinatorLoadFailed = &host.Point{Name: "coordinator_load_failed", About: "A new leader of a partition of an internal topic cannot read it.",
		Fields: []string{"partition", "epoch", "offset"}}
	PointTransactionBegun = &host.Point{Name: "transaction_begun", About: "A coordinator has added the first partitions to a transaction. The subject is the transactional id.",
		Fields: []string{"coordinator_partition", "producer_id", "producer_epoch"}}
	PointTransactionPrepared = &host.Point{Name: "transaction_prepared", About: "A transaction's outcome is decided for good and its markers are sent. The subject is the transactional id.",
		Fields: []string{"coordinator_partition", "producer_id", "producer_epoch", "commit", "partitions"}}
	PointTransactionCommitted = &host.Point{Name: "transaction_committed", About: "All markers of a committed transaction are written. The subject is the transactional id.",
		Fields: []string{"coordinator_partition", "producer_id", "producer_epoch"}}
	PointTransactionAborted = &host.Point{Name: "transaction_aborted", About: "All markers of an aborted transaction are written. The subject is the transactional id.",
		Fields: []string{"coordinator_partition", "producer_id", "producer_epoch"}}
	PointTransactionTimedOut = &host.Point{Name: "transaction_timed_out", About: "A coordinator aborts a transaction that has been open for too long. The subject is the transactional id.",
		Fields: []string{"coordinator_partition", "producer_id", "producer_epoch", "milliseconds"}}
	PointTransactionResumed = &host.Point{Name: "transaction_resumed", About: "A new coordinator finds a transaction whose outcome is decided and sends its markers. The subject is the transactional id.",
		Fields: []string{"coordinator_partition", "producer_id", "producer_epoch", "commit", "partitions"}}
	PointProducerFenced = &host.Point{Name: "producer_fenced", About: "A coordinator refuses a producer that another one, or a time-out, has replaced. The subject is the transactional id.",
		Fields: []string{"coordinator_partition", "producer_id", "producer_epoch", "present_epoch"}}
	PointTransactionVerified = &host.Point{Name: "transaction_verified", About: "A leader has asked a transaction's coordinator about a partition before the transaction's first batch there; error 0 lets it in.",
		Fields: []string{"partition", "producer", "producer_epoch", "error"}}
	PointMarkerReceived = &host.Point{Name: "marker_received", About: "A leader is asked to end a transaction in one partition; commit is 1, abort 0.",
		Fields: []string{"partition", "producer", "producer_epoch", "commit", "coordinator_epoch"}}
	PointMarkerWritten = &host.Point{Name: "marker_written", About: "A leader answers a transaction's coordinator: with error 0 the marker is committed.",
		Fields: []string{"partition", "producer", "error"}}
	PointReplicaCreated = &host.Point{Name: "replica_created", About: "A broker begins to host a replica that it had no log of.",
		Fields: []string{"partition"}}
	PointReplicaRemoved = &host.Point{Name: "replica_removed", About: "A broker removes a replica whose topic is gone or that lives elsewhere now.",
		Fields: []string{"partition"}}
	PointStopping = &host.Point{Name: "broker_stopping", About: "A broker is asked to end and begins to hand over what it leads."}
	PointStopped  = &host.Point{Name: "broker_stopped", About: "A broker has ended in an orderly way: its logs are synced and marked as complete.",
		Fields: []string{"logs", "broker_epoch"}}
	PointLogDirFailed = &host.Point{Name: "log_dir_failed", About: "A write or sync of a broker's log directory fails and the broker stops."}
)

// Points lists the named points of brokers, those of their parts included.
var Points = slices.Concat([]*host.Point{PointRegistered, PointUnfenced, PointFenced, PointBrokerEpochStale, PointStarted, PointServing, PointMetadataApplied,
	PointProduceReceived, PointProduceAcknowledged, PointProduceFailed, PointProduceExpired, PointHeldProduceFailed,
	PointCommitReceived, PointCommitAccepted, PointCommitFailed, PointCoordinatorLoaded, PointCoordinatorUnloaded, PointCoordinatorLoadFailed,
	PointTransactionBegun, PointTransactionPrepared, PointTransactionCommitted, PointTransactionAborted, PointTransactionTimedOut,
	PointTransactionResumed, PointProducerFenced,
	PointTransactionVerified, PointMarkerReceived, PointMarkerWritten,
	PointGroupRebalanced, PointMemberJoined, PointMemberLeft, PointMemberFenced,
	PointReplicaCreated, PointReplicaRemoved, PointStopping, PointStopped, PointLogDirFailed},
	replica.Points, storage.Points)

func (n *Node) observe(point *host.Point, topic string, args ...int64) {
	e := host.Event{Point: point, Subject: topic}
	copy(e.Args[:], args)
	n.host.Observe(e)
}
