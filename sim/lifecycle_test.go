package sim

import (
	"bytes"
	"errors"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"assay/host"

	"github.com/stretchr/testify/require"
)

var testPoint = &host.Point{Name: "written", Fields: []string{"n"}}

// writer is a node that writes ten times in one step when it is told to, tells
// a peer, and observes it.
func writer(s *scripted, c host.Conn, m text) {
	f, err := s.host.FS().Open("log")
	if err != nil {
		f, _ = s.host.FS().Create("log")
	}
	for range 10 {
		f.Append([]byte("x"))
	}
	f.Sync()
	s.host.Observe(host.Event{Point: testPoint, Args: [6]int64{f.Size()}})
	s.host.Send(c, "re "+m)
}

func TestKillInTheMiddleOfAStep(t *testing.T) {
	w := New(Config{Seed: 1})
	add(w, "server", scripted{received: writer})
	client := add(w, "client", scripted{start: dialAndSend("server:1", "a")})
	var causes []string
	w.OnDown(func(node string, cause Cause) {
		causes = append(causes, node+": "+cause.String())
	})
	w.Start("server")
	require.True(t, w.KillMidStep("server", 4, time.Minute)) // the creation is the first write
	w.Start("client")
	w.Run(second)
	require.Equal(t, []string{"server: kill in the middle of a step"}, causes)
	require.Equal(t, "xxx", string(must(w.FS("server").ReadFile("log"))))
	require.Equal(t, []string{"opened", "closed: " + host.ErrEOF.Error()}, *client, "what was cut sends nothing")
	w.Run(40 * second)
	w.PowerLoss("server", LoseUnsynced, nil)
	require.Equal(t, "xxx", string(must(w.FS("server").ReadFile("log"))), "the sync was not made, writeback was")

	w.Start("server")
	w.KillMidStep("server", 100, time.Minute)
	w.Run(99 * second)
	require.True(t, w.Up("server"))
	w.Run(101 * second)
	require.False(t, w.Up("server"), "the deadline is a plain kill")
	require.Equal(t, "server: kill", causes[len(causes)-1])
}

func TestExitLetsTheStepsMessagesGo(t *testing.T) {
	w := New(Config{Seed: 2})
	add(w, "server", scripted{received: func(s *scripted, c host.Conn, m text) {
		s.host.Send(c, text("farewell"))
		s.host.Exit(errors.New("the disk is broken"))
	}})
	client := add(w, "client", scripted{start: dialAndSend("server:1", "a")})
	var cause Cause
	w.OnDown(func(_ string, c Cause) { cause = c })
	startAll(w)
	w.Run(second)
	require.Equal(t, "exit: the disk is broken", cause.String())
	require.Nil(t, w.Node("server"))
	require.Equal(t, []string{"opened", "farewell", "closed: " + host.ErrEOF.Error()}, *client)
	require.True(t, w.Start("server"))
	require.False(t, w.Start("server"))
}

func TestNothingReachesTheHostAfterTheEnd(t *testing.T) {
	w := New(Config{Seed: 3})
	add(w, "n", scripted{})
	w.Start("n")
	dead := w.Node("n").(*scripted).host
	var op host.Op
	w.Inject("n", func(host.Node) { f, _ := dead.FS().Create("f"); op = f.Sync() })
	require.NotZero(t, op)
	w.Kill("n")
	w.Start("n")
	events := w.Events()
	_, err := dead.FS().Create("g")
	require.ErrorIs(t, err, host.ErrIO)
	require.Zero(t, dead.Dial("n:1"))
	require.Zero(t, dead.FS().SyncDir(""))
	dead.WakeAt(0)
	dead.Observe(host.Event{Point: testPoint})
	w.Run(second)
	require.Equal(t, events, w.Events(), "not even the Done of its sync")
	require.Equal(t, []string{"f"}, w.FS("n").Files())
}

// releasable counts the calls of Release, in which it still tries to act.
type releasable struct {
	scripted
	releases *int
}

func (s *releasable) Release() {
	*s.releases++
	s.host.Dial("n:1")
	s.host.FS().Create("too late")
}

func TestEveryIncarnationIsReleasedOnce(t *testing.T) {
	w, releases, starts := New(Config{}), 0, 0
	w.AddNode(NodeSpec{Name: "n", Factory: func() host.Node {
		starts++
		return &releasable{scripted{log: new([]string), wake: func(s *scripted) { s.host.Exit(nil) }, start: func(s *scripted) {
			if starts == 3 {
				s.host.WakeAt(0)
			}
		}}, &releases}
	}})
	for _, end := range []func(){
		func() { w.Kill("n") },
		func() { w.PowerLoss("n", Keep, nil) },
		func() { w.Run(second) }, // it exits
		func() { require.NoError(t, w.Close()) },
	} {
		w.Start("n")
		end()
		require.Equal(t, starts, releases)
	}
	require.Equal(t, 4, releases)
	require.Empty(t, w.FS("n").Files())
}

func TestActingFromWithinAStepIsCaught(t *testing.T) {
	w := New(Config{})
	add(w, "n", scripted{start: func(*scripted) { w.Kill("n") }})
	require.Panics(t, func() { w.Start("n") })
}

func TestIncarnationsDrawAnew(t *testing.T) {
	w := New(Config{Seed: 4})
	var draws []uint64
	add(w, "n", scripted{start: func(s *scripted) {
		draws = append(draws, s.host.Rand("a").Uint64(), s.host.Rand("b").Uint64(), s.host.Rand("a").Uint64())
	}})
	w.Start("n")
	w.Kill("n")
	w.Start("n")
	require.Len(t, draws, 6)
	for i := range draws {
		for j := range i {
			require.NotEqual(t, draws[i], draws[j])
		}
	}
}

// storm is a run with everything in it: clients that dial again and again,
// servers that write, faults of every kind.
func storm(config Config) *World {
	costs := DefaultCosts()
	costs.Network.MaxOutput = 60
	config.Costs = &costs
	config.DigestEvery = 100
	w := New(config)
	names := []string{"s-0", "s-1", "s-2"}
	for _, name := range names {
		add(w, name, scripted{received: writer})
	}
	for i := range 4 {
		target := host.Addr(names[i%3] + ":1")
		dial := func(s *scripted) {
			c := s.host.Dial(target)
			for _, m := range numbered(1 + s.host.Rand("burst").IntN(20)) {
				s.host.Send(c, m)
			}
			s.host.WakeAt(s.host.Now() + host.Time(s.host.Rand("pause").Int64N(int64(second))))
		}
		add(w, "c-"+strconv.Itoa(i), scripted{start: dial, wake: dial})
	}
	startAll(w)
	chance := w.Stream("faults")
	round := func() bool {
		name := w.Nodes()[chance.IntN(len(w.Nodes()))]
		stream := w.Stream("fault", strconv.Itoa(int(w.Now())))
		switch chance.IntN(7) {
		case 0:
			w.Kill(name)
		case 1:
			w.PowerLoss(name, PowerLossMode(chance.IntN(3)), stream)
		case 2:
			if w.Pause(name) {
				w.After(time.Second/2, func() { w.Resume(name) })
			}
		case 3:
			w.After(time.Second, w.Partition([]string{name}, w.Nodes()).Heal)
		case 4:
			w.Reset(name, chance.IntN(2) == 0, stream)
		case 5:
			w.KillMidStep(name, 1+chance.IntN(15), time.Second)
		case 6:
			w.After(time.Second, w.Delay(w.Nodes(), []string{name}, time.Second/3).Heal)
		}
		w.After(time.Second/2, func() { w.Start(name) })
		return w.Now() < 15*second
	}
	w.Every(time.Second/4, round)
	w.Run(20 * second)
	return w
}

func TestSameSeedSameDigest(t *testing.T) {
	runs := []Config{{}, {}, {Frames: true}, {Debug: true}, {Trace: &bytes.Buffer{}}}
	digests := make([]string, len(runs))
	var group sync.WaitGroup
	for i := range runs {
		runs[i].Seed = 7
		group.Go(func() { digests[i] = storm(runs[i]).FinalDigest().String() })
	}
	group.Wait()
	previous := runtime.GOMAXPROCS(1)
	digests = append(digests, storm(Config{Seed: 7}).FinalDigest().String())
	runtime.GOMAXPROCS(previous)
	for _, digest := range digests {
		require.Len(t, digest, 32)
		require.Equal(t, digests[0], digest)
	}
	require.NotEqual(t, digests[0], storm(Config{Seed: 8}).FinalDigest().String())
}

// TestStormLeavesNothingBehind looks for what no run may leave: connections
// that neither side has, flights that nobody will get.
func TestStormLeavesNothingBehind(t *testing.T) {
	for seed := range uint64(30) {
		w := storm(Config{Seed: seed, Debug: true})
		require.Greater(t, w.Events(), uint64(1000))
		under := 0
		for _, c := range w.connections {
			if c == nil {
				continue
			}
			open := 0
			for side := range uint64(2) {
				d := &c.directions[side]
				if c.ends[side].state == endOpen {
					open++
				}
				n, size, admitted := 0, int64(0), 0
				for i := d.flights.first; i != 0; i = w.flight(i).next {
					if d.flights.next == i {
						admitted = n
					}
					n++
					size += w.flight(i).size
				}
				if d.flights.next == 0 {
					admitted = n
				}
				require.Equal(t, int(d.flights.admitted), admitted)
				require.Equal(t, d.size, size)
				under += n
				if next := d.flights.next; next != 0 && w.Now() < 25*second { // all faults ended long ago
					require.Greater(t, max(w.flight(next).arrival, d.holdUntil), w.Now()-second, "connection %d is stuck", c.number)
				}
			}
			require.Positive(t, open+under, "nobody has connection %d", c.number)
		}
		free := 0
		for i := w.freeFlight; i != 0; i = w.flight(i).next {
			free++
		}
		require.Equal(t, len(w.network.flights)-1, under+free, "flights leak")
	}
}

func TestTraceIsOneLineAnEvent(t *testing.T) {
	var out bytes.Buffer
	w := storm(Config{Seed: 7, Trace: &out})
	require.NoError(t, w.Close())
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, int(w.Events()))
	for _, part := range []string{`"kind":"received","conn":`, `"detail":"written n=10"`, `"kind":"power_loss"`, `"node":"s-1"`} {
		require.Contains(t, out.String(), part)
	}
	require.NotContains(t, out.String(), `"kind":""`)
}

func TestFirstDivergenceIsFound(t *testing.T) {
	run := func(seed uint64, odd bool) func(*Watch) *World {
		return func(watch *Watch) *World {
			w := New(Config{Seed: seed, DigestEvery: 50, Watch: watch})
			count := 0
			add(w, "server", scripted{received: func(s *scripted, c host.Conn, m text) {
				if count++; odd && count == 321 {
					m = "odd"
				}
				s.host.Send(c, m)
			}})
			add(w, "client", scripted{start: dialAndSend("server:1", numbered(1000)...)})
			startAll(w)
			w.Run(20 * second)
			return w
		}
	}
	_, differ := FirstDivergence(run(1, false), run(1, false))
	require.False(t, differ)
	d, differ := FirstDivergence(run(1, false), run(1, true))
	require.True(t, differ)
	require.Equal(t, "client", d.A.Node)
	require.Contains(t, d.A.Detail, ": 320")
	require.Contains(t, d.B.Detail, ": odd")
	require.Equal(t, d.A.Number, d.Last.Number+1)
}

func TestChanceOfOneLinkIsItsOwn(t *testing.T) {
	arrivals := func(others int) (at []Time) {
		w := New(Config{Seed: 5})
		add(w, "server", scripted{})
		add(w, "catcher", scripted{received: func(*scripted, host.Conn, text) { at = append(at, w.now) }})
		for i := range others {
			add(w, "other-"+strconv.Itoa(i), scripted{start: dialAndSend("server:1", numbered(100)...)})
		}
		add(w, "thrower", scripted{start: dialAndSend("catcher:1", numbered(100)...)})
		startAll(w)
		w.Run(second)
		return at
	}
	require.Len(t, arrivals(0), 100)
	require.Equal(t, arrivals(0), arrivals(3))
}

func TestStreamsDependOnTheirNamesAlone(t *testing.T) {
	require.Equal(t, Stream(1, "a", "b").Uint64(), Stream(1, "a", "b").Uint64())
	require.NotEqual(t, Stream(1, "a", "b").Uint64(), Stream(1, "b", "a").Uint64())
	require.NotEqual(t, Stream(1, "a").Uint64(), Stream(2, "a").Uint64())
	require.NotEqual(t, Stream(1, "ab").Uint64(), Stream(1, "a", "b").Uint64())
}

func TestQuantilesMeetTheirNames(t *testing.T) {
	d := Lognormal{P50: 300 * time.Microsecond, P99: 5 * time.Millisecond}
	table := d.table()
	require.InEpsilon(t, int64(d.P50), table[512], 0.01)
	require.InEpsilon(t, int64(d.P99), table[1013], 0.03)
	source := newPCG(1)
	below50, below99 := 0, 0
	for range 100_000 {
		v := table.draw(source.Uint64())
		require.Positive(t, v)
		if v < int64(d.P50) {
			below50++
		}
		if v < int64(d.P99) {
			below99++
		}
	}
	require.InDelta(t, 50_000, below50, 1000)
	require.InDelta(t, 99_000, below99, 300)
	require.Equal(t, int64(7), Lognormal{P50: 7}.table()[1000])
	require.Equal(t, [2]int64{31_268, 16_176_128}, [2]int64{table[31], table[1023]}, "pinned: no draw may depend on the CPU")
}
