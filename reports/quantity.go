package reports

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// grouped writes a number with a comma at every third digit.
func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// instant writes a moment of the run in seconds, to the millisecond.
func instant(ns int64) string { return seconds(ns, 3) }

// fineInstant writes a moment to the microsecond, as operations need it.
func fineInstant(ns int64) string {
	if ns < 0 {
		return "never"
	}
	return seconds(ns, 6)
}

func seconds(ns int64, decimals int) string {
	sign := ""
	if ns < 0 {
		sign, ns = "-", -ns
	}
	fraction := fmt.Sprintf("%09d", ns%1e9)[:decimals]
	return fmt.Sprintf("%s%d.%s s", sign, ns/1e9, fraction)
}

// span writes a length of time with a unit that suits it and at most three decimals.
func span(ns int64) string {
	if ns < 0 {
		return "-" + span(-ns)
	}
	for _, unit := range []struct {
		name string
		size int64
	}{{"s", 1e9}, {"ms", 1e6}, {"us", 1e3}} {
		if ns < unit.size {
			continue
		}
		text := strconv.FormatInt(ns/unit.size, 10)
		if thousandths := ns % unit.size / (unit.size / 1000); thousandths > 0 {
			text += strings.TrimRight(fmt.Sprintf(".%03d", thousandths), "0")
		}
		return text + " " + unit.name
	}
	return fmt.Sprintf("%d ns", ns)
}

// metric writes a metric's value with its unit.
func (r Run) metric(name string, value int64) string { return Quantity(r.Units[name], value) }

// Quantity writes a number of "ns" as a time that suits it, of another unit with
// the unit behind it, and of none by itself.
func Quantity(unit string, value int64) string {
	switch unit {
	case "ns":
		return span(value)
	case "":
		return grouped(value)
	case "records":
		if value == 1 {
			return "1 record"
		}
	}
	return grouped(value) + " " + unit
}

// offsets writes a list of offsets: "offset 41", "offsets 41 and 44".
func offsets(list []int64) string {
	const most = 8
	list = slices.Compact(slices.Clone(list)) // a witness may name one for each of its operations
	words := make([]string, 0, most)
	for _, o := range list[:min(len(list), most)] {
		words = append(words, strconv.FormatInt(o, 10))
	}
	switch {
	case len(list) == 0:
		return ""
	case len(list) == 1:
		return "offset " + words[0]
	case len(list) > most:
		return fmt.Sprintf("offsets %s and %d more", strings.Join(words, ", "), len(list)-most)
	}
	return "offsets " + strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
