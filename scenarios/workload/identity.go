package workload

import (
	"encoding/binary"

	"assay/checkers/history"
	"assay/clients"
	"assay/internal/batch"
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

// clientID is the client.id of an instance: as configured, else its name.
func clientID(config clients.ClientConfig, name string) string {
	if config.ID != "" {
		return config.ID
	}
	return name
}
