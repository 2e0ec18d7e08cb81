package campaign

import (
	"fmt"
	"runtime"

	"assay/scenarios/format"
	"assay/scenarios/run"
	"assay/scenarios/workload"
)

// RunError is a run that failed by our own mistake, exit code 70.
type RunError struct {
	Variant string
	Seed    uint64
	Err     error // a *BugError if it was a panic
}

func (e *RunError) Error() string {
	return fmt.Sprintf("variant %s, seed %s: %v", e.Variant, SeedName(e.Seed), e.Err)
}

func (e *RunError) Unwrap() error { return e.Err }

// BugError is a panic inside a run: a bug of ours.
type BugError struct {
	Bug   any
	Stack string
}

func (e *BugError) Error() string { return fmt.Sprintf("internal error: %v", e.Bug) }

// newBugError is called where the panic was recovered.
func newBugError(bug any) *BugError {
	stack := make([]byte, 16<<10)
	return &BugError{Bug: bug, Stack: string(stack[:runtime.Stack(stack, false)])}
}

// Guarded makes an error of a panic in a simulation.
func Guarded(simulate Simulate) Simulate {
	return func(s *format.Scenario, seed uint64, values map[string]*workload.Values, options run.Options) (o *run.Outcome, err error) {
		defer catch(&err)
		return simulate(s, seed, values, options)
	}
}

// catch is deferred around what may panic.
func catch(err *error) {
	if bug := recover(); bug != nil {
		*err = newBugError(bug)
	}
}
