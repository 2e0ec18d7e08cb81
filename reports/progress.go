package reports

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// ProgressStyle says how progress is shown.
type ProgressStyle uint8

// The styles. `--progress auto` is a bar if stderr is a terminal, else plain.
const (
	ProgressNone  ProgressStyle = iota
	ProgressPlain               // a line every ten seconds
	ProgressBar                 // one line, drawn again and again
)

const (
	plainEvery = 10 * time.Second
	barEvery   = 100 * time.Millisecond
	barCells   = 24
)

// Progress tells on stderr how far a run is. It may be used by several
// goroutines. Errors of the writer are ignored: a run does not end because
// nobody watches it.
type Progress struct {
	mutex      sync.Mutex
	out        io.Writer
	style      ProgressStyle
	now        func() time.Time
	total      int
	start      time.Time
	last       time.Time // when something was written last
	done       int
	unexpected int
	note       string
	drawn      bool // a bar stands on the present line
}

// NewProgress starts to tell of total runs. The clock is the caller's.
func NewProgress(out io.Writer, style ProgressStyle, total int, now func() time.Time) *Progress {
	start := now()
	return &Progress{out: out, style: style, now: now, total: total, start: start, last: start}
}

// Step counts one finished run. The note names what it belongs to (a variant).
func (p *Progress) Step(note string, unexpected bool) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.done++
	p.note = note
	if unexpected {
		p.unexpected++
	}
	p.tell()
}

// Tick gives a slow run the chance to say that it still goes on. Call it every
// second or so.
func (p *Progress) Tick() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.tell()
}

// Log writes one line between the lines of progress, in every style.
func (p *Progress) Log(line string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.erase()
	fmt.Fprintln(p.out, clean(line))
	if p.style == ProgressBar {
		p.draw()
	}
}

// Finish takes the bar away. Plain progress that has told something ends with
// how long it all took.
func (p *Progress) Finish() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.erase()
	if p.style == ProgressPlain && p.now().Sub(p.start) >= plainEvery {
		fmt.Fprintln(p.out, p.state())
	}
}

func (p *Progress) tell() {
	now := p.now()
	switch {
	case p.style == ProgressPlain && now.Sub(p.last) >= plainEvery:
		p.last = now
		fmt.Fprintln(p.out, p.state())
	case p.style == ProgressBar && (!p.drawn || now.Sub(p.last) >= barEvery || p.done == p.total):
		p.last = now
		p.draw()
	}
}

func (p *Progress) draw() {
	filled := 0
	if p.total > 0 {
		filled = barCells * min(p.done, p.total) / p.total
	}
	fmt.Fprintf(p.out, "\r\x1b[K[%s%s] %s", strings.Repeat("#", filled), strings.Repeat(".", barCells-filled), p.state())
	p.drawn = true
}

func (p *Progress) erase() {
	if p.drawn {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.drawn = false
	}
}

// state is the progress in words, without a line's end.
func (p *Progress) state() string {
	elapsed := p.now().Sub(p.start)
	text := fmt.Sprintf("%d of %s", p.done, plural(p.total, "run"))
	if p.note != "" {
		text += ", " + clean(p.note)
	}
	if p.unexpected > 0 {
		text += fmt.Sprintf(", %d unexpected", p.unexpected)
	}
	text += fmt.Sprintf(", %d s", int(elapsed/time.Second))
	if left := p.total - p.done; left > 0 && p.done > 0 {
		text += fmt.Sprintf(", about %d s left", int((elapsed/time.Duration(p.done)*time.Duration(left)+time.Second-1)/time.Second))
	}
	return text
}
