// Package protocol carries the Kafka protocol over host connections: requests
// and responses as immutable messages, their frames, and the versions that
// Assay speaks. The bodies are kmsg's.
package protocol

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cespare/xxhash/v2"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
)

// Request is one request on a connection. Body carries key and version.
type Request struct {
	CorrelationID int32
	ClientID      string
	Body          kmsg.Request
	// CRCsChecked says that the CRC of every batch in a produce request was found
	// right where the frame was read, so that a node's loop need not do it. It is
	// no part of the message.
	CRCsChecked bool
}

// Response answers the Request of the same CorrelationID on its connection.
type Response struct {
	CorrelationID int32
	Body          kmsg.Response
}

// ErrFrame says that bytes are no frame of the protocol.
var ErrFrame = errors.New("malformed frame")

func (r *Request) String() string {
	return fmt.Sprintf("%s v%d #%d", kmsg.NameForKey(r.Body.Key()), r.Body.GetVersion(), r.CorrelationID)
}

func (r *Response) String() string {
	return fmt.Sprintf("%s response v%d #%d", kmsg.NameForKey(r.Body.Key()), r.Body.GetVersion(), r.CorrelationID)
}

// AppendFrame appends the request's frame, its length prefix included (request
// header version 1, or 2 where the version is flexible).
func (r *Request) AppendFrame(dst []byte) []byte {
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	dst = binary.BigEndian.AppendUint16(dst, uint16(r.Body.Key()))
	dst = binary.BigEndian.AppendUint16(dst, uint16(r.Body.GetVersion()))
	dst = binary.BigEndian.AppendUint32(dst, uint32(r.CorrelationID))
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(r.ClientID)))
	dst = append(dst, r.ClientID...)
	if r.Body.IsFlexible() {
		dst = append(dst, 0) // no tagged fields
	}
	dst = r.Body.AppendTo(dst)
	binary.BigEndian.PutUint32(dst[start:], uint32(len(dst)-start-4))
	return dst
}

// AppendFrame appends the response's frame, its length prefix included. The
// ApiVersions response header is never flexible (KIP-511).
func (r *Response) AppendFrame(dst []byte) []byte {
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	dst = binary.BigEndian.AppendUint32(dst, uint32(r.CorrelationID))
	if flexibleHeader(r.Body) {
		dst = append(dst, 0)
	}
	dst = appendBody(dst, r.Body)
	binary.BigEndian.PutUint32(dst[start:], uint32(len(dst)-start-4))
	return dst
}

func flexibleHeader(body kmsg.Response) bool {
	return body.IsFlexible() && body.Key() != int16(kmsg.ApiVersions)
}

// DecodeRequest reads a frame without its length prefix. Record bytes alias
// the frame. An error wraps ErrFrame and means that the connection must go.
// A version above what kmsg knows is an UnknownVersionError, so that the caller
// can answer it (ApiVersions is answered in version 0 with error 35).
func DecodeRequest(frame []byte) (*Request, error) {
	if len(frame) < 10 {
		return nil, fmt.Errorf("%w: request of %d bytes", ErrFrame, len(frame))
	}
	key := int16(binary.BigEndian.Uint16(frame))
	version := int16(binary.BigEndian.Uint16(frame[2:]))
	r := &Request{CorrelationID: int32(binary.BigEndian.Uint32(frame[4:]))}
	clientIDLength := int(int16(binary.BigEndian.Uint16(frame[8:])))
	rest := frame[10:]
	if clientIDLength > 0 {
		if clientIDLength > len(rest) {
			return nil, fmt.Errorf("%w: client id of %d bytes exceeds the frame", ErrFrame, clientIDLength)
		}
		r.ClientID = string(rest[:clientIDLength])
		rest = rest[clientIDLength:]
	}
	body := kmsg.RequestForKey(key)
	if body == nil || version < 0 || version > body.MaxVersion() {
		return nil, &UnknownVersionError{Key: key, Version: version, CorrelationID: r.CorrelationID}
	}
	body.SetVersion(version)
	if body.IsFlexible() {
		var err error
		if rest, err = skipTags(rest); err != nil {
			return nil, err
		}
	}
	if err := body.ReadFrom(rest); err != nil {
		return nil, fmt.Errorf("%w: %s v%d: %v", ErrFrame, kmsg.NameForKey(key), version, err)
	}
	r.Body = body
	return r, nil
}

// UnknownVersionError is a request whose key or version is not known.
type UnknownVersionError struct {
	Key, Version  int16
	CorrelationID int32
}

func (e *UnknownVersionError) Error() string {
	return fmt.Sprintf("request key %d version %d is not known", e.Key, e.Version)
}

func (e *UnknownVersionError) Unwrap() error { return ErrFrame }

// DecodeResponse reads a frame without its length prefix; body is an empty
// response of the request's key, at the request's version.
func DecodeResponse(frame []byte, body kmsg.Response) (*Response, error) {
	if len(frame) < 4 {
		return nil, fmt.Errorf("%w: response of %d bytes", ErrFrame, len(frame))
	}
	r := &Response{CorrelationID: int32(binary.BigEndian.Uint32(frame)), Body: body}
	rest := frame[4:]
	if flexibleHeader(body) {
		var err error
		if rest, err = skipTags(rest); err != nil {
			return nil, err
		}
	}
	if err := body.ReadFrom(rest); err != nil {
		return nil, fmt.Errorf("%w: %s response v%d: %v", ErrFrame, kmsg.NameForKey(body.Key()), body.GetVersion(), err)
	}
	return r, nil
}

func skipTags(b []byte) ([]byte, error) {
	count, n := binary.Uvarint(b)
	if n <= 0 {
		return nil, fmt.Errorf("%w: header tags", ErrFrame)
	}
	b = b[n:]
	for range count {
		_, n := binary.Uvarint(b)
		if n <= 0 {
			return nil, fmt.Errorf("%w: header tags", ErrFrame)
		}
		size, m := binary.Uvarint(b[n:])
		if m <= 0 || size > uint64(len(b)-n-m) {
			return nil, fmt.Errorf("%w: header tags", ErrFrame)
		}
		b = b[n+m+int(size):]
	}
	return b, nil
}

// Reencode implements host.Message.
func (r *Request) Reencode() (host.Message, error) {
	return DecodeRequest(r.AppendFrame(nil)[4:])
}

// Reencode implements host.Message.
func (r *Response) Reencode() (host.Message, error) {
	body := kmsg.ResponseForKey(r.Body.Key())
	body.SetVersion(r.Body.GetVersion())
	return DecodeResponse(r.AppendFrame(nil)[4:], body)
}

// ordinary is how many bytes most messages take whose size and fingerprint come
// of their encoding.
const ordinary = 128

// Size implements host.Message.
func (r *Request) Size() int {
	size := 4 + 8 + 2 + len(r.ClientID)
	switch body := r.Body.(type) {
	case *kmsg.ProduceRequest:
		return size + produceRequestSize(body)
	case *kmsg.FetchRequest:
		return size + fetchRequestSize(body)
	default:
		return size + len(body.AppendTo(make([]byte, 0, ordinary)))
	}
}

// Size implements host.Message.
func (r *Response) Size() int {
	switch body := r.Body.(type) {
	case *kmsg.ProduceResponse:
		return 8 + produceResponseSize(body)
	case *kmsg.FetchResponse:
		return 8 + fetchResponseSize(body)
	default:
		return 8 + len(body.AppendTo(make([]byte, 0, ordinary)))
	}
}

// Fingerprint implements host.Message.
func (r *Request) Fingerprint() uint64 {
	h := newMixer(uint64(uint32(r.CorrelationID)), r.Body.Key(), r.Body.GetVersion())
	switch body := r.Body.(type) {
	case *kmsg.ProduceRequest:
		mixProduceRequest(&h, body)
	case *kmsg.FetchRequest:
		mixFetchRequest(&h, body)
	default:
		h.bytes(body.AppendTo(make([]byte, 0, ordinary)))
	}
	return h.sum
}

// Fingerprint implements host.Message.
func (r *Response) Fingerprint() uint64 {
	h := newMixer(1<<40|uint64(uint32(r.CorrelationID)), r.Body.Key(), r.Body.GetVersion())
	switch body := r.Body.(type) {
	case *kmsg.ProduceResponse:
		mixProduceResponse(&h, body)
	case *kmsg.FetchResponse:
		mixFetchResponse(&h, body)
	default:
		h.bytes(body.AppendTo(make([]byte, 0, ordinary)))
	}
	return h.sum
}

// mixer folds 64-bit words into one sum; bytes go through xxhash.
type mixer struct{ sum uint64 }

func newMixer(id uint64, key, version int16) mixer {
	h := mixer{sum: 0x9e3779b97f4a7c15}
	h.word(id)
	h.word(uint64(uint16(key))<<16 | uint64(uint16(version)))
	return h
}

func (h *mixer) word(w uint64) {
	h.sum ^= w
	h.sum *= 0xff51afd7ed558ccd
	h.sum ^= h.sum >> 32
}

func (h *mixer) bytes(b []byte)  { h.word(xxhash.Sum64(b)) }
func (h *mixer) string(s string) { h.word(xxhash.Sum64String(s)) }
