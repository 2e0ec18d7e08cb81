// Package format is the scenario file: it reads one, says what is wrong with
// it and where, and prints a resolved one. docs/scenario-format.md describes
// what users write.
package format

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// Source is a scenario file and the world its data files lie in.
type Source struct {
	Name string // the file as users know it: "scenarios/acks-1.yaml"
	Text []byte
	// Data holds the data files, and Dir is where the scenario lies in it:
	// their paths are relative to the scenario. Without Data no data file is
	// looked at.
	Data fs.FS
	Dir  string
	// Shipped finds a shipped scenario by its name, for "extends"; nil: there are none.
	Shipped func(name string) (Source, bool)
}

// Options are what the command line adds.
type Options struct {
	Set    []string // PTR=VALUE, applied to the base before variants
	Events []string // the names of observable points; nil: any name passes
}

// File is a scenario file without errors.
type File struct {
	Base     Scenario
	variants []Variant
	loader   *loader
	index    treeIndex
}

// Expand returns the scenario itself, called Base, and then each variant in
// the file's order, whole.
func (f *File) Expand() []Variant {
	return append([]Variant{{Name: Base, Scenario: f.Base}}, f.variants...)
}

// Resolve prints the file with every default filled in. Loading it again gives
// an equal file.
func (f *File) Resolve() []byte { return Render(f.Base, f.variants) }

// ReadData reads a data file by its path as the scenario writes it.
func (f *File) ReadData(file string) ([]byte, error) { return f.loader.readData(file) }

// readData reads a value file; those of a shipped scenario that was extended lie with it.
func (l *loader) readData(file string) ([]byte, error) {
	for name, shipped := range l.shipped { // order-free: no name begins another and its colon
		if own, found := strings.CutPrefix(file, name+shippedFile); found {
			return shipped.readData(own)
		}
	}
	return l.source.readData(file)
}

func (s Source) readData(file string) ([]byte, error) {
	if s.Data == nil {
		return nil, fs.ErrNotExist
	}
	if !path.IsAbs(file) {
		file = path.Join(s.Dir, file)
	}
	return fs.ReadFile(s.Data, file)
}

// Diagnose makes an error about the value at a JSON pointer, with its position in the file.
func (f *File) Diagnose(severity Severity, pointer, message string) Diagnostic {
	return f.index.find(pointer).diagnose(severity, pointer, message, "")
}

// Load reads a scenario file, its variants included, and checks its form and
// its meaning. The file is nil if there is an error among the diagnostics.
func Load(from Source, options Options) (*File, Diagnostics) {
	l := &loader{source: from, options: options, data: map[string]dataFile{}, shipped: map[string]Source{}}
	tree, diagnostics := parseTree(newSource(from.Name, string(from.Text)), from.Text)
	if tree == nil {
		return nil, diagnostics
	}
	tree, more := l.extend(tree, &link{source: from})
	diagnostics = append(diagnostics, more...)
	if tree == nil {
		return nil, diagnostics.sorted()
	}
	l.partial = more.Failed()
	tree.spellOutCost()
	base, more := l.base(tree)
	diagnostics = append(diagnostics, more...)
	file := &File{Base: base.scenario, loader: l, index: base.index}
	if !l.partial {
		file.variants, more = l.variants(base)
		diagnostics = append(diagnostics, more...)
	}
	diagnostics = diagnostics.sorted()
	if diagnostics.Failed() {
		return nil, diagnostics
	}
	return file, diagnostics
}

// variants reads the named variants and then the points of the sweep.
func (l *loader) variants(base reading) ([]Variant, Diagnostics) {
	if n := len(base.variants); n > mostVariants {
		tooMany := base.index.findKey("/variants").diagnose(Error, "/variants", fmt.Sprintf("there are %d variants, more than %d", n, mostVariants), "")
		return nil, Diagnostics{tooMany}
	}
	var variants []Variant
	var diagnostics Diagnostics
	for _, written := range base.variants {
		variant, more := l.variant(base, written)
		diagnostics = append(diagnostics, more...)
		variants = append(variants, Variant{Name: written.Name, Scenario: variant, Point: pointOf(written.Point)})
	}
	points, more := l.sweep(base, len(base.variants))
	return append(variants, points...), append(diagnostics, more...)
}

type loader struct {
	source  Source
	options Options
	data    map[string]dataFile
	shipped map[string]Source // those that were extended, by name
	partial bool              // what the file extends cannot be read
}

// reading is one tree that was read and checked.
type reading struct {
	tree        *node
	index       treeIndex
	scenario    Scenario
	variants    []variantDocument
	axes        []axis
	diagnostics Diagnostics
}

// read decodes a tree and checks its meaning.
func (l *loader) read(tree *node) reading {
	r := &reader{partial: l.partial}
	root := at{node: tree, key: tree.place}
	var d document
	d.Scenario.Name = stem(l.source.Name)
	documentCodec.read(r, root, &d)
	complete(&d.Scenario)
	result := reading{tree: tree, index: indexTree(tree), scenario: d.Scenario, variants: d.Variants, axes: d.Sweep}
	c := &checker{reader: r, scenario: &result.scenario, index: result.index, loader: l}
	if tree.kind == mapNode && !l.partial {
		c.check()
	}
	result.diagnostics = r.diagnostics
	return result
}

// stem is the file's name without folder and ending.
func stem(name string) string {
	name = path.Base(strings.ReplaceAll(name, "\\", "/"))
	name = strings.TrimSuffix(name, path.Ext(name))
	if validScenarioName(name) != nil {
		return "scenario"
	}
	return name
}

// complete fills in defaults that depend on other fields.
func complete(s *Scenario) {
	for i := range s.Topics {
		if s.Topics[i].ReplicationFactor == 0 {
			s.Topics[i].ReplicationFactor = min(3, max(1, s.Cluster.Brokers))
		}
	}
}

// base applies the command line's overrides and reads the scenario itself.
func (l *loader) base(tree *node) (reading, Diagnostics) {
	if len(l.options.Set) == 0 {
		result := l.read(tree)
		return result, result.diagnostics
	}
	var overrides overrides
	changed := tree.clone()
	for _, text := range l.options.Set {
		overrides.fromFlag(changed, text)
	}
	result := l.read(changed)
	// What is wrong only since the overrides is shown at the override.
	return result, append(overrides.diagnostics, overrides.blame(l, l.read(tree), result, true)...)
}
