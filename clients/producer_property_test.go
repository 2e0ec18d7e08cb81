package clients

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/host"
	"assay/internal/batch"
	"assay/internal/kafka"
)

// What can happen to a produce request, truthfully: a definite error comes
// without an append.
var fates = []string{
	"MESSAGE_TOO_LARGE", "lose", "close", "drop", "late-300ms", "late-2s", "NOT_ENOUGH_REPLICAS", "INVALID_RECORD",
	"append-NOT_ENOUGH_REPLICAS_AFTER_APPEND", "append-NOT_LEADER_FOR_PARTITION", "append-REQUEST_TIMED_OUT",
}

type trial struct {
	world      *testWorld
	producer   *Producer
	deliveries []Delivery // by cookie
	heard      []int
	partitions []kafka.TopicPartition
	splits     int
}

// runTrial sends records to three partitions through a storm of fates, moves
// of leadership and stalled connections.
func runTrial(t *testing.T, seed uint64, change func(*ProducerConfig)) *trial {
	const records = 150
	random := rand.New(rand.NewPCG(seed, 7))
	w := newTestWorld(t, 3, "orders")
	w.streams["client"] = rand.New(rand.NewPCG(seed, 8))
	x := &trial{world: w, deliveries: make([]Delivery, records), heard: make([]int, records)}
	for p := range int32(3) {
		name := kafka.TopicPartition{Topic: "orders", Partition: p}
		w.cluster.add(name, kafka.BrokerID(p+1))
		x.partitions = append(x.partitions, name)
	}
	for n := 1; n < 1000; n++ {
		if random.IntN(5) == 0 {
			w.cluster.fate[n] = fates[random.IntN(len(fates))]
		}
	}
	config := testProducerConfig()
	config.BatchSize, config.Linger = 150, 2*time.Millisecond
	config.DeliveryTimeout = 2500 * time.Millisecond
	change(&config)
	c := w.client(func(c *ClientConfig) { c.RequestTimeout = time.Second })
	x.producer = NewProducer(c, config, ProducerEvents{
		Unblocked: func() {},
		Delivered: func(d Delivery) {
			x.deliveries[d.Cookie] = d
			x.heard[d.Cookie]++
		},
	})
	c.Metadata().Want("orders")
	c.step()
	w.run(100 * time.Millisecond)
	for i := range records {
		_, err := x.producer.Send(&Record{
			Topic: "orders", Partition: int32(random.IntN(3)), Value: fmt.Appendf(nil, "%d", i), Timestamp: 1, Cookie: uint64(i),
		})
		if errors.Is(err, ErrFatal) {
			x.heard[i], x.deliveries[i].Outcome = 1, Failed
			continue
		}
		require.NoError(t, err)
		w.run(time.Duration(random.IntN(20)) * time.Millisecond)
		switch random.IntN(25) {
		case 0:
			l := w.cluster.logs[x.partitions[random.IntN(3)]]
			l.leader, l.epoch = kafka.BrokerID(random.IntN(3)+1), l.epoch+1
		case 1:
			for conn := range w.conns + 1 {
				if w.dialled[conn] != nil && random.IntN(2) == 0 {
					w.stalled[conn] = w.now + host.Time(random.IntN(6000))*host.Time(time.Millisecond)
				}
			}
		}
	}
	w.cluster.fate = map[int]string{}
	w.run(30 * time.Second)
	require.Zero(t, x.producer.Open())
	for _, line := range w.trace {
		if strings.Contains(line, "batch_split") {
			x.splits++
		}
	}
	return x
}

// judge counts what is wrong with the logs.
func (x *trial) judge(t *testing.T) (lost, duplicates, reordered, failedButSeen int) {
	at := map[string][]kafka.Offset{}
	for _, p := range x.partitions {
		last := -1
		for offset, value := range x.world.cluster.logs[p].values() {
			at[value] = append(at[value], kafka.Offset(offset))
			if len(at[value]) > 1 {
				duplicates++
				continue
			}
			var number int
			_, err := fmt.Sscan(value, &number)
			require.NoError(t, err)
			if number < last {
				reordered++
			}
			last = number
		}
	}
	for i, d := range x.deliveries {
		require.Equal(t, 1, x.heard[i], "record %d has one outcome", i)
		offsets := at[fmt.Sprint(i)]
		switch {
		case d.Outcome == Acknowledged && (len(offsets) == 0 || d.Offset != kafka.NoOffset && !slices.Contains(offsets, d.Offset)):
			lost++
		case d.Outcome == Failed && len(offsets) > 0:
			failedButSeen++
		}
	}
	return lost, duplicates, reordered, failedButSeen
}

// Whatever happens on the way, an idempotent producer on correct logs loses
// nothing that was acknowledged, duplicates and reorders nothing, and is
// right about failures.
func TestIdempotentProducerInAStorm(t *testing.T) {
	outcomes := [3]int{}
	bumps, splits := 0, 0
	for seed := range uint64(300) {
		x := runTrial(t, seed, func(c *ProducerConfig) { c.Compression = batch.Codec(seed % 5) })
		lost, duplicates, reordered, failed := x.judge(t)
		require.Equal(t, [4]int{}, [4]int{lost, duplicates, reordered, failed}, "seed %d", seed)
		for _, d := range x.deliveries {
			outcomes[d.Outcome]++
		}
		bumps += int(x.producer.identity.epoch)
		splits += x.splits
	}
	// The storm is one: all outcomes occur, and so do new epochs.
	require.Greater(t, outcomes[Acknowledged], 10_000)
	require.Greater(t, outcomes[Failed], 100)
	require.Greater(t, outcomes[Indeterminate], 100)
	require.Greater(t, bumps, 100)
	require.Greater(t, splits, 30)
}

// The same storm without sequences shows what they are for; outcomes stay
// right.
func TestPlainProducerInAStorm(t *testing.T) {
	duplicates, reordered := 0, 0
	for seed := range uint64(30) {
		x := runTrial(t, seed, func(c *ProducerConfig) { c.Idempotent = false })
		lost, dup, reorder, failed := x.judge(t)
		require.Zero(t, lost)
		require.Zero(t, failed)
		duplicates += dup
		reordered += reorder
	}
	require.Positive(t, duplicates)
	require.Positive(t, reordered)
}

// The other clients in the same storm: what they say of their records is right,
// and idempotence keeps out what it promises.
func TestOtherClientsInAStorm(t *testing.T) {
	for _, profile := range []Profile{ProfileRdKafka, ProfileFranzGo} {
		outcomes, fatal, total := [3]int{}, 0, 0
		for seed := range uint64(100) {
			x := runTrial(t, seed, func(c *ProducerConfig) { c.Profile = profile })
			lost, duplicates, reordered, failed := x.judge(t)
			if profile == ProfileFranzGo {
				// It numbers a batch anew when its sequence is refused. Here that
				// follows a lost answer, which later ones of the connection overtake.
				total += duplicates
				duplicates = 0
			}
			require.Equal(t, [4]int{}, [4]int{lost, duplicates, reordered, failed}, "profile %d seed %d", profile, seed)
			for _, d := range x.deliveries {
				outcomes[d.Outcome]++
			}
			if x.producer.fatal != 0 {
				fatal++
			}
		}
		require.Greater(t, outcomes[Acknowledged], 3000)
		require.Greater(t, outcomes[Failed], 30)
		require.Greater(t, outcomes[Indeterminate], 30)
		require.Equal(t, profile == ProfileRdKafka, fatal > 0, "only librdkafka ends")
		require.Equal(t, profile == ProfileFranzGo, total > 0, "only franz-go duplicates")
	}
}

func TestSequencesWrap(t *testing.T) {
	top := kafka.Sequence(1<<31 - 1)
	require.True(t, sequenceBefore(top, 0))
	require.False(t, sequenceBefore(0, top))
	require.True(t, sequenceBefore(3, 4))
	require.False(t, sequenceBefore(4, 4))
	require.True(t, sequenceBefore(top-2, top.Add(3)))
}
