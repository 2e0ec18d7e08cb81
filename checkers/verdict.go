package checkers

import (
	"fmt"
	"math"
	"strconv"
)

// Verdict is what a history, or all of them together, say about a claim.
type Verdict uint8

const (
	// Holds: no counterexample was found.
	Holds Verdict = iota
	// Inconclusive: the history cannot decide. It is never success.
	Inconclusive
	// Violated: there is at least one counterexample.
	Violated
)

func (v Verdict) String() string { return [...]string{"holds", "inconclusive", "violated"}[v] }

// MarshalText writes the verdict by its name.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads the verdict by its name.
func (v *Verdict) UnmarshalText(text []byte) error {
	for _, known := range []Verdict{Holds, Inconclusive, Violated} {
		if string(text) == known.String() {
			*v = known
			return nil
		}
	}
	return fmt.Errorf("unknown verdict %q", text)
}

// Combine joins verdicts: violated beats inconclusive beats holds. Of nothing it
// is inconclusive: a run without seeds has shown nothing.
func Combine(verdicts ...Verdict) Verdict {
	if len(verdicts) == 0 {
		return Inconclusive
	}
	worst := Holds
	for _, v := range verdicts {
		worst = max(worst, v)
	}
	return worst
}

// Tally joins the results of one claim over seeds.
type Tally struct {
	Seeds        int
	Violated     int // seeds with a counterexample
	Inconclusive int
	Exercised    int // seeds that had something to judge
	Anomalies    []AnomalyCount
}

// Add counts one seed's result.
func (t *Tally) Add(r Result) {
	t.Seeds++
	switch r.Verdict {
	case Violated:
		t.Violated++
	case Inconclusive:
		t.Inconclusive++
	}
	if r.Exercised {
		t.Exercised++
	}
	counts := map[Anomaly]int64{}
	for _, a := range t.Anomalies {
		counts[a.Name] += a.Count
	}
	for _, a := range r.Anomalies {
		counts[a.Name] += a.Count
	}
	t.Anomalies = inOrder(counts)
}

// Verdict is the claim's over all seeds.
func (t Tally) Verdict() Verdict {
	switch {
	case t.Violated > 0:
		return Violated
	case t.Inconclusive > 0 || t.Seeds == 0:
		return Inconclusive
	}
	return Holds
}

// Sentence tells the tally in words: what was found, never that something was proved.
func (t Tally) Sentence() string {
	switch {
	case t.Violated > 0:
		return fmt.Sprintf("a counterexample in %d of %d seeds", t.Violated, t.Seeds)
	case t.Inconclusive > 0 || t.Seeds == 0:
		return fmt.Sprintf("no counterexample, but %d of %d seeds are inconclusive", t.Inconclusive, t.Seeds)
	case t.Exercised == 0:
		return fmt.Sprintf("nothing exercised in %d seeds", t.Seeds)
	}
	return fmt.Sprintf("no counterexample in %d of %d seeds (%s)", t.Seeds, t.Seeds, Bound(t.Seeds))
}

// Bound is the exact upper end of the 95 % confidence interval for the share of
// seeds with a counterexample when n seeds showed none: 1 - 0.05^(1/n), rounded
// up to two digits. Zero seeds bound nothing.
func Bound(n int) string {
	if n <= 0 {
		return "no bound: no seeds"
	}
	percent := 100 * -math.Expm1(math.Log(0.05)/float64(n))
	scale := math.Pow(10, 1-math.Floor(math.Log10(percent)))
	// The subtraction keeps a value that is exact in two digits from being rounded up.
	rounded := math.Ceil(percent*scale-1e-9) / scale
	return "below " + strconv.FormatFloat(rounded, 'f', -1, 64) + " % of seeds at 95 %"
}
