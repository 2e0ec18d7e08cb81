package scenariotest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// inside says which test runs in a process of its own, because it must fail.
const inside = "SCENARIOTEST_INSIDE"

// TestInside is what the other tests run in a process of their own.
func TestInside(t *testing.T) {
	switch os.Getenv(inside) {
	case "":
		t.Skip("runs in a process of its own")
	case "expected":
		played := Run(t, "testdata/lossy.yaml", Variants("known"))
		require.Equal(t, "violated", played.Variants[0].Claims[0].Verdict)
	case "all":
		Run(t, "testdata/lossy.yaml")
	case "threshold":
		Run(t, "testdata/lossy.yaml", Variants("all"), Seeds(1), Set(`/thresholds=["produce_latency.max < 1ms"]`))
	case "wrong":
		Run(t, "testdata/lossy.yaml", Set("/topics/orders/partitions=no"))
	case "unknown":
		Run(t, "testdata/lossy.yaml", Variants("gone"))
	case "short":
		Run(t, "testdata/lossy.yaml", Variants("known"), Count(5), Short(2), Set("/workload/producers/web/config/acks=all"))
	case "not found":
		Run(t, "testdata/lossy.yaml", Variants("known"), Count(3), Set("/workload/producers/web/config/acks=all"))
	}
}

// told runs TestInside in a process of its own.
func told(t *testing.T, which string, flags ...string) (output string, passed bool) {
	t.Helper()
	command := exec.Command(os.Args[0], append([]string{"-test.run=^TestInside$", "-test.v"}, flags...)...)
	command.Env = append(os.Environ(), inside+"="+which)
	text, err := command.CombinedOutput()
	return string(text), err == nil
}

func TestExpectedOutcomePasses(t *testing.T) {
	output, passed := told(t, "expected")
	require.True(t, passed, output)
	require.Contains(t, output, "--- PASS: TestInside/known/no-loss")
}

func TestFailureTellsItsWitnessAndReplay(t *testing.T) {
	output, passed := told(t, "all")
	require.False(t, passed)
	require.Contains(t, output, "--- FAIL: TestInside/base/no-loss")
	require.Contains(t, output, "--- PASS: TestInside/known/no-loss")
	require.Contains(t, output, "--- PASS: TestInside/all/no-loss")
	require.Contains(t, output, "lost write on orders/0, offset 87")
	file, err := filepath.Abs("testdata/lossy.yaml")
	require.NoError(t, err)
	require.Contains(t, output, "assay replay "+file+" --seed 0x1")
}

func TestFolderIsLeft(t *testing.T) {
	folder := t.TempDir()
	output, passed := told(t, "all", "-assay.out="+folder)
	require.False(t, passed)
	left := filepath.Join(folder, "TestInside", "lossy")
	require.FileExists(t, filepath.Join(left, "report.html"))
	require.Contains(t, output, "assay replay "+left+" --seed 0x1")

	artifacts := t.TempDir()
	_, passed = told(t, "expected", "-test.artifacts", "-test.outputdir="+artifacts)
	require.True(t, passed)
	found := ""
	require.NoError(t, filepath.WalkDir(artifacts, func(path string, entry os.DirEntry, err error) error {
		if entry.Name() == "result.json" {
			found = path
		}
		return err
	}))
	require.NotEmpty(t, found, "-artifacts keeps the run folder")
}

func TestWhatIsNotAsExpectedFails(t *testing.T) {
	for which, complaint := range map[string]string{
		"threshold": "produce_latency.max <",
		"wrong":     "error: ",
		"unknown":   "no variant gone",
		"not found": "expected a violation, and none was found in 3 seeds",
	} {
		output, passed := told(t, which)
		require.False(t, passed, which)
		require.Contains(t, output, complaint, which)
	}
}

// -short takes fewer seeds; what they leave open is skipped, not passed.
func TestShort(t *testing.T) {
	output, passed := told(t, "short", "-test.short")
	require.True(t, passed, output)
	require.Contains(t, output, "--- SKIP: TestInside/known/no-loss")
	require.Contains(t, output, "none was found in 2 seeds")
	_, passed = told(t, "short")
	require.False(t, passed, "without -short it fails")
	_, passed = told(t, "not found", "-test.short")
	require.False(t, passed, "-short left nothing out")
}

// TestExampleModule builds and tests a module that uses this package from outside.
func TestExampleModule(t *testing.T) {
	if testing.Short() {
		t.Skip("builds everything once more")
	}
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	module := filepath.Join(t.TempDir(), "example")
	require.NoError(t, os.CopyFS(module, os.DirFS(filepath.Join(root, "testdata", "example-module"))))
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(module, "go.sum"), sums, 0o666))
	goCommand := func(args ...string) (string, error) {
		command := exec.Command("go", args...)
		command.Dir = module
		command.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOSUMDB=off", "GOWORK=off", "PWD="+module)
		text, err := command.CombinedOutput()
		return string(text), err
	}
	text, err := goCommand("mod", "edit", "-replace", "assay="+root)
	require.NoError(t, err, text)
	if text, err := goCommand("list", "-test", "-deps", "./..."); err != nil {
		t.Skipf("SKIPPED: the example module cannot be resolved without a network: %s", text)
	}
	text, err = goCommand("vet", "./...")
	require.NoError(t, err, text)
	text, err = goCommand("test", "-v", "./...")
	require.NoError(t, err, text)
	require.Contains(t, text, "--- PASS: TestOrders/base/no-loss")
	require.Contains(t, text, "--- PASS: TestOrders/acks-1/no-loss")
}
