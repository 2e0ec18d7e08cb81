package main

import (
	"errors"
	"fmt"
	"io/fs"

	"assay/scenarios"
	"assay/scenarios/format"
	"assay/scenarios/run"
)

// loadAll reads several scenarios, and tells all that is wrong with any of them.
func loadAll(s streams, flags *settings, names []string) ([]*format.File, error) {
	files := make([]*format.File, len(names))
	var worst error
	for i, name := range names {
		file, err := load(s, flags, name)
		if err != nil {
			worst = worseError(s, worst, err)
		}
		files[i] = file
	}
	return files, worst
}

// worseError prints an error and returns the one of the two that decides the exit
// code: a bad scenario before a mistake in usage.
func worseError(s streams, worst, err error) error {
	var coded *exitError
	if !errors.As(err, &coded) {
		coded = &exitError{exitInternal, err}
	}
	if text := coded.Error(); text != "" {
		fmt.Fprintf(s.err, "assay: %s\n", text)
	}
	silent := &exitError{code: coded.code}
	if errors.As(worst, &coded) && coded.code > silent.code {
		return worst
	}
	return silent
}

// load reads one scenario by path or by the name of a shipped one. Everything
// that is wrong with it goes to stderr, at once.
func load(s streams, flags *settings, name string) (*format.File, error) {
	found, err := scenarios.Find(name)
	if err != nil {
		code := exitUsage
		if errors.Is(err, fs.ErrPermission) {
			code = exitBadScenario
		}
		return nil, exit(code, "%w", err)
	}
	file, diagnostics := format.Load(found, format.Options{Set: flags.set, Events: eventNames()})
	flags.complain(s, diagnostics)
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
