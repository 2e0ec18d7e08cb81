package kafkaconfig

import (
	"math"
	"strconv"
)

// ResolveTopic is Resolve for a topic on brokers with the given settings: what the topic leaves open comes from
// the broker key that supplies it (segment.ms from log.roll.ms, else from log.roll.hours).
func ResolveTopic(broker Settings, given map[string]string) (Settings, []Problem) {
	settings, problems := Resolve(Topic, given)
	for _, key := range table[Topic] {
		if settings.given[key.Name] {
			continue
		}
		for _, supplier := range key.SuppliedBy {
			if value := broker.values[supplier.Name]; !value.Null {
				settings.values[key.Name] = supplier.convert(value)
				break
			}
		}
	}
	return settings, problems
}

// convert brings a broker's value into the topic key's unit. A product too large becomes the largest number: it
// means "never" either way. Negative numbers mean "no limit" and stay as they are.
func (s Supplier) convert(value Value) Value {
	if s.Factor == 1 || value.Int < 0 {
		return value
	}
	if value.Int > math.MaxInt64/s.Factor {
		value.Int = math.MaxInt64
	} else {
		value.Int *= s.Factor
	}
	value.Text = strconv.FormatInt(value.Int, 10)
	return value
}
