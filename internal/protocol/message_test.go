package protocol

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
)

func produceRequest(version int16) *Request {
	body := kmsg.NewPtrProduceRequest()
	body.SetVersion(version)
	body.Acks, body.TimeoutMillis = -1, 30_000
	topic := kmsg.NewProduceRequestTopic()
	if version >= 13 {
		topic.TopicID = [16]byte{1, 2, 3}
	} else {
		topic.Topic = "orders"
	}
	partition := kmsg.NewProduceRequestTopicPartition()
	partition.Partition, partition.Records = 3, []byte("sixty-one bytes or more of a batch")
	topic.Partitions = append(topic.Partitions, partition)
	body.Topics = append(body.Topics, topic)
	return &Request{CorrelationID: 7, ClientID: "web-0", Body: body}
}

func fetchResponse(version int16) *Response {
	body := kmsg.NewPtrFetchResponse()
	body.SetVersion(version)
	topic := kmsg.NewFetchResponseTopic()
	if version >= 13 {
		topic.TopicID = [16]byte{9}
	} else {
		topic.Topic = "orders"
	}
	partition := kmsg.NewFetchResponseTopicPartition()
	partition.HighWatermark, partition.RecordBatches = 42, []byte("batches")
	if version >= 12 {
		partition.DivergingEpoch.Epoch, partition.DivergingEpoch.EndOffset = 3, 17
		partition.CurrentLeader.LeaderID, partition.CurrentLeader.LeaderEpoch = 2, 5
	}
	topic.Partitions = append(topic.Partitions, partition)
	body.Topics = append(body.Topics, topic)
	return &Response{CorrelationID: 8, Body: body}
}

// TestReencodeKeepsSizeAndFingerprint: a run gives the same digest whether
// messages travel as values or as frames.
func TestReencodeKeepsSizeAndFingerprint(t *testing.T) {
	var messages []host.Message
	for version := int16(3); version <= 13; version++ {
		messages = append(messages, produceRequest(version))
	}
	for version := int16(4); version <= 18; version++ {
		messages = append(messages, fetchResponse(version))
	}
	for key := range int16(93) {
		body := kmsg.RequestForKey(key)
		if body == nil {
			continue
		}
		for version := int16(0); version <= body.MaxVersion(); version++ {
			request := kmsg.RequestForKey(key)
			request.SetVersion(version)
			if defaults, ok := request.(interface{ Default() }); ok {
				defaults.Default()
			}
			response := request.ResponseKind()
			response.SetVersion(version)
			if defaults, ok := response.(interface{ Default() }); ok {
				defaults.Default()
			}
			messages = append(messages, &Request{CorrelationID: 1, ClientID: "c", Body: request}, &Response{CorrelationID: 2, Body: response})
		}
	}
	for _, message := range messages {
		again, err := message.Reencode()
		require.NoError(t, err, "%s", message)
		require.Equal(t, message.Size(), again.Size(), "%s", message)
		require.Equal(t, message.Fingerprint(), again.Fingerprint(), "%s", message)
	}
}

func TestFingerprintSeesEveryField(t *testing.T) {
	base := produceRequest(9)
	seen := map[uint64]string{base.Fingerprint(): "base"}
	changes := map[string]func(*Request, *kmsg.ProduceRequest){
		"correlation": func(r *Request, _ *kmsg.ProduceRequest) { r.CorrelationID++ },
		"acks":        func(_ *Request, b *kmsg.ProduceRequest) { b.Acks = 1 },
		"timeout":     func(_ *Request, b *kmsg.ProduceRequest) { b.TimeoutMillis++ },
		"topic":       func(_ *Request, b *kmsg.ProduceRequest) { b.Topics[0].Topic = "order5" },
		"partition":   func(_ *Request, b *kmsg.ProduceRequest) { b.Topics[0].Partitions[0].Partition++ },
		"records":     func(_ *Request, b *kmsg.ProduceRequest) { b.Topics[0].Partitions[0].Records[5] ^= 1 },
		"transaction": func(_ *Request, b *kmsg.ProduceRequest) { b.TransactionID = kmsg.StringPtr("t") },
	}
	for name, change := range changes {
		r := produceRequest(9)
		change(r, r.Body.(*kmsg.ProduceRequest))
		other, collides := seen[r.Fingerprint()]
		require.False(t, collides, "%s looks like %s", name, other)
		seen[r.Fingerprint()] = name
	}
}

func TestDecodeRequestRejects(t *testing.T) {
	frame := produceRequest(9).AppendFrame(nil)[4:]
	for cut := range len(frame) {
		_, err := DecodeRequest(frame[:cut])
		require.ErrorIs(t, err, ErrFrame, "cut at %d", cut)
	}
	unknown := append([]byte(nil), frame...)
	binary.BigEndian.PutUint16(unknown[2:], 99)
	_, err := DecodeRequest(unknown)
	var version *UnknownVersionError
	require.True(t, errors.As(err, &version))
	require.Equal(t, UnknownVersionError{Key: 0, Version: 99, CorrelationID: 7}, *version)
}

func FuzzDecodeRequest(f *testing.F) {
	f.Add(produceRequest(9).AppendFrame(nil)[4:])
	f.Add(produceRequest(3).AppendFrame(nil)[4:])
	f.Fuzz(func(t *testing.T, frame []byte) {
		request, err := DecodeRequest(frame)
		if err != nil {
			return
		}
		_ = request.Size()
		_ = request.Fingerprint()
	})
}
