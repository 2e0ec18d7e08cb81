package reports

import (
	"fmt"
	"slices"
	"strings"

	"assay/scenarios/result"
)

// Failure is one reason for which a result is not as expected.
type Failure struct {
	Outcome result.Outcome // Unexpected, Threshold or Inconclusive
	Variant string
	Seed    uint64 // a seed that shows it
	HasSeed bool   // false if the variant ran no seed
	Claim   string // that it is about, or
	Metric  string // that crossed its threshold
	Says    string // in words: what, in which variant, and why
}

// Failures lists them, what weighs most first, as exit codes do: unexpected
// verdicts, then thresholds, then what is inconclusive.
func Failures(r result.Result) []Failure {
	var unexpected, crossed, inconclusive []Failure
	for _, v := range r.Variants {
		first := Failure{Variant: v.Name, HasSeed: len(v.Seeds) > 0}
		if first.HasSeed {
			first.Seed = parseSeed(v.Seeds[0])
		}
		for _, c := range v.Claims {
			f := first
			f.Outcome, f.Says, f.Claim = result.Outcome(c.Outcome), claimFailure(v, c), c.Name
			if c.FirstViolating != "" {
				f.Seed, f.HasSeed = parseSeed(c.FirstViolating), true
			}
			switch f.Outcome {
			case result.Unexpected:
				unexpected = append(unexpected, f)
			case result.Inconclusive:
				inconclusive = append(inconclusive, f)
			}
		}
		for _, text := range v.Crossed {
			f := first
			f.Outcome, f.Says = result.Threshold, "in "+v.Name+": "+text
			f.Metric, _, _ = strings.Cut(text, " ")
			crossed = append(crossed, f)
		}
	}
	return append(append(unexpected, crossed...), inconclusive...)
}

// claimFailure tells a claim that did not come out as expected.
func claimFailure(v result.Variant, c result.Claim) string {
	if c.Verdict == "violated" {
		return fmt.Sprintf("%s is violated in %s (%s)", c.Name, v.Name, share(c.Violating, len(v.Seeds)))
	}
	return fmt.Sprintf("%s in %s: %s", c.Name, v.Name, why(v, c))
}

// why says what kept a claim from an outcome.
func why(v result.Variant, c result.Claim) string {
	switch {
	case c.Reason != "":
		return c.Reason
	case c.Expect == "violated" && c.Verdict == "holds":
		return "a violation is expected, but none was found in " + plural(len(v.Seeds), "seed")
	}
	return "the verdict is " + c.Verdict
}

// undecided tells what is inconclusive in a variant. Claims that are so for want of a
// requirement are told together: the requirements themselves are told as well.
func undecided(v result.Variant) []string {
	var told, wanting []string
	for _, c := range v.Claims {
		switch {
		case c.Outcome != string(result.Inconclusive):
		case slices.Contains(v.Unmet, c.Reason):
			wanting = append(wanting, c.Name)
		default:
			told = append(told, c.Name+": "+why(v, c))
		}
	}
	if len(wanting) > 0 {
		told = append(told, strings.Join(wanting, ", ")+": what is required was not met")
	}
	return told
}

// share tells a count of seeds: "3 of 20 seeds".
func share(violating, seeds int) string {
	return fmt.Sprintf("%d of %s", violating, plural(seeds, "seed"))
}

// shown is the failure whose replay is offered: the weightiest that has a seed.
func shown(r result.Result) (Failure, bool) {
	for _, f := range Failures(r) {
		if f.HasSeed {
			return f, true
		}
	}
	return Failure{}, false
}

// verdictLine is the result in one or two sentences.
func verdictLine(r result.Result) string {
	failures := Failures(r)
	told := openings[r.Outcome]
	switch {
	case r.Outcome == result.Interrupted || r.Outcome == result.Failed:
		told += tally(r) + " so far"
		if len(failures) > 0 {
			told += "; " + firstOf(failures)
		}
	case r.Outcome == result.Expected || len(failures) == 0:
		told += tally(r)
	default:
		told += firstOf(failures)
	}
	told += "."
	if r.Stopped != "" {
		told += " Stopped by " + r.Stopped + "."
	}
	return told
}

var openings = map[result.Outcome]string{
	result.Expected: "As expected: ", result.Unexpected: "Unexpected: ",
	result.Threshold: "Threshold not held ", result.Inconclusive: "Inconclusive: ",
	result.Interrupted: "Interrupted: ", result.Failed: "Internal error: ",
}

// firstOf tells the weightiest failure and counts the others.
func firstOf(failures []Failure) string {
	says := strings.TrimSuffix(failures[0].Says, ".")
	if more := len(failures) - 1; more > 0 {
		says += fmt.Sprintf("; and %d more", more)
	}
	return says
}

// tally counts the verdicts that came out as expected.
func tally(r result.Result) string {
	expected, all := 0, 0
	for _, v := range r.Variants {
		for _, c := range v.Claims {
			all++
			if c.Outcome == string(result.Expected) {
				expected++
			}
		}
	}
	return fmt.Sprintf("%d of %s, %s, %s", expected, plural(all, "verdict"), plural(len(r.Variants), "variant"), plural(runs(r), "run"))
}
