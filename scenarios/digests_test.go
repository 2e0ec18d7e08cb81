package scenarios_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"assay/scenarios"
	"assay/scenarios/campaign"
	"assay/scenarios/format"
)

var update = flag.Bool("update", false, "rewrite testdata/digests.golden")

const (
	digestsFile = "testdata/digests.golden"
	// digestSeeds of each variant are enough to see that behaviour has changed.
	digestSeeds = 2
)

// TestDigests compares what runs do, event for event, with what they did when
// the golden file was written. A change of behaviour is not wrong, but it must
// not go unseen: rewrite the file with -update, and say in the commit why.
func TestDigests(t *testing.T) {
	var now []string
	for _, name := range append(scenarios.Names(), "../testdata/hunts/safe.yaml") {
		now = append(now, digestsOf(t, name)...)
	}
	if *update {
		require.NoError(t, os.WriteFile(digestsFile, []byte(strings.Join(now, "\n")+"\n"), 0o666))
		return
	}
	text, err := os.ReadFile(digestsFile)
	require.NoError(t, err)
	golden := map[string]string{}
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		run, digest, _ := cutLast(line)
		golden[run] = digest
	}
	for _, line := range now {
		run, digest, _ := cutLast(line)
		if before, known := golden[run]; !known {
			t.Errorf("%s has no golden digest", run)
		} else if before != digest {
			t.Errorf("%s behaves differently: digest %s, and it was %s", run, digest, before)
		}
		delete(golden, run)
	}
	for run := range golden { // order-free: each is reported
		t.Errorf("%s has a golden digest, but does not run any more", run)
	}
}

func cutLast(line string) (before, last string, found bool) {
	at := strings.LastIndexByte(line, ' ')
	if at < 0 {
		return line, "", false
	}
	return line[:at], line[at+1:], true
}

// digestsOf are lines of scenario, variant, seed and digest.
func digestsOf(t *testing.T, name string) []string {
	t.Helper()
	c := campaign.New(load(t, name))
	for i := range c.Variants {
		seeds := c.Variants[i].Scenario.Seeds.All()
		c.Variants[i].Scenario.Seeds = format.Seeds{List: seeds[:min(len(seeds), digestSeeds)]}
	}
	played, _, err := c.Run(context.Background(), campaign.Options{})
	require.NoError(t, err)
	var lines []string
	for _, v := range played.Variants {
		for _, seed := range v.Seeds {
			lines = append(lines, fmt.Sprintf("%s %s %s %s", strings.TrimPrefix(name, "../"), v.Name, seed, v.Digests[seed]))
		}
	}
	return lines
}

// load reads a shipped scenario by its name, or one of testdata by its path.
func load(t *testing.T, name string) *format.File {
	t.Helper()
	source, err := scenarios.Find(name)
	require.NoError(t, err)
	file, diagnostics := format.Load(source, format.Options{})
	require.NotNil(t, file, diagnostics.String())
	return file
}
