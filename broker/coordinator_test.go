package broker

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"

	"assay/broker/group"
	"assay/internal/batch"
	"assay/internal/kafka"
)

// offsetBatches is a log of n commits, in batches of as many as given.
func offsetBatches(n, atOnce int) (content []byte) {
	var b batch.Builder
	for base := 0; base < n; base += atOnce {
		b.Reset(nil)
		for i := base; i < min(n, base+atOnce); i++ {
			r := group.OffsetRecord{Group: fmt.Sprintf("group-%d", i%10), Partition: kafka.TopicPartition{Topic: "orders", Partition: int32(i / 10 % 100)},
				Committed: group.Committed{Offset: kafka.Offset(i), CommitTime: 1, ExpireTime: group.NoExpiry}}
			value, _ := r.AppendValue(nil)
			b.Append(1, r.AppendKey(nil), value, nil)
		}
		one := b.Finish()
		batch.SetBaseOffsetAndEpoch(one, kafka.Offset(base), 0)
		content = append(content, one...)
	}
	return content
}

// groupsToLoad is a coordinator of groups that has replayed all below an offset.
func groupsToLoad(next kafka.Offset) *coordinator {
	return &coordinator{service: &groupService{Coordinator: group.New(group.Settings{})}, next: next}
}

func TestReplayBatches(t *testing.T) {
	n := &Node{}
	c := groupsToLoad(0)
	content := offsetBatches(1000, 7)
	require.NoError(t, n.replayBatches(c, content))
	require.Equal(t, kafka.Offset(1000), c.next)
	require.Equal(t, int64(1000), c.records)
	_, offsets := c.service.size()
	require.Equal(t, 1000, offsets)

	// A read may begin in the middle of a batch: what was replayed is not again.
	c = groupsToLoad(3)
	require.NoError(t, n.replayBatches(c, content))
	require.Equal(t, int64(997), c.records)

	// What no coordinator writes ends the load, and does not bring the node down.
	var b batch.Builder
	b.Append(1, []byte{0, 1, 0, 3, 'c', 'u'}, nil, nil)
	require.ErrorIs(t, n.replayBatches(groupsToLoad(0), b.Finish()), group.ErrRecord)
	require.ErrorIs(t, n.replayBatches(groupsToLoad(5), offsetBatches(1, 1)), errLogGap)
}

// What a client is told, by Kafka's CoordinatorOperationExceptionHelper.
func TestCoordinatorErrors(t *testing.T) {
	for from, to := range map[*kerr.Error]*kerr.Error{
		kerr.NotEnoughReplicas: kerr.CoordinatorNotAvailable, kerr.RequestTimedOut: kerr.CoordinatorNotAvailable,
		kerr.UnknownTopicOrPartition: kerr.CoordinatorNotAvailable, kerr.NotLeaderForPartition: kerr.NotCoordinator,
		kerr.KafkaStorageError: kerr.NotCoordinator, kerr.MessageTooLarge: kerr.UnknownServerError, kerr.RecordListTooLarge: kerr.UnknownServerError,
		kerr.InvalidTimestamp: kerr.InvalidTimestamp,
	} {
		require.ErrorIs(t, coordinatorError(fmt.Errorf("append: %w", from)), to, from.Message)
	}
	require.Equal(t, error(kerr.NotCoordinator), offsetFetchError(coordinatorError(kerr.RequestTimedOut)))
	require.NoError(t, offsetFetchError(nil))
}

// BenchmarkLoadMillion replays a million commits, one to a batch.
func BenchmarkLoadMillion(b *testing.B) {
	content := offsetBatches(1_000_000, 1)
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		c := groupsToLoad(0)
		if err := (&Node{}).replayBatches(c, content); err != nil || c.records != 1_000_000 {
			b.Fatal(err, c.records)
		}
	}
	b.ReportMetric(float64(len(content))/1e6*float64(loadPace/time.Nanosecond), "paced-ms/op")
}
