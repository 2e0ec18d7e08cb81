package deadline

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"assay/host"
)

// model is a plain list of what is set, in the order in which it was set.
type model []entry

type entry struct {
	name int
	at   host.Time
}

func (m *model) stop(name int) {
	*m = slices.DeleteFunc(*m, func(e entry) bool { return e.name == name })
}

func (m *model) set(name int, at host.Time) {
	m.stop(name)
	if at != host.Never {
		*m = append(*m, entry{name, at})
	}
}

// first is the earliest, and among equal ones the one set first.
func (m model) first() (entry, bool) {
	if len(m) == 0 {
		return entry{at: host.Never}, false
	}
	return slices.MinFunc(m, func(a, b entry) int { return int(a.at - b.at) }), true
}

// trial does the same to a heap and to its model.
type trial struct {
	*require.Assertions
	random    *rand.Rand
	heap      Heap
	model     model
	deadlines [20]Deadline
	now       host.Time
	fired     int
	putsOff   bool // and so Next may be early
}

func (tr *trial) step() {
	i := tr.random.IntN(len(tr.deadlines))
	d, at := &tr.deadlines[i], tr.now+host.Time(tr.random.IntN(12)-1)
	if tr.random.IntN(20) == 0 {
		at = host.Never
	}
	switch choice := tr.random.IntN(6); {
	case choice == 0:
		tr.heap.Stop(d)
		tr.model.stop(i)
	case choice < 3 && tr.putsOff:
		tr.heap.PutOff(d, at)
		tr.model.set(i, at)
	default:
		tr.heap.Set(d, at)
		tr.model.set(i, at)
	}
}

// fire is what a deadline does: it was the first of all, and goes on to change
// others and itself.
func (tr *trial) fire(name int) {
	first, found := tr.model.first()
	tr.True(found)
	tr.Equal(name, first.name)
	tr.LessOrEqual(first.at, tr.now)
	tr.model.stop(name)
	tr.fired++
	if tr.random.IntN(3) == 0 {
		tr.step()
	}
}

func (tr *trial) compare() {
	for i := range tr.deadlines {
		at := host.Never
		for _, e := range tr.model {
			if e.name == i {
				at = e.at
			}
		}
		tr.Equal(at, tr.deadlines[i].At())
		tr.Equal(at != host.Never, tr.deadlines[i].IsSet())
	}
	first, _ := tr.model.first()
	if tr.putsOff {
		tr.LessOrEqual(tr.heap.Next(), first.at)
	} else {
		tr.Equal(first.at, tr.heap.Next())
	}
}

// A heap does what a list searched for its earliest entry does, whatever is set,
// put off and stopped, also by what fires.
func TestHeapFiresAsAListWould(t *testing.T) {
	fired := 0
	for seed := range uint64(200) {
		tr := &trial{Assertions: require.New(t), random: rand.New(rand.NewPCG(seed, 1)), putsOff: seed%2 == 0}
		for i := range tr.deadlines {
			tr.deadlines[i].Fire = func() { tr.fire(i) }
		}
		for range 100 {
			for range tr.random.IntN(8) {
				tr.step()
			}
			tr.compare()
			tr.now += host.Time(tr.random.IntN(5))
			tr.heap.Expire(tr.now)
			first, _ := tr.model.first()
			tr.Greater(first.at, tr.now, "all that is due has fired")
			tr.compare()
		}
		fired += tr.fired
	}
	require.Greater(t, fired, 20_000)
}

// What PutOff saves is paid by one wake-up for nothing, never by a late one.
func TestPutOffLeavesTheFormerWakeUp(t *testing.T) {
	var h Heap
	d := Deadline{Fire: func() {}}
	require.Equal(t, host.Never, h.Next())
	h.Set(&d, 10)
	h.Set(&d, 30)
	require.Equal(t, host.Time(30), h.Next())
	h.PutOff(&d, 50)
	require.Equal(t, host.Time(30), h.Next(), "a wake-up for nothing")
	require.Equal(t, host.Time(50), d.At())
	h.Expire(30)
	require.True(t, d.IsSet())
	require.Equal(t, host.Time(50), h.Next())
	h.PutOff(&d, 40)
	require.Equal(t, host.Time(40), h.Next(), "an earlier one is never late")
}

func many() (*Heap, []Deadline) {
	h, deadlines := new(Heap), make([]Deadline, 1000)
	for i := range deadlines {
		deadlines[i].Fire = func() {}
		h.Set(&deadlines[i], host.Time(i*7919%len(deadlines)))
	}
	return h, deadlines
}

func TestHeapDoesNotAllocate(t *testing.T) {
	h, deadlines := many()
	at := host.Time(len(deadlines))
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		at++
		d := &deadlines[int(at)%len(deadlines)]
		h.Stop(d)
		h.Set(d, at)
		h.PutOff(d, at+1)
	}))
}

// BenchmarkRequest sets a time-out and stops it, as nearly every request does.
func BenchmarkRequest(b *testing.B) {
	h, _ := many()
	d := Deadline{Fire: func() {}}
	b.ReportAllocs()
	for at := host.Time(1000); b.Loop(); at++ {
		h.Set(&d, at)
		h.Stop(&d)
	}
}

// BenchmarkHeartbeat puts sessions off, and lets come up what has waited long.
func BenchmarkHeartbeat(b *testing.B) {
	h, deadlines := many()
	b.ReportAllocs()
	for at, i := host.Time(1000), 0; b.Loop(); at, i = at+1, (i+1)%len(deadlines) {
		h.PutOff(&deadlines[i], at+3000)
		h.Expire(at)
	}
}
