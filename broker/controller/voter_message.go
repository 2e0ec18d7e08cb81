package controller

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cespare/xxhash/v2"
	pb "go.etcd.io/raft/v3/raftpb"

	"assay/host"
)

// voterMessage is raft's own message between two voters, encoded where it leaves:
// raft goes on writing into its structures after it handed them out. A snapshot longer than a chunk travels in several
// messages that differ in their part of it alone.
type voterMessage struct {
	encoded []byte // header, without the snapshot's data
	// The snapshot's data from position on, of length in all; nil in other messages.
	chunk    []byte
	position int
	length   int
}

// Size implements host.Message.
func (m *voterMessage) Size() int { return 4 + 16 + len(m.encoded) + len(m.chunk) }

// Fingerprint implements host.Message.
func (m *voterMessage) Fingerprint() uint64 { return xxhash.Sum64(m.appendFrame(nil)) }

// Reencode implements host.Message.
func (m *voterMessage) Reencode() (host.Message, error) { return decodeVoterFrame(m.appendFrame(nil)) }

func (m *voterMessage) appendFrame(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(m.position))
	dst = binary.AppendUvarint(dst, uint64(m.length))
	dst = binary.AppendUvarint(dst, uint64(len(m.encoded)))
	dst = append(dst, m.encoded...)
	return append(dst, m.chunk...)
}

func decodeVoterFrame(frame []byte) (*voterMessage, error) {
	in := wireReader{rest: frame}
	m := &voterMessage{position: int(in.uvarint()), length: int(in.uvarint())}
	m.encoded = in.take(in.uvarint())
	if in.bad || m.position < 0 || m.length < 0 || m.position > m.length || len(in.rest) > m.length-m.position {
		return nil, errVoterMessage
	}
	if len(in.rest) > 0 {
		m.chunk = in.rest
	}
	return m, nil
}

var errVoterMessage = errors.New("malformed message between voters")

// logEntry is one entry of the raft log, ours. Data is frozen.
type logEntry struct {
	index, term uint64
	data        []byte
}

// hardState is what a voter must not forget.
type hardState struct {
	term, vote, commit uint64
}

// splitMessage encodes a raft message, a snapshot in chunks.
func splitMessage(m *pb.Message, chunkLength int) []*voterMessage {
	encoded := appendRaftMessage(nil, m)
	if m.Snapshot == nil || len(m.Snapshot.Data) == 0 {
		return []*voterMessage{{encoded: encoded}}
	}
	data := m.Snapshot.Data
	var parts []*voterMessage
	for position := 0; position < len(data); position += chunkLength {
		end := min(position+chunkLength, len(data))
		parts = append(parts, &voterMessage{encoded: encoded, chunk: data[position:end], position: position, length: len(data)})
	}
	return parts
}

// snapshotParts puts the chunks that arrive on one connection together.
type snapshotParts struct{ data []byte }

// add returns the raft message once it is whole, else nil. A chunk out of place
// is an error; the connection that brought it is of no more use.
func (p *snapshotParts) add(m *voterMessage) (*pb.Message, error) {
	if m.length == 0 {
		return decodeRaftMessage(m.encoded, nil)
	}
	if m.position == 0 {
		p.data = nil
	}
	if m.position != len(p.data) || len(m.chunk) == 0 {
		return nil, fmt.Errorf("%w: snapshot chunk at %d after %d bytes", errVoterMessage, m.position, len(p.data))
	}
	p.data = append(p.data, m.chunk...)
	if len(p.data) < m.length {
		return nil, nil
	}
	data := p.data
	p.data = nil
	return decodeRaftMessage(m.encoded, data)
}

func appendRaftMessage(dst []byte, m *pb.Message) []byte {
	var snapshot pb.SnapshotMetadata
	if m.Snapshot != nil {
		snapshot = m.Snapshot.Metadata
	}
	for _, v := range [...]uint64{
		uint64(m.Type), m.To, m.From, m.Term, m.LogTerm, m.Index, m.Commit, m.Vote, truth(m.Reject), m.RejectHint,
		truth(m.Snapshot != nil), snapshot.Index, snapshot.Term, uint64(len(m.Entries)),
	} {
		dst = binary.AppendUvarint(dst, v)
	}
	for _, e := range m.Entries {
		dst = appendEntry(dst, e)
	}
	return appendBytes(dst, m.Context)
}

// decodeRaftMessage reads a message; its snapshot lacks the configuration, which
// is static: quorum fills it in.
func decodeRaftMessage(encoded, snapshotData []byte) (*pb.Message, error) {
	in := wireReader{rest: encoded}
	m := &pb.Message{
		Type: pb.MessageType(in.uvarint()), To: in.uvarint(), From: in.uvarint(), Term: in.uvarint(),
		LogTerm: in.uvarint(), Index: in.uvarint(), Commit: in.uvarint(), Vote: in.uvarint(),
		Reject: in.uvarint() != 0, RejectHint: in.uvarint(),
	}
	hasSnapshot := in.uvarint() != 0
	metadata := pb.SnapshotMetadata{Index: in.uvarint(), Term: in.uvarint()}
	if hasSnapshot {
		m.Snapshot = &pb.Snapshot{Data: snapshotData, Metadata: metadata}
	}
	for range in.uvarint() {
		entry := in.entry()
		if in.bad {
			break
		}
		m.Entries = append(m.Entries, entry.raft())
	}
	m.Context = in.bytes()
	if in.bad || len(in.rest) > 0 {
		return nil, errVoterMessage
	}
	return m, nil
}

func (e logEntry) raft() pb.Entry {
	return pb.Entry{Type: pb.EntryNormal, Index: e.index, Term: e.term, Data: e.data}
}

func appendEntry(dst []byte, e pb.Entry) []byte {
	dst = binary.AppendUvarint(dst, e.Index)
	dst = binary.AppendUvarint(dst, e.Term)
	return appendBytes(dst, e.Data)
}

func appendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

func truth(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// wireReader takes values off the front; the first mistake sets bad.
type wireReader struct {
	rest []byte
	bad  bool
}

func (in *wireReader) uvarint() uint64 {
	v, n := binary.Uvarint(in.rest)
	if n <= 0 {
		in.bad, in.rest = true, nil
		return 0
	}
	in.rest = in.rest[n:]
	return v
}

func (in *wireReader) take(n uint64) []byte {
	if n > uint64(len(in.rest)) {
		in.bad, in.rest = true, nil
		return nil
	}
	taken := in.rest[:n:n]
	in.rest = in.rest[n:]
	return taken
}

// bytes copies: what it returns outlives the frame.
func (in *wireReader) bytes() []byte {
	taken := in.take(in.uvarint())
	if len(taken) == 0 {
		return nil
	}
	return append([]byte(nil), taken...)
}

func (in *wireReader) entry() logEntry {
	return logEntry{index: in.uvarint(), term: in.uvarint(), data: in.bytes()}
}
