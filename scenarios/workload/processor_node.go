package workload

import (
	"errors"
	"math/rand/v2"
	"time"

	"assay/checkers/history"
	"assay/clients"
	"assay/host"
	"assay/internal/batch"
	"assay/internal/kafka"
)

// ProcessorConfig is one instance of a scenario's processor.
type ProcessorConfig struct {
	Name           string
	Input          []string
	Output         string
	ConsumerClient clients.ClientConfig
	Consumer       clients.ConsumerConfig
	ProducerClient clients.ClientConfig
	Producer       clients.ProducerConfig // with a TransactionalID it works in transactions
	MaxRecords     int                    // of the input in a batch
	Interval       time.Duration          // how long a batch stays open
	// CommitBefore commits what a poll brought before the work on it, of a
	// processor without transactions: at most once.
	CommitBefore bool
	// Aborts draws whether a transaction is aborted on purpose.
	Aborts func(*rand.Rand) bool
	// Process draws how long the work on one record takes; nil for no time at all.
	Process func(*rand.Rand) time.Duration
	// Handling is what the application does when the work on a record fails. Dead
	// letters are outputs: of the same batch, and of its transaction.
	Handling FailureHandling
	// Failed hears of partitions that cannot be read on; nil is allowed.
	Failed func(kafka.TopicPartition, error)
}

func (c *ProcessorConfig) transactional() bool { return c.Producer.TransactionalID != "" }

// ProcessorNode reads as a member of its group, makes one record of each, and
// commits what it has read: batch by batch, in a transaction with the outputs
// or after them. It does one thing after the other, as the loop of a Java
// application does.
//
// After an error that its clients cannot recover from (it was fenced, it cannot
// know what became of a commit) it closes them and begins anew, as a new
// incarnation in the same process: what is committed tells where.
type ProcessorNode struct {
	config   ProcessorConfig
	recorder *Recorder

	host           host.Host
	timers         *clients.Timers
	consumerClient *clients.Client
	producerClient *clients.Client
	consumer       *clients.Consumer
	producer       *clients.Producer
	session        *Session
	member         membership
	process        *rand.Rand
	aborts         *rand.Rand

	state   processorState
	looping bool
	chunks  []clients.Chunk // of the last poll, those with work left
	record  int             // the next one of the first chunk
	began   history.Time    // when the work on it did
	worked  bool            // it is done, and its output is not sent
	end     attemptEnd      // what it came to
	tries   attempts
	batch   processorBatch
	asked   revocation // waits for the end of the batch

	working  clients.Timer // the work on one record
	retrying clients.Timer // the wait before the next attempt
	due      clients.Timer // the batch's interval
	patience clients.Timer // max.block.ms of a send
	flushed  clients.Timer // all outputs have their outcome
	again    rebirth
	owed     owedCommits

	output  clients.Record // memory of the next output
	headers outputHeaders
	dead    deadLetterHeaders
}

type processorState uint8

const (
	initializing processorState = iota // the transactional id
	running                            // or waiting for records
	workingOn                          // a record, which takes time
	sending                            // the producer has no room
	flushing                           // outputs
	ending                             // a batch
	failing                            // until the next incarnation
)

// NewProcessorNode makes the node of one process.
func NewProcessorNode(config ProcessorConfig, recorder *Recorder) *ProcessorNode {
	return &ProcessorNode{config: config, recorder: recorder}
}

// Start implements host.Node; a new incarnation starts so, too.
func (n *ProcessorNode) Start(h host.Host) {
	*n = ProcessorNode{config: n.config, recorder: n.recorder, host: h, timers: clients.NewTimers(h)}
	n.session = n.recorder.Begin(n.config.Name)
	n.session.committedOnly, n.session.passesOn = n.config.Consumer.ReadCommitted, true
	n.process, n.aborts = h.Rand("process"), h.Rand("aborts")
	n.tries = attempts{handling: &n.config.Handling, chance: h.Rand("failures")}
	n.retrying.Fire = n.tryAgain
	n.owed.timer.Fire = n.commitOwed
	n.working.Fire, n.due.Fire, n.patience.Fire, n.flushed.Fire = n.workDone, n.run, n.outOfPatience, n.allDelivered
	consumer, producer := n.config.ConsumerClient, n.config.ProducerClient
	consumer.ID, producer.ID = clientID(consumer, n.config.Name), clientID(producer, n.config.Name)
	producer.PurposePrefix = "producer-"
	n.consumerClient = clients.NewClient(h, n.timers, consumer)
	n.producerClient = clients.NewClient(h, n.timers, producer)
	n.producer = clients.NewProducer(n.producerClient, n.config.Producer, clients.ProducerEvents{
		Delivered: n.delivered, Unblocked: n.unblocked,
	})
	n.consumer = clients.NewConsumer(n.consumerClient, n.config.Consumer, clients.ConsumerEvents{
		Stamp:       func() int64 { return int64(n.session.Now()) },
		Available:   n.run,
		Moved:       n.session.Moved,
		LogEnd:      n.session.LogEnds(),
		Failed:      n.failedPartition,
		GroupFailed: func(error) { n.fail() },
	})
	n.member = membership{session: n.session, consumer: n.consumer, group: n.config.Consumer.GroupID}
	if !n.config.transactional() {
		n.subscribe()
		return
	}
	n.producer.InitTransactions(func(err error) {
		if err != nil {
			n.fail()
			return
		}
		n.subscribe()
	})
}

func (n *ProcessorNode) subscribe() {
	n.state = running
	n.consumer.Subscribe(n.config.Input, clients.RebalanceListener{
		Assigned: n.member.assigned, Revoked: n.revoked, Lost: n.lost,
	})
	n.run()
}

// Opened implements host.Node.
func (n *ProcessorNode) Opened(c host.Conn, _ host.Addr) {
	_ = n.consumerClient.Opened(c) || n.producerClient.Opened(c)
}

// Received implements host.Node.
func (n *ProcessorNode) Received(c host.Conn, m host.Message) {
	_ = n.consumerClient.Received(c, m) || n.producerClient.Received(c, m)
}

// Closed implements host.Node.
func (n *ProcessorNode) Closed(c host.Conn, err error) {
	_ = n.consumerClient.Closed(c, err) || n.producerClient.Closed(c, err)
}

// Done implements host.Node.
func (n *ProcessorNode) Done(host.Op, error) {}

// Wake implements host.Node.
func (n *ProcessorNode) Wake() {
	n.timers.Wake()
	if n.again.due {
		n.consumerClient.Close()
		n.producerClient.Close()
		n.Start(n.host)
	}
}

// run is the application's loop, as far as it goes without waiting.
func (n *ProcessorNode) run() {
	if n.looping {
		return
	}
	n.looping = true
	for n.state == running && n.goOn() {
	}
	n.looping = false
}

// goOn does the next thing; false: there is nothing until something happens.
func (n *ProcessorNode) goOn() bool {
	switch {
	case len(n.chunks) > 0 && n.record == len(n.chunks[0].Records):
		n.chunkDone()
	case n.batchIsOver():
		n.endBatch()
	case len(n.chunks) == 0:
		return n.poll()
	case n.worked:
		n.send()
	default:
		n.work()
	}
	return true
}

func (n *ProcessorNode) poll() bool {
	n.chunks, n.record = n.consumer.Poll(), 0
	if n.state != running { // the group takes partitions back
		n.chunks = nil
		return false
	}
	for _, chunk := range n.chunks {
		n.session.Read(chunk, false)
	}
	if n.config.CommitBefore && len(n.chunks) > 0 {
		n.commitPolled()
	}
	return len(n.chunks) > 0
}

// work begins with the next record.
func (n *ProcessorNode) work() {
	if !n.openBatch() {
		return
	}
	if n.tries.made == 0 {
		n.began = n.session.Now()
	}
	took := time.Duration(0)
	if n.config.Process != nil {
		took = n.config.Process(n.process)
	}
	if took == 0 {
		n.attempted()
		return
	}
	n.state = workingOn
	n.timers.Set(&n.working, n.host.Now().Add(took))
}

func (n *ProcessorNode) workDone() {
	n.state = running
	n.attempted()
	n.run()
}

// attempted sees what an attempt at the present record has come to.
func (n *ProcessorNode) attempted() {
	end, wait := n.tries.ended(RecordIDOf(&n.chunks[0].Records[n.record]), n.recorder.metrics)
	if end == tryAgain {
		n.state = workingOn
		n.timers.Set(&n.retrying, n.host.Now().Add(wait))
		return
	}
	n.worked, n.end = true, end
}

func (n *ProcessorNode) tryAgain() {
	n.state = running
	n.run()
}

// turn goes to the next record.
func (n *ProcessorNode) turn() {
	n.record, n.worked = n.record+1, false
	n.tries.next()
}

// outputOf is what is made of a record: an output, or a dead letter.
func (n *ProcessorNode) outputOf(id history.RecordID, source kafka.TopicPartition, input *batch.Record) clients.Record {
	output := clients.Record{Topic: n.config.Output, Partition: clients.AnyPartition, Key: input.Key, Value: input.Value,
		Timestamp: n.host.Wall().Millis(), Cookie: uint64(id.Send())}
	if n.end == setAside {
		output.Topic, output.Headers = n.config.Handling.DeadLetter, n.dead.of(id, source, input, n.tries.cause)
		return output
	}
	output.Headers = n.headers.of(id, source, input.Offset)
	if origin, replayed := input.Header(OriginHeader); replayed {
		output.Headers = append(output.Headers, batch.RecordHeader{Key: OriginHeader, Value: origin})
	}
	return output
}

// send hands the output of the present record to the producer.
func (n *ProcessorNode) send() {
	chunk := &n.chunks[0]
	input := &chunk.Records[n.record]
	if n.end == skipped {
		n.recorder.metrics.leftOut(n.config.Consumer.GroupID, chunk.Partition, input.Offset)
		n.batch.reach(chunk, n.record)
		n.turn()
		return
	}
	id := n.session.NextRecord()
	n.output = n.outputOf(id, chunk.Partition, input)
	partition, err := n.producer.Send(&n.output)
	switch {
	case errors.Is(err, clients.ErrWouldBlock):
		n.state = sending
		if !n.patience.IsSet() {
			n.timers.Set(&n.patience, n.host.Now().Add(n.config.Producer.MaxBlock))
		}
		return
	case err != nil:
		n.giveUpBatch()
		return
	}
	n.timers.Stop(&n.patience)
	source := RecordIDOf(input)
	n.session.SentFor(source, kafka.TopicPartition{Topic: n.output.Topic, Partition: partition}, keyHash(input.Key))
	n.session.Derived(id, chunk.Partition, input.Offset, n.config.Consumer.GroupID)
	n.batch.add(chunk, n.record, source, n.began)
	if n.end == setAside {
		n.batch.setAside++
	}
	n.turn()
}

// chunkDone passes what stands behind the last record, too: markers, and what was aborted.
func (n *ProcessorNode) chunkDone() {
	if !n.openBatch() {
		return
	}
	n.batch.pass(&n.chunks[0])
	n.chunks, n.record = n.chunks[1:], 0
}

func (n *ProcessorNode) unblocked() {
	if n.state == sending {
		n.state = running
		n.run()
	}
}

// outOfPatience: send() of Kafka's producer would throw now.
func (n *ProcessorNode) outOfPatience() {
	if n.state == sending {
		n.giveUpBatch()
		n.run()
	}
}

func (n *ProcessorNode) delivered(d clients.Delivery) {
	n.session.Delivered(d)
	if d.Outcome != clients.Acknowledged {
		n.batch.failed = true
	}
	if n.state == flushing && n.producer.Open() == 0 {
		n.timers.Set(&n.flushed, n.host.Now()) // a delivery is in the middle of a batch's
	}
}

// revoked gives partitions back when the batch that has read of them is over.
func (n *ProcessorNode) revoked(partitions []kafka.TopicPartition, done func()) {
	switch {
	case n.state == failing:
		done()
	case !n.batch.open:
		n.member.revoked(partitions, done)
	default:
		n.asked = revocation{partitions, done}
		if n.state == running { // else the batch is at its end already
			n.endBatch()
		}
	}
}

// revocation is the group's wish to have partitions back; done is nil where there is none.
type revocation struct {
	partitions []kafka.TopicPartition
	done       func()
}

// lost partitions may be another's already, and a commit for them is refused:
// what was made of them is given up.
func (n *ProcessorNode) lost(partitions []kafka.TopicPartition) {
	n.member.lost(partitions)
	if n.state == running && n.batch.open {
		n.giveUpBatch()
	}
}

// fail ends this incarnation in an orderly way: the consumer leaves its group.
func (n *ProcessorNode) fail() {
	if n.state == failing {
		return
	}
	n.state, n.chunks = failing, nil
	n.timers.Stop(&n.working)
	n.timers.Stop(&n.retrying)
	n.timers.Stop(&n.due)
	n.timers.Stop(&n.patience)
	if n.asked.done != nil {
		n.asked.done()
	}
	n.consumer.Close(func() { n.again.soon(n.timers, n.host) })
}

func (n *ProcessorNode) failedPartition(p kafka.TopicPartition, err error) {
	if n.config.Failed != nil {
		n.config.Failed(p, err)
	}
}
