package sim

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/host"
)

// travels is a world in which every node sends one message of the given size to
// every other and to itself, and how long each took.
func travels(config Config, size int, zones map[string]string, order ...string) map[[2]string]time.Duration {
	costs := DefaultCosts()
	costs.CPU = CPUCosts{Cores: 1}
	costs.Network = NetworkCosts{Latency: Constant(time.Millisecond), Loopback: time.Microsecond, MaxOutput: 1 << 30}
	config.Costs = &costs
	w, took := New(config), map[[2]string]time.Duration{}
	for _, name := range order {
		w.AddNode(NodeSpec{Name: name, Zone: zones[name], Addrs: []host.Addr{host.Addr(name)}, Factory: func() host.Node {
			peer := map[host.Conn]string{}
			sent := map[host.Conn]Time{}
			return &scripted{log: new([]string), start: func(s *scripted) {
				for _, to := range order {
					peer[s.host.Dial(host.Addr(to))] = to
				}
			}, opened: func(s *scripted, c host.Conn, local host.Addr) {
				if local == "" {
					sent[c] = w.now
					s.host.Send(c, text(make([]byte, size)))
				}
			}, received: func(s *scripted, c host.Conn, m text) {
				if peer[c] == "" {
					s.host.Send(c, text("t"))
				} else {
					took[[2]string{name, peer[c]}] = w.now.Sub(sent[c])
				}
			}}
		}})
	}
	startAll(w)
	w.Run(100 * second)
	return took
}

func TestZones(t *testing.T) {
	const ms = time.Millisecond
	config := Config{Links: []Link{
		{From: "east", To: "west", Latency: Constant(40 * ms)},
		{From: "west", To: "east", Latency: Constant(70 * ms), BitsPerSecond: 8_000},
		{From: "west", To: "west", Latency: Constant(3 * ms)},
	}}
	took := travels(config, 100, map[string]string{"a": "east", "b": "east", "c": "west", "d": "west"}, "a", "b", "c", "d", "e")
	for pair, want := range map[[2]string]time.Duration{
		{"a", "b"}: 2 * ms,                     // no link: the nodes' own costs
		{"a", "c"}: 40*ms + 70*ms + 1*ms,       // the answer's byte takes a millisecond
		{"c", "a"}: 100*ms + 70*ms + 40*ms,     // the question's hundred bytes
		{"c", "d"}: 6 * ms,                     // within a zone
		{"c", "c"}: 2 * time.Microsecond,       // loopback
		{"e", "c"}: 2 * ms, {"c", "e"}: 2 * ms, // e stands nowhere
	} {
		require.InDelta(t, int64(want), int64(took[pair]), 2, "%v", pair)
	}
}

// What is no link draws as in a world without links.
func TestLinksLeaveOtherWaysAlone(t *testing.T) {
	play := func(links []Link) Digest {
		w := New(Config{Seed: 3, Links: links})
		add(w, "server", scripted{received: func(s *scripted, c host.Conn, m text) { s.host.Send(c, m) }})
		add(w, "client", scripted{start: dialAndSend("server:1", numbered(50)...)})
		startAll(w)
		w.Run(second)
		return w.Digest()
	}
	require.Equal(t, play(nil), play([]Link{{From: "a", To: "b", Latency: Constant(1)}}))
}

func TestHealedPartitionFlowsAfterTheLinksLatency(t *testing.T) {
	costs := DefaultCosts()
	w := New(Config{Costs: &costs, Links: []Link{{From: "far", To: "near", Latency: Constant(time.Second)}}})
	var at Time
	w.AddNode(NodeSpec{Name: "server", Zone: "near", Addrs: []host.Addr{"server"}, Factory: func() host.Node {
		return &scripted{log: new([]string), received: func(*scripted, host.Conn, text) { at = w.now }}
	}})
	w.AddNode(NodeSpec{Name: "client", Zone: "far", Factory: func() host.Node {
		return &scripted{log: new([]string), start: dialAndSend("server", "x")}
	}})
	startAll(w)
	w.Run(2 * second)
	cut := w.Cut([]string{"client"}, []string{"server"})
	w.Run(10 * second)
	cut.Heal()
	w.Run(20 * second)
	require.Equal(t, 11*second, at)
}

func TestDistributions(t *testing.T) {
	mean := func(d Distribution) int64 {
		table, source, sum := d.table(), newPCG(7), int64(0)
		random := rand.New(&source)
		for range 200_000 {
			sum += table.draw(random.Uint64())
		}
		return sum / 200_000
	}
	const ms = time.Millisecond
	uniform := Uniform{Min: 10 * ms, Max: 30 * ms}
	table := uniform.table()
	require.Equal(t, [3]int64{int64(10 * ms), int64(20 * ms), int64(30 * ms)}, [3]int64{table[0], table[512], table[1024]})
	require.InEpsilon(t, int64(20*ms), mean(uniform), 0.002)
	require.Equal(t, 20*ms, uniform.median())
	require.Equal(t, Constant(5).table(), Uniform{Min: 5, Max: 3}.table())

	exponential := Exponential{Mean: 10 * ms}
	table = exponential.table()
	require.InEpsilon(t, 6_931_472, table[512], 1e-6, "ln 2")
	require.InEpsilon(t, 6_931_472, int64(exponential.median()), 1e-6)
	require.InEpsilon(t, 10*ms, table[1024*632/1000], 0.01, "1 - 1/e")
	require.InEpsilon(t, int64(10*ms), mean(exponential), 0.01)
	require.Equal(t, [3]int64{0, 1_346_480, 69_314_718}, [3]int64{table[0], table[129], table[1023]}, "pinned: no draw may depend on the CPU")
	require.Zero(t, mean(Constant(0)))
}

func TestNoAllocationByLinksAndBounds(t *testing.T) {
	w, caught := New(Config{Seed: 1, Links: []Link{{From: "a", To: "b", Latency: Uniform{Min: 100_000, Max: 900_000}, BitsPerSecond: 1 << 40}}}), new(int)
	for _, name := range []string{"a", "b"} {
		w.AddNode(NodeSpec{Name: name, Zone: name, Addrs: []host.Addr{host.Addr(name)}, Factory: func() host.Node {
			return &player{dial: map[string][]host.Addr{"b": {"a"}}[name], throw: 20, caught: caught}
		}})
	}
	startAll(w)
	w.Narrow([]string{"b"}, []string{"a"}, 10_000_000)
	w.Run(second)
	before := *caught
	require.Less(t, testing.AllocsPerRun(10, func() { w.Run(w.now + second/5) }), 5.0)
	require.Greater(t, *caught-before, 10_000)
}
