package reports

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func namesIn(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func TestFolderHoldsWhatTheContractLists(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "deep", "run")
	require.NoError(t, WriteFolder(folder, Files(expectedRun(), nil, []byte("{}\n"))))
	require.Equal(t, []string{"faults-idempotent.yaml", "faults.yaml", "history-idempotent.ndjson.zst", "history.ndjson.zst", "junit.xml",
		"latency.hlog", "meta.json", "plots", "report.html", "result.json", "scenario.resolved.yaml", "seeds.ndjson.zst", "stories.json.zst", "summary.md"}, namesIn(t, folder))
	require.Equal(t, []string{"run"}, namesIn(t, filepath.Dir(folder)), "nothing is left beside it")
	history, err := os.ReadFile(filepath.Join(folder, HistoryFile("idempotent")))
	require.NoError(t, err)
	require.Equal(t, "history of idempotent", string(history))
}

func TestFormatsChooseFiles(t *testing.T) {
	var names []string
	for _, file := range Files(expectedRun(), []string{FormatMarkdown}, nil) {
		names = append(names, file.Name)
	}
	require.Equal(t, []string{"result.json", "meta.json", "seeds.ndjson.zst", "latency.hlog", "stories.json.zst", "scenario.resolved.yaml", "summary.md",
		"plots/percentiles.svg", "plots/percentiles-idempotent.svg", "plots/scene-no-duplicates-base.svg", "faults.yaml", "history.ndjson.zst", "faults-idempotent.yaml", "history-idempotent.ndjson.zst"}, names)
}

func TestHistoryFileNamesStayApart(t *testing.T) {
	require.Equal(t, "history-a%2fb.ndjson.zst", HistoryFile("a/b"))
	require.Equal(t, "history-a%252fb.ndjson.zst", HistoryFile("a%2fb"))
}

func TestFolderIsReplacedAsAWhole(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	require.NoError(t, WriteFolder(folder, append(Files(expectedRun(), nil, nil), File{"plots/old.svg", []byte("old")})))
	require.FileExists(t, filepath.Join(folder, "plots", "old.svg"))
	require.NoError(t, WriteFolder(folder, Files(inconclusiveRun(), nil, nil)))
	require.Equal(t, []string{"junit.xml", "meta.json", "report.html", "result.json", "summary.md"}, namesIn(t, folder))
}

func TestFolderOfSomethingElseIsRefused(t *testing.T) {
	root := t.TempDir()
	precious := filepath.Join(root, "thesis")
	require.NoError(t, os.Mkdir(precious, 0o777))
	require.NoError(t, CheckFolder(precious), "an empty folder may be taken")
	require.NoError(t, os.WriteFile(filepath.Join(precious, "result.json"), []byte("mine"), 0o666))
	file := filepath.Join(root, "file")
	require.NoError(t, os.WriteFile(file, []byte("mine"), 0o666))
	link := filepath.Join(root, "link")
	require.NoError(t, os.Symlink(precious, link))
	for _, place := range []string{precious, file, link} {
		var refused *NotRunFolderError
		require.ErrorAs(t, CheckFolder(place), &refused)
		require.ErrorAs(t, WriteFolder(place, Files(expectedRun(), nil, nil)), &refused)
	}
	require.Equal(t, []string{"result.json"}, namesIn(t, precious))
	require.Equal(t, []string{"file", "link", "thesis"}, namesIn(t, root))
}

func TestAFailureWhileWritingLeavesTheOldFolder(t *testing.T) {
	root := t.TempDir()
	folder := filepath.Join(root, "run")
	require.NoError(t, WriteFolder(folder, Files(expectedRun(), nil, nil)))
	before := namesIn(t, folder)
	for _, name := range []string{"../escape", "result.json", "junit.xml/below"} {
		err := WriteFolder(folder, append(Files(expectedRun(), nil, nil), File{name, []byte("x")}))
		require.ErrorContains(t, err, "cannot write the run folder", name)
		require.Equal(t, before, namesIn(t, folder))
		require.Equal(t, []string{"run"}, namesIn(t, root))
	}
}

func TestAFailedSwapBringsTheOldFolderBack(t *testing.T) {
	root := t.TempDir()
	folder := filepath.Join(root, "run")
	require.NoError(t, WriteFolder(folder, Files(expectedRun(), nil, nil)))
	require.Error(t, swap(filepath.Join(root, "missing"), folder, filepath.Join(root, "aside")))
	require.True(t, IsRunFolder(folder))
	require.Equal(t, []string{"run"}, namesIn(t, root))
}

func TestUnwritablePlacesAreClearErrors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o666))
	inside := filepath.Join(file, "run")
	require.ErrorContains(t, CheckFolder(inside), "cannot write the run folder "+inside)
	require.ErrorContains(t, WriteFolder(inside, nil), "cannot write the run folder "+inside)
	_, err := ReserveFolder(inside, "x")
	require.ErrorContains(t, err, "cannot write")
}

func TestNumberedFoldersAndTheLatest(t *testing.T) {
	root := filepath.Join(t.TempDir(), "runs")
	for _, want := range []string{"acks-1-1", "acks-1-2"} {
		folder, err := ReserveFolder(root, "acks-1")
		require.NoError(t, err)
		require.Equal(t, filepath.Join(root, want), folder)
		require.NoError(t, WriteFolder(folder, Files(expectedRun(), nil, nil)))
		require.NoError(t, LinkLatest(folder))
		target, err := os.Readlink(filepath.Join(root, "latest"))
		require.NoError(t, err)
		require.Equal(t, want, target)
	}
	require.NoError(t, os.Mkdir(filepath.Join(root, "acks-1-9"), 0o777))
	require.NoError(t, os.Mkdir(filepath.Join(root, "acks-1-010"), 0o777))
	folder, err := ReserveFolder(root, "acks-1")
	require.NoError(t, err)
	require.Equal(t, filepath.Join(root, "acks-1-10"), folder)
	require.Equal(t, []string{"acks-1-010", "acks-1-1", "acks-1-10", "acks-1-2", "acks-1-9", "latest"}, namesIn(t, root))

	// Writing to the link replaces the folder and keeps the link.
	require.NoError(t, WriteFolder(filepath.Join(root, "latest"), Files(inconclusiveRun(), nil, nil)))
	require.NoFileExists(t, filepath.Join(root, "acks-1-2", "scenario.resolved.yaml"))
	require.True(t, IsRunFolder(filepath.Join(root, "latest")))

	for _, name := range []string{"../x", "a/b", "", ".."} {
		_, err := ReserveFolder(root, name)
		require.ErrorContains(t, err, "cannot name a run folder")
	}
}

func TestLatestThatIsNoLinkIsLeftAlone(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(root, "latest"), 0o777))
	require.ErrorContains(t, LinkLatest(filepath.Join(root, "x-1")), "is no link")
	require.Equal(t, []string{"latest"}, namesIn(t, root))
}
