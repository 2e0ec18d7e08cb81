package main

import (
	"fmt"
	"path"
	"slices"

	"assay/reports"
	"assay/scenarios/format"
)

// copiesFolder holds the value files in a run folder.
const copiesFolder = "data/"

// resolved is the scenario as it ran, with every default, and with the files
// that it reads beside it: a run folder needs nothing else to be replayed, and
// does not depend on where the scenario lay.
func resolved(file *format.File, seeds format.Seeds) ([]byte, []reports.File, error) {
	c := collector{read: file.ReadData, names: map[string]string{}}
	variants := file.Expand()
	for i := range variants {
		s := &variants[i].Scenario
		s.Seeds = seeds
		s.Workload.Producers = slices.Clone(s.Workload.Producers)
		for p := range s.Workload.Producers {
			if err := c.take(&s.Workload.Producers[p].Value); err != nil {
				return nil, nil, err
			}
		}
	}
	return format.Render(variants[0].Scenario, variants), c.files, nil
}

// collector gathers value files under names of their own.
type collector struct {
	read  func(string) ([]byte, error)
	names map[string]string // in the run folder, by the path that the scenario gives
	files []reports.File
}

// take points a value to its file's copy.
func (c *collector) take(value *format.Value) error {
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
		c.files = append(c.files, reports.File{Name: name, Content: content})
	}
	value.File = c.names[value.File]
	return nil
}

// unused keeps files of the same name in different folders apart.
func (c *collector) unused(base string) string {
	name := copiesFolder + base
	for n := 2; slices.ContainsFunc(c.files, func(f reports.File) bool { return f.Name == name }); n++ {
		name = fmt.Sprintf("%s%d-%s", copiesFolder, n, base)
	}
	return name
}
