package faults

// Minimize returns a subset of items, in order, that still fails and from which
// no single item can be taken away without losing the failure (1-minimal), by
// delta debugging (Zeller and Hildebrandt, 2002). The whole must fail; fails is
// called at most budget times, and what is smallest by then is returned.
func Minimize[T any](items []T, budget int, fails func([]T) bool) []T {
	current := items
	for parts := 2; len(current) > 0 && budget > 0; {
		smaller, found := oneLess(current, parts, &budget, fails)
		switch {
		case found:
			current, parts = smaller, max(parts-1, 2)
		case parts >= len(current):
			return current
		default:
			parts = min(parts*2, len(current))
		}
		if parts > len(current) {
			parts = max(len(current), 1)
		}
	}
	return current
}

// oneLess tries to leave out each of the parts in turn, the last first: faults
// after the failure go cheaply.
func oneLess[T any](items []T, parts int, budget *int, fails func([]T) bool) ([]T, bool) {
	for i := parts - 1; i >= 0 && *budget > 0; i-- {
		from, to := i*len(items)/parts, (i+1)*len(items)/parts
		if from == to {
			continue
		}
		candidate := append(append([]T(nil), items[:from]...), items[to:]...)
		*budget--
		if fails(candidate) {
			return candidate, true
		}
	}
	return nil, false
}
