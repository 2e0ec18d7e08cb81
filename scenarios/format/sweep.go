package format

import (
	"fmt"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v4"

	"assay/internal/kafkaconfig"
)

// axis is one dimension of a sweep as the file has it.
type axis struct {
	pointer string
	key     place
	values  []*node
}

// sweepCodec keeps the values' nodes; what they mean depends on their pointers.
var sweepCodec = codec[[]axis]{
	shape: Shape{Kind: ShapeMap, Pointed: true, Element: &Shape{Kind: ShapeList, Element: &Shape{Kind: ShapeAny}}},
	read: func(r *reader, at at, into *[]axis) {
		if at.node.kind != mapNode {
			r.fail(at, "sweep must be a map from a JSON pointer to a list of values, such as {/workload/producers/web/rate: [100/s, 1000/s]}, not %s", at.node.describe())
			return
		}
		for i := range at.node.entries {
			child := at.child(i)
			if child.node.isNull() {
				continue
			}
			pointer := at.node.entries[i].key
			switch {
			case child.node.kind != listNode:
				r.fail(child, "%s must have a list of values, not %s", pointer, child.node.describe())
			case len(child.node.items) == 0:
				r.fail(child, "%s has no values to sweep over", pointer)
			default:
				r.refuseTwins(child)
				*into = append(*into, axis{pointer, child.key, child.node.items})
			}
		}
	},
	write: func([]axis) *node { return nil }, // its points are written, as variants
}

// refuseTwins: two equal values would be two variants of one name.
func (r *reader) refuseTwins(list at) {
	for i, value := range list.node.items {
		if slices.ContainsFunc(list.node.items[:i], func(other *node) bool { return sameTree(value, other) }) {
			r.fail(list.item(i), "%s stands in the list twice", oneLine(value))
		}
	}
}

// oneLine writes a value as YAML in one line.
func oneLine(n *node) string {
	if n.kind == scalarNode {
		if n.isNull() {
			return "null"
		}
		return n.text
	}
	written := n.yaml()
	written.Style |= yaml.FlowStyle
	text, err := yaml.Marshal(written)
	if err != nil {
		panic(fmt.Sprintf("format: printing a value: %v", err))
	}
	return strings.Join(strings.Fields(string(text)), " ")
}

// sweep reads the base once for each point: each combination of the axes' values, the last axis turning fastest.
// variants is how many there are without the sweep.
func (l *loader) sweep(base reading, variants int) ([]Variant, Diagnostics) {
	if len(base.axes) == 0 {
		return nil, nil
	}
	diagnostics := l.checkAxes(base)
	count := 1
	for _, axis := range base.axes {
		if count *= len(axis.values); count+variants > mostVariants {
			where := base.index.findKey("/sweep")
			return nil, append(diagnostics, where.diagnose(Error, "/sweep", fmt.Sprintf("%s; a scenario has at most %d variants", crossing(base.axes, variants), mostVariants), ""))
		}
	}
	if diagnostics.Failed() {
		return nil, diagnostics
	}
	alone := l.valuesAlone(base)
	var points []Variant
	labels := labelsOf(base.axes)
	names := map[string]bool{}
	for _, chosen := range combinations(base.axes) {
		point, more := l.point(base, labels, chosen)
		diagnostics = append(diagnostics, more.toldAlone(alone)...)
		point.Name = unusedName(point.Name, len(points)+1, names)
		points = append(points, point)
	}
	return points, diagnostics
}

func crossing(axes []axis, variants int) string {
	var factors []string
	for _, axis := range axes {
		factors = append(factors, fmt.Sprint(len(axis.values)))
	}
	text := "the sweep crosses " + strings.Join(factors, " x ") + " values"
	switch variants {
	case 0:
	case 1:
		text += ", and there is a variant besides"
	default:
		text += fmt.Sprintf(", and there are %d variants besides", variants)
	}
	return text
}

// toldAlone puts a finding that a value brings about by itself in place of the same finding in a combination, so that
// it is told once and not for every point.
func (ds Diagnostics) toldAlone(alone Diagnostics) Diagnostics {
	told := slices.Clone(ds)
	for i, d := range told {
		same := func(other Diagnostic) bool {
			return sameFinding(other, d) && other.Line == d.Line && other.Column == d.Column
		}
		if at := slices.IndexFunc(alone, same); at >= 0 {
			told[i] = alone[at]
		}
	}
	return told
}

// checkAxes checks that each pointer leads to something that a variant may set and that the scenario has.
func (l *loader) checkAxes(base reading) Diagnostics {
	r := &reader{}
	for i, axis := range base.axes {
		keys, err := splitPointer(axis.pointer)
		pointer := pointerTo("/sweep", axis.pointer)
		switch {
		case err != nil:
			r.report(axis.key, pointer, "", "%v", err)
			continue
		case !contains(variantSections, keys[0]):
			suggestion, _ := kafkaconfig.Suggest(keys[0], variantSections)
			r.report(axis.key, pointer, suggestion, "a sweep cannot set %s, only what is below %s", axis.pointer, strings.Join(variantSections, ", "))
			continue
		}
		if message, suggestion := lost(Root(), base.tree, keys); message != "" {
			r.report(axis.key, pointer, suggestion, "%s leads nowhere: %s", axis.pointer, message)
		}
		for _, other := range base.axes[:i] {
			if reaches(other.pointer, axis.pointer) || reaches(axis.pointer, other.pointer) {
				r.report(axis.key, pointer, "", "%s and %s set the same thing", other.pointer, axis.pointer)
			}
		}
	}
	return r.diagnostics
}

// reaches says whether a pointer names what another does, or something in it.
func reaches(outer, inner string) bool {
	return outer == inner || strings.HasPrefix(inner, outer+"/")
}

// lost follows a pointer through the format and the scenario's names. It says where the pointer leaves them, and what
// was probably meant; "" if it does not.
func lost(shape Shape, tree *node, keys []string) (message, suggestion string) {
	for i, key := range keys {
		shape = shape.container()
		switch shape.Kind {
		case ShapeObject:
			at := slices.IndexFunc(shape.Fields, func(f Field) bool { return f.Name == key })
			if at < 0 {
				var known []string
				for _, field := range shape.Fields {
					known = append(known, field.Name)
				}
				suggestion, _ = kafkaconfig.Suggest(key, known)
				return fmt.Sprintf("there is no field %q", key), suggestion
			}
			shape = shape.Fields[at].Shape
		case ShapeMap:
			if i < len(keys)-1 && tree.child(key) == nil && tree.keyless(key) {
				suggestion, _ = kafkaconfig.Suggest(key, tree.keys())
				return fmt.Sprintf("there is no %q", key), suggestion
			}
			shape = *shape.Element
		case ShapeList:
			shape = *shape.Element
			tree = tree.item(key)
			continue
		case ShapeConfiguration:
			if i < len(keys)-1 {
				return fmt.Sprintf("%q is a single value", key), ""
			}
			return "", ""
		default:
			return fmt.Sprintf("there is nothing below %q", keys[i-1]), ""
		}
		tree = tree.child(key)
	}
	return "", ""
}

// container is the alternative of a shape that has something in it, or the shape itself.
func (s Shape) container() Shape {
	for _, each := range s.Either {
		if each.Kind == ShapeObject || each.Kind == ShapeMap || each.Kind == ShapeList {
			return each
		}
	}
	return s
}

// keyless says whether a map lacks a key altogether: "orders:" alone is there.
func (n *node) keyless(key string) bool { return n == nil || n.kind != mapNode || n.find(key) < 0 }

func (n *node) keys() []string {
	if n == nil {
		return nil
	}
	var keys []string
	for _, e := range n.entries {
		keys = append(keys, e.key)
	}
	return keys
}

// item is the list's value at an index, nil if there is none.
func (n *node) item(index string) *node {
	if n == nil || n.kind != listNode {
		return nil
	}
	for i, item := range n.items {
		if fmt.Sprint(i) == index {
			return item
		}
	}
	return nil
}

// combinations crosses the values.
func combinations(axes []axis) [][]choiceOf {
	crossed := [][]choiceOf{nil}
	for _, axis := range axes {
		var longer [][]choiceOf
		for _, before := range crossed {
			for _, value := range axis.values {
				longer = append(longer, append(slices.Clip(before), choiceOf{axis, value}))
			}
		}
		crossed = longer
	}
	return crossed
}

// choiceOf is one value of an axis.
type choiceOf struct {
	axis  axis
	value *node
}

// valuesAlone applies each value by itself.
func (l *loader) valuesAlone(base reading) Diagnostics {
	var all Diagnostics
	for _, axis := range base.axes {
		for _, value := range axis.values {
			_, diagnostics := l.applied(base, "", []choiceOf{{axis, value}})
			all = append(all, diagnostics...)
		}
	}
	return all
}

func (l *loader) applied(base reading, name string, chosen []choiceOf) (Scenario, Diagnostics) {
	o := &overrides{variant: name}
	tree := base.tree.clone()
	for _, choice := range chosen {
		o.make(tree, override{choice.axis.pointer, choice.value, choice.axis.key, choice.value.place})
	}
	result := l.read(tree)
	return result.scenario, append(o.diagnostics, o.blame(l, base, result, false)...)
}

func (l *loader) point(base reading, labels []string, chosen []choiceOf) (Variant, Diagnostics) {
	var point []Setting
	var parts []string
	for i, choice := range chosen {
		value := oneLine(choice.value)
		point = append(point, Setting{choice.axis.pointer, value})
		parts = append(parts, labels[i]+"="+plainWord(value))
	}
	name := strings.Join(parts, ",")
	scenario, diagnostics := l.applied(base, name, chosen)
	return Variant{Name: name, Scenario: scenario, Point: point}, diagnostics
}

// labelsOf names each axis by the last part of its pointer, or by as many as tell it from the others.
func labelsOf(axes []axis) []string {
	labels := make([]string, len(axes))
	for length := 1; length < maxDepth; length++ {
		for i, axis := range axes {
			keys, _ := splitPointer(axis.pointer)
			labels[i] = plainWord(strings.Join(keys[max(0, len(keys)-length):], "."))
		}
		if sorted := slices.Sorted(slices.Values(labels)); len(slices.Compact(sorted)) == len(labels) {
			break
		}
	}
	return labels
}

// plainWord writes a value as it may stand in the name of a variant.
func plainWord(text string) string {
	word := strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune("{}[]\"' ", r):
			return -1
		case r == ':':
			return '='
		case variantName.MatchString("a" + string(r)):
			return r
		}
		return '_'
	}, strings.ReplaceAll(text, ": ", "="))
	return word
}

// unusedName keeps names apart that differ in nothing but what cannot stand in one, or are too long for one.
func unusedName(name string, number int, taken map[string]bool) string {
	if validVariantName(name) != nil || taken[name] {
		name = fmt.Sprintf("point-%d", number)
	}
	taken[name] = true
	return name
}

// pointOf reads the point that a resolved scenario keeps with a variant.
func pointOf(written *node) []Setting {
	if written == nil {
		return nil
	}
	var point []Setting
	for _, e := range written.entries {
		point = append(point, Setting{e.key, oneLine(e.value)})
	}
	return point
}

func pointTree(point []Setting) *node {
	written := &node{kind: mapNode}
	for _, setting := range point {
		written.entries = append(written.entries, entry{key: setting.Pointer, value: &node{text: setting.Value, tag: "!!str"}})
	}
	return unlessEmpty(written)
}
