package replica

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
)

// The errors of the hot paths are made once.
var (
	errNotLeader         = fmt.Errorf("this broker does not lead the partition: %w", kerr.NotLeaderForPartition)
	errFencedEpoch       = fmt.Errorf("the request assumes an older leader epoch: %w", kerr.FencedLeaderEpoch)
	errUnknownEpoch      = fmt.Errorf("the request assumes a newer leader epoch: %w", kerr.UnknownLeaderEpoch)
	errOffsetOutOfRange  = fmt.Errorf("the offset is not in the log: %w", kerr.OffsetOutOfRange)
	errNotEnoughReplicas = fmt.Errorf("fewer in-sync replicas than min.insync.replicas: %w", kerr.NotEnoughReplicas)
	errNotEnoughAfter    = fmt.Errorf("the record is committed, but in-sync replicas were lost: %w", kerr.NotEnoughReplicasAfterAppend)
	errNotReplica        = fmt.Errorf("the fetching broker is no replica of the partition: %w", kerr.NotLeaderForPartition)
	errStaleBroker       = fmt.Errorf("the fetch is of an older incarnation of the broker: %w", kerr.NotLeaderForPartition)
)
