package sim

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"assay/host"

	"github.com/stretchr/testify/require"
)

// ball is a message that is thrown back and forth; it is never changed.
type ball struct{ number uint64 }

func (b *ball) Size() int                       { return 100 }
func (b *ball) Fingerprint() uint64             { return b.number }
func (b *ball) Reencode() (host.Message, error) { return &ball{b.number}, nil }

// player throws every ball back to where it came from, and at its start some to
// all players before it.
type player struct {
	host   host.Host
	dial   []host.Addr
	throw  int
	caught *int
}

func (p *player) Start(h host.Host) {
	p.host = h
	for _, addr := range p.dial {
		c := h.Dial(addr)
		for i := range p.throw {
			h.Send(c, &ball{uint64(i)})
		}
	}
}
func (p *player) Opened(host.Conn, host.Addr)          {}
func (p *player) Received(c host.Conn, m host.Message) { *p.caught++; p.host.Send(c, m) }
func (p *player) Closed(host.Conn, error)              {}
func (p *player) Done(host.Op, error)                  {}
func (p *player) Wake()                                {}

// court is a world of 16 players, each pair connected, with about so many balls
// in the air. Steps take no time, so that what is measured is the kernel.
func court(balls int, links int) (*World, *int) {
	costs := DefaultCosts()
	costs.CPU = CPUCosts{Cores: 4}
	w, caught := New(Config{Seed: 1, Costs: &costs, DigestEvery: 1 << 20}), new(int)
	var addrs []host.Addr
	for i := range 16 {
		name := "player-" + strconv.Itoa(i)
		var dial []host.Addr
		for range links {
			dial = append(dial, addrs...)
		}
		w.AddNode(NodeSpec{Name: name, Addrs: []host.Addr{host.Addr(name)}, Factory: func() host.Node {
			return &player{dial: dial, throw: balls / (120 * links), caught: caught}
		}})
		addrs = append(addrs, host.Addr(name))
	}
	startAll(w)
	w.Run(second / 10)
	return w, caught
}

// BenchmarkKernel counts messages: each is sent, carried, received and in the
// digest. In the second form every ball in the air has a connection of its own,
// so that as many events are pending in the queue.
func BenchmarkKernel(b *testing.B) {
	for _, balls := range []int{1_000, 100_000} {
		for _, links := range []int{1, balls / 120} {
			b.Run(strconv.Itoa(balls)+"/connections="+strconv.Itoa(120*links), func(b *testing.B) {
				w, caught := court(balls, links)
				before := *caught
				b.ReportAllocs()
				for b.Loop() {
					w.Step()
				}
				b.ReportMetric(float64(*caught-before)/b.Elapsed().Seconds()/1e6, "Mmsg/s")
				b.ReportMetric(float64(w.queue.size), "pending")
			})
		}
	}
}

// BenchmarkSideBySide takes turns of a few milliseconds each at container/heap,
// the bare queue and the kernel, and reports the rates of the median turns and
// their ratios: a noisy machine slows all of them alike.
func BenchmarkSideBySide(b *testing.B) {
	later := delays()
	for _, pending := range []int{1_000, 100_000} {
		b.Run(strconv.Itoa(pending), func(b *testing.B) {
			heap, radix := holdHeap(pending, later), holdRadix(pending, later)
			links, linksCaught := court(pending, 1)
			alone, aloneCaught := court(pending, pending/120)
			timed := func(work func() int) float64 {
				before := time.Now()
				n := work()
				return float64(n) / time.Since(before).Seconds() / 1e6
			}
			play := func(w *World, caught *int) func() int {
				return func() int {
					before := *caught
					for *caught < before+50_000 {
						w.Step()
					}
					return *caught - before
				}
			}
			var rates [4][]float64
			for b.Loop() {
				rates[0] = append(rates[0], timed(func() int { heap(50_000); return 50_000 }))
				rates[1] = append(rates[1], timed(func() int { radix(50_000); return 50_000 }))
				rates[2] = append(rates[2], timed(play(links, linksCaught)))
				rates[3] = append(rates[3], timed(play(alone, aloneCaught)))
			}
			var median [4]float64
			for i := range rates {
				slices.Sort(rates[i])
				median[i] = rates[i][len(rates[i])/2]
			}
			b.ReportMetric(median[0], "heap-M/s")
			b.ReportMetric(median[1], "radix-M/s")
			b.ReportMetric(median[2], "kernel-M/s")
			b.ReportMetric(median[3], "kernel-apart-M/s")
			b.ReportMetric(median[1]/median[0], "radix/heap")
			b.ReportMetric(median[2]/median[1], "kernel/radix")
			b.ReportMetric(median[3]/median[1], "kernel-apart/radix")
		})
	}
}

func TestNoAllocationPerEvent(t *testing.T) {
	w, caught := court(1_200, 1)
	w.Run(w.now + second/4)
	before := *caught
	allocations := testing.AllocsPerRun(10, func() { w.Run(w.now + second/50) })
	require.Greater(t, *caught-before, 10_000)
	require.Less(t, allocations, 5.0, "%d messages", *caught-before)
}

// clockwork does a bit of everything at every wake-up.
type clockwork struct {
	player
	file  host.File
	woken int
}

func (c *clockwork) Start(h host.Host) {
	c.host = h
	c.file, _ = h.FS().Create("f")
	c.file.Append(make([]byte, 100))
	c.Wake()
}

func (c *clockwork) Wake() {
	c.woken++
	c.file.Sync()
	c.host.Serial(uint64(c.woken % 3))
	c.host.Rand("chance").Uint64()
	c.host.Observe(host.Event{Point: testPoint, Subject: "clock", Args: [6]int64{int64(c.woken)}})
	c.host.WakeAt(c.host.Now().Add(time.Millisecond))
}

func TestNoAllocationByTheHost(t *testing.T) {
	w, node := New(Config{}), &clockwork{}
	w.AddNode(NodeSpec{Name: "n", Factory: func() host.Node { return node }})
	w.Start("n")
	w.Run(second)
	before := node.woken
	allocations := testing.AllocsPerRun(10, func() { w.Run(w.now + second) })
	require.Greater(t, node.woken-before, 10_000)
	require.Less(t, allocations, 50.0, "%d wake-ups", node.woken-before)
}
