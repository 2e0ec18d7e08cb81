package format

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"assay/internal/kafkaconfig"
)

// overrides changes a tree by JSON pointers and remembers what it changed, so
// that what goes wrong because of it is shown where it stands.
type overrides struct {
	variant     string // "" for the command line's
	made        []override
	diagnostics Diagnostics
}

type override struct {
	pointer string
	value   *node
	key     place // of the pointer
	at      place // where to show what it brings about elsewhere
}

func (o *overrides) fail(where place, pointer, suggestion, format string, arguments ...any) {
	d := where.diagnose(Error, pointer, fmt.Sprintf(format, arguments...), suggestion)
	d.Variant = o.variant
	o.diagnostics = append(o.diagnostics, d)
}

// apply sets one value.
func (o *overrides) apply(tree *node, pointer string, value *node, where place) {
	o.make(tree, override{pointer, value, where, where})
}

func (o *overrides) make(tree *node, made override) {
	o.made = append(o.made, made)
	if err := made.apply(tree); err != nil {
		o.fail(made.at, made.pointer, "", "%v", err)
	}
}

func (o override) apply(tree *node) error {
	keys, err := splitPointer(o.pointer)
	if err != nil {
		return err
	}
	return tree.set(keys, o.value.clone(), o.key)
}

// fromFlag applies --set PTR=VALUE; VALUE is YAML.
func (o *overrides) fromFlag(tree *node, text string) {
	source := newSource("--set", text)
	where := place{source, 1, 1}
	pointer, written, found := strings.Cut(text, "=")
	if !found {
		o.fail(where, "", "", "--set takes PTR=VALUE, such as /workload/producers/web/rate=500/s")
		return
	}
	value, diagnostics := parseTree(newSource("--set", written), []byte(written))
	shift := utf8.RuneCountInString(pointer) + 1
	for _, d := range diagnostics {
		o.diagnostics = append(o.diagnostics, within(source, d, shift))
	}
	if value == nil || diagnostics.Failed() {
		return
	}
	value.moveTo(source, shift)
	o.apply(tree, pointer, value, where)
}

// within moves a diagnostic about a flag's value into the whole flag.
func within(flag *source, d Diagnostic, shift int) Diagnostic {
	where := place{flag, d.Line, d.Column}
	switch last := len(flag.lines); {
	case d.Line > last: // where YAML expected more
		where = place{flag, last, utf8.RuneCountInString(flag.lines[last-1]) + 1}
	case d.Line == 1:
		where.column += shift
	}
	return where.diagnose(d.Severity, d.Pointer, d.Message, d.Suggestion)
}

// moveTo gives a value parsed by itself its positions in the text around it.
func (n *node) moveTo(to *source, shift int) {
	move := func(p *place) {
		p.source = to
		if p.line == 1 {
			p.column += shift
		}
	}
	move(&n.place)
	for i := range n.entries {
		move(&n.entries[i].keyPlace)
		n.entries[i].value.moveTo(to, shift)
	}
	for _, item := range n.items {
		item.moveTo(to, shift)
	}
}

// blame returns the diagnostics that were not there before the overrides; own
// says to keep the others, too. One that does not stand in an override is moved
// to the override that brought it about.
func (o *overrides) blame(l *loader, before, after reading, own bool) Diagnostics {
	readings := map[int]Diagnostics{0: before.diagnostics, len(o.made): after.diagnostics}
	var blamed Diagnostics
	for _, d := range after.diagnostics {
		if before.diagnostics.contain(d) {
			if own {
				blamed = append(blamed, d)
			}
			continue
		}
		if len(o.made) > 0 && !o.covers(d) {
			culprit := o.made[o.culprit(l, before.tree, readings, d)]
			d = culprit.at.diagnose(d.Severity, d.Pointer, d.Message, d.Suggestion)
		}
		d.Variant = o.variant
		blamed = append(blamed, d)
	}
	return blamed
}

// culprit finds, by halving, an override with which a finding appears that is not there without it.
func (o *overrides) culprit(l *loader, tree *node, readings map[int]Diagnostics, finding Diagnostic) int {
	absent, present := 0, len(o.made)
	for present-absent > 1 {
		middle := (absent + present) / 2
		if _, known := readings[middle]; !known {
			changed := tree.clone()
			for _, made := range o.made[:middle] {
				_ = made.apply(changed) // reported when it was applied first
			}
			readings[middle] = l.read(changed).diagnostics
		}
		if readings[middle].contain(finding) {
			present = middle
		} else {
			absent = middle
		}
	}
	return absent
}

func (ds Diagnostics) contain(d Diagnostic) bool {
	return slices.ContainsFunc(ds, func(other Diagnostic) bool { return sameFinding(other, d) })
}

func sameFinding(a, b Diagnostic) bool {
	return a.Severity == b.Severity && a.Message == b.Message && a.Pointer == b.Pointer
}

// covers says whether the diagnostic is about a value that an override set.
func (o *overrides) covers(d Diagnostic) bool {
	for _, made := range o.made {
		if d.Pointer == made.pointer || strings.HasPrefix(d.Pointer, made.pointer+"/") {
			return true
		}
	}
	return false
}

// variantSections are the parts of a scenario that a variant may change.
var variantSections = []string{"cluster", "topics", "workload", "cost", "faults", "require", "thresholds"}

// variant reads the base once more with a variant's overrides.
func (l *loader) variant(base reading, written variantDocument) (Scenario, Diagnostics) {
	o := &overrides{variant: written.Name}
	tree := base.tree.clone()
	if written.Set != nil {
		for _, e := range written.Set.entries {
			o.setInVariant(tree, e)
		}
	}
	if written.Expect != nil {
		for _, e := range written.Expect.entries {
			o.expectInVariant(tree, base.scenario.Claims, e)
		}
	}
	result := l.read(tree)
	return result.scenario, append(o.diagnostics, o.blame(l, base, result, false)...)
}

func (o *overrides) setInVariant(tree *node, e entry) {
	keys, err := splitPointer(e.key)
	switch {
	case err != nil:
		o.fail(e.keyPlace, e.key, "", "%v", err)
	case keys[0] == "claims":
		o.fail(e.keyPlace, e.key, "", "a variant inherits every claim and changes only what it expects, by \"expect:\"")
	case keys[0] == "seeds":
		o.fail(e.keyPlace, e.key, "", "every variant runs all seeds: a variant cannot set %s", e.key)
	case !contains(variantSections, keys[0]):
		suggestion, _ := kafkaconfig.Suggest(keys[0], variantSections)
		o.fail(e.keyPlace, e.key, suggestion, "a variant cannot set %s, only what is below %s", e.key, strings.Join(variantSections, ", "))
	default:
		o.apply(tree, e.key, e.value, e.keyPlace)
	}
}

func (o *overrides) expectInVariant(tree *node, claims []Claim, e entry) {
	var names []string
	for _, claim := range claims {
		names = append(names, claim.Name)
	}
	if !contains(names, e.key) {
		suggestion, _ := kafkaconfig.Suggest(e.key, names)
		o.fail(e.keyPlace, "", suggestion, "there is no claim %q to expect something of", e.key)
		return
	}
	if e.value.isNull() {
		o.fail(e.value.place, "", "", "expect of %q must be holds or violated", e.key)
		return
	}
	o.apply(tree, pointerTo(pointerTo("/claims", e.key), "expect"), e.value, e.keyPlace)
}
