package clients

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
	"assay/internal/kafka"
)

// Timers tell the host of no deadline that is later than the one it knows, and
// one that is set for the same time again keeps its turn.
func TestTimersMoveTheHostForwardOnly(t *testing.T) {
	w := newTestWorld(t, 1)
	var fired []string
	a := Timer{Fire: func() { fired = append(fired, "a") }}
	b := Timer{Fire: func() { fired = append(fired, "b") }}
	c := Timer{Fire: func() { fired = append(fired, "c") }}
	w.timers.Set(&a, 20)
	w.timers.Set(&b, 20)
	w.timers.Set(&a, 20)
	require.Equal(t, host.Time(20), w.wakeAt)
	w.timers.Set(&c, 10)
	require.Equal(t, host.Time(10), w.wakeAt)
	w.timers.Set(&c, 20)
	require.Equal(t, host.Time(10), w.wakeAt, "a wake-up for nothing costs less than a call for every change")
	w.run(15)
	require.Empty(t, fired)
	require.Equal(t, host.Time(20), w.wakeAt)
	w.run(5)
	require.Equal(t, []string{"a", "b", "c"}, fired)
	require.Equal(t, host.Never, w.wakeAt)
	require.False(t, a.IsSet())
	w.timers.Set(&a, 30)
	w.timers.Set(&a, host.Never)
	w.run(time.Microsecond)
	require.Equal(t, []string{"a", "b", "c"}, fired)
}

func TestBackoffDoublesWithJitterUpToItsMaximum(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	b := Backoff{Initial: 100 * time.Millisecond, Max: time.Second}
	for failures, middle := range map[int]time.Duration{1: 100, 2: 200, 3: 400, 4: 800, 5: 1000, 60: 1000, 5000: 1000} {
		middle *= time.Millisecond
		least, most := time.Hour, time.Duration(0)
		for range 500 {
			wait := b.Wait(failures, random)
			least, most = min(least, wait), max(most, wait)
		}
		require.GreaterOrEqual(t, least, middle*8/10)
		require.LessOrEqual(t, most, middle*12/10)
		require.Greater(t, most-least, middle*3/10, "it is jittered")
	}
	require.Zero(t, Backoff{}.Wait(3, random))
}

func TestChooseVersions(t *testing.T) {
	offer := func(key kmsg.Key, low, high int16) kmsg.ApiVersionsResponseApiKey {
		return kmsg.ApiVersionsResponseApiKey{ApiKey: int16(key), MinVersion: low, MaxVersion: high}
	}
	table := chooseVersions([]kmsg.ApiVersionsResponseApiKey{
		offer(kmsg.Produce, 0, 9), offer(kmsg.Fetch, 4, 99), offer(kmsg.ListOffsets, 11, 12), offer(kmsg.Metadata, 0, 0), offer(500, 0, 1),
	})
	require.Equal(t, int16(9), table[kmsg.Produce], "theirs")
	require.Equal(t, int16(18), table[kmsg.Fetch], "ours")
	require.Equal(t, noVersion, table[kmsg.ListOffsets])
	require.Equal(t, noVersion, table[kmsg.Metadata])
	require.Equal(t, noVersion, table[kmsg.InitProducerID])
}

// Every pair of old versions that a broker may offer works, with topics by
// name and without leader epochs.
func TestOldBrokers(t *testing.T) {
	for _, old := range []map[kmsg.Key]int16{
		{kmsg.Produce: 3, kmsg.Fetch: 4, kmsg.Metadata: 1, kmsg.ListOffsets: 1, kmsg.InitProducerID: 0, kmsg.OffsetForLeaderEpoch: 0},
		{kmsg.Produce: 8, kmsg.Fetch: 11, kmsg.Metadata: 7, kmsg.ListOffsets: 4, kmsg.InitProducerID: 1, kmsg.OffsetForLeaderEpoch: 2},
		{kmsg.Produce: 12, kmsg.Fetch: 12, kmsg.Metadata: 9},
	} {
		w := newTestWorld(t, 2, "orders")
		w.cluster.versions = old
		var got []string
		consumer := NewConsumer(w.client(nil), testConsumerConfig(), ConsumerEvents{Moved: func(Move) {}})
		consumer.events.Available = func() {
			for _, chunk := range consumer.Poll() {
				for _, r := range chunk.Records {
					got = append(got, string(r.Value))
				}
			}
		}
		consumer.Assign([]kafka.TopicPartition{{Topic: "orders"}})
		producer := NewProducer(w.client(nil), testProducerConfig(), ProducerEvents{Delivered: func(d Delivery) {
			require.Equal(t, Acknowledged, d.Outcome)
		}, Unblocked: func() {}})
		_, err := producer.Send(&Record{Topic: "orders"})
		require.ErrorIs(t, err, ErrWouldBlock)
		w.run(time.Second)
		for _, v := range []string{"a", "b"} {
			_, err := producer.Send(&Record{Topic: "orders", Value: []byte(v), Partition: AnyPartition})
			require.NoError(t, err)
		}
		w.run(time.Second)
		require.Equal(t, []string{"a", "b"}, got)
	}
}

// A newer view of a leader is not undone by an older one.
func TestLeaderEpochsNeverGoBack(t *testing.T) {
	w := newTestWorld(t, 2, "orders")
	c := w.client(nil)
	name := kafka.TopicPartition{Topic: "orders"}
	w.cluster.logs[name].epoch = 5
	c.Metadata().Want("orders")
	c.step()
	w.run(time.Second)
	require.Equal(t, Leader{1, 5}, c.Metadata().Leader(name))
	w.cluster.logs[name].leader, w.cluster.logs[name].epoch = 2, 4
	c.Metadata().RequestUpdate()
	c.step()
	w.run(time.Second)
	require.Equal(t, Leader{1, 5}, c.Metadata().Leader(name))
	require.False(t, c.Metadata().LearnLeader(name, Leader{2, 5}))
	require.True(t, c.Metadata().LearnLeader(name, Leader{2, 6}))
}

// A broker whose metadata stand still knows neither the newest leader's epoch nor
// that the leader is back. The client keeps the epoch, and goes on to ask until
// somebody tells it where that leader is.
func TestTheWayToTheLeaderIsAskedFor(t *testing.T) {
	w := newTestWorld(t, 2, "orders")
	c := w.client(nil)
	name := kafka.TopicPartition{Topic: "orders"}
	c.Metadata().Want("orders")
	c.step()
	w.run(time.Second)
	require.True(t, c.Metadata().LearnLeader(name, Leader{2, 6}))

	w.cluster.brokers[1].down = true
	c.Metadata().RequestUpdate()
	c.step()
	w.run(time.Second)
	require.Equal(t, Leader{2, 6}, c.Metadata().Leader(name))
	require.Nil(t, c.network.peer(2))

	w.cluster.brokers[1].down = false
	w.cluster.logs[name].leader, w.cluster.logs[name].epoch = 2, 6
	w.run(5 * time.Second)
	require.NotNil(t, c.network.peer(2))
	asked := c.Metadata().Updates()
	w.run(5 * time.Second)
	require.Equal(t, asked, c.Metadata().Updates(), "then there is nothing to ask for")
}

func TestBufferMemoryBlocksAndUnblocks(t *testing.T) {
	w := newTestWorld(t, 1, "orders")
	config := testProducerConfig()
	config.BatchSize, config.BufferMemory, config.Linger = 1000, 3000, time.Hour
	unblocked := 0
	p := NewProducer(w.client(nil), config, ProducerEvents{Delivered: func(Delivery) {}, Unblocked: func() { unblocked++ }})
	send := func() error {
		_, err := p.Send(&Record{Topic: "orders", Value: make([]byte, 800), Partition: AnyPartition})
		return err
	}
	require.ErrorIs(t, send(), ErrWouldBlock)
	w.run(time.Second)
	require.Equal(t, 1, unblocked, "the metadata came")
	for range 3 {
		require.NoError(t, send())
	}
	require.ErrorIs(t, send(), ErrWouldBlock)
	w.run(time.Second)
	require.Equal(t, 2, unblocked, "who waits for memory does not wait for linger")
	require.NoError(t, send())
	_, err := p.Send(&Record{Topic: "orders", Value: make([]byte, 4000), Partition: AnyPartition})
	require.ErrorIs(t, err, kerr.MessageTooLarge)
	_, err = p.Send(&Record{Topic: "orders", Partition: 7})
	require.ErrorIs(t, err, kerr.UnknownTopicOrPartition)
}

func TestAdminCreatesAndWaits(t *testing.T) {
	w := newTestWorld(t, 3, "old")
	c := w.client(nil)
	admin := NewAdmin(c)
	errs := map[string]error{}
	note := func(what string) func(error) {
		return func(err error) {
			_, twice := errs[what]
			require.False(t, twice)
			errs[what] = err
		}
	}
	deadline := w.Now().Add(10 * time.Second)
	admin.CreateTopics([]NewTopic{{Name: "orders", Partitions: 6, ReplicationFactor: 3}}, deadline, note("create"))
	admin.WaitForTopics([]string{"orders"}, deadline, note("wait"))
	admin.CreateTopics([]NewTopic{{Name: "old", Partitions: 1, ReplicationFactor: 1}}, deadline, note("exists"))
	admin.CreateTopics([]NewTopic{{Name: "wide", Partitions: 1, ReplicationFactor: 4}}, deadline, note("replicas"))
	admin.WaitForTopics([]string{"nowhere"}, deadline, note("never"))
	w.run(20 * time.Second)
	require.NoError(t, errs["create"])
	require.NoError(t, errs["wait"])
	require.Len(t, c.Metadata().Topic("orders").Leaders, 6)
	require.ErrorIs(t, errs["exists"], kerr.TopicAlreadyExists)
	var refusal *Refusal
	require.ErrorAs(t, errs["exists"], &refusal)
	require.ErrorIs(t, errs["replicas"], kerr.InvalidReplicationFactor)
	require.ErrorIs(t, errs["never"], ErrDeadline)
}

func TestCoveringRead(t *testing.T) {
	w := newTestWorld(t, 2, "orders")
	covered := kafka.TopicPartition{Topic: "orders"}
	stuck := kafka.TopicPartition{Topic: "orders", Partition: 1}
	w.cluster.add(stuck, 2)
	w.cluster.logs[covered].write("a", "b", "c")
	w.cluster.logs[covered].start = 1
	w.cluster.logs[stuck].write("x")
	var read []string
	var coverage []Coverage
	config := testConsumerConfig()
	config.MaxPollRecords = 1
	NewCoveringRead(w.client(nil), config, []kafka.TopicPartition{covered, stuck}, map[kafka.TopicPartition]kafka.Offset{covered: 4, stuck: 2},
		w.Now().Add(5*time.Second), CoveringReadEvents{
			Moved: func(Move) {},
			Read: func(chunk Chunk) {
				for _, r := range chunk.Records {
					read = append(read, string(r.Value))
				}
			},
			Done: func(c []Coverage) { coverage = c },
		})
	w.run(time.Second)
	require.Nil(t, coverage, "an acknowledged record is still missing")
	w.cluster.logs[covered].write("d")
	w.run(10 * time.Second)
	slices.Sort(read)
	require.Equal(t, []string{"b", "c", "d", "x"}, read)
	require.Equal(t, Coverage{Partition: covered, LogStart: 1, End: 4, Complete: true}, coverage[0])
	require.False(t, coverage[1].Complete)
	require.NotEmpty(t, coverage[1].Reason)
}

func TestPollKeepsToItsLimit(t *testing.T) {
	w := newTestWorld(t, 1, "orders")
	log := w.cluster.logs[kafka.TopicPartition{Topic: "orders"}]
	for range 7 {
		log.write("v")
	}
	config := testConsumerConfig()
	config.MaxPollRecords = 3
	consumer := NewConsumer(w.client(nil), config, ConsumerEvents{Available: func() {}, Moved: func(Move) {}})
	consumer.Assign([]kafka.TopicPartition{{Topic: "orders"}})
	w.run(time.Second)
	var sizes []int
	next := kafka.Offset(0)
	for chunks := consumer.Poll(); len(chunks) > 0; chunks = consumer.Poll() {
		require.Equal(t, next, chunks[0].From)
		next = chunks[0].Next
		sizes = append(sizes, len(chunks[0].Records))
	}
	require.Equal(t, []int{3, 3, 1}, sizes)
	require.Equal(t, kafka.Offset(7), consumer.Position(kafka.TopicPartition{Topic: "orders"}))
}

func TestCorruptBatchIsNotDelivered(t *testing.T) {
	w := newTestWorld(t, 1, "orders")
	log := w.cluster.logs[kafka.TopicPartition{Topic: "orders"}]
	log.write("v")
	log.batches[0][len(log.batches[0])-2] ^= 1
	var failure error
	var consumer *Consumer
	consumer = NewConsumer(w.client(nil), testConsumerConfig(), ConsumerEvents{
		Available: func() { require.Empty(t, consumer.Poll()) }, Moved: func(Move) {},
		Failed: func(_ kafka.TopicPartition, err error) { failure = err },
	})
	consumer.Assign([]kafka.TopicPartition{{Topic: "orders"}})
	w.run(time.Second)
	require.True(t, errors.Is(failure, kerr.CorruptMessage), failure)
}

// Sending allocates for batches and requests, not for records.
func TestSendDoesNotAllocatePerRecord(t *testing.T) {
	w := newTestWorld(t, 1, "orders")
	config := testProducerConfig()
	config.BatchSize, config.Linger = 16384, time.Hour
	delivered := 0
	p := NewProducer(w.client(nil), config, ProducerEvents{Delivered: func(Delivery) { delivered++ }, Unblocked: func() {}})
	record := &Record{Topic: "orders", Value: make([]byte, 100), Key: []byte("key"), Partition: AnyPartition, Timestamp: 1}
	_, err := p.Send(record)
	require.ErrorIs(t, err, ErrWouldBlock)
	w.run(time.Second)
	// Below one batch's worth of records, so that no request is counted.
	_, err = p.Send(record)
	require.NoError(t, err)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if _, err := p.Send(record); err != nil {
			t.Fatal(err)
		}
	}))
	const records = 20_000
	perRecord := testing.AllocsPerRun(1, func() {
		for i := range records {
			if _, err := p.Send(record); err != nil {
				t.Fatal(err)
			}
			if i%1000 == 0 {
				w.run(10 * time.Millisecond)
			}
		}
		p.Flush()
		w.run(time.Second)
	}) / records
	require.Less(t, perRecord, 2.0, "brokers and codec included")
	require.Greater(t, delivered, 2*records)
}

func TestBackoffOfTheOtherClients(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	capped := Backoff{250 * time.Millisecond, 5 * time.Second, BackoffCapped}
	wide := Backoff{100 * time.Millisecond, 10 * time.Second, BackoffWide}
	atCap := 0
	for range 1000 {
		require.InDelta(t, 250, capped.Wait(1, random).Milliseconds(), 51)
		require.InDelta(t, 2000, capped.Wait(4, random).Milliseconds(), 401)
		last := capped.Wait(20, random)
		require.LessOrEqual(t, last, 5*time.Second)
		if last == 5*time.Second {
			atCap++
		}
		first := wide.Wait(1, random)
		require.GreaterOrEqual(t, first, 75*time.Millisecond)
		require.LessOrEqual(t, first, 150*time.Millisecond)
		require.LessOrEqual(t, wide.Wait(20, random), 10*time.Second)
	}
	require.InDelta(t, 500, atCap, 100)
	require.Zero(t, Backoff{Shape: BackoffWide}.Wait(1, random))
}
