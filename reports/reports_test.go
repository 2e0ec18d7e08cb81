package reports

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"assay/scenarios/result"
)

var update = flag.Bool("update", false, "write the golden files anew; read them before committing")

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	path = filepath.Join("testdata", path)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
		require.NoError(t, os.WriteFile(path, got, 0o666))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
}

func terminalText(t *testing.T, run Run, options Options) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, Terminal(&out, run, options))
	return out.String()
}

func TestGolden(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(fixtures())) {
		t.Run(name, func(t *testing.T) {
			run := fixtures()[name]
			golden(t, name+"/terminal.txt", []byte(terminalText(t, run, Options{Target: "runs/latest"})))
			golden(t, name+"/verbose.txt", []byte(terminalText(t, run, Options{Target: "runs/latest", Verbose: true, Color: true})))
			golden(t, name+"/quiet.txt", []byte(terminalText(t, run, Options{Target: "runs/latest", Quiet: true})))
			for _, file := range Files(run, nil, nil) {
				switch file.Name {
				case "result.json", "junit.xml", "summary.md", "report.html":
					golden(t, name+"/"+file.Name, file.Content)
				}
			}
		})
	}
}

func TestSameRunSameBytes(t *testing.T) {
	for name := range fixtures() {
		require.Equal(t, Files(fixtures()[name], nil, nil), Files(fixtures()[name], nil, nil), name)
	}
}

func TestLastLineOfAFailureIsItsReplayCommand(t *testing.T) {
	want := map[string]string{
		"unexpected":   "assay replay runs/x --seed 0xdeadbeefcafe0001 --variant 'weak acks'",
		"inconclusive": "assay replay runs/x --seed 0x1",
		"threshold":    "assay replay runs/x --seed 0xc0ffee --variant idempotent",
	}
	for name, run := range fixtures() {
		for _, options := range []Options{{}, {Quiet: true}, {Verbose: true}, {Color: true}, {Width: 40}} {
			options.Target = "runs/x"
			lines := strings.Split(strings.TrimSuffix(terminalText(t, run, options), "\n"), "\n")
			last := lines[len(lines)-1]
			if command, fails := want[name]; fails {
				require.Equal(t, command, last, name)
			} else {
				require.NotContains(t, last, "assay replay", name)
			}
		}
	}
}

func TestTerminalKeepsItsWidthAndItsControl(t *testing.T) {
	command := regexp.MustCompile(`assay replay .*$`)
	for name, run := range fixtures() {
		for _, line := range strings.Split(terminalText(t, run, Options{Target: "runs/latest", Verbose: true}), "\n") {
			require.NotContains(t, line, "\x1b", name)
			require.NotContains(t, line, "\x00", name)
			if !command.MatchString(line) {
				require.LessOrEqual(t, utf8.RuneCountInString(line), defaultWidth, "%s: %s", name, line)
			}
		}
	}
}

func TestColourAddsNothingButColour(t *testing.T) {
	escapes := regexp.MustCompile("\x1b\\[[0-9;]*m")
	for name, run := range fixtures() {
		coloured := terminalText(t, run, Options{Color: true})
		require.NotEqual(t, coloured, terminalText(t, run, Options{}), name)
		require.Equal(t, terminalText(t, run, Options{}), escapes.ReplaceAllString(coloured, ""), name)
	}
}

func TestJSONComesBackAndHasNoNulls(t *testing.T) {
	for name, run := range fixtures() {
		first := JSON(run.Result)
		parsed, err := ParseJSON(first)
		require.NoError(t, err, name)
		require.Equal(t, string(first), string(JSON(parsed)), name)
		for _, line := range strings.Split(string(first), "\n") {
			require.False(t, strings.Contains(line, "null") && !strings.Contains(line, `"witness": null`), line)
		}
	}
	var empty map[string]any
	require.NoError(t, json.Unmarshal(JSON(result.Result{}), &empty))
	require.Equal(t, []any{}, empty["variants"])
}

func TestJSONDoesNotChangeTheResult(t *testing.T) {
	r := inconclusiveRun().Result
	JSON(r)
	require.Nil(t, r.Variants[0].Metrics)
	require.Nil(t, r.Variants[0].Claims[0].Anomalies)
}

func TestParseJSONRefuses(t *testing.T) {
	for text, complaint := range map[string]string{
		"":                          "no result.json",
		"{":                         "no result.json",
		"[]":                        "no result.json",
		`{"version": 1} {}`:         "follows",
		`{"version": 2}`:            "version 2",
		`{"scenario": "x"}`:         "version 0",
		`{"version": 1, "variants"`: "no result.json",
	} {
		_, err := ParseJSON([]byte(text))
		require.ErrorContains(t, err, complaint, text)
	}
}

type junitRead struct {
	Tests    int `xml:"tests,attr"`
	Failures int `xml:"failures,attr"`
	Errors   int `xml:"errors,attr"`
	Skipped  int `xml:"skipped,attr"`
	Suites   []struct {
		Name  string `xml:"name,attr"`
		Tests int    `xml:"tests,attr"`
		Cases []struct {
			Name    string `xml:"name,attr"`
			Time    string `xml:"time,attr"`
			Failure *struct {
				Type string `xml:"type,attr"`
			} `xml:"failure"`
			Error *struct {
				Type string `xml:"type,attr"`
			} `xml:"error"`
			Skipped *struct {
				Message string `xml:"message,attr"`
			} `xml:"skipped"`
			Out string `xml:"system-out"`
		} `xml:"testcase"`
	} `xml:"testsuite"`
}

func TestJUnitSaysWhatTheResultSays(t *testing.T) {
	for name, run := range fixtures() {
		var read junitRead
		require.NoError(t, xml.Unmarshal(JUnit(run), &read), name)
		tests, failures, problems := 0, 0, 0
		for i, suite := range read.Suites {
			require.Len(t, suite.Cases, suite.Tests)
			tests += suite.Tests
			for j, c := range suite.Cases {
				if c.Failure != nil {
					failures++
				}
				if c.Error != nil {
					problems++
				}
				if i >= len(run.Result.Variants) || j >= len(run.Result.Variants[i].Claims) {
					continue
				}
				claim := run.Result.Variants[i].Claims[j]
				require.Equal(t, claim.Name, c.Name)
				require.Equal(t, "0", c.Time, "some readers need one")
				require.Equal(t, !claim.Exercised && claim.Outcome == "expected", c.Skipped != nil, "only a real pass passes")
				require.Equal(t, claim.Outcome == "unexpected", c.Failure != nil)
				require.Equal(t, claim.Outcome == "inconclusive", c.Error != nil)
				if claim.FirstViolating != "" {
					require.Contains(t, c.Out, ReplayCommand(".", run.Result.Variants[i].Name, parseSeed(claim.FirstViolating)))
				}
			}
		}
		require.Equal(t, []int{tests, failures, problems}, []int{read.Tests, read.Failures, read.Errors}, name)
		require.Equal(t, run.Result.Outcome == result.Expected, failures+problems == 0, name)
	}
}

// checkMarkup reads the page as strict markup: every tag but the void ones is closed.
func checkMarkup(t *testing.T, page []byte) (ids, links []string, text string) {
	t.Helper()
	decoder := xml.NewDecoder(bytes.NewReader(page))
	decoder.Entity = xml.HTMLEntity
	var words strings.Builder
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return ids, links, words.String()
		}
		require.NoError(t, err)
		switch token := token.(type) {
		case xml.StartElement:
			require.NotContains(t, []string{"script", "link", "img", "iframe"}, token.Name.Local)
			for _, a := range token.Attr {
				switch a.Name.Local {
				case "id":
					ids = append(ids, a.Value)
				case "href":
					links = append(links, a.Value)
				}
				if a.Name.Local != "xmlns" { // a name, never fetched
					require.NotContains(t, a.Value, "http")
				}
			}
		case xml.CharData:
			words.Write(token)
		}
	}
}

func TestPageIsWellFormedAndItsLinksLead(t *testing.T) {
	for name, run := range fixtures() {
		html := HTML(run)
		html = bytes.Replace(html, []byte("<!DOCTYPE html>"), nil, 1)
		// The policy against everything foreign is the one place where http stands.
		html = bytes.Replace(html, []byte("http-equiv="), []byte("policy="), 1)
		ids, links, text := checkMarkup(t, html)
		sorted := slices.Clone(ids)
		slices.Sort(sorted)
		require.Equal(t, len(ids), len(slices.Compact(sorted)), "%s: an id stands twice", name)
		var files []string
		for _, file := range Files(run, nil, nil) {
			files = append(files, file.Name)
		}
		stories := 0
		for _, link := range links {
			if id, within := strings.CutPrefix(link, "#"); within {
				require.Contains(t, ids, id, name)
				stories++
			} else {
				require.Contains(t, files, link, name)
			}
		}
		require.Equal(t, len(counterexamples(run.Result)), stories, name)
		require.Contains(t, text, verdictLine(run.Result))
		if replay := ReplayFailure(run.Result, "."); replay != "" {
			require.Less(t, strings.Index(text, replay), strings.Index(text, "Verdicts"), "the replay command stands first")
		}
	}
}

func TestHostileTextStaysText(t *testing.T) {
	run := fixtures()["unexpected"]
	for _, page := range [][]byte{HTML(run), Markdown(run)} {
		require.NotContains(t, string(page), "<script")
		require.NotContains(t, string(page), "</pre><script")
		require.Contains(t, string(page), "注文")
	}
	for _, line := range strings.Split(string(Markdown(run)), "\n") {
		if strings.HasPrefix(line, "| ") {
			unescaped := strings.ReplaceAll(line, `\|`, "")
			require.Contains(t, []int{4, 6, 7, 8}, strings.Count(unescaped, "|"), line)
		}
	}
}

func TestPageOfManySeedsIsSmall(t *testing.T) {
	require.Less(t, len(HTML(manySeeds())), 256<<10)
}

// TestFullestPageStaysSmall: whatever was found, a page stays below 2 MiB, tells
// every violation, and is rendered while one waits.
func TestFullestPageStaysSmall(t *testing.T) {
	run := fullest()
	begun := time.Now()
	html := HTML(run)
	took := time.Since(begun)
	require.Less(t, took, 2*time.Second)
	require.Less(t, len(html), 2<<20)
	require.Greater(t, len(html), 1<<20, "the budgets are used")
	require.Equal(t, 48, bytes.Count(html, []byte(`<article id="story-`)))
	require.Equal(t, 48, bytes.Count(html, []byte(`<ol class="told">`)), "what is not drawn is told")
	summary := Markdown(run)
	require.Less(t, len(summary), 1<<20, "a job's summary has a limit of 1 MiB")
	for _, diagram := range strings.Split(string(summary), "```mermaid\n")[1:] {
		diagram, _, _ = strings.Cut(diagram, "```")
		require.Less(t, len(diagram), 50_000, "Mermaid draws no more")
	}
	t.Logf("report.html: %d KiB in %s; summary.md: %d KiB", len(html)>>10, took, len(summary)>>10)
}

func TestReplayCommand(t *testing.T) {
	require.Equal(t, "assay replay . --seed 0xc0ffee", ReplayCommand(".", "base", 0xc0ffee))
	require.Equal(t, "assay replay 'my runs/it'\\''s' --seed 0xffffffffffffffff --variant v2", ReplayCommand("my runs/it's", "v2", 1<<64-1))
	require.Equal(t, "assay replay '' --seed 0x0", ReplayCommand("", "", 0))
	require.Equal(t, "assay replay 'a b' --seed 0x0", ReplayCommand("a b", "", 0))
}

func TestQuantities(t *testing.T) {
	for ns, want := range map[int64]string{0: "0 ns", 999: "999 ns", 1000: "1 us", 12_500_000: "12.5 ms", 100e9: "100 s", 1_204_000_001: "1.204 s", -2e9: "-2 s", 50_001_000: "50.001 ms"} {
		require.Equal(t, want, span(ns))
	}
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1234567: "-1,234,567"} {
		require.Equal(t, want, grouped(n))
	}
	require.Equal(t, "10.301123 s", fineInstant(10_301_123_456))
	require.Equal(t, "never", fineInstant(-1))
	require.Equal(t, "0.001 s", instant(1_999_999))
	require.Equal(t, "", offsets(nil))
	require.Equal(t, "offset 7", offsets([]int64{7}))
	require.Equal(t, "offsets 1, 2 and 3", offsets([]int64{1, 2, 3}))
	require.Equal(t, "offsets 1, 2, 3, 4, 5, 6, 7, 8 and 1 more", offsets([]int64{1, 2, 3, 4, 5, 6, 7, 8, 9}))
}

func TestTimelineBarsDoNotOverlap(t *testing.T) {
	figure, ok := drawTimeline("x", "t", 0, 62e9, 32e9, someFaults(), duplicate().Witness.Operations)
	require.True(t, ok)
	require.Equal(t, "web-0", figure.Lanes[0].Name)
	for _, lane := range figure.Lanes {
		for i, a := range lane.Bars {
			require.GreaterOrEqual(t, a.X, figure.Left)
			require.LessOrEqual(t, a.X+a.Width, figure.Right)
			require.LessOrEqual(t, a.Y+a.Height, lane.Top+lane.Height)
			for _, b := range lane.Bars[i+1:] {
				require.True(t, a.Y != b.Y || a.to <= b.from || b.to <= a.from, "%s covers %s", a.Label, b.Label)
			}
		}
	}
	_, ok = drawTimeline("x", "t", 0, 0, 0, nil, nil)
	require.False(t, ok)
	_, ok = drawTimeline("x", "t", 0, 10, 0, nil, nil)
	require.False(t, ok)
}

func TestTicksAreRoundAndFew(t *testing.T) {
	for _, length := range []int64{1, 999, 5_000, 1e6, 3e6, 1e9, 62e9, 3600e9} {
		ticks := scale{from: 17, to: 17 + length, left: 0, right: 100}.ticks()
		require.LessOrEqual(t, len(ticks), 11)
		if length >= 5_000 {
			require.GreaterOrEqual(t, len(ticks), 3)
		}
	}
	require.Equal(t, "20 s", scale{from: 15e9, to: 70e9, left: 0, right: 100}.ticks()[0].Label)
}
