package clients

import (
	"github.com/twmb/franz-go/pkg/kerr"

	"assay/internal/kafka"
)

// Outcome is what a producer knows of a record when it is done with it.
type Outcome uint8

const (
	// Acknowledged: the cluster said so, or nobody was asked (acks=0).
	Acknowledged Outcome = iota
	// Failed: definitely not in the log, and never will be. Every attempt
	// failed definitely, or none was sent.
	Failed
	// Indeterminate: it may be in the log, or may still get there.
	Indeterminate
)

// Delivery tells of one record's end.
type Delivery struct {
	Cookie    uint64 // the record's own
	Topic     string
	Partition int32
	Offset    kafka.Offset // NoOffset unless acknowledged with one
	Outcome   Outcome
	Error     int16 // Kafka's code of the last attempt, 0 for none
	Attempts  int   // requests that carried the record
}

// isDefinite says whether an answer proves that this attempt appended nothing
// and never will. The list is short on purpose: what is not here may hide an
// append. NOT_LEADER_OR_FOLLOWER does (the leader may have appended and lost
// its leadership while it waited for the followers), and so may answers about
// unknown topics and failed disks.
func isDefinite(code int16) bool {
	switch code {
	case kerr.CorruptMessage.Code, kerr.MessageTooLarge.Code, kerr.InvalidTopicException.Code,
		kerr.RecordListTooLarge.Code, kerr.NotEnoughReplicas.Code, kerr.InvalidRequiredAcks.Code,
		kerr.TopicAuthorizationFailed.Code, kerr.ClusterAuthorizationFailed.Code, kerr.TransactionalIDAuthorizationFailed.Code,
		kerr.InvalidTimestamp.Code, kerr.UnsupportedVersion.Code, kerr.InvalidRequest.Code,
		kerr.UnsupportedForMessageFormat.Code, kerr.PolicyViolation.Code, kerr.UnsupportedCompressionType.Code,
		kerr.InvalidRecord.Code, kerr.ThrottlingQuotaExceeded.Code,
		// Checked against the producer's state before anything is appended.
		kerr.OutOfOrderSequenceNumber.Code, kerr.InvalidProducerEpoch.Code, kerr.UnknownProducerID.Code,
		// So is the transaction (KIP-890).
		kerr.ProducerFenced.Code, kerr.InvalidTxnState.Code, kerr.InvalidProducerIDMapping.Code,
		kerr.ConcurrentTransactions.Code, kerr.TransactionAbortable.Code:
		return true
	}
	return false
}
