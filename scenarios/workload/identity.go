package workload

import (
	"encoding/binary"
	"strconv"

	"github.com/cespare/xxhash/v2"

	"assay/checkers/history"
	"assay/clients"
	"assay/internal/batch"
	"assay/internal/kafka"
)

// IdentityHeader is the name of the record header that carries a
// history.RecordID as 8 big-endian bytes. A retry keeps it.
const IdentityHeader = "assay-id"

// RecordIDOf reads a record's identity, 0 where it has none of ours.
func RecordIDOf(r *batch.Record) history.RecordID {
	value, ok := r.Header(IdentityHeader)
	if !ok || len(value) != 8 {
		return 0
	}
	return history.RecordID(binary.BigEndian.Uint64(value))
}

// SourceHeader is the name of the header that says which record an output was
// made of: topic/partition/offset.
const SourceHeader = "assay-src"

// outputHeaders is memory for the headers of one output.
type outputHeaders struct {
	list     [2]batch.RecordHeader
	identity [8]byte
	source   []byte
}

// of are the headers of an output; they are good until the next call.
func (h *outputHeaders) of(id history.RecordID, source kafka.TopicPartition, offset kafka.Offset) []batch.RecordHeader {
	binary.BigEndian.PutUint64(h.identity[:], uint64(id))
	h.source = append(append(h.source[:0], source.Topic...), '/')
	h.source = append(strconv.AppendInt(h.source, int64(source.Partition), 10), '/')
	h.source = strconv.AppendInt(h.source, int64(offset), 10)
	h.list[0] = batch.RecordHeader{Key: IdentityHeader, Value: h.identity[:]}
	h.list[1] = batch.RecordHeader{Key: SourceHeader, Value: h.source}
	return h.list[:]
}

// keyHash is a key as histories tell it, 0 for none.
func keyHash(key []byte) uint64 {
	if key == nil {
		return 0
	}
	return xxhash.Sum64(key)
}

// clientID is the client.id of an instance: as configured, else its name.
func clientID(config clients.ClientConfig, name string) string {
	if config.ID != "" {
		return config.ID
	}
	return name
}
