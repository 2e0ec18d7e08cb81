// Package broker is one broker of the cluster: a host.Node that stores,
// replicates and serves partitions. It routes requests, holds those that must
// wait, and follows the cluster's metadata; what it decides about a partition
// is broker/replica's, what it stores broker/storage's.
//
// Everything that changes a partition marks it, and settle, at the end of each
// step, is the one place that lets waiting operations end.
package broker

import (
	"fmt"
	"strconv"

	"github.com/twmb/franz-go/pkg/kerr"

	"assay/broker/metadata"
	"assay/broker/replica"
	"assay/broker/storage"
	"assay/host"
	"assay/internal/kafka"
	"assay/internal/protocol"
)

// logDirectory is where the logs are in the node's file system.
const logDirectory = "data"

// Node is a broker. It implements host.Node and host.Stopper.
type Node struct {
	config   Config
	tuning   tuning
	clientID string

	host   host.Host
	now    host.Time      // of the present step
	moment replica.Moment // the same, with the time of day
	failed bool           // the log directory is gone; the process ends

	timers      timers
	wakeAt      host.Time // as the host was last told
	connections map[host.Conn]*connection
	channels    map[host.Conn]*channel

	controllers  controllers
	life         lifecycle
	metadata     metadataFollower
	image        *metadata.Image
	topicCreated kafka.Offset // of the image with which a topic came last
	serving      bool         // partitions are hosted: the image holds this registration

	logs       *storage.LogDir
	settings   map[string]*topicSettings   // by topic, as resolved
	partitions map[kafka.TopicID][]*hosted // by partition number; nil where not hosted
	byLog      map[*storage.Log]*hosted    // the same
	hosted     []*hosted                   // the same, by topic name and partition
	changed    []*hosted                   // to settle
	lanes      uint64

	sessions     fetchSessions
	fetchers     map[kafka.BrokerID]*fetcher
	verifiers    map[kafka.BrokerID]*verifier
	aborted      []storage.AbortedTransaction // memory of listAborted
	viewed       []byte                       // memory of PartitionView.Batches
	alterISR     isrAlteration
	producerIDs  producerIDs
	forwarding   forwarding
	coordination coordination
	markers      markerSending
	shutdown     shutdown

	checkpointTimer, lagTimer, flushTimer, producerTimer timer
}

// New returns a broker that has not started. It is built anew for every
// incarnation.
func New(config Config) *Node {
	n := &Node{config: config, tuning: readTuning(config.Settings, config.Flaws), clientID: "broker-" + strconv.Itoa(int(config.ID)),
		image: metadata.Empty(), wakeAt: host.Never}
	if config.Flaws.TakeLateProduce {
		n.tuning.verifyTransactions = false
	}
	return n
}

// Start implements host.Node: it recovers the logs, registers, and begins to
// follow the metadata.
func (n *Node) Start(h host.Host) {
	n.host = h
	n.connections = make(map[host.Conn]*connection)
	n.channels = make(map[host.Conn]*channel)
	n.partitions = make(map[kafka.TopicID][]*hosted)
	n.byLog = make(map[*storage.Log]*hosted)
	n.settings = make(map[string]*topicSettings)
	n.fetchers = make(map[kafka.BrokerID]*fetcher)
	n.controllers.voters = n.config.Controllers
	n.step(func() {
		if !n.openLogs() {
			return
		}
		n.sessions.start(n.host.Rand("fetch-sessions"), n.tuning.sessionSlots)
		n.controllers.believed = n.host.Rand("controller").IntN(len(n.config.Controllers))
		n.startLifecycle()
		n.startMetadata()
		n.alterISR.link = n.newControllerLink()
		n.producerIDs.link = n.newControllerLink()
		n.forwarding.link = n.newControllerLink()
		n.startPeriodic()
	})
}

// Opened implements host.Node.
func (n *Node) Opened(c host.Conn, local host.Addr) {
	if local != "" {
		n.connections[c] = &connection{id: c}
	}
}

// Received implements host.Node.
func (n *Node) Received(c host.Conn, m host.Message) {
	n.step(func() {
		switch m := m.(type) {
		case *protocol.Request:
			if connection := n.connections[c]; connection != nil {
				n.receiveRequest(connection, m)
			}
		case *protocol.UnsupportedRequest:
			if connection := n.connections[c]; connection != nil {
				n.refuseVersion(connection, m.Key, m.CorrelationID)
			}
		case *protocol.Response:
			if channel := n.channels[c]; channel != nil {
				channel.received(m)
			}
		}
	})
}

// Closed implements host.Node.
func (n *Node) Closed(c host.Conn, err error) {
	n.step(func() {
		if connection := n.connections[c]; connection != nil {
			n.forget(connection)
		}
		if channel := n.channels[c]; channel != nil {
			channel.closed(err)
		}
	})
}

// Done implements host.Node.
func (n *Node) Done(op host.Op, err error) {
	if n.shutdown.stage > handingOver {
		n.doneClosing(op, err)
		return
	}
	n.step(func() {
		if n.logs == nil {
			return
		}
		log, mine := n.logs.Done(op, err)
		if !mine || log == nil {
			return
		}
		if h := n.byLog[log]; h != nil {
			h.Flushed(n.now)
		}
	})
}

// Wake implements host.Node.
func (n *Node) Wake() {
	n.wakeAt = host.Never
	n.step(func() { n.timers.Expire(n.now) })
}

// step runs one step of the node and settles what it changed.
func (n *Node) step(f func()) {
	if n.failed || n.shutdown.stage > handingOver {
		return
	}
	n.now = n.host.Now()
	n.moment = replica.Moment{Now: n.now, Wall: n.host.Wall()}
	f()
	if n.shutdown.stage > handingOver {
		n.host.WakeAt(host.Never)
		return // it just closed: nothing is served or waited for any more
	}
	n.settle()
	if n.logs != nil && n.logs.Err() != nil {
		n.fail(n.logs.Err())
	}
	if next := n.timers.Next(); next != n.wakeAt && !n.failed {
		n.wakeAt = next
		n.host.WakeAt(next)
	}
}

// settle lets end what the changes of this step let end: produces, fetches,
// proposals, fetchers. What begins meanwhile is settled too.
func (n *Node) settle() {
	for i := 0; i < len(n.changed); i++ {
		h := n.changed[i]
		h.changed = false
		n.completeProduces(h)
		n.completeMarkers(h)
		n.completeDeletions(h)
		n.completeFetches(h)
		if metadata.IsInternal(h.key.Topic) {
			n.settleCoordinator(h)
		}
		if proposal, open := h.TakeProposal(); open {
			n.propose(h, proposal)
		}
		n.assignFetcher(h)
	}
	clear(n.changed)
	n.changed = n.changed[:0]
}

// fail stops the process: its log directory cannot be trusted to write any
// more, and nothing that was not acknowledged may be from now on.
func (n *Node) fail(err error) {
	if n.failed {
		return
	}
	n.failed = true
	n.observe(PointLogDirFailed, "")
	n.host.Exit(fmt.Errorf("broker %d: %w", n.config.ID, err))
}

// Changed implements replica.Watcher: settle will look at the partition, and those
// who fetch it have to.
func (h *hosted) Changed(*replica.Partition) {
	for _, p := range h.watchers {
		p.stir()
	}
	if !h.changed {
		h.changed = true
		h.node.changed = append(h.node.changed, h)
	}
}

// Observe implements replica.Watcher.
func (h *hosted) Observe(e host.Event) { h.node.host.Observe(e) }

// ActiveEpoch implements replica.Brokers.
func (n *Node) ActiveEpoch(id kafka.BrokerID) (kafka.BrokerEpoch, bool) {
	b := n.image.Broker(id)
	if !b.Active() {
		return kafka.NoBrokerEpoch, false
	}
	return b.Epoch, true
}

// knownTopic is a topic as a request named it.
type knownTopic struct {
	name       string
	id         kafka.TopicID
	partitions int
}

// topicNamed finds a topic by id or by name: UNKNOWN_TOPIC_ID,
// UNKNOWN_TOPIC_OR_PARTITION.
func (n *Node) topicNamed(byID bool, name string, id kafka.TopicID) (knownTopic, error) {
	if byID {
		if t := n.image.TopicByID(id); t != nil {
			return knownTopic{t.Name, t.ID, len(t.Partitions)}, nil
		}
		return knownTopic{}, kerr.UnknownTopicID
	}
	if t := n.image.Topic(name); t != nil {
		return knownTopic{t.Name, t.ID, len(t.Partitions)}, nil
	}
	return knownTopic{name: name}, kerr.UnknownTopicOrPartition
}

// hostedPartition finds a partition's replica here: UNKNOWN_TOPIC_OR_PARTITION
// where there is no such partition, NOT_LEADER_OR_FOLLOWER where it is not
// hosted here.
func (n *Node) hostedPartition(t knownTopic, partition int32) (*hosted, error) {
	if partition < 0 || int(partition) >= t.partitions {
		return nil, kerr.UnknownTopicOrPartition
	}
	here := n.partitions[t.id]
	if int(partition) >= len(here) || here[partition] == nil {
		return nil, kerr.NotLeaderForPartition
	}
	return here[partition], nil
}
