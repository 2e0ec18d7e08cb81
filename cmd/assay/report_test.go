package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"assay/reports"
)

// played runs a command line that must end with the code, and returns its stdout.
func played(t *testing.T, code int, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	require.Equal(t, code, assay(context.Background(), args, &stdout, &stderr), "assay %q\n%s", args, stderr.String())
	return stdout.String()
}

// unwrapped is text without the lines that it was set in.
func unwrapped(text string) string { return strings.Join(strings.Fields(text), " ") }

// The folders of shards join to what the campaign writes in one piece, byte for
// byte, in whatever order they are named.
func TestShardsJoinToTheWhole(t *testing.T) {
	for _, scenario := range []string{"testdata/lossy.yaml", "orders-at-least-once"} { // the latter with a value file, and random faults of a swarm
		t.Run(scenario, func(t *testing.T) { shardsJoinToTheWhole(t, scenario) })
	}
}

func shardsJoinToTheWhole(t *testing.T, scenario string) {
	root := t.TempDir()
	in := func(name string) string { return filepath.Join(root, name) }
	anyCode := func(args ...string) string {
		var stdout, stderr bytes.Buffer
		require.Contains(t, []int{exitExpected, exitInconclusive, exitUnexpected}, assay(context.Background(), args, &stdout, &stderr), stderr.String())
		return stdout.String()
	}
	run := []string{"run", scenario, "--seeds", "1-5", "-q", "-o"}
	anyCode(append(run, in("whole"))...)
	whole := filesIn(t, in("whole"))
	for i := 1; i <= 3; i++ {
		anyCode(append(run, in(fmt.Sprint("shard-", i)), "--shard", fmt.Sprintf("%d/3", i))...)
	}
	require.NotEqual(t, whole["result.json"], filesIn(t, in("shard-1"))["result.json"])
	anyCode("report", in("shard-3"), in("shard-1"), in("shard-2"), "-q", "-o", in("joined"))
	requireSameFiles(t, whole, filesIn(t, in("joined")))

	// What is joined can be joined on: here with the shard that was late.
	told := anyCode("report", in("shard-1"), in("shard-3"), "-q", "-o", in("early"))
	require.Regexp(t, "Stopped by shards that are missing; [0-9]+ of [0-9]+ runs were done", unwrapped(told))
	anyCode("report", in("early"), in("shard-2"), "-q", "-o", in("late"))
	requireSameFiles(t, whole, filesIn(t, in("late")))
}

// requireSameFiles names the file that differs, and spares the reader its bytes.
func requireSameFiles(t *testing.T, a, b map[string][]byte) {
	t.Helper()
	require.ElementsMatch(t, slices.Collect(maps.Keys(a)), slices.Collect(maps.Keys(b)))
	for name := range a {
		require.True(t, bytes.Equal(a[name], b[name]), "%s differs", name)
	}
}

// What is missing is never taken for success.
func TestMissingShardIsInconclusive(t *testing.T) {
	root := t.TempDir()
	second, third := filepath.Join(root, "second"), filepath.Join(root, "third")
	played(t, exitExpected, "run", "testdata/quiet.yaml", "--seeds", "1-3", "--shard", "2/3", "-q", "-o", second)
	played(t, exitExpected, "run", "testdata/quiet.yaml", "--seeds", "1-3", "--shard", "3/3", "-q", "-o", third)
	told := played(t, exitInconclusive, "report", second, third, "-o", filepath.Join(root, "joined"))
	require.Contains(t, unwrapped(told), "Stopped by shards that are missing; 2 of 3 runs were done")
}

// A folder is rendered again from what it holds: the same bytes, and nothing simulated.
func TestReportRendersAgain(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	played(t, exitUnexpected, "run", "testdata/lossy.yaml", "-q", "-o", folder)
	before := filesIn(t, folder)
	require.NoError(t, os.Remove(filepath.Join(folder, "report.html")))
	require.NoError(t, os.Remove(filepath.Join(folder, reports.LatencyFile)))
	old := simulate
	simulate = nil
	defer func() { simulate = old }()
	played(t, exitUnexpected, "report", folder, "-q")
	requireSameFiles(t, before, filesIn(t, folder))

	require.Equal(t, string(before["summary.md"]), played(t, exitUnexpected, "report", folder, "--format", "markdown"))
	require.Equal(t, string(before["result.json"]), played(t, exitUnexpected, "report", folder, "--json"))
	elsewhere := filepath.Join(t.TempDir(), "page")
	played(t, exitUnexpected, "report", folder, "--format", "html,json", "-q", "-o", elsewhere)
	only := filesIn(t, elsewhere)
	require.Equal(t, before["report.html"], only["report.html"])
	require.NotContains(t, only, "junit.xml")
	require.Contains(t, only, reports.SeedsFile, "it can be rendered again")
}

func TestReportRefuses(t *testing.T) {
	root := t.TempDir()
	in := func(name string) string { return filepath.Join(root, name) }
	run := func(name string, args ...string) {
		played(t, exitExpected, append([]string{"run", "testdata/quiet.yaml", "-q", "-o", in(name)}, args...)...)
	}
	run("one", "--shard", "1/2")
	run("faster", "--shard", "2/2", "--set", "/workload/producers/web/rate=30/s")
	run("old", "--shard", "2/2")
	meta, err := os.ReadFile(in("old/meta.json"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(in("old/meta.json"), bytes.Replace(meta, []byte(version()), []byte("0.0.1"), 1), 0o666))
	run("broken")
	require.NoError(t, os.WriteFile(in("broken/seeds.ndjson.zst"), []byte("nonsense"), 0o666))
	for _, refused := range []struct {
		code      int
		complaint string
		args      []string
	}{
		{exitUsage, "is no run folder", []string{root}},
		{exitUsage, "both ran seed 0x1 of base: shards must not overlap", []string{in("one"), in("one")}},
		{exitUsage, "/workload/producers/web/rate: 20/s, then 30/s", []string{in("one"), in("faster")}},
		{exitUsage, "was written by Assay", []string{in("one"), in("old")}},
		{exitUsage, "--format takes", []string{in("one"), "--format", "pdf"}},
		{exitBadScenario, "no seeds.ndjson.zst", []string{in("broken")}},
	} {
		var stderr bytes.Buffer
		require.Equal(t, refused.code, assay(context.Background(), append([]string{"report"}, refused.args...), io.Discard, &stderr), refused.complaint)
		require.Contains(t, stderr.String(), refused.complaint)
	}
}
