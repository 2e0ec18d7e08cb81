// Package parity plays one recorded sequence of requests against the broker in
// the simulator, against the same broker on a socket, and against Apache Kafka,
// and compares what they answer. See docs/kafka-parity.md.
package parity

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the stories' answers; read them before committing")

// kafkaAddress names the variable that holds the address of a fresh Apache
// Kafka 4.3 of one node, with the settings below and Kafka's defaults otherwise.
const kafkaAddress = "ASSAY_KAFKA"

// settings are the broker keys that all three are run with.
var settings = map[string]string{"num.partitions": "4", "group.initial.rebalance.delay.ms": "0"}

// TestSameAnswersInBothWorlds: the golden answers are those of the simulator
// and of a process on a socket.
func TestSameAnswersInBothWorlds(t *testing.T) {
	inSim, live := newSimulated(t), newServed(t)
	for _, path := range storyFiles(t) {
		s := readStory(t, path)
		t.Run(s.name+"/sim", func(t *testing.T) {
			if s.socketsOnly {
				t.Skip("raw bytes have no meaning in the simulator")
			}
			compare(t, s, playStory(t, inSim, s))
		})
		t.Run(s.name+"/live", func(t *testing.T) { compare(t, s, playStory(t, live, s)) })
	}
}

func compare(t *testing.T, s *story, answers []string) {
	t.Helper()
	if *update {
		for i := range s.blocks {
			s.blocks[i].answer = answers[i]
		}
		s.write(t)
		return
	}
	for i, b := range s.blocks {
		require.Equal(t, b.answer, answers[i], "%s: %s", s.name, b.request)
	}
}

// TestSameAnswersAsKafka: error codes and offsets are those of Apache Kafka,
// but for the differences that docs/kafka-parity.md explains.
func TestSameAnswersAsKafka(t *testing.T) {
	address := os.Getenv(kafkaAddress)
	if address == "" {
		t.Skipf("NOT COMPARED with Apache Kafka: set %s=HOST:PORT of a fresh Kafka 4.3 (docs/kafka-parity.md says how)", kafkaAddress)
	}
	player := newSocketPlayer(t, address)
	for _, path := range storyFiles(t) {
		s := readStory(t, path)
		t.Run(s.name, func(t *testing.T) {
			answers := playStory(t, player, s)
			if *update {
				for i := range s.blocks {
					s.blocks[i].differs(answers[i])
				}
				s.write(t)
				return
			}
			for i, b := range s.blocks {
				require.Equal(t, b.kafkaAnswer(), answers[i], "%s: %s", s.name, b.request)
			}
		})
	}
}

// TestDifferencesAreExplained: each difference names a heading of the page, and
// each heading about a difference is used.
func TestDifferencesAreExplained(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "kafka-parity.md"))
	require.NoError(t, err)
	explained := map[string]bool{}
	for _, heading := range regexp.MustCompile("(?m)^### `([a-z0-9-]+)`").FindAllStringSubmatch(string(page), -1) {
		explained[heading[1]] = false
	}
	for _, path := range storyFiles(t) {
		for _, b := range readStory(t, path).blocks {
			if b.reason == "" {
				continue
			}
			require.Contains(t, explained, b.reason, "%s: %s", path, b.request)
			require.NotEqual(t, b.answer, b.kafka, "%s: %s does not differ", path, b.request)
			explained[b.reason] = true
		}
	}
	for reason, used := range explained {
		require.True(t, used, "no answer differs for the reason %s any more", reason)
	}
}
