package run

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"assay/host"
	"assay/scenarios/format"
	"assay/scenarios/workload"
	"assay/sim"
)

// Until is a moment to stop a run at: a time since its start, or the nth
// passing of a named point.
type Until struct {
	At    time.Duration
	Event string // "" for At
	Nth   int64
}

// errReached ends a run at its Until.
var errReached = errors.New("the moment is reached")

// dumper is what a node implements that can tell its state to people.
type dumper interface{ Dump() string }

// Inspect plays a scenario up to a moment and tells the state of a node there,
// or of all nodes for "".
func Inspect(s *format.Scenario, seed uint64, values map[string]*workload.Values, until Until, node string, options Options) (string, error) {
	r, err := newRun(s, seed, values, options)
	if err != nil {
		return "", err
	}
	defer r.world.Close()
	r.stopAt(until)
	switch err := r.play(); {
	case err == nil && until.Event != "":
		return "", fmt.Errorf("the run ended at %s, and %s had not come %d times", r.now(), until.Event, until.Nth)
	case err == nil:
		return "", fmt.Errorf("the run ended at %s, before %s", r.now(), until.At)
	case !errors.Is(err, errReached):
		return "", err
	}
	return r.dump(node)
}

// stopAt ends the run at a moment. It is set up before the run begins, and the
// moment counts from the run's start.
func (r *run) stopAt(until Until) {
	passed := int64(0)
	r.world.Observe(func(_ string, _ sim.Time, e host.Event) {
		if r.engine == nil || until.Event == "" || e.Point.Name != until.Event {
			return
		}
		if passed++; passed == max(1, until.Nth) {
			r.world.At(r.world.Now(), r.reach)
		}
	})
	r.onBegin = func() {
		if until.Event == "" {
			r.world.At(r.origin.Add(until.At), r.reach)
		}
	}
}

func (r *run) reach() {
	r.reached = true
	r.world.Stop()
}

// dump tells the state of one node, or of all.
func (r *run) dump(node string) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "at %s of the run, event %d\n", r.now(), r.world.Events())
	found := false
	for _, name := range r.world.Nodes() {
		if node != "" && node != name {
			continue
		}
		found = true
		fmt.Fprintf(&b, "\n%s: ", name)
		switch alive := r.world.Node(name).(type) {
		case nil:
			b.WriteString("down\n")
		case dumper:
			if r.world.Paused(name) {
				b.WriteString("paused\n")
			}
			b.WriteString(alive.Dump())
		default:
			b.WriteString("up\n")
		}
	}
	if !found {
		return "", fmt.Errorf("there is no node %s: there are %s", node, strings.Join(r.world.Nodes(), ", "))
	}
	return b.String(), nil
}
