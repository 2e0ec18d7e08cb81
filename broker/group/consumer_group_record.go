package group

import (
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kbin"

	"assay/internal/kafka"
)

// The records of a consumerGroup, in Kafka's encodings. Those of one decision are
// appended together.

// EpochRecord is a group's epoch (ConsumerGroupMetadata) or, Deleted, the end of
// the group.
type EpochRecord struct {
	Group        string
	Deleted      bool
	Epoch        GenerationID
	MetadataHash uint64
}

// MemberRecord is what a member has said of itself (ConsumerGroupMemberMetadata)
// or, Deleted, that it is none any more.
type MemberRecord struct {
	Group   string
	Member  MemberID
	Deleted bool
	subscription
}

// TargetRecord is the epoch of a group's target
// (ConsumerGroupTargetAssignmentMetadata).
type TargetRecord struct {
	Group   string
	Deleted bool
	Epoch   GenerationID
	Since   int64 // milliseconds of the day
}

// TargetMemberRecord is the target of a member
// (ConsumerGroupTargetAssignmentMember).
type TargetMemberRecord struct {
	Group      string
	Member     MemberID
	Deleted    bool
	Partitions []PartitionID
}

// CurrentRecord is what a member has (ConsumerGroupCurrentMemberAssignment).
type CurrentRecord struct {
	Group   string
	Member  MemberID
	Deleted bool
	current
}

// ExpressionRecord is what a regular expression of members stands for
// (ConsumerGroupRegularExpression) or, Deleted, that nobody subscribes by it.
type ExpressionRecord struct {
	Group, Expression string
	Deleted           bool
	resolution
}

// Versions of the keys. All values are of version 0.
const (
	epochKey        = 3
	memberKey       = 5
	targetKey       = 6
	targetMemberKey = 7
	currentKey      = 8
	expressionKey   = 16
)

func appendKey(dst []byte, version int16, names ...string) []byte {
	dst = kbin.AppendInt16(dst, version)
	for _, name := range names {
		dst = kbin.AppendString(dst, name)
	}
	return dst
}

// AppendKey implements Record.
func (r *EpochRecord) AppendKey(dst []byte) []byte { return appendKey(dst, epochKey, r.Group) }

// AppendKey implements Record.
func (r *MemberRecord) AppendKey(dst []byte) []byte {
	return appendKey(dst, memberKey, r.Group, string(r.Member))
}

// AppendKey implements Record.
func (r *TargetRecord) AppendKey(dst []byte) []byte { return appendKey(dst, targetKey, r.Group) }

// AppendKey implements Record.
func (r *TargetMemberRecord) AppendKey(dst []byte) []byte {
	return appendKey(dst, targetMemberKey, r.Group, string(r.Member))
}

// AppendKey implements Record.
func (r *CurrentRecord) AppendKey(dst []byte) []byte {
	return appendKey(dst, currentKey, r.Group, string(r.Member))
}

// AppendKey implements Record.
func (r *ExpressionRecord) AppendKey(dst []byte) []byte {
	return appendKey(dst, expressionKey, r.Group, r.Expression)
}

// valueVersion begins every value; noTags ends a structure without tagged fields.
const (
	valueVersion = 0
	noTags       = 0
)

// noClassicMember is null, which a member's record says of what it would be by the
// classic protocol: left out, it would be there with defaults.
var noClassicMember = []byte{0}

// appendTag appends the one tagged field that a structure has, of tag 0.
func appendTag(dst, field []byte) []byte {
	dst = append(dst, 1, 0)
	return append(kbin.AppendUvarint(dst, uint32(len(field))), field...)
}

// AppendValue implements Record.
func (r *EpochRecord) AppendValue(dst []byte) ([]byte, bool) {
	if r.Deleted {
		return dst, false
	}
	dst = kbin.AppendInt32(kbin.AppendInt16(dst, valueVersion), int32(r.Epoch))
	if r.MetadataHash == 0 {
		return append(dst, noTags), true
	}
	return appendTag(dst, kbin.AppendInt64(nil, int64(r.MetadataHash))), true
}

// AppendValue implements Record.
func (r *MemberRecord) AppendValue(dst []byte) ([]byte, bool) {
	if r.Deleted {
		return dst, false
	}
	dst = kbin.AppendInt16(dst, valueVersion)
	dst = appendOptional(appendOptional(dst, r.instance), r.rack)
	dst = kbin.AppendCompactString(kbin.AppendCompactString(dst, r.clientID), r.clientHost)
	dst = kbin.AppendCompactString(appendCompactStrings(dst, r.topics), r.expression)
	dst = kbin.AppendInt32(dst, int32(r.rebalanceTimeout.Milliseconds()))
	return appendTag(appendOptional(dst, r.assignor), noClassicMember), true
}

func appendCompactStrings(dst []byte, texts []string) []byte {
	dst = kbin.AppendCompactArrayLen(dst, len(texts))
	for _, text := range texts {
		dst = kbin.AppendCompactString(dst, text)
	}
	return dst
}

func appendOptional(dst []byte, text string) []byte {
	if text == "" {
		return kbin.AppendCompactNullableString(dst, nil)
	}
	return kbin.AppendCompactString(dst, text)
}

// AppendValue implements Record.
func (r *TargetRecord) AppendValue(dst []byte) ([]byte, bool) {
	if r.Deleted {
		return dst, false
	}
	dst = kbin.AppendInt32(kbin.AppendInt16(dst, valueVersion), int32(r.Epoch))
	if r.Since == 0 {
		return append(dst, noTags), true
	}
	return appendTag(dst, kbin.AppendInt64(nil, r.Since)), true
}

// AppendValue implements Record.
func (r *TargetMemberRecord) AppendValue(dst []byte) ([]byte, bool) {
	if r.Deleted {
		return dst, false
	}
	dst = appendByTopic(kbin.AppendInt16(dst, valueVersion), len(r.Partitions), func(i int) PartitionID { return r.Partitions[i] },
		func(dst []byte, _, _ int) []byte { return append(dst, noTags) })
	return append(dst, noTags), true
}

// AppendValue implements Record.
func (r *CurrentRecord) AppendValue(dst []byte) ([]byte, bool) {
	if r.Deleted {
		return dst, false
	}
	dst = kbin.AppendInt32(kbin.AppendInt16(dst, valueVersion), int32(r.epoch))
	dst = kbin.AppendInt8(kbin.AppendInt32(dst, int32(r.previous)), int8(r.state))
	for _, held := range [][]heldPartition{r.assigned, r.revoking} {
		dst = appendByTopic(dst, len(held), func(i int) PartitionID { return held[i].PartitionID }, func(dst []byte, from, to int) []byte {
			epochs := kbin.AppendCompactArrayLen(nil, to-from)
			for _, h := range held[from:to] {
				epochs = kbin.AppendInt32(epochs, int32(h.since))
			}
			return appendTag(dst, epochs)
		})
	}
	return append(dst, noTags), true
}

// AppendValue implements Record.
func (r *ExpressionRecord) AppendValue(dst []byte) ([]byte, bool) {
	if r.Deleted {
		return dst, false
	}
	dst = appendCompactStrings(kbin.AppendInt16(dst, valueVersion), r.topics)
	return append(kbin.AppendInt64(kbin.AppendInt64(dst, r.version), r.since), noTags), true
}

// appendByTopic appends partitions, which are sorted, topic by topic; end appends
// the tags of the topic whose partitions are those numbered from, to to.
func appendByTopic(dst []byte, count int, at func(int) PartitionID, end func(dst []byte, from, to int) []byte) []byte {
	topics := 0
	for i := range count {
		if i == 0 || at(i).Topic != at(i-1).Topic {
			topics++
		}
	}
	dst = kbin.AppendCompactArrayLen(dst, topics)
	for from := 0; from < count; {
		to := from + 1
		for to < count && at(to).Topic == at(from).Topic {
			to++
		}
		dst = kbin.AppendCompactArrayLen(kbin.AppendUuid(dst, at(from).Topic), to-from)
		for i := from; i < to; i++ {
			dst = kbin.AppendInt32(dst, at(i).Partition)
		}
		dst = end(dst, from, to)
		from = to
	}
	return dst
}

// decodeConsumerGroup reads a record of a consumerGroup; false for one of another
// kind. It keeps nothing of key and value.
func (d *decoder) decodeConsumerGroup(key, value []byte) (record Record, known bool, err error) {
	k := kbin.Reader{Src: key}
	version := k.Int16()
	switch version {
	case epochKey, memberKey, targetKey, targetMemberKey, currentKey, expressionKey:
	default: // 4, too: ConsumerGroupPartitionMetadata, before there was a hash
		return nil, false, nil
	}
	name, second := k.String(), "" // a member's id, mostly
	if version != epochKey && version != targetKey {
		second = k.String()
	}
	member := MemberID(second)
	if err := k.Complete(); err != nil {
		return nil, true, fmt.Errorf("%w: key: %w", ErrRecord, err)
	}
	deleted := value == nil
	var r readable
	switch version {
	case epochKey:
		r = &EpochRecord{Group: name, Deleted: deleted}
	case memberKey:
		r = &MemberRecord{Group: name, Member: member, Deleted: deleted}
	case targetKey:
		r = &TargetRecord{Group: name, Deleted: deleted}
	case targetMemberKey:
		r = &TargetMemberRecord{Group: name, Member: member, Deleted: deleted}
	case currentKey:
		r = &CurrentRecord{Group: name, Member: member, Deleted: deleted}
	case expressionKey:
		r = &ExpressionRecord{Group: name, Expression: second, Deleted: deleted}
	}
	if deleted {
		return r, true, nil
	}
	v := &kbin.Reader{Src: value}
	if v.Int16() != valueVersion {
		return nil, true, fmt.Errorf("%w: a value of an unknown version", ErrRecord)
	}
	r.read(v)
	if err := v.Complete(); err != nil {
		return nil, true, fmt.Errorf("%w: value: %w", ErrRecord, err)
	}
	return r, true, nil
}

// readable is a record that reads its value.
type readable interface {
	Record
	read(v *kbin.Reader)
}

func (r *EpochRecord) read(v *kbin.Reader) {
	r.Epoch = GenerationID(v.Int32())
	readTags(v, func(field *kbin.Reader) { r.MetadataHash = uint64(field.Int64()) })
}

func (r *MemberRecord) read(v *kbin.Reader) {
	r.instance, r.rack = readOptional(v), readOptional(v)
	r.clientID, r.clientHost = v.CompactString(), v.CompactString()
	r.topics, r.expression = readCompactStrings(v), readOptional(v)
	r.rebalanceTimeout = time.Duration(v.Int32()) * time.Millisecond
	r.assignor = readOptional(v)
	readTags(v, func(*kbin.Reader) {})
	slices.Sort(r.topics)
}

func (r *TargetRecord) read(v *kbin.Reader) {
	r.Epoch = GenerationID(v.Int32())
	readTags(v, func(field *kbin.Reader) { r.Since = field.Int64() })
}

func (r *TargetMemberRecord) read(v *kbin.Reader) {
	for _, held := range readByTopic(v, 0) {
		r.Partitions = append(r.Partitions, held.PartitionID)
	}
	readTags(v, func(*kbin.Reader) {})
}

func (r *CurrentRecord) read(v *kbin.Reader) {
	r.epoch, r.previous, r.state = GenerationID(v.Int32()), GenerationID(v.Int32()), memberState(v.Int8())
	r.assigned, r.revoking = readByTopic(v, r.epoch), readByTopic(v, r.epoch)
	readTags(v, func(*kbin.Reader) {})
}

func (r *ExpressionRecord) read(v *kbin.Reader) {
	r.topics, r.version, r.since = readCompactStrings(v), v.Int64(), v.Int64()
	readTags(v, func(*kbin.Reader) {})
	slices.Sort(r.topics)
}

func readCompactStrings(v *kbin.Reader) (texts []string) {
	for range v.CompactArrayLen() {
		texts = append(texts, v.CompactString())
	}
	return texts
}

func readOptional(v *kbin.Reader) string {
	if text := v.CompactNullableString(); text != nil {
		return *text
	}
	return ""
}

// readByTopic reads partitions. Records from before KIP-1251 do not say since when
// a partition is the member's: since its epoch then.
func readByTopic(v *kbin.Reader, epoch GenerationID) (held []heldPartition) {
	for range v.CompactArrayLen() {
		topic, first := kafka.TopicID(v.Uuid()), len(held)
		for range v.CompactArrayLen() {
			held = append(held, heldPartition{PartitionID{topic, v.Int32()}, epoch})
		}
		readTags(v, func(field *kbin.Reader) {
			for i := range field.CompactArrayLen() {
				if since := GenerationID(field.Int32()); first+int(i) < len(held) {
					held[first+int(i)].since = since
				}
			}
		})
	}
	return sortHeld(held)
}

// readTags reads a structure's tagged fields, of which those of tag 0 are known.
func readTags(v *kbin.Reader, known func(field *kbin.Reader)) {
	for range v.Uvarint() {
		tag, field := v.Uvarint(), kbin.Reader{}
		field.Src = v.Span(int(v.Uvarint()))
		if tag == 0 && v.Ok() {
			known(&field)
		}
		if !v.Ok() {
			return
		}
	}
}
