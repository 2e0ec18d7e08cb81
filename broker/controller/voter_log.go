package controller

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"

	pb "go.etcd.io/raft/v3/raftpb"

	"assay/host"
)

// voterLog is a voter's durable state: one file a generation, which begins with
// a snapshot and goes on with hard states and entries in the order of writing.
//
//	quorum/00000007.log: frames of length (4), CRC-32C (4), kind (1), body
//
// A generation is only ever written by the incarnation that began it: a start
// and a snapshot begin a new one, under a temporary name until its first sync is
// done, and remove the older ones after its name is durable. So a torn tail is
// never appended to, and a complete name means a complete beginning.
type voterLog struct {
	fs         host.FS
	generation uint64
	file       host.File
	state      rotation
	anchored   bool // the directory's own name is durable
	buffer     []byte
}

const (
	quorumDirectory = "quorum"
	logSuffix       = ".log"
	temporarySuffix = ".tmp"
	frameHeader     = 9
)

type frameKind byte

const (
	frameSnapshot  frameKind = 1 // index, term, data
	frameHardState frameKind = 2 // term, vote, commit
	frameEntry     frameKind = 3 // index, term, data; replaces all from its index on
)

// rotation is how far a generation's beginning is durable.
type rotation int

const (
	beginning rotation = iota // its content waits for a sync
	renamed                   // its name waits for a sync of the directory
	listed                    // the directory's name waits for a sync of the root
	settled                   // it is the generation to recover from
)

// A new generation may begin at any time; the one before is then abandoned.
var rotationFollows = map[rotation][]rotation{
	beginning: {renamed, beginning}, renamed: {listed, settled, beginning}, listed: {settled, beginning}, settled: {beginning},
}

// recovered is what a voter finds at its start.
type recovered struct {
	snapshotIndex, snapshotTerm uint64
	snapshot                    []byte // nil is none
	state                       hardState
	entries                     []logEntry // consecutive, after the snapshot's index
}

// errVoterLog says that a voter's durable state cannot be trusted.
var errVoterLog = errors.New("metadata log is corrupt")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// openVoterLog reads the newest generation. The caller begins a new one with
// what it returns.
func openVoterLog(fs host.FS) (*voterLog, recovered, error) {
	if err := fs.MkdirAll(quorumDirectory); err != nil {
		return nil, recovered{}, err
	}
	l := &voterLog{fs: fs, state: settled}
	names, err := fs.List(quorumDirectory)
	if err != nil {
		return nil, recovered{}, err
	}
	newest := ""
	for _, name := range names { // sorted: the last is the newest
		if strings.HasSuffix(name, logSuffix) {
			newest = name
		}
	}
	if newest == "" {
		return l, recovered{}, nil
	}
	if _, err := fmt.Sscanf(newest, "%08d"+logSuffix, &l.generation); err != nil {
		return nil, recovered{}, fmt.Errorf("%w: file %s", errVoterLog, newest)
	}
	state, err := readGeneration(fs, quorumDirectory+"/"+newest)
	return l, state, err
}

func readGeneration(fs host.FS, name string) (recovered, error) {
	file, err := fs.Open(name)
	if err != nil {
		return recovered{}, err
	}
	content, err := file.View(0, int(file.Size()))
	if err != nil {
		return recovered{}, err
	}
	state, err := parseGeneration(content)
	if err != nil {
		return recovered{}, fmt.Errorf("%s: %w", name, err)
	}
	return state, file.Close()
}

// parseGeneration reads frames up to the first that is torn: what follows was
// never acknowledged. A generation without its beginning is corrupt.
func parseGeneration(content []byte) (recovered, error) {
	var r recovered
	first := true
	for {
		kind, body, rest := nextFrame(content)
		if body == nil {
			break
		}
		if first != (kind == frameSnapshot) {
			return r, fmt.Errorf("%w: frame of kind %d", errVoterLog, kind)
		}
		first = false
		if err := r.replay(kind, body); err != nil {
			return r, err
		}
		content = rest
	}
	if first {
		return r, fmt.Errorf("%w: no snapshot", errVoterLog)
	}
	return r, nil
}

func nextFrame(content []byte) (kind frameKind, body, rest []byte) {
	if len(content) < frameHeader {
		return 0, nil, nil
	}
	length := uint64(binary.BigEndian.Uint32(content))
	if length == 0 || length > uint64(len(content)-8) {
		return 0, nil, nil
	}
	checked := content[8 : 8+length]
	if crc32.Checksum(checked, castagnoli) != binary.BigEndian.Uint32(content[4:]) {
		return 0, nil, nil
	}
	return frameKind(checked[0]), checked[1:], content[8+length:]
}

func (r *recovered) replay(kind frameKind, body []byte) error {
	in := wireReader{rest: body}
	switch kind {
	case frameSnapshot:
		r.snapshotIndex, r.snapshotTerm, r.snapshot = in.uvarint(), in.uvarint(), in.bytes()
	case frameHardState:
		r.state = hardState{term: in.uvarint(), vote: in.uvarint(), commit: in.uvarint()}
	case frameEntry:
		entry := in.entry()
		if entry.index <= r.snapshotIndex || entry.index > r.snapshotIndex+uint64(len(r.entries))+1 {
			return fmt.Errorf("%w: entry %d after %d", errVoterLog, entry.index, r.snapshotIndex+uint64(len(r.entries)))
		}
		r.entries = append(r.entries[:entry.index-r.snapshotIndex-1], entry)
	default:
		in.bad = true
	}
	if in.bad || len(in.rest) > 0 {
		return fmt.Errorf("%w: frame of kind %d", errVoterLog, kind)
	}
	return nil
}

// begin starts a new generation. From now on appends go to it alone, and
// nothing is durable before settled.
func (l *voterLog) begin(snapshot pb.Snapshot, state hardState, entries []pb.Entry) error {
	l.generation++
	if l.file != nil {
		if err := l.file.Close(); err != nil {
			return err
		}
	}
	file, err := l.fs.Create(l.name() + temporarySuffix)
	if errors.Is(err, host.ErrExist) { // left by a crash before its rename
		if err = l.fs.Remove(l.name() + temporarySuffix); err == nil {
			file, err = l.fs.Create(l.name() + temporarySuffix)
		}
	}
	if err != nil {
		return err
	}
	l.file = file
	l.move(beginning)
	l.buffer = l.buffer[:0]
	l.frame(frameSnapshot, func(dst []byte) []byte {
		dst = binary.AppendUvarint(dst, snapshot.Metadata.Index)
		dst = binary.AppendUvarint(dst, snapshot.Metadata.Term)
		return appendBytes(dst, snapshot.Data)
	})
	l.frameState(state)
	l.frameEntries(entries)
	return l.file.Append(l.buffer)
}

// append writes entries, then the hard state that may speak of them; nil is
// none. It is durable after the next sync that is submitted.
func (l *voterLog) append(entries []pb.Entry, state *hardState) error {
	l.buffer = l.buffer[:0]
	l.frameEntries(entries)
	if state != nil {
		l.frameState(*state)
	}
	if len(l.buffer) == 0 {
		return nil
	}
	return l.file.Append(l.buffer)
}

// sync submits the operation that brings what was written nearer to the disk.
func (l *voterLog) sync() host.Op {
	switch l.state {
	case renamed:
		return l.fs.SyncDir(quorumDirectory)
	case listed:
		return l.fs.SyncDir(".")
	}
	return l.file.Sync()
}

// synced goes on after a sync; it reports whether what was written before that
// sync was submitted is durable now.
func (l *voterLog) synced() (bool, error) {
	switch l.state {
	case beginning:
		if err := l.fs.Rename(l.name()+temporarySuffix, l.name()); err != nil {
			return false, err
		}
		l.move(renamed)
		return false, nil
	case renamed:
		if !l.anchored {
			l.move(listed)
			return false, nil
		}
		l.move(settled)
		return true, l.removeOthers()
	case listed:
		l.anchored = true
		l.move(settled)
		return true, l.removeOthers()
	}
	return true, nil
}

func (l *voterLog) move(to rotation) {
	if slices.Contains(rotationFollows[l.state], to) {
		l.state = to
		return
	}
	panic(fmt.Sprintf("controller: log generation goes from %d to %d", l.state, to))
}

func (l *voterLog) removeOthers() error {
	names, err := l.fs.List(quorumDirectory)
	if err != nil {
		return err
	}
	for _, name := range names {
		if quorumDirectory+"/"+name == l.name() {
			continue
		}
		if err := l.fs.Remove(quorumDirectory + "/" + name); err != nil {
			return err
		}
	}
	return nil
}

func (l *voterLog) name() string {
	return fmt.Sprintf("%s/%08d%s", quorumDirectory, l.generation, logSuffix)
}

func (l *voterLog) frameState(s hardState) {
	l.frame(frameHardState, func(dst []byte) []byte {
		dst = binary.AppendUvarint(dst, s.term)
		dst = binary.AppendUvarint(dst, s.vote)
		return binary.AppendUvarint(dst, s.commit)
	})
}

func (l *voterLog) frameEntries(entries []pb.Entry) {
	for _, e := range entries {
		l.frame(frameEntry, func(dst []byte) []byte { return appendEntry(dst, e) })
	}
}

func (l *voterLog) frame(kind frameKind, body func([]byte) []byte) {
	start := len(l.buffer)
	l.buffer = append(l.buffer, 0, 0, 0, 0, 0, 0, 0, 0, byte(kind))
	l.buffer = body(l.buffer)
	binary.BigEndian.PutUint32(l.buffer[start:], uint32(len(l.buffer)-start-8))
	binary.BigEndian.PutUint32(l.buffer[start+4:], crc32.Checksum(l.buffer[start+8:], castagnoli))
}
