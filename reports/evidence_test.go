package reports

import (
	"testing"

	"github.com/stretchr/testify/require"

	"assay/scenarios/result"
)

func set(pairs ...string) (list []result.Setting) {
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, result.Setting{Pointer: pairs[i], Value: pairs[i+1]})
	}
	return list
}

// TestEvidence: only a variant that a run of it differs in, and in which the claim
// was put to the test and held, says what prevents a violation.
func TestEvidence(t *testing.T) {
	const producer = "/workload/producers/web/config/"
	violated := duplicate()
	idle := holding("no-duplicates")
	idle.Exercised = false
	lucky := holding("no-duplicates")
	lucky.Expect, lucky.Outcome = "violated", string(result.Inconclusive)
	variant := func(name string, claim result.Claim, set []result.Setting) result.Variant {
		return result.Variant{Name: name, Seeds: seeds(1, 20), Claims: []result.Claim{claim}, Set: set}
	}
	weak := variant("weak", violated, set(producer+"acks", "1", "/require", "null"))
	run := Run{Result: result.Result{Variants: []result.Variant{
		variant("base", holding("no-duplicates"), nil),
		weak,
		variant("far", holding("no-duplicates"), set(producer+"acks", "all", producer+"retries", "0", "/faults", "null")),
		variant("near", holding("no-duplicates"), set(producer+"acks", "all", "/require", "null")),
		variant("same", holding("no-duplicates"), set(producer+"acks", "1", "/report", "{formats: [html]}")),
		variant("idle", idle, set(producer+"acks", "0")),
		variant("lucky", lucky, set(producer+"acks", "0")),
		variant("too", violated, set(producer+"acks", "-1")),
		variant("other claim", holding("no-loss"), set(producer+"acks", "-1")),
	}}}
	require.Equal(t, []string{
		"In variant base, without acks=1, it holds in 20 of 20 seeds",
		"In variant near, with acks=all, it holds in 20 of 20 seeds",
		"In variant far, with acks=all, retries=0 and no faults, it holds in 20 of 20 seeds",
	}, run.evidence(counterexample{weak, violated}))
	require.Empty(t, Run{Result: result.Result{Variants: run.Result.Variants[1:2]}}.evidence(counterexample{weak, violated}))
}

// TestEvidenceAtAPrice: a variant that holds what another violates and violates what
// that one holds is no plain advice.
func TestEvidenceAtAPrice(t *testing.T) {
	lost := duplicate()
	lost.Name = "no-loss"
	here := result.Variant{Name: "base", Seeds: seeds(1, 20), Claims: []result.Claim{duplicate(), holding("no-loss")}}
	there := result.Variant{Name: "dual-write", Seeds: seeds(1, 20), Claims: []result.Claim{holding("no-duplicates"), lost},
		Set: set("/workload/producers/web/outbox", "null")}
	run := Run{Result: result.Result{Variants: []result.Variant{here, there}}}
	require.Equal(t, []string{"In variant dual-write, with no outbox, it holds in 20 of 20 seeds, at a price: no-loss violated"},
		run.evidence(counterexample{here, here.Claims[0]}))
}

// TestSettingsInWords: what a variant sets otherwise reads like a sentence, however
// long its value is.
func TestSettingsInWords(t *testing.T) {
	require.Equal(t, "the flaws no-epoch-fence, txn-offset-no-generation and faults of its own", settingWords([]result.Setting{
		{Pointer: "/cluster/flaws", Value: "[no-epoch-fence, txn-offset-no-generation]"},
		{Pointer: "/faults/timeline/1", Value: "{at: 10s, kind: kill, target: coordinator(invoicing), duration: 3s}"},
		{Pointer: "/faults/timeline/2/duration", Value: "1s"},
	}))
	require.Equal(t, "with dead_letter and without on_failure=skip", difference(nil, []result.Setting{
		{Pointer: "/workload/consumers/billing/dead_letter", Value: "null"}, {Pointer: "/workload/consumers/billing/on_failure", Value: "skip"},
	}))
	require.Equal(t, "the flaw zombie-commit and repair", settingWords([]result.Setting{
		{Pointer: "/cluster/flaws", Value: "[zombie-commit]"}, {Pointer: "/workload/consumers/repair", Value: "{count: 1}"},
	}))
	require.Equal(t, "no flaws and no random", settingWords([]result.Setting{{Pointer: "/cluster/flaws", Value: "[]"}, {Pointer: "/faults/random", Value: "null"}}))
}

// TestSweepIsFolded: points of which there is nothing to tell have no column, but
// a row in the sweep's table; others have both.
func TestSweepIsFolded(t *testing.T) {
	run := sweptRun()
	require.Equal(t, []string{"rate=1/s", "rate=3/s"}, run.folded())
	m := matrix(without(run.Result, run.folded()))
	require.Equal(t, []matrixHead{{Name: "base"}, {Name: "rate=2/s"}}, m.Columns)
	require.Equal(t, []string{"no-loss holds in 2 more points of the sweep, as expected: 0 of 40 seeds"}, foldedLines(run.Result, run.folded()))
	rows := run.sweepTable()
	require.Len(t, rows, 3)
	require.Equal(t, sweepRow{Point: "rate=2/s", Offered: "2 records/s", Achieved: "1 records/s", Latencies: []string{"-", "12 ms", "-", "-"},
		Verdicts: "no-loss violated (3 of 20 seeds)", Tone: "unexpected"}, rows[1])
	require.Equal(t, "hold", rows[0].Verdicts)
	page := string(HTML(run))
	require.NotContains(t, page, `<th scope="col">rate=1/s`)
	require.Contains(t, page, `<th scope="row">rate=1/s</th>`)
	require.Contains(t, string(Markdown(run)), "| rate=2/s | 2 records/s | 1 records/s | - | 12 ms | - | - | no-loss violated (3 of 20 seeds) |")
	require.Contains(t, terminalText(t, run, Options{Verbose: true}), "rate=1/s", "who asks for all gets all")
	require.NotContains(t, terminalText(t, run, Options{}), "rate=1/s")
}

// TestMatrixIsTurned: more variants than claims run down.
func TestMatrixIsTurned(t *testing.T) {
	run := manySeeds()
	require.Equal(t, "Claim", matrix(run.Result).Corner)
	run.Result.Variants = append(run.Result.Variants, run.Result.Variants...)
	turned := matrix(run.Result)
	require.Equal(t, "Variant", turned.Corner)
	require.Len(t, turned.Rows, 8)
	require.Equal(t, "violated", turned.Rows[7].Cells[1].Verdict)
	require.Equal(t, "no-duplicates", turned.Columns[1].Name)
}
