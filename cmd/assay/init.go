package main

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
)

// example is the scenario that init writes; NAME stands for the file's own.
//
//go:embed init.yaml
var example []byte

var notInName = regexp.MustCompile(`[^a-z0-9-]+`)

func initCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:   "init [FILE]",
		Short: "Write a commented scenario to start from",
		Long: `Writes a scenario with comments that runs as it is, to FILE (default scenario.yaml).
It asks nothing, and leaves a file that is there alone.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			path := "scenario.yaml"
			if len(args) == 1 {
				path = args[0]
			}
			return writeExample(s, path)
		},
	}
}

func writeExample(s streams, path string) error {
	name := strings.Trim(notInName.ReplaceAllString(strings.ToLower(strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))), "-"), "-")
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		name = "scenario"
	}
	text := bytes.Replace(bytes.Replace(example, []byte("NAME"), []byte(name), 1), []byte("assay run FILE"), []byte("assay run "+path), 1)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	switch {
	case errors.Is(err, fs.ErrExist):
		return exit(exitUsage, "%s is there already: init leaves it alone", path)
	case err != nil:
		return exit(exitUsage, "cannot write the scenario: %w", err)
	}
	if _, err := file.Write(text); err != nil {
		return exit(exitUsage, "cannot write the scenario: %w", errors.Join(err, file.Close()))
	}
	if err := file.Close(); err != nil {
		return exit(exitUsage, "cannot write the scenario: %w", err)
	}
	fmt.Fprintf(s.out, "%s is written. Run it with:\nassay run %s\n", path, path)
	return nil
}
