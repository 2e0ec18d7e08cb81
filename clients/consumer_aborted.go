package clients

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/internal/batch"
	"assay/internal/kafka"
)

// abortedTransaction is one that the answer to a read_committed fetch names:
// what its producer wrote from the first offset up to its abort marker does not
// count.
type abortedTransaction struct {
	producer kafka.ProducerID
	first    kafka.Offset
}

// abortedFilter tells the batches of aborted transactions while those of one
// fetch are read in order (KIP-98; CompletedFetch of Kafka's consumer). The zero
// value lets everything pass.
type abortedFilter struct {
	listed []abortedTransaction // by first offset
	next   int                  // of listed: the first that is not reached yet
	open   []kafka.ProducerID   // whose aborted transactions the present offset is in
}

// reset starts anew with what a fetch was answered. Brokers list the
// transactions of each of their segments, in no promised order.
func (f *abortedFilter) reset(listed []kmsg.FetchResponseTopicPartitionAbortedTransaction) {
	f.listed, f.next, f.open = f.listed[:0], 0, f.open[:0]
	for _, t := range listed {
		f.listed = append(f.listed, abortedTransaction{kafka.ProducerID(t.ProducerID), kafka.Offset(t.FirstOffset)})
	}
	slices.SortFunc(f.listed, func(a, b abortedTransaction) int {
		return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.producer, b.producer))
	})
}

// drops says whether the next batch belongs to an aborted transaction. It must
// see every batch, in the log's order.
func (f *abortedFilter) drops(header *batch.Header, whole []byte) bool {
	if !header.HasProducerID() {
		return false
	}
	for ; f.next < len(f.listed) && f.listed[f.next].first <= header.LastOffset(); f.next++ {
		if producer := f.listed[f.next].producer; !slices.Contains(f.open, producer) {
			f.open = append(f.open, producer)
		}
	}
	if header.IsControl() {
		if isAbortMarker(whole) {
			f.open = slices.DeleteFunc(f.open, func(id kafka.ProducerID) bool { return id == header.ProducerID })
		}
		return false
	}
	return header.IsTransactional() && slices.Contains(f.open, header.ProducerID)
}

// isAbortMarker says whether a control batch ends a transaction without effect.
func isAbortMarker(whole []byte) (yes bool) {
	const keySize, typeAt = 4, 2 // a version and a type, of two bytes each
	_ = batch.ForEachRecord(whole, func(r batch.Record) error {
		yes = len(r.Key) >= keySize && binary.BigEndian.Uint16(r.Key[typeAt:]) == uint16(kmsg.ControlRecordKeyTypeAbort)
		return nil
	})
	return yes
}
