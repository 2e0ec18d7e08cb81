package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/internal/batch"
	"assay/internal/kafka"
	"assay/internal/protocol"
)

// patience is how long a test waits for what should happen at once.
const patience = 60 * time.Second

// TestServe runs assay serve as its users do, as a process of its own.
func TestServe(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "assay")
	built, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput()
	require.NoError(t, err, "%s", built)
	for name, test := range map[string]func(*testing.T, string){
		"produce and consume":           serveProducesAndConsumes,
		"kill under load":               serveSurvivesKill,
		"deduplication after a restart": serveDeduplicatesAcrossRestart,
		"list offsets":                  serveListsOffsets,
		"every codec":                   servePassesEveryCodec,
		"delete topics":                 serveDeletesTopics,
		"bad frames":                    serveClosesBadConnections,
		"several brokers":               serveSeveralBrokers,
		"interrupt":                     serveEndsOnInterrupt,
		"orderly restart":               serveRestartsQuickly,
		"groups":                        serveGroups,
		"groups across restarts":        serveGroupsAcrossRestarts,
		"groups on several brokers":     serveGroupsOnSeveralBrokers,
		"group administration":          serveGroupAdmin,
		"initial rebalance delay":       serveInitialDelay,
		"kcat in a group":               serveKcatGroup,
		"transactions":                  serveTransactions,
		"fencing":                       serveFencing,
		"transaction time-out":          serveTransactionTimeout,
		"exactly once":                  serveExactlyOnce,
		"transaction administration":    serveTransactionAdmin,
		"topic administration":          serveTopicAdmin,
		"authorized operations":         serveAuthorizedOperations,
		"folder in use":                 serveRefusesFolderInUse,
		"port in use":                   serveRefusesPortInUse,
	} {
		t.Run(name, func(t *testing.T) { test(t, binary) })
	}
}

// server is a running assay serve.
type server struct {
	t      *testing.T
	cmd    *exec.Cmd
	addr   string // of the first broker
	stderr *bytes.Buffer
	waited sync.Once
}

// startServer returns once every broker has said that clients may connect.
func startServer(t *testing.T, binary string, brokers int, args ...string) *server {
	t.Helper()
	s := &server{t: t, stderr: &bytes.Buffer{}}
	// A broker that comes back waits for its former session to end: a short one.
	s.cmd = exec.Command(binary, append([]string{"serve", "--brokers", fmt.Sprint(brokers), "--listen", "127.0.0.1:0",
		"--set", "broker.heartbeat.interval.ms=100", "--set", "broker.session.timeout.ms=1000"}, args...)...)
	s.cmd.Stderr = s.stderr
	out, err := s.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, s.cmd.Start())
	t.Cleanup(s.kill)
	timeout := time.AfterFunc(patience, func() { s.cmd.Process.Kill() })
	defer timeout.Stop()
	lines := bufio.NewScanner(out)
	for range brokers {
		require.True(t, lines.Scan(), "no line from assay serve: %s", s.stderr)
		var id int
		var addr string
		_, err := fmt.Sscanf(lines.Text(), "broker %d ready on %s", &id, &addr)
		require.NoError(t, err, lines.Text())
		if id == 1 {
			s.addr = addr
		}
	}
	return s
}

// kill is kill -9.
func (s *server) kill() {
	s.waited.Do(func() {
		s.cmd.Process.Kill()
		s.cmd.Wait()
	})
}

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// endlessRetries leaves it to the test's patience how long a client tries.
const endlessRetries = 1_000_000

// insistent are the options of a client that asks again soon, for as long as the
// test lasts.
func insistent(s *server) []kgo.Opt {
	return []kgo.Opt{kgo.SeedBrokers(s.addr), kgo.MetadataMinAge(10 * time.Millisecond),
		kgo.RetryBackoffFn(func(int) time.Duration { return 20 * time.Millisecond }), kgo.RequestRetries(endlessRetries)}
}

// kafkaClient sends records to the partitions that they name.
func kafkaClient(t *testing.T, s *server, options ...kgo.Opt) *kgo.Client {
	t.Helper()
	options = append(append(insistent(s), kgo.RecordPartitioner(kgo.ManualPartitioner())), options...)
	client, err := kgo.NewClient(options...)
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return client
}

// ask sends one request and returns its answer.
func ask[Response any](t *testing.T, client *kgo.Client, request interface {
	RequestWith(context.Context, kmsg.Requestor) (Response, error)
}) Response {
	t.Helper()
	answer, err := request.RequestWith(testContext(t), client)
	require.NoError(t, err)
	return answer
}

func createTopic(t *testing.T, client *kgo.Client, name string, partitions int32, replicas int16) {
	t.Helper()
	r := kmsg.NewPtrCreateTopicsRequest()
	r.TimeoutMillis = 10_000
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic, topic.NumPartitions, topic.ReplicationFactor = name, partitions, replicas
	r.Topics = append(r.Topics, topic)
	require.NoError(t, kerr.ErrorForCode(ask(t, client, r).Topics[0].ErrorCode))
}

// produceAll sends records numbered from..to-1, and returns when all are acknowledged.
func produceAll(t *testing.T, client *kgo.Client, topic string, partitions, from, to int) {
	t.Helper()
	var mutex sync.Mutex
	var failed []error
	for i := from; i < to; i++ {
		client.Produce(testContext(t), numbered(topic, partitions, i), func(_ *kgo.Record, err error) {
			if err != nil {
				mutex.Lock()
				defer mutex.Unlock()
				failed = append(failed, err)
			}
		})
	}
	require.NoError(t, client.Flush(testContext(t)))
	require.Empty(t, failed)
}

func numbered(topic string, partitions, i int) *kgo.Record {
	return &kgo.Record{Topic: topic, Partition: int32(i % partitions), Value: []byte(fmt.Sprint(i)), Timestamp: time.UnixMilli(int64(1000 + i))}
}

// requireConsumed reads a topic from its start until count records have come,
// and demands each number once, in order within its partition.
func requireConsumed(t *testing.T, s *server, topic string, partitions, count int) {
	t.Helper()
	client := kafkaClient(t, s, kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	next := make([]int, partitions)
	for i := range next {
		next[i] = i
	}
	for got := 0; got < count; {
		fetches := client.PollFetches(testContext(t))
		require.NoError(t, fetches.Err())
		fetches.EachRecord(func(r *kgo.Record) {
			require.Equal(t, fmt.Sprint(next[r.Partition]), string(r.Value), "partition %d offset %d", r.Partition, r.Offset)
			require.Equal(t, int64(next[r.Partition]/partitions), r.Offset)
			next[r.Partition] += partitions
			got++
		})
	}
}

func serveProducesAndConsumes(t *testing.T, binary string) {
	s := startServer(t, binary, 1, "--data", t.TempDir(), "--set", "num.partitions=3")
	client := kafkaClient(t, s, kgo.AllowAutoTopicCreation())
	createTopic(t, client, "orders", 6, 1)
	produceAll(t, client, "orders", 6, 0, 6000)
	requireConsumed(t, s, "orders", 6, 6000)
	produceAll(t, client, "made-by-asking", 3, 0, 300)
	requireConsumed(t, s, "made-by-asking", 3, 300)
}

// serveSurvivesKill: what was acknowledged before a kill -9 is there after it,
// once, and the producer that was cut off goes on without a duplicate.
func serveSurvivesKill(t *testing.T, binary string) {
	data := t.TempDir()
	first := startServer(t, binary, 1, "--data", data)
	client := kafkaClient(t, first, kgo.ProducerLinger(0), kgo.MaxBufferedRecords(200), kgo.UnknownTopicRetries(-1))
	createTopic(t, client, "orders", 4, 1)
	produceAll(t, client, "orders", 4, 0, 1000)

	const total = 5000
	enough := make(chan struct{})
	produced := make(chan error, 1)
	go func() {
		var once sync.Once
		var mutex sync.Mutex
		var failed error
		for i := 1000; i < total; i++ {
			client.Produce(context.Background(), numbered("orders", 4, i), func(r *kgo.Record, err error) {
				mutex.Lock()
				defer mutex.Unlock()
				if err != nil && failed == nil {
					failed = err
				}
				if i > 2000 {
					once.Do(func() { close(enough) })
				}
			})
		}
		err := client.Flush(context.Background())
		mutex.Lock()
		defer mutex.Unlock()
		produced <- kgoError(failed, err)
	}()
	select {
	case <-enough:
	case <-testContext(t).Done():
		t.Fatal("nothing was acknowledged")
	}
	first.kill()

	second := startServer(t, binary, 1, "--listen", first.addr, "--data", data)
	select {
	case err := <-produced:
		require.NoError(t, err)
	case <-testContext(t).Done():
		t.Fatal("the producer did not recover")
	}
	requireConsumed(t, second, "orders", 4, total)
	second.kill()

	third := startServer(t, binary, 1, "--data", data)
	requireConsumed(t, third, "orders", 4, total)
}

func kgoError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// wire is a connection that speaks in whole requests, or in bytes.
type wire struct {
	t          *testing.T
	connection net.Conn
	next       int32
}

func dialWire(t *testing.T, s *server) *wire {
	t.Helper()
	connection, err := net.Dial("tcp", s.addr)
	require.NoError(t, err)
	t.Cleanup(func() { connection.Close() })
	require.NoError(t, connection.SetDeadline(time.Now().Add(patience)))
	return &wire{t: t, connection: connection}
}

func (w *wire) call(body kmsg.Request) kmsg.Response {
	w.t.Helper()
	w.next++
	_, err := w.connection.Write((&protocol.Request{CorrelationID: w.next, ClientID: "wire", Body: body}).AppendFrame(nil))
	require.NoError(w.t, err)
	var length [4]byte
	_, err = io.ReadFull(w.connection, length[:])
	require.NoError(w.t, err)
	frame := make([]byte, binary.BigEndian.Uint32(length[:]))
	_, err = io.ReadFull(w.connection, frame)
	require.NoError(w.t, err)
	empty := body.ResponseKind()
	empty.SetVersion(body.GetVersion())
	response, err := protocol.DecodeResponse(frame, empty)
	require.NoError(w.t, err)
	require.Equal(w.t, w.next, response.CorrelationID)
	return response.Body
}

func idempotentBatch(producer int64, sequence int32, count int) []byte {
	var b batch.Builder
	for i := range count {
		b.Append(int64(1000+i), nil, []byte("value"), nil)
	}
	b.SetProducer(kafka.ProducerID(producer), 0, kafka.Sequence(sequence))
	return b.Finish()
}

func (w *wire) produce(topic string, records []byte) kmsg.ProduceResponseTopicPartition {
	r := kmsg.NewPtrProduceRequest()
	r.Version, r.Acks, r.TimeoutMillis = 9, -1, 10_000
	t := kmsg.NewProduceRequestTopic()
	t.Topic = topic
	p := kmsg.NewProduceRequestTopicPartition()
	p.Records = records
	t.Partitions = append(t.Partitions, p)
	r.Topics = append(r.Topics, t)
	return w.call(r).(*kmsg.ProduceResponse).Topics[0].Partitions[0]
}

func serveDeduplicatesAcrossRestart(t *testing.T, binary string) {
	data := t.TempDir()
	first := startServer(t, binary, 1, "--data", data)
	createTopic(t, kafkaClient(t, first), "orders", 1, 1)
	w := dialWire(t, first)
	r := kmsg.NewPtrInitProducerIDRequest()
	r.Version = 4
	producer := w.call(r).(*kmsg.InitProducerIDResponse)
	require.Zero(t, producer.ErrorCode)
	require.Equal(t, int64(0), w.produce("orders", idempotentBatch(producer.ProducerID, 0, 3)).BaseOffset)
	require.Equal(t, int64(3), w.produce("orders", idempotentBatch(producer.ProducerID, 3, 2)).BaseOffset)
	first.kill()

	second := startServer(t, binary, 1, "--data", data)
	w = dialWire(t, second)
	again := w.produce("orders", idempotentBatch(producer.ProducerID, 3, 2))
	require.Zero(t, again.ErrorCode)
	require.Equal(t, int64(3), again.BaseOffset, "a retry across the restart is recognised")
	require.Equal(t, kerr.OutOfOrderSequenceNumber.Code, w.produce("orders", idempotentBatch(producer.ProducerID, 9, 1)).ErrorCode)
	require.Equal(t, int64(5), w.produce("orders", idempotentBatch(producer.ProducerID, 5, 1)).BaseOffset)
	fresh := kmsg.NewPtrInitProducerIDRequest()
	fresh.Version = 4
	require.NotEqual(t, producer.ProducerID, w.call(fresh).(*kmsg.InitProducerIDResponse).ProducerID)
}

// servePassesEveryCodec: batches come back as they were sent, whatever is in them.
func servePassesEveryCodec(t *testing.T, binary string) {
	s := startServer(t, binary, 1, "--data", t.TempDir())
	for name, codec := range map[string]kgo.CompressionCodec{"gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression()} {
		client := kafkaClient(t, s, kgo.ProducerBatchCompression(codec))
		createTopic(t, client, name, 2, 1)
		produceAll(t, client, name, 2, 0, 2000)
		requireConsumed(t, s, name, 2, 2000)
	}
}

func serveListsOffsets(t *testing.T, binary string) {
	s := startServer(t, binary, 1, "--data", t.TempDir())
	client := kafkaClient(t, s, kgo.ProducerBatchCompression(kgo.NoCompression())) // see docs/kafka-parity.md for compressed batches
	createTopic(t, client, "orders", 1, 1)
	produceAll(t, client, "orders", 1, 0, 100) // timestamps 1000 to 1099
	for timestamp, want := range map[int64]int64{-2: 0, -1: 100, 0: 0, 1000: 0, 1001: 1, 1099: 99, 1100: -1, -3: 99} {
		r := kmsg.NewPtrListOffsetsRequest()
		r.ReplicaID = -1
		topic := kmsg.NewListOffsetsRequestTopic()
		topic.Topic = "orders"
		p := kmsg.NewListOffsetsRequestTopicPartition()
		p.Timestamp, p.CurrentLeaderEpoch = timestamp, -1
		topic.Partitions = append(topic.Partitions, p)
		r.Topics = append(r.Topics, topic)
		answer := ask(t, client, r)
		require.NoError(t, kerr.ErrorForCode(answer.Topics[0].Partitions[0].ErrorCode))
		require.Equal(t, want, answer.Topics[0].Partitions[0].Offset, "timestamp %d", timestamp)
	}
}

func serveDeletesTopics(t *testing.T, binary string) {
	data := t.TempDir()
	s := startServer(t, binary, 1, "--data", data)
	client := kafkaClient(t, s)
	createTopic(t, client, "orders", 2, 1)
	produceAll(t, client, "orders", 2, 0, 10)
	deletion := func() int16 {
		r := kmsg.NewPtrDeleteTopicsRequest()
		r.TimeoutMillis = 10_000
		topic := kmsg.NewDeleteTopicsRequestTopic()
		topic.Topic = kmsg.StringPtr("orders")
		r.Topics, r.TopicNames = append(r.Topics, topic), []string{"orders"}
		return ask(t, client, r).Topics[0].ErrorCode
	}
	require.Zero(t, deletion())
	require.Equal(t, kerr.UnknownTopicOrPartition.Code, deletion())
	s.kill()
	s = startServer(t, binary, 1, "--data", data)
	client = kafkaClient(t, s)
	createTopic(t, client, "orders", 1, 1) // a new topic of the same name is empty
	produceAll(t, client, "orders", 1, 0, 5)
	requireConsumed(t, s, "orders", 1, 5)
}

// serveClosesBadConnections: a frame that makes no sense ends its connection
// and nothing else.
func serveClosesBadConnections(t *testing.T, binary string) {
	s := startServer(t, binary, 1, "--data", t.TempDir(), "--set", "socket.request.max.bytes=100000")
	bystander := dialWire(t, s)
	half := dialWire(t, s) // stays in the middle of a frame all along
	_, err := half.connection.Write([]byte{0, 0, 0, 99, 0, 18})
	require.NoError(t, err)
	badFrames := map[string][]byte{
		"HTTP":              []byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
		"TLS":               {0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3},
		"oversized":         {0, 1, 0x86, 0xa1, 0, 3},
		"the largest":       {0x7f, 0xff, 0xff, 0xff},
		"negative":          {0xff, 0xff, 0xff, 0xff},
		"empty":             {0, 0, 0, 0},
		"cut header":        {0, 0, 0, 4, 0, 18, 0, 0},
		"unknown key":       {0, 0, 0, 10, 0x12, 0x34, 0, 0, 0, 0, 0, 1, 0xff, 0xff},
		"unknown version":   {0, 0, 0, 10, 0, 3, 0, 99, 0, 0, 0, 1, 0xff, 0xff},
		"long client id":    {0, 0, 0, 10, 0, 3, 0, 0, 0, 0, 0, 1, 0x7f, 0xff},
		"endless array":     {0, 0, 0, 14, 0, 3, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff},
		"a broker's only":   {0, 0, 0, 10, 0, 4, 0, 0, 0, 0, 0, 1, 0xff, 0xff},
		"an old produce":    {0, 0, 0, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0},
		"endless tag count": append([]byte{0, 0, 0, 16, 0, 3, 0, 9, 0, 0, 0, 1, 0xff, 0xff}, 0xff, 0xff, 0xff, 0xff, 0x0f, 0),
	}
	for name, frame := range badFrames {
		w := dialWire(t, s)
		_, err := w.connection.Write(frame)
		require.NoError(t, err, name)
		n, err := w.connection.Read(make([]byte, 1))
		require.Error(t, err, name)
		require.NotErrorIs(t, err, os.ErrDeadlineExceeded, name)
		require.Zero(t, n, name)
		r := kmsg.NewPtrMetadataRequest()
		r.Version = 12
		require.Len(t, bystander.call(r).(*kmsg.MetadataResponse).Brokers, 1, name)
	}
	_, err = half.connection.Write([]byte{0}) // still welcome
	require.NoError(t, err)
}

func serveSeveralBrokers(t *testing.T, binary string) {
	s := startServer(t, binary, 3, "--data", t.TempDir(), "--set", "min.insync.replicas=2")
	client := kafkaClient(t, s)
	createTopic(t, client, "orders", 6, 3)
	produceAll(t, client, "orders", 6, 0, 3000)
	requireConsumed(t, s, "orders", 6, 3000)
}

func serveEndsOnInterrupt(t *testing.T, binary string) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		s := startServer(t, binary, 1)
		_, folder, found := strings.Cut(s.stderr.String(), "data goes to ")
		require.True(t, found, s.stderr)
		folder, _, _ = strings.Cut(folder, " ")
		require.DirExists(t, folder)
		require.NoError(t, s.cmd.Process.Signal(signal))
		timeout := time.AfterFunc(patience, func() { s.cmd.Process.Kill() })
		s.waited.Do(func() { require.NoError(t, s.cmd.Wait()) })
		timeout.Stop()
		require.NoDirExists(t, folder, "a temporary folder is removed at the end")
	}
}

// interrupt ends the server in good order.
func (s *server) interrupt() {
	s.t.Helper()
	require.NoError(s.t, s.cmd.Process.Signal(os.Interrupt))
	timeout := time.AfterFunc(patience, func() { s.cmd.Process.Kill() })
	defer timeout.Stop()
	s.waited.Do(func() { require.NoError(s.t, s.cmd.Wait(), s.stderr) })
}

// serveRestartsQuickly: brokers that ended in good order need not wait for their
// sessions to end, and everything is there: records, and what a group has
// committed.
func serveRestartsQuickly(t *testing.T, binary string) {
	data := t.TempDir()
	const endless = "broker.session.timeout.ms=600000" // longer than the test's patience
	first := startServer(t, binary, 3, "--data", data, "--set", endless)
	client := kafkaClient(t, first)
	createTopic(t, client, "orders", 6, 3)
	produceAll(t, client, "orders", 6, 0, 3000)
	commit := kmsg.NewPtrOffsetCommitRequest()
	commit.Group = "billing"
	topic := kmsg.NewOffsetCommitRequestTopic()
	topic.TopicID = topicMetadata(t, client, "orders").TopicID
	partition := kmsg.NewOffsetCommitRequestTopicPartition()
	partition.Partition, partition.Offset = 3, 321
	topic.Partitions = append(topic.Partitions, partition)
	commit.Topics = append(commit.Topics, topic)
	committed := ask(t, client, commit)
	require.Zero(t, committed.Topics[0].Partitions[0].ErrorCode)
	first.interrupt()
	for id := 1; id <= 3; id++ {
		require.FileExists(t, filepath.Join(data, fmt.Sprintf("broker-%d", id), "data", ".kafka_cleanshutdown"))
	}

	second := startServer(t, binary, 3, "--data", data, "--set", endless)
	client = kafkaClient(t, second)
	requireConsumed(t, second, "orders", 6, 3000)
	fetch := kmsg.NewPtrOffsetFetchRequest()
	group := kmsg.NewOffsetFetchRequestGroup()
	group.Group = "billing"
	fetch.Groups = append(fetch.Groups, group)
	fetched := &kmsg.OffsetFetchResponse{}
	// A coordinator serves once its partition has its in-sync replicas again.
	for ctx, loading := testContext(t), true; loading; loading = fetched.Groups[0].ErrorCode == kerr.CoordinatorLoadInProgress.Code {
		var err error
		fetched, err = fetch.RequestWith(ctx, client)
		require.NoError(t, err)
		require.Len(t, fetched.Groups, 1)
	}
	require.Zero(t, fetched.Groups[0].ErrorCode)
	require.Len(t, fetched.Groups[0].Topics, 1)
	require.Equal(t, int64(321), fetched.Groups[0].Topics[0].Partitions[0].Offset)
}

func topicMetadata(t *testing.T, client *kgo.Client, name string) kmsg.MetadataResponseTopic {
	t.Helper()
	r := kmsg.NewPtrMetadataRequest()
	topic := kmsg.NewMetadataRequestTopic()
	topic.Topic = &name
	r.Topics = append(r.Topics, topic)
	return ask(t, client, r).Topics[0]
}

// refused runs assay serve that should not start.
func refused(t *testing.T, binary string, args ...string) (code int, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var text bytes.Buffer
	c := exec.CommandContext(ctx, binary, append([]string{"serve"}, args...)...)
	c.Stderr = &text
	var failed *exec.ExitError
	require.ErrorAs(t, c.Run(), &failed)
	return failed.ExitCode(), text.String()
}

func serveRefusesFolderInUse(t *testing.T, binary string) {
	data := t.TempDir()
	startServer(t, binary, 1, "--data", data)
	code, text := refused(t, binary, "--listen", "127.0.0.1:0", "--data", data)
	require.Equal(t, exitUnavailable, code)
	require.Contains(t, text, "in use by another assay serve")
}

func serveRefusesPortInUse(t *testing.T, binary string) {
	s := startServer(t, binary, 1, "--data", t.TempDir())
	code, text := refused(t, binary, "--listen", s.addr, "--data", t.TempDir())
	require.Equal(t, exitUnavailable, code)
	require.Contains(t, text, s.addr+" is in use")
}

func TestServeRefuses(t *testing.T) {
	properties := filepath.Join(t.TempDir(), "server.properties")
	require.NoError(t, os.WriteFile(properties, []byte("num.network.threads=8\nmessage.max.byte=5\n"), 0o644))
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"join":              {[]string{"--join", "127.0.0.1:9092"}, "not built yet"},
		"no brokers":        {[]string{"--brokers", "0"}, "--brokers takes 1 to"},
		"negative id":       {[]string{"--id", "-1"}, "broker ids"},
		"open to all":       {[]string{"--listen", "0.0.0.0:0"}, "--insecure"},
		"another machine":   {[]string{"--listen", "192.0.2.1:0"}, "--insecure"},
		"nobody's address":  {[]string{"--listen", "0.0.0.0:0", "--insecure"}, "--advertise"},
		"no port":           {[]string{"--listen", "localhost"}, "HOST:PORT"},
		"bad port":          {[]string{"--listen", "localhost:99999"}, "99999 is no port"},
		"advertised port 0": {[]string{"--listen", "127.0.0.1:0", "--advertise", "a:0"}, "is no port"},
		"no assignment":     {[]string{"--set", "num.partitions"}, "KEY=VALUE"},
		"slip":              {[]string{"--set", "num.partition=3"}, "did you mean num.partitions?"},
		"bad value":         {[]string{"--set", "num.partitions=many"}, "num.partitions"},
		"id as a key":       {[]string{"--set", "node.id=3"}, "--id"},
		"no file":           {[]string{"--config", properties + ".none"}, "no such file"},
		"slip in the file":  {[]string{"--config", properties}, "did you mean message.max.bytes?"},
		"unknown flag":      {[]string{"--port", "1"}, "unknown flag"},
		"argument":          {[]string{"here"}, "unknown command"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, text bytes.Buffer
			code := assay(t.Context(), append([]string{"serve"}, c.args...), &out, &text)
			require.Equal(t, exitUsage, code, "%s", &text)
			require.Contains(t, text.String(), c.says)
			require.Empty(t, out.String())
		})
	}
}

func TestServeSettings(t *testing.T) {
	properties := filepath.Join(t.TempDir(), "server.properties")
	require.NoError(t, os.WriteFile(properties, []byte("num.network.threads=8\nnum.partitions=4\nmessage.max.bytes=2000000\nnode.id=7\n"), 0o644))
	var text bytes.Buffer
	o := serveOptions{properties: properties, set: []string{"num.partitions=5"}}
	settings, err := o.settings(streams{err: &text})
	require.NoError(t, err)
	require.Equal(t, 5, settings.Int("num.partitions"), "--set is stronger than the file")
	require.Equal(t, 2000000, settings.Int("message.max.bytes"))
	require.Contains(t, text.String(), "num.network.threads has no effect here")
	require.Contains(t, text.String(), "node.id has no effect here")
}

func TestParseProperties(t *testing.T) {
	for content, want := range map[string]map[string]string{
		"a=1\nb : 2\r\nc 3\n":           {"a": "1", "b": "2", "c": "3"},
		"# no\n! no\n\n  a = b = c  \n": {"a": "b = c"},
		"a=one,\\\n   two,\\\r\n\tx":    {"a": "one,two,x"},
		`a\ b\==c\td`:                   {"a b=": "c\td"},
		"a=\\u0041\\\\":                 {"a": `A\`},
		"a":                             {"a": ""},
		"a=1\na=2":                      {"a": "2"},
		`a=x\`:                          {"a": "x"},
		"":                              {},
	} {
		got, err := parseProperties(content)
		require.NoError(t, err, "%q", content)
		require.Equal(t, want, got, "%q", content)
	}
	for _, content := range []string{`a=\u00`, `a=\uzzzz`} {
		_, err := parseProperties(content)
		require.Error(t, err, "%q", content)
	}
}
