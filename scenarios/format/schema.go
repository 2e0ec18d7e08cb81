package format

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"assay/internal/kafkaconfig"
)

// Schema returns the format as a JSON Schema (draft-07), for editors: what may stand where, in the words of the tables
// that files are read by. It knows the form of a scenario and not its meaning: that a topic exists, or that settings go
// together, only Load says.
func Schema() []byte {
	whole := schemaWriter{required: true}.schema(Root())
	part := schemaWriter{}.schema(Root()) // on top of another file nothing need be there
	definitions := members{{"scenario", whole}, {"part", part}}
	for _, kind := range kafkaconfig.Kinds {
		definitions = append(definitions, member{keysName(kind.String()), keysSchema(kind)})
	}
	processor := []kafkaconfig.Kind{kafkaconfig.Consumer, kafkaconfig.Producer}
	definitions = append(definitions, member{keysName(kindsOf(processor)), keysSchema(processor...)})
	root := members{
		{"$schema", "http://json-schema.org/draft-07/schema#"},
		{"title", "Assay scenario, version 1"},
		{"description", "A cluster, what its clients do, what goes wrong, and what is claimed."},
		{"type", "object"},
		{"if", members{{"required", []string{"extends"}}}},
		{"then", reference("part")},
		{"else", reference("scenario")},
		{"definitions", definitions},
	}
	plain, err := root.MarshalJSON()
	if err != nil {
		panic(fmt.Sprintf("format: writing the schema: %v", err))
	}
	var text bytes.Buffer
	if err := json.Indent(&text, plain, "", " "); err != nil {
		panic(fmt.Sprintf("format: writing the schema: %v", err))
	}
	return append(bytes.TrimRight(text.Bytes(), "\n"), '\n')
}

// members is a JSON object that keeps its order.
type members []member

type member struct {
	name  string
	value any
}

// MarshalJSON implements json.Marshaler.
func (ms members) MarshalJSON() ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	text.WriteByte('{')
	for i, m := range ms {
		if i > 0 {
			text.WriteByte(',')
		}
		if err := encoder.Encode(m.name); err != nil {
			return nil, err
		}
		text.WriteByte(':')
		if err := encoder.Encode(m.value); err != nil {
			return nil, err
		}
	}
	text.WriteByte('}')
	return text.Bytes(), nil
}

func reference(definition string) members { return members{{"$ref", "#/definitions/" + definition}} }

// schemaWriter writes shapes; required says whether what a table calls required has to be there.
type schemaWriter struct{ required bool }

func (w schemaWriter) schema(s Shape) members {
	switch s.Kind {
	case ShapeObject:
		return w.object(s)
	case ShapeMap:
		return w.mapping(s)
	case ShapeList:
		return members{{"type", "array"}, {"items", w.schema(*s.Element)}}
	case ShapeInteger:
		written := members{{"type", "integer"}, {"minimum", s.Min}}
		if s.Max > 0 {
			written = append(written, member{"maximum", s.Max})
		}
		return written
	case ShapeNumber:
		return members{{"type", "number"}}
	case ShapeBoolean:
		return members{{"type", "boolean"}}
	case ShapeText:
		return textSchema(s)
	case ShapeConfiguration:
		return reference(keysName(s.Keys))
	case ShapeEither:
		var alternatives []members
		for _, each := range s.Either {
			alternatives = append(alternatives, w.schema(each))
		}
		return members{{"anyOf", alternatives}}
	case ShapeAny:
		return members{}
	}
	panic(fmt.Sprintf("format: no schema for %s", s.Kind))
}

func textSchema(s Shape) members {
	switch {
	case s.Words != nil:
		return members{{"enum", s.Words}}
	case s.Pattern != "":
		return members{{"type", "string"}, {"pattern", s.Pattern}}
	}
	return members{{"type", []string{"string", "number", "boolean"}}} // 12 and true are names, too
}

func (w schemaWriter) object(s Shape) members {
	var properties members
	var required []string
	for _, f := range s.Fields {
		properties = append(properties, member{f.Name, w.field(f)})
		if f.Required {
			required = append(required, f.Name)
		}
	}
	written := members{{"type", "object"}, {"properties", properties}, {"additionalProperties", false}}
	if !w.required {
		return written
	}
	if len(required) > 0 {
		written = append(written, member{"required", required})
	}
	if len(s.Cases) > 0 {
		written = append(written, member{"allOf", casesSchema(s.Cases)})
	}
	return written
}

func (w schemaWriter) field(f Field) members {
	written := w.schema(f.Shape)
	if !f.Required || !w.required {
		written = orNull(written)
	}
	if len(written) == 1 && written[0].name == "$ref" { // nothing may stand beside a reference
		written = members{{"allOf", []members{written}}}
	}
	described := append(members{{"description", f.About}}, written...)
	if f.Default != "" {
		described = append(described, member{"default", defaultTree(f.Default).json()})
	}
	return described
}

// orNull also takes null, which is as good as leaving a value out.
func orNull(schema members) members {
	null := members{{"type", "null"}}
	if len(schema) == 0 {
		return schema
	}
	rest := schema[1:]
	switch first := schema[0].value.(type) {
	case string:
		if schema[0].name == "type" {
			return append(members{{"type", []string{first, "null"}}}, rest...)
		}
	case []string:
		if schema[0].name == "type" {
			return append(members{{"type", append(slices.Clip(first), "null")}}, rest...)
		}
		words := []any{}
		for _, word := range first {
			words = append(words, word)
		}
		return append(members{{"enum", append(words, nil)}}, rest...)
	case []members:
		return append(members{{"anyOf", append(slices.Clip(first), null)}}, rest...)
	}
	return members{{"anyOf", []members{schema, null}}}
}

func (w schemaWriter) mapping(s Shape) members {
	element := orNull(w.schema(*s.Element))
	if s.Words != nil {
		var properties members
		for _, word := range s.Words {
			properties = append(properties, member{word, element})
		}
		return members{{"type", "object"}, {"properties", properties}, {"additionalProperties", false}}
	}
	written := members{{"type", "object"}}
	if s.Pointed {
		written = append(written, member{"propertyNames", members{{"pattern", "^/."}}})
	}
	return append(written, member{"additionalProperties", element})
}

func casesSchema(cases []Case) []members {
	var all []members
	for _, c := range cases {
		allowed := c.Allowed
		if !contains(allowed, c.Field) {
			allowed = append([]string{c.Field}, allowed...)
		}
		then := members{{"propertyNames", members{{"enum", allowed}}}}
		if len(c.Required) > 0 {
			then = append(then, member{"required", c.Required})
		}
		all = append(all, members{
			{"if", members{{"properties", members{{c.Field, members{{"const", c.Value}}}}}, {"required", []string{c.Field}}}},
			{"then", then},
		})
	}
	return all
}

// json is a tree as a JSON value.
func (n *node) json() any {
	switch n.kind {
	case mapNode:
		written := members{}
		for _, e := range n.entries {
			written = append(written, member{e.key, e.value.json()})
		}
		return written
	case listNode:
		written := []any{}
		for _, item := range n.items {
			written = append(written, item.json())
		}
		return written
	}
	switch n.tag {
	case "!!int", "!!float":
		return json.Number(n.text)
	case "!!bool":
		return n.text == "true"
	}
	return n.text
}

// keysName is the name under which the schema defines keys: consumerKeys, consumerAndProducerKeys.
func keysName(of string) string {
	return strings.ReplaceAll(of, " and producer", "AndProducer") + "Keys"
}

// keysSchema lists Kafka's keys of a kind, or of several: a key that both know is explained as the first does. Keys that
// Assay does not model are there, to be found and explained.
func keysSchema(kinds ...kafkaconfig.Kind) members {
	var properties members
	seen := map[string]bool{}
	for _, kind := range kinds {
		for _, key := range kafkaconfig.Keys(kind) {
			if decided[kind][key.Name] == "" && !seen[key.Name] {
				seen[key.Name] = true
				properties = append(properties, member{key.Name, keySchema(key)})
			}
		}
	}
	slices.SortFunc(properties, func(a, b member) int { return strings.Compare(a.name, b.name) })
	return members{
		{"type", "object"}, {"description", "Kafka's own " + kindsOf(kinds) + " keys, as of Kafka 4.3."},
		{"properties", properties}, {"additionalProperties", false},
	}
}

func keySchema(key kafkaconfig.Key) members {
	about := key.About
	if !key.Modelled {
		about = "Assay does not model this key: only its default is accepted."
	}
	about += " Takes " + key.Allows() + "."
	switch {
	case key.DefaultNull:
		about += " Not set by default."
	case key.HasDefault:
		about += fmt.Sprintf(" Default: %s.", strconv.Quote(key.Default))
	}
	return append(members{{"description", about}}, keyTypes(key)...)
}

// keyTypes takes a value as YAML understands it, or as a text.
func keyTypes(key kafkaconfig.Key) members {
	switch key.Type {
	case kafkaconfig.TypeBoolean:
		return members{{"type", []string{"boolean", "string", "null"}}, {"pattern", `^\s*([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])\s*$`}}
	case kafkaconfig.TypeInt, kafkaconfig.TypeLong, kafkaconfig.TypeShort:
		written := members{{"type", []string{"integer", "string", "null"}}, {"pattern", `^\s*[+-]?[0-9]+\s*$`}}
		if key.Min != "" && len(key.Allowed) == 0 {
			written = append(written, member{"minimum", json.Number(key.Min)})
		}
		if key.Max != "" {
			written = append(written, member{"maximum", json.Number(key.Max)})
		}
		return written
	case kafkaconfig.TypeDouble:
		return members{{"type", []string{"number", "string", "null"}}}
	case kafkaconfig.TypeList:
		return members{{"anyOf", []members{
			{{"type", []string{"string", "number", "boolean", "null"}}},
			{{"type", "array"}, {"items", members{{"type", []string{"string", "number", "boolean"}}}}},
		}}}
	}
	words := key.Allowed
	if len(key.ModelledValues) > 0 && key.Type == kafkaconfig.TypeString {
		words = key.ModelledValues
	}
	if len(words) == 0 || key.AnyCase {
		return members{{"type", []string{"string", "number", "boolean", "null"}}}
	}
	return members{{"enum", append(wordsAsWritten(words), nil)}}
}

// wordsAsWritten takes 1 for "1".
func wordsAsWritten(words []string) []any {
	var all []any
	for _, word := range words {
		all = append(all, word)
	}
	for _, word := range words {
		if _, err := strconv.ParseInt(word, 10, 64); err == nil && !strings.HasPrefix(word, "+") {
			all = append(all, json.Number(word))
		}
	}
	return all
}
