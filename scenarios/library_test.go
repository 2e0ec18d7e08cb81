package scenarios

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"assay/scenarios/format"
)

// Every shipped scenario loads without an error, and without a warning either.
// TestShippedScenariosLoad: without a warning, but for those that an exhibit is about.
func TestShippedScenariosLoad(t *testing.T) {
	exhibits := map[string]string{"museum/reset-latest-skip": "starts at latest", "museum/static-no-fence": "each fences the other"}
	require.Contains(t, Names(), "orders-at-least-once")
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			source, err := Find(name)
			require.NoError(t, err)
			file, diagnostics := format.Load(source, format.Options{})
			require.NotNil(t, file, diagnostics.String())
			for _, d := range diagnostics {
				if d.Severity == format.Warning && d.Variant != "" {
					continue // a variant may show what a danger comes to
				}
				if about := exhibits[name]; about != "" && d.Severity == format.Warning && strings.Contains(d.Message, about) {
					continue
				}
				require.Equal(t, format.Note, d.Severity, d.String())
			}
			require.Equal(t, filepath.Base(name), file.Base.Name)
			require.NotEmpty(t, file.Base.About)
			for _, p := range file.Base.Workload.Producers {
				if p.Value.File != "" {
					text, err := file.ReadData(p.Value.File)
					require.NoError(t, err)
					require.NotEmpty(t, text)
				}
			}
		})
	}
}

func TestOrdersAtLeastOnceIsWhatItsPageSays(t *testing.T) {
	source, err := Find("orders-at-least-once")
	require.NoError(t, err)
	file, diagnostics := format.Load(source, format.Options{})
	require.NotNil(t, file, diagnostics.String())
	variants := file.Expand()
	require.Len(t, variants, 2)
	require.Equal(t, "base", variants[0].Name)
	require.Equal(t, "idempotent", variants[1].Name)
	base := variants[0].Scenario
	require.GreaterOrEqual(t, len(base.Seeds.All()), 20)
	require.GreaterOrEqual(t, (base.Workload.LoadEnd() + base.Workload.Drain).Seconds(), 30.0)
	require.False(t, base.Workload.Producers[0].Settings().Bool("enable.idempotence"))
	require.True(t, variants[1].Scenario.Workload.Producers[0].Settings().Bool("enable.idempotence"))
	require.Equal(t, format.Violated, expectOf(base, "no-duplicates"))
	require.Equal(t, format.Holds, expectOf(variants[1].Scenario, "no-duplicates"))
	require.Equal(t, format.Holds, expectOf(variants[1].Scenario, "no-loss"))
}

func expectOf(s format.Scenario, claim string) format.Verdict {
	for _, c := range s.Claims {
		if c.Name == claim {
			return c.Expect
		}
	}
	return ""
}

func TestFindPrefersFilesAndSuggestsNames(t *testing.T) {
	t.Chdir(t.TempDir())
	source, err := Find("acks-1")
	require.NoError(t, err)
	require.Equal(t, "acks-1.yaml", source.Name)

	require.NoError(t, os.Mkdir("mine", 0o777))
	require.NoError(t, os.WriteFile("mine/acks-1.yaml", []byte("version: 1\n"), 0o666))
	require.NoError(t, os.WriteFile("mine/lines.txt", []byte("one\n"), 0o666))
	source, err = Find("mine/acks-1.yaml")
	require.NoError(t, err)
	require.Equal(t, "version: 1\n", string(source.Text))
	text, err := fs.ReadFile(source.Data, source.Dir+"/lines.txt")
	require.NoError(t, err)
	require.Equal(t, "one\n", string(text))

	_, err = Find("order-at-least-once")
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "did you mean orders-at-least-once?")
	_, err = Find("mine")
	require.ErrorContains(t, err, "is a folder")
}

func TestListTellsWhatEachTeaches(t *testing.T) {
	list := List()
	require.Len(t, list, len(Names()))
	for _, entry := range list {
		require.NotEmpty(t, entry.About, entry.Name)
	}
}

// Exhibits of the museum are found by their own name, too, unless a scenario
// outside of it has that name.
func TestFindTakesShortNames(t *testing.T) {
	names := Names()
	for _, name := range names {
		source, err := Find(filepath.Base(name))
		require.NoError(t, err)
		if outside := filepath.Base(name); slices.Contains(names, outside) {
			name = outside
		}
		require.Equal(t, name+".yaml", source.Name)
	}
}
