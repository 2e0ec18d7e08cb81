package broker

import (
	"errors"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/group"
	"assay/broker/metadata"
	"assay/broker/replica"
	"assay/broker/storage"
	"assay/host"
	"assay/internal/kafka"
)

// A leader takes the first batch of a transaction only after the transaction's
// coordinator has confirmed that it is open and has the partition (KIP-890);
// from transaction version 2 on, asking is what adds the partition.

// transactionVerification is a question to a transaction's coordinator about a
// partition that this broker leads.
type transactionVerification struct {
	TransactionalID string
	Producer        transactionIdentity
	Partition       kafka.TopicPartition
	Add             bool           // the partition joins the transaction by this (version 2)
	Sequence        kafka.Sequence // that the waiting batch begins with, for what a client sends
}

// verifyVersion is the AddPartitionsToTxn version between brokers: in batches
// since 4, TRANSACTION_ABORTABLE since 5.
const verifyVersion = 5

// verifier asks one broker, with one request in flight; what comes meanwhile
// goes with the next.
type verifier struct {
	node           *Node
	coordinator    kafka.BrokerID
	epoch          kafka.BrokerEpoch // the coordinator's incarnation that the connection is to
	channel        channel
	waiting, asked []*verificationWait
}

// verificationWait is a question until it is answered.
type verificationWait struct {
	transactionVerification
	hosted *hosted
	guard  storage.Guard
	began  host.Time
	retry  timer
	done   func(error)
}

// verifyTransaction calls done once: with nil when the partition's log takes the
// batch that waits, or with why it does not. NETWORK_EXCEPTION,
// COORDINATOR_NOT_AVAILABLE, COORDINATOR_LOAD_IN_PROGRESS, NOT_COORDINATOR and
// CONCURRENT_TRANSACTIONS go away by themselves; TRANSACTION_ABORTABLE (of a
// partition that is not in the transaction) is for clients that know it, others
// are told INVALID_TXN_STATE.
//
// It may call done at once; where nothing is to be asked it does.
func (n *Node) verifyTransaction(v transactionVerification, done func(error)) {
	n.beginVerification(&verificationWait{transactionVerification: v, began: n.now, done: done})
}

// beginVerification asks the coordinator, for the first time or again: the marker
// of the former transaction, which a repeated question waits for, has ended the
// verification that the log knew of.
func (n *Node) beginVerification(w *verificationWait) {
	topic, err := n.topicNamed(false, w.Partition.Topic, kafka.TopicID{})
	if err == nil {
		w.hosted, err = n.hostedPartition(topic, w.Partition.Partition)
	}
	if err == nil {
		err = w.hosted.CheckLeader(kafka.NoEpoch)
	}
	if err != nil || !n.needsVerification(w.hosted, w.transactionVerification) {
		w.done(err)
		return
	}
	if w.hosted.log.FencesProducer(w.Producer.producer, w.Producer.epoch) {
		// The coordinator might not know: a marker written by hand fences, too.
		w.done(kerr.InvalidProducerEpoch)
		return
	}
	w.guard = w.hosted.log.BeginVerification(w.Producer.producer, w.Producer.epoch, w.Sequence, w.Add, n.moment.Wall)
	n.askCoordinator(w)
}

// needsVerification reports whether the coordinator must be asked: to add the
// partition, or where that is configured, to confirm that it was added.
func (n *Node) needsVerification(h *hosted, v transactionVerification) bool {
	return (v.Add || n.tuning.verifyTransactions) && h.log.NeedsVerification(v.Producer.producer, v.Producer.epoch)
}

// askCoordinator puts a question to the present coordinator.
func (n *Node) askCoordinator(w *verificationWait) {
	coordinator, found := n.transactionCoordinator(w.TransactionalID)
	if !found {
		n.endVerification(w, kerr.CoordinatorNotAvailable)
		return
	}
	v := n.verifiers[coordinator]
	if v == nil {
		if n.verifiers == nil {
			n.verifiers = make(map[kafka.BrokerID]*verifier)
		}
		v = &verifier{node: n, coordinator: coordinator, channel: channel{node: n}}
		n.verifiers[coordinator] = v
	}
	v.add(w)
}

// transactionCoordinator is the broker that leads the partition of the
// transaction log that an id falls to.
func (n *Node) transactionCoordinator(transactionalID string) (kafka.BrokerID, bool) {
	topic := n.image.Topic(metadata.TransactionsTopic)
	if topic == nil {
		return kafka.NoLeader, false
	}
	number := group.PartitionFor(transactionalID, len(topic.Partitions))
	p := n.image.PartitionByID(topic.ID, number)
	if p == nil || p.Leader == kafka.NoLeader || !n.image.Broker(p.Leader).Active() {
		return kafka.NoLeader, false
	}
	return p.Leader, true
}

// add queues a question. Of two epochs of one transactional id the lower is
// fenced already.
func (v *verifier) add(w *verificationWait) {
	fenced := []*verificationWait(nil)
	v.waiting = slices.DeleteFunc(v.waiting, func(o *verificationWait) bool {
		older := o.TransactionalID == w.TransactionalID && o.Producer.epoch < w.Producer.epoch && o.Producer.producer == w.Producer.producer
		if older {
			fenced = append(fenced, o)
		}
		return older
	})
	if slices.ContainsFunc(v.waiting, func(o *verificationWait) bool {
		return o.TransactionalID == w.TransactionalID && o.Producer.epoch > w.Producer.epoch && o.Producer.producer == w.Producer.producer
	}) {
		fenced = append(fenced, w)
	} else {
		v.waiting = append(v.waiting, w)
	}
	for _, o := range fenced {
		v.node.endVerification(o, kerr.InvalidProducerEpoch)
	}
	v.ask()
}

// ask sends what waits, unless a request is in flight. Questions of one
// transaction go together; those of the same id that differ wait for the next
// request, which can name an id once.
func (v *verifier) ask() {
	n := v.node
	if v.channel.busy() || len(v.waiting) == 0 {
		return
	}
	coordinator := n.image.Broker(v.coordinator)
	if coordinator == nil {
		waiting := v.waiting
		v.waiting = nil
		for _, w := range waiting {
			n.endVerification(w, kerr.CoordinatorNotAvailable)
		}
		return
	}
	v.epoch = coordinator.Epoch
	r := kmsg.NewPtrAddPartitionsToTxnRequest()
	r.Version = verifyVersion
	var later []*verificationWait
	for _, w := range v.waiting {
		if t := transactionIn(r, w); t != nil {
			addPartition(t, w.Partition)
			v.asked = append(v.asked, w)
		} else {
			later = append(later, w)
		}
	}
	v.waiting = later
	v.channel.request(hostAddr(coordinator), r, n.tuning.requestTimeout, v.received)
}

// transactionIn is the request's entry for a question, nil where one that
// differs has its place.
func transactionIn(r *kmsg.AddPartitionsToTxnRequest, w *verificationWait) *kmsg.AddPartitionsToTxnRequestTransaction {
	for i := range r.Transactions {
		t := &r.Transactions[i]
		if t.TransactionalID != w.TransactionalID {
			continue
		}
		if t.ProducerID == int64(w.Producer.producer) && t.ProducerEpoch == int16(w.Producer.epoch) && t.VerifyOnly == !w.Add {
			return t
		}
		return nil
	}
	t := kmsg.NewAddPartitionsToTxnRequestTransaction()
	t.TransactionalID, t.ProducerID, t.ProducerEpoch = w.TransactionalID, int64(w.Producer.producer), int16(w.Producer.epoch)
	t.VerifyOnly = !w.Add
	r.Transactions = append(r.Transactions, t)
	return &r.Transactions[len(r.Transactions)-1]
}

func addPartition(t *kmsg.AddPartitionsToTxnRequestTransaction, p kafka.TopicPartition) {
	at := slices.IndexFunc(t.Topics, func(topic kmsg.AddPartitionsToTxnRequestTransactionTopic) bool { return topic.Topic == p.Topic })
	if at < 0 {
		at = len(t.Topics)
		topic := kmsg.NewAddPartitionsToTxnRequestTransactionTopic()
		topic.Topic = p.Topic
		t.Topics = append(t.Topics, topic)
	}
	if topic := &t.Topics[at]; !slices.Contains(topic.Partitions, p.Partition) {
		topic.Partitions = append(topic.Partitions, p.Partition)
	}
}

// received takes the coordinator's answer, or what became of the connection.
func (v *verifier) received(answer kmsg.Response, err error) {
	asked := v.asked
	v.asked = nil
	r, _ := answer.(*kmsg.AddPartitionsToTxnResponse)
	for _, w := range asked {
		v.node.verificationAnswered(w, verificationResult(r, err, w))
	}
	v.ask()
}

// verificationResult finds the answer to one question, in terms that a producer
// understands.
func verificationResult(r *kmsg.AddPartitionsToTxnResponse, err error, w *verificationWait) error {
	if err != nil || r == nil {
		return kerr.NetworkException
	}
	code, found := r.ErrorCode, r.ErrorCode != 0
	for i := range r.Transactions {
		if t := &r.Transactions[i]; !found && t.TransactionalID == w.TransactionalID {
			code, found = partitionResult(t, w.Partition)
		}
	}
	switch {
	case !found:
		return kerr.NetworkException // the answer is not about this
	case code == kerr.ProducerFenced.Code:
		return kerr.InvalidProducerEpoch // by which a producer may abort and go on
	case code == kerr.ClusterAuthorizationFailed.Code:
		return kerr.InvalidTxnState
	}
	return kerr.ErrorForCode(code)
}

func partitionResult(t *kmsg.AddPartitionsToTxnResponseTransaction, p kafka.TopicPartition) (code int16, found bool) {
	for i := range t.Topics {
		if t.Topics[i].Topic != p.Topic {
			continue
		}
		for j := range t.Topics[i].Partitions {
			if t.Topics[i].Partitions[j].Partition == p.Partition {
				return t.Topics[i].Partitions[j].ErrorCode, true
			}
		}
	}
	return 0, false
}

// verificationAnswered ends a question. With version 2 the former transaction
// often is still about to end when the next one's first batch comes: a little
// patience here saves the client a round trip.
func (n *Node) verificationAnswered(w *verificationWait, err error) {
	if errors.Is(err, kerr.ConcurrentTransactions) && w.Add && n.now.Sub(w.began) < n.tuning.verificationPatience {
		n.timers.set(&w.retry, n.now.Add(n.tuning.verificationBackoff), func() { n.beginVerification(w) })
		return
	}
	n.endVerification(w, err)
}

// endVerification tells the log of a confirmation, and whoever waits. The
// replica may have gone meanwhile: then its log takes nothing.
func (n *Node) endVerification(w *verificationWait, err error) {
	switch h := w.hosted; {
	case err != nil:
	case h.Role() != replica.Leading || n.findHosted(h.key) != h:
		err = kerr.NotLeaderForPartition
	default:
		err = h.log.Verified(w.Producer.producer, w.Producer.epoch, w.guard)
	}
	n.observe(PointTransactionVerified, w.Partition.Topic, int64(w.Partition.Partition), int64(w.Producer.producer), int64(w.Producer.epoch), int64(errorCode(err)))
	w.done(err)
}

// coordinatorChanged drops a connection to a former incarnation of the
// coordinator.
func (v *verifier) coordinatorChanged(b *metadata.Broker) {
	if b != nil && b.Epoch != v.epoch && v.channel.conn != 0 {
		v.channel.fail(host.ErrReset)
	}
}
