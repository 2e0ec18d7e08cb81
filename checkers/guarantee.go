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
	AtMostOnce      Guarantee = "at-most-once"
	AtLeastOnce     Guarantee = "at-least-once"
	KeyOrder        Guarantee = "key-order"
	CommitSafety    Guarantee = "commit-safety"
	Recovers        Guarantee = "recovers"

	ExactlyOnce        Guarantee = "exactly-once"
	NoAbortedReads     Guarantee = "no-aborted-reads"
	AtomicTransactions Guarantee = "atomic-transactions"
	GroupExclusive     Guarantee = "group-exclusive"
)

// ScopeKind says what a guarantee speaks of.
type ScopeKind string

// The kinds of scope. A claim narrows its own with Scope.
const (
	LogScope      ScopeKind = "log"      // a topic's partitions
	ReplicasScope ScopeKind = "replicas" // the copies of a partition
	ReaderScope   ScopeKind = "reader"   // one consumer's positions
	GroupScope    ScopeKind = "group"    // what a consumer group processed and committed
	PipelineScope ScopeKind = "pipeline" // from a topic through a processor to another, as an observer sees it
	ClusterScope  ScopeKind = "cluster"  // everything together
)

// Anomaly is a finding's name, in the words of the field.
type Anomaly string

// The anomalies that the checkers here can name.
const (
	LostWrite          Anomaly = "lost write"                       // an acknowledged record is gone
	InconsistentOffset Anomaly = "inconsistent offset"              // one offset, two records; or an acknowledgement that names another offset than the log does
	Duplicate          Anomaly = "duplicate"                        // one send, two places
	Reordered          Anomaly = "reordered"                        // the log's order contradicts send order or real time, or the order of processing contradicts the log's
	Phantom            Anomaly = "phantom"                          // a record that nobody sent, or whose send definitely failed
	StaleRead          Anomaly = "stale read"                       // an exact read of the length missed what was already there
	Divergence         Anomaly = "divergence"                       // two replicas differ below their high watermarks
	ChangedRecord      Anomaly = "changed record"                   // an offset below the leader's high watermark got another record
	PollSkip           Anomaly = "poll skip"                        // a reader passed a record without being handed it
	NonMonotonicPoll   Anomaly = "non-monotonic poll"               // a reader went back without a reason
	Unseen             Anomaly = "unseen"                           // a group committed past an acknowledged record that it never processed
	DoubleProcessing   Anomaly = "double processing"                // a group processed one record of one offset twice
	PrematureCommit    Anomaly = "premature commit"                 // a committed offset passed a record that was not processed by then
	OffsetRegression   Anomaly = "offset regression"                // a group's committed offset went back
	TornTransaction    Anomaly = "torn transaction"                 // of a transaction a part took effect, and a part did not
	AbortedRead        Anomaly = "aborted read"                     // G1a: a reader was handed a record of a transaction that did not commit
	IntermediateRead   Anomaly = "intermediate read"                // G1b: a reader was handed a record of a transaction that was still open
	CircularFlow       Anomaly = "circular information flow"        // G1c: committed transactions read each other's writes in a circle
	ZombieCommit       Anomaly = "zombie commit"                    // work of a member took effect that another had replaced
	NonMonotonicStable Anomaly = "non-monotonic last stable offset" // what was decided became undecided
	HungTransaction    Anomaly = "hung transaction"                 // the last stable offset stands still below the high watermark
	NoLeader           Anomaly = "no leader"                        // a partition ended without a working leader
	Unavailable        Anomaly = "unavailable"                      // sends to a partition kept failing after the faults
	Undrained          Anomaly = "undrained"                        // a log, a reader or a group did not reach the end in time
)

// anomalies is the order in which findings are told: what harms most first.
var anomalies = func() (order []Anomaly) {
	for _, d := range Anomalies {
		order = append(order, d.Anomaly)
	}
	return order
}()

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
		AtMostOnce, GroupScope,
		"A group completes the processing of a partition's offset at most once.",
		[]Anomaly{DoubleProcessing},
		"Looks for one record at one offset among two completions of a group; what an application had begun when it died does not count.",
	},
	{
		AtLeastOnce, GroupScope,
		"No acknowledged record lies unprocessed below a group's final committed offset; a group that did not drain is inconclusive here, and violates recovers.",
		[]Anomaly{Unseen},
		"Compares the acknowledged records of the final log below where the group's coordinator says that it ended with what the group processed; what the log no longer has is no finding.",
	},
	{
		KeyOrder, GroupScope,
		"A group processes the records of a key in log order, judged on first processing; records without a key are left out.",
		[]Anomaly{Reordered},
		"Looks, for each key of a partition, for a later record whose processing had ended before that of an earlier one first began.",
	},
	{
		CommitSafety, GroupScope,
		"A group's committed offset never passes unprocessed records and never goes back.",
		[]Anomaly{PrematureCommit, OffsetRegression},
		"Takes accepted commits in their order and compares each with what could have been processed by the time it returned, with those that ended before it, and with what coordinators told later; a commit of unknown outcome convicts nobody, of commits that overlap with a transaction the one that was written last counts, and a copy of what was processed is processed.",
	},
	{
		GroupExclusive, GroupScope,
		"Of accepted commits and committed output, a partition has one owner in a generation, and no fenced member's work takes effect; what a paused member did outside of transactions cannot be fenced.",
		[]Anomaly{ZombieCommit},
		"Compares each commit that took effect, and each output of a committed transaction, with when another member came to own the partition in a later generation, or committed for it in the same one (a static member's place was taken).",
	},
	{
		ExactlyOnce, PipelineScope,
		"Every committed input has exactly one effect in the output, a distinct place that the observer sees at its isolation; what lies at or above the group's final committed offset is undecided.",
		[]Anomaly{LostWrite, TornTransaction, Duplicate, ZombieCommit, Unseen},
		"Follows each input of the final log to the outputs that name it as their source, and counts the places at which the observer and the covering read at its isolation have them.",
	},
	{
		NoAbortedReads, ReaderScope,
		"A reader is never handed a record of an aborted or still open transaction; one that reads uncommitted records will be.",
		[]Anomaly{AbortedRead, IntermediateRead, CircularFlow},
		"Compares what each reader was handed with what became of the record's transaction, and when its commit was asked for; a commit of unknown outcome is decided by the covering read of committed records.",
	},
	{
		AtomicTransactions, ReaderScope,
		"No reader is handed a transaction's record before its commit was asked for, and the covering read returns all records of a committed transaction and none of an aborted one.",
		[]Anomaly{LostWrite, TornTransaction, IntermediateRead, CircularFlow, NonMonotonicStable},
		"Compares each transaction's records with the covering read of committed ones, follows who made what of whose records, and watches the last stable offsets.",
	},
	{
		NoSkips, ReaderScope,
		"A reader's positions move without silent gaps; transaction markers and compaction are no gaps.",
		[]Anomaly{PollSkip, NonMonotonicPoll},
		"Follows each reader's position and compares what it was handed with the final log.",
	},
	{
		Recovers, ClusterScope,
		"After the faults end, within the stated time, every partition has a leader, sends succeed, the log is readable to its high watermark, the last stable offset has come to it, and groups that commit have reached its end.",
		[]Anomaly{NoLeader, Unavailable, HungTransaction, Undrained},
		"Looks for a send to each partition that was called after the end of the faults and acknowledged in time, for producers that have ended for good by an error, for the covering read, for partitions found without a leader, and for where each group's committed offset ended.",
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
