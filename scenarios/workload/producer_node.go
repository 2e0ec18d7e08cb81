package workload

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"time"

	"assay/checkers/history"
	"assay/clients"
	"assay/host"
	"assay/internal/batch"
	"assay/internal/kafka"
)

// ProducerConfig is one instance of a scenario's producer.
type ProducerConfig struct {
	Name         string // the instance's: "web-0"
	Index, Count int    // its number among the instances, from 0
	Topic        string
	Client       clients.ClientConfig
	Producer     clients.ProducerConfig
	Load         Load
	Keys         Keys
	Values       *Values
	// Own is whether the application has a store of its own, whose transactions its
	// callers wait for.
	Own OwnState
	// Partitions of the topic; with a store of its own the application chooses.
	Partitions int
	// Stop is the run's time at which the load ends (warm-up plus duration).
	Stop history.Time
}

// ProducerNode sends records by an arrival process that does not wait for the
// cluster: what arrives while the producer blocks waits in a backlog, and its
// latency counts from its arrival (no coordinated omission).
type ProducerNode struct {
	config   ProducerConfig
	recorder *Recorder

	host     host.Host
	timers   *clients.Timers
	client   *clients.Client
	producer *clients.Producer
	session  *Session

	arrivals *rand.Rand
	keys     keyMaker
	values   *valueMaker
	arrival  clients.Timer
	due      host.Time // the next arrival
	backlog  []host.Time
	patience clients.Timer // until the oldest of the backlog is refused
	stopped  bool

	// The record that is being sent, kept so that a blocked send is repeated
	// as it was.
	record   clients.Record
	identity [8]byte
	headers  [1]batch.RecordHeader
	prepared bool

	relay relay // of one with a store of its own
	again rebirth
}

// NewProducerNode makes the node of one incarnation; a world's factory calls
// it at every start.
func NewProducerNode(config ProducerConfig, recorder *Recorder) *ProducerNode {
	return &ProducerNode{config: config, recorder: recorder}
}

// Start implements host.Node.
func (n *ProducerNode) Start(h host.Host) {
	*n = ProducerNode{config: n.config, recorder: n.recorder, host: h}
	n.session = n.recorder.Begin(n.config.Name)
	n.timers = clients.NewTimers(h)
	n.config.Client.ID = clientID(n.config.Client, n.config.Name)
	n.client = clients.NewClient(h, n.timers, n.config.Client)
	n.producer = clients.NewProducer(n.client, n.config.Producer, clients.ProducerEvents{
		Delivered: n.delivered, Unblocked: n.unblocked,
	})
	n.arrivals = h.Rand("arrivals")
	n.keys = keyMaker{keys: n.config.Keys, random: h.Rand("keys")}
	n.values = newValueMaker(n.config.Values, n.config.Index, n.config.Count, h.Rand("values"))
	n.headers[0].Key = IdentityHeader
	n.arrival.Fire = n.arrive
	n.patience.Fire = n.work
	n.due = h.Now()
	if n.config.Load.Arrival != ClosedLoop {
		n.due = n.due.Add(n.config.Load.next(n.ofRun(n.due), n.arrivals))
	}
	n.timers.Set(&n.arrival, n.due)
	if n.config.Own != NoOwnState {
		n.relay.open(n)
	}
}

// Opened implements host.Node.
func (n *ProducerNode) Opened(c host.Conn, _ host.Addr) { n.client.Opened(c) }

// Received implements host.Node.
func (n *ProducerNode) Received(c host.Conn, m host.Message) { n.client.Received(c, m) }

// Closed implements host.Node.
func (n *ProducerNode) Closed(c host.Conn, err error) { n.client.Closed(c, err) }

// Done implements host.Node.
func (n *ProducerNode) Done(op host.Op, err error) { n.relay.done(op, err) }

// Wake implements host.Node.
func (n *ProducerNode) Wake() {
	n.timers.Wake()
	if n.again.due {
		n.client.Close()
		n.Start(n.host)
	}
}

func (n *ProducerNode) unblocked() {
	if n.config.Own != NoOwnState {
		n.relay.send()
		return
	}
	n.work()
}

// Drained says that the load has ended and nothing is open any more.
func (n *ProducerNode) Drained() bool {
	return n.stopped && len(n.backlog) == 0 && n.producer.Open() == 0 && len(n.relay.rows) == 0
}

// arrive takes all arrivals that are due into the backlog.
func (n *ProducerNode) arrive() {
	if n.session.Now() >= n.config.Stop {
		n.stop()
		return
	}
	now := n.host.Now()
	if n.config.Load.Arrival == ClosedLoop {
		n.fillWindow()
		return
	}
	for n.due <= now {
		n.backlog = append(n.backlog, n.due)
		n.due = n.due.Add(max(n.config.Load.next(n.ofRun(n.due), n.arrivals), 1))
	}
	n.timers.Set(&n.arrival, n.due)
	n.work()
}

// ofRun is the run's time at a time of this node, as far as its clock is right.
func (n *ProducerNode) ofRun(at host.Time) time.Duration {
	return time.Duration(n.session.Now()) + at.Sub(n.host.Now())
}

// fillWindow keeps a closed loop's records open. Its timer only sees to the
// end of the load; the loop itself turns with the deliveries.
func (n *ProducerNode) fillWindow() {
	for range n.config.Load.Window - n.producer.Open() - len(n.backlog) {
		n.backlog = append(n.backlog, n.host.Now())
	}
	n.timers.Set(&n.arrival, n.host.Now().Add(10*time.Millisecond))
	n.work()
}

// stop ends the load. What has arrived is still sent.
func (n *ProducerNode) stop() {
	n.stopped = true
	n.work()
	n.producer.Flush()
}

// work sends from the backlog until the producer blocks. What has waited for
// max.block.ms is refused, as Java's send() would.
func (n *ProducerNode) work() {
	if n.config.Own != NoOwnState {
		n.relay.commitBacklog()
		return
	}
	now := n.host.Now()
	sent := 0
	for ; sent < len(n.backlog); sent++ {
		if err := n.send(n.backlog[sent]); err == nil {
			continue
		} else if !errors.Is(err, clients.ErrWouldBlock) || now >= n.backlog[sent].Add(n.config.Producer.MaxBlock) {
			n.prepared = false
			n.recorder.metrics.Refused++
			continue
		}
		n.timers.Set(&n.patience, n.backlog[sent].Add(n.config.Producer.MaxBlock))
		break
	}
	if sent > 0 {
		n.backlog = n.backlog[:copy(n.backlog, n.backlog[sent:])]
	}
	if n.stopped && sent > 0 {
		n.producer.Flush()
	}
}

// send hands the next record to the producer. One that blocked before goes
// again with the same key and value.
func (n *ProducerNode) send(arrived host.Time) error {
	id := n.session.NextRecord()
	if !n.prepared {
		payload := n.values.next()
		n.record = clients.Record{
			Topic: n.config.Topic, Partition: clients.AnyPartition,
			Key: n.keys.next(payload.Key), Value: payload.Value, Headers: n.headers[:],
		}
		n.prepared = true
	}
	binary.BigEndian.PutUint64(n.identity[:], uint64(id))
	n.headers[0].Value = n.identity[:]
	n.record.Cookie = uint64(id.Send())
	n.record.Timestamp = n.host.Wall().Millis()
	partition, err := n.producer.Send(&n.record)
	if err != nil {
		return err
	}
	n.prepared = false
	waited := n.host.Now().Sub(arrived)
	n.session.Sent(kafka.TopicPartition{Topic: n.config.Topic, Partition: partition}, keyHash(n.record.Key), n.session.Now()-history.Time(waited))
	return nil
}

func (n *ProducerNode) delivered(d clients.Delivery) {
	if n.config.Own != NoOwnState {
		n.relay.delivered(d)
		return
	}
	n.session.Delivered(d)
	if n.config.Load.Arrival == ClosedLoop && !n.stopped && len(n.backlog) == 0 &&
		n.producer.Open() <= n.config.Load.Window-refill(n.config.Load.Window) {
		// By the timer, not here: a delivery is in the middle of a batch's.
		n.timers.Set(&n.arrival, n.host.Now())
	}
}

// refill is how many records a closed loop lets end before it sends again:
// one by one would mean one wake-up for each.
func refill(window int) int { return max(window/8, 1) }
