package clients

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"

	"assay/host"
	"assay/internal/batch"
	"assay/internal/kafka"
)

// What can happen to a request about a transaction, truthfully.
var transactionFates = []string{
	"lose", "close", "drop", "late-300ms", "NOT_COORDINATOR", "after-NOT_COORDINATOR", "COORDINATOR_NOT_AVAILABLE",
	"after-COORDINATOR_NOT_AVAILABLE", "CONCURRENT_TRANSACTIONS", "COORDINATOR_LOAD_IN_PROGRESS", "after-COORDINATOR_LOAD_IN_PROGRESS",
}

// toldTransaction is one as the application saw it.
type toldTransaction struct {
	records []int // cookies
	commit  bool  // what it asked for last
	asked   bool  // for a commit, at some time
	result  TransactionResult
}

// transactionTrial is an application that goes on as long as it can.
type transactionTrial struct {
	*testWorld
	random       *rand.Rand
	producer     *Producer
	deliveries   []Delivery
	transactions []*toldTransaction
	offsets      int // sent with success in committed transactions: the last
}

// await runs the world until a call has ended.
func await[R any](x *transactionTrial, call func(done func(R))) R {
	var result R
	ended := false
	call(func(r R) { result, ended = r, true })
	for range 10_000 {
		if ended {
			return result
		}
		x.run(5 * time.Millisecond)
	}
	require.Fail(x.t, "a call never ended")
	return result
}

func runTransactionTrial(t *testing.T, seed uint64, version int16, profile Profile) *transactionTrial {
	x := &transactionTrial{testWorld: newTestWorld(t, 3, "orders"), random: rand.New(rand.NewPCG(seed, 17))}
	x.streams["client"] = rand.New(rand.NewPCG(seed, 18))
	x.cluster.transactions.version = version
	for p := range int32(3) {
		x.cluster.add(kafka.TopicPartition{Topic: "orders", Partition: p}, kafka.BrokerID(p+1))
	}
	for n := 1; n < 1000; n++ {
		if x.random.IntN(8) == 0 {
			x.cluster.fate[n] = fates[x.random.IntN(len(fates))]
		}
	}
	for _, kind := range []string{"init", "add-partitions", "add-offsets", "commit-offsets", "end"} {
		x.cluster.transactions.fate[kind] = map[int]string{}
		for n := 1; n < 300; n++ {
			if x.random.IntN(3) == 0 {
				x.cluster.transactions.fate[kind][n] = transactionFates[x.random.IntN(len(transactionFates))]
			}
		}
	}
	config := testProducerConfig()
	config.BatchSize, config.Linger, config.Profile = 150, 2*time.Millisecond, profile
	config.DeliveryTimeout, config.MaxBlock = 2500*time.Millisecond, 3*time.Second
	config.TransactionalID, config.TransactionTimeout = "t", time.Minute
	c := x.client(func(c *ClientConfig) { c.RequestTimeout = time.Second })
	x.producer = NewProducer(c, config, ProducerEvents{Unblocked: func() {}, Delivered: func(d Delivery) {
		require.Zero(t, x.deliveries[d.Cookie].Topic, "told twice")
		x.deliveries[d.Cookie] = d
	}})
	c.Metadata().Want("orders")
	c.step()
	x.run(100 * time.Millisecond)
	for range 5 {
		if err := await(x, x.producer.InitTransactions); !errors.Is(err, ErrDeadline) {
			require.NoError(t, err)
			break
		}
	}
	for range 12 {
		if !x.transact() {
			break
		}
	}
	x.run(5 * time.Second)
	return x
}

// transact runs one transaction and says whether another may follow.
func (x *transactionTrial) transact() bool {
	if x.producer.BeginTransaction() != nil {
		return false
	}
	told := &toldTransaction{}
	x.transactions = append(x.transactions, told)
	for range x.random.IntN(8) {
		cookie := len(x.deliveries)
		x.deliveries = append(x.deliveries, Delivery{})
		_, err := x.producer.Send(&Record{
			Topic: "orders", Partition: int32(x.random.IntN(3)), Value: fmt.Appendf(nil, "%d", cookie), Timestamp: 1, Cookie: uint64(cookie),
		})
		if err != nil {
			x.deliveries[cookie] = Delivery{Topic: "orders", Outcome: Failed}
			break
		}
		told.records = append(told.records, cookie)
		x.run(time.Duration(x.random.IntN(30)) * time.Millisecond)
		if x.random.IntN(20) == 0 {
			x.cluster.group("t").coordinator = kafka.BrokerID(x.random.IntN(3) + 1)
		}
	}
	offset := 0
	if x.random.IntN(2) == 0 {
		offset = len(x.transactions)
		err := await(x, func(done func(error)) {
			x.producer.SendOffsets([]CommitOffset{{kafka.TopicPartition{Topic: "orders"}, kafka.Offset(offset), 0}}, GroupMetadata{Group: "billing", Generation: 1}, done)
		})
		if err != nil {
			x.end(told, false)
			return told.result.Outcome == Acknowledged && told.result.Error == 0
		}
	}
	if x.random.IntN(40) == 0 {
		x.later(host.Time(x.random.IntN(100))*latency, func() { x.cluster.takeOver("t") })
	}
	x.end(told, x.random.IntN(4) > 0)
	if told.commit && told.result.Outcome == Failed {
		x.end(told, false)
	}
	if offset > 0 && told.commit && told.result.Outcome == Acknowledged {
		x.offsets = offset
	}
	return told.result.Outcome == Acknowledged && told.result.Error == 0
}

// end asks until it is told the end.
func (x *transactionTrial) end(told *toldTransaction, commit bool) {
	told.commit = commit
	told.asked = told.asked || commit
	call := x.producer.AbortTransaction
	if commit {
		call = x.producer.CommitTransaction
	}
	for range 10 {
		told.result = await(x, call)
		if told.result.Error != kerr.RequestTimedOut.Code || told.result.Outcome != Indeterminate {
			break
		}
	}
}

// readCommitted lists the values in a log that count, by the naive rule: those
// of a producer up to its next marker are as that marker says.
func (l *fakeLog) readCommitted() (values []string, open int) {
	waiting := map[kafka.ProducerID][]string{}
	for _, whole := range l.batches {
		h, _ := batch.ReadHeader(whole)
		if h.IsControl() {
			if !isAbortMarker(whole) {
				values = append(values, waiting[h.ProducerID]...)
			}
			delete(waiting, h.ProducerID)
			continue
		}
		_ = batch.ForEachRecord(whole, func(r batch.Record) error {
			waiting[h.ProducerID] = append(waiting[h.ProducerID], string(r.Value))
			return nil
		})
	}
	return values, len(waiting)
}

// TestTransactionOutcomesAreSound: whatever happens to requests and answers,
// what the application is told of a transaction is so, and it is whole or not
// at all.
func TestTransactionOutcomesAreSound(t *testing.T) {
	var committed, aborted, inDoubt, failed, ended int
	for seed := range uint64(120) {
		for _, version := range []int16{1, 2} {
			x := runTransactionTrial(t, seed, version, []Profile{ProfileJava, ProfileRdKafka, ProfileFranzGo}[seed%3])
			present, counts := map[string]int{}, map[string]int{}
			for p := range int32(3) {
				l := x.cluster.logs[kafka.TopicPartition{Topic: "orders", Partition: p}]
				visible, _ := l.readCommitted()
				for _, v := range visible {
					counts[v]++
				}
				for _, v := range l.values() {
					present[v]++
				}
			}
			for cookie, d := range x.deliveries {
				name := fmt.Sprintf("seed %d version %d record %d %+v", seed, version, cookie, d)
				require.NotEmpty(t, d.Topic, name)
				n := present[fmt.Sprint(cookie)]
				require.LessOrEqual(t, n, 1, name)
				switch d.Outcome {
				case Acknowledged:
					require.Equal(t, 1, n, name)
				case Failed:
					require.Zero(t, n, name)
				}
			}
			for i, told := range x.transactions {
				name := fmt.Sprintf("seed %d version %d transaction %d %+v", seed, version, i, *told)
				seen := 0
				for _, cookie := range told.records {
					seen += counts[fmt.Sprint(cookie)]
				}
				require.Contains(t, []int{0, len(told.records)}, seen, name)
				switch {
				case told.commit && told.result.Outcome == Acknowledged:
					require.Equal(t, len(told.records), seen, name)
					committed++
				case told.result.Outcome == Indeterminate:
					require.True(t, told.asked, name)
					inDoubt++
				default:
					require.Zero(t, seen, name)
					if told.result.Outcome == Failed {
						failed++
					} else {
						aborted++
					}
				}
			}
			if x.producer.transaction.state == transactionFatalError {
				ended++
			} else if o, ok := x.cluster.group("billing").offsets[kafka.TopicPartition{Topic: "orders"}]; ok || x.offsets > 0 {
				require.Equal(t, kafka.Offset(x.offsets), o.Offset, "seed %d version %d", seed, version)
			}
		}
	}
	t.Logf("%d committed, %d aborted, %d in doubt, %d failed; %d producers ended", committed, aborted, inDoubt, failed, ended)
	require.Greater(t, min(committed, aborted, ended), 20)
	require.Greater(t, min(inDoubt, failed), 5)
}

// TestAbortedFilter compares the filter with a model that knows how each
// transaction ended, for fetches that begin and end anywhere.
func TestAbortedFilter(t *testing.T) {
	type piece struct {
		header  batch.Header
		whole   []byte
		aborted bool
	}
	for seed := range uint64(400) {
		random := rand.New(rand.NewPCG(seed, 3))
		l := newFakeCluster(nil, 1, "orders").logs[kafka.TopicPartition{Topic: "orders"}]
		var pieces []*piece
		since := map[kafka.ProducerID][]*piece{}
		next := map[kafka.ProducerID]kafka.Sequence{}
		for range 60 {
			id := kafka.ProducerID(random.IntN(4) + 1)
			last := len(l.batches)
			switch random.IntN(6) {
			case 0: // not in a transaction
				l.write("p")
			case 1:
				commit := random.IntN(2) == 0
				for _, p := range since[id] {
					p.aborted = !commit
				}
				since[id] = nil
				l.mark(id, 0, commit)
			default:
				var b batch.Builder
				n := random.IntN(3) + 1
				for range n {
					b.Append(1, nil, []byte("v"), nil)
				}
				b.SetTransactional()
				b.SetProducer(id, 0, next[id])
				next[id] = next[id].Add(int32(n))
				code, _ := l.append(b.Finish())
				require.Zero(t, code)
			}
			whole := l.batches[last]
			h, _ := batch.ReadHeader(whole)
			p := &piece{header: h, whole: whole}
			pieces = append(pieces, p)
			if h.IsTransactional() && !h.IsControl() {
				since[id] = append(since[id], p)
			}
		}
		from := kafka.Offset(random.IntN(int(l.end)))
		to := min(l.lastStable(), from+kafka.Offset(random.IntN(40)))
		part := fetchedPart(l, from)
		random.Shuffle(len(part.AbortedTransactions), func(i, j int) {
			part.AbortedTransactions[i], part.AbortedTransactions[j] = part.AbortedTransactions[j], part.AbortedTransactions[i]
		})
		var filter abortedFilter
		filter.reset(part.AbortedTransactions)
		for _, p := range pieces {
			if p.header.NextOffset() > from && p.header.BaseOffset < to {
				require.Equal(t, p.aborted, filter.drops(&p.header, p.whole), "seed %d, %d of %d to %d", seed, p.header.BaseOffset, from, to)
			}
		}
	}
}

// TestTransactionStates: what may follow what, as Kafka 4.3's
// TransactionManager.State has it, without the states of two-phase commit.
func TestTransactionStates(t *testing.T) {
	for next := range transactionMayFollow {
		require.True(t, transactionState(next).mayBecome(transactionFatalError))
		require.False(t, transactionFatalError.mayBecome(transactionState(next)) && transactionState(next) != transactionFatalError)
	}
	require.True(t, transactionAbortableError.mayBecome(transactionAborting))
	require.False(t, transactionAborting.mayBecome(transactionAbortableError))
	require.False(t, transactionCommitting.mayBecome(transactionAborting))
	require.False(t, transactionAbortableError.mayBecome(transactionCommitting))
	require.Equal(t, len(transactionStateNames), len(transactionMayFollow))
	require.True(t, slices.Contains(transactionMayFollow[transactionReady], transactionCommitting))
}
