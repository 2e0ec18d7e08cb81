// Package guard holds the test that keeps the house in order: imports go down
// only, and what a digest depends on has no clock, no global chance, no
// goroutine and no map order.
package guard

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/packages"
)

// mayImport lists, for each part of the house, which other parts its packages
// may import. A part covers its subpackages; the longest match counts. A part
// may always import itself.
var mayImport = map[string][]string{
	"host":                   {},
	"internal/chance":        {},
	"internal/kafka":         {},
	"internal/kafkaconfig":   {},
	"internal/batch":         {"internal/kafka"},
	"internal/protocol":      {"host"},
	"internal/deadline":      {"host"},
	"internal/story":         {}, // for tests
	"sim":                    {"host"},
	"live":                   {"host", "internal/batch", "internal/protocol"},
	"broker":                 {"host", "internal"},
	"clients":                {"host", "internal"},
	"faults":                 {"internal/chance"},
	"checkers":               {},
	"scenarios":              {"scenarios/format", "internal/kafkaconfig"},
	"scenarios/format":       {"faults", "internal/kafkaconfig", "checkers"},
	"scenarios/result":       {"faults"},
	"scenarios/workload":     {"host", "clients", "checkers/history", "internal"},
	"scenarios/run":          {"host", "sim", "broker", "clients", "faults", "checkers", "scenarios", "internal"},
	"scenarios/shrink":       {"faults", "checkers", "scenarios"},
	"scenarios/campaign":     {"faults", "checkers", "scenarios", "internal"},
	"scenarios/scenariotest": {"scenarios", "reports"}, // it runs scenarios in the tests of others
	"reports":                {"faults", "checkers", "scenarios"},
	"cmd":                    {"host", "sim", "live", "broker", "clients", "faults", "checkers", "scenarios", "reports", "internal"},
	"internal/guard":         {},
	"internal/parity":        {"host", "sim", "broker", "internal"}, // tests only
}

// deterministic are the parts whose behaviour a digest or a verdict depends on.
var deterministic = []string{
	"host", "sim", "broker", "clients", "faults", "checkers",
	"scenarios/workload", "scenarios/run", "internal/kafka", "internal/batch", "internal/protocol", "internal/chance", "internal/deadline",
}

// pure are the packages from outside the standard library that deterministic
// parts may import: no goroutine, clock or global chance in what we call of them.
var pure = []string{
	"github.com/twmb/franz-go/pkg/kmsg",
	"github.com/twmb/franz-go/pkg/kbin",
	"github.com/twmb/franz-go/pkg/kerr",
	"github.com/cespare/xxhash/v2",
	"go.etcd.io/raft/v3",                // only as broker/controller drives it: see its quorum
	"github.com/klauspost/compress",     // with concurrency 1
	"github.com/pierrec/lz4/v4",         // with concurrency 1
	"github.com/anishathalye/porcupine", // searches in its own goroutines; its answer does not depend on them
}

// worldly are standard packages that reach the world or its clock.
var worldly = []string{"net", "os", "os/exec", "os/signal", "sync", "sync/atomic", "math/rand", "syscall", "log", "log/slog", "runtime", "context", "testing"}

// clocks are the functions of package time that read a clock or start a timer.
var clocks = []string{"Now", "Since", "Until", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick", "Sleep"}

const mapOrderComment = "order-free:"

func part(path string) string { return strings.TrimPrefix(path, "assay/") }

func within(p, part string) bool { return p == part || strings.HasPrefix(p, part+"/") }

func longest(p string, parts []string) string {
	best := ""
	for _, candidate := range parts {
		if within(p, candidate) && len(candidate) > len(best) {
			best = candidate
		}
	}
	return best
}

func load(t *testing.T) []*packages.Package {
	t.Helper()
	loaded, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedImports | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo | packages.NeedFiles | packages.NeedDeps,
	}, "assay/...")
	require.NoError(t, err)
	require.Greater(t, len(loaded), 5)
	for _, p := range loaded {
		require.Empty(t, p.Errors, p.PkgPath)
	}
	return loaded
}

func TestHouse(t *testing.T) {
	loaded := load(t)
	var rooms []string
	for room := range mayImport {
		rooms = append(rooms, room)
	}
	for _, p := range loaded {
		name := part(p.PkgPath)
		home := longest(name, rooms)
		if home == "" {
			t.Errorf("%s belongs to no part of the house: give it a place in mayImport", p.PkgPath)
			continue
		}
		for path := range p.Imports {
			if !strings.HasPrefix(path, "assay/") {
				continue
			}
			other := part(path)
			if within(other, home) && longest(other, rooms) == home {
				continue
			}
			if !slices.ContainsFunc(mayImport[home], func(allowed string) bool { return within(other, allowed) }) {
				t.Errorf("%s imports %s: imports go down only", name, other)
			}
		}
		if longest(name, deterministic) != "" && p.Name != "main" {
			checkDeterminism(t, p)
		}
	}
}

func checkDeterminism(t *testing.T, p *packages.Package) {
	t.Helper()
	for path := range p.Imports {
		external := strings.Contains(strings.SplitN(path, "/", 2)[0], ".")
		switch {
		case slices.Contains(worldly, path):
			t.Errorf("%s imports %s", p.PkgPath, path)
		case external && longest(path, pure) == "":
			t.Errorf("%s imports %s, which is not on the list of pure packages", p.PkgPath, path)
		}
	}
	for _, file := range p.Syntax {
		excused := excusedLines(p.Fset, file)
		ast.Inspect(file, func(n ast.Node) bool {
			if n == nil {
				return false
			}
			if what := violation(p.TypesInfo, n); what != "" {
				at := p.Fset.Position(n.Pos())
				if what == unsortedMap && (excused[at.Line] || excused[at.Line-1]) ||
					what == recovers && strings.HasSuffix(at.Filename, "/sim/step.go") {
					return true
				}
				t.Errorf("%s: %s", at, what)
			}
			return true
		})
	}
}

const recovers = "recovers from panics: only the simulator's step may, to cut a step short (sim/step.go)"

const unsortedMap = "ranges over a map: sort its keys, or say in a comment on the line above why the order cannot reach an output (" + mapOrderComment + " ...)"

// violation names what is wrong with a node, or returns "".
func violation(info *types.Info, n ast.Node) string {
	switch n := n.(type) {
	case *ast.GoStmt:
		return "starts a goroutine"
	case *ast.SelectStmt:
		return "selects on channels"
	case *ast.SendStmt, *ast.ChanType:
		return "uses a channel"
	case *ast.RangeStmt:
		if kind := info.TypeOf(n.X); kind != nil {
			if _, isMap := kind.Underlying().(*types.Map); isMap && (n.Key != nil || n.Value != nil) {
				return unsortedMap
			}
		}
	case *ast.CallExpr:
		return forbiddenCall(info, n)
	}
	return ""
}

func forbiddenCall(info *types.Info, call *ast.CallExpr) string {
	switch fun := call.Fun.(type) {
	case *ast.Ident:
		if builtin, ok := info.Uses[fun].(*types.Builtin); ok && builtin.Name() == "recover" {
			return recovers
		}
	case *ast.SelectorExpr:
		f, ok := info.Uses[fun.Sel].(*types.Func)
		if !ok || f.Pkg() == nil || f.Signature().Recv() != nil {
			return ""
		}
		switch {
		case f.Pkg().Path() == "time" && slices.Contains(clocks, f.Name()):
			return "calls time." + f.Name()
		case f.Pkg().Path() == "math/rand/v2" && !strings.HasPrefix(f.Name(), "New"):
			return "draws from global chance: rand." + f.Name()
		}
	}
	return ""
}

// excusedLines are those that carry an order-free comment.
func excusedLines(fset *token.FileSet, file *ast.File) map[int]bool {
	lines := map[int]bool{}
	for _, group := range file.Comments {
		for _, c := range group.List {
			if strings.Contains(c.Text, mapOrderComment) {
				lines[fset.Position(group.End()).Line] = true
				lines[fset.Position(c.Pos()).Line] = true
			}
		}
	}
	return lines
}

// TestGuardSees proves that the guard rejects what it must.
func TestGuardSees(t *testing.T) {
	const source = `package bad
import ("time"; "math/rand/v2")
func f(m map[int]int, c chan int) {
	_ = time.Now()
	_ = rand.IntN(3)
	go f(nil, nil)
	for k := range m { _ = k }
	select { case <-c: }
	c <- 1
	defer func() { _ = recover() }()
	_ = rand.New(rand.NewPCG(1, 2)).IntN(3)
}`
	found := violationsIn(t, source)
	for _, want := range []string{"calls time.Now", "draws from global chance: rand.IntN", "starts a goroutine", unsortedMap, "selects on channels", "uses a channel", recovers} {
		require.Contains(t, found, want)
	}
	require.Equal(t, 1, strings.Count(strings.Join(found, "\n"), "global chance"), "a stream of one's own is allowed")
}
