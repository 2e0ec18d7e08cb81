package format

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"assay/internal/kafkaconfig"
)

// scalar makes a codec for values that are one word. parse completes "X must
// be ..." with its error; tags are the YAML types that it takes.
func scalar[T any](shape Shape, parse func(string) (T, error), print func(T) string, tags ...string) codec[T] {
	return codec[T]{
		shape: shape,
		read: func(r *reader, at at, into *T) {
			if at.node.kind != scalarNode {
				r.fail(at, "%s must be a single value, not %s", at.name(), at.node.describe())
				return
			}
			if !slices.Contains(tags, at.node.tag) {
				r.fail(at, "%s must be %s, not %s", at.name(), tagNames[tags[0]], at.node.describe())
				return
			}
			value, err := parse(at.node.text)
			if err != nil {
				r.fail(at, "%s must be %v", at.name(), err)
				return
			}
			*into = value
		},
		write: func(value T) *node { return &node{text: print(value), tag: tags[0]} },
	}
}

var tagNames = map[string]string{
	"!!str": "a text", "!!int": "a whole number", "!!bool": "true or false", "!!float": "a number",
}

// text is any text.
func text() codec[string] {
	return scalar(Shape{Kind: ShapeText}, func(s string) (string, error) { return s, nil },
		func(s string) string { return s }, "!!str", "!!int", "!!float", "!!bool").omitting("")
}

// filledText is the name of something else: there is no empty one.
func filledText() codec[string] {
	return scalar(Shape{Kind: ShapeText}, func(s string) (string, error) {
		if s == "" {
			return "", errors.New("a name, and it is empty")
		}
		return s, nil
	}, func(s string) string { return s }, "!!str", "!!int", "!!float", "!!bool").omitting("")
}

// omitting leaves a value out of a printed scenario.
func (c codec[T]) omitting(value any) codec[T] {
	write := c.write
	c.write = func(v T) *node {
		if any(v) == value {
			return nil
		}
		return write(v)
	}
	return c
}

// offering lists the words of a text that is checked elsewhere.
func (c codec[T]) offering(words []string) codec[T] {
	c.shape.Words = words
	return c
}

func boolean() codec[bool] {
	parse := func(s string) (bool, error) { return strings.EqualFold(s, "true"), nil }
	return scalar(Shape{Kind: ShapeBoolean}, parse, strconv.FormatBool, "!!bool")
}

func inverted(c codec[bool]) codec[bool] {
	return codec[bool]{
		shape: c.shape,
		read: func(r *reader, at at, into *bool) {
			value := !*into
			c.read(r, at, &value)
			*into = !value
		},
		write: func(value bool) *node { return c.write(!value) },
	}
}

// integer is a whole number from low to high.
func integer[T ~int | ~int32 | ~int64](low, high int64) codec[T] {
	parse := func(s string) (T, error) {
		value, err := strconv.ParseInt(strings.ReplaceAll(s, "_", ""), 10, 64)
		switch {
		case err == nil && value >= low && value <= high:
		case low == high:
			return 0, fmt.Errorf("%d, not %s", low, s)
		default:
			return 0, fmt.Errorf("a whole number from %d to %d, not %s", low, high, s)
		}
		return T(value), nil
	}
	return scalar(Shape{Kind: ShapeInteger, Min: low, Max: high}, parse,
		func(v T) string { return strconv.FormatInt(int64(v), 10) }, "!!int", "!!float") // YAML calls 2^64 a float: it is told the bounds
}

// number is a number above 0 up to high; 0 is left out when printed.
func number(high float64) codec[float64] {
	parse := func(s string) (float64, error) {
		value, err := strconv.ParseFloat(s, 64)
		if err != nil || !(value > 0 && value <= high) {
			return 0, fmt.Errorf("a number above 0 and up to %g, not %s", high, s)
		}
		return value, nil
	}
	print := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	c := scalar(Shape{Kind: ShapeNumber}, parse, print, "!!float", "!!int")
	c.write = func(v float64) *node {
		tag := "!!float"
		if v == math.Trunc(v) {
			tag = "!!int"
		}
		return &node{text: print(v), tag: tag}
	}
	return c.omitting(0.0)
}

// quantityOf is a number with its unit, at least low.
func quantityOf[T ~int64](d dimension, low, high T) codec[T] {
	parse := func(s string) (T, error) {
		value, err := d.parse(s)
		switch {
		case err != nil:
			return 0, err
		case T(value) < low || T(value) > high:
			return 0, fmt.Errorf("from %s to %s, not %s", d.print(int64(low)), d.print(int64(high)), s)
		}
		return T(value), nil
	}
	// A number without its unit is the likeliest slip: take it in to explain it.
	return writingText(scalar(Shape{Kind: ShapeText, Pattern: d.pattern()}, parse,
		func(v T) string { return d.print(int64(v)) }, "!!str", "!!int", "!!float"))
}

func (d dimension) pattern() string {
	return `^[0-9]+(\.[0-9]+)? ?(` + strings.Join(d.words(), "|") + `)$`
}

// writingText prints values as text, whatever they could be taken for.
func writingText[T any](c codec[T]) codec[T] {
	write := c.write
	c.write = func(v T) *node {
		n := write(v)
		n.tag = "!!str"
		return n
	}
	return c
}

// longestTime bounds durations: simulated time is counted in 64 bits of nanoseconds.
const longestTime = 365 * 24 * time.Hour

// duration is from low to a year.
func duration(low time.Duration) codec[time.Duration] {
	return quantityOf(timeDimension, low, longestTime)
}

// choice is one of a few words. Reserved words belong to the format but are not built yet.
type choice[T cmp.Ordered] struct {
	word     string
	value    T
	reserved bool
}

func oneOf[T cmp.Ordered](choices ...choice[T]) codec[T] {
	var words, built []string
	for _, c := range choices {
		words = append(words, c.word)
		if !c.reserved {
			built = append(built, c.word)
		}
	}
	return codec[T]{
		shape: Shape{Kind: ShapeText, Words: built},
		read: func(r *reader, at at, into *T) {
			if at.node.kind != scalarNode {
				r.fail(at, "%s must be %s, not %s", at.name(), orList(words), at.node.describe())
				return
			}
			i := slices.Index(words, at.node.text)
			switch {
			case i < 0:
				suggestion, _ := kafkaconfig.Suggest(at.node.text, words)
				r.failSuggesting(at, suggestion, "%s must be %s, not %q", at.name(), orList(words), at.node.text)
			case choices[i].reserved:
				r.fail(at, "%s: %s is part of the format but not built yet", at.name(), words[i])
			default:
				*into = choices[i].value
			}
		},
		write: func(value T) *node {
			for _, c := range choices {
				if c.value == value {
					return &node{text: c.word, tag: "!!str"}
				}
			}
			panic(fmt.Sprintf("format: no word for %v", value))
		},
	}
}

// words makes choices that print as themselves; "!" before a word reserves it.
func words[T ~string](list ...T) codec[T] {
	var choices []choice[T]
	for _, word := range list {
		plain, reserved := strings.CutPrefix(string(word), "!")
		choices = append(choices, choice[T]{plain, T(plain), reserved})
	}
	return oneOf(choices...)
}

// configuration is a map of Kafka's own keys; what they may be is checked with
// the rest of the meaning, where all of a scenario is known.
func configuration(kinds ...kafkaconfig.Kind) codec[map[string]string] {
	of := kindsOf(kinds)
	return codec[map[string]string]{
		shape: Shape{Kind: ShapeConfiguration, Keys: of},
		read: func(r *reader, at at, into *map[string]string) {
			if at.node.kind != mapNode {
				r.fail(at, "config must be a map of Kafka's own %s keys, not %s", of, at.node.describe())
				return
			}
			for i := range at.node.entries {
				child := at.child(i)
				if child.node.isNull() {
					continue
				}
				value, ok := configurationValue(child.node)
				if !ok {
					r.fail(child, "%s must be a single value or a list of them, not %s", child.name(), child.node.describe())
					continue
				}
				if *into == nil {
					*into = map[string]string{}
				}
				(*into)[at.node.entries[i].key] = value
			}
		},
		write: func(value map[string]string) *node {
			written := &node{kind: mapNode}
			for _, key := range sortedKeys(value) {
				tag := "!!str"
				for _, kind := range kinds {
					if k, known := kafkaconfig.Lookup(kind, key); known && plainTypes[k.Type] {
						tag = "" // 16384 and true are printed without quotes; they are read as text either way
					}
				}
				written.entries = append(written.entries, entry{key: key, value: &node{text: value[key], tag: tag}})
			}
			return unlessEmpty(written)
		},
	}
}

// kindsOf names the keys of one or several kinds: "consumer and producer".
func kindsOf(kinds []kafkaconfig.Kind) string {
	var names []string
	for _, kind := range kinds {
		names = append(names, kind.String())
	}
	return strings.Join(names, " and ")
}

var plainTypes = map[kafkaconfig.Type]bool{
	kafkaconfig.TypeBoolean: true, kafkaconfig.TypeInt: true, kafkaconfig.TypeLong: true, kafkaconfig.TypeShort: true,
}

// configurationValue reads a scalar verbatim and a list as Kafka writes one.
func configurationValue(n *node) (string, bool) {
	if n.kind == scalarNode {
		return n.text, true
	}
	if n.kind != listNode {
		return "", false
	}
	var elements []string
	for _, item := range n.items {
		if item.kind != scalarNode {
			return "", false
		}
		elements = append(elements, item.text)
	}
	return strings.Join(elements, ","), true
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
