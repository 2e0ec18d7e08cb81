package checkers

import "assay/checkers/history"

// lengths keeps exact reads of a log's end: list-offsets and empty fetches.
type lengths struct {
	history.Ignore
	partitions [][]lengthOp
}

// lengthOp says that at some moment between its call and return the log ended at end.
type lengthOp struct {
	call, ret history.Time
	end       int64
	client    history.ClientID
}

func (l *lengths) of(id history.PartitionID) []lengthOp {
	if int(id) >= len(l.partitions) {
		return nil
	}
	return l.partitions[id]
}

func (l *lengths) add(id history.PartitionID, op lengthOp) {
	if op.end < 0 {
		return
	}
	l.partitions = grow(l.partitions, int(id))
	l.partitions[id] = append(l.partitions[id], op)
}

// ListOffsets implements history.Sink.
func (l *lengths) ListOffsets(op history.ListOffsets) {
	l.add(op.Partition, lengthOp{op.Call, op.Return, op.End, op.Client})
}

// Read implements history.Sink. An empty one says where the log ended: at the
// high watermark that came with it, else at the reader's position. To a reader of
// committed records it says only that nothing more was decided.
func (l *lengths) Read(op history.Read) {
	if op.Committed || len(op.Records) > 0 || op.Next > op.From {
		return
	}
	end := op.HighWatermark
	if end == history.NoOffset {
		end = op.From
	}
	l.add(op.Partition, lengthOp{op.Call, op.Return, end, op.Client})
}
