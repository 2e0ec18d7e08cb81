package history

// Tee hands every operation to several sinks, in their order.
type Tee []Sink

// Client implements Sink.
func (t Tee) Client(id ClientID, name string, incarnation int) {
	for _, s := range t {
		s.Client(id, name, incarnation)
	}
}

// Partition implements Sink.
func (t Tee) Partition(id PartitionID, topic string, partition int32) {
	for _, s := range t {
		s.Partition(id, topic, partition)
	}
}

// Produce implements Sink.
func (t Tee) Produce(op Produce) {
	for _, s := range t {
		s.Produce(op)
	}
}

// Read implements Sink.
func (t Tee) Read(op Read) {
	for _, s := range t {
		s.Read(op)
	}
}

// Move implements Sink.
func (t Tee) Move(op Move) {
	for _, s := range t {
		s.Move(op)
	}
}

// ListOffsets implements Sink.
func (t Tee) ListOffsets(op ListOffsets) {
	for _, s := range t {
		s.ListOffsets(op)
	}
}

// Cover implements Sink.
func (t Tee) Cover(op Cover) {
	for _, s := range t {
		s.Cover(op)
	}
}

// Replica implements Sink.
func (t Tee) Replica(op Replica) {
	for _, s := range t {
		s.Replica(op)
	}
}

// Fault implements Sink.
func (t Tee) Fault(op Fault) {
	for _, s := range t {
		s.Fault(op)
	}
}

// Border implements Sink.
func (t Tee) Border(op Border) {
	for _, s := range t {
		s.Border(op)
	}
}

// Leaderless implements Sink.
func (t Tee) Leaderless(op Leaderless) {
	for _, s := range t {
		s.Leaderless(op)
	}
}

// Process implements Sink.
func (t Tee) Process(op Process) {
	for _, s := range t {
		s.Process(op)
	}
}

// Commit implements Sink.
func (t Tee) Commit(op Commit) {
	for _, s := range t {
		s.Commit(op)
	}
}

// Transaction implements Sink.
func (t Tee) Transaction(op Transaction) {
	for _, s := range t {
		s.Transaction(op)
	}
}

// Derived implements Sink.
func (t Tee) Derived(op Derived) {
	for _, s := range t {
		s.Derived(op)
	}
}

// Ownership implements Sink.
func (t Tee) Ownership(op Ownership) {
	for _, s := range t {
		s.Ownership(op)
	}
}

// Stable implements Sink.
func (t Tee) Stable(op Stable) {
	for _, s := range t {
		s.Stable(op)
	}
}

// GroupEnd implements Sink.
func (t Tee) GroupEnd(op GroupEnd) {
	for _, s := range t {
		s.GroupEnd(op)
	}
}

// Group implements Sink.
func (t Tee) Group(id GroupID, name string) {
	for _, s := range t {
		s.Group(id, name)
	}
}

// Ignore is a Sink that drops everything. Embed it to take only some operations.
type Ignore struct{}

// Client implements Sink.
func (Ignore) Client(ClientID, string, int) {}

// Partition implements Sink.
func (Ignore) Partition(PartitionID, string, int32) {}

// Produce implements Sink.
func (Ignore) Produce(Produce) {}

// Read implements Sink.
func (Ignore) Read(Read) {}

// Move implements Sink.
func (Ignore) Move(Move) {}

// ListOffsets implements Sink.
func (Ignore) ListOffsets(ListOffsets) {}

// Cover implements Sink.
func (Ignore) Cover(Cover) {}

// Replica implements Sink.
func (Ignore) Replica(Replica) {}

// Fault implements Sink.
func (Ignore) Fault(Fault) {}

// Border implements Sink.
func (Ignore) Border(Border) {}

// Leaderless implements Sink.
func (Ignore) Leaderless(Leaderless) {}

// Process implements Sink.
func (Ignore) Process(Process) {}

// Commit implements Sink.
func (Ignore) Commit(Commit) {}

// Transaction implements Sink.
func (Ignore) Transaction(Transaction) {}

// Derived implements Sink.
func (Ignore) Derived(Derived) {}

// Ownership implements Sink.
func (Ignore) Ownership(Ownership) {}

// Stable implements Sink.
func (Ignore) Stable(Stable) {}

// GroupEnd implements Sink.
func (Ignore) GroupEnd(GroupEnd) {}

// Group implements Sink.
func (Ignore) Group(GroupID, string) {}
