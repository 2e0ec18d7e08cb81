package diagram

import (
	"bytes"
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"assay/scenarios/result"
)

var update = flag.Bool("update", false, "rewrite testdata")

// second is one in nanoseconds.
const second = int64(1e9)

// lostWrite is a scene with one of everything: a record that is acknowledged,
// and gone with the leader that alone had it.
func lostWrite() result.Scene {
	s := result.Scene{Claim: "no-loss", Seed: 0xac51, Partition: "orders/0", From: second, To: 40 * second, Left: 12,
		Lanes: []result.Lane{{Name: "web-0", Kind: "client"}, {Name: "auditor", Kind: "client"}, {Name: "broker-1", Kind: "broker"},
			{Name: "broker-2", Kind: "broker"}, {Name: "broker-3", Kind: "broker"}, {Name: "controller-1", Kind: "controller"}},
		Leaders: []result.LeaderSpan{{From: 0, To: 3 * second, Broker: "broker-1", Epoch: 1}, {From: 12 * second, To: 40 * second, Broker: "broker-2", Epoch: 2}},
		Gaps: []result.Gap{
			{Lane: "broker-1", From: second / 2, To: 5 * second, Kind: "partition", What: "is cut off from broker-2, outgoing only (t1)"},
			{Lane: "broker-1", From: 3 * second, To: 9 * second, Kind: "power_loss", What: "loses power, unsynced data is lost (t2)"},
			{Lane: "broker-3", From: 2 * second, To: 50 * second, Kind: "pause", What: "is paused (t3)"},
			{Lane: "web-0", From: 2 * second, To: 4 * second, Kind: "delay", What: "is 20ms slower to and from every broker (t4)"}},
	}
	mark := func(at int64, lane, kind, what string, offending bool) {
		s.Marks = append(s.Marks, result.Mark{Lane: lane, At: at, What: what, Kind: kind, Offending: offending})
	}
	send := func(sent, arrived int64, from, to, what, lost string, count int, offending bool) {
		s.Messages = append(s.Messages, result.Message{From: from, To: to, Sent: sent, Arrived: arrived, What: what, Lost: lost, Count: count, Offending: offending})
	}
	at := func(ms int64) int64 { return second + ms*1e6 }
	mark(at(0), "web-0", "client", "sends web-0#17", true)
	send(at(1), at(2), "web-0", "broker-1", "Produce web-0#17 (acks=1)", "", 1, true)
	mark(at(2), "broker-1", "append", "appends web-0#17 at offset 42, epoch 1", true)
	send(at(3), at(4), "broker-1", "web-0", "Produce response: web-0#17 at offset 42", "", 1, true)
	mark(at(4), "web-0", "client", "is told: acknowledged at offset 42", true)
	send(at(5), -1, "broker-1", "broker-2", "Fetch response: web-0#17 at 42", "the network partition held it up until its connection was gone", 1, true)
	send(at(6), at(7), "broker-3", "broker-1", "Fetch from 42", "", 7, false)
	mark(9*second+2e6, "broker-1", "recovery", "recovers its log, which ends at 42: web-0#17 is gone from it", true)
	mark(12*second-1e6, "controller-1", "isr", "counts as in sync: broker-2", false)
	send(12*second-1e6, 12*second, "controller-1", "broker-2", "Metadata: broker-2 leads in epoch 2", "", 1, false)
	mark(12*second, "broker-2", "epoch", "leads in epoch 2, its log ends at 42: without web-0#17", true)
	mark(12*second+5e6, "broker-2", "append", "appends web-0#18 at offset 42, epoch 2: the place that web-0#17 had", false)
	mark(12*second+6e6, "broker-2", "watermark", "raises its high watermark to 43: web-0#18 is committed", false)
	mark(12*second+9e6, "broker-1", "truncation", "cuts its log from 43 back to 42", false)
	mark(13*second, "web-0", "fault", "loses all its connections (t5)", false)
	mark(40*second, "auditor", "client", "reads the whole log at the end and does not find web-0#17: lost write", true)
	return s
}

// crowd is a scene of many lanes and messages.
func crowd(lanes, messages int) result.Scene {
	s := result.Scene{Claim: "log-agreement", Seed: 1, Partition: "orders/7", To: int64(messages) * 1e6}
	for i := range lanes {
		s.Lanes = append(s.Lanes, result.Lane{Name: fmt.Sprintf("broker-%d", i+1), Kind: "broker"})
	}
	for i := range messages {
		s.Messages = append(s.Messages, result.Message{From: s.Lanes[i%lanes].Name, To: s.Lanes[(i+1)%lanes].Name, Sent: int64(i) * 1e6,
			Arrived: int64(i)*1e6 + 3e6, What: fmt.Sprintf("Fetch response: offsets %d to %d, high watermark %d", i, i+1, i), Count: 1, Offending: i%9 == 0})
	}
	return s
}

// strange is a scene of names and words that mean something to SVG or Mermaid.
func strange() result.Scene {
	bad := "<script>alert(\"1\")</script>;#&end \x00\n%% `x` {y}"
	return result.Scene{Claim: bad, Partition: bad, To: 10, Lanes: []result.Lane{{Name: bad, Kind: bad}, {Name: "", Kind: ""}},
		Messages: []result.Message{{From: bad, To: "", Sent: 1, Arrived: 2, What: bad, Count: 2}, {From: bad, To: "unlisted", Sent: 1, Arrived: -1, What: bad, Lost: bad, Count: 1},
			{From: bad, To: bad, Sent: 3, Arrived: 4, What: "to itself", Count: 1}},
		Marks:   []result.Mark{{Lane: bad, At: 3, What: bad + strings.Repeat("verylongword", 60), Kind: bad, Offending: true}, {Lane: "nowhere", At: 4, What: "end"}},
		Gaps:    []result.Gap{{Lane: bad, From: 5, To: 4, Kind: bad, What: bad}, {Lane: "", From: -5, To: 99, Kind: "kill"}},
		Leaders: []result.LeaderSpan{{From: 9, To: 1, Broker: bad, Epoch: -3}, {Broker: "unknown"}}}
}

var scenes = []struct {
	name  string
	scene result.Scene
}{
	{"nothing", result.Scene{}},
	{"one-lane", result.Scene{Claim: "recovers", To: 5, Lanes: []result.Lane{{Name: "broker-1", Kind: "broker"}}, Marks: []result.Mark{{Lane: "broker-1", At: 2, What: "leads", Kind: "epoch"}}}},
	{"lost-write", lostWrite()},
	{"ten-lanes", crowd(10, 40)},
	{"two-hundred-messages", crowd(6, 200)},
	{"strange", strange()},
}

// TestGolden compares what is made of scenes with what was looked at and found
// good.
func TestGolden(t *testing.T) {
	s := lostWrite()
	for name, got := range map[string][]byte{
		"lost-write.svg":        SVG(s),
		"lost-write.narrow.svg": Narrow(s),
		"lost-write.mmd":        []byte(Mermaid(s)),
		"lost-write.txt":        []byte(strings.Join(Tell(s), "\n") + "\n"),
		"strange.mmd":           []byte(Mermaid(strange())),
	} {
		path := filepath.Join("testdata", name)
		if *update {
			require.NoError(t, os.WriteFile(path, got, 0o666))
			continue
		}
		want, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(want), string(got), name)
	}
}

// TestAnyScene: whatever a scene has, its pictures are well-formed, bounded and
// the same each time, and nothing in them acts or comes from elsewhere.
func TestAnyScene(t *testing.T) {
	for _, c := range scenes {
		t.Run(c.name, func(t *testing.T) {
			for _, draw := range []func(result.Scene) []byte{SVG, Narrow} {
				svg := draw(c.scene)
				require.Equal(t, svg, draw(c.scene))
				require.LessOrEqual(t, len(svg), MaxBytes)
				decoder := xml.NewDecoder(bytes.NewReader(svg))
				titled := false
				for {
					token, err := decoder.Token()
					if err == io.EOF {
						break
					}
					require.NoError(t, err, "%s", svg)
					if element, starts := token.(xml.StartElement); starts {
						require.Contains(t, []string{"svg", "style", "title", "desc", "path", "rect", "text", "tspan"}, element.Name.Local)
						titled = titled || element.Name.Local == "title"
						for _, a := range element.Attr {
							require.NotContains(t, []string{"href", "style", "onload", "id"}, a.Name.Local)
						}
					}
				}
				require.True(t, titled)
				require.NotContains(t, string(svg), "NaN")
			}
			require.NotEmpty(t, Mermaid(c.scene))
			list, _ := events(c.scene)
			require.Len(t, Tell(c.scene), len(list))
		})
	}
}

var textElement = regexp.MustCompile(`<text class="n" x="\d+" y="(\d+)">(\d+)</text>`)

// TestNumbersAgree: one number means one event in the picture, in Mermaid and in
// the sentences.
func TestNumbersAgree(t *testing.T) {
	s := lostWrite()
	told := Tell(s)
	require.Equal(t, "At 1.0000 s web-0 sends web-0#17.", told[1])
	require.Equal(t, "At 1.0050 s broker-1 sends to broker-2: Fetch response: web-0#17 at 42; it never arrives: the network partition held it up until its connection was gone.", told[6])
	require.Equal(t, "At 1.0060 s broker-3 sends to broker-1: Fetch from 42, and 6 more like it; it arrives 1.0 ms later.", told[7])
	require.Equal(t, "At 5.0000 s broker-1 is connected again.", told[12])
	for _, svg := range [][]byte{SVG(s), Narrow(s)} {
		found := textElement.FindAllStringSubmatch(string(svg), -1)
		require.Len(t, found, len(told))
		for i, f := range found {
			require.Equal(t, fmt.Sprint(i+1), f[2])
		}
	}
	for i := range told {
		require.Contains(t, Mermaid(s), fmt.Sprintf(": %d · ", i+1))
	}
}

// TestWordsDoNotMeet: rows lie below one another, lines within their row, and no
// line is estimated to be wider than its room.
func TestWordsDoNotMeet(t *testing.T) {
	for _, c := range scenes {
		for _, form := range []func(int) form{wide, narrow} {
			l := arrange(c.scene, form)
			bottom := l.head
			for _, r := range l.rows {
				require.Equal(t, bottom, r.top, c.name)
				bottom += r.height
				require.GreaterOrEqual(t, r.y, r.top)
				require.Less(t, r.y, bottom)
				require.LessOrEqual(t, len(r.text), l.lines)
				require.GreaterOrEqual(t, r.height, lineHeight*len(r.text))
				for _, line := range r.text {
					require.LessOrEqual(t, float64(l.text)+float64(width(line))*fontSize/100, float64(l.width), "%q", line)
				}
			}
			require.Equal(t, bottom, l.bottom)
		}
	}
}

// TestTimeIsWhereItBelongs: a moment has the place of its event, and others
// stand between.
func TestTimeIsWhereItBelongs(t *testing.T) {
	l := arrange(lostWrite(), wide)
	y := map[int]int{}
	last := 0
	for _, r := range l.rows {
		if r.event == nil {
			require.Positive(t, r.quiet)
			continue
		}
		y[r.event.number] = r.y
		require.Greater(t, r.y, last)
		last = r.y
		if e := r.event; e.kind == markMade {
			require.Equal(t, r.y, l.yAt(e.at, e.lane))
		}
	}
	require.Equal(t, l.head, l.yAt(0, "broker-1"))
	require.Equal(t, l.bottom, l.yAt(99*second, "broker-1"))
	between := l.yAt(second+2500_000, "broker-1") // between the append and the answer
	require.Greater(t, between, y[4])
	require.Less(t, between, y[5])
}

func TestWrap(t *testing.T) {
	require.Nil(t, wrap("", 1000, 3))
	require.Equal(t, []string{"one two"}, wrap("one  two", 1000, 3))
	require.Equal(t, []string{"one", "two", "three"}, wrap("one two three", 320, 3))
	require.Equal(t, []string{"one", "two…"}, wrap("one two three", 320, 2))
	require.Equal(t, []string{"aaaaa", "aaaaa", "a"}, wrap("aaaaaaaaaaa", 310, 9))
	require.Equal(t, []string{"12\u00a0s", "b"}, wrap(unbroken("12 s b"), 260, 3))
}

func TestInlineLeavesTheStyleOut(t *testing.T) {
	whole := SVG(lostWrite())
	inline := Inline(whole)
	require.Contains(t, string(whole), Style)
	require.NotContains(t, string(inline), "<style>")
	require.Less(t, len(inline), len(whole)-len(Style))
}

func TestEscapeMermaid(t *testing.T) {
	require.Equal(t, "web-0#35;17#59; #60;b#62; #34;x#34; 5 #37;#37; en#100; end-to-end", escapeMermaid("web-0#17; <b> \"x\" 5\n%% end end-to-end"))
}

// BenchmarkScene is one scene in all its forms.
func BenchmarkScene(b *testing.B) {
	s := crowd(7, 60)
	for b.Loop() {
		SVG(s)
		Narrow(s)
		Mermaid(s)
		Tell(s)
	}
}
