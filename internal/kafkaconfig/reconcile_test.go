package kafkaconfig

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Each expectation is what Kafka 4.3.1's own ProducerConfig, KafkaProducer, ConsumerConfig or KafkaConfig did
// with these keys.
func TestReconcileFollowsKafka(t *testing.T) {
	const inFlight = "max.in.flight.requests.per.connection"
	for _, each := range []struct {
		kind      Kind
		given     []string
		adjusted  map[string]string
		conflicts []string
	}{
		{kind: Producer},
		{kind: Producer, given: []string{"acks", "-1"}},
		{kind: Producer, given: []string{"acks", "1"}, adjusted: map[string]string{"enable.idempotence": "false"}},
		{kind: Producer, given: []string{"retries", "0"}, adjusted: map[string]string{"enable.idempotence": "false"}},
		{kind: Producer, given: []string{"acks", "1", "enable.idempotence", "true"}, conflicts: []string{"enable.idempotence"}},
		{kind: Producer, given: []string{"retries", "0", "enable.idempotence", "true"}, conflicts: []string{"enable.idempotence"}},
		{kind: Producer, given: []string{"acks", "1", "enable.idempotence", "false"}},
		{kind: Producer, given: []string{inFlight, "5"}},
		{kind: Producer, given: []string{inFlight, "6"}, conflicts: []string{inFlight}},
		{kind: Producer, given: []string{inFlight, "6", "enable.idempotence", "true"}, conflicts: []string{inFlight}},
		{kind: Producer, given: []string{inFlight, "6", "enable.idempotence", "false"}},
		{
			kind: Producer, given: []string{inFlight, "6", "acks", "1"},
			adjusted: map[string]string{"enable.idempotence": "false"}, conflicts: []string{inFlight},
		},
		{kind: Producer, given: []string{"delivery.timeout.ms", "30005"}},
		{kind: Producer, given: []string{"delivery.timeout.ms", "30004"}, conflicts: []string{"delivery.timeout.ms"}},
		{kind: Producer, given: []string{"request.timeout.ms", "200000"}, adjusted: map[string]string{"delivery.timeout.ms": "200005"}},
		{kind: Producer, given: []string{"linger.ms", "3000000000"}, adjusted: map[string]string{"delivery.timeout.ms": "2147483647"}},
		{kind: Producer, given: []string{"reconnect.backoff.ms", "5000"}, adjusted: map[string]string{"reconnect.backoff.max.ms": "5000"}},
		{kind: Producer, given: []string{"reconnect.backoff.ms", "20"}, adjusted: map[string]string{"reconnect.backoff.max.ms": "20"}},
		{kind: Producer, given: []string{"reconnect.backoff.ms", "5000", "reconnect.backoff.max.ms", "100"}},
		{kind: Producer, given: []string{"retry.backoff.ms", "5000"}},
		{kind: Consumer, given: []string{"group.id", "g", "session.timeout.ms", "3000"}, conflicts: []string{"heartbeat.interval.ms"}},
		{kind: Consumer, given: []string{"group.id", "g", "session.timeout.ms", "3001"}},
		{kind: Consumer, given: []string{"group.id", "g", "group.remote.assignor", "uniform"}, conflicts: []string{"group.remote.assignor"}},
		{kind: Consumer, given: []string{"group.id", "g", "group.protocol", "consumer", "group.remote.assignor", "uniform"}},
		{
			kind: Consumer, given: []string{"group.id", "g", "group.protocol", "CONSUMER", "session.timeout.ms", "3000",
				"partition.assignment.strategy", "org.apache.kafka.clients.consumer.RangeAssignor"},
			conflicts: []string{"partition.assignment.strategy", "session.timeout.ms"},
		},
		{kind: Consumer, adjusted: map[string]string{"enable.auto.commit": "false"}},
		{kind: Consumer, given: []string{"group.id", "billing"}},
		{kind: Consumer, given: []string{"enable.auto.commit", "true"}, conflicts: []string{"enable.auto.commit"}},
		{kind: Broker},
		{kind: Broker, given: []string{"replica.lag.time.max.ms", "100"}, conflicts: []string{"replica.fetch.wait.max.ms"}},
		{kind: Broker, given: []string{"replica.lag.time.max.ms", "500"}},
		{
			kind: Broker, given: []string{"replica.lag.time.max.ms", "50000", "replica.fetch.wait.max.ms", "40000"},
			conflicts: []string{"replica.fetch.wait.max.ms"},
		},
		{kind: Broker, given: []string{"group.consumer.session.timeout.ms", "6000"}, conflicts: []string{"group.consumer.session.timeout.ms"}},
		{kind: Broker, given: []string{"group.consumer.session.timeout.ms", "6000", "group.consumer.min.session.timeout.ms", "6000"}},
		{
			kind:      Broker,
			given:     []string{"group.consumer.session.timeout.ms", "5000", "group.consumer.min.session.timeout.ms", "5000"},
			conflicts: []string{"group.consumer.heartbeat.interval.ms"},
		},
		{kind: Broker, given: []string{"log.roll.ms", "0"}, conflicts: []string{"log.roll.ms"}},
		{kind: Topic},
	} {
		given := map[string]string{}
		for i := 0; i < len(each.given); i += 2 {
			given[each.given[i]] = each.given[i+1]
		}
		settings, problems := Resolve(each.kind, given)
		require.Empty(t, problems, "%v", each.given)

		reconciled, adjustments, problems := Reconcile(settings)
		adjusted := map[string]string{}
		for _, adjustment := range adjustments {
			adjusted[adjustment.Key] = adjustment.To
			require.Equal(t, adjustment.To, reconciled.Text(adjustment.Key), "%v", each.given)
			require.Equal(t, adjustment.From, settings.Text(adjustment.Key), "the input must not change: %v", each.given)
			require.False(t, reconciled.IsSet(adjustment.Key), "only defaults give way: %v", each.given)
			require.Contains(t, adjustment.Message, adjustment.Key)
		}
		var conflicts []string
		for _, problem := range problems {
			conflicts = append(conflicts, problem.Key)
			require.Contains(t, problem.Message, problem.Key)
		}
		if each.adjusted == nil {
			each.adjusted = map[string]string{}
		}
		require.Equal(t, each.adjusted, adjusted, "%v", each.given)
		require.Equal(t, each.conflicts, conflicts, "%v", each.given)
	}
}

func TestTransactionsNeedIdempotence(t *testing.T) {
	for _, each := range []struct{ key, value, conflict string }{
		{"enable.idempotence", "false", "enable.idempotence"},
		{"acks", "1", "transactional.id"},
		{"retries", "0", "transactional.id"},
	} {
		transactional, problems := Resolve(Producer, map[string]string{"transactional.id": "orders", each.key: each.value})
		require.Empty(t, problems, each.key)
		_, adjustments, problems := Reconcile(transactional)
		require.Empty(t, adjustments, each.key)
		require.Len(t, problems, 1, each.key)
		require.Equal(t, each.conflict, problems[0].Key)
		require.Equal(t, Conflict, problems[0].Reason)
	}
	transactional, problems := Resolve(Producer, map[string]string{"transactional.id": "orders", "transaction.timeout.ms": "10000"})
	require.Empty(t, problems)
	_, _, problems = Reconcile(transactional)
	require.Empty(t, problems)
}
