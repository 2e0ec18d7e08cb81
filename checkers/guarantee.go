package checkers

// Guarantee is a word of the claims' vocabulary.
type Guarantee string

// The guarantees that have a checker.
const (
	NoLoss          Guarantee = "no-loss"
	NoDuplicates    Guarantee = "no-duplicates"
	ProducerOrder   Guarantee = "producer-order"
	LinearizableLog Guarantee = "linearizable-log"
	FreshReads      Guarantee = "fresh-reads"
	LogAgreement    Guarantee = "log-agreement"
	NoSkips         Guarantee = "no-skips"
	Recovers        Guarantee = "recovers"
)

// ScopeKind says what a guarantee speaks of.
type ScopeKind string

// The kinds of scope. A claim narrows its own with Scope.
const (
	LogScope      ScopeKind = "log"      // a topic's partitions
	ReplicasScope ScopeKind = "replicas" // the copies of a partition
	ReaderScope   ScopeKind = "reader"   // one consumer's positions
	ClusterScope  ScopeKind = "cluster"  // everything together
)

// Anomaly is a finding's name, in the words of the field.
type Anomaly string

// The anomalies that the checkers here can name.
const (
	LostWrite          Anomaly = "lost write"          // an acknowledged record is gone
	InconsistentOffset Anomaly = "inconsistent offset" // one offset, two records; or an acknowledgement that names another offset than the log does
	Duplicate          Anomaly = "duplicate"           // one send, two places
	Reordered          Anomaly = "reordered"           // the log's order contradicts send order or real time
	Phantom            Anomaly = "phantom"             // a record that nobody sent, or whose send definitely failed
	StaleRead          Anomaly = "stale read"          // an exact read of the length missed what was already there
	Divergence         Anomaly = "divergence"          // two replicas differ below their high watermarks
	ChangedRecord      Anomaly = "changed record"      // an offset below the leader's high watermark got another record
	PollSkip           Anomaly = "poll skip"           // a reader passed a record without being handed it
	NonMonotonicPoll   Anomaly = "non-monotonic poll"  // a reader went back without a reason
	NoLeader           Anomaly = "no leader"           // a partition ended without a working leader
	Unavailable        Anomaly = "unavailable"         // sends to a partition kept failing after the faults
	Undrained          Anomaly = "undrained"           // a log or a reader did not reach the end in time
)

// anomalies is the order in which findings are told: what harms most first.
var anomalies = []Anomaly{
	LostWrite, Divergence, ChangedRecord, InconsistentOffset, Duplicate, Reordered, Phantom,
	PollSkip, NonMonotonicPoll, StaleRead, NoLeader, Unavailable, Undrained,
}

// Description is what a user may ask about a guarantee.
type Description struct {
	Guarantee Guarantee
	Scope     ScopeKind
	Meaning   string    // one sentence
	Anomalies []Anomaly // what its checker can name
	Evidence  string    // what the checker looks at, in one sentence
}

// Guarantees describes every guarantee that has a checker, in the order of the documentation.
var Guarantees = []Description{
	{
		NoLoss, LogScope,
		"Every acknowledged record is in the final committed log, at the offset it was acknowledged with, or was legally removed.",
		[]Anomaly{LostWrite, InconsistentOffset},
		"Compares each acknowledgement with the covering final read; records below the final log start count as removed, and without a covering read nothing is called lost.",
	},
	{
		NoDuplicates, LogScope,
		"One send was at any time at most once in the log.",
		[]Anomaly{Duplicate},
		"Looks for one identity at two offsets in everything that any reader saw; two places count only where the log cannot have been cut in between.",
	},
	{
		ProducerOrder, LogScope,
		"The records of one producer incarnation first appear in a partition in the order of their sends; failed sends are left out.",
		[]Anomaly{Reordered},
		"Walks the log by offset and compares the send numbers of each producer's first appearances.",
	},
	{
		LinearizableLog, LogScope,
		"Sends and non-empty fetches of a partition behave as one append-only log in real time.",
		[]Anomaly{InconsistentOffset, Duplicate, Reordered, Phantom},
		"Offsets fix the order, so each append gets an earliest and a latest moment, and one sweep finds a pair that cannot be.",
	},
	{
		FreshReads, LogScope,
		"The same with list-offsets and empty fetches as exact reads of the length; Kafka does not promise it across a failover.",
		[]Anomaly{InconsistentOffset, Duplicate, Reordered, Phantom, StaleRead},
		"The sweep of linearizable-log with exact reads of the length as further bounds.",
	},
	{
		LogAgreement, ReplicasScope,
		"Below both replicas' own high watermarks batches are byte-identical, and an offset once below the leader's high watermark never changes its record.",
		[]Anomaly{Divergence, ChangedRecord},
		"Compares the replicas' stored batches at one moment with each other, and each leader's with what leaders had there before.",
	},
	{
		NoSkips, ReaderScope,
		"A reader's positions move without silent gaps; transaction markers and compaction are no gaps.",
		[]Anomaly{PollSkip, NonMonotonicPoll},
		"Follows each reader's position and compares what it was handed with the final log.",
	},
	{
		Recovers, ClusterScope,
		"After the faults end, within the stated time, every partition has a leader, sends succeed and the log is readable to its high watermark.",
		[]Anomaly{NoLeader, Unavailable, Undrained},
		"Looks for a send that was called after the end of the faults and acknowledged in time, for the covering read, and for partitions found without a leader.",
	},
}

// Describe finds a guarantee's description.
func Describe(g Guarantee) (Description, bool) {
	for _, d := range Guarantees {
		if d.Guarantee == g {
			return d, true
		}
	}
	return Description{}, false
}
