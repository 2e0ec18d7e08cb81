package live

import "sync"

// inbox is the queue of what waits for a process's loop. It does not block who
// puts something in, so that two loops can never wait for each other; what is
// read from sockets is bounded by the reader itself (see socket.offer).
//
// Every event runs exactly once. One that comes after the end runs at once, in
// who puts it in, and finds Process.ended set: it gives back what it holds.
type inbox struct {
	mutex  sync.Mutex
	events []func()
	closed bool
	signal chan struct{} // holds one token while events is not empty
}

func newInbox() *inbox { return &inbox{signal: make(chan struct{}, 1)} }

func (b *inbox) put(event func()) {
	b.mutex.Lock()
	if b.closed {
		b.mutex.Unlock()
		event()
		return
	}
	b.events = append(b.events, event)
	b.mutex.Unlock()
	select {
	case b.signal <- struct{}{}:
	default:
	}
}

// take returns everything that waits. The two slices it swaps between are reused.
func (b *inbox) take(reuse []func()) []func() {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	taken := b.events
	b.events = reuse[:0]
	return taken
}

// close takes what still waits; nothing is queued afterwards.
func (b *inbox) close() []func() {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.closed = true
	taken := b.events
	b.events = nil
	return taken
}
