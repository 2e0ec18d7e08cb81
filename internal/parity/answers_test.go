package parity

import (
	"fmt"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/internal/batch"
)

// compared are the keys whose versions are compared.
var compared = []kmsg.Key{kmsg.Produce, kmsg.Fetch, kmsg.ListOffsets, kmsg.Metadata, kmsg.ApiVersions, kmsg.CreateTopics,
	kmsg.DeleteTopics, kmsg.InitProducerID, kmsg.OffsetForLeaderEpoch, kmsg.DescribeCluster, kmsg.OffsetCommit, kmsg.OffsetFetch,
	kmsg.FindCoordinator, kmsg.OffsetDelete, kmsg.JoinGroup, kmsg.SyncGroup, kmsg.Heartbeat, kmsg.LeaveGroup, kmsg.DescribeGroups,
	kmsg.ListGroups, kmsg.DeleteGroups, kmsg.AddPartitionsToTxn, kmsg.AddOffsetsToTxn, kmsg.EndTxn, kmsg.TxnOffsetCommit,
	kmsg.WriteTxnMarkers, kmsg.DescribeProducers, kmsg.DescribeTransactions, kmsg.ListTransactions,
	kmsg.ConsumerGroupHeartbeat, kmsg.ConsumerGroupDescribe, kmsg.CreatePartitions, kmsg.DeleteRecords, kmsg.DescribeConfigs}

// describe writes an answer down, without what differs from run to run: ids,
// addresses, throttle times, the words of error messages.
func describe(response kmsg.Response, m *memory) string {
	var out strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) }
	v := response.GetVersion()
	switch r := response.(type) {
	case *kmsg.ApiVersionsResponse:
		line("%s v=%d", name(r.ErrorCode), v)
		for _, key := range r.ApiKeys {
			if slices.Contains(compared, kmsg.Key(key.ApiKey)) {
				line("%s %d-%d", kmsg.NameForKey(key.ApiKey), key.MinVersion, key.MaxVersion)
			}
		}
	case *kmsg.MetadataResponse:
		describeMetadata(line, r)
	case *kmsg.CreateTopicsResponse:
		for _, t := range r.Topics {
			text := fmt.Sprintf("%s %s", t.Topic, name(t.ErrorCode))
			if v >= 5 {
				text += fmt.Sprintf(" partitions=%d replicas=%d configs=%t", t.NumPartitions, t.ReplicationFactor, t.Configs != nil)
			}
			if v >= 7 {
				text += fmt.Sprintf(" id=%s", given(t.TopicID))
			}
			line("%s", text)
		}
	case *kmsg.DeleteTopicsResponse:
		for _, t := range r.Topics {
			topic := ""
			if t.Topic != nil {
				topic = *t.Topic
			}
			line("%s %s", m.topicName(topic, t.TopicID), name(t.ErrorCode))
		}
	case *kmsg.InitProducerIDResponse:
		id := "none"
		if r.ProducerID >= 0 {
			id = "given"
		}
		line("%s id=%s epoch=%d", name(r.ErrorCode), id, r.ProducerEpoch)
	case *kmsg.ProduceResponse:
		for _, t := range r.Topics {
			for _, p := range t.Partitions {
				text := fmt.Sprintf("%s-%d %s base=%d append-time=%s", m.topicName(t.Topic, t.TopicID), p.Partition, name(p.ErrorCode), p.BaseOffset, clock(p.LogAppendTime))
				if v >= 5 {
					text += fmt.Sprintf(" start=%d", p.LogStartOffset)
				}
				line("%s", text)
			}
		}
	case *kmsg.FetchResponse:
		describeFetch(line, r, m)
	case *kmsg.ListOffsetsResponse:
		for _, t := range r.Topics {
			for _, p := range t.Partitions {
				text := fmt.Sprintf("%s-%d %s", t.Topic, p.Partition, name(p.ErrorCode))
				if v == 0 {
					text += fmt.Sprintf(" offsets=%v", p.OldStyleOffsets)
				} else {
					text += fmt.Sprintf(" offset=%d timestamp=%d", p.Offset, p.Timestamp)
				}
				if v >= 4 {
					text += fmt.Sprintf(" epoch=%d", p.LeaderEpoch)
				}
				line("%s", text)
			}
		}
	case *kmsg.OffsetForLeaderEpochResponse:
		for _, t := range r.Topics {
			for _, p := range t.Partitions {
				line("%s-%d %s epoch=%d end=%d", t.Topic, p.Partition, name(p.ErrorCode), p.LeaderEpoch, p.EndOffset)
			}
		}
	case *kmsg.DescribeClusterResponse:
		line("%s brokers=%d controller=%d", name(r.ErrorCode), len(r.Brokers), r.ControllerID)
	case *kmsg.FindCoordinatorResponse, *kmsg.OffsetCommitResponse, *kmsg.OffsetFetchResponse, *kmsg.OffsetDeleteResponse:
		inOrder(line, func(add func(string, ...any)) { describeGroups(line, add, r, m) })
	case *kmsg.JoinGroupResponse, *kmsg.SyncGroupResponse, *kmsg.HeartbeatResponse, *kmsg.LeaveGroupResponse, *kmsg.DescribeGroupsResponse,
		*kmsg.ListGroupsResponse, *kmsg.DeleteGroupsResponse:
		inOrder(line, func(add func(string, ...any)) { describeMembers(line, add, r, m) })
	case *kmsg.ConsumerGroupHeartbeatResponse, *kmsg.ConsumerGroupDescribeResponse:
		inOrder(line, func(add func(string, ...any)) { describeConsumers(line, add, r, m) })
	case *kmsg.AddPartitionsToTxnResponse, *kmsg.AddOffsetsToTxnResponse, *kmsg.EndTxnResponse, *kmsg.TxnOffsetCommitResponse,
		*kmsg.DescribeTransactionsResponse, *kmsg.ListTransactionsResponse, *kmsg.DescribeProducersResponse, *kmsg.WriteTxnMarkersResponse:
		inOrder(line, func(add func(string, ...any)) { describeTransactions(line, add, r, m) })
	case *kmsg.CreatePartitionsResponse, *kmsg.DeleteRecordsResponse, *kmsg.DescribeConfigsResponse:
		describeAdministration(line, r)
	default:
		line("no words for %T", response)
	}
	return out.String()
}

// inOrder writes down, sorted, the lines that describe adds.
func inOrder(line func(string, ...any), describe func(add func(string, ...any))) {
	var lines []string
	describe(func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) })
	slices.Sort(lines)
	for _, l := range lines {
		line("%s", l)
	}
}

func name(code int16) string {
	if code == 0 {
		return "NONE"
	}
	if known := kerr.TypedErrorForCode(code); known != nil {
		return known.Message
	}
	return fmt.Sprint(code)
}

func given(id [16]byte) string {
	if id == [16]byte{} {
		return "none"
	}
	return "given"
}

// clock hides a time of day.
func clock(millis int64) string {
	if millis < 0 {
		return "none"
	}
	return "given"
}

func topicOf(t kmsg.MetadataResponseTopic) string {
	if t.Topic == nil {
		return "(null)"
	}
	return *t.Topic
}

// describeMetadata sorts: the order of topics means nothing.
func describeMetadata(line func(string, ...any), r *kmsg.MetadataResponse) {
	text := fmt.Sprintf("brokers=%d", len(r.Brokers))
	if r.Version >= 1 {
		text += fmt.Sprintf(" controller=%d", r.ControllerID)
	}
	if r.Version >= 2 {
		text += fmt.Sprintf(" cluster=%t", r.ClusterID != nil)
	}
	line("%s", text)
	slices.SortFunc(r.Topics, func(a, b kmsg.MetadataResponseTopic) int { return strings.Compare(topicOf(a), topicOf(b)) })
	for _, t := range r.Topics {
		topic := topicOf(t)
		text := fmt.Sprintf("%s %s internal=%t", topic, name(t.ErrorCode), t.IsInternal)
		if r.Version >= 10 {
			text += " id=" + given(t.TopicID)
		}
		line("%s", text)
		slices.SortFunc(t.Partitions, func(a, b kmsg.MetadataResponseTopicPartition) int { return int(a.Partition - b.Partition) })
		for _, p := range t.Partitions {
			text := fmt.Sprintf("  %d %s leader=%d replicas=%v isr=%v", p.Partition, name(p.ErrorCode), p.Leader, p.Replicas, p.ISR)
			if r.Version >= 7 {
				text += fmt.Sprintf(" epoch=%d", p.LeaderEpoch)
			}
			line("%s", text)
		}
	}
}

func describeFetch(line func(string, ...any), r *kmsg.FetchResponse, m *memory) {
	if r.Version >= 7 {
		session := "none"
		if r.SessionID != 0 {
			session = "given"
		}
		line("%s session=%s", name(r.ErrorCode), session)
	}
	for _, t := range r.Topics {
		for _, p := range t.Partitions {
			text := fmt.Sprintf("%s-%d %s high-watermark=%d last-stable=%d", m.topicName(t.Topic, t.TopicID), p.Partition, name(p.ErrorCode), p.HighWatermark, p.LastStableOffset)
			if r.Version >= 5 {
				text += fmt.Sprintf(" start=%d", p.LogStartOffset)
			}
			if r.Version >= 12 && (p.DivergingEpoch.Epoch >= 0 || p.DivergingEpoch.EndOffset >= 0) {
				text += fmt.Sprintf(" diverging=%d:%d", p.DivergingEpoch.Epoch, p.DivergingEpoch.EndOffset)
			}
			if r.Version >= 12 && p.CurrentLeader.LeaderID >= 0 {
				text += fmt.Sprintf(" leader=%d:%d", p.CurrentLeader.LeaderID, p.CurrentLeader.LeaderEpoch)
			}
			if p.AbortedTransactions != nil {
				text += aborted(p.AbortedTransactions, m)
			}
			line("%s%s", text, batches(p.RecordBatches))
		}
	}
}

// batches lists what a fetch returned, and checks that it is whole.
func batches(b []byte) string {
	text := ""
	for len(b) > 0 {
		h, whole, rest, err := batch.Next(b)
		if err != nil {
			return text + fmt.Sprintf(" cut after %d bytes", len(b))
		}
		crc := ""
		if batch.CheckCRC(whole) != nil {
			crc = " WRONG CRC"
		}
		text += fmt.Sprintf(" [%d-%d epoch=%d%s%s]", h.BaseOffset, h.LastOffset(), h.LeaderEpoch, kindOf(&h, whole), crc)
		b = rest
	}
	return text
}
