package format

import (
	"bytes"
	"fmt"

	yaml "go.yaml.in/yaml/v4"
)

// Render prints a scenario with its variants as a file that loads to the same:
// every default written out, in the order of the field tables. A variant's
// overrides are what differs from the base in the sections that a variant may
// change; of its claims only what they expect can differ. The base itself may
// stand among the variants and is left out.
func Render(base Scenario, variants []Variant) []byte {
	d := document{Version: 1, Scenario: base}
	tree := scenarioTree(base)
	for _, v := range variants {
		if v.Name != Base {
			d.Variants = append(d.Variants, differences(tree, base, v))
		}
	}
	written := documentCodec.write(d)
	var text bytes.Buffer
	dumper, err := yaml.NewDumper(&text, yaml.WithIndent(2), yaml.WithLineWidth(-1))
	if err == nil {
		err = dumper.Dump(written.yaml())
	}
	if err == nil {
		err = dumper.Close()
	}
	if err != nil {
		panic(fmt.Sprintf("format: printing a scenario: %v", err))
	}
	return text.Bytes()
}

func scenarioTree(s Scenario) *node { return documentCodec.write(document{Version: 1, Scenario: s}) }

// differences writes a variant as overrides of the base.
func differences(base *node, scenario Scenario, v Variant) variantDocument {
	variant := scenarioTree(v.Scenario)
	set := &node{kind: mapNode}
	for _, section := range variantSections {
		compareTrees("/"+section, base.section(section), variant.section(section), set)
	}
	expect := &node{kind: mapNode}
	for i, claim := range v.Scenario.Claims {
		if i < len(scenario.Claims) && scenario.Claims[i].Name == claim.Name && scenario.Claims[i].Expect != claim.Expect {
			expect.entries = append(expect.entries, entry{key: claim.Name, value: &node{text: string(claim.Expect), tag: "!!str"}})
		}
	}
	return variantDocument{Name: v.Name, Set: set, Expect: expect, Point: pointTree(v.Point)}
}

func (n *node) section(name string) *node {
	if i := n.find(name); i >= 0 {
		return n.entries[i].value
	}
	return nil
}

// compareTrees gathers the overrides that turn one tree into another: values
// at the deepest pointers, whole lists.
func compareTrees(pointer string, from, to, set *node) {
	switch {
	case from == nil && to == nil:
	case to == nil:
		set.entries = append(set.entries, entry{key: pointer, value: &node{tag: "!!null", text: "null"}})
	case from == nil || from.kind != mapNode || to.kind != mapNode:
		if from == nil || !sameTree(from, to) {
			set.entries = append(set.entries, entry{key: pointer, value: to})
		}
	default:
		for _, e := range from.entries {
			compareTrees(pointerTo(pointer, e.key), e.value, to.section(e.key), set)
		}
		for _, e := range to.entries {
			if from.find(e.key) < 0 {
				compareTrees(pointerTo(pointer, e.key), nil, e.value, set)
			}
		}
	}
}

func sameTree(a, b *node) bool {
	if a.kind != b.kind || a.text != b.text || len(a.entries) != len(b.entries) || len(a.items) != len(b.items) {
		return false
	}
	for i := range a.entries {
		if a.entries[i].key != b.entries[i].key || !sameTree(a.entries[i].value, b.entries[i].value) {
			return false
		}
	}
	for i := range a.items {
		if !sameTree(a.items[i], b.items[i]) {
			return false
		}
	}
	return true
}

// yaml converts a tree for printing.
func (n *node) yaml() *yaml.Node {
	to := &yaml.Node{}
	if n.flow {
		to.Style = yaml.FlowStyle
	}
	switch n.kind {
	case mapNode:
		to.Kind, to.Tag = yaml.MappingNode, "!!map"
		for _, e := range n.entries {
			to.Content = append(to.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: e.key}, e.value.yaml())
		}
	case listNode:
		to.Kind, to.Tag = yaml.SequenceNode, "!!seq"
		for _, item := range n.items {
			to.Content = append(to.Content, item.yaml())
		}
	default:
		to.Kind, to.Tag, to.Value = yaml.ScalarNode, n.tag, n.text
	}
	return to
}
