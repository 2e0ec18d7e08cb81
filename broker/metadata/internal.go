package metadata

// The topics in which brokers keep state of their own.
const (
	// OffsetsTopic holds what groups have committed.
	OffsetsTopic = "__consumer_offsets"
	// TransactionsTopic will hold the state of transactions.
	TransactionsTopic = "__transaction_state"
)

// IsInternal reports whether a topic is the brokers' own: clients may read it
// and not write to it.
func IsInternal(topic string) bool { return topic == OffsetsTopic || topic == TransactionsTopic }
