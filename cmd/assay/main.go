// Command assay runs scenario files and tells what a messaging setup really
// guarantees.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"assay/scenarios/run"
)

// Exit codes of the contract.
const (
	exitExpected     = 0
	exitUnexpected   = 1
	exitInconclusive = 3
	exitThreshold    = 4
	exitUsage        = 64
	exitBadScenario  = 65
	exitUnavailable  = 69
	exitInternal     = 70
	exitInterrupted  = 130
)

func main() {
	ctx := untilInterrupted(context.Background(), os.Stderr)
	os.Exit(assay(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// untilInterrupted ends a context at the first interrupt, so that what is
// finished is kept. The second one ends the program at once.
func untilInterrupted(parent context.Context, stderr io.Writer) context.Context {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		fmt.Fprintln(stderr, "assay: interrupted: keeping what is finished (interrupt again to end at once)")
		cancel()
		<-signals
		os.Exit(exitInterrupted)
	}()
	return ctx
}

// exitError carries an exit code. Its text, if any, is for stderr.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func exit(code int, format string, args ...any) error {
	return &exitError{code, fmt.Errorf(format, args...)}
}

// streams are where a command writes: results to out, everything else to err.
type streams struct{ out, err io.Writer }

// assay runs one command line and returns its exit code.
func assay(ctx context.Context, args []string, stdout, stderr io.Writer) (code int) {
	defer func() {
		if bug := recover(); bug != nil {
			fmt.Fprintf(stderr, "%s\nassay: internal error: %v: please report it, with what is above\n", debug.Stack(), bug)
			code = exitInternal
		}
	}()
	root := rootCommand(streams{stdout, stderr})
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitExpected
	}
	var coded *exitError
	if !errors.As(err, &coded) {
		coded = &exitError{exitUsage, fmt.Errorf("%w\nSee `assay help`", err)} // cobra's own: an unknown flag or command
	}
	if coded.Error() != "" {
		fmt.Fprintf(stderr, "assay: %s\n", coded.Error())
	}
	return coded.code
}

func rootCommand(s streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "assay",
		Short: "Tells what a messaging setup really guarantees",
		Long: `Assay runs a real partitioned-log broker and its clients in a deterministic
simulator, under crashes and network faults, and judges what they promised.

  assay run orders-at-least-once     run a shipped scenario (or your own file)
  assay init mine.yaml               write a scenario to start from
  assay list scenarios               what is shipped
  assay explain no-loss              what a word means`,
		SilenceUsage: true, SilenceErrors: true,
		PersistentPreRun: func(c *cobra.Command, _ []string) {
			if c.Name() != "serve" && os.Getenv("GOGC") == "" {
				debug.SetGCPercent(run.CollectorPercent)
			}
		},
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddCommand(runCommand(s), checkCommand(s), replayCommand(s), huntCommand(s), shrinkCommand(s),
		verifyCommand(s), reportCommand(s), compareCommand(s), listCommand(s), explainCommand(s), serveCommand(s), benchCommand(s), initCommand(s), schemaCommand(s),
		completionCommand(s), versionCommand(s))
	completeArguments(root)
	return root
}
