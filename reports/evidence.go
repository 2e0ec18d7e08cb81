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
// that differ least say most and come first. One that was expected to violate the claim,
// and in these seeds did not, witnesses nothing.
func (run Run) evidence(c counterexample) []string {
	type sibling struct {
		says     string
		distance int
	}
	var found []sibling
	for _, v := range run.Result.Variants {
		only, without := settingsBeyond(v, c.Variant), settingsBeyond(c.Variant, v)
		for _, other := range v.Claims {
			if other.Name != c.Claim.Name || other.Verdict != "holds" || other.Expect == "violated" || !other.Exercised || len(only)+len(without) == 0 {
				continue
			}
			says := fmt.Sprintf("In variant %s, %s, it holds in %d of %s", v.Name, difference(only, without), len(v.Seeds)-other.Violating, plural(len(v.Seeds), "seed")) + price(c.Variant, v)
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

// price tells the claims that hold where a violation was found, and are violated in a
// variant that does without it.
func price(here, there result.Variant) string {
	var paid []string
	for _, c := range here.Claims {
		violated := func(o result.Claim) bool { return o.Name == c.Name && o.Verdict == "violated" }
		if c.Verdict == "holds" && slices.ContainsFunc(there.Claims, violated) {
			paid = append(paid, c.Name)
		}
	}
	if len(paid) == 0 {
		return ""
	}
	return ", at a price: " + strings.Join(paid, ", ") + " violated"
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
	// What one has taken away the other has: "with dead_letter", not "without no".
	left := slices.DeleteFunc(slices.Clone(without), func(s result.Setting) bool { return set(s) || taken(s) })
	for _, s := range without {
		if taken(s) && !set(s) {
			only = append(only, result.Setting{Pointer: s.Pointer})
		}
	}
	var words []string
	if len(only) > 0 {
		words = append(words, "with "+settingWords(only))
	}
	if len(left) > 0 {
		words = append(words, "without "+settingWords(left))
	}
	return strings.Join(words, " and ")
}

// taken says whether an override takes something away.
func taken(s result.Setting) bool { return s.Value == "null" || s.Value == "[]" }

// settingWords are overrides as a Kafka user writes them: "acks=all and retries=0",
// and "no faults" for what is taken away. Flaws are named, and faults not told in
// full: their tables are further down.
func settingWords(list []result.Setting) string {
	const most = 4
	words := make([]string, 0, most)
	for _, s := range list[:min(len(list), most)] {
		word := settingName(s) + "=" + shortened(s.Value, 40)
		switch {
		case taken(s):
			word = "no " + settingName(s)
		case s.Pointer == "/cluster/flaws" && strings.Contains(s.Value, ","):
			word = "the flaws " + strings.Trim(s.Value, "[]")
		case s.Pointer == "/cluster/flaws" && s.Value != "":
			word = "the flaw " + strings.Trim(s.Value, "[]")
		case strings.HasPrefix(s.Pointer, "/faults/"):
			word = "faults of its own"
		case s.Value == "" || strings.HasPrefix(s.Value, "{"):
			word = settingName(s)
		}
		if !slices.Contains(words, word) {
			words = append(words, word)
		}
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
