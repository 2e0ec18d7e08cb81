package reports

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"assay/faults"
	"assay/scenarios/result"
)

// tellFault says in one sentence what a fault did, or why it did nothing.
func tellFault(r faults.Record) string {
	if r.Outcome == faults.Skipped {
		return fmt.Sprintf("%s: at %s %s of %s was skipped: %s", r.Spec.ID, instant(int64(r.Start)), r.Spec.Kind, hit(r), r.Reason)
	}
	sentence := fmt.Sprintf("%s: at %s %s", r.Spec.ID, instant(int64(r.Start)), deed(r))
	if r.Outcome == faults.Reduced {
		sentence += " (reduced " + r.Reason + ")"
	}
	return sentence
}

// deed says what was done to whom, and until when.
func deed(r faults.Record) string {
	who, until := hit(r), instant(int64(r.End))
	switch r.Spec.Kind {
	case faults.Kill:
		return fmt.Sprintf("%s is killed, starts again at %s", who, until)
	case faults.PowerLoss:
		return fmt.Sprintf("%s loses power (%s), starts again at %s", who, unsynced[r.Spec.Disk], until)
	case faults.Pause:
		return fmt.Sprintf("%s stands still until %s", who, until)
	case faults.Partition:
		return fmt.Sprintf("a partition (%s) between %s, until %s", direction(r.Spec), who, until)
	case faults.Delay:
		return fmt.Sprintf("%s (%s) between %s, until %s", slowness(r.Spec), direction(r.Spec), who, until)
	case faults.SlowDisk:
		return fmt.Sprintf("the disk of %s takes %d times as long, until %s", who, r.Spec.Factor, until)
	case faults.ClockSkew:
		if r.Spec.Skew < 0 {
			return fmt.Sprintf("the wall clock of %s is %s behind, until %s", who, span(-int64(r.Spec.Skew)), until)
		}
		return fmt.Sprintf("the wall clock of %s is %s ahead, until %s", who, span(int64(r.Spec.Skew)), until)
	case faults.Roll:
		words := make([]string, len(r.Restarts))
		for i, restart := range r.Restarts {
			words[i] = fmt.Sprintf("%s (%s to %s)", restart.Name, instant(int64(restart.Asked)), instant(int64(restart.Up)))
		}
		if len(words) == 0 {
			return fmt.Sprintf("%s are to restart one after the other, until %s", who, until)
		}
		return "brokers restart one after the other: " + strings.Join(words, ", ")
	case faults.Reset:
		if r.Spec.Late {
			return fmt.Sprintf("every connection of %s breaks; bytes on their way still arrive later", who)
		}
		return fmt.Sprintf("every connection of %s breaks", who)
	case faults.MoveLeader:
		if r.Spec.NoFence {
			return fmt.Sprintf("leadership of %s moves%s; the old leader does not know until %s", who, destination(r.Spec), until)
		}
		return fmt.Sprintf("leadership of %s moves%s", who, destination(r.Spec))
	case faults.DelayMetadata:
		return fmt.Sprintf("%s applies no newer metadata until %s", who, until)
	case faults.ExpireSession:
		return fmt.Sprintf("the controller takes %s for dead", who)
	}
	if r.End > r.Start {
		return fmt.Sprintf("%s of %s, until %s", r.Spec.Kind, who, until)
	}
	return fmt.Sprintf("%s of %s", r.Spec.Kind, who)
}

var unsynced = map[faults.DiskMode]string{
	faults.LoseUnsynced: "unsynced data is lost", faults.Tear: "unsynced data is torn", faults.Keep: "unsynced data is kept",
}

// slowness says what a delay does to bytes.
func slowness(s faults.Spec) string {
	narrow := grouped(s.Bandwidth) + " bytes a second flow on each connection"
	switch {
	case s.Bandwidth == 0:
		return "bytes take " + span(int64(s.Latency)) + " longer"
	case s.Latency == 0:
		return "no more than " + narrow
	}
	return "bytes take " + span(int64(s.Latency)) + " longer, and no more than " + narrow
}

func direction(s faults.Spec) string {
	switch s.Direction {
	case faults.In:
		return "towards the first group"
	case faults.Out:
		return "from the first group"
	}
	return "both ways"
}

func destination(s faults.Spec) string {
	if s.To == nil {
		return ""
	}
	return " to " + s.To.String()
}

// hit names whom a fault concerns: its targets, or its groups.
func hit(r faults.Record) string {
	if len(r.Spec.Groups) == 0 {
		return targets(r.Spec.Target)
	}
	groups := make([]string, len(r.Spec.Groups))
	for i, group := range r.Spec.Groups {
		groups[i] = "[" + targets(group) + "]"
	}
	return strings.Join(groups, " and ")
}

func targets(list []faults.Target) string {
	if len(list) == 0 {
		return "nobody"
	}
	words := make([]string, len(list))
	for i, target := range list {
		words[i] = target.String()
	}
	return strings.Join(words, ", ")
}

// parameters tells what a fault's kind, targets and times leave open.
func parameters(s faults.Spec) string {
	var words []string
	switch s.Kind {
	case faults.PowerLoss:
		words = append(words, "disk: "+s.Disk.String())
	case faults.Partition:
		words = append(words, "direction: "+s.Direction.String())
	case faults.Delay:
		words = append(words, "direction: "+s.Direction.String(), "latency: "+span(int64(s.Latency)))
		if s.Bandwidth > 0 {
			words = append(words, "bandwidth: "+grouped(s.Bandwidth)+" B/s")
		}
	case faults.SlowDisk:
		words = append(words, fmt.Sprintf("factor: %d", s.Factor))
	case faults.ClockSkew:
		words = append(words, "skew: "+span(int64(s.Skew)))
	case faults.Reset:
		if s.Late {
			words = append(words, "late: true")
		}
	case faults.MoveLeader:
		if s.To != nil {
			words = append(words, "to: "+s.To.String())
		}
		if s.NoFence {
			words = append(words, "fence: false")
		}
	}
	return strings.Join(words, ", ")
}

// place says where a witness lies: "lost write on orders/0, offset 41".
func place(w *result.Witness) string {
	text := w.Anomaly
	if w.Partition != "" {
		text += " on " + w.Partition
	}
	if list := offsets(w.Offsets); list != "" {
		text += ", " + list
	}
	return text
}

// TellClaim tells a claim's verdict, its witness and how to see it again, in plain
// text of several lines. The target is the replay command's; set are overrides
// that it must repeat.
func (run Run) TellClaim(v result.Variant, c result.Claim, target string, set ...string) string {
	what := c.Name
	if c.Guarantee != c.Name {
		what += " (" + c.Guarantee + ")"
	}
	lines := []string{fmt.Sprintf("%s: %s, expected: %s, violated in %s", what, c.Verdict, c.Expect, share(c.Violating, len(v.Seeds)))}
	if c.Verdict == "holds" && c.Bound != "" {
		lines = append(lines, c.Bound)
	}
	if c.Reason != "" {
		lines = append(lines, c.Reason)
	}
	if w := c.Witness; w != nil {
		lines = append(lines, place(w), w.Sentence)
		if w.Damage != nil {
			lines = append(lines, "damage: "+tellDamage(w.Damage))
		}
		for i, o := range w.Operations {
			lines = append(lines, fmt.Sprintf("%d. %s to %s, %s: %s", i+1, fineInstant(o.Call), fineInstant(o.Return), o.Client, o.What))
		}
		lines = append(lines, run.explained(v, c)...)
		lines = append(lines, w.Advice...)
	}
	switch {
	case c.FirstViolating != "":
		lines = append(lines, ReplayCommand(target, v.Name, parseSeed(c.FirstViolating), set...))
	case c.Outcome != string(result.Expected) && len(v.Seeds) > 0:
		lines = append(lines, ReplayCommand(target, v.Name, parseSeed(v.Seeds[0]), set...))
	}
	return strings.Join(lines, "\n")
}

// tellDamage says in numbers what was lost or duplicated in the witness's seed.
func tellDamage(d *result.Damage) string {
	text := plural(d.Records, "record")
	if d.FirstOffset >= 0 && d.Records > d.LastOffset-d.FirstOffset+1 {
		text += " in all; at this place" // offsets and times are those of one place
	} else if d.FirstOffset >= 0 {
		text += ","
	}
	switch {
	case d.FirstOffset >= 0 && d.LastOffset > d.FirstOffset:
		text += fmt.Sprintf(" offsets %d to %d", d.FirstOffset, d.LastOffset)
	case d.FirstOffset >= 0:
		text += fmt.Sprintf(" offset %d", d.FirstOffset)
	}
	if d.To > d.From {
		text += fmt.Sprintf(", within %s (%s to %s)", span(d.To-d.From), instant(d.From), instant(d.To))
	}
	return text
}

// tellCounts lists named numbers in the order of their names.
func tellCounts(counts map[string]int64) string {
	words := make([]string, 0, len(counts))
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		words = append(words, name+" "+grouped(counts[name]))
	}
	return strings.Join(words, ", ")
}

// exercised splits counters into those that counted something and the names of those that did not.
func exercised(counters result.Counters) (some map[string]int64, none []string) {
	some = map[string]int64{}
	for _, name := range slices.Sorted(maps.Keys(counters)) {
		if counters[name] == 0 {
			none = append(none, name)
		} else {
			some[name] = counters[name]
		}
	}
	return some, none
}

// bound is what "holds" means for some claims: the same sentence for most.
type bound struct {
	Says  string
	Where []string // "no-loss in base"
}

// bounds groups the claims that hold by their bound sentence, in the result's
// order. Where all share one, Where is left empty.
func bounds(r result.Result) []bound {
	var found []bound
	for _, v := range r.Variants {
		for _, c := range v.Claims {
			if c.Verdict != "holds" || !c.Exercised || c.Bound == "" {
				continue
			}
			where := c.Name + " in " + v.Name
			if i := slices.IndexFunc(found, func(b bound) bool { return b.Says == c.Bound }); i >= 0 {
				found[i].Where = append(found[i].Where, where)
			} else {
				found = append(found, bound{c.Bound, []string{where}})
			}
		}
	}
	if len(found) == 1 {
		found[0].Where = nil
	}
	return found
}

// idle names the claims that had nothing to judge: "no-skips in base".
func idle(r result.Result) []string {
	var names []string
	for _, v := range r.Variants {
		for _, c := range v.Claims {
			if !c.Exercised && len(v.Seeds) > 0 {
				names = append(names, c.Name+" in "+v.Name)
			}
		}
	}
	return names
}

// outcomeWord is the outcome as tables say it.
func outcomeWord(outcome string) string {
	switch outcome {
	case string(result.Expected):
		return "as expected"
	case string(result.Unexpected):
		return "UNEXPECTED"
	}
	return outcome
}
