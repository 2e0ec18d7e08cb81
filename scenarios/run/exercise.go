package run

import (
	"maps"
	"slices"

	"assay/broker"
	"assay/broker/controller"
	"assay/broker/replica"
	"assay/broker/storage"
	"assay/clients"
	"assay/host"
	"assay/scenarios/format"
	"assay/sim"
)

// Counter is one of the format's exercise counters: what a run really did.
type Counter string

// Those of format.Counters.
const (
	LeaderChanges         Counter = "leader_changes"
	ISRChanges            Counter = "isr_changes"
	UncleanElections      Counter = "unclean_elections"
	Truncations           Counter = "truncations"
	ProducerRetries       Counter = "producer_retries"
	DeduplicatedBatches   Counter = "deduplicated_batches"
	IndeterminateProduces Counter = "indeterminate_produces"
	ControllerChanges     Counter = "controller_changes"
	PowerLosses           Counter = "power_losses"
	Recoveries            Counter = "recoveries"
	ConnectionsReset      Counter = "connections_reset"
	RecordsAcknowledged   Counter = "records_acknowledged"
	RecordsConsumed       Counter = "records_consumed"
	CoordinatorFailovers  Counter = "coordinator_failovers"
	Rebalances            Counter = "rebalances"
	MembersFenced         Counter = "members_fenced"
	ProducersFenced       Counter = "producers_fenced"
	TransactionsCommitted Counter = "transactions_committed"
	TransactionsAborted   Counter = "transactions_aborted"
	RetriedRecords        Counter = "retried_records"
	DeadLettered          Counter = "dead_lettered"
	SkippedRecords        Counter = "skipped_records"
	DeduplicatedRecords   Counter = "deduplicated_records"
)

// Exercise counts what a run did, by counter.
type Exercise map[Counter]int64

func newExercise() Exercise {
	e := make(Exercise, len(format.Counters))
	for _, c := range format.Counters {
		e[Counter(c)] = 0
	}
	return e
}

func (e Exercise) add(c Counter, n int64) { e[c] += n }

// The rare places that a swarm should reach. A run reports which it did.
const (
	FaultDuringProduce    = "fault_hits_produce_in_flight"
	ElectionUnderLoad     = "election_under_load"
	TruncationAfterFault  = "follower_truncated"
	RetryDeduplicated     = "retry_answered_from_the_producer_window"
	ISRChangeWasRefused   = "isr_change_refused"
	LeaderWasDeposed      = "leader_deposed"
	EpochBumpedByProducer = "producer_epoch_bumped"
	LogRecovered          = "log_tail_cut_by_recovery"
	ReaderTruncated       = "consumer_truncated"
	UncleanLeaderElected  = "unclean_election"
	ControllerFailover    = "controller_failover"
	FaultInTransaction    = "fault_hits_open_transaction"
	FailoverInTransaction = "coordinator_failover_with_open_transaction"
	TransactionResumed    = "prepared_transaction_resumed_by_new_coordinator"
	TransactionTimedOut   = "transaction_aborted_by_time_out"
	ZombieFenced          = "zombie_producer_fenced"
	MemberLostPartitions  = "member_lost_its_partitions"
)

// RarePlaces lists them.
var RarePlaces = []string{FaultDuringProduce, ElectionUnderLoad, TruncationAfterFault, RetryDeduplicated, ISRChangeWasRefused,
	LeaderWasDeposed, EpochBumpedByProducer, LogRecovered, ReaderTruncated, UncleanLeaderElected, ControllerFailover,
	FaultInTransaction, FailoverInTransaction, TransactionResumed, TransactionTimedOut, ZombieFenced, MemberLostPartitions}

// places are those that a run has reached.
type places map[string]bool

func (p places) reach(name string) { p[name] = true }

func (p places) list() []string { return slices.Sorted(maps.Keys(p)) }

// Points lists every named point that triggers may wait for, by name.
func Points() []*host.Point {
	points := slices.Concat(controller.Points, broker.Points, clients.Points)
	slices.SortFunc(points, func(a, b *host.Point) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return points
}

// watcher listens to the named points of a run.
type watcher func(node string, e host.Event)

// watch sets up what follows the run's points: counters, rare places,
// replicas' states and triggers.
func (r *run) watch() {
	r.watchers = map[*host.Point][]watcher{}
	count := func(p *host.Point, c Counter) {
		r.on(p, func(string, host.Event) { r.exercise.add(c, 1) })
	}
	reach := func(p *host.Point, place string) {
		r.on(p, func(string, host.Event) { r.points.reach(place) })
	}
	count(controller.PointLeaderChanged, LeaderChanges)
	count(controller.PointISRChanged, ISRChanges)
	count(controller.PointUncleanElection, UncleanElections)
	count(controller.PointControllerElected, ControllerChanges)
	count(replica.PointFollowerTruncated, Truncations)
	count(replica.PointDeduplicated, DeduplicatedBatches)
	count(clients.PointBatchRetried, ProducerRetries)
	r.on(controller.PointLeaderChanged, func(string, host.Event) {
		if r.recorder.Open() > 0 {
			r.points.reach(ElectionUnderLoad)
		}
	})
	reach(replica.PointFollowerTruncated, TruncationAfterFault)
	reach(replica.PointDeduplicated, RetryDeduplicated)
	reach(replica.PointISRChangeRefused, ISRChangeWasRefused)
	reach(replica.PointLeaderDeposed, LeaderWasDeposed)
	reach(clients.PointEpochBumped, EpochBumpedByProducer)
	reach(clients.PointConsumerTruncated, ReaderTruncated)
	reach(controller.PointUncleanElection, UncleanLeaderElected)
	reach(controller.PointControllerElected, ControllerFailover)
	reach(storage.PointRecoveryTruncated, LogRecovered)
	r.on(broker.PointStarted, func(_ string, e host.Event) {
		if unclean := e.Args[1]; unclean > 0 {
			r.exercise.add(Recoveries, 1)
		}
	})
	r.on(broker.PointCoordinatorLoaded, func(_ string, e host.Event) {
		if taken := e.Args[2]; taken > 0 { // groups or transactional ids that it took over
			r.exercise.add(CoordinatorFailovers, 1)
		}
	})
	r.coordinated.watch(r)
	r.watchReplicas()
	r.world.Observe(r.passed)
}

func (r *run) on(p *host.Point, w watcher) { r.watchers[p] = append(r.watchers[p], w) }

// passed takes every event of a named point once the run has begun.
func (r *run) passed(node string, _ sim.Time, e host.Event) {
	if r.engine == nil {
		return
	}
	for _, w := range r.watchers[e.Point] {
		w(node, e)
	}
	if r.engine.Waiting() {
		partition, ordinal := int32(-1), int64(-1)
		if len(e.Point.Fields) > 0 && e.Point.Fields[0] == "partition" {
			partition = int32(e.Args[0])
		}
		if e.Point == replica.PointHighWatermark {
			ordinal = e.Args[1]
		}
		r.engine.Passed(node, e.Point.Name, e.Subject, partition, ordinal)
	}
}
