package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	yaml "go.yaml.in/yaml/v4"
)

// action is what GitHub reads of action.yml.
type action struct {
	Name, Description string
	Inputs            map[string]struct {
		Description, Default string
		Required             bool
	}
	Outputs map[string]struct{ Description, Value string }
	Runs    struct {
		Using string
		Steps []struct {
			Name, ID, Uses, Shell, Run, If string
			With, Env                      map[string]string
		}
	}
}

func readAction(t *testing.T) action {
	t.Helper()
	text, err := os.ReadFile("../../action.yml")
	require.NoError(t, err)
	var a action
	require.NoError(t, yaml.Unmarshal(text, &a))
	return a
}

var expression = regexp.MustCompile(`\$\{\{ ?(.*?) ?\}\}`)

// Every input is described and used, whatever is used is there, and no input
// reaches a shell but through its environment.
func TestActionIsWhole(t *testing.T) {
	a := readAction(t)
	require.Equal(t, "composite", a.Runs.Using)
	ids, used := []string{}, ""
	for _, step := range a.Runs.Steps {
		require.True(t, (step.Uses == "") != (step.Run == ""), step.Name)
		if step.Run != "" {
			require.Equal(t, "bash", step.Shell, "a composite action must name its shell: %s", step.Name)
			require.NotContains(t, step.Run, "${{", "expressions in a script are code of whoever fills them in")
		}
		for _, values := range []map[string]string{step.With, step.Env, {"if": step.If}} {
			for _, value := range values {
				used += value + "\n"
			}
		}
		ids = append(ids, step.ID)
	}
	for name, input := range a.Inputs {
		require.NotEmpty(t, input.Description, name)
		require.Contains(t, used, "inputs."+name, "nothing uses it")
	}
	for _, match := range expression.FindAllStringSubmatch(used, -1) {
		for _, name := range regexp.MustCompile(`inputs\.([a-z-]+)`).FindAllStringSubmatch(match[1], -1) {
			require.Contains(t, a.Inputs, name[1])
		}
	}
	for name, output := range a.Outputs {
		require.Contains(t, output.Value, "steps.run.outputs."+name)
	}
	require.Contains(t, ids, "run")
	docs, err := os.ReadFile("../../docs/ci.md")
	require.NoError(t, err)
	for name := range a.Inputs {
		require.Contains(t, string(docs), "| `"+name+"` |", "docs/ci.md tells of every input")
	}
}

// step runs a step's script as the runner does, with inputs in place of what they
// would be filled in with, and returns its exit code and what it wrote to files.
func (a action) step(t *testing.T, id string, inputs map[string]string, runner string) (code int, output, summary string) {
	t.Helper()
	for _, step := range a.Runs.Steps {
		if step.ID != id {
			continue
		}
		command := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step.Run)
		command.Dir = filepath.Join(runner, "workspace")
		root, err := filepath.Abs("../..")
		require.NoError(t, err)
		env := []string{"RUNNER_TEMP=" + runner, "GITHUB_OUTPUT=" + filepath.Join(runner, "output"),
			"GITHUB_PATH=" + filepath.Join(runner, "path"), "GITHUB_STEP_SUMMARY=" + filepath.Join(runner, "summary")}
		for name, value := range step.Env {
			value = strings.ReplaceAll(value, "${{ github.action_path }}", root)
			for input, description := range a.Inputs {
				given, set := inputs[input]
				if !set {
					given = description.Default
				}
				value = strings.ReplaceAll(value, "${{ inputs."+input+" }}", given)
			}
			require.NotContains(t, value, "${{")
			env = append(env, name+"="+value)
		}
		command.Env = append(os.Environ(), env...)
		text, err := command.CombinedOutput()
		if command.ProcessState == nil {
			require.NoError(t, err)
		}
		read := func(name string) string {
			content, _ := os.ReadFile(filepath.Join(runner, name))
			return string(content)
		}
		t.Logf("%s", text)
		return command.ProcessState.ExitCode(), read("output"), read("summary")
	}
	require.Fail(t, "no such step", id)
	return 0, "", ""
}

func TestActionRuns(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("SKIPPED: there is no bash")
	}
	binary, err := exec.LookPath("assay") // this program once more, by TestMain
	require.NoError(t, err)
	a := readAction(t)
	fresh := func() string {
		runner := t.TempDir()
		workspace := filepath.Join(runner, "workspace")
		require.NoError(t, os.MkdirAll(workspace, 0o777))
		require.NoError(t, os.MkdirAll(filepath.Join(runner, "assay-bin"), 0o777))
		require.NoError(t, os.Symlink(binary, filepath.Join(runner, "assay-bin", "assay")))
		require.NoError(t, os.CopyFS(workspace, os.DirFS("testdata")))
		return runner
	}

	runner := fresh()
	code, output, summary := a.step(t, "run", map[string]string{"files": "quiet.yaml"}, runner)
	require.Equal(t, exitExpected, code)
	require.Equal(t, "folder=assay-run\nexit-code=0\n", output)
	require.Contains(t, summary, "# quiet")
	require.FileExists(t, filepath.Join(runner, "workspace", "assay-run", "report.html"))

	runner = fresh()
	code, output, summary = a.step(t, "run", map[string]string{"files": "lossy.yaml\nquiet.yaml", "args": "--seeds 1-3 --variant base", "summary": "false", "out": "there"}, runner)
	require.Equal(t, exitUnexpected, code)
	require.Contains(t, output, "exit-code=1\n")
	require.Empty(t, summary)
	require.FileExists(t, filepath.Join(runner, "workspace", "there", "lossy", "result.json"))

	// The shards of a matrix, and their join.
	runner = fresh()
	for _, shard := range []string{"1", "2"} {
		code, _, _ = a.step(t, "run", map[string]string{"command": "hunt", "files": "quiet.yaml", "args": "--count 4", "shard": shard + "/2", "out": "shards/shard-" + shard}, runner)
		require.Equal(t, exitExpected, code)
	}
	code, _, summary = a.step(t, "run", map[string]string{"command": "report", "files": "shards/shard-*", "out": "joined"}, runner)
	require.Equal(t, exitExpected, code)
	require.Contains(t, summary, "2 of 2 verdicts, 1 variant, 4 runs")
	code, _, _ = a.step(t, "run", map[string]string{"command": "compare", "files": "joined joined"}, runner)
	require.Equal(t, exitExpected, code)
}

// What an input says is never run by the shell.
func TestActionTakesInputsAsWords(t *testing.T) {
	a := readAction(t)
	runner := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(runner, "workspace"), 0o777))
	require.NoError(t, os.MkdirAll(filepath.Join(runner, "assay-bin"), 0o777))
	script := "#!/bin/sh\nprintf '%s\\n' \"$@\" > \"$RUNNER_TEMP/words\"\n"
	require.NoError(t, os.WriteFile(filepath.Join(runner, "assay-bin", "assay"), []byte(script), 0o777))
	code, _, _ := a.step(t, "run", map[string]string{"files": "$(touch gone).yaml", "args": "--set *;touch gone", "out": "a b"}, runner)
	require.Equal(t, 0, code)
	require.NoFileExists(t, filepath.Join(runner, "workspace", "gone"))
	words, err := os.ReadFile(filepath.Join(runner, "words"))
	require.NoError(t, err)
	require.Equal(t, "run\n$(touch\ngone).yaml\n--out\na b\n--progress\nplain\n--format\ngithub\n--set\n*;touch\ngone\n", string(words))
}
