package scenarios_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"assay/scenarios/format"
)

// TestDocumentedScenarioLoads: what the documentation shows is a scenario
// without errors.
func TestDocumentedScenarioLoads(t *testing.T) {
	text, err := os.ReadFile("../docs/scenario-format.md")
	require.NoError(t, err)
	found := 0
	for i, block := range strings.Split(string(text), "```yaml\n") {
		if i == 0 {
			continue
		}
		found++
		block, _, _ = strings.Cut(block, "```")
		file, diagnostics := format.Load(format.Source{Name: "docs.yaml", Text: []byte(block)}, format.Options{})
		require.NotNil(t, file, diagnostics.String())
	}
	require.Positive(t, found)
}
