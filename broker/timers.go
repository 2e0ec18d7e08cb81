package broker

import (
	"assay/host"
	"assay/internal/deadline"
)

// timer is one deadline of the node.
type timer = deadline.Deadline

// timers are the node's deadlines behind the host's one.
type timers struct{ deadline.Heap }

// set arms t to fire at a time, replacing what it was armed for.
func (ts *timers) set(t *timer, at host.Time, fire func()) {
	t.Fire = fire
	ts.Set(t, at)
}
