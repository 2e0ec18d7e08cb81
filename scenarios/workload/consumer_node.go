package workload

import (
	"math/rand/v2"
	"time"

	"assay/checkers/history"
	"assay/clients"
	"assay/host"
	"assay/internal/kafka"
)

// ConsumerConfig is one instance of a scenario's consumer with a fixed
// assignment. Without a group it commits nothing: a restarted one begins by
// auto.offset.reset.
type ConsumerConfig struct {
	Name       string
	Partitions []kafka.TopicPartition // this instance's share: see Deal
	Client     clients.ClientConfig
	Consumer   clients.ConsumerConfig // its GroupID is the group
	Commit     CommitPolicy           // of a consumer with a group
	// Seeks are what the application does to its positions by itself.
	Seeks []Seek
	// Process draws how long the application works on one record; nil for no
	// time at all.
	Process func(*rand.Rand) time.Duration
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
}

// NewConsumerNode makes the node of one incarnation.
func NewConsumerNode(config ConsumerConfig, recorder *Recorder) *ConsumerNode {
	return &ConsumerNode{config: config, recorder: recorder}
}

// Start implements host.Node.
func (n *ConsumerNode) Start(h host.Host) {
	n.host = h
	n.session = n.recorder.Begin(n.config.Name)
	n.timers = clients.NewTimers(h)
	n.config.Client.ID = clientID(n.config.Client, n.config.Name)
	n.client = clients.NewClient(h, n.timers, n.config.Client)
	n.process = h.Rand("process")
	n.finished.Fire = func() {
		n.busy = false
		n.poll()
	}
	n.consumer = clients.NewConsumer(n.client, n.config.Consumer, clients.ConsumerEvents{
		Stamp:         func() int64 { return int64(n.session.Now()) },
		Available:     n.poll,
		Moved:         n.session.Moved,
		Failed:        n.failed,
		AutoCommitted: n.autoCommitted,
	})
	n.work.start(n)
	n.consumer.Assign(n.config.Partitions)
	n.seeks.start(n)
}

// Opened implements host.Node.
func (n *ConsumerNode) Opened(c host.Conn, _ host.Addr) { n.client.Opened(c) }

// Received implements host.Node.
func (n *ConsumerNode) Received(c host.Conn, m host.Message) { n.client.Received(c, m) }

// Closed implements host.Node.
func (n *ConsumerNode) Closed(c host.Conn, err error) { n.client.Closed(c, err) }

// Done implements host.Node.
func (n *ConsumerNode) Done(host.Op, error) {}

// Wake implements host.Node.
func (n *ConsumerNode) Wake() { n.timers.Wake() }

// Lag is the number of records that the consumer knows of and has not taken.
func (n *ConsumerNode) Lag() int64 {
	lag := int64(0)
	for _, p := range n.config.Partitions {
		lag += n.consumer.Lag(p)
	}
	return lag
}

// poll takes what there is and works on it; the next poll follows the work.
func (n *ConsumerNode) poll() {
	for !n.busy {
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
	n.session.Committed(n.config.Consumer.GroupID, history.Time(began), results)
}

func (n *ConsumerNode) failed(p kafka.TopicPartition, err error) {
	if n.config.Failed != nil {
		n.config.Failed(p, err)
	}
}
