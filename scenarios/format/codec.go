package format

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"assay/internal/kafkaconfig"
)

// codec reads and writes one type of value. write returns nil for what is left out.
type codec[T any] struct {
	shape Shape
	read  func(r *reader, at at, into *T)
	write func(value T) *node
}

// at is where a value stands.
type at struct {
	node    *node
	key     place // of its key; of itself in a list
	pointer string
}

// reader gathers what is wrong while values are read.
type reader struct {
	diagnostics Diagnostics
	// partial: the rest of the scenario is not known, so that nothing can be missed or go together badly.
	partial bool
}

func (r *reader) fail(at at, format string, arguments ...any) {
	r.failSuggesting(at, "", format, arguments...)
}

func (r *reader) failSuggesting(at at, suggestion, format string, arguments ...any) {
	r.report(at.node.place, at.pointer, suggestion, format, arguments...)
}

func (r *reader) report(where place, pointer, suggestion, format string, arguments ...any) {
	r.diagnostics = append(r.diagnostics, where.diagnose(Error, pointer, fmt.Sprintf(format, arguments...), suggestion))
}

// name is the last key of the pointer, for messages.
func (a at) name() string {
	keys, err := splitPointer(a.pointer)
	if err != nil {
		return "the scenario"
	}
	name, list := keys[len(keys)-1], ""
	for len(keys) > 1 && isIndex(name) {
		list = "[" + name + "]" + list
		keys = keys[:len(keys)-1]
		name = keys[len(keys)-1]
	}
	return name + list
}

func isIndex(key string) bool {
	_, err := strconv.Atoi(key)
	return err == nil
}

func (a at) child(i int) at {
	e := a.node.entries[i]
	return at{e.value, e.keyPlace, pointerTo(a.pointer, e.key)}
}

func (a at) item(i int) at {
	return at{a.node.items[i], a.node.items[i].place, pointerToItem(a.pointer, i)}
}

// boundField is a field of S with the way it is read and written.
type boundField[S any] struct {
	Field
	read  func(r *reader, at at, into *S)
	write func(from *S) *node // nil: left out
}

// bind makes a field of S out of a codec and the place in S that it fills.
func bind[S, T any](name, about string, c codec[T], in func(*S) *T) boundField[S] {
	return boundField[S]{
		Field: Field{Name: name, About: about, Shape: c.shape},
		read:  func(r *reader, at at, into *S) { c.read(r, at, in(into)) },
		write: func(from *S) *node { return c.write(*in(from)) },
	}
}

// must makes the field required.
func (f boundField[S]) must() boundField[S] {
	f.Required = true
	return f
}

// orDefault gives the field a default, as YAML text.
func (f boundField[S]) orDefault(text string) boundField[S] {
	f.Default = text
	return f
}

// writtenIf leaves the field out of a printed scenario where the condition does not hold.
func (f boundField[S]) writtenIf(condition func(*S) bool) boundField[S] {
	write := f.write
	f.write = func(from *S) *node {
		if !condition(from) {
			return nil
		}
		return write(from)
	}
	return f
}

// withCases adds what a codec's checks say of each value of a field, for the schema.
func (c codec[T]) withCases(cases []Case) codec[T] {
	c.shape.Cases = cases
	return c
}

// object makes a codec for a map with fixed fields. The checks run after the
// fields are read, whether or not there were errors.
func object[S any](fields []boundField[S], checks ...func(r *reader, at at, into *S)) codec[S] {
	shape := Shape{Kind: ShapeObject}
	for _, f := range fields {
		shape.Fields = append(shape.Fields, f.Field)
	}
	return codec[S]{
		shape: shape,
		read: func(r *reader, at at, into *S) {
			if at.node.kind != mapNode {
				r.fail(at, "%s must be a map with fields such as %s, not %s", at.name(), someNames(shape.Fields), at.node.describe())
				return
			}
			readFields(r, at, into, fields)
			for _, check := range checks {
				if !r.partial {
					check(r, at, into)
				}
			}
		},
		write: func(value S) *node {
			written := &node{kind: mapNode}
			for _, f := range fields {
				if child := f.write(&value); child != nil {
					written.entries = append(written.entries, entry{key: f.Name, value: child})
				}
			}
			if len(written.entries) == 0 {
				return nil
			}
			return written
		},
	}
}

func readFields[S any](r *reader, a at, into *S, fields []boundField[S]) {
	for i := range a.node.entries {
		child := a.child(i)
		key := a.node.entries[i].key
		known := slices.IndexFunc(fields, func(f boundField[S]) bool { return f.Name == key })
		switch {
		case known < 0:
			r.unknownField(child, key, fieldNames(fields))
		case child.node.isNull(): // as if it were absent
		default:
			fields[known].read(r, child, into)
		}
	}
	for _, f := range fields {
		switch {
		case a.node.child(f.Name) != nil:
		case f.Required && r.partial:
		case f.Required:
			r.report(a.key, a.pointer, "", "%s lacks the field %q (%s)", a.name(), f.Name, f.About)
		case f.Default != "":
			f.read(r, at{node: defaultTree(f.Default), pointer: pointerTo(a.pointer, f.Name)}, into)
		}
	}
}

// defaultTree parses a default of our own tables.
func defaultTree(text string) *node {
	tree, diagnostics := parseTree(newSource("default", text), []byte(text))
	if tree == nil || diagnostics.Failed() {
		panic(fmt.Sprintf("format: default %q: %s", text, diagnostics))
	}
	return tree
}

func (r *reader) unknownField(child at, key string, known []string) {
	suggestion, _ := kafkaconfig.Suggest(key, known)
	message := fmt.Sprintf("unknown field %q", key)
	if suggestion == "" {
		message += "; known here: " + strings.Join(known, ", ")
	} else {
		suggestion = fmt.Sprintf("%q", suggestion)
	}
	r.report(child.key, child.pointer, suggestion, "%s", message)
}

func fieldNames[S any](fields []boundField[S]) []string {
	var names []string
	for _, f := range fields {
		names = append(names, f.Name)
	}
	return names
}

func someNames(fields []Field) string {
	var names []string
	for _, f := range fields[:min(4, len(fields))] {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}

// named makes a codec for a map whose keys are names, read into a list sorted
// by name. what is a thing's word ("topic").
func named[S any](what string, element codec[S], name func(*S) *string, valid func(string) error) codec[[]S] {
	c := inOrder(what, element, name, valid)
	read := c.read
	c.read = func(r *reader, at at, into *[]S) {
		read(r, at, into)
		slices.SortFunc(*into, func(a, b S) int { return strings.Compare(*name(&a), *name(&b)) })
	}
	return c
}

// inOrder is named in the order of the file.
func inOrder[S any](what string, element codec[S], name func(*S) *string, valid func(string) error) codec[[]S] {
	return codec[[]S]{
		shape: Shape{Kind: ShapeMap, Element: &element.shape},
		read: func(r *reader, at at, into *[]S) {
			if at.node.kind != mapNode {
				r.fail(at, "%s must be a map from a name to a %s, not %s", at.name(), what, at.node.describe())
				return
			}
			for i := range at.node.entries {
				child := at.child(i)
				if child.node.isNull() { // "orders:" alone takes every default
					child.node = &node{kind: mapNode, place: child.node.place}
				}
				if err := valid(at.node.entries[i].key); err != nil {
					r.report(child.key, child.pointer, "", "%v", err)
				}
				var each S
				*name(&each) = at.node.entries[i].key
				element.read(r, child, &each)
				*into = append(*into, each)
			}
		},
		write: func(value []S) *node {
			written := &node{kind: mapNode}
			for _, each := range value {
				child := element.write(each)
				if child == nil {
					child = &node{kind: mapNode, flow: true}
				}
				written.entries = append(written.entries, entry{key: *name(&each), value: child})
			}
			return unlessEmpty(written)
		},
	}
}

func unlessEmpty(n *node) *node {
	if len(n.entries) == 0 && len(n.items) == 0 {
		return nil
	}
	return n
}

// list makes a codec for a list. A single value is read as a list of one where single is true.
func list[T any](element codec[T], single bool) codec[[]T] {
	shape := Shape{Kind: ShapeList, Element: &element.shape}
	if single {
		shape = Shape{Kind: ShapeEither, Either: []Shape{shape, element.shape}}
	}
	return codec[[]T]{
		shape: shape,
		read: func(r *reader, a at, into *[]T) {
			items := []at{a}
			switch {
			case a.node.kind == listNode:
				items = items[:0]
				for i := range a.node.items {
					items = append(items, a.item(i))
				}
			case !single:
				r.fail(a, "%s must be a list, not %s", a.name(), a.node.describe())
				return
			}
			for _, item := range items {
				var each T
				before := len(r.diagnostics)
				element.read(r, item, &each)
				if len(r.diagnostics) == before {
					*into = append(*into, each)
				}
			}
		},
		write: func(value []T) *node {
			written := &node{kind: listNode, flow: true}
			for _, each := range value {
				written.items = append(written.items, element.write(each))
			}
			if single && len(written.items) == 1 {
				return written.items[0]
			}
			return unlessEmpty(written)
		},
	}
}

// pointerOf makes an optional value of a codec.
func pointerOf[T any](c codec[T]) codec[*T] {
	return codec[*T]{
		shape: c.shape,
		read: func(r *reader, at at, into **T) {
			value := new(T)
			before := len(r.diagnostics)
			c.read(r, at, value)
			if len(r.diagnostics) == before {
				*into = value
			}
		},
		write: func(value *T) *node {
			if value == nil {
				return nil
			}
			return c.write(*value)
		},
	}
}
