package live

import (
	"errors"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/host"
)

func TestWake(t *testing.T) {
	n := newScripted()
	woken := 0
	n.start = func() {
		n.host.WakeAt(n.host.Now().Add(time.Hour))
		n.host.WakeAt(n.host.Now().Add(5 * time.Millisecond)) // replaces it
	}
	deadline := host.Time(5 * time.Millisecond)
	n.wake = func() {
		require.GreaterOrEqual(t, n.host.Now(), deadline)
		if woken++; woken < 3 {
			deadline = n.host.Now().Add(time.Millisecond)
			n.host.WakeAt(deadline)
		}
	}
	p, _ := startNode(t, n, nil)
	for range 3 {
		next[wakeEvent](t, n)
	}
	p.Call(func(host.Node) {
		n.host.WakeAt(0) // long over: at once
		n.host.WakeAt(host.Never)
	})
	p.Call(func(host.Node) {}) // the loop has looked at its deadline in between
	require.Empty(t, n.happened)
	p.Call(func(host.Node) { n.host.WakeAt(0) })
	next[wakeEvent](t, n)
}

// TestTimersDoNotStarve: a node that always has events still wakes.
func TestTimersDoNotStarve(t *testing.T) {
	n := newScripted()
	stopped := false
	n.done = func(host.Op, error) {
		if !stopped {
			n.host.FS().SyncDir(".")
			n.host.FS().SyncDir(".")
			<-n.happened // keep the channel short
		}
	}
	n.start = func() {
		n.happened <- nil
		n.host.FS().SyncDir(".")
		n.host.WakeAt(1)
	}
	woke := make(chan struct{})
	n.wake = func() { stopped = true; close(woke) }
	startNode(t, n, nil)
	select {
	case <-woke:
	case <-time.After(patience):
		t.Fatal("no wake-up")
	}
}

func TestClocksStandStillWithinAStep(t *testing.T) {
	n := newScripted()
	p, _ := startNode(t, n, nil)
	var first, second host.Time
	p.Call(func(host.Node) {
		first = n.host.Now()
		wall := n.host.Wall()
		for start := time.Now(); time.Since(start) < time.Millisecond; {
		}
		require.Equal(t, first, n.host.Now())
		require.Equal(t, wall, n.host.Wall())
		require.InDelta(t, time.Now().UnixMilli(), wall.Millis(), 60_000)
	})
	p.Call(func(host.Node) { second = n.host.Now() })
	require.Greater(t, second, first)
}

func TestRandHasAStreamForEachPurpose(t *testing.T) {
	n := newScripted()
	p, _ := startNode(t, n, nil)
	p.Call(func(host.Node) {
		require.Same(t, n.host.Rand("a"), n.host.Rand("a"))
		require.NotEqual(t, n.host.Rand("a").Uint64(), n.host.Rand("b").Uint64())
	})
}

func TestExit(t *testing.T) {
	reason := errors.New("the disk is gone")
	n := newScripted()
	p, addr := startNode(t, n, nil)
	c := dialRaw(t, addr)
	next[openedEvent](t, n)
	p.Call(func(host.Node) { n.host.Exit(reason) })
	<-p.Done()
	require.ErrorIs(t, p.Err(), reason)
	requireClosed(t, c)
	_, err := net.Dial("tcp", string(addr))
	require.Error(t, err)
	require.False(t, p.Call(func(host.Node) { t.Error("a dead node is called") }))
	p.Stop() // twice is once
}

// TestStopLeavesNothingBehind: no goroutine, no socket, no open file.
func TestStopLeavesNothingBehind(t *testing.T) {
	before := runtime.NumGoroutine()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts nobody
	require.NoError(t, err)
	defer silent.Close()
	for range 5 {
		pipes := NewPipes()
		n, peer := answering(1<<20), newScripted()
		p, addr := startNode(t, n, pipes)
		q, _ := startNode(t, peer, pipes)
		q.Call(func(host.Node) {
			q.Send(q.Dial(addr), request(1))
			q.Dial(host.Addr(silent.Addr().String()))
			q.Dial("192.0.2.1:9") // nobody answers there
			file, err := q.FS().Create("f")
			require.NoError(t, err)
			require.NoError(t, file.Append(make([]byte, 1<<20)))
			file.Sync()
			require.NoError(t, file.Close())
			q.FS().SyncDir(".")
		})
		for range 5 { // clients that say nothing, half a frame, or do not read
			dialRaw(t, addr)
			_, err = dialRaw(t, addr).Write([]byte{0, 0})
			require.NoError(t, err)
			c := dialRaw(t, addr)
			for i := range int32(30) {
				_, err = c.Write(request(i).AppendFrame(nil))
				require.NoError(t, err)
			}
		}
		next[receivedEvent](t, n)
		p.Stop()
		q.Stop()
	}
	until(t, "all goroutines end", func() bool { return runtime.NumGoroutine() <= before })
}

func TestIdleConnectionsAreClosed(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	n := newScripted()
	p := Start(Config{Listeners: []Listener{{Addr: "n", Socket: listener}}, Dir: t.TempDir(), IdleTimeout: 20 * time.Millisecond}, n)
	t.Cleanup(p.Stop)
	requireClosed(t, dialRaw(t, host.Addr(listener.Addr().String())))
	require.Error(t, next[closedEvent](t, n).err)
}

func TestLockFolder(t *testing.T) {
	folder := t.TempDir()
	first, err := LockFolder(folder)
	require.NoError(t, err)
	_, err = LockFolder(folder)
	require.ErrorIs(t, err, ErrLocked)
	first.Release()
	second, err := LockFolder(folder)
	require.NoError(t, err)
	second.Release()
}
