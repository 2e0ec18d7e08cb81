package broker_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/internal/batch"
	"assay/internal/kafka"
)

const wallStart = 1_735_689_600_000

func TestProduceIsReplicatedAndServed(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.createTopic("orders", 1, map[string]string{"min.insync.replicas": "2"})
	leader := c.leader("orders", 0)

	answer := c.call(leader, produceRequest("orders", 0, -1, 30*time.Second, records(3, wallStart, "hello"))).(*kmsg.ProduceResponse)
	require.Zero(t, answer.Topics[0].Partitions[0].ErrorCode)
	require.Zero(t, answer.Topics[0].Partitions[0].BaseOffset)
	for _, name := range c.brokers {
		v, ok := c.view(name, "orders", 0)
		require.True(t, ok)
		require.Equal(t, kafka.Offset(3), v.LogEndOffset, name)
	}

	fetched := c.call(leader, fetchRequest("orders", 0, 0, time.Second)).(*kmsg.FetchResponse)
	p := fetched.Topics[0].Partitions[0]
	require.Zero(t, p.ErrorCode)
	require.Equal(t, int64(3), p.HighWatermark)
	h, err := batch.Validate(p.RecordBatches)
	require.NoError(t, err)
	require.Equal(t, int32(3), h.Count)
	require.Equal(t, kafka.LeaderEpoch(0), h.LeaderEpoch)
}
