package clients

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/internal/batch"
	"assay/internal/kafka"
)

// sizesOf sends many alike records with one codec and returns how many records
// the log's batches hold, and how large the largest is in bytes.
func sizesOf(t *testing.T, codec batch.Codec, profile Profile) (records []int32, largest int) {
	w := newTestWorld(t, 1, "orders")
	c := w.client(nil)
	config := testProducerConfig()
	config.BatchSize, config.Linger, config.Compression, config.Profile = 2000, time.Second, codec, profile
	p := NewProducer(c, config, ProducerEvents{Delivered: func(d Delivery) { require.Equal(t, Acknowledged, d.Outcome) }, Unblocked: func() {}})
	c.Metadata().Want("orders")
	c.step()
	w.run(100 * time.Millisecond)
	for i := range 8000 {
		_, err := p.Send(&Record{Topic: "orders", Value: fmt.Appendf(nil, `{"order": %d, "customer": "c-%d", "state": "paid", "currency": "EUR"}`, i, i%7), Timestamp: 1})
		require.NoError(t, err)
		if i%20 == 0 {
			w.run(5 * time.Millisecond)
		}
	}
	w.run(10 * time.Second)
	require.Zero(t, p.Open())
	l := w.cluster.logs[kafka.TopicPartition{Topic: "orders"}]
	require.EqualValues(t, 8000, l.end)
	require.Len(t, l.values(), 8000)
	for _, whole := range l.batches {
		h, err := batch.Validate(whole)
		require.NoError(t, err)
		require.Equal(t, codec, h.Compression())
		records, largest = append(records, h.Count), max(largest, len(whole))
	}
	return records, largest
}

// Batches take more records as the producer learns what they compress to, and
// stay within batch.size.
func TestBatchesGrowWithCompression(t *testing.T) {
	plain, _ := sizesOf(t, batch.None, ProfileJava)
	for codec := batch.Gzip; codec <= batch.Zstd; codec++ {
		records, largest := sizesOf(t, codec, ProfileJava)
		require.InDelta(t, plain[0], records[0], 3, "%v: nothing is known at first", codec)
		require.Greater(t, slices.Max(records), 2*slices.Max(plain), "%v", codec)
		require.LessOrEqual(t, largest, 2000, "%v", codec)
		require.Less(t, len(records), len(plain), "%v", codec)
	}
	records, largest := sizesOf(t, batch.Gzip, ProfileFranzGo)
	require.Equal(t, slices.Max(plain), slices.Max(records), "uncompressed bytes count")
	require.Less(t, largest, 1000)
}
