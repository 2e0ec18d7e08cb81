package plot

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg/draw"

	"assay/faults"
	"assay/scenarios/result"
)

// mostLines is how many partitions have a line of their own.
const mostLines = 6

// Lag shows how far consumers are behind what is committed, by partition. Of many
// partitions those with the greatest lag have lines, the others' largest is one.
func Lag(s *result.Series, records []faults.Record) []byte {
	f := overTime("Lag: committed records that consumers have yet to read", s, records)
	by := joining(mostValues(s.Lag), mostBuckets/2)
	bucket := float64(s.Bucket) * float64(by)
	chosen, others := mostLagging(s.Lag)
	p := panel{name: "records", height: 150}
	most := 0.0
	show := func(name string, values []int64, of draw.LineStyle) {
		joined := largest(values, by)
		if len(joined) > 0 {
			most = max(most, slices.Max(joined))
		}
		p.marks = append(p.marks, curve{bucket: bucket, values: joined, steps: true, line: of})
		f.keys = append(f.keys, key{name: shorten(name, style(text, normalSize, draw.XLeft), figureWidth/2), line: of})
	}
	if len(others) > 0 {
		show(fmt.Sprintf("largest of %d others", len(others)), pointwiseLargest(others), line(muted, 1, dashes[2]))
	}
	for i, l := range chosen {
		show(l.Name, l.Values, line(lineInk(i), 1.5, lineDashes(i)))
	}
	f.says = lagSays(s, most)
	p.y = fromZero(max(most, 4), count)
	f.add(p)
	return f.render()
}

func mostValues(lines []result.Line) int {
	most := 0
	for _, l := range lines {
		most = max(most, len(l.Values))
	}
	return most
}

// mostLagging parts the lines with the largest values from the others. Both stay
// in order.
func mostLagging(lines []result.Line) (chosen, others []result.Line) {
	if len(lines) <= mostLines {
		return lines, nil
	}
	order := make([]int, len(lines))
	peaks := make([]int64, len(lines))
	for i, l := range lines {
		order[i] = i
		for _, v := range l.Values {
			peaks[i] = max(peaks[i], v)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(peaks[b], peaks[a]) })
	slices.Sort(order[:mostLines])
	for i := range lines {
		if slices.Contains(order[:mostLines], i) {
			chosen = append(chosen, lines[i])
		} else {
			others = append(others, lines[i])
		}
	}
	return chosen, others
}

func pointwiseLargest(lines []result.Line) []int64 {
	all := slices.Repeat([]int64{-1}, mostValues(lines))
	for _, l := range lines {
		for i, v := range l.Values {
			all[i] = max(all[i], v)
		}
	}
	return all
}

// lagSays tells of the largest lag, and of what was left in the end of the drain.
func lagSays(s *result.Series, most float64) []string {
	if len(s.Lag) == 0 {
		return []string{"There are no consumers."}
	}
	left := int64(0)
	var behind []string
	for _, l := range s.Lag {
		if n := len(l.Values); n > 0 && l.Values[n-1] > 0 {
			left += l.Values[n-1]
			behind = append(behind, l.Name)
		}
	}
	says := []string{fmt.Sprintf("At most %s records in one partition.", exact(most))}
	if left == 0 {
		return append(says, "In the end all were read.")
	}
	if len(behind) > 3 {
		behind = append(behind[:3:3], fmt.Sprintf("%d more", len(behind)-3))
	}
	return append(says, fmt.Sprintf("In the end %s were left: %s.", exact(float64(left)), strings.Join(behind, ", ")))
}
