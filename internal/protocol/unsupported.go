package protocol

import (
	"fmt"

	"assay/host"
)

// UnsupportedRequest is a request whose key or version the decoder does not
// know. ApiVersions is answered in version 0 with UNSUPPORTED_VERSION (KIP-511);
// anything else ends the connection.
type UnsupportedRequest struct {
	Key, Version  int16
	CorrelationID int32
}

func (r *UnsupportedRequest) String() string {
	return fmt.Sprintf("unsupported request key %d v%d #%d", r.Key, r.Version, r.CorrelationID)
}

// Size implements host.Message: that of a header.
func (r *UnsupportedRequest) Size() int { return 14 }

// Fingerprint implements host.Message.
func (r *UnsupportedRequest) Fingerprint() uint64 {
	h := newMixer(1<<41|uint64(uint32(r.CorrelationID)), r.Key, r.Version)
	return h.sum
}

// Reencode implements host.Message: what is not known cannot be decoded further.
func (r *UnsupportedRequest) Reencode() (host.Message, error) { return r, nil }
