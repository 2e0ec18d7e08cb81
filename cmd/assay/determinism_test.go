package main

import (
	"bytes"
	"context"
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"assay/reports"
	"assay/scenarios"
	"assay/scenarios/campaign"
	"assay/scenarios/format"
	"assay/scenarios/run"
)

var raceAll = flag.Bool("race-all", false, "compare every shipped scenario with a build for the race detector, not only one")

// way is one of the ways to run a scenario that must make no difference.
type way struct {
	name  string
	flags []string
	env   []string // of a fresh process; nil runs in this one
}

var ways = []way{
	{name: "again in this process, two at a time", flags: []string{"-j", "2"}},
	{name: "messages as frames", flags: []string{"-j", "1", "--frames"}},
	{name: "checking messages", flags: []string{"-j", "1", "--debug"}},
	{name: "a fresh process with one core", flags: []string{"-j", "2"}, env: []string{"GOMAXPROCS=1"}},
	{name: "a fresh process with two cores", flags: []string{"-j", "1"}, env: []string{"GOMAXPROCS=2"}},
}

// TestSameRunSameFolder: the same seed gives the same digest and the same bytes
// in the run folder, meta.json apart, however and wherever it runs.
func TestSameRunSameFolder(t *testing.T) {
	binary, err := exec.LookPath("assay") // this program once more, by TestMain
	require.NoError(t, err)
	for _, name := range scenarios.Names() {
		t.Run(name, func(t *testing.T) {
			reference := play(t, name, "", way{flags: []string{"-j", "1"}})
			compared := ways
			if strings.HasPrefix(name, "museum/") { // the same machinery: one way inside and one outside will do
				compared = []way{ways[1], ways[3]}
			}
			for _, w := range compared {
				requireSameFolder(t, name, w, reference, play(t, name, binary, w))
			}
		})
	}
}

// TestSameRunUnderRaceDetector compares with a build for the race detector,
// which schedules goroutines quite differently.
func TestSameRunUnderRaceDetector(t *testing.T) {
	if testing.Short() {
		t.Skip("builds everything once more")
	}
	if out, err := exec.Command("go", "env", "CGO_ENABLED").Output(); err != nil || strings.TrimSpace(string(out)) != "1" {
		t.Skip("the race detector needs cgo")
	}
	binary := filepath.Join(t.TempDir(), "assay")
	built, err := exec.Command("go", "build", "-race", "-o", binary, ".").CombinedOutput()
	require.NoError(t, err, "%s", built)
	names := []string{"orders-at-least-once"}
	if *raceAll {
		names = scenarios.Names()
	}
	for _, name := range names {
		w := way{name: "under the race detector", flags: []string{"-j", "2"}, env: []string{"GOMAXPROCS=2"}}
		requireSameFolder(t, name, w, play(t, name, "", way{flags: []string{"-j", "1"}}), play(t, name, binary, w))
	}
}

// play runs the first seed of a scenario in all its variants, and returns the
// run folder's files. What the verdict is does not matter here.
func play(t *testing.T, name, binary string, w way) map[string][]byte {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "run")
	args := append([]string{"run", name, "-q", "--shard", "1/20", "-o", folder}, w.flags...)
	var code int
	var stderr bytes.Buffer
	if w.env == nil {
		code = assay(context.Background(), args, new(bytes.Buffer), &stderr)
	} else {
		command := exec.Command(binary, args...)
		command.Env = append(os.Environ(), w.env...)
		command.Stderr = &stderr
		_ = command.Run() // its exit code tells
		code = command.ProcessState.ExitCode()
	}
	require.Contains(t, []int{exitExpected, exitInconclusive, exitUnexpected}, code, stderr.String())
	return filesIn(t, folder)
}

func filesIn(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == "meta.json" {
			return err
		}
		relative, err := filepath.Rel(folder, path)
		if err == nil {
			files[relative], err = os.ReadFile(path)
		}
		return err
	}))
	return files
}

func requireSameFolder(t *testing.T, name string, w way, a, b map[string][]byte) {
	t.Helper()
	var names []string
	for file := range a {
		names = append(names, file)
	}
	slices.Sort(names)
	require.Contains(t, names, "result.json")
	require.Len(t, b, len(a), "%s: not the same files", w.name)
	for _, file := range names {
		if !bytes.Equal(a[file], b[file]) {
			t.Fatalf("%s: %s differs\n%s", w.name, file, divergence(t, name, w, a["result.json"], b["result.json"]))
		}
	}
}

// divergence finds the first event in which two runs differ. Those of other
// processes are played in this one: where that shows no difference, it is the
// process that makes one.
func divergence(t *testing.T, name string, w way, a, b []byte) string {
	t.Helper()
	one, err := reports.ParseJSON(a)
	require.NoError(t, err)
	other, err := reports.ParseJSON(b)
	require.NoError(t, err)
	source, err := scenarios.Find(name)
	require.NoError(t, err)
	file, diagnostics := format.Load(source, format.Options{})
	require.NotNil(t, file, diagnostics.String())
	c := campaign.New(file)
	for i, v := range one.Variants {
		for _, seed := range v.Seeds {
			if v.Digests[seed] == other.Variants[i].Digests[seed] {
				continue
			}
			number, err := format.ParseSeed(seed)
			require.NoError(t, err)
			values, err := c.Values(i)
			require.NoError(t, err)
			options := run.Options{Frames: slices.Contains(w.flags, "--frames"), Debug: slices.Contains(w.flags, "--debug")}
			found, differ, err := run.Divergence(&c.Variants[i].Scenario, number, values, run.Options{}, options)
			require.NoError(t, err)
			if differ {
				return v.Name + ", seed " + seed + ": the first event that differs\n" + found.String()
			}
			return v.Name + ", seed " + seed + ": the digests differ, but not when both are played in this process"
		}
	}
	return "the digests are the same: it is the report that differs"
}

// The search for the first difference is put to the test by runs that do differ.
func TestDivergenceIsFound(t *testing.T) {
	source, err := scenarios.Find("testdata/lossy.yaml")
	require.NoError(t, err)
	file, diagnostics := format.Load(source, format.Options{})
	require.NotNil(t, file, diagnostics.String())
	_, differ, err := run.Divergence(&file.Base, 1, nil, run.Options{}, run.Options{Frames: true})
	require.NoError(t, err)
	require.False(t, differ)
	later := file.Base.Faults.Timeline[2:]
	found, differ, err := run.Divergence(&file.Base, 1, nil, run.Options{}, run.Options{Timeline: later})
	require.NoError(t, err)
	require.True(t, differ)
	require.NotEqual(t, found.A.String(), found.B.String())
}
