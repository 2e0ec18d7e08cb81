package main

import (
	"errors"
	"io/fs"

	"assay/scenarios"
	"assay/scenarios/format"
	"assay/scenarios/run"
)

// load reads one scenario by path or by the name of a shipped one. Everything
// that is wrong with it goes to stderr, at once.
func load(s streams, name string, set []string) (*format.File, error) {
	found, err := scenarios.Find(name)
	if err != nil {
		code := exitUsage
		if errors.Is(err, fs.ErrPermission) {
			code = exitBadScenario
		}
		return nil, exit(code, "%w", err)
	}
	file, diagnostics := format.Load(found, format.Options{Set: set, Events: eventNames()})
	complain(s, diagnostics)
	if file == nil {
		return nil, &exitError{code: exitBadScenario}
	}
	return file, nil
}

func eventNames() []string {
	var names []string
	for _, p := range run.Points() {
		names = append(names, p.Name)
	}
	return names
}

// metricUnits are what reports need to write metrics.
func metricUnits() map[string]string {
	units := map[string]string{}
	for _, m := range format.Metrics {
		units[m.Name] = string(m.Unit)
	}
	return units
}

var notModelled = []string{
	"Races of threads inside a broker: a step of a node is atomic.",
	"Consumer groups, transactions, compression, retention and compaction.",
	"Eviction from the page cache, and disks that fail, fill up or rot.",
	"Clocks that are wrong or drift.",
}
