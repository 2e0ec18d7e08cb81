package clients

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"

	"assay/internal/batch"
	"assay/internal/kafka"
	"assay/internal/kafkaconfig"
	"assay/internal/story"
)

// TestStories runs the protocol stories in testdata: what the producer or the
// consumer does against a correct log whose brokers misbehave as told.
//
//	producer KEY=VALUE...    makes the producer (linger 0, a batch a record)
//	consumer KEY=VALUE...    makes a consumer of orders/0 and polls all it gets;
//	                         ends=true tells of the log's ends, too
//	fate N WHAT              what becomes of the N-th produce request
//	send VALUE...            one record each
//	write VALUE...           appends to the log as if another had sent it
//	send-bytes COUNT SIZE    as many records of that size
//	max-message BYTES        the topic's max.message.bytes
//	leader BROKER            moves leadership, with the next epoch
//	seek OFFSET EPOCH        moves the consumer
//	seek-to earliest|latest|time MILLISECONDS
//	poll                     polls once, for a consumer with poll=manual
//	pause, resume            of the partition
//	commit OFFSET...         one commit each, all at once
//	commit-fate N WHAT, find-fate N ERROR, offset-fate N ERROR
//	                         what becomes of the N-th request of its kind
//	coordinator BROKER       moves the group's coordinator
//	group-offsets DURATION   asks the coordinator by the admin client
//	close                    closes the consumer
//	offsets                  prints what the group has committed
//	sessions                 prints what brokers keep of fetch sessions
//	cut OFFSET, start OFFSET, down BROKER, up BROKER, reset-producers, recreate
//	run DURATION             lets time pass
//	log [PARTITION]          prints the log
//
// Of transactions, by producer transactional=t:
//
//	init, begin, commit-transaction, abort-transaction, send-offset OFFSET
//	transaction-fate KIND N WHAT
//	                         what becomes of the N-th init, add-partitions,
//	                         add-offsets, commit-offsets or end
//	transaction-version N, transaction-coordinator BROKER
//	take-over                another producer takes the transactional id
//	partitions N, send-to PARTITION VALUE...
//	write-as PRODUCER VALUE..., mark PRODUCER commit|abort
//	                         another producer's transaction
func TestStories(t *testing.T) {
	story.Play(t, "testdata/*.story", func(t *testing.T, content string) string { return story.Twice(t, content, tell) })
}

type stage struct {
	*testWorld
	producer *Producer
	consumer *Consumer
	sent     []string
	orders   kafka.TopicPartition
}

func tell(t *testing.T, script string) string {
	s := &stage{testWorld: newTestWorld(t, 2, "orders"), orders: kafka.TopicPartition{Topic: "orders"}}
	for line := range strings.Lines(script) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		s.do(words[0], words[1:])
	}
	return strings.Join(s.trace, "\n") + "\n"
}

func (s *stage) do(command string, args []string) {
	if s.doTransaction(command, args) {
		return
	}
	l := s.cluster.logs[s.orders]
	switch command {
	case "producer":
		s.makeProducer(args)
	case "consumer":
		s.makeConsumer(args)
	case "fate":
		s.cluster.fate[s.number(args[0])] = args[1]
	case "send":
		for _, value := range args {
			s.sent = append(s.sent, value)
			_, err := s.producer.Send(&Record{Topic: "orders", Value: []byte(value), Timestamp: 1, Cookie: uint64(len(s.sent) - 1)})
			if s.producer.fatal == 0 && s.producer.transaction == nil {
				require.NoError(s.t, err)
			}
			s.sendRefused(value, err)
		}
	case "write":
		l.write(args...)
	case "leader":
		l.leader, l.epoch = kafka.BrokerID(s.number(args[0])), l.epoch+1
	case "depose": // the leader goes on as it is, and the other broker leads
		former := *l
		s.cluster.former = map[kafka.TopicPartition]*fakeLog{s.orders: &former}
		l.leader, l.epoch, l.batches = 3-l.leader, l.epoch+1, slices.Clone(l.batches)
	case "metadata": // stale or current
		s.cluster.stale = args[0] == "stale"
	case "cut":
		l.cut(kafka.Offset(s.number(args[0])))
	case "start":
		l.start = kafka.Offset(s.number(args[0]))
	case "seek":
		s.consumer.Seek(s.orders, kafka.Offset(s.number(args[0])), kafka.LeaderEpoch(s.number(args[1])))
	case "seek-to":
		switch args[0] {
		case "earliest":
			s.consumer.SeekTo(s.orders, SeekEarliest)
		case "latest":
			s.consumer.SeekTo(s.orders, SeekLatest)
		default:
			s.consumer.SeekToTime(s.orders, int64(s.number(args[1])))
		}
	case "poll":
		s.poll()
	case "pause":
		s.consumer.Pause(s.orders)
	case "resume":
		s.consumer.Resume(s.orders)
	case "commit":
		for _, arg := range args { // 3, or 3@1 for the leader epoch
			offset, epoch, _ := strings.Cut(arg, "@")
			s.consumer.Commit([]CommitOffset{{s.orders, kafka.Offset(s.number(offset)), kafka.LeaderEpoch(s.number(cmp.Or(epoch, "0")))}}, s.committed("commit"))
		}
	case "commit-fate":
		s.cluster.commitFate[s.number(args[0])] = args[1]
	case "find-fate":
		s.cluster.findFate[s.number(args[0])] = args[1]
	case "offset-fate":
		s.cluster.offsetFate[s.number(args[0])] = args[1]
	case "coordinator":
		s.cluster.group("billing").coordinator = kafka.BrokerID(s.number(args[0]))
	case "group-offsets":
		NewAdmin(s.client(nil)).GroupOffsets("billing", []kafka.TopicPartition{s.orders}, s.now.Add(s.duration(args[0])),
			func(offsets []CommittedOffset, err error) { s.log("group offsets: %v %v", offsets, err) })
	case "close":
		s.consumer.Close(func() { s.log("closed") })
	case "sessions":
		if s.log("sessions: %d", s.cluster.sessions()); s.cluster.sessions() > 0 {
			s.log("%s", s.cluster.describeSessions())
		}
	case "offsets":
		s.log("committed: %v", s.cluster.group("billing"))
	case "recreate":
		s.cluster.incarnation["orders"]++
		s.cluster.add(s.orders, l.leader)
	case "max-message":
		l.maxBytes = s.number(args[0])
	case "send-bytes": // COUNT records of SIZE bytes
		for range s.number(args[0]) {
			value := strings.Repeat("v", s.number(args[1]))
			s.sent = append(s.sent, fmt.Sprintf("#%d", len(s.sent)))
			_, err := s.producer.Send(&Record{Topic: "orders", Value: []byte(value), Timestamp: 1, Cookie: uint64(len(s.sent) - 1)})
			require.NoError(s.t, err)
		}
	case "reset-producers":
		clear(l.producers)
	case "down":
		s.cluster.brokers[s.number(args[0])-1].down = true
		s.cluster.brokers[s.number(args[0])-1].sessions = nil
		for conn := range s.conns + 1 {
			if b := s.dialled[conn]; b != nil && b.down {
				s.deliverClosed(conn)
			}
		}
	case "up":
		s.cluster.brokers[s.number(args[0])-1].down = false
	case "run":
		d, err := time.ParseDuration(args[0])
		require.NoError(s.t, err)
		s.run(d)
	case "log":
		if len(args) > 0 {
			l = s.cluster.logs[kafka.TopicPartition{Topic: "orders", Partition: int32(s.number(args[0]))}]
		}
		s.log("log: %s", strings.Join(l.values(), " "))
	default:
		s.t.Fatalf("unknown command %q", command)
	}
}

func (s *stage) number(text string) int {
	n, err := strconv.Atoi(text)
	require.NoError(s.t, err)
	return n
}

func (s *stage) duration(text string) time.Duration {
	d, err := time.ParseDuration(text)
	require.NoError(s.t, err)
	return d
}

func testProducerConfig() ProducerConfig {
	return ProducerConfig{
		Acks: AcksAll, Idempotent: true, BatchSize: 1, MaxRequestSize: 1 << 20, BufferMemory: 32 << 20,
		MaxBlock: time.Minute, Retries: 1<<31 - 1, DeliveryTimeout: 2 * time.Minute, RequestTimeout: 30 * time.Second, MaxInFlight: 5,
	}
}

func (s *stage) makeProducer(args []string) {
	config := testProducerConfig()
	request := 30 * time.Second
	for _, arg := range args {
		key, value, _ := strings.Cut(arg, "=")
		switch key {
		case "acks":
			config.Acks = Acks(s.number(value))
		case "idempotent":
			config.Idempotent = value == "true"
		case "in-flight":
			config.MaxInFlight = s.number(value)
		case "retries":
			config.Retries = s.number(value)
		case "delivery":
			config.DeliveryTimeout = s.duration(value)
		case "request":
			request = s.duration(value)
		case "batch":
			config.BatchSize = s.number(value)
		case "compression":
			config.Compression, _ = batch.CodecNamed(value)
		case "client":
			config.Profile = s.profile(value)
		case "transactional":
			config.TransactionalID, config.TransactionTimeout = value, time.Minute
		case "block":
			config.MaxBlock = s.duration(value)
		case "reuse":
			config.SequenceReuse = value == "true"
		case "cache":
			config.SequenceCache = value == "true"
		case "linger":
			config.Linger = s.duration(value)
		default:
			s.t.Fatalf("unknown setting %q", key)
		}
	}
	config.RequestTimeout = request
	c := s.client(func(c *ClientConfig) { c.RequestTimeout = request })
	s.producer = NewProducer(c, config, ProducerEvents{Delivered: s.delivered, Unblocked: func() {}})
	c.Metadata().Want("orders")
	c.step()
	s.run(100 * time.Millisecond)
}

var outcomeNames = [...]string{"acknowledged", "failed", "indeterminate"}

func (s *stage) delivered(d Delivery) {
	text := ""
	if d.Error != 0 {
		text = " " + kerr.ErrorForCode(d.Error).(*kerr.Error).Message
	}
	s.log("%s %s offset=%d attempts=%d%s", s.sent[d.Cookie], outcomeNames[d.Outcome], d.Offset, d.Attempts, text)
}

func testConsumerConfig() ConsumerConfig {
	return ConsumerConfig{
		FetchMinBytes: 1, FetchMaxBytes: 50 << 20, FetchMaxWait: 500 * time.Millisecond, MaxPartitionFetchBytes: 1 << 20,
		MaxPollRecords: 500, CheckCRCs: true, OffsetReset: ResetEarliest, APITimeout: time.Minute,
	}
}

func (s *stage) makeConsumer(args []string) {
	config := testConsumerConfig()
	available, request := func() {
		for s.poll() {
		}
	}, 30*time.Second
	var logEnd func(LogEnd)
	for _, arg := range args {
		key, value, _ := strings.Cut(arg, "=")
		switch key {
		case "reset":
			config.OffsetReset = map[string]OffsetReset{"earliest": ResetEarliest, "latest": ResetLatest, "none": ResetNone}[value]
		case "committed":
			config.ReadCommitted = value == "true"
		case "no-truncation-check":
			config.NoTruncationCheck = value == "true"
		case "group":
			config.GroupID = value
		case "auto":
			config.AutoCommit, config.AutoCommitInterval = true, s.duration(value)
		case "api-timeout":
			config.APITimeout = s.duration(value)
		case "client":
			config.Profile = s.profile(value)
		case "ends":
			logEnd = s.logEnd
		case "poll":
			available = func() { s.log("available") }
		case "max":
			config.MaxPollRecords = s.number(value)
		case "request":
			request = s.duration(value)
		default:
			s.t.Fatalf("unknown setting %q", key)
		}
	}
	c := s.client(func(c *ClientConfig) { c.RequestTimeout = request })
	s.consumer = NewConsumer(c, config, ConsumerEvents{
		Available: available,
		Moved: func(m Move) {
			s.log("moved %d to %d (%s)", m.From, m.To, [...]string{"assigned", "seek", "reset", "truncated", "committed"}[m.Reason])
		},
		Failed:        func(p kafka.TopicPartition, err error) { s.log("%v failed: %v", p, err) },
		AutoCommitted: func(_ int64, results []CommitResult) { s.committed("auto-commit")(results) },
		LogEnd:        logEnd,
	})
	s.consumer.Assign([]kafka.TopicPartition{s.orders})
}

func (s *stage) logEnd(e LogEnd) {
	how := fmt.Sprintf("at position %d", e.Position)
	if e.Position == kafka.NoOffset {
		how = "listed"
	}
	s.log("the log ends at %d (%s, asked at %v)", e.HighWatermark, how, time.Duration(e.Requested))
}

func (s *stage) profile(name string) Profile {
	settings, problems := kafkaconfig.ResolveAs(name, kafkaconfig.Consumer, nil)
	require.Empty(s.t, problems)
	return ProfileOf(settings)
}

func (s *stage) committed(what string) func([]CommitResult) {
	return func(results []CommitResult) {
		for _, r := range results {
			text := ""
			if r.Error != 0 {
				text = " " + kerr.ErrorForCode(r.Error).(*kerr.Error).Message
			}
			s.log("%s of %d %s%s", what, r.Offset, outcomeNames[r.Outcome], text)
		}
	}
}

// poll reports whether there was something.
func (s *stage) poll() bool {
	chunks := s.consumer.Poll()
	for _, chunk := range chunks {
		var values []string
		for _, r := range chunk.Records {
			values = append(values, fmt.Sprintf("%d:%s", r.Offset, r.Value))
		}
		s.log("read %d to %d, high watermark %d: %s", chunk.From, chunk.Next, chunk.HighWatermark, strings.Join(values, " "))
	}
	return len(chunks) > 0
}
