package clients

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/internal/kafka"
)

var commitFates = []string{
	"lose", "close", "drop", "late-300ms", "late-2s", "NOT_COORDINATOR", "COORDINATOR_LOAD_IN_PROGRESS", "ILLEGAL_GENERATION",
	"after-NOT_COORDINATOR", "after-COORDINATOR_NOT_AVAILABLE", "after-REQUEST_TIMED_OUT",
}

// Whatever happens on the way, each commit ends once, an acknowledged one is
// not undone by an earlier one, and a failed one was never taken. Connections
// keep their order here; a coordinator cannot know better.
func TestCommitsInAStorm(t *testing.T) {
	outcomes := [3]int{}
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 3))
		w := newTestWorld(t, 2, "orders")
		w.streams["client"] = rand.New(rand.NewPCG(seed, 4))
		orders := kafka.TopicPartition{Topic: "orders"}
		for n := 1; n < 500; n++ {
			if random.IntN(4) == 0 {
				w.cluster.commitFate[n] = commitFates[random.IntN(len(commitFates))]
			}
			if random.IntN(6) == 0 {
				w.cluster.findFate[n] = "COORDINATOR_NOT_AVAILABLE"
			}
		}
		config := testConsumerConfig()
		config.GroupID, config.APITimeout = "billing", 3*time.Second
		c := NewConsumer(w.client(func(c *ClientConfig) { c.RequestTimeout = time.Second }), config,
			ConsumerEvents{Available: func() {}, Moved: func(Move) {}, Failed: func(kafka.TopicPartition, error) {}})
		c.Assign([]kafka.TopicPartition{orders})
		taken := map[kafka.Offset]bool{}
		w.cluster.taken = func(o CommittedOffset) { taken[o.Offset] = true }
		results := make([]CommitResult, 60)
		heard := make([]int, len(results))
		for i := range results {
			offset := kafka.Offset(i + 1)
			c.Commit([]CommitOffset{{orders, offset, 0}}, func(r []CommitResult) {
				heard[i]++
				results[i] = r[0]
				if r[0].Outcome == Acknowledged {
					now := w.cluster.group("billing").offsets[orders].Offset
					require.GreaterOrEqual(t, now, offset, "seed %d: set back", seed)
				}
			})
			w.run(time.Duration(random.IntN(120)) * time.Millisecond)
			if random.IntN(15) == 0 {
				w.cluster.group("billing").coordinator = kafka.BrokerID(1 + random.IntN(2))
			}
		}
		closed := 0
		c.Close(func() { closed++ })
		w.run(time.Minute)
		require.Equal(t, 1, closed)
		last := kafka.NoOffset
		for i, r := range results {
			require.Equal(t, 1, heard[i], fmt.Sprintf("seed %d: commit %d ends once", seed, i))
			outcomes[r.Outcome]++
			switch r.Outcome {
			case Acknowledged:
				require.True(t, taken[r.Offset])
				last = r.Offset
			case Failed:
				require.False(t, taken[r.Offset], "seed %d: %d failed and was taken", seed, r.Offset)
			}
		}
		require.GreaterOrEqual(t, w.cluster.group("billing").offsets[orders].Offset, last, "seed %d", seed)
	}
	require.Greater(t, outcomes[Acknowledged], 5000)
	require.Greater(t, outcomes[Failed], 100)
	require.Greater(t, outcomes[Indeterminate], 100)
}
