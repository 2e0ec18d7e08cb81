package format

import (
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strings"
	"time"

	"assay/internal/kafkaconfig"
)

// unit is a word and how many base units it stands for.
type unit struct {
	word   string
	factor int64
}

// dimension is what a quantity measures: its units, from the base unit up.
type dimension struct {
	name    string // "a duration"
	example string
	units   []unit
}

// The dimensions of the format. Printing prefers the last unit that divides the value.
var (
	timeDimension = dimension{"a duration", "30s", []unit{
		{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9},
	}}
	// rateDimension counts thousandths, so that slow producers can be asked for.
	rateDimension = dimension{"a rate", "500/s", []unit{{"/s", 1000}}}
	sizeDimension = dimension{"a size", "1KiB", []unit{
		{"B", 1}, {"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30},
	}}
	bandwidthDimension = dimension{"a bandwidth", "10Gbit/s", []unit{
		{"B/s", 1}, {"kB/s", 1e3}, {"MB/s", 1e6}, {"GB/s", 1e9}, {"KiB/s", 1 << 10}, {"MiB/s", 1 << 20}, {"GiB/s", 1 << 30},
		{"kbit/s", 125}, {"Mbit/s", 125e3}, {"Gbit/s", 125e6},
	}}
)

// longerTimes are read, too, but not printed.
var longerTimes = []unit{{"µs", 1e3}, {"m", 60e9}, {"min", 60e9}, {"h", 3600e9}}

var quantityText = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?)[ ]?([^0-9 .][^0-9]*)?$`)

// parse reads a number with its unit exactly, as a whole number of base units.
// The error completes "must be ...".
func (d dimension) parse(text string) (int64, error) {
	parts := quantityText.FindStringSubmatch(text)
	if parts == nil {
		return 0, fmt.Errorf("%s such as %s, not %q", d.name, d.example, text)
	}
	number, word := parts[1], parts[2]
	if word == "" {
		return 0, fmt.Errorf("%s with its unit: %s", d.name, d.suggestUnits(number))
	}
	factor, known := d.factor(word)
	if !known {
		return 0, d.unknownUnit(number, word)
	}
	value, valid := new(big.Rat).SetString(number)
	if !valid {
		return 0, fmt.Errorf("%s such as %s, not %q", d.name, d.example, text)
	}
	value.Mul(value, new(big.Rat).SetInt64(factor))
	if !value.IsInt() {
		return 0, fmt.Errorf("a whole number of the smallest unit, which %s is not", text)
	}
	if !value.Num().IsInt64() {
		return 0, fmt.Errorf("smaller than %s, which is out of range", text)
	}
	return value.Num().Int64(), nil
}

func (d dimension) factor(word string) (int64, bool) {
	for _, u := range d.allUnits() {
		if u.word == word {
			return u.factor, true
		}
	}
	return 0, false
}

func (d dimension) allUnits() []unit {
	if d.name == timeDimension.name {
		return append(d.units[:len(d.units):len(d.units)], longerTimes...)
	}
	return d.units
}

func (d dimension) words() []string {
	var words []string
	for _, u := range d.allUnits() {
		words = append(words, u.word)
	}
	return words
}

func (d dimension) suggestUnits(number string) string {
	if share, valid := new(big.Rat).SetString(number); d.name == shareDimension.name && valid && strings.Contains(number, ".") && share.Cmp(big.NewRat(1, 1)) <= 0 {
		number = strings.TrimSuffix(strings.TrimRight(share.Mul(share, big.NewRat(100, 1)).FloatString(3), "0"), ".") // 0.02 is two of a hundred
	}
	if len(d.units) == 1 {
		return number + d.units[0].word
	}
	var written []string
	for _, u := range d.units {
		written = append(written, number+u.word)
	}
	return strings.Join(written[:len(written)-1], ", ") + " or " + written[len(written)-1]
}

// spelled are units people write out.
var spelled = map[string]string{
	"sec": "s", "secs": "s", "second": "s", "seconds": "s", "minute": "min", "minutes": "min", "mins": "min", "hours": "h", "hour": "h",
	"millis": "ms", "msec": "ms", "milliseconds": "ms", "micros": "us", "usec": "us", "K": "KiB", "KB": "KiB", "k": "KiB", "M": "MiB", "G": "GiB",
	"bytes": "B", "Gbps": "Gbit/s", "Mbps": "Mbit/s", "/sec": "/s", "rps": "/s", "/second": "/s",
}

func (d dimension) unknownUnit(number, word string) error {
	hint := ""
	meant, known := spelled[word]
	if _, ofThis := d.factor(meant); !known || !ofThis {
		meant, known = kafkaconfig.Suggest(word, d.words())
	}
	if known {
		hint = fmt.Sprintf("; did you mean %s%s?", number, meant)
	}
	return fmt.Errorf("%s in %s, not %q%s", d.name, orList(d.words()), number+word, hint)
}

// print writes the value in the largest unit that divides it, as parse reads it.
func (d dimension) print(value int64) string {
	if value == 0 {
		return "0" + d.units[len(d.units)-1].word
	}
	best := d.units[0]
	for _, u := range d.units {
		if value%u.factor == 0 && u.factor >= best.factor {
			best = u
		}
	}
	if value%best.factor == 0 {
		return fmt.Sprintf("%d%s", value/best.factor, best.word)
	}
	// Only rates have a unit larger than the base: three places are exact.
	text := fmt.Sprintf("%d.%03d", value/best.factor, value%best.factor*1000/best.factor)
	return strings.TrimRight(text, "0") + best.word
}

// printDuration writes a duration as the format reads it.
func printDuration(d time.Duration) string { return timeDimension.print(int64(d)) }

// parseRate reads "500/s" or "max".
func parseRate(text string) (Rate, error) {
	if text == "max" {
		return RateMax, nil
	}
	value, err := rateDimension.parse(text)
	switch {
	case err != nil:
		return 0, fmt.Errorf("max, or %w", err)
	case value == 0:
		return 0, fmt.Errorf("above 0")
	case value > math.MaxInt64/int64(time.Second):
		return 0, fmt.Errorf("smaller than %s", text)
	}
	return Rate(value), nil
}

func (r Rate) String() string {
	if r == RateMax {
		return "max"
	}
	return rateDimension.print(int64(r))
}

func (s Size) String() string { return sizeDimension.print(int64(s)) }

func (b Bandwidth) String() string { return bandwidthDimension.print(int64(b)) }

func orList(words []string) string {
	switch len(words) {
	case 0:
		return "nothing"
	case 1:
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
