package history

import (
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"
)

// FormatVersion is the version of the NDJSON form that Save writes. Load reads
// it and those before it. Version 2 came with groups: what they process and
// commit, and where they ended. Version 3 came with membership and transactions.
// docs/history-format.md describes it.
const FormatVersion = 3

// Save writes the history in its NDJSON form, compressed with zstd. The same
// history gives the same bytes.
func (h *History) Save(w io.Writer) error {
	// Concurrency 1 compresses in the caller's goroutine.
	z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return fmt.Errorf("history: %w", err)
	}
	if err := h.WriteNDJSON(z); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("history: %w", err)
	}
	return nil
}

// WriteNDJSON writes the history in its NDJSON form: a line with the version,
// then one line for each client, partition, group and operation.
func (h *History) WriteNDJSON(w io.Writer) error {
	n := &ndjson{out: w}
	n.line = append(n.line, `{"assay_history":`...)
	n.line = strconv.AppendInt(n.line, FormatVersion, 10)
	n.end()
	h.Replay(n)
	n.flush()
	if n.err != nil {
		return fmt.Errorf("history: %w", n.err)
	}
	return nil
}

// ndjson is a Sink that writes a line for everything. Fields have a fixed order.
type ndjson struct {
	out  io.Writer
	line []byte // the present one, behind whole ones that are not written yet
	err  error  // the first; later lines are dropped
}

// flushAt is how many bytes of lines are written at a time.
const flushAt = 64 << 10

func (n *ndjson) flush() {
	if n.err == nil {
		_, n.err = n.out.Write(n.line)
	}
	n.line = n.line[:0]
}

func (n *ndjson) begin(op string) {
	n.line = append(n.line, `{"op":"`...)
	n.line = append(n.line, op...)
	n.line = append(n.line, '"')
}

func (n *ndjson) end() {
	n.line = append(n.line, '}', '\n')
	if len(n.line) >= flushAt {
		n.flush()
	}
}

func (n *ndjson) name(field string) {
	n.line = append(n.line, ',', '"')
	n.line = append(n.line, field...)
	n.line = append(n.line, '"', ':')
}

func (n *ndjson) number(field string, v int64) {
	n.name(field)
	n.line = strconv.AppendInt(n.line, v, 10)
}

func (n *ndjson) flag(field string, v bool) {
	n.name(field)
	n.line = strconv.AppendBool(n.line, v)
}

func (n *ndjson) text(field, v string) {
	n.name(field)
	n.line = appendString(n.line, v)
}

func (n *ndjson) record(r RecordID) {
	n.line = strconv.AppendUint(n.line, uint64(r.Client()), 10)
	n.line = append(n.line, ',')
	n.line = strconv.AppendUint(n.line, uint64(r.Send()), 10)
}

func (n *ndjson) records(list []Seen) {
	n.name("records")
	n.line = append(n.line, '[')
	for i, r := range list {
		if i > 0 {
			n.line = append(n.line, ',')
		}
		n.line = append(n.line, '[')
		n.line = strconv.AppendInt(n.line, r.Offset, 10)
		n.line = append(n.line, ',')
		n.record(r.Record)
		n.line = append(n.line, ']')
	}
	n.line = append(n.line, ']')
}

// hash writes 64 bits as text: JSON readers that use floating point would round a number.
func (n *ndjson) hash(v uint64) {
	n.line = append(n.line, '"')
	n.line = strconv.AppendUint(n.line, v, 16)
	n.line = append(n.line, '"')
}

// returned leaves the field out for an operation that never returned.
func (n *ndjson) returned(t Time) {
	if t != Infinity {
		n.number("return", int64(t))
	}
}

// committed is written of what was read so, which most reads are not.
func (n *ndjson) committed(v bool) {
	if v {
		n.flag("committed", true)
	}
}

// Client implements Sink.
func (n *ndjson) Client(id ClientID, name string, incarnation int) {
	n.begin("client")
	n.number("id", int64(id))
	n.text("name", name)
	n.number("incarnation", int64(incarnation))
	n.end()
}

// Partition implements Sink.
func (n *ndjson) Partition(id PartitionID, topic string, partition int32) {
	n.begin("partition")
	n.number("id", int64(id))
	n.text("topic", topic)
	n.number("number", int64(partition))
	n.end()
}

// Group implements Sink.
func (n *ndjson) Group(id GroupID, name string) {
	n.begin("group")
	n.number("id", int64(id))
	n.text("name", name)
	n.end()
}

// Produce implements Sink.
func (n *ndjson) Produce(op Produce) {
	n.begin("produce")
	n.name("record")
	n.line = append(n.line, '[')
	n.record(op.Record)
	n.line = append(n.line, ']')
	n.number("partition", int64(op.Partition))
	if op.Key != 0 {
		n.name("key")
		n.hash(op.Key)
	}
	n.number("call", int64(op.Call))
	n.returned(op.Return)
	n.text("outcome", op.Outcome.String())
	n.number("attempts", int64(op.Attempts))
	n.number("error", int64(op.Error))
	n.number("offset", op.Offset)
	n.end()
}

// Read implements Sink.
func (n *ndjson) Read(op Read) {
	n.begin("read")
	n.number("client", int64(op.Client))
	n.number("partition", int64(op.Partition))
	n.number("call", int64(op.Call))
	n.returned(op.Return)
	n.number("from", op.From)
	n.number("next", op.Next)
	n.number("high_watermark", op.HighWatermark)
	n.flag("final", op.Final)
	n.committed(op.Committed)
	n.records(op.Records)
	n.end()
}

// Move implements Sink.
func (n *ndjson) Move(op Move) {
	n.begin("move")
	n.number("client", int64(op.Client))
	n.number("partition", int64(op.Partition))
	n.number("at", int64(op.At))
	n.number("from", op.From)
	n.number("to", op.To)
	n.text("reason", op.Reason.String())
	n.end()
}

// Process implements Sink.
func (n *ndjson) Process(op Process) {
	n.begin("process")
	n.number("client", int64(op.Client))
	n.number("group", int64(op.Group))
	n.number("partition", int64(op.Partition))
	n.number("call", int64(op.Call))
	n.returned(op.Return)
	n.records(op.Records)
	n.end()
}

// Commit implements Sink.
func (n *ndjson) Commit(op Commit) {
	n.begin("commit")
	n.number("client", int64(op.Client))
	n.number("group", int64(op.Group))
	n.number("partition", int64(op.Partition))
	n.number("generation", int64(op.Generation))
	n.number("call", int64(op.Call))
	n.returned(op.Return)
	n.text("outcome", op.Outcome.String())
	n.number("error", int64(op.Error))
	n.number("offset", op.Offset)
	if op.Transaction != 0 {
		n.number("transaction", int64(op.Transaction))
	}
	n.end()
}

// Transaction implements Sink.
func (n *ndjson) Transaction(op Transaction) {
	n.begin("transaction")
	n.number("client", int64(op.Client))
	n.number("transaction", int64(op.Number))
	n.number("first_send", int64(op.FirstSend))
	n.number("last_send", int64(op.LastSend))
	n.number("call", int64(op.Begin))
	if op.End != Infinity {
		n.number("asked", int64(op.End))
	}
	n.returned(op.Return)
	n.flag("commit", op.Commit)
	n.text("outcome", op.Outcome.String())
	n.number("error", int64(op.Error))
	n.end()
}

// Derived implements Sink.
func (n *ndjson) Derived(op Derived) {
	n.begin("derived")
	n.name("record")
	n.line = append(n.line, '[')
	n.record(op.Record)
	n.line = append(n.line, ']')
	n.number("partition", int64(op.Partition))
	n.number("offset", op.Offset)
	n.number("group", int64(op.Group))
	n.end()
}

// Ownership implements Sink.
func (n *ndjson) Ownership(op Ownership) {
	n.begin("ownership")
	n.number("client", int64(op.Client))
	n.number("group", int64(op.Group))
	n.number("partition", int64(op.Partition))
	n.number("generation", int64(op.Generation))
	n.number("at", int64(op.At))
	n.text("kind", op.Kind.String())
	n.end()
}

// Stable implements Sink.
func (n *ndjson) Stable(op Stable) {
	n.begin("stable")
	n.number("partition", int64(op.Partition))
	n.number("at", int64(op.At))
	n.number("last_stable", op.LastStableOffset)
	n.number("high_watermark", op.HighWatermark)
	n.end()
}

// GroupEnd implements Sink.
func (n *ndjson) GroupEnd(op GroupEnd) {
	n.begin("group_end")
	n.number("group", int64(op.Group))
	n.number("partition", int64(op.Partition))
	n.number("at", int64(op.At))
	n.flag("known", op.Known)
	n.number("offset", op.Offset)
	n.end()
}

// ListOffsets implements Sink.
func (n *ndjson) ListOffsets(op ListOffsets) {
	n.begin("list_offsets")
	n.number("client", int64(op.Client))
	n.number("partition", int64(op.Partition))
	n.number("call", int64(op.Call))
	n.returned(op.Return)
	n.number("end", op.End)
	n.end()
}

// Cover implements Sink.
func (n *ndjson) Cover(op Cover) {
	n.begin("cover")
	n.number("partition", int64(op.Partition))
	n.number("call", int64(op.Call))
	n.returned(op.Return)
	n.number("log_start", op.LogStart)
	n.number("end", op.End)
	n.flag("complete", op.Complete)
	n.committed(op.Committed)
	if op.IncompleteReason != "" {
		n.text("reason", op.IncompleteReason)
	}
	n.end()
}

// Replica implements Sink.
func (n *ndjson) Replica(op Replica) {
	n.begin("replica")
	n.number("at", int64(op.At))
	n.text("broker", op.Broker)
	n.number("partition", int64(op.Partition))
	n.number("leader_epoch", int64(op.LeaderEpoch))
	n.flag("leader", op.Leader)
	n.flag("whole", op.Whole)
	n.number("log_start", op.LogStart)
	n.number("high_watermark", op.HighWatermark)
	n.name("batches")
	n.line = append(n.line, '[')
	for i, b := range op.Batches {
		if i > 0 {
			n.line = append(n.line, ',')
		}
		n.line = append(n.line, '[')
		for _, v := range [...]int64{b.Base, b.Last, int64(b.LeaderEpoch)} {
			n.line = strconv.AppendInt(n.line, v, 10)
			n.line = append(n.line, ',')
		}
		n.hash(b.Hash)
		n.line = append(n.line, ']')
	}
	n.line = append(n.line, ']')
	n.end()
}

// Fault implements Sink.
func (n *ndjson) Fault(op Fault) {
	n.begin("fault")
	n.number("id", int64(op.ID))
	n.text("kind", op.Kind)
	n.name("targets")
	n.line = append(n.line, '[')
	for i, t := range op.Targets {
		if i > 0 {
			n.line = append(n.line, ',')
		}
		n.line = appendString(n.line, t)
	}
	n.line = append(n.line, ']')
	n.text("detail", op.Detail)
	n.number("call", int64(op.Start))
	n.returned(op.End)
	n.end()
}

// Border implements Sink.
func (n *ndjson) Border(op Border) {
	n.begin("border")
	n.text("phase", op.Phase.String())
	n.number("at", int64(op.At))
	n.end()
}

// Leaderless implements Sink.
func (n *ndjson) Leaderless(op Leaderless) {
	n.begin("leaderless")
	n.number("partition", int64(op.Partition))
	n.number("at", int64(op.At))
	n.text("reason", op.Reason)
	n.end()
}

// appendString quotes for JSON. What is no UTF-8 becomes the replacement
// character, as encoding/json has it.
func appendString(line []byte, s string) []byte {
	const hex = "0123456789abcdef"
	line = append(line, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			line = append(line, '\\', byte(r))
		case r < ' ':
			line = append(line, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			line = utf8.AppendRune(line, r)
		}
	}
	return append(line, '"')
}
