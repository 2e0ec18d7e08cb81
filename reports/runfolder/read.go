package runfolder

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"assay/reports"
	"assay/scenarios/campaign"
	"assay/scenarios/format"
)

// Stored is a run folder that was read back.
type Stored struct {
	Path      string
	Run       reports.Run
	File      *format.File // the resolved scenario
	Header    campaign.SeedsHeader
	Summaries []campaign.Summary
	Meta      []byte // meta.json
	resolved  Resolved
}

// NotAFolderError is an argument that is no run folder, a mistake in usage (64).
type NotAFolderError struct{ Path string }

func (e *NotAFolderError) Error() string {
	return fmt.Sprintf("%s is no run folder (`assay run` writes one)", e.Path)
}

// Read reads a run folder. Anything but a *NotAFolderError is a folder that is
// incomplete or was written by another version.
func Read(path string) (*Stored, error) {
	if !reports.IsRunFolder(path) {
		return nil, &NotAFolderError{path}
	}
	s := &Stored{Path: path}
	if err := s.read(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

func (s *Stored) read() (err error) {
	file := func(name string) []byte {
		content, failure := os.ReadFile(filepath.Join(s.Path, filepath.FromSlash(name)))
		err = errors.Join(err, failure)
		return content
	}
	resultJSON, seeds, stories := file(reports.ResultFile), file(reports.SeedsFile), file(reports.StoriesFile)
	s.Meta, s.Run.Scenario = file(reports.MetaFile), file(reports.ScenarioFile)
	if err != nil {
		return fmt.Errorf("it lacks what a report is rendered from: %w", err)
	}
	if s.Run.Result, err = reports.ParseJSON(resultJSON); err != nil {
		return err
	}
	s.Run.Seeds = seeds
	if s.Header, s.Summaries, err = campaign.ReadSeeds(seeds); err != nil {
		return err
	}
	if s.Run.Stories, err = reports.DecodeStories(stories); err != nil {
		return err
	}
	return errors.Join(s.readHistories(), s.readScenario(), s.rejoin())
}

func (s *Stored) readHistories() error {
	for i := range s.Run.Stories {
		story := &s.Run.Stories[i]
		content, err := os.ReadFile(filepath.Join(s.Path, reports.HistoryFile(story.Variant)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		story.History = content
	}
	return nil
}

// readScenario loads the scenario and takes the files that it reads.
func (s *Stored) readScenario() (err error) {
	source := format.Source{Name: filepath.ToSlash(filepath.Join(s.Path, reports.ScenarioFile)), Text: s.Run.Scenario, Data: os.DirFS(s.Path), Dir: "."}
	file, diagnostics := format.Load(source, format.Options{})
	if file == nil {
		return fmt.Errorf("its scenario does not load:\n%s", strings.TrimRight(diagnostics.String(), "\n"))
	}
	if s.resolved, err = Resolve(file, file.Base.Seeds); err != nil {
		return err
	}
	s.File, s.Run.Data = file, s.resolved.Data
	s.Run = complete(s.Run, file)
	return nil
}

// campaign is the one that the folder is of.
func (s *Stored) campaign() (campaign.Campaign, error) {
	c := campaign.New(s.File)
	byName := map[string]format.Variant{}
	for _, v := range c.Variants {
		byName[v.Name] = v
	}
	c.Variants = nil
	for _, name := range s.Header.Variants {
		v, known := byName[name]
		if !known {
			return c, fmt.Errorf("it tells of a variant %s, which its scenario lacks", name)
		}
		c.Variants = append(c.Variants, v)
	}
	return c, nil
}

// rejoin brings back what result.json leaves out.
func (s *Stored) rejoin() error {
	if s.File == nil {
		return nil
	}
	c, err := s.campaign()
	if err != nil {
		return err
	}
	joined, err := c.Join(s.Summaries)
	if err != nil {
		return err
	}
	for i, v := range joined.Variants {
		if i < len(s.Run.Result.Variants) && s.Run.Result.Variants[i].Name == v.Name {
			s.Run.Result.Variants[i].Distributions, s.Run.Result.Variants[i].Measured = v.Distributions, v.Measured
		}
	}
	return nil
}

// Version is that of Assay which wrote the folder.
func (s *Stored) Version() string {
	var meta struct {
		Assay string `json:"assay"`
	}
	_ = json.Unmarshal(s.Meta, &meta) // "" if it is not ours
	return meta.Assay
}
