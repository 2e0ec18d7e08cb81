package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// The escapes are those of GitHub's toolkit: nothing in a message or a name ends
// the command or begins another.
func TestAnnotationsAreEscaped(t *testing.T) {
	require.Equal(t, "::error file=a%2Cb%3Ac.yaml,title=50%25::two%0Alines, 100%25: ::error",
		command("error", "two\nlines, 100%: ::error", "file", "a,b:c.yaml", "title", "50%"))
	require.Equal(t, "::notice::says", command("notice", "says"))
}

// A summary goes behind what other steps have written, and never beyond what
// GitHub takes: one that is too large would be dropped as a whole.
func TestStepSummaryHasItsLimit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "summary.md")
	t.Setenv("GITHUB_STEP_SUMMARY", path)
	require.NoError(t, appendStepSummary([]byte("# one\n")))
	require.NoError(t, appendStepSummary([]byte("# two\n")))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "# one\n\n# two\n\n", string(text))

	long := strings.Repeat("ein großes Wort\n", 100_000)
	require.NoError(t, appendStepSummary([]byte(long)))
	text, err = os.ReadFile(path)
	require.NoError(t, err)
	require.LessOrEqual(t, len(text), mostOfSummary)
	require.Greater(t, len(text), mostOfSummary-200)
	require.True(t, utf8.Valid(text))
	require.Contains(t, string(text), "cut here")
	require.NoError(t, appendStepSummary([]byte(long)))
	t.Setenv("GITHUB_STEP_SUMMARY", "")
	require.NoError(t, appendStepSummary([]byte("nobody asks")))
}
