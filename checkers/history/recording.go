package history

import (
	"encoding/binary"
	"slices"
)

// History is a Sink that keeps what it was given: the tables of clients,
// partitions and groups, and the operations in the order in which they came,
// packed as variable-length integers. A send takes some 20 bytes, a record read about 5.
type History struct {
	clients    []clientEntry
	partitions []partitionEntry
	groups     []groupEntry
	chunks     [][]byte
	operations int
	lastCall   Time // operations store their call as the difference to the one before
}

type clientEntry struct {
	id ClientID
	ClientName
}

type partitionEntry struct {
	id PartitionID
	PartitionName
}

type groupEntry struct {
	id   GroupID
	name string
}

// New makes an empty history.
func New() *History { return &History{} }

// Operations counts what was recorded, tables apart.
func (h *History) Operations() int { return h.operations }

// Bytes is the memory that the operations take.
func (h *History) Bytes() int {
	total := 0
	for _, c := range h.chunks {
		total += cap(c)
	}
	return total
}

// ClientName finds a client's name; an unknown id has none.
func (h *History) ClientName(id ClientID) ClientName {
	for _, c := range h.clients {
		if c.id == id {
			return c.ClientName
		}
	}
	return ClientName{}
}

// PartitionName finds a partition's name; an unknown id has none.
func (h *History) PartitionName(id PartitionID) PartitionName {
	for _, p := range h.partitions {
		if p.id == id {
			return p.PartitionName
		}
	}
	return PartitionName{}
}

// GroupName finds a group's name; an unknown id has none.
func (h *History) GroupName(id GroupID) string {
	for _, g := range h.groups {
		if g.id == id {
			return g.name
		}
	}
	return ""
}

// kind is the first byte of a packed operation.
type kind byte

const (
	produceKind kind = iota
	readKind
	moveKind
	listOffsetsKind
	coverKind
	replicaKind
	faultKind
	borderKind
	leaderlessKind
	processKind
	commitKind
	groupEndKind
	transactionKind
	derivedKind
	ownershipKind
	stableKind
)

// chunkSize bounds what growing costs: a full chunk is never copied.
const chunkSize = 256 << 10

// An operation never crosses chunks. Most are far smaller than this slack.
const chunkSlack = 4 << 10

// begin returns the packer for the next operation.
func (h *History) begin(k kind) packer {
	last := len(h.chunks) - 1
	if last < 0 || len(h.chunks[last]) >= chunkSize {
		h.chunks = append(h.chunks, make([]byte, 0, chunkSize+chunkSlack))
		last++
	}
	h.operations++
	return packer{append(h.chunks[last], byte(k))}
}

func (h *History) end(p packer) { h.chunks[len(h.chunks)-1] = p.bytes }

// span packs a call and a return that may never come.
func (h *History) span(p *packer, call, ret Time) {
	p.int(int64(call - h.lastCall))
	h.lastCall = call
	if ret == Infinity {
		p.flag(false)
		return
	}
	p.flag(true)
	p.int(int64(ret - call))
}

// moment packs a time without a return.
func (h *History) moment(p *packer, at Time) {
	p.int(int64(at - h.lastCall))
	h.lastCall = at
}

// Client implements Sink.
func (h *History) Client(id ClientID, name string, incarnation int) {
	h.clients = append(h.clients, clientEntry{id, ClientName{name, incarnation}})
}

// Partition implements Sink.
func (h *History) Partition(id PartitionID, topic string, partition int32) {
	h.partitions = append(h.partitions, partitionEntry{id, PartitionName{topic, partition}})
}

// Group implements Sink.
func (h *History) Group(id GroupID, name string) {
	h.groups = append(h.groups, groupEntry{id, name})
}

// Produce implements Sink.
func (h *History) Produce(op Produce) {
	p := h.begin(produceKind)
	p.record(op.Record)
	p.uint(uint64(op.Partition))
	p.fixed(op.Key)
	h.span(&p, op.Call, op.Return)
	p.uint(uint64(op.Outcome))
	p.uint(uint64(op.Attempts))
	p.int(int64(op.Error))
	p.int(op.Offset)
	h.end(p)
}

// Read implements Sink.
func (h *History) Read(op Read) {
	p := h.begin(readKind)
	p.uint(uint64(op.Client))
	p.uint(uint64(op.Partition))
	h.span(&p, op.Call, op.Return)
	p.int(op.From)
	p.int(op.Next - op.From)
	p.int(op.HighWatermark)
	p.flag(op.Final)
	p.flag(op.Committed)
	p.records(op.From, op.Records)
	h.end(p)
}

// Move implements Sink.
func (h *History) Move(op Move) {
	p := h.begin(moveKind)
	p.uint(uint64(op.Client))
	p.uint(uint64(op.Partition))
	h.moment(&p, op.At)
	p.int(op.From)
	p.int(op.To)
	p.uint(uint64(op.Reason))
	h.end(p)
}

// Process implements Sink.
func (h *History) Process(op Process) {
	p := h.begin(processKind)
	p.uint(uint64(op.Client))
	p.uint(uint64(op.Group))
	p.uint(uint64(op.Partition))
	h.span(&p, op.Call, op.Return)
	p.records(0, op.Records)
	h.end(p)
}

// Commit implements Sink.
func (h *History) Commit(op Commit) {
	p := h.begin(commitKind)
	p.uint(uint64(op.Client))
	p.uint(uint64(op.Group))
	p.uint(uint64(op.Partition))
	p.int(int64(op.Generation))
	h.span(&p, op.Call, op.Return)
	p.uint(uint64(op.Outcome))
	p.int(int64(op.Error))
	p.int(op.Offset)
	p.uint(uint64(op.Transaction))
	h.end(p)
}

// Transaction implements Sink.
func (h *History) Transaction(op Transaction) {
	p := h.begin(transactionKind)
	p.uint(uint64(op.Client))
	p.uint(uint64(op.Number))
	p.uint(uint64(op.FirstSend))
	p.uint(uint64(op.LastSend))
	h.span(&p, op.Begin, op.End)
	h.span(&p, op.Begin, op.Return)
	p.flag(op.Commit)
	p.uint(uint64(op.Outcome))
	p.int(int64(op.Error))
	h.end(p)
}

// Derived implements Sink.
func (h *History) Derived(op Derived) {
	p := h.begin(derivedKind)
	p.record(op.Record)
	p.uint(uint64(op.Partition))
	p.int(op.Offset)
	p.uint(uint64(op.Group))
	h.end(p)
}

// Ownership implements Sink.
func (h *History) Ownership(op Ownership) {
	p := h.begin(ownershipKind)
	p.uint(uint64(op.Client))
	p.uint(uint64(op.Group))
	p.uint(uint64(op.Partition))
	p.int(int64(op.Generation))
	h.moment(&p, op.At)
	p.uint(uint64(op.Kind))
	h.end(p)
}

// Stable implements Sink.
func (h *History) Stable(op Stable) {
	p := h.begin(stableKind)
	p.uint(uint64(op.Partition))
	h.moment(&p, op.At)
	p.int(op.LastStableOffset)
	p.int(op.HighWatermark)
	h.end(p)
}

// GroupEnd implements Sink.
func (h *History) GroupEnd(op GroupEnd) {
	p := h.begin(groupEndKind)
	p.uint(uint64(op.Group))
	p.uint(uint64(op.Partition))
	h.moment(&p, op.At)
	p.flag(op.Known)
	p.int(op.Offset)
	h.end(p)
}

// ListOffsets implements Sink.
func (h *History) ListOffsets(op ListOffsets) {
	p := h.begin(listOffsetsKind)
	p.uint(uint64(op.Client))
	p.uint(uint64(op.Partition))
	h.span(&p, op.Call, op.Return)
	p.int(op.End)
	h.end(p)
}

// Cover implements Sink.
func (h *History) Cover(op Cover) {
	p := h.begin(coverKind)
	p.uint(uint64(op.Partition))
	h.span(&p, op.Call, op.Return)
	p.int(op.LogStart)
	p.int(op.End)
	p.flag(op.Complete)
	p.text(op.IncompleteReason)
	p.flag(op.Committed)
	h.end(p)
}

// Replica implements Sink.
func (h *History) Replica(op Replica) {
	p := h.begin(replicaKind)
	h.moment(&p, op.At)
	p.text(op.Broker)
	p.uint(uint64(op.Partition))
	p.int(int64(op.LeaderEpoch))
	p.flag(op.Leader)
	p.flag(op.Whole)
	p.int(op.LogStart)
	p.int(op.HighWatermark)
	p.uint(uint64(len(op.Batches)))
	expected := op.LogStart
	for _, b := range op.Batches {
		p.int(b.Base - expected)
		p.int(b.Last - b.Base)
		p.int(int64(b.LeaderEpoch))
		p.fixed(b.Hash)
		expected = b.Last + 1
	}
	h.end(p)
}

// Fault implements Sink.
func (h *History) Fault(op Fault) {
	p := h.begin(faultKind)
	p.int(int64(op.ID))
	p.text(op.Kind)
	p.uint(uint64(len(op.Targets)))
	for _, t := range op.Targets {
		p.text(t)
	}
	p.text(op.Detail)
	h.span(&p, op.Start, op.End)
	h.end(p)
}

// Border implements Sink.
func (h *History) Border(op Border) {
	p := h.begin(borderKind)
	p.uint(uint64(op.Phase))
	h.moment(&p, op.At)
	h.end(p)
}

// Leaderless implements Sink.
func (h *History) Leaderless(op Leaderless) {
	p := h.begin(leaderlessKind)
	p.uint(uint64(op.Partition))
	h.moment(&p, op.At)
	p.text(op.Reason)
	h.end(p)
}

// Replay hands the tables and then every operation to a sink, in the order in
// which they were recorded.
func (h *History) Replay(s Sink) {
	for _, c := range h.clients {
		s.Client(c.id, c.Name, c.Incarnation)
	}
	for _, p := range h.partitions {
		s.Partition(p.id, p.Topic, p.Partition)
	}
	for _, g := range h.groups {
		s.Group(g.id, g.name)
	}
	u := unpacker{}
	for _, chunk := range h.chunks {
		u.bytes = chunk
		for len(u.bytes) > 0 {
			u.operation(s)
		}
	}
}

// packer appends numbers and texts.
type packer struct{ bytes []byte }

func (p *packer) uint(v uint64)  { p.bytes = binary.AppendUvarint(p.bytes, v) }
func (p *packer) int(v int64)    { p.bytes = binary.AppendVarint(p.bytes, v) }
func (p *packer) fixed(v uint64) { p.bytes = binary.LittleEndian.AppendUint64(p.bytes, v) }

func (p *packer) flag(v bool) {
	b := byte(0)
	if v {
		b = 1
	}
	p.bytes = append(p.bytes, b)
}

func (p *packer) text(s string) {
	p.uint(uint64(len(s)))
	p.bytes = append(p.bytes, s...)
}

func (p *packer) record(r RecordID) {
	p.uint(uint64(r.Client()))
	p.uint(uint64(r.Send()))
}

// records packs records by the distance of each offset to the one after the last.
func (p *packer) records(expected int64, list []Seen) {
	p.uint(uint64(len(list)))
	for _, r := range list {
		p.int(r.Offset - expected)
		p.record(r.Record)
		expected = r.Offset + 1
	}
}

// unpacker reads what packer wrote. The bytes are our own, so that a mismatch is
// our bug and panics.
type unpacker struct {
	bytes    []byte
	lastCall Time
	records  []Seen
	batches  []Batch
}

func (u *unpacker) uint() uint64 {
	v, n := binary.Uvarint(u.bytes)
	u.bytes = u.bytes[n:]
	return v
}

func (u *unpacker) int() int64 {
	v, n := binary.Varint(u.bytes)
	u.bytes = u.bytes[n:]
	return v
}

func (u *unpacker) fixed() uint64 {
	v := binary.LittleEndian.Uint64(u.bytes)
	u.bytes = u.bytes[8:]
	return v
}

func (u *unpacker) flag() bool {
	v := u.bytes[0] != 0
	u.bytes = u.bytes[1:]
	return v
}

func (u *unpacker) text() string {
	n := u.uint()
	s := string(u.bytes[:n])
	u.bytes = u.bytes[n:]
	return s
}

func (u *unpacker) record() RecordID {
	client := ClientID(u.uint())
	return NewRecordID(client, uint32(u.uint()))
}

func (u *unpacker) moment() Time {
	u.lastCall += Time(u.int())
	return u.lastCall
}

func (u *unpacker) span() (call, ret Time) {
	call = u.moment()
	if !u.flag() {
		return call, Infinity
	}
	return call, call + Time(u.int())
}

// operation hands one operation to a sink. Fields are read in the order in
// which they were packed; Go evaluates a literal's calls from left to right.
func (u *unpacker) operation(s Sink) {
	k := kind(u.bytes[0])
	u.bytes = u.bytes[1:]
	switch k {
	case produceKind:
		op := Produce{Record: u.record(), Partition: PartitionID(u.uint()), Key: u.fixed()}
		op.Call, op.Return = u.span()
		op.Outcome, op.Attempts = Outcome(u.uint()), uint8(u.uint())
		op.Error, op.Offset = int16(u.int()), u.int()
		s.Produce(op)
	case readKind:
		s.Read(u.read())
	case moveKind:
		s.Move(Move{Client: ClientID(u.uint()), Partition: PartitionID(u.uint()), At: u.moment(),
			From: u.int(), To: u.int(), Reason: MoveReason(u.uint())})
	case processKind:
		op := Process{Client: ClientID(u.uint()), Group: GroupID(u.uint()), Partition: PartitionID(u.uint())}
		op.Call, op.Return = u.span()
		op.Records = u.seen(0)
		s.Process(op)
	case commitKind:
		op := Commit{Client: ClientID(u.uint()), Group: GroupID(u.uint()), Partition: PartitionID(u.uint()), Generation: int32(u.int())}
		op.Call, op.Return = u.span()
		op.Outcome, op.Error, op.Offset = Outcome(u.uint()), int16(u.int()), u.int()
		op.Transaction = uint32(u.uint())
		s.Commit(op)
	case transactionKind:
		s.Transaction(u.transaction())
	case derivedKind:
		s.Derived(Derived{Record: u.record(), Partition: PartitionID(u.uint()), Offset: u.int(), Group: GroupID(u.uint())})
	case ownershipKind:
		s.Ownership(Ownership{Client: ClientID(u.uint()), Group: GroupID(u.uint()), Partition: PartitionID(u.uint()),
			Generation: int32(u.int()), At: u.moment(), Kind: OwnershipKind(u.uint())})
	case stableKind:
		s.Stable(Stable{Partition: PartitionID(u.uint()), At: u.moment(), LastStableOffset: u.int(), HighWatermark: u.int()})
	case groupEndKind:
		s.GroupEnd(GroupEnd{Group: GroupID(u.uint()), Partition: PartitionID(u.uint()), At: u.moment(), Known: u.flag(), Offset: u.int()})
	case listOffsetsKind:
		op := ListOffsets{Client: ClientID(u.uint()), Partition: PartitionID(u.uint())}
		op.Call, op.Return = u.span()
		op.End = u.int()
		s.ListOffsets(op)
	case coverKind:
		op := Cover{Partition: PartitionID(u.uint())}
		op.Call, op.Return = u.span()
		op.LogStart, op.End, op.Complete, op.IncompleteReason, op.Committed = u.int(), u.int(), u.flag(), u.text(), u.flag()
		s.Cover(op)
	case replicaKind:
		s.Replica(u.replica())
	case faultKind:
		op := Fault{ID: int(u.int()), Kind: u.text()}
		for n := u.uint(); n > 0; n-- {
			op.Targets = append(op.Targets, u.text())
		}
		op.Detail = u.text()
		op.Start, op.End = u.span()
		s.Fault(op)
	case borderKind:
		s.Border(Border{Phase: Phase(u.uint()), At: u.moment()})
	case leaderlessKind:
		s.Leaderless(Leaderless{Partition: PartitionID(u.uint()), At: u.moment(), Reason: u.text()})
	default:
		panic("history: unknown kind of operation")
	}
}

func (u *unpacker) read() Read {
	op := Read{Client: ClientID(u.uint()), Partition: PartitionID(u.uint())}
	op.Call, op.Return = u.span()
	op.From = u.int()
	op.Next = op.From + u.int()
	op.HighWatermark, op.Final, op.Committed = u.int(), u.flag(), u.flag()
	op.Records = u.seen(op.From)
	return op
}

func (u *unpacker) transaction() Transaction {
	op := Transaction{Client: ClientID(u.uint()), Number: uint32(u.uint()), FirstSend: uint32(u.uint()), LastSend: uint32(u.uint())}
	op.Begin, op.End = u.span()
	_, op.Return = u.span()
	op.Commit, op.Outcome, op.Error = u.flag(), Outcome(u.uint()), int16(u.int())
	return op
}

// seen reads a list of records into memory that the next list takes over.
func (u *unpacker) seen(expected int64) []Seen {
	n := int(u.uint())
	u.records = slices.Grow(u.records[:0], n)
	for range n {
		offset := expected + u.int()
		u.records = append(u.records, Seen{Offset: offset, Record: u.record()})
		expected = offset + 1
	}
	return u.records
}

func (u *unpacker) replica() Replica {
	op := Replica{At: u.moment(), Broker: u.text(), Partition: PartitionID(u.uint()), LeaderEpoch: int32(u.int()),
		Leader: u.flag(), Whole: u.flag(), LogStart: u.int(), HighWatermark: u.int()}
	n := int(u.uint())
	u.batches = slices.Grow(u.batches[:0], n)
	expected := op.LogStart
	for range n {
		b := Batch{Base: expected + u.int()}
		b.Last = b.Base + u.int()
		b.LeaderEpoch, b.Hash = int32(u.int()), u.fixed()
		u.batches = append(u.batches, b)
		expected = b.Last + 1
	}
	op.Batches = u.batches
	return op
}
