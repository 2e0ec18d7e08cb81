package kafkaconfig

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Value is one value of a key, checked and typed. The field that the key's type calls for is filled; Text always is.
type Value struct {
	// Null means no value at all, the default of keys such as group.id.
	Null bool
	Text string
	Bool bool    // BOOLEAN
	Int  int64   // INT, SHORT, LONG
	Real float64 // DOUBLE
	List []string
}

// equal says whether two values of the same key mean the same, however they were written.
func (v Value) equal(other Value, key Key) bool {
	if v.Null || other.Null {
		return v.Null == other.Null
	}
	switch key.Type {
	case TypeBoolean:
		return v.Bool == other.Bool
	case TypeInt, TypeShort, TypeLong:
		return v.Int == other.Int
	case TypeDouble:
		return v.Real == other.Real
	case TypeList:
		return slices.Equal(v.List, other.List)
	}
	return v.Text == other.Text || key.AnyCase && strings.EqualFold(v.Text, other.Text)
}

// Parse reads a value as Kafka would: blanks around it do not count, and it must have the key's type and range.
// The error completes the sentence that began with the key's name ("must be ..., not ...") without naming it.
// An unknown name is an error too.
func Parse(kind Kind, name, raw string) (Value, error) {
	key, known := Lookup(kind, name)
	if !known {
		return Value{}, fmt.Errorf("is not a %s key of Kafka 4.3", kind)
	}
	return key.Parse(raw)
}

// Parse is the function Parse for a key at hand.
func (k Key) Parse(raw string) (Value, error) {
	// Java's trim, which drops control characters as well as blanks.
	text := strings.TrimFunc(raw, func(r rune) bool { return r <= ' ' })
	value := Value{Text: text}
	valid := true
	switch k.Type {
	case TypeBoolean:
		value.Bool = strings.EqualFold(text, "true")
		valid = value.Bool || strings.EqualFold(text, "false")
	case TypeInt, TypeShort, TypeLong:
		var err error
		value.Int, err = strconv.ParseInt(text, 10, k.Type.bits())
		valid = err == nil && (k.intInBounds(value.Int) || slices.Contains(k.Allowed, strconv.FormatInt(value.Int, 10)))
	case TypeDouble:
		var err error
		value.Real, err = strconv.ParseFloat(text, 64)
		valid = err == nil && k.realInBounds(value.Real)
	case TypeList:
		value.List = splitList(text)
		valid = k.listAllowed(value.List)
	case TypeClass:
		valid = text != ""
	case TypeString:
		valid = (text != "" || !k.NonEmpty) && (len(k.Allowed) == 0 || k.wordAllowed(text))
	case TypePassword:
	}
	if !valid {
		return Value{}, k.refuse(text)
	}
	return value, nil
}

func (k Key) refuse(text string) error {
	hint := ""
	if (k.Type.bits() > 0 || k.Type == TypeDouble) && quantity.MatchString(text) {
		// Own fields of a scenario carry units, Kafka's keys do not: the likeliest slip.
		hint = " (Kafka's own keys take a plain number, without a unit)"
	} else if word, found := Suggest(text, k.Allowed); found && k.Type == TypeString {
		hint = fmt.Sprintf("; did you mean %s?", word)
	}
	return fmt.Errorf("must be %s, not %q%s", k.Allows(), text, hint)
}

var quantity = regexp.MustCompile(`^[+-]?[0-9.]+ ?[A-Za-z%/]+$`)

func (k Key) intInBounds(number int64) bool {
	// The table holds whole bounds for whole numbers; a test reads every one.
	return (k.Min == "" || number >= wholeBound(k.Min)) && (k.Max == "" || number <= wholeBound(k.Max))
}

func wholeBound(text string) int64 {
	bound, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic(fmt.Sprintf("kafkaconfig: keys.tsv: %v", err))
	}
	return bound
}

func (k Key) realInBounds(number float64) bool {
	return (k.Min == "" || number >= realBound(k.Min)) && (k.Max == "" || number <= realBound(k.Max))
}

func realBound(text string) float64 {
	bound, err := strconv.ParseFloat(text, 64)
	if err != nil {
		panic(fmt.Sprintf("kafkaconfig: keys.tsv: %v", err))
	}
	return bound
}

// splitList cuts at commas, dropping the blanks around each; an empty text is an empty list.
func splitList(text string) []string {
	if text == "" {
		return nil
	}
	elements := strings.Split(text, ",")
	for i := range elements {
		elements[i] = strings.TrimSpace(elements[i])
	}
	return elements
}

func (k Key) listAllowed(elements []string) bool {
	if k.NonEmpty && len(elements) == 0 {
		return false
	}
	for i, element := range elements {
		if k.Distinct && (element == "" || slices.Contains(elements[:i], element)) {
			return false
		}
		if len(k.Allowed) > 0 && !k.wordAllowed(element) {
			return false
		}
	}
	return true
}

func (k Key) wordAllowed(word string) bool {
	for _, allowed := range k.Allowed {
		if word == allowed || k.AnyCase && strings.EqualFold(word, allowed) {
			return true
		}
		// auto.offset.reset=by_duration:PT1H: the table's word shows the form of what follows the colon.
		if prefix, form, pattern := strings.Cut(allowed, ":"); pattern && form == durationForm {
			if rest, found := strings.CutPrefix(word, prefix+":"); found && isJavaDuration(rest) {
				return true
			}
		}
	}
	return false
}

// durationForm is how Kafka writes the form of a java.time.Duration.
const durationForm = "PnDTnHnMn.nS"

var javaDuration = regexp.MustCompile(`(?i)^\+?P(\d+D)?(T(\d+H)?(\d+M)?(\d+([.,]\d{0,9})?S)?)?$`)

// isJavaDuration accepts the durations of zero or more that Java reads; P and T alone say nothing.
func isJavaDuration(text string) bool {
	last := strings.ToUpper(text[max(0, len(text)-1):])
	return javaDuration.MatchString(text) && last != "P" && last != "T"
}
