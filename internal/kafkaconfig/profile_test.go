package kafkaconfig

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Every line of the profiles is usable: a modelled key with a value that parses, differs from the Java client's
// default, and names its source.
func TestProfilesAreSound(t *testing.T) {
	require.Equal(t, JavaProfile, Profiles[0].Name)
	require.Empty(t, Profiles[0].Defaults)
	for _, profile := range Profiles {
		require.NotEmpty(t, profile.About)
		seen := map[string]bool{}
		for _, each := range profile.Defaults {
			key, known := Lookup(each.Kind, each.Key)
			require.True(t, known, each.Key)
			require.True(t, key.Modelled, each.Key)
			require.True(t, key.valueModelled(each.value()), each.Key)
			require.False(t, each.value().equal(defaultValues[each.Kind][each.Key], key), "%s %s is the Java client's default, too", each.Kind, each.Key)
			require.NotEmpty(t, each.Own)
			require.NotEmpty(t, each.Source)
			at := each.Kind.String() + " " + each.Key
			require.False(t, seen[at], at)
			seen[at] = true
		}
		for _, kind := range []Kind{Producer, Consumer} {
			settings, problems := ResolveAs(profile.Name, kind, map[string]string{"client.id": "x"})
			require.Empty(t, problems)
			_, _, problems = Reconcile(settings)
			require.Empty(t, problems, profile.Name)
		}
	}
	require.Panics(t, func() { ResolveAs("kafka-python", Producer, nil) })
}

func TestTheSamePropertiesMeanDifferentThings(t *testing.T) {
	producer := func(profile string, given ...string) Settings {
		set := map[string]string{}
		for i := 0; i < len(given); i += 2 {
			set[given[i]] = given[i+1]
		}
		settings, problems := ResolveAs(profile, Producer, set)
		require.Empty(t, problems)
		settings, _, problems = Reconcile(settings)
		require.Empty(t, problems)
		return settings
	}
	java, c, golang := producer(""), producer("librdkafka-2"), producer("franz-go-1")
	require.Equal(t, []bool{true, false, true}, []bool{java.Bool("enable.idempotence"), c.Bool("enable.idempotence"), golang.Bool("enable.idempotence")})
	require.Equal(t, []string{"all", "all", "all"}, []string{java.String("acks"), c.String("acks"), golang.String("acks")})
	require.Equal(t, []int64{5, 5, 10}, []int64{java.Long("linger.ms"), c.Long("linger.ms"), golang.Long("linger.ms")})
	require.Equal(t, []string{"none", "none", "snappy"}, []string{java.String("compression.type"), c.String("compression.type"), golang.String("compression.type")})
	require.Equal(t, "librdkafka-2", c.Profile())
	require.False(t, c.IsSet("batch.size"))

	const inFlight = "max.in.flight.requests.per.connection"
	require.Equal(t, 1_000_000, c.Int(inFlight))
	require.Equal(t, 5, producer("librdkafka-2", "enable.idempotence", "true").Int(inFlight))
	require.Equal(t, 3, producer("librdkafka-2", "enable.idempotence", "true", inFlight, "3").Int(inFlight))
	transactional := producer("librdkafka-2", "transactional.id", "t", "transaction.timeout.ms", "20000")
	require.True(t, transactional.Bool("enable.idempotence"))
	require.Equal(t, []int{5, 19_900, 20_000}, []int{transactional.Int(inFlight), transactional.Int("request.timeout.ms"), transactional.Int("delivery.timeout.ms")})
	require.Equal(t, 5, golang.Int(inFlight))
	require.Equal(t, 1, producer("franz-go-1", "enable.idempotence", "false").Int(inFlight))
	require.Equal(t, 7, producer("franz-go-1", "enable.idempotence", "false", inFlight, "7").Int(inFlight))
	require.False(t, producer("", "acks", "1").Bool("enable.idempotence"))
	require.Equal(t, 20, producer("librdkafka-2", "batch.size", "20").Int("batch.size"))
	require.Equal(t, int64(250), producer("librdkafka-2", "reconnect.backoff.ms", "250").Long("reconnect.backoff.ms"))
	require.Equal(t, int64(10_000), producer("librdkafka-2", "reconnect.backoff.ms", "250").Long("reconnect.backoff.max.ms"))
}

func TestOtherClientsRefuseWhatTheyRefuse(t *testing.T) {
	const inFlight = "max.in.flight.requests.per.connection"
	for _, each := range []struct {
		profile, conflict string
		given             map[string]string
	}{
		{"franz-go-1", "acks", map[string]string{"acks": "1"}},
		{"franz-go-1", "retries", map[string]string{"retries": "0"}},
		{"franz-go-1", inFlight, map[string]string{inFlight: "6"}},
		{"librdkafka-2", "acks", map[string]string{"acks": "0", "enable.idempotence": "true"}},
		{"librdkafka-2", inFlight, map[string]string{inFlight: "6", "enable.idempotence": "true"}},
		{"librdkafka-2", "enable.idempotence", map[string]string{"transactional.id": "t", "enable.idempotence": "false"}},
		{"librdkafka-2", "acks", map[string]string{"transactional.id": "t", "acks": "1"}},
		{"librdkafka-2", "delivery.timeout.ms", map[string]string{"transactional.id": "t", "delivery.timeout.ms": "60001"}},
		{"librdkafka-2", "request.timeout.ms", map[string]string{"transactional.id": "t", "request.timeout.ms": "60101"}},
		{"franz-go-1", "enable.idempotence", map[string]string{"transactional.id": "t", "enable.idempotence": "false"}},
		{"librdkafka-2", "", map[string]string{"acks": "1", inFlight: "6", "delivery.timeout.ms": "1000"}},
	} {
		settings, problems := ResolveAs(each.profile, Producer, each.given)
		require.Empty(t, problems)
		_, _, problems = Reconcile(settings)
		if each.conflict == "" {
			require.Empty(t, problems)
			continue
		}
		require.Len(t, problems, 1, each)
		require.Equal(t, each.conflict, problems[0].Key)
	}
}
