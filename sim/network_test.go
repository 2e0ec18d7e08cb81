package sim

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"assay/host"

	"github.com/stretchr/testify/require"
)

func TestOrderUnderJitterAndBusyCPUs(t *testing.T) {
	costs := DefaultCosts()
	costs.CPU.Cores = 2
	costs.CPU.PerRequest = 3 * time.Millisecond
	w := New(Config{Seed: 2, Costs: &costs, Debug: true})
	byConn := map[host.Conn][]string{}
	add(w, "server", scripted{received: func(s *scripted, c host.Conn, m text) {
		byConn[c] = append(byConn[c], string(m))
		s.host.Send(c, m)
	}})
	var clients []*[]string
	for i := range 5 {
		clients = append(clients, add(w, "client-"+strconv.Itoa(i), scripted{start: dialAndSend("server:1", numbered(200)...)}))
	}
	startAll(w)
	w.Run(10 * second)
	want := words(numbered(200))
	require.Len(t, byConn, 5)
	for _, got := range byConn {
		require.Equal(t, want, got)
	}
	for _, log := range clients {
		require.Equal(t, append([]string{"opened"}, want...), *log)
	}
}

func TestWorkWaitsForACPU(t *testing.T) {
	costs := DefaultCosts()
	costs.CPU = CPUCosts{Cores: 2, PerRequest: time.Second}
	w := New(Config{Costs: &costs})
	var at []Time
	add(w, "server", scripted{received: func(s *scripted, c host.Conn, m text) { at = append(at, w.now) }})
	add(w, "client", scripted{start: dialAndSend("server:1", numbered(6)...)})
	startAll(w)
	w.Run(10 * second)
	require.Len(t, at, 6)
	for i := 2; i < 6; i++ {
		require.GreaterOrEqual(t, at[i], at[i-2]+second, "two steps a second on two CPUs")
	}
	require.Less(t, at[1], at[0]+second/2)
}

func TestRefusedOnALiveMachineOnly(t *testing.T) {
	w := New(Config{Seed: 3})
	add(w, "server", scripted{})
	client := add(w, "client", scripted{start: dialAndSend("server:1", "x")})
	stray := add(w, "stray", scripted{start: dialAndSend("nowhere:1")})
	w.Start("client")
	w.Start("stray")
	w.Run(second)
	require.Equal(t, []string{"closed: connection refused"}, *client)
	require.Equal(t, []string{"closed: connection refused"}, *stray)

	w.Kill("client")
	w.PowerLoss("server", LoseUnsynced, nil)
	w.Start("client")
	w.Run(5 * second)
	require.Len(t, *client, 1, "a machine without power is silent")
	w.Start("server")
	w.Run(6 * second)
	require.Equal(t, "opened", (*client)[1], "the dial goes through when the power is back")
}

func TestOneWayPartitionStallsAndHeals(t *testing.T) {
	w := New(Config{Seed: 4})
	server := add(w, "server", scripted{received: func(s *scripted, c host.Conn, m text) { s.host.Send(c, "re "+m) }})
	var conn host.Conn
	client := add(w, "client", scripted{start: func(s *scripted) { conn = s.host.Dial("server:1") }})
	startAll(w)
	w.Run(second)
	send := func(m text) {
		require.True(t, w.Inject("client", func(n host.Node) { n.(*scripted).host.Send(conn, m) }))
	}

	require.True(t, w.Inject("client", func(n host.Node) { require.Equal(t, "server", n.(*scripted).host.Peer(conn)) }))
	out := w.Cut([]string{"server"}, []string{"client"}) // answers stall, requests pass
	send("a")
	send("b")
	w.Run(2 * second)
	require.Equal(t, []string{"opened", "a", "b"}, *server)
	require.Equal(t, []string{"opened"}, *client)
	in := w.Cut([]string{"client"}, []string{"server"})
	send("c")
	w.Run(3 * second)
	require.Equal(t, []string{"opened", "a", "b"}, *server)
	out.Heal()
	out.Heal() // no effect
	w.Run(4 * second)
	require.Equal(t, []string{"opened", "re a", "re b"}, *client)
	in.Heal()
	w.Run(5 * second)
	require.Equal(t, []string{"opened", "a", "b", "c"}, *server)
	require.Equal(t, []string{"opened", "re a", "re b", "re c"}, *client)
}

func TestDialThroughAPartitionGoesThroughWhenItHeals(t *testing.T) {
	w := New(Config{Seed: 5})
	server := add(w, "server", scripted{})
	client := add(w, "client", scripted{start: dialAndSend("server:1", "x")})
	cut := w.Partition([]string{"server"}, []string{"client"})
	startAll(w)
	w.Run(30 * second)
	require.Empty(t, *client)
	cut.Heal()
	w.Run(31 * second)
	require.Equal(t, []string{"opened"}, *client)
	require.Equal(t, []string{"opened", "x"}, *server)
}

func TestDelayAddsToTheLatency(t *testing.T) {
	w := New(Config{Seed: 6})
	var at Time
	add(w, "server", scripted{received: func(*scripted, host.Conn, text) { at = w.now }})
	add(w, "client", scripted{start: dialAndSend("server:1", "x")})
	delay := w.Delay([]string{"client"}, []string{"server"}, 2*time.Second)
	startAll(w)
	w.Run(10 * second)
	require.Greater(t, at, 4*second, "the dial and the message")
	require.Less(t, at, 4*second+second/2)
	delay.Heal()
	require.Zero(t, w.delays[w.machine("client").index*2])
}

func TestClosedByDeathDeliversWhatWasSentBefore(t *testing.T) {
	for _, cut := range []bool{false, true} {
		w := New(Config{Seed: 7})
		add(w, "writer", scripted{opened: func(s *scripted, c host.Conn, _ host.Addr) {
			for _, m := range numbered(50) {
				s.host.Send(c, m)
			}
			w.After(time.Millisecond, func() { w.Kill("writer") })
		}})
		reader := add(w, "reader", scripted{start: dialAndSend("writer:1")})
		startAll(w)
		if cut {
			w.After(700*time.Microsecond, func() {
				partition := w.Partition([]string{"reader"}, []string{"writer"})
				w.After(5*time.Second, partition.Heal)
			})
		}
		w.Run(20 * second)
		want := append(append([]string{"opened"}, words(numbered(50))...), "closed: "+host.ErrEOF.Error())
		require.Equal(t, want, *reader)
	}
}

func TestWhatHasNotLeftDiesWithTheProcess(t *testing.T) {
	costs := DefaultCosts()
	costs.CPU.PerEvent = time.Second
	for _, powerLoss := range []bool{false, true} {
		w := New(Config{Seed: 8, Costs: &costs})
		server := add(w, "server", scripted{})
		add(w, "client", scripted{start: func(s *scripted) { s.host.Dial("server:1") }, opened: func(s *scripted, c host.Conn, _ host.Addr) {
			s.host.Send(c, text("never"))
			w.After(500*time.Millisecond, func() {
				if powerLoss {
					w.PowerLoss("client", LoseUnsynced, nil)
				} else {
					w.Kill("client")
				}
			})
		}})
		startAll(w)
		w.Run(20 * second)
		want := []string{"opened"}
		if !powerLoss {
			want = append(want, "closed: "+host.ErrEOF.Error())
		}
		require.Equal(t, want, *server)
	}
}

func TestPowerLossTellsNobodyUntilTheMachineIsBack(t *testing.T) {
	w := New(Config{Seed: 9})
	add(w, "server", scripted{})
	var conn host.Conn
	client := add(w, "client", scripted{start: func(s *scripted) { conn = s.host.Dial("server:1") }})
	startAll(w)
	w.Run(second)
	w.PowerLoss("server", LoseUnsynced, nil)
	w.Run(5 * second)
	require.Equal(t, []string{"opened"}, *client)
	w.Start("server")
	w.Run(9 * second)
	require.Equal(t, []string{"opened"}, *client, "no traffic, no answer")
	w.Inject("client", func(n host.Node) { n.(*scripted).host.Send(conn, text("x")) })
	w.Run(10 * second)
	require.Equal(t, []string{"opened", "closed: connection reset"}, *client)
}

func TestBytesUnderWayToALostMachineAreSentAgain(t *testing.T) {
	w := New(Config{Seed: 9})
	server := add(w, "server", scripted{})
	var conn host.Conn
	client := add(w, "client", scripted{start: func(s *scripted) { conn = s.host.Dial("server:1") }})
	startAll(w)
	w.Run(second)
	w.Inject("client", func(n host.Node) { n.(*scripted).host.Send(conn, text("x")) })
	w.PowerLoss("server", LoseUnsynced, nil)
	w.Run(2 * second)
	w.Start("server")
	w.Run(3 * second)
	require.Equal(t, []string{"opened"}, *server)
	require.Equal(t, []string{"opened", "closed: connection reset"}, *client)
}

func TestReset(t *testing.T) {
	for _, late := range []bool{false, true} {
		for _, victim := range []string{"server", "client"} {
			w := New(Config{Seed: 10})
			server := add(w, "server", scripted{received: func(s *scripted, c host.Conn, m text) { s.host.Send(c, m) }})
			client := add(w, "client", scripted{start: func(s *scripted) { s.host.Dial("server:1") }, opened: func(s *scripted, c host.Conn, _ host.Addr) {
				for _, m := range numbered(20) {
					s.host.Send(c, m)
				}
				// After the step's work and before anything can have arrived.
				w.After(50*time.Microsecond, func() { require.Equal(t, 1, w.Reset(victim, late, Stream(1, "reset"))) })
			}})
			startAll(w)
			w.Run(second / 2)
			require.Equal(t, []string{"opened", "closed: connection reset"}, *client, "answers are discarded")
			w.Run(20 * second)
			want := []string{"opened"}
			if late {
				want = append(want, words(numbered(20))...)
			}
			require.Equal(t, append(want, "closed: connection reset"), *server)
			require.Len(t, *client, 2)
			require.Zero(t, w.Reset(victim, late, Stream(1, "reset")), "nothing is left to break")
		}
	}
}

func TestPausedNodeGetsNothingAndLosesNothing(t *testing.T) {
	w := New(Config{Seed: 11})
	server := add(w, "server", scripted{start: func(s *scripted) { s.host.WakeAt(host.Time(2 * second)) }})
	client := add(w, "client", scripted{start: dialAndSend("server:1", "a", "b")})
	w.Start("server")
	require.True(t, w.Pause("server"))
	w.Start("client")
	w.Run(5 * second)
	require.Empty(t, *server)
	require.Equal(t, []string{"opened"}, *client, "the machine accepts")
	require.False(t, w.Inject("server", func(host.Node) {}))
	require.True(t, w.Resume("server"))
	w.Run(6 * second)
	require.Equal(t, []string{"opened", "a", "b", "wake"}, *server)
}

func TestOutputIsBounded(t *testing.T) {
	costs := DefaultCosts()
	costs.Network.MaxOutput = 1000
	w := New(Config{Seed: 12, Costs: &costs})
	big := text(make([]byte, 300))
	server := add(w, "server", scripted{received: func(s *scripted, c host.Conn, m text) { s.host.Send(c, big) }})
	client := add(w, "client", scripted{start: dialAndSend("server:1", numbered(100)...)})
	startAll(w)
	cut := w.Cut([]string{"server"}, []string{"client"})
	// The answer to the dial has to get through.
	cut.Heal()
	w.Run(Time(20 * time.Millisecond))
	cut = w.Cut([]string{"server"}, []string{"client"})
	w.Run(10 * second)
	stalled := len(*server)
	require.Less(t, stalled, 100)
	cut.Heal()
	w.Run(20 * second)
	require.Equal(t, append([]string{"opened"}, words(numbered(100))...), *server, "nothing is dropped")
	require.Len(t, *client, 101)
}

func TestCloseBeforeTheConnectionOpens(t *testing.T) {
	w := New(Config{Seed: 13})
	server := add(w, "server", scripted{})
	client := add(w, "client", scripted{start: func(s *scripted) {
		c := s.host.Dial("server:1")
		s.host.Send(c, text("x"))
		s.host.Close(c)
		s.host.Send(c, text("after the end"))
		s.host.Close(s.host.Dial("server:1")) // nobody hears of this one
	}})
	startAll(w)
	w.Run(second)
	require.Equal(t, []string{"opened", "x", "closed: " + host.ErrEOF.Error()}, *server)
	require.Empty(t, *client)
	require.False(t, slices.ContainsFunc(w.connections, func(c *connection) bool { return c != nil }))
}

func TestSerialLanesDoNotOverlap(t *testing.T) {
	costs := DefaultCosts()
	costs.CPU = CPUCosts{Cores: 8, PerRequest: time.Second}
	for _, lanes := range []uint64{1, 4} {
		w := New(Config{Seed: 14, Costs: &costs})
		next := uint64(0)
		add(w, "server", scripted{received: func(s *scripted, c host.Conn, m text) {
			next++
			s.host.Serial(next % lanes)
			s.host.Send(c, m)
		}})
		var answered []Time
		for i := range 4 {
			add(w, "client-"+strconv.Itoa(i), scripted{start: dialAndSend("server:1", "x"),
				received: func(*scripted, host.Conn, text) { answered = append(answered, w.now) }})
		}
		startAll(w)
		w.Run(20 * second)
		require.Len(t, answered, 4)
		if lanes == 1 {
			require.Greater(t, answered[3], 4*second, "one after the other")
		} else {
			require.Less(t, answered[3], 2*second, "side by side")
		}
	}
}

func TestMessagesChangedAfterSendAreCaught(t *testing.T) {
	w := New(Config{Seed: 15, Debug: true})
	thrown := &ball{1}
	w.AddNode(NodeSpec{Name: "catcher", Addrs: []host.Addr{"catcher"}, Factory: func() host.Node { return &player{caught: new(int)} }})
	add(w, "thrower", scripted{start: func(s *scripted) { s.host.Send(s.host.Dial("catcher"), thrown) }})
	startAll(w)
	thrown.number = 2
	require.PanicsWithValue(t, "sim: a message to catcher was changed after it was sent", func() { w.Run(second) })
}

func TestDriftingClocks(t *testing.T) {
	for _, drift := range []int64{0, 200, -300, 500_000} {
		w := New(Config{})
		var woke []host.Time
		var s *scripted
		model := scripted{start: func(n *scripted) { s = n; n.host.WakeAt(host.Time(1_000_000_007)) },
			wake: func(n *scripted) { woke = append(woke, n.host.Now()) }}
		w.AddNode(NodeSpec{Name: "n", DriftPPM: drift, Factory: func() host.Node {
			n := model
			n.log = new([]string)
			return &n
		}})
		w.Start("n")
		w.Run(10 * second)
		require.Len(t, woke, 1)
		require.GreaterOrEqual(t, woke[0], host.Time(1_000_000_007))
		require.Less(t, woke[0], host.Time(1_000_000_010))
		require.Equal(t, host.Time(10*second+10*second*Time(drift)/million), s.host.Now())
	}
}

func TestWakeComesOnceAtTheLastDeadline(t *testing.T) {
	w := New(Config{})
	var woke []Time
	log := add(w, "n", scripted{start: func(s *scripted) {
		s.host.WakeAt(host.Time(9 * second))
		s.host.WakeAt(host.Time(3 * second))
	}, wake: func(s *scripted) {
		woke = append(woke, w.now)
		switch len(woke) {
		case 1:
			s.host.WakeAt(host.Time(20 * second))
		case 2:
			s.host.WakeAt(host.Time(30 * second))
			s.host.WakeAt(host.Never)
		}
	}})
	w.Start("n")
	w.Run(5 * second)
	w.Inject("n", func(n host.Node) { n.(*scripted).host.WakeAt(host.Time(7 * second)) })
	w.Run(100 * second)
	require.Equal(t, []Time{3 * second, 7 * second}, woke)
	require.Len(t, *log, 2)
}
