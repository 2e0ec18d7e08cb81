package main

import (
	"context"
	"encoding/json"
	"errors"
	"runtime"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"assay/reports"
	"assay/reports/runfolder"
	"assay/scenarios"
	"assay/scenarios/format"
)

// renderings are the formats that report prints or writes.
var renderings = map[string]func(reports.Run) []byte{
	reports.FormatHTML:     reports.HTML,
	reports.FormatJSON:     func(run reports.Run) []byte { return reports.JSON(run.Result) },
	reports.FormatJUnit:    func(run reports.Run) []byte { return reports.JUnit(run) },
	reports.FormatMarkdown: reports.Markdown,
}

func reportCommand(s streams) *cobra.Command {
	var flags settings
	formats := []string{"text"}
	c := &cobra.Command{
		Use:   "report RUN...",
		Short: "Render a run folder again, or join the folders of shards",
		Long: `Renders the reports of a run folder again from what it holds, without running
anything, and tells it. Without -o the folder itself is renewed. --format html, json,
junit or markdown prints that alone, or with -o writes a folder with that alone;
several are separated by commas.

Several folders must be shards of one campaign (--shard 1/3, 2/3, 3/3): they are
joined into the folder that the campaign would have written in one piece, in -o or
in the next runs/NAME-N. Shards that are missing make it inconclusive.

The exit code is that of the run.`,
		Args: cobra.MinimumNArgs(1),
	}
	f := c.Flags()
	f.StringVarP(&flags.out, "out", "o", "", "the run folder to write")
	f.StringSliceVar(&formats, "format", formats, "text, github (with annotations), or html, json, junit, markdown")
	flags.registerTelling(c)
	c.RunE = func(c *cobra.Command, folders []string) error {
		kinds, err := flags.renderings(formats)
		if err != nil {
			return err
		}
		if err := flags.check(); err != nil {
			return err
		}
		return report(c.Context(), s, &flags, folders, kinds)
	}
	return c
}

// renderings takes the formats apart: text and github say how to tell, the
// others what to render.
func (s *settings) renderings(formats []string) ([]string, error) {
	s.format = "text"
	var kinds []string
	for _, name := range formats {
		switch {
		case name == "text" || name == "github":
			s.format = name
		case renderings[name] != nil:
			kinds = append(kinds, name)
		default:
			return nil, exit(exitUsage, "--format takes text, github, html, json, junit or markdown, not %q%s", name,
				didYouMean(name, []string{"text", "github", "html", "json", "junit", "markdown"}))
		}
	}
	if s.json {
		kinds = []string{reports.FormatJSON}
	}
	return kinds, nil
}

// report reads, joins, writes and tells.
func report(_ context.Context, s streams, flags *settings, folders, kinds []string) error {
	stored, err := readFolders(folders)
	if err != nil {
		return err
	}
	run, written := &stored[0].Run, stored[0].Run.Result
	if len(stored) > 1 {
		if run, err = runfolder.Merge(stored); err != nil {
			return folderError(err)
		}
		written = run.Result
	}
	target, err := writeReport(s, flags, stored, run, kinds)
	if err != nil {
		return err
	}
	if err := flags.writeJUnit([]reports.Run{*run}); err != nil {
		return err
	}
	j := &job{streams: s, flags: flags, file: originalScenario(stored[0])}
	if len(kinds) > 0 && flags.out == "" {
		if err := j.announce(run, target); err != nil {
			return err
		}
		for _, kind := range kinds {
			if _, err := s.out.Write(renderings[kind](*run)); err != nil {
				return exit(exitInternal, "writing the report: %w", err)
			}
		}
	} else if err := j.print(run, target, nil); err != nil {
		return exit(exitInternal, "writing the report: %w", err)
	}
	if written.ExitCode != exitExpected {
		return &exitError{code: written.ExitCode}
	}
	return nil
}

func readFolders(folders []string) ([]*runfolder.Stored, error) {
	var all []*runfolder.Stored
	for _, folder := range folders {
		stored, err := runfolder.Read(folder)
		if err != nil {
			return nil, folderError(err)
		}
		all = append(all, stored)
	}
	return all, nil
}

// folderError gives an error about run folders its exit code.
func folderError(err error) error {
	var none *runfolder.NotAFolderError
	var merge *runfolder.MergeError
	if errors.As(err, &none) || errors.As(err, &merge) {
		return exit(exitUsage, "%w", err)
	}
	return exit(exitBadScenario, "%w", err)
}

// writeReport writes the folder, if there is one to write, and returns where a
// replay finds the run.
func writeReport(s streams, flags *settings, stored []*runfolder.Stored, run *reports.Run, kinds []string) (target string, err error) {
	j := &job{streams: s, flags: flags, file: stored[0].File, folder: stored[0].Path}
	meta := stored[0].Meta
	switch {
	case flags.out == "" && len(kinds) > 0:
		return stored[0].Path, nil
	case flags.out != "" || len(stored) > 1:
		if err := j.openFolder(flags.out); err != nil {
			return "", err
		}
		meta = joinedMeta(stored, j.folder)
	}
	formats := stored[0].File.Base.Report.Formats
	if len(kinds) > 0 {
		formats = kinds
	}
	if err := reports.WriteFolder(j.folder, reports.Files(*run, formats, meta)); err != nil {
		j.leaveFolder()
		return "", exit(exitInternal, "%w", err)
	}
	j.linkLatest()
	return j.folder, nil
}

// joinedMeta is the meta.json of a folder that was rendered from others.
func joinedMeta(stored []*runfolder.Stored, folder string) []byte {
	var paths []string
	for _, s := range stored {
		paths = append(paths, s.Path)
	}
	return encodeJSON(map[string]any{
		"assay":         stored[0].Version(),
		"scenario_file": scenarioFile(stored[0]),
		"folder":        folder,
		"rendered":      time.Now().UTC().Format(time.RFC3339),
		"rendered_from": paths,
		"os":            runtime.GOOS + "/" + runtime.GOARCH,
	})
}

// scenarioFile is what the user called the scenario of a run.
func scenarioFile(stored *runfolder.Stored) string {
	var meta struct {
		File string `json:"scenario_file"`
	}
	_ = json.Unmarshal(stored.Meta, &meta) // "" if it is not ours
	return meta.File
}

// originalScenario is the file that a run folder's scenario came from, if it is
// still there and has the same claims: annotations stand at its lines. Else it is
// the resolved one.
func originalScenario(stored *runfolder.Stored) *format.File {
	name := scenarioFile(stored)
	if name == "" || reports.IsRunFolder(name) {
		return stored.File
	}
	source, err := scenarios.Find(name)
	if err != nil {
		return stored.File
	}
	file, _ := format.Load(source, format.Options{})
	if file == nil || !slices.EqualFunc(file.Base.Claims, stored.File.Base.Claims, func(a, b format.Claim) bool { return a.Name == b.Name }) {
		return stored.File
	}
	return file
}
