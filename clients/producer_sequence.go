package clients

import (
	"math"

	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
	"assay/internal/kafka"
)

// identity is an idempotent producer's id and epoch.
type identity struct {
	id       kafka.ProducerID
	epoch    kafka.ProducerEpoch
	asked    bool
	failures int
	notUntil host.Time
	timer    Timer
}

func (id *identity) reset() { id.id, id.epoch = kafka.NoProducerID, kafka.NoProducerEpoch }

func (id *identity) known() bool { return id.id != kafka.NoProducerID }

// acquire asks any broker for a producer id where there is none (KIP-98).
func (id *identity) acquire(p *Producer) {
	c := p.client
	if id.known() || id.asked || len(p.partitions) == 0 {
		return
	}
	if now := c.host.Now(); now < id.notUntil {
		c.timers.Set(&id.timer, id.notUntil)
		return
	}
	peer := c.network.leastLoaded()
	if peer == nil {
		return
	}
	if peer.state != connected {
		c.network.ready(peer.id)
		return
	}
	body := kmsg.NewPtrInitProducerIDRequest()
	body.Version = peer.versions[kmsg.InitProducerID]
	body.TransactionTimeoutMillis = math.MaxInt32 // not used without a transactional id
	body.ProducerID, body.ProducerEpoch = int64(kafka.NoProducerID), int16(kafka.NoProducerEpoch)
	id.asked = true
	if c.network.send(peer, call{body: body, done: func(r kmsg.Response, err error) { id.answered(p, r, err) }}) != nil {
		id.answered(p, nil, ErrVersion)
	}
}

func (id *identity) answered(p *Producer, response kmsg.Response, err error) {
	id.asked = false
	answer, ok := response.(*kmsg.InitProducerIDResponse)
	if err != nil || !ok || answer.ErrorCode != 0 {
		id.failures++
		id.notUntil = p.client.host.Now().Add(p.client.config.RetryBackoff.Wait(id.failures, p.client.random))
		p.client.again = true
		return
	}
	id.failures = 0
	id.id, id.epoch = kafka.ProducerID(answer.ProducerID), kafka.ProducerEpoch(answer.ProducerEpoch)
}

// bump raises the epoch by our own will, as a producer without transactions
// may (KIP-360). After the last epoch comes another id.
func (id *identity) bump() {
	if id.epoch == math.MaxInt16 {
		id.reset()
		return
	}
	id.epoch++
}

// settleSequences brings the partitions forward whose sequences may have a
// gap (maybeResolveSequences and bumpIdempotentProducerEpoch of Kafka's
// TransactionManager).
func (p *Producer) settleSequences() {
	if !p.config.Idempotent {
		return
	}
	for _, t := range p.activePartitions() {
		if t.unresolved && len(t.pending) == 0 {
			// All is settled: what was given up was appended after all (its
			// successors were taken), or the gap is real.
			t.unresolved = false
			switch {
			case p.transaction != nil: // the epoch is raised at the transaction's end
			case p.config.SequenceReuse:
				t.nextSequence = t.acknowledged
			default:
				t.bumping = t.bumping || t.acknowledged != t.nextSequence
			}
		}
		if t.bumping && t.onWire == 0 {
			p.bumpEpoch(t)
		}
	}
}

// bumpEpoch starts a partition's sequences anew. It comes only when nothing
// of the partition is on the wire. Kafka 4.3 resends all that is pending
// under the new epoch; that may duplicate a batch whose fate is unknown, since
// the new epoch hides it from deduplication. So here such batches end as
// indeterminate, and only those that are surely in no log are sent again.
// franz-go's are resent as they are there, and the museum's seq-cache does so, too.
func (p *Producer) bumpEpoch(t *producerPartition) {
	if t.producerID == p.identity.id && t.epoch == p.identity.epoch {
		p.identity.bump()
	}
	p.client.host.Observe(host.Event{Point: PointEpochBumped, Subject: t.name.Topic, Args: [6]int64{
		int64(t.name.Partition), int64(p.identity.id), int64(p.identity.epoch),
	}})
	t.bumping, t.unresolved = false, false
	pending := t.pending
	t.pending = nil
	for _, b := range pending {
		if b.ambiguous && p.config.Profile != ProfileFranzGo && !p.config.SequenceCache {
			t.unqueue(b)
			p.complete(b, Indeterminate, kafka.NoOffset)
			p.release(b)
			continue
		}
		b.sequenced = false
	}
	t.startSequences(p.identity)
}

// startSequences begins at 0 under the producer's present numbers.
func (t *producerPartition) startSequences(id identity) {
	t.producerID, t.epoch = id.id, id.epoch
	t.nextSequence, t.acknowledged = 0, 0
}

// assignSequence gives a batch its place when it first leaves. The caller has
// checked mayDrainNew and that nothing of an older epoch is pending.
func (t *producerPartition) assignSequence(b *producerBatch) {
	b.producerID, b.epoch, b.sequence, b.sequenced = t.producerID, t.epoch, t.nextSequence, true
	t.nextSequence = b.next()
}

// isStale says whether the partition's sequences belong to an older epoch.
func (t *producerPartition) isStale(id *identity) bool {
	return t.producerID != id.id || t.epoch != id.epoch
}
