package checkers

import (
	"slices"

	"assay/checkers/history"
)

// maxFaults bounds how many faults explain one finding.
const maxFaults = 3

// explain finds the faults that explain a finding, at most maxFaults. Where the
// damage showed only later (until), what did it may have come at any time up to
// then: the nearest power loss or kill of who is concerned comes first, since
// these make an acknowledgement untrue. A kill keeps the page cache, so that the
// nearest power loss is named beside it. Then come the faults that overlap the
// operations, nearest to their start first; else the next one before the damage
// showed; else the last before the operations.
func (n *names) explain(f finding) []history.Fault {
	var chosen []history.Fault
	choose := func(fault history.Fault) {
		known := slices.ContainsFunc(chosen, func(c history.Fault) bool { return c.ID == fault.ID && c.Start == fault.Start })
		if !known && len(chosen) < maxFaults {
			chosen = append(chosen, fault)
		}
	}
	for _, fault := range n.stops(f) {
		choose(fault)
	}
	overlapping := f.overlapping(n.faults)
	for _, fault := range overlapping {
		choose(fault)
	}
	if len(chosen) == 0 {
		if next, found := f.next(n.faults); found {
			choose(next)
		} else if before, found := f.previous(n.faults); found {
			choose(before)
		}
	}
	return chosen
}

// stops finds the nearest power loss or kill that may have done damage which
// showed later, and with a kill the nearest power loss too.
func (n *names) stops(f finding) []history.Fault {
	var power, kill *history.Fault
	for i := range n.faults {
		fault := &n.faults[i]
		if fault.End < f.from || fault.Start > f.until || !n.concerns(fault, f) {
			continue
		}
		switch fault.Kind {
		case "power_loss":
			power = n.nearer(f, power, fault)
		case "kill":
			kill = n.nearer(f, kill, fault)
		}
	}
	var found []history.Fault
	if kill != nil && (power == nil || f.distance(kill) < f.distance(power)) {
		found = append(found, *kill)
	}
	if power != nil {
		found = append(found, *power)
	}
	return found
}

// concerns says whether a fault hit the finding's client, a replica of its
// partition or, where nobody knows who holds one, anything but another client.
func (n *names) concerns(fault *history.Fault, f finding) bool {
	return n.hitsClient(fault, f) || slices.ContainsFunc(fault.Targets, func(target string) bool {
		if int(f.partition) < len(n.holders) && len(n.holders[f.partition]) > 0 {
			return slices.Contains(n.holders[f.partition], target)
		}
		return !slices.ContainsFunc(n.clients, func(c history.ClientName) bool { return c.Name == target })
	})
}

// hitsClient says whether a fault hit the finding's client.
func (n *names) hitsClient(fault *history.Fault, f finding) bool {
	return f.client > 0 && slices.Contains(fault.Targets, n.client(history.ClientID(f.client-1)).Name)
}

// distance is the time between the operations' end, which is when a record was
// acknowledged, and the fault: zero if it was under way then. What had ended
// before did not undo what was acknowledged after it.
func (f finding) distance(fault *history.Fault) history.Time {
	switch {
	case fault.Start > f.to:
		return fault.Start - f.to
	case fault.End < f.to:
		return f.to - fault.End
	}
	return 0
}

// nearer takes the fault that is nearer to the operations; of two as near the one
// that hit the finding's client, else the first.
func (n *names) nearer(f finding, best, other *history.Fault) *history.Fault {
	if best == nil {
		return other
	}
	near, nearer := f.distance(best), f.distance(other)
	if nearer < near || nearer == near && n.hitsClient(other, f) && !n.hitsClient(best, f) {
		return other
	}
	return best
}

// overlapping finds the faults that overlap the operations, nearest to their start first.
func (f finding) overlapping(faults []history.Fault) []history.Fault {
	var list []history.Fault
	for _, fault := range faults {
		if fault.Start <= f.to && fault.End >= f.from {
			list = append(list, fault)
		}
	}
	sortBy(list, func(fault history.Fault) int64 { return int64(max(fault.Start-f.from, f.from-fault.Start)) })
	return list
}

// next finds the first fault that started after the operations and before the damage showed.
func (f finding) next(faults []history.Fault) (next history.Fault, found bool) {
	for _, fault := range faults {
		if fault.Start > f.to && fault.Start <= f.until && (!found || fault.Start < next.Start) {
			next, found = fault, true
		}
	}
	return next, found
}

// previous finds the last fault that started before the operations.
func (f finding) previous(faults []history.Fault) (last history.Fault, found bool) {
	for _, fault := range faults {
		if fault.Start < f.from && (!found || fault.Start >= last.Start) {
			last, found = fault, true
		}
	}
	return last, found
}
