package checkers

import (
	"slices"

	"assay/checkers/history"
)

// deed is something that a client did, at a place in an order of its own (a
// generation, a time) and known to be done by a time.
type deed[T any] struct {
	client history.ClientID
	place  int64
	at     history.Time
	what   T
}

// others finds, of deeds behind a place, the one that another client than a given
// one did soonest.
type others[T any] []soonest[T]

// soonest is, from a place on, the soonest deed and the soonest of any other client.
type soonest[T any] struct {
	place         int64
	first, second deed[T]
}

// newOthers takes the deeds in any order.
func newOthers[T any](list []deed[T]) others[T] {
	list = slices.Clone(list)
	sortBy(list, func(d deed[T]) int64 { return d.place })
	never := deed[T]{at: history.Infinity}
	best, found := soonest[T]{first: never, second: never}, make(others[T], len(list))
	for i, d := range slices.Backward(list) {
		switch {
		case d.at < best.first.at:
			if d.client != best.first.client {
				best.second = best.first
			}
			best.first = d
		case d.client != best.first.client && d.at < best.second.at:
			best.second = d
		}
		best.place = d.place
		found[i] = best
	}
	return found
}

// behind finds the soonest deed of another client behind a place.
func (o others[T]) behind(client history.ClientID, place int64) (deed[T], bool) {
	i, _ := slices.BinarySearchFunc(o, place, func(s soonest[T], place int64) int {
		if s.place <= place {
			return -1
		}
		return 1
	})
	if i == len(o) {
		return deed[T]{}, false
	}
	next := o[i].first
	if next.client == client {
		next = o[i].second
	}
	return next, next.at != history.Infinity
}
