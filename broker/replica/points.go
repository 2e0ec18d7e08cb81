package replica

import "assay/host"

// Named points of a partition. The subject is the topic's name; offsets and
// epochs are those of the log.
var (
	PointBecameLeader = &host.Point{Name: "became_leader", About: "A broker starts to lead a partition in a new leader epoch.",
		Fields: []string{"partition", "epoch", "log_end", "high_watermark"}}
	PointBecameFollower = &host.Point{Name: "became_follower", About: "A broker starts to follow a leader in a new leader epoch.",
		Fields: []string{"partition", "epoch", "leader", "log_end", "high_watermark"}}
	PointLeaderDeposed = &host.Point{Name: "leader_deposed", About: "A broker learns that it no longer leads a partition.",
		Fields: []string{"partition", "old_epoch", "new_epoch"}}
	PointAppend = &host.Point{Name: "append", About: "A leader appends records to its log.",
		Fields: []string{"partition", "base", "last", "epoch"}}
	PointFollowerAppend = &host.Point{Name: "follower_append", About: "A follower appends what it fetched from its leader.",
		Fields: []string{"partition", "base", "last", "epoch"}}
	PointMarkerAppend = &host.Point{Name: "marker_append", About: "A leader appends the marker that ends a transaction in its partition; commit is 1, abort 0.",
		Fields: []string{"partition", "producer", "producer_epoch", "commit", "offset", "coordinator_epoch"}}
	PointDeduplicated = &host.Point{Name: "deduplicated", About: "A leader recognises a retry of an idempotent producer and appends nothing.",
		Fields: []string{"partition", "base", "last", "epoch"}}
	PointHighWatermark = &host.Point{Name: "high_watermark", About: "A leader's high watermark rises.",
		Fields: []string{"partition", "offset", "epoch"}}
	PointFollowerHighWatermark = &host.Point{Name: "follower_high_watermark", About: "A follower learns of a higher high watermark.",
		Fields: []string{"partition", "offset", "epoch"}}
	PointFollowerTruncated = &host.Point{Name: "follower_truncated", About: "A follower cuts off records that its leader does not have.",
		Fields: []string{"partition", "from", "to", "epoch", "high_watermark"}}
	PointFetchDiverged = &host.Point{Name: "fetch_diverged", About: "A leader tells a follower or consumer that its log left the leader's.",
		Fields: []string{"partition", "replica", "fetch_offset", "diverging_epoch", "diverging_end", "epoch"}}
	PointISRShrinkProposed = &host.Point{Name: "isr_shrink_proposed", About: "A leader asks the controller to remove lagging replicas from the ISR.",
		Fields: []string{"partition", "epoch", "partition_epoch", "old_size", "new_size"}}
	PointISRExpandProposed = &host.Point{Name: "isr_expand_proposed", About: "A leader asks the controller to add a replica to the ISR.",
		Fields: []string{"partition", "epoch", "partition_epoch", "old_size", "new_size", "replica"}}
	PointISRChanged = &host.Point{Name: "isr_change_accepted", About: "A leader learns that its proposed ISR is committed.",
		Fields: []string{"partition", "epoch", "partition_epoch", "size"}}
	PointISRChangeRefused = &host.Point{Name: "isr_change_refused", About: "The controller refuses a leader's proposed ISR.",
		Fields: []string{"partition", "epoch", "partition_epoch", "error"}}
)

// Points lists the package's named points.
var Points = []*host.Point{PointBecameLeader, PointBecameFollower, PointLeaderDeposed, PointAppend, PointFollowerAppend, PointMarkerAppend, PointDeduplicated, PointHighWatermark,
	PointFollowerHighWatermark, PointFollowerTruncated, PointFetchDiverged, PointISRShrinkProposed, PointISRExpandProposed, PointISRChanged, PointISRChangeRefused}
