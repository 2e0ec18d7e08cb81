package sim

import (
	"bufio"
	"fmt"
	"io"
	"strconv"

	"assay/host"

	"github.com/cespare/xxhash/v2"
)

// Kinds of events, as they go into the digest and the trace.
type recordKind uint64

const (
	kindStart recordKind = iota + 1
	kindOpened
	kindReceived
	kindClosed
	kindDone
	kindWake
	kindInject
	kindObserved
	kindDown
	kindPowerLoss
	kindPause
	kindNetwork
	kindReset
	kindCall
	kindStop
	kindDisk
	kindClock
)

var kindNames = [...]string{
	kindStart: "start", kindOpened: "opened", kindReceived: "received", kindClosed: "closed",
	kindDone: "done", kindWake: "wake", kindInject: "inject", kindObserved: "observed",
	kindDown: "down", kindPowerLoss: "power_loss", kindPause: "pause", kindNetwork: "network",
	kindReset: "reset", kindCall: "call", kindStop: "stop", kindDisk: "disk", kindClock: "clock",
}

// TraceEvent is one event in words.
type TraceEvent struct {
	Number uint64 // counts from 1
	Time   Time
	Node   string // "" for the world's own
	Kind   string
	Conn   host.Conn // 0: none
	Detail string    // the message, the point, the error
	Digest Digest    // after it
}

// String returns the event as one line.
func (e TraceEvent) String() string {
	text := "#" + strconv.FormatUint(e.Number, 10) + " at " + e.Time.String() + " " + e.Node + " " + e.Kind
	if e.Conn != 0 {
		text += " conn " + strconv.FormatUint(uint64(e.Conn), 10)
	}
	if e.Detail != "" {
		text += " " + e.Detail
	}
	return text
}

// Watch collects the events From to To, both included. Events count from 1.
type Watch struct {
	From, To uint64
	Events   []TraceEvent
}

// trace writes events as lines of JSON.
type trace struct {
	out  *bufio.Writer
	line []byte
	err  error
}

func newTrace(out io.Writer) *trace {
	if out == nil {
		return nil
	}
	return &trace{out: bufio.NewWriterSize(out, 64<<10)}
}

func (t *trace) flush() error {
	if t == nil {
		return nil
	}
	if err := t.out.Flush(); t.err == nil {
		t.err = err
	}
	return t.err
}

func (t *trace) write(e *TraceEvent) {
	b := append(t.line[:0], `{"n":`...)
	b = strconv.AppendUint(b, e.Number, 10)
	b = append(b, `,"t":`...)
	b = strconv.AppendInt(b, int64(e.Time), 10)
	if e.Node != "" {
		b = appendString(append(b, `,"node":`...), e.Node)
	}
	b = appendString(append(b, `,"kind":`...), e.Kind)
	if e.Conn != 0 {
		b = strconv.AppendUint(append(b, `,"conn":`...), uint64(e.Conn), 10)
	}
	if e.Detail != "" {
		b = appendString(append(b, `,"detail":`...), e.Detail)
	}
	b = append(b, "}\n"...)
	t.line = b
	if _, err := t.out.Write(b); t.err == nil {
		t.err = err
	}
}

// appendString appends a string of JSON.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for _, r := range s { // bytes that are no UTF-8 become U+FFFD
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r < 0x20:
			b = append(b, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			b = append(b, string(r)...)
		}
	}
	return append(b, '"')
}

// record adds a step to the digest, before the node is called.
func (w *World) record(p *process, k *work) {
	var kind recordKind
	var id host.Conn
	var fingerprint uint64
	switch k.kind {
	case workReceive:
		id = host.Conn(k.number ^ 1)
		if k.ending == flightMessage {
			kind, fingerprint = kindReceived, k.message.Fingerprint()+uint64(id)*0x9e3779b97f4a7c15
		} else {
			kind, fingerprint = kindClosed, uint64(id)<<8|uint64(k.ending)
		}
	case workOpened:
		id = host.Conn(k.number)
		kind, fingerprint = kindOpened, k.number
	case workDone:
		kind, fingerprint = kindDone, k.number<<1
		if k.err != nil {
			fingerprint |= 1
		}
	case workStart:
		kind, fingerprint = kindStart, p.incarnation
	case workInject:
		kind = kindInject
	case workWake:
		kind = kindWake
	case workStop:
		w.mark(kindStop, p.machine.hash, 0, 0) // which tells of it, too
		return
	}
	w.mark(kind, p.machine.hash, fingerprint, 0)
	if w.telling() {
		w.tell(p.machine.spec.Name, kind, id, detail(k))
	}
}

// mark adds one event to the digest.
func (w *World) mark(kind recordKind, node, x, y uint64) {
	w.digest.add(uint64(w.now), node^uint64(kind)<<32^y, x)
	w.events++
	if w.events == w.nextMark {
		w.nextMark += w.config.DigestEvery
		w.marks = append(w.marks, Checkpoint{w.events, w.now, w.digest})
	}
	if kind > kindObserved && w.telling() {
		w.tell(w.nameOf(node), kind, 0, strconv.FormatUint(x, 10))
	}
}

// telling is all that a trace costs when nobody wants one.
func (w *World) telling() bool { return w.trace != nil || w.config.Watch != nil }

func (w *World) tell(node string, kind recordKind, id host.Conn, detail string) {
	e := TraceEvent{w.events, w.now, node, kindNames[kind], id, detail, w.digest}
	if w.trace != nil {
		w.trace.write(&e)
	}
	if watch := w.config.Watch; watch != nil && e.Number >= watch.From && e.Number <= watch.To {
		watch.Events = append(watch.Events, e)
	}
}

func (w *World) nameOf(hash uint64) string {
	for _, m := range w.machines {
		if m.hash == hash {
			return m.spec.Name
		}
	}
	return ""
}

// observed adds a named point to the digest and tells the listeners.
func (w *World) observed(p *process, e *host.Event) {
	subject := uint64(0)
	if e.Subject != "" {
		subject = xxhash.Sum64String(e.Subject)
	}
	args := Digest{xxhash.Sum64String(e.Point.Name), subject}
	args.add(uint64(e.Args[0]), uint64(e.Args[1]), uint64(e.Args[2]))
	args.add(uint64(e.Args[3]), uint64(e.Args[4]), uint64(e.Args[5]))
	w.mark(kindObserved, p.machine.hash, args.a, args.b)
	if w.telling() {
		w.tell(p.machine.spec.Name, kindObserved, 0, describePoint(e))
	}
	for _, listener := range w.observers {
		listener(p.machine.spec.Name, w.now, *e)
	}
}

func describePoint(e *host.Event) string {
	text := e.Point.Name
	if e.Subject != "" {
		text += " " + e.Subject
	}
	for i, field := range e.Point.Fields {
		if i < len(e.Args) {
			text += " " + field + "=" + strconv.FormatInt(e.Args[i], 10)
		}
	}
	return text
}

// detail describes what a step is about.
func detail(k *work) string {
	switch k.kind {
	case workReceive:
		if k.ending != flightMessage {
			return k.ending.closing().Error()
		}
		return strconv.Itoa(k.message.Size()) + " bytes, fingerprint " +
			strconv.FormatUint(k.message.Fingerprint(), 16) + describe(k.message)
	case workDone:
		text := "op " + strconv.FormatUint(k.number, 10)
		if k.err != nil {
			text += ": " + k.err.Error()
		}
		return text
	}
	return ""
}

// describe returns a message in its own words if it has any.
func describe(m host.Message) string {
	if s, ok := m.(fmt.Stringer); ok {
		return ": " + s.String()
	}
	return ""
}
