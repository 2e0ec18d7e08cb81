package result

// Series is one run over time: what its plots are drawn of. Times are
// nanoseconds since the run's start, buckets are of equal length and cover the
// run from its start to its end.
type Series struct {
	Bucket int64 `json:"bucket"` // length
	// Records by the bucket in which they were sent, acknowledged, delivered.
	Sent         []int64         `json:"sent"`
	Acknowledged []int64         `json:"acknowledged"`
	Delivered    []int64         `json:"delivered"`  // to consumers, the covering read apart
	Produce      Latencies       `json:"produce"`    // from a send's intended time to its acknowledgement, by the latter's bucket
	EndToEnd     Latencies       `json:"end_to_end"` // from a send's intended time to a consumer's hands
	Lag          []Line          `json:"lag"`        // by group and partition: committed records beyond the position of the group's reader, -1 while it has none; sampled at the ends of buckets
	Partitions   []PartitionLane `json:"partitions"`
	// Pipeline is from a source's intended time to a consumer's hands that has what was made of it.
	Pipeline     *Latencies        `json:"pipeline,omitempty"`     // nil without processors
	Owners       []OwnerLane       `json:"owners,omitempty"`       // by group and partition, of groups that assign partitions
	Transactions []TransactionLane `json:"transactions,omitempty"` // by transactional id
	WarmupEnd    int64             `json:"warmup_end"`
	LoadEnd      int64             `json:"load_end"`
	DrainEnd     int64             `json:"drain_end"`
}

// Latencies are percentiles by bucket in nanoseconds, -1 where nothing was measured.
type Latencies struct {
	P50 []int64 `json:"p50"`
	P99 []int64 `json:"p99"`
	Max []int64 `json:"max"`
}

// Line is one named line of a plot, a value a bucket; -1 where there is none.
type Line struct {
	Name   string  `json:"name"` // "billing orders/0"
	Values []int64 `json:"values"`
}

// PartitionLane is what became of one partition: who led it, who was in sync.
type PartitionLane struct {
	Name     string       `json:"name"` // "orders/0"
	Replicas []string     `json:"replicas"`
	Leaders  []LeaderSpan `json:"leaders"` // in order of time; a gap is a time without leader
	ISR      []ISRSpan    `json:"isr"`     // in order of time, from one change to the next
}

// LeaderSpan is one leadership: it begins with the election, or when a leader
// that was down serves again, and ends with the next election or the leader's death.
type LeaderSpan struct {
	From   int64  `json:"from"`
	To     int64  `json:"to"`
	Broker string `json:"broker"`
	Epoch  int32  `json:"epoch"`
}

// ISRSpan is a time with one set of in-sync replicas.
type ISRSpan struct {
	From    int64    `json:"from"`
	To      int64    `json:"to"`
	Members []string `json:"members"`
}

// OwnerLane is who owned one partition in one group, as the members learned it.
type OwnerLane struct {
	Group     string      `json:"group"`
	Partition string      `json:"partition"` // "orders/0"
	Spans     []OwnerSpan `json:"spans"`     // in order of their beginning; two may overlap: one of them is out of date
}

// OwnerSpan is one ownership.
type OwnerSpan struct {
	From       int64  `json:"from"`
	To         int64  `json:"to"`
	Member     string `json:"member"`     // the client
	Generation int32  `json:"generation"` // of the group when it was assigned, or the member's epoch (KIP-848)
	Ended      string `json:"ended"`      // revoked, lost, died; "" if it lasted to the run's end, owned if it was assigned anew
}

// How an ownership ends besides being revoked or lost: the member's process ended.
const OwnerDied = "died"

// TransactionLane is the transactions of one transactional id, as their
// coordinators decided them.
type TransactionLane struct {
	ID    string            `json:"id"`
	Spans []TransactionSpan `json:"spans"` // in order of time
	Marks []TransactionMark `json:"marks,omitempty"`
}

// TransactionSpan is one transaction that had a partition: from when its
// coordinator heard of the first to when all markers were written.
type TransactionSpan struct {
	From    int64  `json:"from"`
	Decided int64  `json:"decided"` // when its outcome was decided for good; -1: never
	To      int64  `json:"to"`
	Outcome string `json:"outcome"`
	Epoch   int32  `json:"epoch"` // of its producer
}

// Outcomes of transactions.
const (
	TransactionCommitted = "committed"
	TransactionAborted   = "aborted"
	TransactionTimedOut  = "timed out" // aborted by its coordinator, since it was open for too long
	TransactionUnknown   = "unknown"   // undecided at the run's end
)

// TransactionMark is a moment of a transactional id.
type TransactionMark struct {
	At   int64  `json:"at"`
	Kind string `json:"kind"`
}

// Kinds of marks.
const (
	MarkFenced  = "fenced"   // a coordinator refused a producer that another one, or a time-out, has replaced
	MarkResumed = "resumed"  // a new coordinator found the outcome decided and sends the markers
	MarkUntold  = "not told" // the application asked for an end, and was never told what came of it
)

// Distribution is a distribution of latencies over all seeds of a variant.
type Distribution struct {
	Name   string               `json:"name"` // "produce", "e2e", "pipeline"
	Counts []DistributionBucket `json:"counts"`
}

// DistributionBucket counts the latencies up to a bound and above the one before.
type DistributionBucket struct {
	UpTo  int64  `json:"up_to"` // nanoseconds
	Count uint64 `json:"count"`
}
