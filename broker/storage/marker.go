package storage

import (
	"encoding/binary"

	"assay/host"
	"assay/internal/batch"
	"assay/internal/kafka"
)

// Marker is what a transaction coordinator writes into each partition of a
// transaction to end it there (KIP-98).
type Marker struct {
	ProducerID    kafka.ProducerID
	ProducerEpoch kafka.ProducerEpoch
	// CoordinatorEpoch is the leader epoch in which the coordinator leads its
	// partition of the transaction log: a coordinator that was replaced must not
	// end anything any more.
	CoordinatorEpoch kafka.LeaderEpoch
	Commit           bool
	// TransactionVersion is the protocol that the transaction follows. From 2 on
	// (KIP-890) a marker carries the epoch after the transaction's own, which
	// tells it from a late one. It is not stored; 0 is unknown.
	TransactionVersion int16
}

// The records of a marker, as Kafka's ControlRecordType and EndTxnMarker have
// them: the key is a version and a type, the value a version and the epoch.
const (
	markerKeySize   = 2 + 2
	markerValueSize = 2 + 4
	abortMarker     = 0
	commitMarker    = 1
)

// appendTo appends the control batch that holds the marker.
func (m *Marker) appendTo(dst []byte, now host.WallTime) []byte {
	var key [markerKeySize]byte
	var value [markerValueSize]byte
	if m.Commit {
		binary.BigEndian.PutUint16(key[2:], commitMarker)
	}
	binary.BigEndian.PutUint32(value[2:], uint32(m.CoordinatorEpoch))
	var b batch.Builder
	b.Reset(dst)
	b.SetProducer(m.ProducerID, m.ProducerEpoch, kafka.NoSequence)
	b.SetTransactional()
	b.SetControl()
	b.Append(now.Millis(), key[:], value[:], nil)
	return b.Finish()
}

// readMarker reads a control batch. False: it is one of another kind, which
// ends no transaction.
func readMarker(h *batch.Header, whole []byte) (m Marker, ok bool) {
	_ = batch.ForEachRecord(whole, func(r batch.Record) error {
		if len(r.Key) < markerKeySize || len(r.Value) < markerValueSize {
			return nil
		}
		kind := binary.BigEndian.Uint16(r.Key[2:])
		if kind != abortMarker && kind != commitMarker {
			return nil
		}
		m = Marker{ProducerID: h.ProducerID, ProducerEpoch: h.ProducerEpoch,
			CoordinatorEpoch: kafka.LeaderEpoch(binary.BigEndian.Uint32(r.Value[2:])), Commit: kind == commitMarker}
		ok = true
		return nil
	})
	return m, ok
}
