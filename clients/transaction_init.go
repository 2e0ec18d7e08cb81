package clients

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/internal/kafka"
)

// transactionVersionFeature is the cluster's feature that says how transactions
// are made (KIP-1022), and fencedByEpochs its level with KIP-890's second part.
const (
	transactionVersionFeature       = "transaction.version"
	fencedByEpochs            int16 = 2
)

// initRequest asks for a producer id and epoch: the first ones, or with those
// that we have the next epoch.
func (t *transaction) initRequest(peer *peer) (kmsg.Request, func(kmsg.Response)) {
	p := t.producer
	body := kmsg.NewPtrInitProducerIDRequest()
	body.Version = peer.versions[kmsg.InitProducerID]
	body.TransactionalID = &p.config.TransactionalID
	body.TransactionTimeoutMillis = int32(p.config.TransactionTimeout.Milliseconds())
	if body.Version >= firstVersionToBump {
		body.ProducerID, body.ProducerEpoch = int64(p.identity.id), int16(p.identity.epoch)
	}
	return body, t.initAnswered
}

func (t *transaction) initAnswered(response kmsg.Response) {
	answer, ok := response.(*kmsg.InitProducerIDResponse)
	if !ok {
		t.refused(requestProducerID, kerr.UnknownServerError.Code)
		return
	}
	if answer.ErrorCode != 0 {
		t.refused(requestProducerID, answer.ErrorCode)
		return
	}
	first := !t.producer.identity.known()
	t.takeIdentity(answer.ProducerID, answer.ProducerEpoch)
	if first {
		t.noticeVersion()
		t.bump = false
	}
	t.become(transactionReady)
	t.finish(TransactionResult{Outcome: Acknowledged})
}

// takeIdentity takes what the coordinator says. The partitions' sequences start
// anew under it as soon as nothing older is on the wire.
func (t *transaction) takeIdentity(id int64, epoch int16) {
	t.producer.identity.id, t.producer.identity.epoch = kafka.ProducerID(id), kafka.ProducerEpoch(epoch)
}

// noticeVersion takes the newest transaction.version that some broker told,
// between transactions alone. One that was raised meanwhile asks for a new
// epoch, which the coordinator would have given under the new version.
func (t *transaction) noticeVersion() {
	before := t.version2
	t.version2 = t.producer.client.network.transactionVersion >= fencedByEpochs && t.producer.config.Profile.fencesByEpochs()
	t.bump = t.bump || t.version2 && !before
}
