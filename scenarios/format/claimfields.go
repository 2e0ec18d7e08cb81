package format

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"assay/internal/kafkaconfig"
)

var claimsCodec = named("claim", object(claimFields, checkClaim), func(c *Claim) *string { return &c.Name }, validClaimName)

var claimFields = []boundField[Claim]{
	bind("guarantee", "what is claimed; the claim's name by default", guaranteeCodec, func(c *Claim) *string { return &c.Guarantee }),
	bind("expect", "the expected verdict", words(Holds, Violated), func(c *Claim) *Verdict { return &c.Expect }).orDefault("holds"),
	bind("group", "the group that a group's guarantee speaks of", filledText(), func(c *Claim) *string { return &c.Group }),
	bind("consumer", "the consumer that a reader's guarantee speaks of", filledText(), func(c *Claim) *string { return &c.Consumer }),
	bind("from", "the input topic of exactly-once", filledText(), func(c *Claim) *string { return &c.From }),
	bind("via", "the processor of exactly-once", filledText(), func(c *Claim) *string { return &c.Via }),
	bind("to", "the output topic of exactly-once", filledText(), func(c *Claim) *string { return &c.To }),
	bind("observer", "the consumer that judges exactly-once", filledText(), func(c *Claim) *string { return &c.Observer }),
	bind("within", "the time that recovers allows, the drain by default", duration(time.Millisecond), func(c *Claim) *time.Duration { return &c.Within }).writtenIf(func(c *Claim) bool { return c.Within > 0 }),
}

// guaranteeCodec takes any word: checkClaim says what is wrong with it, wherever the word stands.
var guaranteeCodec = text().offering(builtGuarantees())

func builtGuarantees() []string {
	var names []string
	for _, g := range guarantees {
		if g.built {
			names = append(names, g.name)
		}
	}
	return names
}

var claimName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._-]{0,99}$`)

func validClaimName(name string) error {
	if !claimName.MatchString(name) {
		return fmt.Errorf("%q is no name for a claim: up to 100 letters, digits, dots, underscores and hyphens", name)
	}
	return nil
}

// checkClaim finds the guarantee and checks the fields that it takes.
func checkClaim(r *reader, a at, c *Claim) {
	word, where := c.Guarantee, a.node.child("guarantee")
	place := a.key
	if where != nil {
		place = where.place
	} else {
		word = c.Name
		c.Guarantee = word
	}
	g, known := findGuarantee(word)
	switch {
	case !known:
		suggestion, _ := kafkaconfig.Suggest(word, guaranteeNames())
		message := fmt.Sprintf("%q is no guarantee", word)
		if suggestion == "" {
			message += "; known: " + strings.Join(guaranteeNames(), ", ")
		}
		if where == nil {
			message += " (a claim with a name of its own says which with \"guarantee:\")"
		}
		r.report(place, a.pointer, suggestion, "%s", message)
		return
	case !g.built:
		r.report(place, a.pointer, "", "the guarantee %s is part of the format but not built yet", word)
	}
	r.takes(a, "claims of "+word, nil, append([]string{"guarantee", "expect"}, g.fields()...)...)
}

// requireCodec reads {leader_changes: ">= 1"}.
var requireCodec = makeRequireCodec()

func makeRequireCodec() codec[[]Requirement] {
	condition := scalar(Shape{Kind: ShapeText, Pattern: `^(>=|>|<=|<|==|!=) ?[0-9]+$`}, parseComparison, Comparison.print, "!!str", "!!int")
	return codec[[]Requirement]{
		shape: Shape{Kind: ShapeMap, Words: Counters, Element: &condition.shape},
		read: func(r *reader, at at, into *[]Requirement) {
			if at.node.kind != mapNode {
				r.fail(at, "require must be a map from a counter to a condition, such as {leader_changes: \">= 1\"}, not %s", at.node.describe())
				return
			}
			for i := range at.node.entries {
				child := at.child(i)
				requirement := Requirement{Counter: at.node.entries[i].key}
				if !contains(Counters, requirement.Counter) {
					suggestion, _ := kafkaconfig.Suggest(requirement.Counter, Counters)
					message := fmt.Sprintf("unknown counter %q", requirement.Counter)
					if suggestion == "" {
						message += "; known: " + strings.Join(Counters, ", ")
					}
					r.report(child.key, child.pointer, suggestion, "%s", message)
				}
				condition.read(r, child, &requirement.Comparison)
				*into = append(*into, requirement)
			}
			slices.SortFunc(*into, func(a, b Requirement) int { return strings.Compare(a.Counter, b.Counter) })
		},
		write: func(requirements []Requirement) *node {
			written := &node{kind: mapNode}
			for _, each := range requirements {
				written.entries = append(written.entries, entry{key: each.Counter, value: condition.write(each.Comparison)})
			}
			return unlessEmpty(written)
		},
	}
}

func (c Comparison) print() string { return fmt.Sprintf("%s %d", c.Operator, c.Value) }

// parseComparison reads ">= 1". The error completes "must be ...".
func parseComparison(text string) (Comparison, error) {
	operator, rest := cutOperator(text)
	value, err := strconv.ParseInt(rest, 10, 64)
	if operator == "" || err != nil || value < 0 {
		return Comparison{}, fmt.Errorf("a condition such as \">= 1\" (%s), not %q", operatorWords(), text)
	}
	return Comparison{operator, value}, nil
}

func cutOperator(text string) (Operator, string) {
	text = strings.TrimSpace(text)
	for _, operator := range operators {
		if rest, found := strings.CutPrefix(text, string(operator)); found {
			return operator, strings.TrimSpace(rest)
		}
	}
	return "", text
}

func operatorWords() string {
	var list []string
	for _, operator := range operators {
		list = append(list, string(operator))
	}
	return strings.Join(list, " ")
}

func builtFlaws() []string {
	var names []string
	for _, f := range flaws {
		if f.built {
			names = append(names, f.name)
		}
	}
	return names
}

var flawCodec = codec[string]{
	shape: Shape{Kind: ShapeText, Words: builtFlaws()},
	read: func(r *reader, at at, into *string) {
		f, known := findFlaw(at.node.text)
		switch {
		case at.node.kind != scalarNode:
			r.fail(at, "%s must be the name of a flaw, not %s", at.name(), at.node.describe())
		case !known:
			suggestion, _ := kafkaconfig.Suggest(at.node.text, flawNames())
			r.failSuggesting(at, suggestion, "unknown flaw %q", at.node.text)
		case f.settings != "":
			r.fail(at, "the flaw %s is no switch but settings: %s", f.name, f.settings)
		case !f.built:
			r.fail(at, "the flaw %s is part of the format but not built yet", f.name)
		default:
			*into = f.name
		}
	},
	write: func(name string) *node { return &node{text: name, tag: "!!str"} },
}
