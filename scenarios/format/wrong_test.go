package format

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files anew; read them before committing")

// loadFile loads a file of testdata as the command line would.
func loadFile(t *testing.T, name string, set ...string) (*File, Diagnostics) {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	source := Source{Name: filepath.Base(name), Text: text, Data: os.DirFS("testdata"), Dir: filepath.Base(filepath.Dir(name))}
	return Load(source, Options{Set: set, Events: []string{"high_watermark", "leader_elected"}})
}

func requireGolden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(name, []byte(got), 0o666))
	}
	want, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

// Each wrong file has its golden messages: all of them at once, with positions.
func TestWrongFiles(t *testing.T) {
	names, err := filepath.Glob("testdata/wrong/*.yaml")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(names), 50)
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			file, diagnostics := loadFile(t, name)
			require.NotEmpty(t, diagnostics)
			require.Equal(t, diagnostics.Failed(), file == nil)
			for _, d := range diagnostics {
				require.Positive(t, d.Line, d.String())
				require.Positive(t, d.Column, d.String())
				if !strings.Contains(d.File, "/") { // of a file that it extends
					require.Equal(t, filepath.Base(name), d.File)
				}
			}
			requireGolden(t, strings.TrimSuffix(name, ".yaml")+".golden", diagnostics.String())
		})
	}
}
