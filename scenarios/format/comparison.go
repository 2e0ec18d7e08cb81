package format

import "fmt"

// Operator compares a measured value (left) with a stated one (right).
type Operator string

// The operators of require and thresholds.
const (
	AtLeast Operator = ">="
	Above   Operator = ">"
	AtMost  Operator = "<="
	Below   Operator = "<"
	Equal   Operator = "=="
	Unequal Operator = "!="
)

// operators are tried in this order, so that ">=" is not taken for ">".
var operators = []Operator{AtLeast, AtMost, Equal, Unequal, Above, Below}

// Comparison is a condition on one whole number, in its metric's base unit.
type Comparison struct {
	Operator Operator
	Value    int64
}

// Met says whether a measured value satisfies the condition.
func (c Comparison) Met(measured int64) bool {
	switch c.Operator {
	case AtLeast:
		return measured >= c.Value
	case Above:
		return measured > c.Value
	case AtMost:
		return measured <= c.Value
	case Below:
		return measured < c.Value
	case Equal:
		return measured == c.Value
	case Unequal:
		return measured != c.Value
	}
	panic(fmt.Sprintf("format: no operator %q", string(c.Operator)))
}
