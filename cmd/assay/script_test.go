package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"assay/scenarios/campaign"
	"assay/scenarios/format"
	"assay/scenarios/run"
	"assay/scenarios/workload"
)

var update = flag.Bool("update", false, "rewrite the golden output in testdata/script")

// TestMain lets scripts call assay, and assays whose simulator misbehaves.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"assay":                   main,
		"assay-panicking":         func() { mainWith(panicking) },
		"assay-interrupted":       func() { mainWith(interrupting(false)) },
		"assay-interrupted-twice": func() { mainWith(interrupting(true)) },
	})
}

func mainWith(faulty campaign.Simulate) {
	simulate = faulty
	main()
}

// TestScripts runs testdata/script: the command line as its users see it.
// -update rewrites the output that scripts compare with.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		Deadline:            time.Now().Add(time.Minute),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			for _, name := range []string{"lossy.yaml", "quiet.yaml", "payload.yaml"} {
				text, err := os.ReadFile(filepath.Join("testdata", name))
				if err != nil {
					return err
				}
				if err := os.WriteFile(filepath.Join(env.WorkDir, name), text, 0o666); err != nil {
					return err
				}
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "lastline": lastLine, "cut": cut},
	})
}

// panicking has a bug that one seed shows.
func panicking(s *format.Scenario, seed uint64, values map[string]*workload.Values, options run.Options) (*run.Outcome, error) {
	if seed == 2 {
		panic("a log end of -1")
	}
	return run.Simulate(s, seed, values, options)
}

// interrupting interrupts the program in its third run, which then ends when it
// is told to. With twice it does not end, and the second interrupt must.
func interrupting(twice bool) campaign.Simulate {
	var runs atomic.Int64
	interrupt := func() {
		if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
			panic(err)
		}
	}
	return func(s *format.Scenario, seed uint64, values map[string]*workload.Values, options run.Options) (*run.Outcome, error) {
		if runs.Add(1) != 3 {
			return run.Simulate(s, seed, values, options)
		}
		interrupt()
		for !options.Stop() {
			runtime.Gosched()
		}
		if twice {
			interrupt()
			select {}
		}
		return nil, run.ErrStopped
	}
}

// exits is `exits CODE COMMAND...`: the command must end with the code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND ARGUMENT...")
	}
	code := 0
	var ended *exec.ExitError
	switch err := ts.Exec(args[1], args[2:]...); {
	case errors.As(err, &ended):
		code = ended.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, expected %s", code, args[0])
	}
}

// lastLine is `lastline stdout|stderr TEXT`: the last line is exactly that.
func lastLine(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: lastline stdout|stderr TEXT")
	}
	lines := strings.Split(strings.TrimSuffix(ts.ReadFile(args[0]), "\n"), "\n")
	last := lines[len(lines)-1]
	if (last == args[1]) == neg {
		ts.Fatalf("the last line of %s is %q", args[0], last)
	}
}

// cut is `cut FILE NEW`: the new file is the first half of the other.
func cut(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: cut FILE NEW")
	}
	content := ts.ReadFile(args[0])
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(content[:len(content)/2]), 0o666))
}

// A panic in the command line itself is told as one and has its exit code, too.
func TestPanicOutsideOfRuns(t *testing.T) {
	var stderr bytes.Buffer
	require.Equal(t, exitInternal, assay(context.Background(), []string{"version"}, brokenWriter{}, &stderr))
	require.Contains(t, stderr.String(), "internal error: a broken writer")
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { panic("a broken writer") }
