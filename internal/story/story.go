// Package story runs protocol stories in tests: text files of commands with what
// they did behind them, rewritten by -update and read before they are committed.
package story

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite what the stories tell; read it before committing")

// Play tells every file of the pattern anew, in a subtest of its name, and
// compares that with what the file says.
func Play(t *testing.T, pattern string, retell func(t *testing.T, content string) string) {
	files, err := filepath.Glob(pattern)
	require.NoError(t, err)
	require.NotEmpty(t, files, "no stories are %s", pattern)
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(strings.TrimSuffix(name, filepath.Ext(name)), func(t *testing.T) {
			told, err := os.ReadFile(file)
			require.NoError(t, err)
			retold := retell(t, string(told))
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(retold), 0o644))
				return
			}
			require.Equal(t, string(told), retold)
		})
	}
}

// Blocks goes through a story of blocks that empty lines part: commands, "----",
// what they did. It runs each command line and writes the output, which lacks the
// last line's end, behind the dashes. A block of comments alone stays as it is.
func Blocks(content string, run func(words []string) (output string)) string {
	var told []string
	for block := range strings.SplitSeq(strings.TrimSpace(content), "\n\n") {
		commands, _, _ := strings.Cut(block, "\n----")
		output, silent := "", true
		for line := range strings.Lines(commands) {
			if !strings.HasPrefix(line, "#") {
				silent = false
				output += run(strings.Fields(line))
			}
		}
		if !silent {
			commands += "\n----\n" + output
		}
		told = append(told, strings.TrimSuffix(commands, "\n"))
	}
	return strings.Join(told, "\n\n") + "\n"
}

// Twice is for stories of one script, "----" and what it tells. It tells them
// twice: the same both times, or they depend on more than the script.
func Twice(t *testing.T, content string, tell func(t *testing.T, script string) string) string {
	script, _, _ := strings.Cut(content, "----\n")
	told := tell(t, script)
	require.Equal(t, told, tell(t, script), "the same story twice")
	return script + "----\n" + told
}
