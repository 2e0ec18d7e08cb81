package reports

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func TestPlainProgressIsALineEveryTenSeconds(t *testing.T) {
	var out bytes.Buffer
	c := &clock{time.Unix(0, 0)}
	p := NewProgress(&out, ProgressPlain, 40, c.now)
	for range 25 {
		c.at = c.at.Add(time.Second)
		p.Step("base", false)
	}
	c.at = c.at.Add(20 * time.Second)
	p.Tick()
	p.Step("base", true)
	p.Log("a note\x1b[2J")
	p.Finish()
	require.Equal(t, `10 of 40 runs, base, 10 s, about 30 s left
20 of 40 runs, base, 20 s, about 20 s left
25 of 40 runs, base, 45 s, about 27 s left
a note�[2J
26 of 40 runs, base, 1 unexpected, 45 s, about 25 s left
`, out.String())
}

func TestBarIsDrawnOverItselfAndTakenAway(t *testing.T) {
	var out bytes.Buffer
	c := &clock{time.Unix(0, 0)}
	p := NewProgress(&out, ProgressBar, 4, c.now)
	p.Step("base", false)
	p.Step("base", false) // too soon to be drawn
	c.at = c.at.Add(time.Second)
	p.Step("base", false)
	p.Log("note")
	p.Finish()
	require.Equal(t, "\r\x1b[K[######..................] 1 of 4 runs, base, 0 s, about 0 s left"+
		"\r\x1b[K[##################......] 3 of 4 runs, base, 1 s, about 1 s left"+
		"\r\x1b[Knote\n"+
		"\r\x1b[K[##################......] 3 of 4 runs, base, 1 s, about 1 s left"+
		"\r\x1b[K", out.String())
}

func TestNoProgressIsSilent(t *testing.T) {
	var out bytes.Buffer
	c := &clock{time.Unix(0, 0)}
	p := NewProgress(&out, ProgressNone, 1, c.now)
	c.at = c.at.Add(time.Minute)
	p.Step("base", true)
	p.Tick()
	p.Finish()
	require.Empty(t, out.String())
}
