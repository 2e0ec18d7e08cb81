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
	source   Source
	index    treeIndex
}

// Expand returns the scenario itself, called Base, and then each variant in
// the file's order, whole.
func (f *File) Expand() []Variant {
	return append([]Variant{{Base, f.Base}}, f.variants...)
}

// Resolve prints the file with every default filled in. Loading it again gives
// an equal file.
func (f *File) Resolve() []byte { return Render(f.Base, f.variants) }

// ReadData reads a data file by its path as the scenario writes it.
func (f *File) ReadData(file string) ([]byte, error) { return f.source.readData(file) }

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
	l := &loader{source: from, options: options, data: map[string]dataFile{}}
	tree, diagnostics := parseTree(newSource(from.Name, string(from.Text)), from.Text)
	if tree == nil {
		return nil, diagnostics
	}
	base, more := l.base(tree)
	diagnostics = append(diagnostics, more...)
	file := &File{Base: base.scenario, source: from, index: base.index}
	for i, written := range base.variants {
		if i == mostVariants {
			tooMany := base.index.findKey("/variants").diagnose(Error, "/variants", fmt.Sprintf("there are %d variants, more than %d", len(base.variants), mostVariants), "")
			diagnostics = append(diagnostics, tooMany)
			break
		}
		variant, more := l.variant(base, written)
		diagnostics = append(diagnostics, more...)
		file.variants = append(file.variants, Variant{written.Name, variant})
	}
	diagnostics = diagnostics.sorted()
	if diagnostics.Failed() {
		return nil, diagnostics
	}
	return file, diagnostics
}

type loader struct {
	source  Source
	options Options
	data    map[string]dataFile
}

// reading is one tree that was read and checked.
type reading struct {
	tree        *node
	index       treeIndex
	scenario    Scenario
	variants    []variantDocument
	diagnostics Diagnostics
}

// read decodes a tree and checks its meaning.
func (l *loader) read(tree *node) reading {
	r := &reader{}
	root := at{node: tree, key: tree.place}
	var d document
	d.Scenario.Name = stem(l.source.Name)
	documentCodec.read(r, root, &d)
	complete(&d.Scenario)
	result := reading{tree: tree, index: indexTree(tree), scenario: d.Scenario, variants: d.Variants}
	c := &checker{reader: r, scenario: &result.scenario, index: result.index, loader: l}
	if tree.kind == mapNode {
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
