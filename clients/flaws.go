package clients

// Flaw is one of the museum's switches in clients; see ConsumerConfig and
// ProducerConfig. Those of brokers and controllers are broker.KnownFlaws.
type Flaw struct {
	Name   string
	About  string // one sentence
	Source string // where it happened or was argued
}

// KnownFlaws lists the switches by name.
var KnownFlaws = []Flaw{
	{"commit-before-process", "A consumer that commits by itself counts a record as consumed when it is handed out, not when the work on it is done.", "consumers' auto-commit"},
	{"consumer-no-truncation-check", "A consumer goes on at its position although the log was cut below it and has grown past it again.", "KIP-320"},
	{"seq-cache", "More batches may be in flight than the five that a broker remembers, and the producer sends again under a new epoch what it cannot know the fate of.", "KAFKA-5494"},
	{"seq-reuse", "A batch whose fate is unknown is given up, and its sequence goes to the next one.", "bugs of two client libraries"},
	{"stale-owned-claim", "The leader of a cooperative group believes what members claim to own, however old the generation of the claim.", "KAFKA-12984, KAFKA-13419"},
}
