package format

import (
	"fmt"
	"strconv"
	"strings"
)

// pointerEscape and pointerUnescape write and read a key in a JSON pointer (RFC 6901).
var (
	pointerEscape   = strings.NewReplacer("~", "~0", "/", "~1")
	pointerUnescape = strings.NewReplacer("~1", "/", "~0", "~")
)

// pointerTo extends a pointer by a key.
func pointerTo(parent, key string) string { return parent + "/" + pointerEscape.Replace(key) }

func pointerToItem(parent string, index int) string { return parent + "/" + strconv.Itoa(index) }

// splitPointer returns the keys of a JSON pointer that names something below the root.
func splitPointer(pointer string) ([]string, error) {
	rest, found := strings.CutPrefix(pointer, "/")
	if !found || rest == "" {
		return nil, fmt.Errorf("%q is no JSON pointer: write /section/name/field, with ~1 for a slash inside a name", pointer)
	}
	keys := strings.Split(rest, "/")
	for i := range keys {
		keys[i] = pointerUnescape.Replace(keys[i])
	}
	return keys, nil
}

// set puts a value at a pointer below n, creating the maps on the way; a null
// value deletes. keyPlace becomes the position of the keys it creates.
func (n *node) set(keys []string, value *node, keyPlace place) error {
	key, rest := keys[0], keys[1:]
	switch {
	case n.kind == listNode:
		return n.setItem(key, rest, value, keyPlace)
	case n.isNull():
		*n = node{kind: mapNode, place: keyPlace}
	case n.kind == scalarNode:
		return fmt.Errorf("%q names something inside %s, which is not a map", key, n.describe())
	}
	i := n.find(key)
	switch {
	case len(rest) == 0 && value.isNull():
		if i >= 0 {
			n.entries = append(n.entries[:i], n.entries[i+1:]...)
		}
		return nil
	case i < 0:
		n.entries = append(n.entries, entry{key, keyPlace, &node{tag: "!!null", place: keyPlace}})
		i = len(n.entries) - 1
	}
	if len(rest) == 0 {
		n.entries[i].value = value
		return nil
	}
	return n.entries[i].value.set(rest, value, keyPlace)
}

// setItem replaces, appends ("-", or the index after the last) or deletes an item of a list.
func (n *node) setItem(key string, rest []string, value *node, keyPlace place) error {
	index, err := strconv.Atoi(key)
	if key == "-" {
		index, err = len(n.items), nil
	}
	if err != nil || index < 0 || index > len(n.items) {
		return fmt.Errorf("%q is no index into a list of %d (0 to %d, - appends)", key, len(n.items), len(n.items)-1)
	}
	deletes := len(rest) == 0 && value.isNull()
	if index == len(n.items) {
		if deletes {
			return nil
		}
		n.items = append(n.items, &node{tag: "!!null", place: keyPlace})
	}
	switch {
	case deletes:
		n.items = append(n.items[:index], n.items[index+1:]...)
	case len(rest) == 0:
		n.items[index] = value
	default:
		return n.items[index].set(rest, value, keyPlace)
	}
	return nil
}
