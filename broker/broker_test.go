package broker_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
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

// An acks=all wait that replication holds up does not hold up an acks=1 wait
// behind it, which waits for the leader's sync alone.
func TestLeaderAcknowledgesPastAHeldProduce(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.createTopic("orders", 1, map[string]string{"min.insync.replicas": "2", "flush.messages": "1"})
	leader := c.leader("orders", 0)
	var others []string
	for _, name := range []string{"broker-1", "broker-2", "broker-3"} {
		if name != leader {
			others = append(others, name)
		}
	}
	defer c.w.Cut(others, []string{leader}).Heal()

	var all, one kmsg.Response
	c.send(leader, produceRequest("orders", 0, -1, 5*time.Second, records(1, 0, "held")), func(r kmsg.Response) { all = r })
	delete(c.client.conns, host.Addr(leader+":9092")) // a connection of its own: one connection's answers keep their order
	c.send(leader, produceRequest("orders", 0, 1, 5*time.Second, records(1, 0, "settled")), func(r kmsg.Response) { one = r })
	c.runUntil(time.Second, "the answer to acks=1", func() bool { return one != nil })
	require.Zero(t, one.(*kmsg.ProduceResponse).Topics[0].Partitions[0].ErrorCode)
	require.Nil(t, all)
}
