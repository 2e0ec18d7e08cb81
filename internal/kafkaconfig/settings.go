package kafkaconfig

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// Settings is the resolved configuration of one component: every key of its kind has a value, given or default.
// The getters panic on a name that is no key of the kind, on the wrong type, and on a number without a value:
// those are bugs of the caller, not of a user. Settings do not change; copies share their content.
type Settings struct {
	kind    Kind
	profile string // of ResolveAs; "" for the Java client
	values  map[string]Value
	given   map[string]bool
}

// Resolve checks the given keys and fills in the defaults. Problems come sorted by key, at most one for each; a
// key with a problem keeps its default, so that checks which follow have something to look at.
func Resolve(kind Kind, given map[string]string) (Settings, []Problem) {
	settings := Settings{kind: kind, values: maps.Clone(defaultValues[kind]), given: map[string]bool{}}
	var problems []Problem
	for _, name := range slices.Sorted(maps.Keys(given)) {
		value, problem := check(kind, name, given[name])
		if problem != nil {
			problems = append(problems, *problem)
			continue
		}
		settings.values[name] = value
		settings.given[name] = true
	}
	return settings, problems
}

// Defaults returns what Kafka 4.3 uses when nothing is set.
func Defaults(kind Kind) Settings { return Settings{kind: kind, values: defaultValues[kind]} }

// defaultValues holds the parsed defaults of each kind by key. Nobody writes to these maps.
var defaultValues = readDefaults()

func readDefaults() (values [len(kindNames)]map[string]Value) {
	for _, kind := range Kinds {
		values[kind] = make(map[string]Value, len(table[kind]))
		for _, key := range table[kind] {
			values[kind][key.Name] = key.defaultValue()
		}
	}
	return values
}

// defaultValue is Null for a key without a default, too: it has no value until it is given one.
func (k Key) defaultValue() Value {
	if !k.HasDefault || k.DefaultNull {
		return Value{Null: true}
	}
	value, err := k.Parse(k.Default)
	if err != nil {
		panic(fmt.Sprintf("kafkaconfig: default of %s %s %v", k.Kind, k.Name, err))
	}
	return value
}

// Kind says what the settings configure.
func (s Settings) Kind() Kind { return s.kind }

// Profile names the client whose defaults and rules apply; "" is the Java client.
func (s Settings) Profile() string { return s.profile }

// IsSet says whether the user gave the key, be it with its default.
func (s Settings) IsSet(name string) bool {
	mustLookup(s.kind, name)
	return s.given[name]
}

// Given lists the keys that the user gave, sorted.
func (s Settings) Given() []string { return slices.Sorted(maps.Keys(s.given)) }

// IsNull says that the key has no value: its default is none, and none was given.
func (s Settings) IsNull(name string) bool {
	mustLookup(s.kind, name)
	return s.values[name].Null
}

// Text returns any key's value as it was written, and "" for no value.
func (s Settings) Text(name string) string {
	mustLookup(s.kind, name)
	return s.values[name].Text
}

// Bool returns a BOOLEAN key's value.
func (s Settings) Bool(name string) bool { return s.read(name, TypeBoolean).Bool }

// Int returns an INT or SHORT key's value.
func (s Settings) Int(name string) int { return int(s.read(name, TypeInt, TypeShort).Int) }

// Long returns the value of a key of any integer type.
func (s Settings) Long(name string) int64 { return s.read(name, TypeLong, TypeInt, TypeShort).Int }

// Double returns a DOUBLE key's value.
func (s Settings) Double(name string) float64 { return s.read(name, TypeDouble).Real }

// String returns a STRING or CLASS key's value, "" for no value; IsNull tells the two apart.
func (s Settings) String(name string) string {
	return s.readOrNull(name, TypeString, TypeClass).Text
}

// List returns a LIST key's elements, nil for none. The caller must not change the slice.
func (s Settings) List(name string) []string { return s.readOrNull(name, TypeList).List }

// Duration returns the value of a key whose name ends in its unit of time (.ms, .seconds, .minutes, .hours). A
// value too long for time.Duration becomes the longest there is: Kafka writes "never" as the largest LONG.
func (s Settings) Duration(name string) time.Duration {
	key := mustLookup(s.kind, name)
	unit := key.timeUnit()
	if unit.name == "" {
		panic(fmt.Sprintf("kafkaconfig: %s key %s is not a time", s.kind, name))
	}
	number := s.Long(name)
	if number > math.MaxInt64/int64(unit.length) {
		return math.MaxInt64
	}
	return time.Duration(number) * unit.length
}

type timeUnit struct {
	suffix, name string
	length       time.Duration
}

var timeUnits = []timeUnit{
	{".ms", "milliseconds", time.Millisecond},
	{".millis", "milliseconds", time.Millisecond},
	{".seconds", "seconds", time.Second},
	{".secs", "seconds", time.Second},
	{".minutes", "minutes", time.Minute},
	{".hours", "hours", time.Hour},
}

// timeUnit is zero for a key that is not a time.
func (k Key) timeUnit() timeUnit {
	for _, unit := range timeUnits {
		if k.Type.bits() > 0 && strings.HasSuffix(k.Name, unit.suffix) && !strings.HasSuffix(k.Name, ".per.second") {
			return unit
		}
	}
	return timeUnit{}
}

func (s Settings) read(name string, types ...Type) Value {
	value := s.readOrNull(name, types...)
	if value.Null {
		panic(fmt.Sprintf("kafkaconfig: %s key %s has no value", s.kind, name))
	}
	return value
}

func (s Settings) readOrNull(name string, types ...Type) Value {
	if key := mustLookup(s.kind, name); !slices.Contains(types, key.Type) {
		panic(fmt.Sprintf("kafkaconfig: %s key %s is a %s", s.kind, name, key.Type))
	}
	return s.values[name]
}

// with returns a copy in which one key has another value; whether it counts as given stays as it was.
func (s Settings) with(name, text string) Settings {
	value, err := mustLookup(s.kind, name).Parse(text)
	if err != nil {
		panic(fmt.Sprintf("kafkaconfig: %s %v", name, err))
	}
	copied := s
	copied.values = maps.Clone(s.values)
	copied.values[name] = value
	return copied
}
