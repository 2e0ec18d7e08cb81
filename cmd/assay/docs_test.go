package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// inText finds command lines: indented ones, and those between backticks.
var inText = regexp.MustCompile("(?m)^    (?:.*&& )?(?:\\./)?assay ([a-z].*)$|`(?:\\./)?assay ([a-z][^`]*)`")

// TestDocumentedCommands: every command line in the documentation parses, and
// what it lists, explains or runs is there. NAME, KIND and the like, and files
// that the reader is to write, stand for others.
func TestDocumentedCommands(t *testing.T) {
	t.Chdir("../..")
	pages, err := filepath.Glob("docs/*.md")
	require.NoError(t, err)
	found := 0
	for _, page := range append(pages, "README.md", "CONTRIBUTING.md") {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, match := range inText.FindAllStringSubmatch(string(text), -1) {
			found++
			requireCommand(t, page, commandWords(match[1]+match[2]))
		}
	}
	require.Greater(t, found, 20)
}

// commandWords splits a command line as a shell does, without its comment.
func commandWords(line string) []string {
	line, _, _ = strings.Cut(line, " #")
	var words []string
	for i, piece := range strings.Split(line, "'") {
		if i%2 == 1 {
			words = append(words, piece)
		} else {
			words = append(words, strings.Fields(piece)...)
		}
	}
	return words
}

func requireCommand(t *testing.T, page string, words []string) {
	root := rootCommand(streams{io.Discard, io.Discard})
	command, rest, err := root.Find(words)
	require.NoError(t, err, "%s: assay %q", page, words)
	require.NotSame(t, root, command, "%s: assay %q", page, words)
	require.NoError(t, command.ParseFlags(rest), "%s: assay %q", page, words)

	names := command.Flags().Args()
	example := func(name string) bool {
		return name == "mine.yaml" || strings.HasPrefix(name, "runs/") || name == "." || strings.ToLower(name) != name
	}
	if len(names) == 0 || slices.ContainsFunc(names, example) {
		return
	}
	switch command.Name() {
	case "list", "explain":
	case "run", "hunt":
		words = append([]string{"check"}, names...)
	default:
		return
	}
	require.Equal(t, exitExpected, assay(context.Background(), words, io.Discard, io.Discard), "%s: assay %q", page, words)
}

// TestReadmeShowsWhatIsPrinted: the first thing a reader tries prints what the
// README says, line by line; "..." stands for lines left out.
func TestReadmeShowsWhatIsPrinted(t *testing.T) {
	t.Chdir("../..")
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, block, found := strings.Cut(string(readme), "```\norders-at-least-once\n")
	require.True(t, found)
	block, _, _ = strings.Cut(block, "```")

	var printed strings.Builder
	args := []string{"run", "scenarios/orders-at-least-once.yaml", "-o", filepath.Join(t.TempDir(), "run")}
	require.Equal(t, exitExpected, assay(context.Background(), args, &printed, io.Discard))
	rest := printed.String()
	for line := range strings.Lines(block) {
		if strings.TrimSpace(line) == "..." || line == "\n" {
			continue
		}
		_, after, found := strings.Cut(rest, line)
		require.True(t, found, "%q does not come in:\n%s", line, rest)
		rest = after
	}
}
