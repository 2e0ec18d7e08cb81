package result

// Delivery is one row of a variant's delivery matrix: how many records faults of
// one kind explain the damage of, over all seeds. A record stands in the row of
// each kind that explains it, and once in that of all.
type Delivery struct {
	Fault   string   `json:"fault"`   // a kind, or one of the rows below
	Applied int64    `json:"applied"` // faults of the kind
	Seeds   int      `json:"seeds"`   // in which there were some; of all: those that ran
	Records Counters `json:"records"` // by class of damage, those that some claim looks for
}

// Rows that are no kind of fault.
const (
	AllFaults    = "all"
	NoFault      = "none"         // no fault explains it
	LeftOut      = "left_out"     // the application goes on without what it cannot process (on_failure: skip)
	Unattributed = "unattributed" // of windows beyond those that a checker lists, whose faults are not known
)

// Classes of damage to records.
const (
	Lost       = "lost"       // gone from the log, or passed over by a group or a reader
	Duplicated = "duplicated" // twice in the log, or with two effects, or processed twice
	Reordered  = "reordered"
	Torn       = "torn"   // of a transaction that took effect in part, or was seen without having
	Zombie     = "zombie" // took effect for a member after another had come to own the partition
)

// DamageClasses lists them.
var DamageClasses = []string{Lost, Duplicated, Reordered, Torn, Zombie}
