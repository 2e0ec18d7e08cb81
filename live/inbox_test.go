package live

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestInboxKeepsOrderAndLosesNothing(t *testing.T) {
	const senders, each = 4, 1000
	b := newInbox()
	var got [senders][]int
	var senderGroup sync.WaitGroup
	for sender := range senders {
		senderGroup.Go(func() {
			for i := range each {
				b.put(func() { got[sender] = append(got[sender], i) })
			}
		})
	}
	done := make(chan struct{})
	go func() { senderGroup.Wait(); close(done) }()
	var events []func()
	for finished := false; !finished; {
		select {
		case <-b.signal:
		case <-done:
			finished = true
		}
		for events = b.take(events); len(events) > 0; events = b.take(events) {
			for _, event := range events {
				event()
			}
		}
	}
	for sender := range senders {
		require.Len(t, got[sender], each)
		require.IsIncreasing(t, got[sender])
	}
}

func TestInboxRunsLateEventsAtOnce(t *testing.T) {
	b := newInbox()
	ran := 0
	b.put(func() { ran++ })
	left := b.close()
	require.Len(t, left, 1)
	require.Zero(t, ran, "what was queued is the caller's")
	b.put(func() { ran++ })
	require.Equal(t, 1, ran)
	require.Empty(t, b.take(nil))
}
