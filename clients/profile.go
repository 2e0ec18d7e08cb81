package clients

import (
	"fmt"
	"math"

	"github.com/twmb/franz-go/pkg/kerr"

	"assay/internal/kafkaconfig"
)

// Profile says which real client's ways a client has where no setting tells
// them apart. docs/client-profiles.md lists them with their sources. The zero
// value is Kafka's own Java client.
type Profile uint8

// The profiles, by the versions whose source they follow.
const (
	ProfileJava    Profile = iota // java-4.3
	ProfileRdKafka                // librdkafka-2
	ProfileFranzGo                // franz-go-1
)

// ProfileOf reads the profile that settings were resolved for.
func ProfileOf(s kafkaconfig.Settings) Profile {
	switch s.Profile() {
	case "", kafkaconfig.JavaProfile:
		return ProfileJava
	case "librdkafka-2":
		return ProfileRdKafka
	case "franz-go-1":
		return ProfileFranzGo
	}
	panic(fmt.Sprintf("clients: no profile %q", s.Profile()))
}

// retryShape and reconnectShape are the jitters of the two kinds of backoff.
func (p Profile) retryShape() BackoffShape {
	if p == ProfileJava {
		return BackoffKafka
	}
	return BackoffCapped
}

func (p Profile) reconnectShape() BackoffShape {
	if p == ProfileRdKafka {
		return BackoffWide
	}
	return p.retryShape()
}

// pollLimit is how many records one poll hands out.
//
//   - librdkafka: one (rd_kafka_consumer_poll in src/rdkafka.c).
//   - franz-go: all that is buffered (PollFetches in pkg/kgo/consumer.go), unless
//     the application asks for fewer.
func (p Profile) pollLimit(s kafkaconfig.Settings) int {
	switch {
	case p == ProfileRdKafka:
		return 1
	case p == ProfileFranzGo && !s.IsSet("max.poll.records"):
		return math.MaxInt32
	}
	return s.Int("max.poll.records")
}

// boundsPolls says whether a member leaves its group when the application does
// not poll for max.poll.interval.ms. franz-go knows no such bound: what it calls
// RebalanceTimeout is how long the coordinator waits for a member alone.
func (p Profile) boundsPolls() bool { return p != ProfileFranzGo }

// countsItselfOut says whether a classic member whose heartbeats were not
// answered for session.timeout.ms takes its membership for lost, as librdkafka
// does (rd_kafka_cgrp_session_timeout_check in src/rdkafka_cgrp.c). Kafka's only
// looks for the coordinator anew and goes on with what it has.
func (p Profile) countsItselfOut() bool { return p == ProfileRdKafka }

// splitsBatches says whether a batch that the broker finds too large is sent
// again in parts, as only Kafka's producer does; the others fail it.
func (p Profile) splitsBatches() bool { return p == ProfileJava }

// fencesByEpochs says whether the client knows transaction version 2, where
// each transaction has an epoch of its own (KIP-890). librdkafka sends EndTxn and
// TxnOffsetCommit in older versions only (src/rdkafka_request.c).
func (p Profile) fencesByEpochs() bool { return p != ProfileRdKafka }

// retriesAfter says whether a batch is sent again after an answer, sequences
// apart.
//
//   - Kafka's: after its RetriableExceptions.
//   - librdkafka: after those named in rd_kafka_handle_Produce_error and
//     rd_kafka_err_action (src/rdkafka_request.c).
//   - franz-go: after retriable ones but CORRUPT_MESSAGE (handleReqRespBatch in
//     pkg/kgo/sink.go).
func (p Profile) retriesAfter(code int16) bool {
	switch p {
	case ProfileRdKafka:
		switch code {
		case networkException, kerr.UnknownTopicOrPartition.Code, kerr.UnknownTopicID.Code, kerr.LeaderNotAvailable.Code,
			kerr.NotLeaderForPartition.Code, kerr.BrokerNotAvailable.Code, kerr.ReplicaNotAvailable.Code,
			kerr.KafkaStorageError.Code, kerr.RequestTimedOut.Code, kerr.NotEnoughReplicas.Code,
			kerr.NotEnoughReplicasAfterAppend.Code, kerr.CorruptMessage.Code:
			return true
		}
		return false
	case ProfileFranzGo:
		return isRetriable(code) && code != kerr.CorruptMessage.Code
	}
	return isRetriable(code)
}
