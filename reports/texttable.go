package reports

import (
	"strings"
	"unicode/utf8"
)

// textTable is a table of plain text, set in columns. Cells may be painted;
// their width is that of their text alone.
type textTable struct {
	head  []string
	rows  [][]textCell
	right []bool // columns set to the right
	// flexible columns are cut with an ellipsis, the widest first, where the table is too wide.
	flexible []int
}

type textCell struct {
	text  string
	paint paint
}

const columnGap = 2

// lines sets the table in at most width columns, if cutting the flexible columns can do it.
func (t textTable) lines(indent, width int, colour bool) []string {
	widths := t.widths(width - indent)
	head := make([]textCell, len(t.head))
	for i, text := range t.head {
		head[i] = textCell{text, faint}
	}
	lines := make([]string, 0, len(t.rows)+1)
	for _, row := range append([][]textCell{head}, t.rows...) {
		lines = append(lines, strings.Repeat(" ", indent)+t.line(row, widths, colour))
	}
	return lines
}

func (t textTable) widths(limit int) []int {
	widths := make([]int, len(t.head))
	total := columnGap * (len(t.head) - 1)
	for i, text := range t.head {
		widths[i] = utf8.RuneCountInString(text)
		for _, row := range t.rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i].text))
		}
		total += widths[i]
	}
	const least = 8
	for ; total > limit; total-- {
		widest := -1
		for _, column := range t.flexible {
			if widths[column] > least && (widest < 0 || widths[column] > widths[widest]) {
				widest = column
			}
		}
		if widest < 0 {
			break
		}
		widths[widest]--
	}
	return widths
}

func (t textTable) line(row []textCell, widths []int, colour bool) string {
	var out strings.Builder
	for i, cell := range row {
		text := shortened(cell.text, widths[i])
		pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text))
		if t.right[i] {
			out.WriteString(pad)
		}
		out.WriteString(cell.paint.on(text, colour))
		if i < len(row)-1 {
			if !t.right[i] {
				out.WriteString(pad)
			}
			out.WriteString(strings.Repeat(" ", columnGap))
		}
	}
	return out.String()
}

// shortened cuts a text to a width, with an ellipsis in place of what is gone.
func shortened(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:width-1]) + "…"
}

// wrapped sets text in lines of at most width columns; all but the first are
// indented by hang. Words longer than a line stay whole, so that they can be copied.
func wrapped(first, text string, hang, width int) []string {
	var lines []string
	line, used := first, utf8.RuneCountInString(first)
	empty := true // nothing but the indentation on this line
	for _, word := range strings.Fields(text) {
		size := utf8.RuneCountInString(word)
		if !empty && used+1+size > width {
			lines = append(lines, line)
			line, used, empty = strings.Repeat(" ", hang), hang, true
		}
		if !empty {
			line, used = line+" ", used+1
		}
		line, used, empty = line+word, used+size, false
	}
	return append(lines, line)
}

// paint is a terminal's way to set text apart. Colour never says anything alone.
type paint string

const (
	unpainted paint = ""
	bold      paint = "1"
	faint     paint = "2"
	good      paint = "32"
	bad       paint = "1;31"
	unsure    paint = "33"
)

func (p paint) on(text string, colour bool) string {
	if !colour || p == unpainted || text == "" {
		return text
	}
	return "\x1b[" + string(p) + "m" + text + "\x1b[0m"
}
