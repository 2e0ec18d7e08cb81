package metadata

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/internal/kafka"
)

// answer is a fetch response with entries, the high watermark behind them.
func answer(entries ...Entry) *kmsg.FetchResponse {
	partition := kmsg.NewFetchResponseTopicPartition()
	for _, e := range entries {
		partition.RecordBatches = AppendBatch(partition.RecordBatches, e.Offset, e.Epoch, AppendRecords(nil, e.Records))
		partition.HighWatermark = int64(e.Offset) + 1
	}
	return wrap(partition)
}

func wrap(partition kmsg.FetchResponseTopicPartition) *kmsg.FetchResponse {
	topic := kmsg.NewFetchResponseTopic()
	topic.TopicID = LogID
	topic.Partitions = append(topic.Partitions, partition)
	r := kmsg.NewPtrFetchResponse()
	r.Version = FetchVersion
	r.Topics = append(r.Topics, topic)
	return r
}

func fetchOffset(t *testing.T, f *Follower) int64 {
	r, ok := f.Next().(*kmsg.FetchRequest)
	require.True(t, ok)
	require.Equal(t, [16]byte(LogID), r.Topics[0].TopicID)
	return r.Topics[0].Partitions[0].FetchOffset
}

func TestFollowerAppliesEntries(t *testing.T) {
	h := newHistory(5)
	first, second, third := h.next(), h.next(), h.next()
	f := NewFollower(1, Empty(), 500)
	require.EqualValues(t, 1, fetchOffset(t, f))
	update, err := f.Receive(answer(first, second))
	require.NoError(t, err)
	require.True(t, update.Moved)
	require.EqualValues(t, 2, update.CommittedTo)
	require.Equal(t, Difference(Empty(), update.Image), update.Delta)
	require.EqualValues(t, 3, fetchOffset(t, f))
	update, err = f.Receive(answer(second, third)) // what it has is skipped
	require.NoError(t, err)
	require.Equal(t, h.image.Snapshot(), update.Image.Snapshot())
	update, err = f.Receive(answer())
	require.NoError(t, err)
	require.False(t, update.Moved)
}

func TestFollowerRefusesGapsAndDamage(t *testing.T) {
	h := newHistory(5)
	h.next()
	second := h.next()
	f := NewFollower(1, Empty(), 500)
	_, err := f.Receive(answer(second))
	require.ErrorIs(t, err, ErrEncoding)
	damaged := answer(second)
	damaged.Topics[0].Partitions[0].RecordBatches[70] ^= 1
	_, err = f.Receive(damaged)
	require.ErrorIs(t, err, ErrEncoding)
	require.EqualValues(t, 1, fetchOffset(t, f))
}

func TestFollowerLearnsWhoLeads(t *testing.T) {
	f := NewFollower(1, Empty(), 500)
	partition := kmsg.NewFetchResponseTopicPartition()
	partition.ErrorCode = kerr.NotLeaderForPartition.Code
	partition.CurrentLeader.LeaderID = 3
	update, err := f.Receive(wrap(partition))
	require.ErrorIs(t, err, kerr.NotLeaderForPartition)
	require.EqualValues(t, 3, update.Leader)
}

// offerSnapshot answers a fetch below the log's start.
func offerSnapshot(image *Image) *kmsg.FetchResponse {
	partition := kmsg.NewFetchResponseTopicPartition()
	partition.SnapshotID.EndOffset, partition.SnapshotID.Epoch = int64(image.Offset())+1, int32(image.Epoch())
	return wrap(partition)
}

// chunkOf answers a request for a part of a snapshot with n bytes.
func chunkOf(request kmsg.Request, image *Image, n int) *kmsg.FetchSnapshotResponse {
	asked := request.(*kmsg.FetchSnapshotRequest).Topics[0].Partitions[0]
	snapshot := image.Snapshot()
	part := kmsg.NewFetchSnapshotResponseTopicPartition()
	part.SnapshotID.EndOffset, part.SnapshotID.Epoch = asked.SnapshotID.EndOffset, asked.SnapshotID.Epoch
	part.Size, part.Position = int64(len(snapshot)), asked.Position
	part.Bytes = snapshot[asked.Position:min(int(asked.Position)+n, len(snapshot))]
	topic := kmsg.NewFetchSnapshotResponseTopic()
	topic.Partitions = append(topic.Partitions, part)
	r := kmsg.NewPtrFetchSnapshotResponse()
	r.Topics = append(r.Topics, topic)
	return r
}

func TestFollowerTakesASnapshotInChunks(t *testing.T) {
	h := newHistory(9)
	f := NewFollower(1, Empty(), 500)
	_, err := f.Receive(answer(h.next(), h.next()))
	require.NoError(t, err)
	before := f.Image()
	for range 40 {
		h.next()
	}
	_, err = f.Receive(offerSnapshot(h.image))
	require.NoError(t, err)
	chunks := 0
	var update Update
	for !update.Moved {
		chunk := chunkOf(f.Next(), h.image, 50)
		update, err = f.Receive(chunk)
		require.NoError(t, err)
		chunks++
		if !update.Moved { // a repeated answer changes nothing
			_, err = f.Receive(chunk)
			require.NoError(t, err)
		}
	}
	require.Greater(t, chunks, 3)
	require.Equal(t, h.image.Snapshot(), update.Image.Snapshot())
	require.Equal(t, Difference(before, update.Image), update.Delta)
	require.EqualValues(t, h.image.Offset()+1, kafka.Offset(fetchOffset(t, f)))
}

func TestFollowerStartsOverWhenItsSnapshotIsGone(t *testing.T) {
	h := newHistory(9)
	for range 40 {
		h.next()
	}
	f := NewFollower(1, Empty(), 500)
	_, err := f.Receive(offerSnapshot(h.image))
	require.NoError(t, err)
	_, err = f.Receive(chunkOf(f.Next(), h.image, 50))
	require.NoError(t, err)
	gone := chunkOf(f.Next(), h.image, 50)
	gone.Topics[0].Partitions[0].ErrorCode = kerr.SnapshotNotFound.Code
	_, err = f.Receive(gone)
	require.ErrorIs(t, err, kerr.SnapshotNotFound)
	require.EqualValues(t, 1, fetchOffset(t, f))
}
