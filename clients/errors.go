package clients

import (
	"errors"

	"github.com/twmb/franz-go/pkg/kerr"
)

// Errors of the clients themselves. Errors of the protocol are kerr's.
var (
	// ErrDisconnected: the connection broke before the answer came.
	ErrDisconnected = errors.New("disconnected before the response")
	// ErrRequestTimeout: no answer within request.timeout.ms. The connection
	// is closed with it, as Kafka's clients do.
	ErrRequestTimeout = errors.New("no response within the request time-out")
	// ErrVersion: client and broker have no version of the request in common.
	ErrVersion = errors.New("no common version of the request")
	// ErrNotReady: there is no usable connection to the broker right now.
	ErrNotReady = errors.New("no connection to the broker")
	// ErrWouldBlock: Java's send() would block here, for metadata or for
	// buffer.memory. Nothing was taken; try again when Unblocked is called.
	ErrWouldBlock = errors.New("send would block")
	// ErrFatal: the producer sends nothing more: it was fenced by another with its
	// transactional id, or cannot say any more what the brokers have.
	ErrFatal = errors.New("the producer has ended")
	// ErrAbortable: the transaction has failed, and the application can go on only
	// after it has aborted it.
	ErrAbortable = errors.New("the transaction can only be aborted")
	// ErrTransactionState: the application asked for something that is not
	// possible in the present state of its transactions.
	ErrTransactionState = errors.New("not possible in this state of the transactions")
	// ErrDeadline: an operation of several requests did not end in time.
	ErrDeadline = errors.New("deadline passed")
)

// networkException is Kafka's client-side code of a lost connection.
const networkException int16 = 13

// codeOf is the protocol's code for how a call ended without an answer.
func codeOf(err error) int16 {
	var protocolError *kerr.Error
	switch {
	case err == nil:
		return 0
	case errors.As(err, &protocolError):
		return protocolError.Code
	case errors.Is(err, ErrVersion):
		return kerr.UnsupportedVersion.Code
	default:
		return networkException
	}
}

// isRetriable says whether Kafka's clients try again after the code.
func isRetriable(code int16) bool {
	return code == networkException || kerr.IsRetriable(kerr.ErrorForCode(code))
}

// meansStaleMetadata is Kafka's InvalidMetadataException: somebody else leads,
// or the topic is not what we think.
func meansStaleMetadata(code int16) bool {
	switch code {
	case kerr.UnknownTopicOrPartition.Code, kerr.LeaderNotAvailable.Code, kerr.NotLeaderForPartition.Code,
		kerr.ReplicaNotAvailable.Code, networkException, kerr.KafkaStorageError.Code,
		kerr.FencedLeaderEpoch.Code, kerr.UnknownLeaderEpoch.Code, kerr.ListenerNotFound.Code,
		kerr.UnknownTopicID.Code, kerr.InconsistentTopicID.Code:
		return true
	}
	return false
}
