package runfolder

import (
	"fmt"
	"path"
	"slices"

	"assay/reports"
	"assay/scenarios/format"
	"assay/scenarios/result"
)

// copiesFolder holds the value files in a run folder.
const copiesFolder = "data/"

// Resolved is a scenario as it ran, with every default, and with the files that
// it reads beside it: a run folder needs nothing else to be replayed, and does not
// depend on where the scenario lay.
type Resolved struct {
	Text      []byte
	Data      []reports.File
	overrides map[string][]result.Setting // by variant
}

// Resolve makes a scenario independent of its place, with the seeds that ran.
func Resolve(file *format.File, seeds format.Seeds) (Resolved, error) {
	c := NewCollector(file.ReadData)
	variants := file.Expand()
	for i := range variants {
		s := &variants[i].Scenario
		s.Seeds = seeds
		s.Workload.Producers = slices.Clone(s.Workload.Producers)
		for p := range s.Workload.Producers {
			if err := c.Take(&s.Workload.Producers[p].Value); err != nil {
				return Resolved{}, err
			}
		}
	}
	r := Resolved{Text: format.Render(variants[0].Scenario, variants), Data: c.Files, overrides: map[string][]result.Setting{}}
	for _, v := range variants {
		for _, override := range v.Overrides(variants[0].Scenario) {
			r.overrides[v.Name] = append(r.overrides[v.Name], result.Setting{Pointer: override.Pointer, Value: override.Value})
		}
	}
	return r, nil
}

// settle tells a result what its variants override.
func (r Resolved) settle(played *result.Result) {
	for i := range played.Variants {
		v := &played.Variants[i]
		v.Set = r.overrides[v.Name]
	}
}

// Collector gathers value files under names of their own.
type Collector struct {
	read  func(string) ([]byte, error)
	names map[string]string // in the run folder, by the path that the scenario gives
	Files []reports.File
}

// NewCollector reads files with the given function.
func NewCollector(read func(string) ([]byte, error)) *Collector {
	return &Collector{read: read, names: map[string]string{}}
}

// Take points a value to its file's copy.
func (c *Collector) Take(value *format.Value) error {
	if value.File == "" {
		return nil
	}
	if _, known := c.names[value.File]; !known {
		content, err := c.read(value.File)
		if err != nil {
			return fmt.Errorf("cannot read %s: %w", value.File, err)
		}
		name := c.unused(path.Base(value.File))
		c.names[value.File] = name
		c.Files = append(c.Files, reports.File{Name: name, Content: content})
	}
	value.File = c.names[value.File]
	return nil
}

// unused keeps files of the same name in different folders apart.
func (c *Collector) unused(base string) string {
	name := copiesFolder + base
	for n := 2; slices.ContainsFunc(c.Files, func(f reports.File) bool { return f.Name == name }); n++ {
		name = fmt.Sprintf("%s%d-%s", copiesFolder, n, base)
	}
	return name
}
