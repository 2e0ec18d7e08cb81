// Package scenarios holds the scenarios that Assay ships, with their data.
// They are embedded in the binary: assay run orders-at-least-once works from
// any folder.
package scenarios

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"assay/internal/kafkaconfig"
	"assay/scenarios/format"
)

//go:embed *.yaml data museum
var library embed.FS

// Library returns the shipped scenarios and their data files.
func Library() fs.FS { return library }

// Find opens a scenario: the file of that path, if there is one, else a
// shipped scenario by its name, for museum exhibits with or without the folder.
func Find(nameOrPath string) (format.Source, error) {
	text, err := readScenario(nameOrPath)
	if err == nil {
		return format.Source{
			Name: filepath.ToSlash(nameOrPath), Text: text,
			Data: files{}, Dir: filepath.ToSlash(filepath.Dir(nameOrPath)), Shipped: shipped,
		}, nil
	}
	name := strings.TrimSuffix(path.Clean(filepath.ToSlash(nameOrPath)), ".yaml")
	if source, found := shipped(name); found {
		return source, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return format.Source{}, err
	}
	return format.Source{}, notFound(nameOrPath, name)
}

func shipped(name string) (format.Source, bool) {
	for _, candidate := range []string{name + ".yaml", "museum/" + name + ".yaml"} {
		if text, err := library.ReadFile(candidate); err == nil {
			return format.Source{Name: candidate, Text: text, Data: library, Dir: path.Dir(candidate), Shipped: shipped}, true
		}
	}
	return format.Source{}, false
}

// readScenario reads no more of a file than a scenario may have, so that a
// path to something else costs nothing; format.Load then reports the size.
func readScenario(name string) ([]byte, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("%s is a folder, not a scenario file", name)
	case info.Size() > format.MaxFileSize:
		return nil, fmt.Errorf("%s has %d bytes, more than the %d that a scenario may have", name, info.Size(), format.MaxFileSize)
	}
	return os.ReadFile(name)
}

func notFound(asked, name string) error {
	names := Names()
	short := make([]string, len(names))
	for i := range names {
		short[i] = path.Base(names[i])
	}
	if suggestion, found := kafkaconfig.Suggest(path.Base(name), short); found {
		return fmt.Errorf("there is no file and no shipped scenario %q; did you mean %s? (%w)", asked, names[slices.Index(short, suggestion)], fs.ErrNotExist)
	}
	return fmt.Errorf("there is no file and no shipped scenario %q (assay list scenarios shows those that are shipped): %w", asked, fs.ErrNotExist)
}

// Names returns the names of the shipped scenarios, sorted.
func Names() []string {
	var names []string
	for _, pattern := range []string{"*.yaml", "museum/*.yaml"} {
		found, err := fs.Glob(library, pattern)
		if err != nil {
			panic(fmt.Sprintf("scenarios: %v", err))
		}
		for _, file := range found {
			names = append(names, strings.TrimSuffix(file, ".yaml"))
		}
	}
	slices.Sort(names)
	return names
}

// Entry is a shipped scenario as a list shows it.
type Entry struct {
	Name  string
	About string // the sentence it teaches
}

// List returns the shipped scenarios with what they teach, sorted by name. A
// shipped scenario that does not load is our own bug and a panic.
func List() []Entry {
	var list []Entry
	for _, name := range Names() {
		source, _ := shipped(name)
		file, diagnostics := format.Load(format.Source{Name: source.Name, Text: source.Text, Shipped: shipped}, format.Options{})
		if file == nil {
			panic(fmt.Sprintf("scenarios: %s", diagnostics))
		}
		list = append(list, Entry{name, file.Base.About})
	}
	return list
}

// files is the machine's file system, whose paths may be absolute or go up.
type files struct{}

func (files) Open(name string) (fs.File, error) { return os.Open(filepath.FromSlash(name)) }
