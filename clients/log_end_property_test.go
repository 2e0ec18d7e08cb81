package clients

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/host"
	"assay/internal/kafka"
)

// Whatever happens on the way, each end that a consumer tells is one that the log
// had between request and answer, and answers that are silent about a partition
// tell it too. Leaders are not deposed unawares here, so that there is one log.
func TestLogEndsAreExact(t *testing.T) {
	for _, profile := range []string{"java-4.3", "librdkafka-2", "franz-go-1"} {
		t.Run(profile, func(t *testing.T) {
			told := 0
			for seed := range uint64(100) {
				told += logEndsInAStorm(t, profile, seed)
			}
			require.Greater(t, told, 5000)
		})
	}
}

func logEndsInAStorm(t *testing.T, profile string, seed uint64) (told int) {
	const partitions = 4
	random := rand.New(rand.NewPCG(seed, 5))
	s := &stage{testWorld: newTestWorld(t, 2, "orders")}
	s.streams["client"] = rand.New(rand.NewPCG(seed, 6))
	var names []kafka.TopicPartition
	for p := range int32(partitions) {
		names = append(names, kafka.TopicPartition{Topic: "orders", Partition: p})
		s.cluster.add(names[p], kafka.BrokerID(1+p%2))
	}
	type change struct {
		at  host.Time
		end kafka.Offset
	}
	moved := map[kafka.TopicPartition]host.Time{}
	changes := map[kafka.TopicPartition][]change{}
	config := testConsumerConfig()
	config.Profile = s.profile(profile)
	var c *Consumer
	c = NewConsumer(s.client(func(c *ClientConfig) { c.RequestTimeout = time.Second }), config, ConsumerEvents{
		Available: func() {
			for len(c.Poll()) > 0 {
			}
		},
		Moved:  func(m Move) { moved[m.Partition] = s.now },
		Failed: func(kafka.TopicPartition, error) {},
		LogEnd: func(e LogEnd) {
			told++
			least := kafka.Offset(0)
			for _, change := range changes[e.Partition] {
				if change.at < host.Time(e.Requested) {
					least = change.end
				}
			}
			says := fmt.Sprintf("seed %d at %v: %+v", seed, time.Duration(s.now), e)
			require.GreaterOrEqual(t, e.HighWatermark, least, says)
			require.LessOrEqual(t, e.HighWatermark, s.cluster.logs[e.Partition].end, says)
			if e.Position != kafka.NoOffset {
				require.Equal(t, c.Position(e.Partition), e.Position, says)
				require.LessOrEqual(t, moved[e.Partition], host.Time(e.Requested), says)
				require.False(t, c.find(e.Partition).hasData(), says)
			}
		},
	})
	c.Assign(names)
	for range 200 {
		s.run(time.Duration(random.IntN(60)) * time.Millisecond)
		name := names[random.IntN(partitions)]
		l := s.cluster.logs[name]
		write := func() {
			l.write("v")
			changes[name] = append(changes[name], change{s.now, l.end})
		}
		switch random.IntN(20) {
		case 0, 1, 2, 3, 4, 5:
			write()
		case 6, 7, 8, 9: // the answer that brings it is thrown away
			write()
			c.Seek(name, l.end, l.epoch)
		case 10:
			c.SeekTo(name, SeekLatest)
		case 11:
			c.Pause(name)
		case 12, 13:
			c.Resume(name)
		case 14:
			c.Assign(names[random.IntN(partitions):])
		case 15:
			c.Assign(names)
		case 16:
			l.leader, l.epoch = 3-l.leader, l.epoch+1
		case 17:
			s.cluster.brokers[random.IntN(2)].sessions = nil // evicted
		}
	}
	return told
}
