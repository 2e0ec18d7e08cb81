package kafkaconfig

import (
	"fmt"
	"slices"
	"strings"
)

// Reason says what kind of problem a key has, for callers that judge some less severely: a properties file that
// is only audited may well hold keys that Assay does not model.
type Reason int

// The reasons for a Problem.
const (
	// UnknownKey: Kafka 4.3 has no such key for that kind.
	UnknownKey Reason = iota
	// InvalidValue: Kafka would refuse the value.
	InvalidValue
	// NotModelled: the key is Kafka's, but Assay does not act on it.
	NotModelled
	// ValueNotModelled: Assay acts on the key, but not on this value.
	ValueNotModelled
	// Conflict: Kafka would refuse the key together with another one.
	Conflict
)

// Problem is one thing wrong with a key. Message is a sentence that names the key.
type Problem struct {
	Key        string
	Reason     Reason
	Message    string
	Suggestion string // the key that was probably meant; "" when there is none
}

// check returns the key's value, or what is wrong with it.
func check(kind Kind, name, raw string) (Value, *Problem) {
	key, known := Lookup(kind, name)
	if !known {
		return Value{}, unknownKey(kind, name)
	}
	value, err := key.Parse(raw)
	if err != nil {
		return Value{}, &Problem{Key: name, Reason: InvalidValue, Message: name + " " + err.Error()}
	}
	if value.equal(defaultValues[kind][name], key) {
		return value, nil
	}
	if !key.Modelled {
		message := name + " is a Kafka 4.3 key that Assay does not model"
		if key.HasDefault && !key.DefaultNull {
			message += fmt.Sprintf("; it is accepted with its default only (%s)", quoteEmpty(key.Default))
		}
		return Value{}, &Problem{Key: name, Reason: NotModelled, Message: message}
	}
	if !key.valueModelled(value) {
		return Value{}, &Problem{
			Key: name, Reason: ValueNotModelled,
			Message: fmt.Sprintf("%s: Assay does not model the value %s; modelled: %s%s",
				name, quoteEmpty(value.Text), strings.Join(key.modelledTexts(), ", "), key.meantModelled(value)),
		}
	}
	return value, nil
}

// valueModelled judges a list by its elements.
func (k Key) valueModelled(value Value) bool {
	if len(k.ModelledValues) == 0 {
		return true
	}
	if k.Type == TypeList && len(value.List) > 0 {
		return !slices.ContainsFunc(value.List, func(element string) bool { return !slices.Contains(k.ModelledValues, element) })
	}
	for _, text := range k.ModelledValues {
		// Text of our own: a test reads every one, so that an error cannot come up here.
		if modelledValue, err := k.Parse(text); err == nil && value.equal(modelledValue, k) {
			return true
		}
	}
	return false
}

// meantModelled suggests what the first foreign element of a list was meant to be. For a class its own name is
// enough: RangeAssignor.
func (k Key) meantModelled(value Value) string {
	for _, element := range value.List {
		if slices.Contains(k.ModelledValues, element) {
			continue
		}
		for _, modelled := range k.ModelledValues {
			if strings.HasSuffix(modelled, "."+element) {
				return fmt.Sprintf("; did you mean %s?", modelled)
			}
		}
		if word, found := Suggest(element, k.ModelledValues); found {
			return fmt.Sprintf("; did you mean %s?", word)
		}
	}
	return ""
}

// modelledTexts names the modelled values, and that the key may be left out where no value is the default.
func (k Key) modelledTexts() []string {
	if k.DefaultNull {
		return append([]string{"not set"}, k.ModelledValues...)
	}
	return k.ModelledValues
}

func quoteEmpty(text string) string {
	if text == "" {
		return "empty"
	}
	return text
}

func unknownKey(kind Kind, name string) *Problem {
	problem := &Problem{Key: name, Reason: UnknownKey, Message: fmt.Sprintf("%s is not a %s key of Kafka 4.3", name, kind)}
	var others []string
	for _, other := range Kinds {
		if _, known := Lookup(other, name); known {
			others = append(others, other.String())
		}
	}
	if len(others) > 0 {
		problem.Message += fmt.Sprintf(" (it is a %s key)", strings.Join(others, " and "))
	}
	if near := Nearest(kind, name); len(near) > 0 {
		problem.Suggestion = near[0]
		problem.Message += fmt.Sprintf("; did you mean %s?", near[0])
	}
	return problem
}
