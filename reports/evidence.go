package reports

import (
	"fmt"
	"slices"
	"strings"

	"assay/scenarios/result"
)

// mostEvidence bounds how many sibling variants are called as witnesses.
const mostEvidence = 3

// evidence tells of the variants in which a claim holds that another one
// violates: what they set otherwise is what may prevent the violation. Those
// that differ least say most and come first.
func (run Run) evidence(c counterexample) []string {
	type sibling struct {
		says     string
		distance int
	}
	var found []sibling
	for _, v := range run.Result.Variants {
		only, without := settingsBeyond(v, c.Variant), settingsBeyond(c.Variant, v)
		for _, other := range v.Claims {
			if other.Name != c.Claim.Name || other.Verdict != "holds" || !other.Exercised || len(only)+len(without) == 0 {
				continue
			}
			says := fmt.Sprintf("In variant %s, %s, it holds in %d of %s", v.Name, difference(only, without), len(v.Seeds)-other.Violating, plural(len(v.Seeds), "seed"))
			found = append(found, sibling{says, len(only) + len(without)})
		}
	}
	slices.SortStableFunc(found, func(a, b sibling) int { return a.distance - b.distance })
	var told []string
	for _, s := range found[:min(len(found), mostEvidence)] {
		told = append(told, s.says)
	}
	return told
}

// advice is what would have prevented a violation: what the settings say, and
// what the other variants show.
func (run Run) advice(c counterexample) []string {
	if c.Claim.Witness == nil {
		return nil
	}
	return append(slices.Clone(c.Claim.Witness.Advice), run.evidence(c)...)
}

// judging are the sections of a scenario that say how a run is judged and told,
// not what happens in it.
var judging = []string{"about", "claims", "name", "report", "require", "seeds", "thresholds"}

// settingsBeyond are the overrides of one variant that another has not, or not
// so, and that a run depends on.
func settingsBeyond(v, other result.Variant) []result.Setting {
	var only []result.Setting
	for _, s := range v.Set {
		section, _, _ := strings.Cut(strings.TrimPrefix(s.Pointer, "/"), "/")
		if !slices.Contains(other.Set, s) && !slices.Contains(judging, section) {
			only = append(only, s)
		}
	}
	return only
}

// difference says what one variant sets and what it leaves as base has it.
func difference(only, without []result.Setting) string {
	set := func(s result.Setting) bool {
		return slices.ContainsFunc(only, func(o result.Setting) bool { return o.Pointer == s.Pointer })
	}
	var words []string
	if len(only) > 0 {
		words = append(words, "with "+settingWords(only))
	}
	left := slices.DeleteFunc(slices.Clone(without), func(s result.Setting) bool { return set(s) })
	if len(left) > 0 {
		words = append(words, "without "+settingWords(left))
	}
	return strings.Join(words, " and ")
}

// settingWords are overrides as a Kafka user writes them: "acks=all and retries=0",
// and "no faults" for what is taken away.
func settingWords(list []result.Setting) string {
	const most = 4
	words := make([]string, 0, most)
	for _, s := range list[:min(len(list), most)] {
		if s.Value == "null" {
			words = append(words, "no "+settingName(s))
			continue
		}
		words = append(words, settingName(s)+"="+shortened(s.Value, 40))
	}
	if more := len(list) - most; more > 0 {
		words = append(words, fmt.Sprintf("%d more", more))
	}
	if len(words) == 1 {
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// settingName is the last part of a setting's pointer.
func settingName(s result.Setting) string {
	name := s.Pointer[strings.LastIndexByte(s.Pointer, '/')+1:]
	return strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
}
