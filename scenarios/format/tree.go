package format

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	yaml "go.yaml.in/yaml/v4"
)

// Limits on what a scenario file may be. They keep a hostile file from
// costing more than a moment; no honest file comes near.
const (
	MaxFileSize = 4 << 20 // bytes
	maxDepth    = 40      // of nested maps and lists
	maxNodes    = 200_000 // after aliases are followed
)

// node is a value of a parsed file. Unlike YAML's own nodes it has followed
// aliases, has unique plain keys, and knows which source it came from, so that
// a value set by an override keeps its own position.
type node struct {
	kind    nodeKind
	text    string // scalar
	tag     string // scalar: !!str, !!int, !!float, !!bool, !!null
	entries []entry
	items   []*node
	place   place
	flow    bool // written on one line
}

type nodeKind uint8

const (
	scalarNode nodeKind = iota
	mapNode
	listNode
)

type entry struct {
	key      string
	keyPlace place
	value    *node
}

func (n *node) describe() string {
	switch n.kind {
	case mapNode:
		return "a map"
	case listNode:
		return "a list"
	}
	switch n.tag {
	case "!!null":
		return "nothing"
	case "!!str":
		return fmt.Sprintf("the text %q", n.text)
	}
	return n.text
}

func (n *node) isNull() bool { return n.kind == scalarNode && n.tag == "!!null" }

// find returns the place of a key among the entries, or -1.
func (n *node) find(key string) int {
	for i := range n.entries {
		if n.entries[i].key == key {
			return i
		}
	}
	return -1
}

// child returns a map's value, nil if it has none or null.
func (n *node) child(key string) *node {
	if n == nil || n.kind != mapNode {
		return nil
	}
	if i := n.find(key); i >= 0 && !n.entries[i].value.isNull() {
		return n.entries[i].value
	}
	return nil
}

// clone copies a tree, so that one variant's overrides do not reach another.
func (n *node) clone() *node {
	copied := *n
	copied.entries = make([]entry, len(n.entries))
	for i, e := range n.entries {
		e.value = e.value.clone()
		copied.entries[i] = e
	}
	copied.items = make([]*node, len(n.items))
	for i, item := range n.items {
		copied.items[i] = item.clone()
	}
	return &copied
}

// parseTree reads one YAML document. With diagnostics the tree may be nil.
func parseTree(from *source, text []byte) (*node, Diagnostics) {
	b := &treeBuilder{source: from}
	if !b.readable(text) {
		return nil, b.diagnostics
	}
	document, ok := b.document(text)
	if !ok {
		return nil, b.diagnostics
	}
	tree := b.build(document.Content[0], 0)
	if b.nodes > maxNodes {
		b.failAt(1, 1, "the file holds more than %d values", maxNodes)
	}
	return tree, b.diagnostics
}

type treeBuilder struct {
	source      *source
	diagnostics Diagnostics
	nodes       int
	following   []*yaml.Node // anchors being followed
}

func (b *treeBuilder) failAt(line, column int, format string, arguments ...any) {
	at := place{b.source, line, column}
	b.diagnostics = append(b.diagnostics, at.diagnose(Error, "", fmt.Sprintf(format, arguments...), ""))
}

// readable checks what YAML's own reader would report without a position.
func (b *treeBuilder) readable(text []byte) bool {
	if len(text) > MaxFileSize {
		b.failAt(1, 1, "the file has %d bytes, more than the %d that a scenario may have", len(text), MaxFileSize)
		return false
	}
	line, column := 1, 1
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			b.failAt(line, column, "byte 0x%02x is not UTF-8 text", text[i])
			return false
		case r == '\n':
			line, column = line+1, 0
		case r < ' ' && r != '\t' && r != '\r' || r == 0x7f:
			b.failAt(line, column, "control character %#U is not allowed", r)
			return false
		}
		column++
		i += size
	}
	return true
}

// document loads the only document of the text.
func (b *treeBuilder) document(text []byte) (*yaml.Node, bool) {
	loader, err := yaml.NewLoader(strings.NewReader(string(text)))
	if err != nil {
		b.failAt(1, 1, "%v", err)
		return nil, false
	}
	var first, second yaml.Node
	if err := loader.Load(&first); err != nil {
		b.syntaxError(err)
		return nil, false
	}
	if len(first.Content) == 0 {
		b.failAt(1, 1, "the file is empty")
		return nil, false
	}
	switch err := loader.Load(&second); {
	case err == nil:
		b.failAt(second.Line, 1, "a scenario file holds one YAML document; here a second one begins")
		return nil, false
	case !errors.Is(err, io.EOF):
		b.syntaxError(err)
		return nil, false
	}
	return &first, true
}

func (b *treeBuilder) syntaxError(err error) {
	if errors.Is(err, io.EOF) {
		b.failAt(1, 1, "the file is empty")
		return
	}
	var failures *yaml.LoadErrors
	if errors.As(err, &failures) && len(failures.Errors) > 0 {
		for _, failure := range failures.Errors {
			b.loadError(failure)
		}
		return
	}
	var failure *yaml.LoadError
	if errors.As(err, &failure) {
		b.loadError(failure)
		return
	}
	b.failAt(1, 1, "%v", err)
}

func (b *treeBuilder) loadError(failure *yaml.LoadError) {
	line, column := max(1, failure.Mark.Line), max(1, failure.Mark.Column)
	message := "YAML: " + failure.Message
	if failure.ContextMsg != "" {
		message += " (" + failure.ContextMsg + ")"
	}
	if line <= len(b.source.lines) {
		text := b.source.lines[line-1]
		if blank := text[:len(text)-len(strings.TrimLeft(text, " \t"))]; strings.Contains(blank, "\t") {
			column = strings.Index(blank, "\t") + 1
			message = "YAML: a tab cannot indent; use spaces"
		}
	}
	b.failAt(line, column, "%s", message)
}

// build converts a node and what is below it. It returns a null where it reports an error.
func (b *treeBuilder) build(from *yaml.Node, depth int) *node {
	b.nodes++
	to := &node{place: place{b.source, from.Line, from.Column}, flow: from.Style&yaml.FlowStyle != 0, tag: "!!null"}
	if b.nodes > maxNodes {
		return to
	}
	if depth > maxDepth {
		b.failAt(from.Line, from.Column, "maps and lists are nested more than %d deep", maxDepth)
		return to
	}
	switch from.Kind {
	case yaml.AliasNode:
		return b.follow(from, to, depth)
	case yaml.MappingNode:
		b.checkTag(from, "!!map")
		to.kind = mapNode
		b.buildMap(from, to, depth)
	case yaml.SequenceNode:
		b.checkTag(from, "!!seq")
		to.kind = listNode
		for _, item := range from.Content {
			to.items = append(to.items, b.build(item, depth+1))
		}
	case yaml.ScalarNode:
		b.checkTag(from, "!!str", "!!int", "!!float", "!!bool", "!!null", "!!timestamp")
		to.text, to.tag = from.Value, from.ShortTag()
		if to.tag == "!!timestamp" || !strings.HasPrefix(to.tag, "!!") { // the format has no dates: 2026-01-02 is a text
			to.tag = "!!str"
		}
	}
	return to
}

// follow replaces an alias by what its anchor names.
func (b *treeBuilder) follow(alias *yaml.Node, null *node, depth int) *node {
	for _, open := range b.following {
		if open == alias.Alias {
			b.failAt(alias.Line, alias.Column, "alias *%s stands inside its own anchor", alias.Value)
			return null
		}
	}
	b.following = append(b.following, alias.Alias)
	defer func() { b.following = b.following[:len(b.following)-1] }()
	return b.build(alias.Alias, depth)
}

func (b *treeBuilder) buildMap(from *yaml.Node, to *node, depth int) {
	for i := 0; i+1 < len(from.Content); i += 2 {
		key, value := from.Content[i], from.Content[i+1]
		if key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		switch {
		case key.Kind != yaml.ScalarNode:
			b.failAt(key.Line, key.Column, "a key must be plain text, not a map or a list")
			continue
		case key.Tag == "!!merge":
			b.failAt(key.Line, key.Column, "merge keys (<<) are not part of the format; an alias (*name) as a value is")
			continue
		}
		if first := to.find(key.Value); first >= 0 {
			b.failAt(key.Line, key.Column, "key %q stands here a second time, first in line %d", key.Value, to.entries[first].keyPlace.line)
			continue
		}
		to.entries = append(to.entries, entry{key.Value, place{b.source, key.Line, key.Column}, b.build(value, depth+1)})
	}
}

func (b *treeBuilder) checkTag(from *yaml.Node, allowed ...string) {
	tag := from.ShortTag()
	for _, each := range allowed {
		if tag == each {
			return
		}
	}
	b.failAt(from.Line, from.Column, "tag %s is not part of the format", tag)
}
