package format

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"assay/internal/kafkaconfig"
)

// The tables of the page are those of the code.
func TestThePageHasTheProfiles(t *testing.T) {
	page, err := os.ReadFile("../../docs/scenario-format.md")
	require.NoError(t, err)
	for _, p := range Profiles {
		require.Contains(t, string(page), fmt.Sprintf("| `%s` | %s |\n", p.Name, p.About))
	}
	rows := map[string]bool{}
	for _, profile := range kafkaconfig.Profiles {
		for _, each := range profile.Defaults {
			row := fmt.Sprintf("| %s `%s` |", each.Kind, each.Key)
			for _, other := range kafkaconfig.Profiles {
				settings, _ := kafkaconfig.ResolveAs(other.Name, each.Kind, nil)
				row += fmt.Sprintf(" %s |", settings.Text(each.Key))
			}
			rows[row] = true
		}
	}
	require.Greater(t, len(rows), 20)
	for row := range rows {
		require.Contains(t, string(page), row+"\n")
	}
}
