package sim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/host"
)

// pipe is a world in which a client sends messages of 1000 bytes to a server
// over a way of 1 ms that carries a million bytes a second. arrived is when the
// messages came.
func pipe(t *testing.T) (w *World, send func(n int), arrived *[]Time) {
	costs := DefaultCosts()
	costs.CPU = CPUCosts{Cores: 1}
	costs.Network.Latency, costs.Network.BitsPerSecond = Constant(time.Millisecond), 8_000_000
	w, arrived = New(Config{Costs: &costs}), new([]Time)
	add(w, "server", scripted{received: func(*scripted, host.Conn, text) { *arrived = append(*arrived, w.now) }})
	var conn host.Conn
	add(w, "client", scripted{start: func(s *scripted) { conn = s.host.Dial("server:1") }})
	startAll(w)
	w.Run(second)
	return w, func(n int) {
		require.True(t, w.Inject("client", func(node host.Node) {
			for range n {
				node.(*scripted).host.Send(conn, text(make([]byte, 1000)))
			}
		}))
	}, arrived
}

func TestNarrow(t *testing.T) {
	const ms = Time(time.Millisecond)
	w, send, arrived := pipe(t)
	client, server := []string{"client"}, []string{"server"}
	var wide, narrow, back *Fault
	w.At(second, func() {
		narrow = w.Narrow(client, server, 1000)
		wide = w.Narrow(client, server, 1<<40) // the line itself is slower
		back = w.Narrow(server, client, 1)     // the other way
		send(4)
	})
	w.Run(2*second + ms)
	require.Equal(t, []Time{2*second + ms}, *arrived, "a second each")
	w.At(2*second+second/2, func() { narrow.Heal(); narrow.Heal(); back.Heal() })
	w.Run(3 * second)
	require.Equal(t, []Time{2*second + ms, 2*second + 502*ms, 2*second + 503*ms, 2*second + 504*ms}, *arrived,
		"what waits goes out at the line's speed")
	wide.Heal()
	send(1)
	w.Run(4 * second)
	require.Equal(t, 3*second+2*ms, (*arrived)[4])
}

// Of two bounds the lower holds, until it is healed.
func TestNarrowWithinNarrow(t *testing.T) {
	const ms = Time(time.Millisecond)
	w, send, arrived := pipe(t)
	client, server := []string{"client"}, []string{"server"}
	outer := w.Narrow(client, server, 10_000)
	inner := w.Narrow(client, server, 100)
	send(2)
	w.Run(2 * second)
	require.Empty(t, *arrived)
	inner.Heal()
	w.Run(3 * second)
	require.Equal(t, []Time{2*second + 101*ms, 2*second + 201*ms}, *arrived)
	outer.Heal()
}

// A power loss takes what has not left the machine.
func TestPowerLossTakesWhatWaitsForANarrowLine(t *testing.T) {
	for _, bytesPerSecond := range []int64{1000, 1 << 40} {
		w, send, arrived := pipe(t)
		w.Narrow([]string{"client"}, []string{"server"}, bytesPerSecond)
		send(3)
		w.Run(second + second/10)
		w.PowerLoss("client", LoseUnsynced, nil)
		w.Run(20 * second)
		require.Len(t, *arrived, map[int64]int{1000: 0, 1 << 40: 3}[bytesPerSecond])
	}
}

// A reset whose late bytes were still waiting for the line draws their arrival
// anew; widening it does not bring them earlier than that.
func TestNarrowAndLateReset(t *testing.T) {
	w, send, arrived := pipe(t)
	narrow := w.Narrow([]string{"client"}, []string{"server"}, 1)
	send(3)
	w.Run(second + second/10)
	w.Reset("client", true, Stream(1, "reset"))
	w.After(time.Millisecond/2, narrow.Heal)
	w.Run(second + second/10 + Time(time.Millisecond))
	require.Empty(t, *arrived)
	w.Run(30 * second)
	require.Len(t, *arrived, 3)
}
