package checkers

import "assay/checkers/history"

// stableLogs is what the covering reads of committed records returned: the logs
// as a reader with isolation.level=read_committed has them in the end.
type stableLogs struct {
	history.Ignore
	ledger ledger
}

// Read implements history.Sink.
func (l *stableLogs) Read(op history.Read) {
	if op.Final && op.Committed {
		op.Committed = false // to this ledger it is the final read
		l.ledger.Read(op)
	}
}

// Cover implements history.Sink.
func (l *stableLogs) Cover(op history.Cover) {
	if op.Committed {
		op.Committed = false
		l.ledger.Cover(op)
	}
}

// place is where a record was returned, plus one; 0 for nowhere.
func (l *stableLogs) place(r history.RecordID) int64 {
	if c := int(r.Client()); c < len(l.ledger.senders) {
		return l.ledger.senders[c].get(int64(r.Send())).final
	}
	return 0
}

// stableLogs prepares the logs of all partitions as readers of committed records
// have them, indexed by id like finalLogs.
func (e *evidence) stableLogs() []*finalLog {
	if last := len(e.ledger.partitions) - 1; last >= 0 {
		e.stable.ledger.partition(history.PartitionID(last))
	}
	inner := evidence{names: e.names, ledger: &e.stable.ledger}
	return inner.finalLogs(Scope{})
}
