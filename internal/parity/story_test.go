package parity

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// story is a sequence of requests with the answers that are expected:
//
//	# a comment belongs to what follows it
//	produce v=9 acks=-1 topic=orders partition=0 records=3
//	----
//	orders-0 NONE base=0
//	---- kafka: reason
//	what Kafka answers instead, if it does, and why
//
// Blocks are separated by empty lines.
type story struct {
	path, name  string
	socketsOnly bool // begins with "# sockets only"
	blocks      []block
}

type block struct {
	comments []string
	request  string
	answer   string
	reason   string // why Kafka's answer differs; "" where it does not
	kafka    string
}

const (
	answerMark  = "----"
	kafkaMark   = "---- kafka: "
	unexplained = "unexplained"
)

func storyFiles(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	return paths
}

func readStory(t *testing.T, path string) *story {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	s := &story{path: path, name: strings.TrimSuffix(filepath.Base(path), ".txt"), socketsOnly: strings.HasPrefix(string(content), "# sockets only")}
	for _, part := range strings.Split(strings.TrimSpace(string(content)), "\n\n") {
		var b block
		into := &b.request
		for _, line := range strings.Split(strings.TrimSpace(part), "\n") {
			switch {
			case strings.HasPrefix(line, "#") && into == &b.request:
				b.comments = append(b.comments, line)
			case strings.HasPrefix(line, kafkaMark):
				b.reason, into = strings.TrimPrefix(line, kafkaMark), &b.kafka
			case line == answerMark:
				into = &b.answer
			default:
				*into += line + "\n"
			}
		}
		b.request = strings.TrimSpace(b.request)
		require.NotContains(t, b.request, "\n", "%s: one request a block", path)
		s.blocks = append(s.blocks, b)
	}
	return s
}

func (s *story) write(t *testing.T) {
	t.Helper()
	var parts []string
	for _, b := range s.blocks {
		text := ""
		for _, comment := range b.comments {
			text += comment + "\n"
		}
		if b.request != "" {
			text += b.request + "\n" + answerMark + "\n" + b.answer
		}
		if b.reason != "" {
			text += kafkaMark + b.reason + "\n" + b.kafka
		}
		parts = append(parts, text)
	}
	require.NoError(t, os.WriteFile(s.path, []byte(strings.Join(parts, "\n")), 0o644))
}

// kafkaAnswer is what Kafka is expected to answer.
func (b *block) kafkaAnswer() string {
	if b.reason != "" {
		return b.kafka
	}
	return b.answer
}

// differs notes what Kafka answers.
func (b *block) differs(answer string) {
	switch {
	case answer == b.answer:
		b.reason, b.kafka = "", ""
	case b.reason == "":
		b.reason, b.kafka = unexplained, answer
	default:
		b.kafka = answer
	}
}

// words are a request's name and its KEY=VALUE arguments.
type words struct {
	name string
	args map[string]string
	used map[string]bool
	t    *testing.T
}

func readWords(t *testing.T, line string) *words {
	t.Helper()
	fields := strings.Fields(line)
	w := &words{name: fields[0], args: map[string]string{}, used: map[string]bool{}, t: t}
	for _, field := range fields[1:] {
		key, value, ok := strings.Cut(field, "=")
		require.True(t, ok, "%s: %s is no KEY=VALUE", line, field)
		w.args[key] = value
	}
	return w
}

func (w *words) text(key, otherwise string) string {
	w.used[key] = true
	if value, ok := w.args[key]; ok {
		return value
	}
	return otherwise
}

// says tells a word that is empty from one that is not there.
func (w *words) says(key string) bool {
	_, ok := w.args[key]
	return ok
}

func (w *words) number(key string, otherwise int64) int64 {
	var n int64
	_, err := fmt.Sscan(w.text(key, fmt.Sprint(otherwise)), &n)
	require.NoError(w.t, err, "%s: %s", w.name, key)
	return n
}

func (w *words) list(key string) []string {
	text := w.text(key, "")
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// requireAllUsed catches a slip in a story.
func (w *words) requireAllUsed() {
	for key := range w.args {
		require.True(w.t, w.used[key], "%s knows no %s", w.name, key)
	}
}
