package compare

import (
	"fmt"
	"math/big"
	"path"
	"regexp"
	"strings"

	"assay/reports"
	"assay/scenarios/format"
)

// Threshold bounds how far a metric may get from the base's, or a metric of the
// new run itself.
type Threshold struct {
	text    string
	pattern string // of metrics' names: e2e_latency.*
	side    side
	percent *big.Rat // of the base's value; nil if the bound is a quantity
	// Of quantities, by metric: a pattern may mean several units.
	quantity map[string]int64
	plain    *format.Threshold // of the new run itself; nil if it is about the change
}

type side int

const (
	either  side = iota // the metric may change by so much in either direction
	rising              // it may rise by so much
	falling             // it may fall by so much
)

var change = regexp.MustCompile(`^(\S+)\s+([+-]?)(\S+)$`)

var percentage = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?%$`)

// ParseThreshold reads how far a metric may get from the base:
//
//	e2e_latency.p99 +5%        it may rise by at most 5 % of the base's value
//	throughput.* -50/s         it may fall by at most 50 records per second
//	lag.max 10                 it may change by at most 10 records, up or down
//	e2e_latency.p99 < 250ms    a bound on the new run alone, as in a scenario
//
// A star in the name stands for any letters. The error completes "--threshold takes ...".
func ParseThreshold(text string) (Threshold, error) {
	if strings.ContainsAny(text, "<>=!") {
		plain, err := format.ParseThreshold(text)
		return Threshold{text: text, pattern: plain.Metric, plain: &plain}, err
	}
	parts := change.FindStringSubmatch(strings.TrimSpace(text))
	if parts == nil {
		return Threshold{}, fmt.Errorf("a metric and how far it may get from the base, such as \"e2e_latency.p99 +5%%\" or \"lag.max +10\", not %q", text)
	}
	t := Threshold{text: parts[1] + " " + parts[2] + parts[3], pattern: parts[1], side: map[string]side{"+": rising, "-": falling}[parts[2]], quantity: map[string]int64{}}
	if percentage.MatchString(parts[3]) {
		t.percent, _ = new(big.Rat).SetString(strings.TrimSuffix(parts[3], "%"))
		t.percent.Quo(t.percent, big.NewRat(100, 1))
	}
	known := false
	for _, m := range format.Metrics {
		if !t.matches(m.Name) {
			continue
		}
		known = true
		if t.percent != nil {
			continue
		}
		bound, err := format.ParseThreshold(m.Name + " < " + parts[3])
		if err != nil {
			return Threshold{}, fmt.Errorf("for %s a share of the base such as 5%%, or a quantity in its unit such as %s, not %q", m.Name, m.Unit.Print(10_000_000), parts[3])
		}
		t.quantity[m.Name] = bound.Value
	}
	if !known {
		return Threshold{}, fmt.Errorf("a known metric (assay list metrics), which %q is not%s", t.pattern, didYouMean(t.pattern))
	}
	return t, nil
}

// didYouMean lets the format say what was probably meant.
func didYouMean(name string) string {
	_, err := format.ParseThreshold(name + " < 1")
	if err == nil {
		return ""
	}
	if _, hint, found := strings.Cut(err.Error(), "; "); found {
		return "; " + hint
	}
	return ""
}

// String is the threshold as it was written.
func (t Threshold) String() string { return t.text }

func (t Threshold) matches(metric string) bool {
	matched, err := path.Match(t.pattern, metric)
	return err == nil && matched
}

// named says whether the threshold names one metric, which then must be measured.
func (t Threshold) named() bool { return !strings.Contains(t.pattern, "*") }

// crossed says in words how a metric lies beyond the threshold, or "". Values are
// nil where the metric was not measured.
func (t Threshold) crossed(m format.Metric, base, new *int64) string {
	switch {
	case new == nil && (t.named() || base != nil):
		return fmt.Sprintf("%s: %s was not measured", t, m.Name)
	case new == nil:
		return ""
	case t.plain != nil:
		if t.plain.Met(*new) {
			return ""
		}
		return fmt.Sprintf("%s: it is %s", t, reports.Quantity(string(m.Unit), *new))
	case base == nil:
		return fmt.Sprintf("%s: the base did not measure %s", t, m.Name)
	case t.allows(m.Name, *base, *new):
		return ""
	}
	return fmt.Sprintf("%s: %s, then %s", t, reports.Quantity(string(m.Unit), *base), reports.Quantity(string(m.Unit), *new))
}

// allows compares exactly: shares are fractions, not floating-point numbers.
func (t Threshold) allows(metric string, base, new int64) bool {
	room := whole(t.quantity[metric])
	if t.percent != nil {
		room.Mul(t.percent, whole(base))
	}
	moved := whole(new - base)
	rose, fell := moved.Cmp(room) > 0, whole(0).Neg(moved).Cmp(room) > 0
	return !(rose && t.side != falling || fell && t.side != rising)
}

func whole(n int64) *big.Rat { return new(big.Rat).SetInt64(n) }
