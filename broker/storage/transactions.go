package storage

import (
	"slices"
	"sort"

	"assay/internal/kafka"
)

// OpenTransaction is a transaction with records in the log and no marker yet.
type OpenTransaction struct {
	Producer kafka.ProducerID
	First    kafka.Offset // of its first record
}

// AbortedTransaction is a transaction of which readers of committed records
// leave out everything that its producer wrote from First to the marker at
// Last.
type AbortedTransaction struct {
	Producer    kafka.ProducerID
	First, Last kafka.Offset
	// stable is where the earliest transaction began that was open when this
	// one ended, or the offset after the marker: no transaction that ends later
	// begins below it. It ends a search early (Kafka's transaction index has it
	// for the same purpose).
	stable kafka.Offset
}

// endedTransaction is one whose marker may not be committed yet.
type endedTransaction struct{ first, marker kafka.Offset }

// transactions is what a log knows of transactions (KIP-98).
type transactions struct {
	open    []OpenTransaction    // by First
	ended   []endedTransaction   // by marker
	aborted []AbortedTransaction // by Last
}

func (t *transactions) begin(producer kafka.ProducerID, first kafka.Offset) {
	t.open = append(t.open, OpenTransaction{producer, first})
}

// end takes a marker at offset marker, which ends the producer's transaction.
func (t *transactions) end(producer kafka.ProducerID, marker kafka.Offset, commit bool) {
	at := slices.IndexFunc(t.open, func(o OpenTransaction) bool { return o.Producer == producer })
	first := t.open[at].First
	t.open = slices.Delete(t.open, at, at+1)
	t.ended = append(t.ended, endedTransaction{first, marker})
	if commit {
		return
	}
	stable := marker + 1
	if len(t.open) > 0 {
		stable = t.open[0].First
	}
	t.aborted = append(t.aborted, AbortedTransaction{producer, first, marker, stable})
}

// committed forgets the ended transactions whose marker is below the high
// watermark.
func (t *transactions) committed(highWatermark kafka.Offset) {
	settled := 0
	for settled < len(t.ended) && t.ended[settled].marker < highWatermark {
		settled++
	}
	if settled > 0 {
		t.ended = slices.Delete(t.ended, 0, settled)
	}
}

// firstUnstable is where the earliest transaction begins that is open or whose
// marker may not be committed; NoOffset without one.
func (t *transactions) firstUnstable() kafka.Offset {
	first := kafka.NoOffset
	if len(t.open) > 0 {
		first = t.open[0].First
	}
	for _, e := range t.ended {
		if first == kafka.NoOffset || e.first < first {
			first = e.first
		}
	}
	return first
}

// appendAborted appends those that overlap the offsets from from to before
// upTo, by Last.
func (t *transactions) appendAborted(list []AbortedTransaction, from, upTo kafka.Offset) []AbortedTransaction {
	i := sort.Search(len(t.aborted), func(i int) bool { return t.aborted[i].Last >= from })
	for ; i < len(t.aborted); i++ {
		a := t.aborted[i]
		if a.First < upTo {
			list = append(list, a)
		}
		if a.stable >= upTo {
			break
		}
	}
	return list
}

// startAt forgets what lies wholly below the log's start.
func (t *transactions) startAt(start kafka.Offset) {
	gone := sort.Search(len(t.aborted), func(i int) bool { return t.aborted[i].Last >= start })
	if gone > 0 {
		t.aborted = slices.Delete(t.aborted, 0, gone)
	}
}

func (t *transactions) reset() {
	t.open, t.ended, t.aborted = t.open[:0], t.ended[:0], t.aborted[:0]
}

// Committed says that everything below the high watermark is committed. A
// transaction is unstable until its marker is.
func (l *Log) Committed(highWatermark kafka.Offset) {
	l.producers.transactions.committed(highWatermark)
}

// FirstUnstableOffset is the offset below which every transaction is decided,
// and the decision committed as far as Committed has told; NoOffset if that
// holds for the whole log. It is never below the log's start.
func (l *Log) FirstUnstableOffset() kafka.Offset {
	if first := l.producers.transactions.firstUnstable(); first != kafka.NoOffset {
		return max(first, l.logStart)
	}
	return kafka.NoOffset
}

// AppendAborted appends to list the aborted transactions of which records or
// markers lie from from to before upTo, in the order of their markers.
func (l *Log) AppendAborted(list []AbortedTransaction, from, upTo kafka.Offset) []AbortedTransaction {
	if l.config.Flaws.NoAbortIndex {
		return list
	}
	return l.producers.transactions.appendAborted(list, from, upTo)
}

// OpenTransactions are the transactions without a marker, by first offset. The
// slice must not be changed, and is good until the next operation.
func (l *Log) OpenTransactions() []OpenTransaction { return l.producers.transactions.open }
