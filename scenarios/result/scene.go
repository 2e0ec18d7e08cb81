package result

// Scene is the part of one run around a witness, as a space-time diagram shows
// it: a lane for each node, what passed between them, and what happened there.
// Times are nanoseconds since the run's start.
type Scene struct {
	Claim     string    `json:"claim"`
	Seed      uint64    `json:"-"`                   // that of the story
	Partition string    `json:"partition,omitempty"` // the witness's, "orders/0"; "" for none
	From      int64     `json:"from"`
	To        int64     `json:"to"`
	Lanes     []Lane    `json:"lanes"`    // clients first, then brokers, then controllers
	Messages  []Message `json:"messages"` // in order of sending
	Marks     []Mark    `json:"marks"`    // in order of time
	Gaps      []Gap     `json:"gaps"`     // in order of their beginning; one may have begun before From
	// Leaders are who believed to lead the partition, in order of time; two may at once.
	Leaders []LeaderSpan `json:"leaders,omitempty"`
	Left    int          `json:"left"` // messages and marks that were left out as of less importance
}

// Lane is one node.
type Lane struct {
	Name string `json:"name"`
	Kind string `json:"kind"` // client, broker, controller
}

// Message is one message, or several alike in a row.
type Message struct {
	From      string `json:"from"` // a lane, as To
	To        string `json:"to"`
	Sent      int64  `json:"sent"`
	Arrived   int64  `json:"arrived"`   // -1: it never did
	What      string `json:"what"`      // "Produce orders/0: web-0 #17 at 42", "Fetch response: high watermark 42"
	Lost      string `json:"lost"`      // why it never arrived: "connection reset", "broker-2 was down"
	Count     int    `json:"count"`     // how many alike it stands for, 1 for itself
	Offending bool   `json:"offending"` // it carries the record that the witness is about
}

// Mark is something that happened on one lane.
type Mark struct {
	Lane      string `json:"lane"`
	At        int64  `json:"at"`
	What      string `json:"what"` // "leads orders/0, epoch 3", "high watermark 42", "truncates 42 to 40", "acknowledged #17 at 42"
	Kind      string `json:"kind"` // epoch, watermark, truncation, isr, client, recovery, append, group, transaction
	Offending bool   `json:"offending"`
}

// Gap is a time in which a node did not run or was cut off.
type Gap struct {
	Lane string `json:"lane"`
	From int64  `json:"from"`
	To   int64  `json:"to"`
	Kind string `json:"kind"` // kill, power_loss, pause, partition, delay
	What string `json:"what"` // "power loss, unsynced data lost"
}
