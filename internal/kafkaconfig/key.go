// Package kafkaconfig knows the configuration keys of Apache Kafka 4.3: their types, defaults, ranges and allowed
// values, as Kafka's own jars define them (see generate/README.md), and which of them Assay models.
//
// Resolve turns the keys a user wrote into Settings with typed getters, or says what is wrong with them;
// Reconcile then applies the rules that tie keys to one another. The package is pure: it keeps no state and
// equal inputs give equal outputs.
package kafkaconfig

import (
	"fmt"
	"strings"
)

// Kind says which component of Kafka a key configures. The same name may exist for several kinds with
// different defaults (connections.max.idle.ms, for one).
type Kind int

// The kinds of configuration.
const (
	Broker Kind = iota
	Topic
	Producer
	Consumer
)

// Kinds lists every kind, in the order in which tables and pages show them.
var Kinds = []Kind{Broker, Topic, Producer, Consumer}

var kindNames = [...]string{Broker: "broker", Topic: "topic", Producer: "producer", Consumer: "consumer"}

// String returns the kind's name in lower case: "broker", "topic", "producer" or "consumer".
func (k Kind) String() string { return kindNames[k] }

// Type is the type of a key's value, by Kafka's name for it.
type Type string

// Kafka's types of values.
const (
	TypeBoolean  Type = "BOOLEAN"
	TypeString   Type = "STRING"
	TypeInt      Type = "INT"
	TypeShort    Type = "SHORT"
	TypeLong     Type = "LONG"
	TypeDouble   Type = "DOUBLE"
	TypeList     Type = "LIST"
	TypeClass    Type = "CLASS"
	TypePassword Type = "PASSWORD"
)

// bits is the width of an integer type, and 0 for every other type.
func (t Type) bits() int {
	switch t {
	case TypeShort:
		return 16
	case TypeInt:
		return 32
	case TypeLong:
		return 64
	}
	return 0
}

// Key is what is known about one configuration key.
type Key struct {
	Kind       Kind
	Name       string
	Type       Type
	Importance string // Kafka's: HIGH, MEDIUM or LOW

	// Internal marks the keys that Kafka keeps out of its documentation, for its own tests.
	Internal bool

	// HasDefault is false for the keys that Kafka insists on (node.id). DefaultNull says that the default is
	// "no value"; otherwise Default is its text.
	HasDefault  bool
	DefaultNull bool
	Default     string

	// Min and Max bound a number, both inclusive; "" means that only the type bounds it.
	Min, Max string
	// Allowed lists the words that a value (or each element of a list) may be; for a bounded number, values
	// allowed beside the range (compression.gzip.level: 1 to 9, or -1). Empty means anything.
	Allowed []string
	// AnyCase says that upper and lower case do not matter in Allowed.
	AnyCase bool
	// NonEmpty refuses an empty text or list.
	NonEmpty bool
	// Distinct refuses lists that repeat an element or have an empty one.
	Distinct bool

	// SuppliedBy names the broker keys that give a topic key its default; the first that has a value wins.
	SuppliedBy []Supplier

	// Modelled says that Assay's own components act on the key, and About in one sentence of ours what it does.
	// ModelledValues, when not empty, are the only values that are modelled; the default always is.
	Modelled       bool
	About          string
	ModelledValues []string
}

// Supplier is a broker key from which topics take a default.
type Supplier struct {
	Name string
	// Factor converts the broker key's number into the topic key's unit: 3600000 from hours to milliseconds.
	Factor int64
}

// Allows says in words what values the key takes, to complete "must be ...".
func (k Key) Allows() string {
	switch k.Type {
	case TypeBoolean:
		return "true or false"
	case TypeInt, TypeShort, TypeLong:
		return "a whole number" + k.unit() + k.bounds()
	case TypeDouble:
		return "a number" + k.bounds()
	case TypeList:
		return k.allowsList()
	case TypeClass:
		return "the full name of a Java class"
	}
	switch {
	case len(k.Allowed) > 0:
		return oneOf(k.Allowed)
	case k.NonEmpty:
		return "a text that is not empty"
	}
	return "a text"
}

func (k Key) allowsList() string {
	text := "a comma-separated list"
	if k.NonEmpty {
		text += " with at least one element"
	}
	if len(k.Allowed) > 0 {
		text += ", each element " + oneOf(k.Allowed)
	}
	return text
}

// unit is " of milliseconds" and the like where the key's name tells.
func (k Key) unit() string {
	if step := k.timeUnit(); step.name != "" {
		return " of " + step.name
	}
	if strings.Contains(k.Name, "bytes") && !strings.Contains(k.Name, "per.second") {
		return " of bytes"
	}
	return ""
}

func (k Key) bounds() string {
	low, high := k.Min, k.Max
	if high == "" {
		switch k.Type {
		case TypeShort:
			high = "32767"
		case TypeInt:
			high = "2147483647"
		case TypeLong:
			high = "9223372036854775807"
		}
	}
	text := ""
	switch {
	case low != "" && high != "":
		text = fmt.Sprintf(" from %s to %s", low, high)
	case low != "":
		text = " from " + low
	case high != "":
		text = " up to " + high
	}
	if len(k.Allowed) > 0 {
		text += ", or " + strings.Join(k.Allowed, " or ")
	}
	return text
}

func oneOf(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	return "one of " + strings.Join(words, ", ")
}
