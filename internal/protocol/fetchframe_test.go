package protocol

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"
	"pgregory.net/rapid"
)

func drawFetchPartition(t *rapid.T) kmsg.FetchResponseTopicPartition {
	p := kmsg.NewFetchResponseTopicPartition()
	p.Partition, p.ErrorCode = rapid.Int32().Draw(t, "partition"), rapid.Int16().Draw(t, "error")
	p.HighWatermark, p.LastStableOffset = rapid.Int64().Draw(t, "high watermark"), rapid.Int64().Draw(t, "stable")
	p.LogStartOffset, p.PreferredReadReplica = rapid.Int64().Draw(t, "start"), rapid.Int32().Draw(t, "preferred")
	if n := rapid.IntRange(-1, 300).Draw(t, "bytes"); n >= 0 {
		p.RecordBatches = make([]byte, n)
	}
	switch rapid.IntRange(0, 9).Draw(t, "rare") {
	case 0:
		p.DivergingEpoch.EndOffset = rapid.Int64().Draw(t, "diverging end")
	case 1:
		p.CurrentLeader.LeaderEpoch = rapid.Int32().Draw(t, "leader epoch")
	case 2:
		p.SnapshotID.Epoch = rapid.Int32().Draw(t, "snapshot epoch")
	case 3:
		p.AbortedTransactions = []kmsg.FetchResponseTopicPartitionAbortedTransaction{}
	case 4:
		p.AbortedTransactions = []kmsg.FetchResponseTopicPartitionAbortedTransaction{{ProducerID: 1, FirstOffset: 2}}
	case 5:
		p.UnknownTags.Set(100, []byte("tag"))
	}
	return p
}

// TestFetchResponseBytes: kmsg says what the bytes of an answer must be.
func TestFetchResponseBytes(t *testing.T) {
	plain := 0
	rapid.Check(t, func(t *rapid.T) {
		r := kmsg.NewPtrFetchResponse()
		r.Version = int16(rapid.IntRange(0, int(r.MaxVersion())).Draw(t, "version"))
		r.ThrottleMillis, r.SessionID = rapid.Int32().Draw(t, "throttle"), rapid.Int32().Draw(t, "session")
		r.ErrorCode = rapid.Int16().Draw(t, "error")
		for range rapid.IntRange(0, 3).Draw(t, "topics") {
			topic := kmsg.NewFetchResponseTopic()
			topic.Topic, topic.TopicID = rapid.StringN(0, 9, 200).Draw(t, "topic"), [16]byte{rapid.Byte().Draw(t, "id")}
			topic.Partitions = rapid.SliceOfN(rapid.Custom(drawFetchPartition), 0, 3).Draw(t, "partitions")
			r.Topics = append(r.Topics, topic)
		}
		if isPlainFetch(r) {
			plain++
		}
		require.Equal(t, r.AppendTo(nil), appendBody(nil, r))
	})
	require.Greater(t, plain, 10)
}

func manyPartitions(n int) *Response {
	r := fetchResponse(17)
	p := kmsg.NewFetchResponseTopicPartition()
	p.RecordBatches = make([]byte, 100)
	topic := &r.Body.(*kmsg.FetchResponse).Topics[0]
	topic.Partitions = topic.Partitions[:0]
	for range n {
		topic.Partitions = append(topic.Partitions, p)
	}
	return r
}

func TestFetchResponseAllocatesNothing(t *testing.T) {
	r, frame := manyPartitions(10), make([]byte, 0, 4096)
	require.Zero(t, testing.AllocsPerRun(100, func() { frame = r.AppendFrame(frame[:0]) }))
	require.Zero(t, testing.AllocsPerRun(100, func() { _, _ = r.Size(), r.Fingerprint() }))
}

func BenchmarkFetchResponse(b *testing.B) {
	r, frame := manyPartitions(10), make([]byte, 0, 4096)
	b.Run("frame", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			frame = r.AppendFrame(frame[:0])
		}
	})
	b.Run("frame-by-kmsg", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			frame = r.Body.AppendTo(frame[:0])
		}
	})
	b.Run("fingerprint", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = r.Size(), r.Fingerprint()
		}
	})
}
