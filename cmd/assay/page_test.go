package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/reports"
	"assay/scenarios/result"
)

// TestPageInABrowser: what a browser makes of a run's report.html says what its
// result.json says, with scripts and without, asks the network for nothing and
// has no complaint.
func TestPageInABrowser(t *testing.T) {
	b := openBrowser(t)
	for _, c := range []struct {
		scenario, seeds string
		code            int
	}{
		{"testdata/lossy.yaml", "1-2", exitUnexpected},
		{"consumer-restart", "0xc0257-0xc0258", exitExpected}, // several stories
		{"tolerance", "0x702", exitExpected},                  // variants run down
		{"testdata/swept.yaml", "1", exitExpected},            // points of a sweep are folded
	} {
		t.Run(c.scenario, func(t *testing.T) {
			folder := filepath.Join(t.TempDir(), "run")
			told := played(t, c.code, "run", c.scenario, "--seeds", c.seeds, "--out", folder, "--progress", "none")
			written, err := os.ReadFile(filepath.Join(folder, reports.ResultFile))
			require.NoError(t, err)
			parsed, err := reports.ParseJSON(written)
			require.NoError(t, err)

			shown := b.show(t, filepath.Join(folder, reports.PageFile))
			requirePage(t, shown.dom, parsed, told)
			require.Empty(t, shown.console)
			require.Empty(t, shown.requests)
			source, err := os.ReadFile(filepath.Join(folder, reports.PageFile))
			require.NoError(t, err)
			require.Equal(t, readPage(t, string(source)), readPage(t, shown.dom), "no script had a part in it")
		})
	}
}

// TestBrowserTells: the test above would see a request, a complaint and a script's
// work; and no script would have worked in the page, since its policy forbids all.
func TestBrowserTells(t *testing.T) {
	b := openBrowser(t)
	page := filepath.Join(t.TempDir(), "page.html")
	const content = `<p id="p">as written</p><table class="matrix"><tr><th>Claim</th></tr></table><img src="http://elsewhere.test/picture.png"/>
<script>console.error("a complaint"); document.getElementById("p").textContent = "as a script has it"</script>`
	require.NoError(t, os.WriteFile(page, []byte(content), 0o666))
	shown := b.show(t, page)
	require.Contains(t, shown.requests, "http://elsewhere.test/picture.png")
	require.Contains(t, strings.Join(shown.console, "\n"), "a complaint")
	require.Equal(t, "as a script has it", readPage(t, shown.dom).verdict)

	policy := regexp.MustCompile(`<meta http-equiv="Content-Security-Policy"[^>]*>`).Find(reports.HTML(reports.Run{}))
	require.NotEmpty(t, policy)
	require.NoError(t, os.WriteFile(page, append(policy, content...), 0o666))
	shown = b.show(t, page)
	require.Empty(t, shown.requests)
	require.Equal(t, "as written", readPage(t, shown.dom).verdict)
}

// browser is a headless Chromium behind a proxy that notes what it is asked for.
type browser struct {
	program string
	proxy   *httptest.Server

	mutex    sync.Mutex
	requests []string
}

// shown is what a browser made of a page.
type shown struct {
	dom      string
	console  []string // what it complained of
	requests []string
}

func openBrowser(t *testing.T) *browser {
	t.Helper()
	b := &browser{}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if program, err := exec.LookPath(name); err == nil {
			b.program = program
			break
		}
	}
	if b.program == "" {
		t.Skip("NO BROWSER: report.html was not looked at; install chromium (apt-get install chromium)")
	}
	b.proxy = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mutex.Lock()
		defer b.mutex.Unlock()
		b.requests = append(b.requests, r.RequestURI)
		http.NotFound(w, r)
	}))
	t.Cleanup(b.proxy.Close)
	return b
}

// ownHosts are what the browser asks by itself.
var ownHosts = []string{"update.googleapis.com", "clients2.google.com", "accounts.google.com", "optimizationguide-pa.googleapis.com", "www.google.com",
	"content-autofill.googleapis.com", "safebrowsingohttpgateway.googleapis.com", "redirector.gvt1.com", "android.clients.google.com"}

// open runs the browser on a page until it is there.
func (b *browser) open(t *testing.T, page string, flags ...string) (stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, b.program, slices.Concat([]string{"--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-default-apps", "--disable-sync", "--disable-domain-reliability", "--disable-extensions", "--disable-features=OptimizationHints,MediaRouter",
		"--user-data-dir=" + t.TempDir(), "--proxy-server=" + b.proxy.URL, "--proxy-bypass-list=<-loopback>",
		"--enable-logging=stderr", "--log-level=0"}, flags, []string{"file://" + page})...)
	var out, complaints bytes.Buffer
	command.Stdout, command.Stderr = &out, &complaints
	require.NoError(t, command.Run(), complaints.String())
	return out.String(), complaints.String()
}

// show is a page as a browser has it after its scripts have run.
func (b *browser) show(t *testing.T, page string) shown {
	t.Helper()
	b.mutex.Lock()
	b.requests = nil
	b.mutex.Unlock()
	dom, complaints := b.open(t, page, "--dump-dom")
	require.NotEmpty(t, dom, complaints)
	found := shown{dom: dom}
	for line := range strings.Lines(complaints) {
		if strings.Contains(line, "CONSOLE") {
			found.console = append(found.console, line)
		}
	}
	b.mutex.Lock()
	defer b.mutex.Unlock()
	for _, request := range b.requests {
		if !slices.ContainsFunc(ownHosts, func(host string) bool { return strings.HasPrefix(strings.TrimPrefix(request, "http://"), host) }) {
			found.requests = append(found.requests, request)
		}
	}
	return found
}

// requirePage: verdict line (the terminal's), every cell of the matrix and every
// story's sentence and advice.
func requirePage(t *testing.T, dom string, played result.Result, told string) {
	t.Helper()
	page := readPage(t, dom)
	require.Regexp(t, "(?i)^(as )?"+string(played.Outcome), page.verdict)
	require.Contains(t, unwrapped(told), page.verdict)
	require.Less(t, strings.Index(page.text, "assay replay . --seed 0x"), strings.Index(page.text, "Verdicts"), "the replay command stands first")
	inCells := 0
	for _, v := range played.Variants {
		for _, c := range v.Claims {
			if cell, is := page.cells[[2]string{v.Name, c.Name}]; is {
				inCells++
				require.Contains(t, cell, c.Verdict)
				require.Contains(t, cell, fmt.Sprintf("%d of %d seed", c.Violating, len(v.Seeds)))
				require.Contains(t, cell, "expected: "+c.Expect)
			} else { // only what has nothing to tell has no cell
				require.Equal(t, []string{"holds", "expected"}, []string{c.Verdict, c.Outcome})
				require.Contains(t, page.text, strings.ReplaceAll(v.Name, ",", ", "), "a line of the sweep's table")
			}
			if c.Witness != nil {
				require.Contains(t, page.text, unwrapped(c.Witness.Sentence))
				require.Contains(t, page.text, c.FirstViolating)
				for _, text := range c.Witness.Advice {
					require.Contains(t, page.text, unwrapped(text))
				}
			}
		}
	}
	require.Len(t, page.cells, inCells, "the page has no cell but these")
	require.NotZero(t, inCells)
}

// pageText is what a page says: all its text, and the cells of its matrix by
// variant and claim.
type pageText struct {
	text, verdict string
	cells         map[[2]string]string
}

func readPage(t *testing.T, dom string) pageText {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(dom))
	decoder.Strict, decoder.AutoClose, decoder.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	var all, cell strings.Builder
	var rows [][]string
	inMatrix := false
	page := pageText{cells: map[[2]string]string{}}
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		switch token := token.(type) {
		case xml.StartElement:
			switch token.Name.Local {
			case "table":
				inMatrix = slices.ContainsFunc(token.Attr, func(a xml.Attr) bool { return a.Name.Local == "class" && a.Value == "matrix" })
			case "tr":
				if inMatrix {
					rows = append(rows, nil)
				}
			case "th", "td", "p":
				cell.Reset()
			case "style", "script", "desc", "title": // for machines, and for who cannot see
				require.NoError(t, decoder.Skip())
			}
		case xml.EndElement:
			switch token.Name.Local {
			case "table":
				inMatrix = false
			case "th", "td":
				if inMatrix {
					rows[len(rows)-1] = append(rows[len(rows)-1], unwrapped(cell.String()))
				}
			case "p": // the first one is the verdict
				page.verdict = cmp.Or(page.verdict, unwrapped(cell.String()))
			}
		case xml.CharData:
			all.Write(token)
			cell.Write(token)
		}
	}
	page.text = unwrapped(all.String())
	require.NotEmpty(t, rows)
	for _, row := range rows[1:] {
		require.Len(t, row, len(rows[0]))
		for i, text := range row[1:] {
			variant, claim := rows[0][i+1], row[0]
			if rows[0][0] == "Variant" {
				variant, claim = claim, variant
			}
			if text != "not claimed" {
				page.cells[[2]string{variant, claim}] = text
			}
		}
	}
	return page
}
