package parity

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"strconv"
	"strings"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/internal/batch"
	"assay/internal/kafka"
)

// noTopicID stands for an id that no topic has.
var noTopicID = [16]byte{0xff, 1}

// memory is what a story has learnt that later requests refer to by name.
type memory struct {
	topics    map[string][16]byte
	producers map[string]producer
	members   map[string]string // ids by name
}

type producer struct {
	id    int64
	epoch int16
}

func (m *memory) topicID(name string) [16]byte {
	if id, ok := m.topics[name]; ok {
		return id
	}
	return noTopicID
}

func (m *memory) topicName(name string, id [16]byte) string {
	if id == [16]byte{} || name != "" {
		return name
	}
	for known, its := range m.topics { // ids are unique
		if its == id {
			return known
		}
	}
	return "(unknown id)"
}

// topicAtVersion names a topic as produce and fetch do: by id from version 13 on.
// What the version does not carry stays unset: the simulator passes it on.
func topicAtVersion(w *words, m *memory, name string) (string, [16]byte) {
	if w.number("v", 0) >= 13 {
		return "", m.topicID(name)
	}
	return name, [16]byte{}
}

// builders make the requests of the stories by name.
var builders = map[string]func(*words, *memory) kmsg.Request{
	"api-versions":            buildAPIVersions,
	"metadata":                buildMetadata,
	"create-topics":           buildCreateTopics,
	"delete-topics":           buildDeleteTopics,
	"init-producer-id":        buildInitProducerID,
	"produce":                 buildProduce,
	"fetch":                   buildFetch,
	"list-offsets":            buildListOffsets,
	"offset-for-leader-epoch": buildOffsetForLeaderEpoch,
	"describe-cluster":        buildDescribeCluster,
	"find-coordinator":        buildFindCoordinator,
	"offset-commit":           buildOffsetCommit,
	"offset-fetch":            buildOffsetFetch,
	"offset-delete":           buildOffsetDelete,
	"join-group":              buildJoinGroup,
	"sync-group":              buildSyncGroup,
	"heartbeat":               buildHeartbeat,
	"leave-group":             buildLeaveGroup,
	"describe-groups":         buildDescribeGroups,
	"list-groups":             buildListGroups,
	"consumer-heartbeat":      buildConsumerHeartbeat,
	"consumer-describe":       buildConsumerDescribe,
	"delete-groups":           buildDeleteGroups,
	"add-partitions-to-txn":   buildAddPartitions,
	"add-offsets-to-txn":      buildAddOffsets,
	"end-txn":                 buildEndTxn,
	"txn-offset-commit":       buildTxnOffsetCommit,
	"describe-transactions":   buildDescribeTransactions,
	"list-transactions":       buildListTransactions,
	"describe-producers":      buildDescribeProducers,
	"write-txn-markers":       buildWriteMarkers,
	"create-partitions":       buildCreatePartitions,
	"delete-records":          buildDeleteRecords,
	"describe-configs":        buildDescribeConfigs,
}

func buildAPIVersions(*words, *memory) kmsg.Request {
	r := kmsg.NewPtrApiVersionsRequest()
	r.ClientSoftwareName, r.ClientSoftwareVersion = "parity", "1"
	return r
}

func buildMetadata(w *words, m *memory) kmsg.Request {
	r := kmsg.NewPtrMetadataRequest()
	r.AllowAutoTopicCreation = w.text("auto", "false") == "true"
	switch names := w.list("topics"); {
	case len(names) == 1 && names[0] == "all":
		r.Topics = nil
	case len(names) == 1 && names[0] == "none":
		r.Topics = []kmsg.MetadataRequestTopic{}
	default:
		for _, name := range names {
			topic := kmsg.NewMetadataRequestTopic()
			if byID, ok := strings.CutPrefix(name, "id:"); ok {
				topic.TopicID = m.topicID(byID)
			} else {
				topic.Topic = kmsg.StringPtr(strings.ReplaceAll(name, "~", " "))
			}
			r.Topics = append(r.Topics, topic)
		}
	}
	return r
}

// buildCreateTopics takes topics as NAME:PARTITIONS:REPLICAS.
func buildCreateTopics(w *words, _ *memory) kmsg.Request {
	r := kmsg.NewPtrCreateTopicsRequest()
	r.TimeoutMillis = int32(w.number("timeout", 10_000))
	r.ValidateOnly = w.text("validate", "false") == "true"
	for _, text := range w.list("topics") {
		parts := append(strings.Split(text, ":"), "-1", "-1")
		topic := kmsg.NewCreateTopicsRequestTopic()
		topic.Topic = strings.ReplaceAll(parts[0], "~", " ")
		partitions, err := strconv.ParseInt(parts[1], 10, 32)
		require.NoError(w.t, err)
		replicas, err := strconv.ParseInt(parts[2], 10, 16)
		require.NoError(w.t, err)
		topic.NumPartitions, topic.ReplicationFactor = int32(partitions), int16(replicas)
		for _, assignment := range w.list("assign") { // PARTITION:BROKER
			number, broker, _ := strings.Cut(assignment, ":")
			a := kmsg.NewCreateTopicsRequestTopicReplicaAssignment()
			a.Partition = parse32(w, number)
			a.Replicas = []int32{parse32(w, broker)}
			topic.ReplicaAssignment = append(topic.ReplicaAssignment, a)
		}
		for _, config := range w.list("config") {
			key, value, given := strings.Cut(config, ":")
			c := kmsg.NewCreateTopicsRequestTopicConfig()
			c.Name = key
			if given {
				c.Value = &value
			}
			topic.Configs = append(topic.Configs, c)
		}
		r.Topics = append(r.Topics, topic)
	}
	return r
}

func parse32(w *words, text string) int32 {
	n, err := strconv.ParseInt(text, 10, 32)
	require.NoError(w.t, err)
	return int32(n)
}

func buildDeleteTopics(w *words, m *memory) kmsg.Request {
	r := kmsg.NewPtrDeleteTopicsRequest()
	r.TimeoutMillis = int32(w.number("timeout", 10_000))
	for _, name := range w.list("topics") {
		if w.number("v", 0) < 6 {
			r.TopicNames = append(r.TopicNames, name)
			continue
		}
		topic := kmsg.NewDeleteTopicsRequestTopic()
		if byID, ok := strings.CutPrefix(name, "id:"); ok {
			topic.TopicID = m.topicID(byID)
		} else {
			topic.Topic = &name
		}
		r.Topics = append(r.Topics, topic)
	}
	return r
}

func buildInitProducerID(w *words, m *memory) kmsg.Request {
	r := kmsg.NewPtrInitProducerIDRequest()
	r.ProducerID, r.ProducerEpoch = -1, -1
	if p := w.text("producer", ""); p != "" {
		r.ProducerID, r.ProducerEpoch = m.producers[p].id, int16(w.number("epoch", int64(m.producers[p].epoch)))
	}
	if id := w.text("transactional", ""); id != "" {
		r.TransactionalID = &id
		r.TransactionTimeoutMillis = int32(w.number("timeout", 60_000))
	}
	w.text("as", "")
	return r
}

func buildProduce(w *words, m *memory) kmsg.Request {
	r := kmsg.NewPtrProduceRequest()
	r.Acks, r.TimeoutMillis = int16(w.number("acks", -1)), int32(w.number("timeout", 10_000))
	r.TransactionID = optional(w.text("transactional", ""))
	t := kmsg.NewProduceRequestTopic()
	t.Topic, t.TopicID = topicAtVersion(w, m, w.text("topic", ""))
	p := kmsg.NewProduceRequestTopicPartition()
	p.Partition = int32(w.number("partition", 0))
	p.Records = buildRecords(w, m)
	t.Partitions = append(t.Partitions, p)
	r.Topics = append(r.Topics, t)
	return r
}

func buildRecords(w *words, m *memory) []byte {
	var b batch.Builder
	value := []byte(strings.Repeat("v", int(w.number("size", 5))))
	timestamp, step := w.number("timestamp", 1000), w.number("step", 1)
	for i := range w.number("records", 1) {
		b.Append(timestamp+i*step, nil, value, nil)
	}
	if name := w.text("producer", ""); name != "" {
		p := m.producers[name]
		b.SetProducer(kafka.ProducerID(p.id), kafka.ProducerEpoch(w.number("epoch", int64(p.epoch))), kafka.Sequence(w.number("sequence", 0)))
	}
	if w.text("transactional", "") != "" {
		b.SetTransactional()
	}
	if w.text("compression", "none") == "gzip" {
		return gzipped(w, b.Finish())
	}
	return spoil(w, b.Finish())
}

// gzipped compresses the records of a batch.
func gzipped(w *words, b []byte) []byte {
	var compressed bytes.Buffer
	writer := gzip.NewWriter(&compressed)
	_, err := writer.Write(b[recordsAt:])
	require.NoError(w.t, err)
	require.NoError(w.t, writer.Close())
	b = append(b[:recordsAt:recordsAt], compressed.Bytes()...)
	b[attributesAt+1] |= 0x01
	binary.BigEndian.PutUint32(b[lengthAt:], uint32(len(b)-leaderEpochAt))
	putCRC(b)
	return b
}

func putCRC(b []byte) {
	binary.BigEndian.PutUint32(b[crcAt:], crc32.Checksum(b[attributesAt:], crc32.MakeTable(crc32.Castagnoli)))
}

// Where fields of a batch are, by Kafka's DefaultRecordBatch.
const (
	lengthAt          = 8
	leaderEpochAt     = 12
	magicAt           = 16
	crcAt             = 17
	attributesAt      = 21
	lastOffsetDeltaAt = 23
	countAt           = 57
	recordsAt         = 61
)

// spoil makes the batch wrong in one way; all but "crc" have the right CRC.
func spoil(w *words, b []byte) []byte {
	big := binary.BigEndian
	switch how := w.text("wrong", ""); how {
	case "":
		return b
	case "crc":
		b[len(b)-2] ^= 1
		return b
	case "nothing":
		return nil
	case "empty":
		return []byte{}
	case "magic-0", "magic-1", "magic-3":
		b[magicAt] = how[len(how)-1] - '0'
	case "cut":
		return b[:len(b)-3]
	case "header-cut":
		return b[:40]
	case "trailing":
		return append(b, 1, 2, 3)
	case "two":
		return append(b[:len(b):len(b)], b...)
	case "length":
		big.PutUint32(b[lengthAt:], 7)
	case "count":
		big.PutUint32(b[countAt:], 7)
	case "no-records":
		b = b[:recordsAt]
		big.PutUint32(b[countAt:], 0)
		big.PutUint32(b[lengthAt:], recordsAt-12)
		big.PutUint32(b[lastOffsetDeltaAt:], 0)
	case "last-offset-delta":
		big.PutUint32(b[lastOffsetDeltaAt:], 9)
	case "base-offset":
		big.PutUint64(b, 42)
	case "leader-epoch":
		big.PutUint32(b[leaderEpochAt:], 42)
	case "control":
		b[attributesAt+1] |= 0x20
	case "transactional":
		b[attributesAt+1] |= 0x10
	case "codec":
		b[attributesAt+1] |= 0x07
	case "gzip":
		b[attributesAt+1] |= 0x01
	case "record":
		b[recordsAt] = 0x7e // a length that the batch does not have
	default:
		require.FailNow(w.t, "unknown wrong="+how)
	}
	putCRC(b)
	return b
}

func buildFetch(w *words, m *memory) kmsg.Request {
	r := kmsg.NewPtrFetchRequest()
	r.ReplicaID = -1
	r.MaxWaitMillis, r.MinBytes = int32(w.number("wait", 0)), int32(w.number("min", 1))
	r.MaxBytes = int32(w.number("max", 1<<20))
	r.SessionID, r.SessionEpoch = int32(w.number("session", 0)), int32(w.number("session-epoch", -1))
	r.IsolationLevel = int8(w.number("isolation", 0))
	for _, name := range w.list("topic") {
		t := kmsg.NewFetchRequestTopic()
		t.Topic, t.TopicID = topicAtVersion(w, m, name)
		for _, number := range strings.Split(w.text("partition", "0"), ",") {
			p := kmsg.NewFetchRequestTopicPartition()
			p.Partition = parse32(w, number)
			p.FetchOffset = w.number("offset", 0)
			p.PartitionMaxBytes = int32(w.number("partition-max", 1<<20))
			p.CurrentLeaderEpoch, p.LastFetchedEpoch = int32(w.number("epoch", -1)), int32(w.number("last-epoch", -1))
			t.Partitions = append(t.Partitions, p)
		}
		r.Topics = append(r.Topics, t)
	}
	return r
}

func buildListOffsets(w *words, _ *memory) kmsg.Request {
	r := kmsg.NewPtrListOffsetsRequest()
	r.ReplicaID = -1
	r.IsolationLevel = int8(w.number("isolation", 0))
	t := kmsg.NewListOffsetsRequestTopic()
	t.Topic = w.text("topic", "")
	p := kmsg.NewListOffsetsRequestTopicPartition()
	p.Partition, p.CurrentLeaderEpoch = int32(w.number("partition", 0)), int32(w.number("epoch", -1))
	p.Timestamp, p.MaxNumOffsets = w.number("timestamp", -1), int32(w.number("count", 1))
	t.Partitions = append(t.Partitions, p)
	r.Topics = append(r.Topics, t)
	return r
}

func buildOffsetForLeaderEpoch(w *words, _ *memory) kmsg.Request {
	r := kmsg.NewPtrOffsetForLeaderEpochRequest()
	r.ReplicaID = -1
	t := kmsg.NewOffsetForLeaderEpochRequestTopic()
	t.Topic = w.text("topic", "")
	p := kmsg.NewOffsetForLeaderEpochRequestTopicPartition()
	p.Partition = int32(w.number("partition", 0))
	p.CurrentLeaderEpoch, p.LeaderEpoch = int32(w.number("current", -1)), int32(w.number("epoch", 0))
	t.Partitions = append(t.Partitions, p)
	r.Topics = append(r.Topics, t)
	return r
}

func buildDescribeCluster(*words, *memory) kmsg.Request { return kmsg.NewPtrDescribeClusterRequest() }

// rawFrame reads bytes written in hex, a length prefix put before them unless
// the story gives one of its own.
func rawFrame(w *words) []byte {
	content, err := hex.DecodeString(w.text("hex", ""))
	require.NoError(w.t, err)
	length := w.number("length", int64(len(content)))
	return append(binary.BigEndian.AppendUint32(nil, uint32(length)), content...)
}
