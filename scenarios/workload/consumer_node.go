package workload

import (
	"math/rand/v2"
	"time"

	"assay/checkers/history"
	"assay/clients"
	"assay/host"
	"assay/internal/kafka"
)

// ConsumerConfig is one instance of a scenario's consumer: a member of its
// group, or one with a fixed assignment. Without a group it commits nothing: a
// restarted one begins by auto.offset.reset.
type ConsumerConfig struct {
	Name       string
	Partitions []kafka.TopicPartition // this instance's share: see Deal
	Subscribe  []string               // topics of a member, in place of Partitions
	Client     clients.ClientConfig
	Consumer   clients.ConsumerConfig // its GroupID is the group
	Commit     CommitPolicy           // of a consumer with a group
	// Seeks are what the application does to its positions by itself.
	Seeks []Seek
	// Process draws how long the application works on one record; nil for no
	// time at all.
	Process func(*rand.Rand) time.Duration
	// Handling is what a consumer of a group does when that work fails.
	Handling           FailureHandling
	DeadLetterClient   clients.ClientConfig   // with a Handling.DeadLetter
	DeadLetterProducer clients.ProducerConfig // the same
	// Deduplicate makes a consumer of a group idempotent: see memory.
	Deduplicate bool
	// Failed hears of partitions that cannot be read on; nil is allowed.
	Failed func(kafka.TopicPartition, error)
}

// Deal returns the share of one of count instances: every count-th partition.
func Deal(partitions []kafka.TopicPartition, index, count int) []kafka.TopicPartition {
	var share []kafka.TopicPartition
	for i := index; i < len(partitions); i += count {
		share = append(share, partitions[i])
	}
	return share
}

// ConsumerNode polls, works and polls again.
type ConsumerNode struct {
	config   ConsumerConfig
	recorder *Recorder

	host     host.Host
	timers   *clients.Timers
	client   *clients.Client
	consumer *clients.Consumer
	session  *Session
	process  *rand.Rand
	busy     bool
	finished clients.Timer
	work     application // what a consumer of a group does with records
	seeks    seeker
	member   membership // of one that subscribes
	memory   memory     // of an idempotent one
	failing  bool
	again    rebirth

	deadLetters deadLetterWriter
}

// NewConsumerNode makes the node of one incarnation.
func NewConsumerNode(config ConsumerConfig, recorder *Recorder) *ConsumerNode {
	return &ConsumerNode{config: config, recorder: recorder}
}

// Start implements host.Node.
func (n *ConsumerNode) Start(h host.Host) {
	*n = ConsumerNode{config: n.config, recorder: n.recorder, host: h}
	n.session = n.recorder.Begin(n.config.Name)
	n.timers = clients.NewTimers(h)
	n.config.Client.ID = clientID(n.config.Client, n.config.Name)
	n.client = clients.NewClient(h, n.timers, n.config.Client)
	n.process = h.Rand("process")
	n.finished.Fire = func() {
		n.busy = false
		n.poll()
	}
	n.session.committedOnly = n.config.Consumer.ReadCommitted
	n.consumer = clients.NewConsumer(n.client, n.config.Consumer, clients.ConsumerEvents{
		Stamp:         func() int64 { return int64(n.session.Now()) },
		Available:     n.poll,
		Moved:         n.session.Moved,
		LogEnd:        n.session.LogEnds(),
		Failed:        n.failed,
		AutoCommitted: n.autoCommitted,
		GroupFailed:   func(error) { n.fail() },
	})
	n.work.start(n)
	if n.config.Handling.DeadLetter != "" {
		n.deadLetters.start(n)
	}
	if n.config.Deduplicate {
		n.memory.open(n)
		return // begin follows
	}
	n.begin()
}

// begin reads.
func (n *ConsumerNode) begin() {
	if len(n.config.Subscribe) > 0 {
		n.subscribe()
	} else {
		n.consumer.Assign(n.config.Partitions)
	}
	n.seeks.start(n)
}

// subscribe leaves the partitions to the group. It asks for them back between
// two polls, when the work on what was read is done and committed.
func (n *ConsumerNode) subscribe() {
	n.member = membership{session: n.session, consumer: n.consumer, group: n.config.Consumer.GroupID}
	n.consumer.Subscribe(n.config.Subscribe, clients.RebalanceListener{
		Assigned: n.member.assigned, Revoked: n.member.revoked, Lost: n.member.lost,
	})
}

// fail ends what can be no member any more; it begins anew as another incarnation.
func (n *ConsumerNode) fail() {
	if n.failing {
		return
	}
	n.failing = true
	n.timers.Stop(&n.finished)
	n.work.stop()
	n.deadLetters.giveUp()
	n.consumer.Close(func() { n.again.soon(n.timers, n.host) })
}

// partitions are those that it reads now.
func (n *ConsumerNode) partitions() []kafka.TopicPartition {
	if len(n.config.Subscribe) > 0 {
		return n.consumer.Assignment()
	}
	return n.config.Partitions
}

// Opened implements host.Node.
func (n *ConsumerNode) Opened(c host.Conn, _ host.Addr) {
	_ = n.client.Opened(c) || n.deadLetters.opened(c)
}

// Received implements host.Node.
func (n *ConsumerNode) Received(c host.Conn, m host.Message) {
	_ = n.client.Received(c, m) || n.deadLetters.received(c, m)
}

// Closed implements host.Node.
func (n *ConsumerNode) Closed(c host.Conn, err error) {
	_ = n.client.Closed(c, err) || n.deadLetters.closed(c, err)
}

// Done implements host.Node.
func (n *ConsumerNode) Done(op host.Op, err error) { n.memory.done(op, err) }

// Wake implements host.Node.
func (n *ConsumerNode) Wake() {
	n.timers.Wake()
	if n.again.due {
		n.client.Close()
		n.deadLetters.close()
		n.Start(n.host)
	}
}

// Lag is the number of records that the consumer knows of and has not taken.
func (n *ConsumerNode) Lag() int64 {
	lag := int64(0)
	for _, p := range n.partitions() {
		lag += n.consumer.Lag(p)
	}
	return lag
}

// poll takes what there is and works on it; the next poll follows the work.
func (n *ConsumerNode) poll() {
	for !n.busy && !n.failing {
		chunks := n.consumer.Poll()
		if len(chunks) == 0 {
			return
		}
		work := time.Duration(0)
		for _, chunk := range chunks {
			n.session.Read(chunk, false)
		}
		if n.grouped() {
			n.work.take(chunks)
			continue
		}
		for _, chunk := range chunks {
			if n.config.Process != nil {
				for range chunk.Records {
					work += n.config.Process(n.process)
				}
			}
		}
		if work > 0 {
			n.busy = true
			n.timers.Set(&n.finished, n.host.Now().Add(work))
		}
	}
}

func (n *ConsumerNode) grouped() bool { return n.config.Consumer.GroupID != "" }

func (n *ConsumerNode) autoCommitted(began int64, results []clients.CommitResult) {
	n.session.Committed(n.config.Consumer.GroupID, n.consumer.GroupMetadata().Generation, history.Time(began), results)
}

func (n *ConsumerNode) failed(p kafka.TopicPartition, err error) {
	if n.config.Failed != nil {
		n.config.Failed(p, err)
	}
}
