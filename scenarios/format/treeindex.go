package format

import "strings"

// location is where a key and its value stand.
type location struct{ key, value place }

// treeIndex finds what a JSON pointer names: the side table that keeps
// positions out of Scenario.
type treeIndex map[string]location

func indexTree(tree *node) treeIndex {
	index := treeIndex{"": {tree.place, tree.place}}
	index.add("", tree)
	return index
}

func (x treeIndex) add(pointer string, n *node) {
	for _, e := range n.entries {
		below := pointerTo(pointer, e.key)
		x[below] = location{e.keyPlace, e.value.place}
		x.add(below, e.value)
	}
	for i, item := range n.items {
		below := pointerToItem(pointer, i)
		x[below] = location{item.place, item.place}
		x.add(below, item)
	}
}

// find returns the place of the value at a pointer; where the file leaves it
// to a default, the place of the nearest key around it.
func (x treeIndex) find(pointer string) place {
	if found, ok := x[pointer]; ok {
		return found.value
	}
	return x.findKey(pointer)
}

// findKey is find for the key.
func (x treeIndex) findKey(pointer string) place {
	for {
		if found, ok := x[pointer]; ok {
			return found.key
		}
		cut := strings.LastIndexByte(pointer, '/')
		if cut < 0 {
			return x[""].key
		}
		pointer = pointer[:cut]
	}
}
