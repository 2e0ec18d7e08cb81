package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// pages are all documents of the repository, from its root.
func pages(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, pattern := range []string{"*.md", "docs/*.md", "scenarios/*/README.md", "testdata/*/README.md"} {
		matches, err := filepath.Glob(filepath.Join(repository(t), pattern))
		require.NoError(t, err)
		found = append(found, matches...)
	}
	require.Greater(t, len(found), 15)
	return found
}

func repository(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	return root
}

// shortened are flags that are added to a documented command, so that the
// commands of all pages take seconds: the last of two equal flags counts.
var shortened = map[string]string{"hunt": "--count 2", "bench": "--count 1", "shrink": "--budget 60"}

// placeholders are what documented commands leave to the reader.
var placeholders = strings.NewReplacer("museum/NAME", "museum/hw-truncate-loss", "BUDGET", "survivable")

// elsewhere are commands that the documentation shows and this test does not
// run, by how they begin, and why.
var elsewhere = []struct{ begins, why string }{
	{"go build ", "this test's own program stands for what it builds"},
	{"go install ", "this test's own program stands for what it builds"},
	{"go test ", "the tests themselves"},
	{"bash .ci/run", "runs this test"},
	{"assay serve ", "serves until it is stopped: TestServe runs it"},
	{"./assay serve ", "serves until it is stopped: TestServe runs it"},
	{"kafka-", "tools of Apache Kafka"},
}

// TestDocumentedCommands runs the commands of each page in their order, in a
// folder of the page's own: those of an indented block, which must end with 0,
// and those of a console block after "$ ", which may be followed by lines that
// they print ("..." for lines left out) and by "$ echo $?" with another exit code. A
// yaml block that begins with "# NAME.yaml" is written to that file; a comment
// <!-- before: COMMAND --> is run as well, for what a reader has and this test
// has not. -update rewrites the numbers in quoted lines, and the pictures.
func TestDocumentedCommands(t *testing.T) {
	if testing.Short() {
		t.Skip("runs some fifty commands")
	}
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("SKIPPED: the documented commands need a POSIX shell")
	}
	ran := 0
	for _, page := range pages(t) {
		t.Run(filepath.Base(page), func(t *testing.T) {
			text, err := os.ReadFile(page)
			require.NoError(t, err)
			s := session{folder: t.TempDir(), page: page, text: string(text)}
			s.furnish(t)
			for _, step := range stepsOf(s.text) {
				s.play(t, step)
			}
			ran += s.ran
			if filepath.Base(page) == "tutorial.md" {
				comparePictures(t, page, s.folder)
			}
			if *update && s.text != string(text) {
				require.NoError(t, os.WriteFile(page, []byte(s.text), 0o666))
			}
		})
	}
	if !t.Failed() && wholeTest() {
		require.Greater(t, ran, 50)
	}
}

// wholeTest is false where -run asks for single pages.
func wholeTest() bool { return !strings.Contains(flag.Lookup("test.run").Value.String(), "/") }

// step is one command with what the page says of it, or a file to write.
type step struct {
	command string
	quoted  []string // lines of its output; nil: none shown
	fails   string   // the exit code that is shown; empty for 0
	file    string   // instead of a command: write text to it
	text    string
}

var (
	fenced    = regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```$|^((?:    [^\n]*\n)+)|^<!-- before: ([^\n]*) -->$")
	namedYAML = regexp.MustCompile(`^# (\S+\.yaml)\n`)
	// inPipelines are the lines of other tools' files that run assay.
	inPipelines = regexp.MustCompile(`^\s*(?:- (?:run: )?|sh ')(assay [^']*(?:'[^']*'[^']*)*?)'?$`)
)

func stepsOf(page string) []step {
	var steps []step
	for _, match := range fenced.FindAllStringSubmatch(page, -1) {
		language, body, indented, before := match[1], match[2], match[3], match[4]
		switch {
		case before != "":
			steps = append(steps, step{command: before})
		case indented != "":
			for line := range strings.Lines(indented) {
				steps = append(steps, commandIn(strings.TrimSpace(line))...)
			}
		case language == "console":
			steps = append(steps, consoleSteps(body)...)
		case language == "yaml" && namedYAML.MatchString(body):
			steps = append(steps, step{file: namedYAML.FindStringSubmatch(body)[1], text: body})
		default:
			for line := range strings.Lines(body) {
				if found := inPipelines.FindStringSubmatch(strings.TrimRight(line, "\n")); found != nil {
					steps = append(steps, step{command: found[1]})
				}
			}
		}
	}
	return steps
}

// commandIn takes a line of an indented block for a command if it is one.
func commandIn(line string) []step {
	command, _, _ := strings.Cut(line, "  #")
	for _, begins := range []string{"assay ", "./assay ", "zstd ", "ls "} {
		if strings.HasPrefix(command, begins) {
			return []step{{command: command}}
		}
	}
	for _, known := range elsewhere {
		if strings.HasPrefix(command, known.begins) {
			return []step{{command: command}}
		}
	}
	return nil
}

func consoleSteps(block string) []step {
	var steps []step
	exitCode := false
	for line := range strings.Lines(block) {
		line = strings.TrimRight(line, "\n")
		command, isCommand := strings.CutPrefix(line, "$ ")
		switch {
		case command == "echo $?" && isCommand:
			exitCode = true
		case isCommand:
			steps, exitCode = append(steps, step{command: command}), false
		case exitCode:
			steps[len(steps)-1].fails = line
		default:
			last := &steps[len(steps)-1]
			last.quoted = append(last.quoted, line)
		}
	}
	return steps
}

// session is the folder in which the commands of a page run.
type session struct {
	folder, page, text string
	ran                int
}

// furnish gives a session what a reader has: the program, and the repository's
// scenarios.
func (s *session) furnish(t *testing.T) {
	program, err := exec.LookPath("assay") // TestMain put it there
	require.NoError(t, err)
	require.NoError(t, os.Symlink(program, filepath.Join(s.folder, "assay")))
	for _, name := range []string{"scenarios", "testdata"} {
		require.NoError(t, os.Symlink(filepath.Join(repository(t), name), filepath.Join(s.folder, name)))
	}
}

func (s *session) play(t *testing.T, step step) {
	t.Helper()
	name := filepath.Base(s.page)
	if step.file != "" {
		require.NoError(t, os.WriteFile(filepath.Join(s.folder, step.file), []byte(step.text), 0o666))
		return
	}
	for _, known := range elsewhere {
		if rest, found := strings.CutPrefix(step.command, known.begins); found {
			_, after, more := strings.Cut(rest, " && ")
			t.Logf("%s: SKIPPED: %s%s: %s", name, known.begins, strings.TrimSuffix(rest, " && "+after), known.why)
			if !more {
				return
			}
			step.command = after
		}
	}
	s.ran++
	command := exec.Command("sh", "-c", shorten(placeholders.Replace(step.command)))
	command.Dir = s.folder
	printed, err := command.CombinedOutput()
	var exited *exec.ExitError
	if !errors.As(err, &exited) {
		require.NoError(t, err)
	}
	code := exitCodeOf(exited)
	if code == "3" && strings.Contains(step.command, " hunt ") {
		code = "0" // what a whole hunt finds, a few seeds may not
	}
	require.Equal(t, cmp.Or(step.fails, "0"), code, "%s: %s\n%s", name, step.command, printed)
	s.compare(t, step, string(printed))
}

// shorten adds the flags of shortened, before a redirection.
func shorten(command string) string {
	words := strings.Fields(command)
	if len(words) < 2 || !strings.HasSuffix(words[0], "assay") || shortened[words[1]] == "" {
		return command
	}
	before, after, redirected := strings.Cut(command, " > ")
	before += " " + shortened[words[1]]
	if redirected {
		before += " > " + after
	}
	return before
}

func exitCodeOf(exited *exec.ExitError) string {
	if exited == nil {
		return "0"
	}
	return strings.TrimPrefix(exited.String(), "exit status ")
}

var number = regexp.MustCompile(`0x[0-9a-f]+|[0-9][0-9,.]*[0-9]|[0-9]|  +`)

// compare requires that the quoted lines come in the output in their order,
// one after the other unless "..." is between them.
func (s *session) compare(t *testing.T, step step, printed string) {
	t.Helper()
	lines := strings.Split(strings.TrimRight(printed, "\n"), "\n")
	anywhere := true // the first lines may follow what stderr told
	for _, quoted := range step.quoted {
		if quoted == "..." {
			anywhere = true
			continue
		}
		same := func(line string) bool { return line == quoted }
		if *update {
			parts := number.Split(quoted, -1)
			for i := range parts {
				parts[i] = regexp.QuoteMeta(parts[i])
			}
			alike := regexp.MustCompile("^" + strings.Join(parts, "(?:"+number.String()+")") + "$")
			same = alike.MatchString
		}
		at := slices.IndexFunc(lines, same)
		if at < 0 || at > 0 && !anywhere {
			require.Fail(t, "a quoted line does not come", "%s: %s\n%q does not come in:\n%s", filepath.Base(s.page), step.command, quoted, printed)
		}
		if lines[at] != quoted {
			s.text = strings.Replace(s.text, "\n"+quoted+"\n", "\n"+lines[at]+"\n", 1)
		}
		lines, anywhere = lines[at+1:], false
	}
}

// pictures are what the tutorial shows, and where its commands leave them.
var pictures = map[string]string{
	"lost-write.svg": "runs/mine-2/plots/scene-no-loss-base.svg",
	"throughput.svg": "runs/mine-2/plots/throughput.svg",
	"isr.svg":        "runs/mine-2/plots/isr.svg",
	"latency.svg":    "runs/mine-2/plots/latency.svg",
}

// comparePictures: the pictures of the documentation are the tool's own.
func comparePictures(t *testing.T, page, folder string) {
	t.Helper()
	for name, made := range pictures {
		path := filepath.Join(filepath.Dir(page), "pictures", name)
		drawn, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(made)))
		require.NoError(t, err)
		require.Less(t, len(drawn), 60<<10, name)
		if *update {
			require.NoError(t, os.WriteFile(path, drawn, 0o666))
		}
		kept, err := os.ReadFile(path)
		require.NoError(t, err)
		require.True(t, string(drawn) == string(kept), "docs/pictures/%s is not what the tutorial's commands draw: look at it, then go test ./cmd/assay -run TestDocumentedCommands -update", name)
	}
}

// inText finds command lines between backticks.
var inText = regexp.MustCompile("`(?:\\./)?assay ([a-z][^`\n]*)`")

// TestCommandsInSentences: what a sentence names parses, and what it lists,
// explains or runs is there. NAME, KIND and the like, and files that the reader
// is to write, stand for others.
func TestCommandsInSentences(t *testing.T) {
	root := repository(t)
	all := pages(t)
	t.Chdir(root)
	found := 0
	for _, page := range all {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, match := range inText.FindAllStringSubmatch(string(text), -1) {
			found++
			requireCommand(t, page, commandWords(match[1]))
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

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile("(?m)^#+ (.*)$")
	code    = regexp.MustCompile("(?ms)^```.*?^```$|`[^`\n]*`")
	notWord = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// TestLinks: every link between pages leads to a file that is there, and to a
// heading that it has.
func TestLinks(t *testing.T) {
	found := 0
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, match := range link.FindAllStringSubmatch(code.ReplaceAllString(string(text), ""), -1) {
			target, anchor, _ := strings.Cut(match[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			found++
			file := page
			if target != "" {
				file = filepath.Join(filepath.Dir(page), filepath.FromSlash(target))
			}
			_, err := os.Stat(file)
			require.NoError(t, err, page)
			if anchor != "" {
				linked, err := os.ReadFile(file)
				require.NoError(t, err)
				require.Contains(t, anchorsOf(string(linked)), anchor, "%s: %s", page, match[0])
			}
		}
	}
	require.Greater(t, found, 40)
}

// anchorsOf are the names that GitHub gives to a page's headings.
func anchorsOf(page string) []string {
	var anchors []string
	page = regexp.MustCompile("(?ms)^```.*?^```$").ReplaceAllString(page, "")
	for _, match := range heading.FindAllStringSubmatch(page, -1) {
		plain := notWord.ReplaceAllString(strings.ToLower(match[1]), "")
		anchors = append(anchors, strings.ReplaceAll(plain, " ", "-"))
	}
	return anchors
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
