package checkers

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"assay/checkers/history"

	"github.com/stretchr/testify/require"
)

// Whatever a readable history says, judging it ends without a panic, and every
// violation has its witness.
func FuzzJudge(f *testing.F) {
	add := func(h *history.History) {
		var text bytes.Buffer
		require.NoError(f, h.WriteNDJSON(&text))
		f.Add(text.Bytes())
	}
	add(recorded(60))
	add(recordedPipeline(300))
	for _, s := range readStories(f, "testdata/stories.txt") {
		add(s.history)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		h, err := history.Load(bytes.NewReader(text))
		if err != nil {
			return
		}
		claims := append(allClaims(), Claim{Guarantee: Recovers, ReadersDrain: true})
		claims = append(claims, pipelineClaims()...)
		panel, err := NewPanel(claims)
		require.NoError(t, err)
		h.Replay(panel)
		for _, r := range panel.Results() {
			require.Equal(t, r.Verdict == Violated, len(r.Witnesses) > 0)
			require.NotEmpty(t, r.Reason)
			if w := r.Witness(); w != nil {
				require.NotEmpty(t, w.Sentence)
			}
		}
	})
}

// The example in docs/history-format.md is one: it loads, and no-loss says of it
// what the page says.
func TestDocumentedExample(t *testing.T) {
	page, err := os.ReadFile("../docs/history-format.md")
	require.NoError(t, err)
	_, example, found := strings.Cut(string(page), "## An example\n\n```json\n")
	require.True(t, found)
	example, _, _ = strings.Cut(example, "```")
	h, err := history.Load(strings.NewReader(example))
	require.NoError(t, err)
	var text bytes.Buffer
	require.NoError(t, h.WriteNDJSON(&text))
	require.Equal(t, example, text.String())
	r := judge(t, h, Claim{Guarantee: NoLoss})
	require.Equal(t, Violated, r.Verdict)
	require.Equal(t, "lost write 1", counts(r))
}
