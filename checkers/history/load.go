package history

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/klauspost/compress/zstd"
)

const (
	// maxLine bounds one line of the NDJSON form, so that a file that is none
	// does not fill the memory.
	maxLine = 256 << 20
	// maxID bounds the numbers of clients, partitions and groups: checkers index by them.
	maxID = 1 << 16
	// maxOffset leaves room for arithmetic on offsets.
	maxOffset = 1 << 60
)

// Load reads a history in its NDJSON form, compressed with zstd or plain. An
// error names the line and says what is wrong with it.
func Load(r io.Reader) (*History, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	var source io.Reader = in
	if magic, _ := in.Peek(4); bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}) {
		// Concurrency 1 decompresses in the caller's goroutine.
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, fmt.Errorf("history: %w", err)
		}
		defer z.Close()
		source = z
	}
	l := loader{history: New(), clients: map[uint32]bool{}, partitions: map[uint32]bool{}, groups: map[uint32]bool{}}
	lines := bufio.NewScanner(source)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	number := 0
	for lines.Scan() {
		number++
		if err := l.take(number, lines.Bytes()); err != nil {
			if cut := lines.Err(); cut != nil { // the line is what could be read of it
				return nil, fmt.Errorf("history: after line %d: %w", number-1, cut)
			}
			return nil, fmt.Errorf("history: line %d: %w", number, err)
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, fmt.Errorf("history: line %d: longer than %d bytes", number+1, maxLine)
	case err != nil:
		return nil, fmt.Errorf("history: after line %d: %w", number, err)
	case number == 0:
		return nil, errors.New("history: empty file, expected a first line {\"assay_history\":3}")
	}
	return l.history, nil
}

// line has every field that any line may have.
type line struct {
	Version       *int     `json:"assay_history"`
	Op            string   `json:"op"`
	ID            int64    `json:"id"`
	Name          string   `json:"name"`
	Incarnation   int      `json:"incarnation"`
	Topic         string   `json:"topic"`
	Number        int32    `json:"number"`
	Record        recordID `json:"record"`
	Client        uint32   `json:"client"`
	Partition     uint32   `json:"partition"`
	Group         uint32   `json:"group"`
	Generation    int32    `json:"generation"`
	Known         bool     `json:"known"`
	Transaction   uint32   `json:"transaction"`
	FirstSend     uint32   `json:"first_send"`
	LastSend      uint32   `json:"last_send"`
	Asked         Time     `json:"asked"`
	Commit        bool     `json:"commit"`
	LastStable    int64    `json:"last_stable"`
	Key           hash     `json:"key"`
	Call          Time     `json:"call"`
	Return        Time     `json:"return"`
	At            Time     `json:"at"`
	Outcome       string   `json:"outcome"`
	Attempts      uint8    `json:"attempts"`
	Error         int16    `json:"error"`
	Offset        int64    `json:"offset"`
	From          int64    `json:"from"`
	To            int64    `json:"to"`
	Next          int64    `json:"next"`
	End           int64    `json:"end"`
	LogStart      int64    `json:"log_start"`
	HighWatermark int64    `json:"high_watermark"`
	Final         bool     `json:"final"`
	Committed     bool     `json:"committed"`
	Complete      bool     `json:"complete"`
	Records       seenList `json:"records"`
	Batches       batches  `json:"batches"`
	Broker        string   `json:"broker"`
	LeaderEpoch   int32    `json:"leader_epoch"`
	Leader        bool     `json:"leader"`
	Whole         bool     `json:"whole"`
	Kind          string   `json:"kind"`
	Targets       []string `json:"targets"`
	Detail        string   `json:"detail"`
	Phase         string   `json:"phase"`
	Reason        string   `json:"reason"`
}

// loader checks lines and records them.
type loader struct {
	history    *History
	clients    map[uint32]bool
	partitions map[uint32]bool
	groups     map[uint32]bool
	version    int // of the format, as the first line says
	line       line
}

func (l *loader) take(number int, text []byte) error {
	l.line.empty()
	if l.line.readProduce(text) && number > 1 {
		return l.record()
	}
	l.line.empty()
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&l.line); err != nil {
		return describe(err)
	}
	if d.More() {
		return errors.New("more than one value on the line")
	}
	if number == 1 {
		return l.readVersion()
	}
	return l.record()
}

// empty makes it a line without fields. Slices keep their memory from line to
// line; what is absent has a meaning of its own.
func (v *line) empty() {
	*v = line{Return: Infinity, Asked: Infinity, Offset: NoOffset, HighWatermark: NoOffset, LastStable: NoOffset, Generation: -1,
		Records: v.Records[:0], Batches: v.Batches[:0]}
}

// record checks the line and adds it.
func (l *loader) record() error {
	if err := l.check(); err != nil {
		return err
	}
	return l.add()
}

// describe says in this format's words what the JSON reader disliked.
func describe(err error) error {
	var kind *json.UnmarshalTypeError
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("empty line")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the line ends in the middle of its value")
	case errors.As(err, &kind):
		return fmt.Errorf("field %q cannot be a %s", kind.Field, kind.Value)
	}
	return fmt.Errorf("not a line of a history: %w", err)
}

func (l *loader) readVersion() error {
	switch {
	case l.line.Version == nil:
		return errors.New("no version: the first line of a history is {\"assay_history\":3}")
	case *l.line.Version < 1 || *l.line.Version > FormatVersion:
		return fmt.Errorf("version %d of the format, this program reads versions 1 to %d", *l.line.Version, FormatVersion)
	}
	l.version = *l.line.Version
	return nil
}

// since says which version brought an op; those not listed are of the first.
var since = map[string]int{"group": 2, "process": 2, "commit": 2, "group_end": 2,
	"transaction": 3, "derived": 3, "ownership": 3, "stable": 3}

// check tests what holds for every operation.
func (l *loader) check() error {
	v := &l.line
	if came := since[v.Op]; came > l.version {
		return fmt.Errorf("op %q came with version %d of the format, but the first line says version %d", v.Op, came, l.version)
	}
	if l.version < 3 && (v.Committed || v.Transaction != 0) {
		return fmt.Errorf("fields \"committed\" and \"transaction\" came with version 3 of the format, but the first line says version %d", l.version)
	}
	for _, t := range [...]Time{v.Call, v.At} {
		if t < 0 || t == Infinity {
			return fmt.Errorf("time %d is outside the run", t)
		}
	}
	if v.Return < v.Call {
		return fmt.Errorf("returns at %d, before its call at %d", v.Return, v.Call)
	}
	for _, o := range [...]int64{v.Offset, v.From, v.To, v.Next, v.End, v.LogStart, v.HighWatermark, v.LastStable} {
		if o < NoOffset || o > maxOffset {
			return fmt.Errorf("offset %d is out of range", o)
		}
	}
	switch v.Op {
	case "read", "move", "process", "commit", "transaction", "ownership", "list_offsets":
		if !l.clients[v.Client] {
			return fmt.Errorf("client %d is not in the table", v.Client)
		}
	}
	switch v.Op {
	case "produce", "read", "move", "process", "commit", "derived", "ownership", "stable", "group_end", "list_offsets", "cover", "replica", "leaderless":
		if !l.partitions[v.Partition] {
			return fmt.Errorf("partition %d is not in the table", v.Partition)
		}
	}
	switch v.Op {
	case "process", "commit", "derived", "ownership", "group_end":
		if !l.groups[v.Group] {
			return fmt.Errorf("group %d is not in the table", v.Group)
		}
	}
	return nil
}

// add hands the line to the history.
func (l *loader) add() error {
	v, h := &l.line, l.history
	switch v.Op {
	case "client":
		if err := enter(l.clients, v.ID); err != nil {
			return err
		}
		h.Client(ClientID(v.ID), v.Name, v.Incarnation)
	case "partition":
		if err := enter(l.partitions, v.ID); err != nil {
			return err
		}
		h.Partition(PartitionID(v.ID), v.Topic, v.Number)
	case "group":
		if err := enter(l.groups, v.ID); err != nil {
			return err
		}
		h.Group(GroupID(v.ID), v.Name)
	case "produce":
		return l.produce()
	case "read":
		return l.read()
	case "move":
		reason, err := parse("reason", v.Reason, Assigned, Seek, Reset, Truncated, Committed)
		if err != nil {
			return err
		}
		h.Move(Move{ClientID(v.Client), PartitionID(v.Partition), v.At, v.From, v.To, reason})
	case "process":
		return l.process()
	case "commit":
		return l.commit()
	case "transaction":
		return l.transaction()
	case "derived":
		return l.derived()
	case "ownership":
		kind, err := parse("kind", v.Kind, Owned, Revoked, Lost)
		if err != nil {
			return err
		}
		h.Ownership(Ownership{ClientID(v.Client), GroupID(v.Group), PartitionID(v.Partition), v.Generation, v.At, kind})
	case "stable":
		h.Stable(Stable{PartitionID(v.Partition), v.At, v.LastStable, v.HighWatermark})
	case "group_end":
		h.GroupEnd(GroupEnd{GroupID(v.Group), PartitionID(v.Partition), v.At, v.Known, v.Offset})
	case "list_offsets":
		h.ListOffsets(ListOffsets{ClientID(v.Client), PartitionID(v.Partition), v.Call, v.Return, v.End})
	case "cover":
		h.Cover(Cover{PartitionID(v.Partition), v.Call, v.Return, v.LogStart, v.End, v.Complete, v.Reason, v.Committed})
	case "replica":
		h.Replica(Replica{v.At, v.Broker, PartitionID(v.Partition), v.LeaderEpoch, v.Leader, v.Whole,
			v.LogStart, v.HighWatermark, v.Batches})
	case "fault":
		h.Fault(Fault{int(v.ID), v.Kind, v.Targets, v.Detail, v.Call, v.Return})
	case "border":
		phase, err := parse("phase", v.Phase, WarmupEnds, LoadEnds, FaultsEnd, DrainEnds, RunEnds)
		if err != nil {
			return err
		}
		h.Border(Border{phase, v.At})
	case "leaderless":
		h.Leaderless(Leaderless{PartitionID(v.Partition), v.At, v.Reason})
	default:
		return fmt.Errorf("unknown op %q", v.Op)
	}
	return nil
}

func (l *loader) produce() error {
	v := &l.line
	outcome, err := parse("outcome", v.Outcome, OK, Failed, Indeterminate)
	if err != nil {
		return err
	}
	if err := l.checkIdentity(); err != nil {
		return err
	}
	l.history.Produce(Produce{RecordID(v.Record), PartitionID(v.Partition), uint64(v.Key), v.Call, v.Return, outcome,
		v.Attempts, v.Error, v.Offset})
	return nil
}

// checkIdentity tests the one record that a line is about.
func (l *loader) checkIdentity() error {
	record := RecordID(l.line.Record)
	if record.Send() == 0 {
		return errors.New("a send's number starts at 1")
	}
	if !l.clients[uint32(record.Client())] {
		return fmt.Errorf("client %d is not in the table", record.Client())
	}
	return nil
}

func (l *loader) read() error {
	v := &l.line
	if err := l.checkRecords(); err != nil {
		return err
	}
	l.history.Read(Read{ClientID(v.Client), PartitionID(v.Partition), v.Call, v.Return, v.From, v.Next,
		v.HighWatermark, v.Records, v.Final, v.Committed})
	return nil
}

func (l *loader) process() error {
	v := &l.line
	switch {
	case v.Return == Infinity:
		return errors.New("a process has a return: what was not completed is left out")
	case len(v.Records) == 0:
		return errors.New("a process has at least one record")
	}
	if err := l.checkRecords(); err != nil {
		return err
	}
	l.history.Process(Process{ClientID(v.Client), GroupID(v.Group), PartitionID(v.Partition), v.Call, v.Return, v.Records})
	return nil
}

func (l *loader) commit() error {
	v := &l.line
	outcome, err := parse("outcome", v.Outcome, OK, Failed, Indeterminate)
	switch {
	case err != nil:
		return err
	case v.Offset == NoOffset:
		return errors.New("a commit has an offset")
	}
	l.history.Commit(Commit{ClientID(v.Client), GroupID(v.Group), PartitionID(v.Partition), v.Generation, v.Call, v.Return,
		outcome, v.Error, v.Offset, v.Transaction})
	return nil
}

func (l *loader) transaction() error {
	v := &l.line
	outcome, err := parse("outcome", v.Outcome, OK, Failed, Indeterminate)
	switch {
	case err != nil:
		return err
	case v.Transaction == 0:
		return errors.New("a transaction's number starts at 1")
	case v.LastSend < v.FirstSend || v.FirstSend == 0 && v.LastSend != 0:
		return fmt.Errorf("sends %d to %d are no range; a transaction without any has 0 and 0", v.FirstSend, v.LastSend)
	case v.Asked < v.Call:
		return fmt.Errorf("its end is asked for at %d, before its begin at %d", v.Asked, v.Call)
	case v.Return < v.Asked:
		return fmt.Errorf("returns at %d, before its end is asked for", v.Return)
	}
	l.history.Transaction(Transaction{ClientID(v.Client), v.Transaction, v.FirstSend, v.LastSend, v.Call, v.Asked, v.Return,
		v.Commit, outcome, v.Error})
	return nil
}

func (l *loader) derived() error {
	v := &l.line
	if err := l.checkIdentity(); err != nil {
		return err
	}
	if v.Offset == NoOffset {
		return errors.New("a derived record has its source's offset")
	}
	l.history.Derived(Derived{RecordID(v.Record), PartitionID(v.Partition), v.Offset, GroupID(v.Group)})
	return nil
}

func (l *loader) checkRecords() error {
	for _, r := range l.line.Records {
		switch {
		case r.Offset < 0 || r.Offset > maxOffset:
			return fmt.Errorf("offset %d is out of range", r.Offset)
		case r.Record != 0 && !l.clients[uint32(r.Record.Client())]:
			return fmt.Errorf("the record at offset %d is by client %d, which is not in the table", r.Offset, r.Record.Client())
		}
	}
	return nil
}

// enter checks a new row of a table.
func enter(table map[uint32]bool, id int64) error {
	switch {
	case id < 0 || id > maxID:
		return fmt.Errorf("id %d is out of range", id)
	case table[uint32(id)]:
		return fmt.Errorf("id %d is in the table already", id)
	}
	table[uint32(id)] = true
	return nil
}

// parse finds the value that is written so.
func parse[T fmt.Stringer](field, text string, values ...T) (T, error) {
	i := slices.IndexFunc(values, func(v T) bool { return v.String() == text })
	if i < 0 {
		var none T
		return none, fmt.Errorf("unknown %s %q, one of %v is expected", field, text, values)
	}
	return values[i], nil
}

// recordID reads [client, send].
type recordID RecordID

// UnmarshalJSON implements json.Unmarshaler.
func (r *recordID) UnmarshalJSON(text []byte) error {
	t := tuples{text: text}
	t.expect('[')
	client := t.number()
	t.expect(',')
	send := t.number()
	t.expect(']')
	id, ok := join(client, send)
	if !ok || t.failed || len(t.text) > 0 {
		return errors.New("a record is [client, send]")
	}
	*r = recordID(id)
	return nil
}

// hash reads 64 bits as hexadecimal text.
type hash uint64

// UnmarshalJSON implements json.Unmarshaler.
func (h *hash) UnmarshalJSON(text []byte) error {
	t := tuples{text: text}
	v := t.hash()
	if t.failed || len(t.text) > 0 {
		return errors.New("a hash is at most 16 hexadecimal digits in quotes")
	}
	*h = hash(v)
	return nil
}

// seenList reads [[offset, client, send], ...]; client 0 and send 0 are a record without identity.
type seenList []Seen

// UnmarshalJSON implements json.Unmarshaler.
func (s *seenList) UnmarshalJSON(text []byte) error {
	t := tuples{text: text}
	list := (*s)[:0]
	for t.next(len(list)) {
		offset := t.number()
		t.expect(',')
		client := t.number()
		t.expect(',')
		send := t.number()
		t.expect(']')
		id, ok := join(client, send)
		t.failed = t.failed || !ok
		list = append(list, Seen{offset, id})
	}
	if t.failed || len(t.text) > 0 {
		return errors.New("records are [[offset, client, send], ...]")
	}
	*s = list
	return nil
}

// batches reads [[base, last, leader epoch, "hash"], ...].
type batches []Batch

// UnmarshalJSON implements json.Unmarshaler.
func (b *batches) UnmarshalJSON(text []byte) error {
	t := tuples{text: text}
	list := (*b)[:0]
	for t.next(len(list)) {
		base := t.number()
		t.expect(',')
		last := t.number()
		t.expect(',')
		epoch := t.number()
		t.expect(',')
		hash := t.hash()
		t.expect(']')
		if base < 0 || last < base || last > maxOffset || epoch != int64(int32(epoch)) {
			t.failed = true
		}
		list = append(list, Batch{base, last, int32(epoch), hash})
	}
	if t.failed || len(t.text) > 0 {
		return errors.New("batches are [[base, last, leader epoch, \"hash\"], ...] with 0 <= base <= last")
	}
	*b = list
	return nil
}

func join(client, send int64) (RecordID, bool) {
	if client < 0 || client > maxID || send < 0 || send != int64(uint32(send)) {
		return 0, false
	}
	return NewRecordID(ClientID(client), uint32(send)), true
}

// tuples reads arrays of arrays of numbers, which encoding/json has already
// found to be well-formed, without reflection.
type tuples struct {
	text   []byte
	failed bool
}

func (t *tuples) space() {
	t.text = bytes.TrimLeft(t.text, " \t\r\n")
}

func (t *tuples) expect(c byte) {
	t.space()
	if len(t.text) == 0 || t.text[0] != c {
		t.failed = true
		return
	}
	t.text = t.text[1:]
	t.space()
}

// next goes to the inside of the next tuple, or behind the end of the list.
func (t *tuples) next(have int) bool {
	if have == 0 {
		t.expect('[')
	}
	if t.failed || len(t.text) == 0 {
		t.failed = true
		return false
	}
	if t.text[0] == ']' {
		t.expect(']')
		return false
	}
	if have > 0 {
		t.expect(',')
	}
	t.expect('[')
	return !t.failed
}

func (t *tuples) number() int64 {
	n := 0
	for n < len(t.text) && (t.text[n] == '-' || '0' <= t.text[n] && t.text[n] <= '9') {
		n++
	}
	v, err := strconv.ParseInt(string(t.text[:n]), 10, 64)
	if err != nil {
		t.failed = true
		return 0
	}
	t.text = t.text[n:]
	return v
}

func (t *tuples) hash() uint64 {
	t.expect('"')
	end := bytes.IndexByte(t.text, '"')
	if end < 0 {
		t.failed = true
		return 0
	}
	v, err := strconv.ParseUint(string(t.text[:end]), 16, 64)
	if err != nil {
		t.failed = true
		return 0
	}
	t.text = t.text[end+1:]
	return v
}
