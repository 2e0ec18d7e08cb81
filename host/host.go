// Package host is the boundary between a deterministic state machine (a Node:
// a broker, a controller, a client) and the world it runs in (a Host: the
// simulator or the real machine).
//
// A node is sans-I/O: it asks, the world does. The rules that keep the
// boundary sound:
//
//   - A step (one call of a Node method) is atomic. Its cost is charged
//     afterwards to what it used, and what it sends leaves when that work is
//     done. A crash may cut a step after any write to the file system; what
//     was cut sends nothing.
//   - No reply that claims durability leaves before its Done.
//   - Sent means frozen: nothing that was sent is changed afterwards, by
//     either side.
//   - What outlives Received is copied if it may alias a frame.
//   - A node has no clock, no chance, no goroutine and no file of its own.
//
// The package imports nothing of ours and knows nothing of Kafka.
package host

import (
	"errors"
	"math/rand/v2"
	"time"
)

// Time is nanoseconds since the node's process started. It is monotonic, may
// drift against other nodes' clocks, and is what timers use.
type Time int64

// Add returns t plus d.
func (t Time) Add(d time.Duration) Time { return t + Time(d) }

// Sub returns the time passed from u to t.
func (t Time) Sub(u Time) time.Duration { return time.Duration(t - u) }

// Never is a deadline that does not come; WakeAt(Never) cancels the wake-up.
const Never Time = 1<<63 - 1

// WallTime is nanoseconds since the Unix epoch as this node believes it. It
// may skew and jump; only persisted timestamps and retention use it.
type WallTime int64

// Millis returns the wall time in milliseconds, the unit of record timestamps.
func (w WallTime) Millis() int64 { return int64(w) / 1e6 }

// Addr is where a node listens, as host:port ("broker-1:9092"). A node may
// listen on several addresses.
type Addr string

// Conn identifies one connection as one of its two ends sees it. It is unique
// in the world and never reused; 0 is no connection.
type Conn uint64

// Op identifies one submitted operation (a sync). It is unique within the
// node's incarnation and never reused; 0 is no operation.
type Op uint64

// Errors that worlds report. They arrive wrapped or bare; use errors.Is.
var (
	ErrRefused   = errors.New("connection refused")         // the machine is up, nobody listens
	ErrReset     = errors.New("connection reset")           // broken; whether sent bytes arrived is unknown
	ErrEOF       = errors.New("connection closed by peer")  // orderly close by the other side
	ErrNotExist  = errors.New("no such file or directory")  // Open, Remove, Rename, List
	ErrExist     = errors.New("file exists")                // Create
	ErrNoSpace   = errors.New("no space left on device")    // Write*
	ErrIO        = errors.New("input/output error")         // any file operation, Done of a sync
	ErrFileIsDir = errors.New("is a directory, not a file") // Open, Create
)

// Message is what travels on a connection. It is immutable once sent.
//
// Worlds carry messages as values or as encoded frames; a run gives the same
// digest either way. So Size and Fingerprint must be functions of the message's
// meaning alone and agree before and after Reencode.
type Message interface {
	// Size is the message's length on the wire in bytes, for bandwidth and
	// costs. It need not be exact, only equal for equal messages.
	Size() int
	// Fingerprint hashes the whole content. The digest of a run is made of it,
	// and a debug world compares it at delivery with what it was at Send.
	Fingerprint() uint64
	// Reencode encodes the message at its version and decodes the bytes again:
	// what a peer behind a socket would receive.
	Reencode() (Message, error)
}

// Host is the world as one incarnation of a node sees it. None of its methods
// blocks or calls back into the node.
type Host interface {
	// Now is the node's monotonic clock. It stands still within a step.
	Now() Time
	// Wall is the node's belief about the time of day.
	Wall() WallTime
	// Rand returns the node's random stream for one purpose: the same stream
	// at every call, independent of all other purposes and nodes, so that a
	// new draw disturbs nobody else.
	Rand(purpose string) *rand.Rand

	// Dial starts a connection. Opened or Closed follows; what is sent before
	// Opened is queued. The world has no time-out for it: the node keeps one.
	Dial(to Addr) Conn
	// Send queues a message in order. On a connection that is closed it does
	// nothing: a Closed is on its way or was delivered.
	Send(c Conn, m Message)
	// Close ends a connection; what was sent before still goes out. The node
	// gets no Closed for it, and nothing more from it.
	Close(c Conn)
	// Peer names the machine at the other end of an open connection: its network
	// address where there is a network, its node's name in a simulated world, ""
	// where it cannot be told. It is for people to read.
	Peer(c Conn) string

	// WakeAt sets the node's one deadline, replacing the former. Wake is called
	// once, at or after it. The node keeps its own timers behind it.
	WakeAt(at Time)

	// FS is the node's file system, all that survives of a node.
	FS() FS

	// Serial marks the current step as work of one serial lane (a partition's,
	// for instance): steps of the same lane do not overlap in time, whatever
	// the number of CPUs. A step may name several. Lanes have small numbers: a
	// world may keep a table of them.
	Serial(lane uint64)

	// Observe tells the world of a named point. It is one-way: no node can
	// learn whether anybody listens. Triggers, invariants, counters, traces and
	// coverage hang on it.
	Observe(e Event)

	// Exit ends this process by its own will after the step (a broker whose
	// log directory failed). The world may start it again.
	Exit(reason error)
}

// Node is a deterministic state machine. A factory builds it anew at every
// start: only its FS survives. All calls come one at a time.
type Node interface {
	// Start is the first call of an incarnation. Recovery happens here.
	Start(Host)
	// Opened says that a connection is established: a dialled one (local is
	// empty) or one accepted on the node's own address local.
	Opened(c Conn, local Addr)
	// Received delivers one message, in the order of sending.
	Received(c Conn, m Message)
	// Closed says that a connection ended other than by the node's own Close.
	Closed(c Conn, err error)
	// Done reports the end of a submitted operation.
	Done(op Op, err error)
	// Wake is called at or after the deadline set by WakeAt.
	Wake()
}

// Stopper is a node that can end in an orderly way. Stop asks it to (SIGTERM);
// the node does what it has to and then calls Host.Exit with a nil reason. A
// world kills one that does not come to it.
type Stopper interface{ Stop() }

// FS is a file system with a write-back cache. Writes, renames and removals
// are visible at once and survive a kill of the process; a power loss keeps
// only what was synced, and any part of the rest, torn anywhere. A file's
// directory entry becomes durable by SyncDir of its directory, not by the
// file's own Sync. Names are slash-separated and relative to the node's root.
type FS interface {
	// Create makes an empty file. Its directory must exist.
	Create(name string) (File, error)
	// Open opens an existing file for reading and writing.
	Open(name string) (File, error)
	// Rename replaces newName atomically; both in directories that exist.
	Rename(oldName, newName string) error
	// Remove removes a file or an empty directory.
	Remove(name string) error
	// RemoveAll removes a directory and everything below it; none is no error.
	RemoveAll(name string) error
	// MkdirAll makes a directory and its parents; existing ones are no error.
	MkdirAll(dir string) error
	// List returns the names in a directory, sorted; directories end in "/".
	List(dir string) ([]string, error)
	// SyncDir submits a sync of a directory's entries; Done follows.
	SyncDir(dir string) Op
}

// File is an open file. Handles die with the incarnation.
type File interface {
	// Size is the file's length in bytes.
	Size() int64
	// View returns n bytes at off, read-only. The bytes never change, whatever
	// happens to the file afterwards (so they may be sent). It fails with
	// io.ErrUnexpectedEOF where the file is shorter.
	View(off int64, n int) ([]byte, error)
	// ReadAt is io.ReaderAt.
	ReadAt(p []byte, off int64) (int, error)
	// Append writes at the end. The bytes are copied.
	Append(p []byte) error
	// WriteAt overwrites at off, extending the file where needed.
	WriteAt(p []byte, off int64) error
	// Truncate cuts or zero-extends the file.
	Truncate(size int64) error
	// Sync submits a sync of everything written so far; Done follows.
	Sync() Op
	// Close gives the handle back. Unsynced data stays in the cache.
	Close() error
}

// Point is a named place in the code that worlds can observe. Points are
// package variables, listed in their package's Points.
type Point struct {
	Name   string   // snake_case, unique: "high_watermark"
	About  string   // one sentence for people
	Fields []string // the names of Event.Args, in order
}

// Event is one passing of a Point.
type Event struct {
	Point   *Point
	Subject string   // what it is about, "" for the node itself: a topic's name
	Args    [6]int64 // by Point.Fields
}
