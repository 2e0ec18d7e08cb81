package checkers

import (
	"maps"
	"slices"
)

const (
	pageBits = 6
	pageSize = 1 << pageBits
)

// dense is an array indexed by offset or send number, held in pages so that a
// log which starts late, or a stray number, costs no memory in between. Entries
// that were never touched are zero.
type dense[T any] struct {
	pages map[int64]*[pageSize]T
	// The page used last: histories walk forward.
	recent int64
	page   *[pageSize]T
}

// at gives the entry, and makes it.
func (d *dense[T]) at(i int64) *T {
	key := i >> pageBits
	if d.page == nil || key != d.recent {
		p := d.pages[key]
		if p == nil {
			if d.pages == nil {
				d.pages = map[int64]*[pageSize]T{}
			}
			p = new([pageSize]T)
			d.pages[key] = p
		}
		d.recent, d.page = key, p
	}
	return &d.page[i&(pageSize-1)]
}

// peek gives the entry or, if nothing near it was ever touched, nil.
func (d *dense[T]) peek(i int64) *T {
	key := i >> pageBits
	if d.page == nil || key != d.recent {
		p := d.pages[key]
		if p == nil {
			return nil
		}
		d.recent, d.page = key, p
	}
	return &d.page[i&(pageSize-1)]
}

// get is the entry's value, zero if it was never touched.
func (d *dense[T]) get(i int64) T {
	if p := d.peek(i); p != nil {
		return *p
	}
	var zero T
	return zero
}

// ascend visits the entries of [from, to) that have a page, in ascending order,
// touched or not. The visitor returns false to stop.
func (d *dense[T]) ascend(from, to int64, visit func(i int64, entry *T) bool) {
	if from >= to {
		return
	}
	first, last := from>>pageBits, (to-1)>>pageBits
	if last-first < int64(len(d.pages)) {
		for key := first; key <= last; key++ {
			if !d.visitPage(key, from, to, visit) {
				return
			}
		}
		return
	}
	for _, key := range slices.Sorted(maps.Keys(d.pages)) {
		if key >= first && key <= last && !d.visitPage(key, from, to, visit) {
			return
		}
	}
}

func (d *dense[T]) visitPage(key, from, to int64, visit func(i int64, entry *T) bool) bool {
	page := d.pages[key]
	if page == nil {
		return true
	}
	base := key << pageBits
	for i := max(from, base); i < min(to, base+pageSize); i++ {
		if !visit(i, &page[i-base]) {
			return false
		}
	}
	return true
}

// all visits every entry of every page in ascending order.
func (d *dense[T]) all(visit func(i int64, entry *T) bool) {
	for _, key := range slices.Sorted(maps.Keys(d.pages)) {
		if !d.visitPage(key, key<<pageBits, (key+1)<<pageBits, visit) {
			return
		}
	}
}

// descend visits every entry of every page in descending order.
func (d *dense[T]) descend(visit func(i int64, entry *T)) {
	keys := slices.Sorted(maps.Keys(d.pages))
	for _, key := range slices.Backward(keys) {
		page := d.pages[key]
		for i := range int64(pageSize) {
			visit(key<<pageBits+pageSize-1-i, &page[pageSize-1-i])
		}
	}
}

// lastIn finds the highest index of [from, to) whose entry fits, -1 if none does.
func (d *dense[T]) lastIn(from, to int64, fits func(entry *T) bool) int64 {
	keys := slices.Sorted(maps.Keys(d.pages))
	for _, key := range slices.Backward(keys) {
		base := key << pageBits
		for i := min(to, base+pageSize) - 1; i >= max(from, base); i-- {
			if fits(&d.pages[key][i-base]) {
				return i
			}
		}
	}
	return -1
}
