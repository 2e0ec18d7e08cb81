// Package reports renders what a scenario's runs came to: on a terminal, as
// JSON, JUnit, Markdown and HTML, and as the run folder that holds them all.
//
// Rendering is pure: the same Run gives the same bytes, whenever and wherever.
// Only folder.go touches files, and only Progress is given a clock.
package reports

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"assay/faults"
	"assay/scenarios/result"
)

// Run is everything that a report tells of. Only Result is required.
type Run struct {
	Result  result.Result
	Stories []result.Story // at least one for each variant; looked up by variant and seed

	// Seeds is seeds.ndjson.zst, what the result was joined from. With it, the
	// result's distributions are there, too.
	Seeds []byte

	// Plots are the names of those that the scenario asks for; nil is all.
	Plots []string
	// Sweep places the variants that a sweep made, in its order.
	Sweep []SweepPoint

	About       string            // the scenario's own sentence
	Scenario    []byte            // scenario.resolved.yaml
	Data        []File            // what the scenario reads, by the names that it has there
	NotModelled []string          // one sentence each
	Units       map[string]string // of metrics, by name: "ns", "records", "records/s"; else a bare number
}

// story finds the story of one seed of a variant, or nil.
func (r Run) story(variant, seed string) *result.Story {
	for i := range r.Stories {
		if s := &r.Stories[i]; s.Variant == variant && seedText(s.Seed) == seed {
			return s
		}
	}
	return nil
}

// explaining are the faults that a witness names, as they were applied. Without
// the story of its seed nothing is known but their names.
func (r Run) explaining(variant result.Variant, claim result.Claim) []faults.Record {
	story := r.story(variant.Name, claim.FirstViolating)
	if story == nil || claim.Witness == nil {
		return nil
	}
	var found []faults.Record
	for _, record := range story.Faults {
		if slices.Contains(claim.Witness.Faults, record.Spec.ID) {
			found = append(found, record)
		}
	}
	return found
}

// explained tells the faults that a witness names.
func (r Run) explained(variant result.Variant, claim result.Claim) []string {
	if claim.Witness == nil || len(claim.Witness.Faults) == 0 {
		return nil
	}
	records := r.explaining(variant, claim)
	if len(records) == 0 {
		return []string{strings.Join(claim.Witness.Faults, ", ") + ": a replay of this seed shows its own timeline"}
	}
	sentences := make([]string, len(records))
	for i, record := range records {
		sentences[i] = tellFault(record)
	}
	return sentences
}

// counterexample is a violated claim of one variant.
type counterexample struct {
	Variant result.Variant
	Claim   result.Claim
}

func (c counterexample) unexpected() bool { return c.Claim.Outcome == string(result.Unexpected) }

func (c counterexample) seed() uint64 { return parseSeed(c.Claim.FirstViolating) }

// counterexamples are the violated claims, in the result's order.
func counterexamples(r result.Result) []counterexample {
	var found []counterexample
	for _, variant := range r.Variants {
		for _, claim := range variant.Claims {
			if claim.Verdict == "violated" {
				found = append(found, counterexample{variant, claim})
			}
		}
	}
	return found
}

// runs counts the finished runs of all variants.
func runs(r result.Result) int {
	total := 0
	for _, variant := range r.Variants {
		total += len(variant.Seeds)
	}
	return total
}

func seedText(seed uint64) string { return "0x" + strconv.FormatUint(seed, 16) }

// parseSeed reads a seed as result.json spells it. Results are ours, so that a
// malformed seed is our own mistake; it reads as 0.
func parseSeed(text string) uint64 {
	seed, _ := strconv.ParseUint(text, 0, 64)
	return seed
}

// plural counts things: "1 seed", "3 seeds".
func plural[N int | int64](n N, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%s %ss", grouped(int64(n)), thing)
}
