package format

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// longestChain bounds how many files may extend one another.
const longestChain = 16

// extendsCodec is for an "extends" that is still there when the scenario is read: files have theirs merged before.
var extendsCodec = codec[string]{
	shape: Shape{Kind: ShapeText},
	read: func(r *reader, at at, _ *string) {
		r.report(at.key, at.pointer, "", "extends stands in a scenario file; it cannot be set from outside")
	},
	write: func(string) *node { return nil },
}

// shippedFile stands between the name of a shipped scenario and that of a file beside it.
const shippedFile = ":/"

// origin says where the value files lie that a source names, seen from the scenario that was asked for.
type origin struct {
	dir     string // in the same files, relative to that scenario
	shipped string // the name of a shipped scenario with files of its own, "" for none
}

// file is a value file's name as the whole scenario has it.
func (o origin) file(written string) string {
	switch {
	case o.shipped != "":
		return o.shipped + shippedFile + written
	case o.dir == "" || path.IsAbs(written):
		return written
	}
	return path.Join(o.dir, written)
}

// link is one file of a chain of files that extend one another.
type link struct {
	source Source
	origin origin
	before *link
}

// identity tells files of a chain apart.
func (l *link) identity() string {
	if l.origin.shipped != "" {
		return l.origin.shipped
	}
	return path.Join(l.source.Dir, path.Base(l.source.Name))
}

// extend merges a file's tree with the one that it extends, and that with what it extends in turn. With errors the tree
// is what could be read of it.
func (l *loader) extend(tree *node, at *link) (*node, Diagnostics) {
	i := tree.find("extends")
	if tree.kind != mapNode || i < 0 {
		return tree, nil
	}
	extends := tree.entries[i]
	tree.entries = slices.Delete(tree.entries, i, i+1)
	if extends.value.isNull() {
		return tree, nil
	}
	fail := func(format string, arguments ...any) (*node, Diagnostics) {
		return tree, Diagnostics{extends.value.place.diagnose(Error, "/extends", fmt.Sprintf(format, arguments...), "")}
	}
	if extends.value.kind != scalarNode || extends.value.text == "" {
		return fail("extends must be a scenario file or the name of a shipped scenario, not %s", extends.value.describe())
	}
	base, err := l.open(extends.value.text, at)
	if err != nil {
		return fail("cannot extend %s: %v", extends.value.text, err)
	}
	length := 1
	for before := at; before != nil; before = before.before {
		if before.identity() == base.identity() {
			return fail("%s extends itself: %s", base.source.Name, base.chain())
		}
		length++
	}
	if length > longestChain {
		return fail("more than %d files extend one another", longestChain)
	}
	from := newSource(base.source.Name, string(base.source.Text))
	from.origin = base.origin
	below, diagnostics := parseTree(from, base.source.Text)
	if below == nil {
		return tree, diagnostics
	}
	if below.kind != mapNode {
		return fail("cannot extend %s: it holds %s, not a scenario", base.source.Name, below.describe())
	}
	below, more := l.extend(below, base)
	below.remove("name") // each file has its own
	if cost := tree.child("cost"); cost != nil && cost.kind == mapNode {
		below.spellOutCost()
	}
	return merge(below, tree), append(diagnostics, more...)
}

// chain writes how a file came to be extended.
func (l *link) chain() string {
	names := []string{l.source.Name}
	for before := l.before; before != nil; before = before.before {
		names = append(names, before.source.Name)
	}
	slices.Reverse(names)
	return strings.Join(names, " -> ")
}

// open finds what a file extends: a file by its path, relative to the one that extends it, else a shipped scenario.
func (l *loader) open(name string, from *link) (*link, error) {
	text, err := from.source.readScenario(name)
	if err == nil {
		opened := from.source
		opened.Text = text
		opened.Name = path.Join(path.Dir(strings.ReplaceAll(from.source.Name, "\\", "/")), name)
		opened.Dir = path.Dir(path.Join(from.source.Dir, name))
		lies := from.origin
		if lies.shipped == "" {
			lies.dir = path.Join(lies.dir, path.Dir(name))
		}
		if path.IsAbs(name) {
			opened.Name, opened.Dir, lies.dir = name, path.Dir(name), path.Dir(name)
		}
		if lies.dir == "." {
			lies.dir = ""
		}
		if lies.shipped != "" { // its folder is the shipped scenario's own
			lies.shipped = opened.Name
			l.shipped[opened.Name] = opened
		}
		return &link{opened, lies, from}, nil
	}
	if errors.Is(err, fs.ErrNotExist) && l.source.Shipped != nil {
		if shipped, found := l.source.Shipped(strings.TrimSuffix(name, ".yaml")); found {
			l.shipped[shipped.Name] = shipped
			return &link{shipped, origin{shipped: shipped.Name}, from}, nil
		}
		return nil, errors.New("there is no such file and no shipped scenario of that name")
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = errors.New("there is no such file")
	}
	return nil, err
}

// readScenario reads a scenario file beside this one.
func (s Source) readScenario(name string) ([]byte, error) {
	if s.Data == nil {
		return nil, fs.ErrNotExist
	}
	file := name
	if !path.IsAbs(file) {
		file = path.Join(s.Dir, file)
	}
	info, err := fs.Stat(s.Data, file)
	switch {
	case errors.Is(err, fs.ErrInvalid): // an embedded folder has nothing outside of itself
		return nil, fs.ErrNotExist
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, errors.New("it is a folder")
	case info.Size() > MaxFileSize:
		return nil, fmt.Errorf("the file has %d bytes, more than the %d that a scenario may have", info.Size(), MaxFileSize)
	}
	return fs.ReadFile(s.Data, file)
}

// merge puts one tree on top of another: maps key by key, everything else in place of what was there; null deletes.
func merge(below, above *node) *node {
	merged := *above
	merged.entries = slices.Clone(below.entries)
	for _, e := range above.entries {
		i := merged.find(e.key)
		switch {
		case i < 0:
			merged.entries = append(merged.entries, e)
		case e.value.isNull():
			merged.entries = slices.Delete(merged.entries, i, i+1)
		case e.value.kind == mapNode && merged.entries[i].value.kind == mapNode:
			merged.entries[i] = entry{e.key, e.keyPlace, merge(merged.entries[i].value, e.value)}
		default:
			merged.entries[i] = e
		}
	}
	return &merged
}

func (n *node) remove(key string) {
	if i := n.find(key); i >= 0 {
		n.entries = slices.Delete(n.entries, i, i+1)
	}
}
