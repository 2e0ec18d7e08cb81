package sim

import (
	"fmt"
	"testing"
	"time"

	"assay/host"

	"github.com/stretchr/testify/require"
)

// listen collects the ends of a world's messages in words: "client server hello 0".
func listen(w *World) *[]string {
	heard := new([]string)
	w.ObserveMessages(func(p Passage) {
		*heard = append(*heard, fmt.Sprintf("%s %s %s %d", p.From, p.To, p.Message, p.Loss))
	})
	return heard
}

func TestMessagesAreToldAsTheyArrive(t *testing.T) {
	w := New(Config{Seed: 4})
	var inStep []string
	var latest Passage
	w.ObserveMessages(func(p Passage) { latest = p })
	add(w, "server", scripted{received: func(s *scripted, c host.Conn, m text) {
		inStep = append(inStep, fmt.Sprintf("%s %s", latest.From, latest.Message))
		require.Equal(t, latest.Conn^1, c, "the receiver's end")
		require.Equal(t, w.now, latest.Ended)
		require.Less(t, latest.Sent, latest.Ended)
		s.host.Send(c, "re: "+m)
	}})
	add(w, "client", scripted{start: dialAndSend("server:1", "a", "b")})
	heard := listen(w)
	startAll(w)
	w.Run(second)
	require.Equal(t, []string{"client a", "client b"}, inStep, "told before the step that takes it")
	require.ElementsMatch(t, []string{"client server a 0", "client server b 0", "server client re: a 0", "server client re: b 0"}, *heard)
}

// TestLostMessagesAreToldOnce: each way to lose a message has its reason.
func TestLostMessagesAreToldOnce(t *testing.T) {
	for _, c := range []struct {
		name string
		does func(w *World, cut *Fault)
		want Loss
	}{
		{"its sender died before it could leave", func(w *World, _ *Fault) { w.Kill("client") }, NeverLeft},
		{"its receiver lost power", func(w *World, cut *Fault) {
			w.PowerLoss("server", LoseUnsynced, nil)
			cut.Heal()
			w.Start("server")
		}, ReceiverDown},
		{"its receiver was killed", func(w *World, _ *Fault) { w.Kill("server") }, ReceiverDown},
		{"the connection broke", func(w *World, _ *Fault) { w.Reset("server", false, nil) }, Broken},
	} {
		t.Run(c.name, func(t *testing.T) {
			costs := DefaultCosts()
			if c.want == NeverLeft {
				costs.CPU.PerEvent = time.Second // the step's work is under way for long
			}
			w := New(Config{Seed: 5, Costs: &costs})
			add(w, "server", scripted{})
			var conn host.Conn
			add(w, "client", scripted{
				start:  func(s *scripted) { conn = s.host.Dial("server:1"); s.host.WakeAt(host.Time(3 * second)) },
				wake:   func(s *scripted) { s.host.Send(conn, text("x")) },
				opened: func(*scripted, host.Conn, host.Addr) {},
			})
			startAll(w)
			w.Run(2 * second)
			cut := w.Cut([]string{"client"}, []string{"server"})
			w.Run(3*second + second/2)
			heard := listen(w)
			c.does(w, cut)
			w.Run(20 * second)
			require.Equal(t, []string{fmt.Sprintf("client server x %d", c.want)}, *heard)
		})
	}
}

func TestListeningChangesNothing(t *testing.T) {
	digest := func(listening bool) Digest {
		w := New(Config{Seed: 6})
		add(w, "server", scripted{received: func(s *scripted, c host.Conn, m text) { s.host.Send(c, m) }})
		add(w, "client", scripted{start: dialAndSend("server:1", numbered(50)...)})
		if listening {
			listen(w)
		}
		startAll(w)
		w.After(time.Millisecond, func() { w.Reset("server", false, nil) })
		w.Run(second)
		return w.FinalDigest()
	}
	require.Equal(t, digest(false), digest(true))
}
