package workload

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"assay/checkers/history"
	"assay/clients"
	"assay/host"
	"assay/internal/batch"
	"assay/internal/kafka"
)

// AuditorConfig is the run's own client. It has no faults: it is the
// instrument, not the subject.
type AuditorConfig struct {
	Name     string // "auditor"
	Topics   []clients.NewTopic
	Client   clients.ClientConfig
	Producer clients.ProducerConfig
	Consumer clients.ConsumerConfig

	// Groups are those whose committed offsets are asked for at the end.
	Groups []GroupTopics
	// Transactions says that there may be some: then the final read is done at
	// both isolations, and the last stable offsets are watched.
	Transactions bool

	SetupTimeout     time.Duration // for the topics to be there, led
	FinalReadTimeout time.Duration

	// ProbeDue says that the faults have ended: then each partition gets one
	// record, acks=all. FinalReadDue says that the clients had their time. The
	// auditor looks at them every tenth of a second; nil is never and at once.
	ProbeDue, FinalReadDue func() bool
	// Ready hears once that the topics are there, or why not. Finished hears
	// once that the final read has ended. Both may be nil.
	Ready    func(error)
	Finished func([]clients.Coverage)
}

// GroupTopics is a group with the partitions that it reads.
type GroupTopics struct {
	Group      string
	Partitions []kafka.TopicPartition
}

type auditorPhase uint8

const (
	settingUp auditorPhase = iota
	awaitingProbe
	awaitingFinalRead
	reading
	over
)

// AuditorNode makes the topics, probes each partition after the faults, and
// reads everything at the end.
type AuditorNode struct {
	config   AuditorConfig
	recorder *Recorder

	host     host.Host
	timers   *clients.Timers
	setup    *clients.Client // connections for setting up and probing
	reader   *clients.Client // and for the final read
	admin    *clients.Admin
	producer *clients.Producer
	session  *Session
	phase    auditorPhase
	deadline host.Time
	look     clients.Timer
	again    clients.Timer

	stable     stableWatch
	partitions []kafka.TopicPartition
	probed     map[kafka.TopicPartition]kafka.Offset // the end that a probe's acknowledgement proves
	unsent     []int                                 // partitions whose probe the producer has not taken
	readBy     host.Time                             // what is not told and read by then stays unknown
	readFrom   history.Time
	coverage   []clients.Coverage
	uncovered  int // final reads that are not done
	asked      int // groups whose offsets were not told yet
}

// auditPeriod is how often the auditor looks whether its next part is due.
const auditPeriod = 100 * time.Millisecond

// NewAuditorNode makes the auditor.
func NewAuditorNode(config AuditorConfig, recorder *Recorder) *AuditorNode {
	n := &AuditorNode{config: config, recorder: recorder}
	for _, t := range config.Topics {
		for p := range t.Partitions {
			n.partitions = append(n.partitions, kafka.TopicPartition{Topic: t.Name, Partition: p})
		}
	}
	n.probed = make(map[kafka.TopicPartition]kafka.Offset, len(n.partitions))
	return n
}

// Start implements host.Node.
func (n *AuditorNode) Start(h host.Host) {
	n.host = h
	n.session = n.recorder.BeginUnmeasured(n.config.Name)
	n.timers = clients.NewTimers(h)
	n.config.Client.ID = clientID(n.config.Client, n.config.Name)
	n.setup = clients.NewClient(h, n.timers, n.config.Client)
	n.admin = clients.NewAdmin(n.setup)
	readerConfig := n.config.Client
	readerConfig.PurposePrefix = "reader-"
	n.reader = clients.NewClient(h, n.timers, readerConfig)
	if n.config.Transactions {
		n.stable.start(n)
	}
	n.look.Fire = n.lookAround
	n.again.Fire = n.createTopics
	n.deadline = h.Now().Add(n.config.SetupTimeout)
	n.createTopics()
}

// Opened implements host.Node.
func (n *AuditorNode) Opened(c host.Conn, _ host.Addr) {
	_ = n.setup.Opened(c) || n.reader.Opened(c) || n.config.Transactions && n.stable.client.Opened(c)
}

// Received implements host.Node.
func (n *AuditorNode) Received(c host.Conn, m host.Message) {
	_ = n.setup.Received(c, m) || n.reader.Received(c, m) || n.config.Transactions && n.stable.client.Received(c, m)
}

// Closed implements host.Node.
func (n *AuditorNode) Closed(c host.Conn, err error) {
	_ = n.setup.Closed(c, err) || n.reader.Closed(c, err) || n.config.Transactions && n.stable.client.Closed(c, err)
}

// Done implements host.Node.
func (n *AuditorNode) Done(host.Op, error) {}

// Wake implements host.Node.
func (n *AuditorNode) Wake() { n.timers.Wake() }

// Over says that the auditor has done all it has to do.
func (n *AuditorNode) Over() bool { return n.phase == over }

// createTopics tries until enough brokers have registered for the replicas.
func (n *AuditorNode) createTopics() {
	n.admin.CreateTopics(n.config.Topics, n.deadline, func(err error) {
		switch {
		case err == nil || errors.Is(err, kerr.TopicAlreadyExists):
			n.waitForTopics()
		case errors.Is(err, kerr.InvalidReplicationFactor) && n.host.Now() < n.deadline:
			n.timers.Set(&n.again, n.host.Now().Add(auditPeriod))
		default:
			n.ready(fmt.Errorf("creating the topics: %w", err))
		}
	})
}

func (n *AuditorNode) waitForTopics() {
	var names []string
	for _, t := range n.config.Topics {
		names = append(names, t.Name)
	}
	n.admin.WaitForTopics(names, n.deadline, func(err error) {
		if err != nil {
			err = fmt.Errorf("waiting for the topics' leaders: %w", err)
		}
		n.ready(err)
	})
}

func (n *AuditorNode) ready(err error) {
	n.phase = awaitingProbe
	n.timers.Set(&n.look, n.host.Now())
	if n.config.Ready != nil {
		n.config.Ready(err)
	}
}

// lookAround moves to the next part when it is due.
func (n *AuditorNode) lookAround() {
	if n.phase == awaitingProbe && n.config.ProbeDue != nil && n.config.ProbeDue() {
		n.phase = awaitingFinalRead
		n.probe()
	}
	if n.phase < reading && (n.config.FinalReadDue == nil || n.config.FinalReadDue()) {
		n.phase = reading
		n.read()
		return
	}
	n.timers.Set(&n.look, n.host.Now().Add(auditPeriod))
}

// probeBatch is room for the one record of a probe, in bytes.
const probeBatch = 1 << 8

// probe sends one record to each partition: whether it is acknowledged tells
// whether the partition has recovered.
func (n *AuditorNode) probe() {
	config := n.config.Producer
	config.Acks, config.Idempotent = clients.AcksAll, true
	config.BatchSize = probeBatch
	n.producer = clients.NewProducer(n.setup, config, clients.ProducerEvents{
		Delivered: n.delivered, Unblocked: n.sendProbes,
	})
	for i := range n.partitions {
		n.unsent = append(n.unsent, i)
	}
	n.sendProbes()
}

func (n *AuditorNode) sendProbes() {
	for len(n.unsent) > 0 && n.phase < reading {
		name := n.partitions[n.unsent[0]]
		id := n.session.NextRecord()
		_, err := n.producer.Send(&clients.Record{
			Topic: name.Topic, Partition: name.Partition, Value: []byte("assay probe"),
			Headers:   []batch.RecordHeader{{Key: IdentityHeader, Value: binary.BigEndian.AppendUint64(nil, uint64(id))}},
			Timestamp: n.host.Wall().Millis(), Cookie: uint64(id.Send()),
		})
		if errors.Is(err, clients.ErrWouldBlock) {
			return
		}
		n.unsent = n.unsent[1:]
		if err == nil {
			n.session.Sent(name, 0, n.session.Now())
		}
	}
	n.producer.Flush()
}

func (n *AuditorNode) delivered(d clients.Delivery) {
	n.session.Delivered(d)
	if d.Outcome == clients.Acknowledged && d.Offset != kafka.NoOffset {
		name := kafka.TopicPartition{Topic: d.Topic, Partition: d.Partition}
		n.probed[name] = max(n.probed[name], d.Offset+1)
	}
}

// askGroups asks each group's coordinator for what is committed.
func (n *AuditorNode) askGroups() {
	n.asked = len(n.config.Groups)
	for _, g := range n.config.Groups {
		n.admin.GroupOffsets(g.Group, g.Partitions, n.readBy.Add(-n.config.FinalReadTimeout/2), func(offsets []clients.CommittedOffset, err error) {
			for _, partition := range g.Partitions {
				offset, err := committedAt(offsets, partition, err)
				n.session.GroupEnded(g.Group, partition, offset, err)
			}
			if n.asked--; n.asked == 0 {
				n.readAll()
			}
		})
	}
}

// committedAt finds a partition among what a coordinator told.
func committedAt(offsets []clients.CommittedOffset, partition kafka.TopicPartition, err error) (kafka.Offset, error) {
	if err != nil {
		return kafka.NoOffset, err
	}
	for _, o := range offsets {
		if o.Partition == partition {
			return o.Offset, nil
		}
	}
	return kafka.NoOffset, kerr.UnknownServerError
}

// read begins the covering final read. The groups are asked first: what they have
// committed by then is in the logs that are read. A dead coordinator may take half
// of the time.
func (n *AuditorNode) read() {
	n.readBy = n.host.Now().Add(n.config.FinalReadTimeout)
	n.askGroups()
	if n.asked == 0 {
		n.readAll()
	}
}

func (n *AuditorNode) readAll() {
	n.readFrom = n.session.Now()
	n.cover(n.reader, n.config.Consumer, n.session, n.probed)
	if n.config.Transactions {
		n.coverCommitted()
	}
}

// cover reads everything at one isolation. Each is a session of its own: its positions are its own.
func (n *AuditorNode) cover(reader *clients.Client, config clients.ConsumerConfig, session *Session, least map[kafka.TopicPartition]kafka.Offset) {
	n.uncovered++
	clients.NewCoveringRead(reader, config, n.partitions, least,
		n.readBy, clients.CoveringReadEvents{
			Stamp: func() int64 { return int64(session.Now()) },
			Read:  func(c clients.Chunk) { session.Read(c, true) },
			Moved: session.Moved,
			Done: func(coverage []clients.Coverage) {
				for _, c := range coverage {
					session.Covered(c, n.readFrom)
				}
				if session == n.session {
					n.coverage = coverage
				}
				n.uncovered--
				n.finish()
			},
		})
}

// coverCommitted reads what is committed, up to the last stable offsets.
func (n *AuditorNode) coverCommitted() {
	session := n.recorder.BeginUnmeasured(n.config.Name + "-committed")
	session.committedOnly = true
	config := n.config.Consumer
	config.ReadCommitted = true
	n.cover(n.stable.client, config, session, nil)
}

// finish ends the auditor's work when both covering reads have.
func (n *AuditorNode) finish() {
	if n.uncovered > 0 {
		return
	}
	n.phase = over
	n.timers.Stop(&n.look)
	n.timers.Stop(&n.stable.look)
	if n.config.Finished != nil {
		n.config.Finished(n.coverage)
	}
}
