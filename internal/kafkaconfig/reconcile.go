package kafkaconfig

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Adjustment is a default that had to give way to keys that the user gave. Message is a sentence that names both.
type Adjustment struct {
	Key      string
	From, To string
	Message  string
}

// MaxInFlightForIdempotence is how many batches of one producer a partition leader remembers, and so how many may
// be on their way while retries are still recognised.
const MaxInFlightForIdempotence = 5

// Reconcile applies the rules that tie keys of one component together, as Kafka 4.3 does on start: defaults give
// way (Adjustment), given keys that contradict each other are refused (Problem with Reason Conflict, under the key
// to change). The rules were read off by starting Kafka's own classes with such settings; other clients have their own
// (see Profile).
func Reconcile(settings Settings) (Settings, []Adjustment, []Problem) {
	r := reconciliation{settings: settings}
	switch settings.kind {
	case Producer:
		mustFindProfile(settings.profile).rules(&r)
	case Consumer:
		r.autoCommit()
		r.groupProtocol()
		if mustFindProfile(settings.profile).Name == JavaProfile {
			r.reconnectBackoff()
		}
	case Broker:
		r.replicaFetchWait()
		r.rollTime()
		r.consumerGroups()
	case Topic:
	}
	return r.settings, r.adjustments, r.problems
}

type reconciliation struct {
	settings    Settings
	adjustments []Adjustment
	problems    []Problem
}

func (r *reconciliation) adjust(key, to, because string) {
	from := r.settings.Text(key)
	r.settings = r.settings.with(key, to)
	r.adjustments = append(r.adjustments, Adjustment{
		Key: key, From: from, To: to,
		Message: fmt.Sprintf("%s is %s instead of its default %s: %s", key, to, from, because),
	})
}

func (r *reconciliation) conflict(key, format string, arguments ...any) {
	r.problems = append(r.problems, Problem{Key: key, Reason: Conflict, Message: fmt.Sprintf(format, arguments...)})
}

// idempotence: retries and acks=all are its premises, and where it is only the default it gives way to them. Too many
// requests in flight are refused unless idempotence is switched off in so many words: Kafka 4.3 refuses them even
// where it would switch idempotence off itself.
func (r *reconciliation) idempotence() {
	s := r.settings
	asked := s.IsSet("enable.idempotence")
	if !s.Bool("enable.idempotence") {
		if !s.IsNull("transactional.id") {
			r.conflict("enable.idempotence", "enable.idempotence=false contradicts transactional.id: transactions need idempotence")
		}
		return
	}
	acks := s.String("acks")
	broken := ""
	switch {
	case acks != "all" && acks != "-1":
		broken = "acks=" + acks
	case s.Int("retries") == 0:
		broken = "retries=0"
	}
	switch {
	case broken != "" && asked:
		r.conflict("enable.idempotence", "enable.idempotence=true contradicts %s: idempotence needs acks=all and retries above 0", broken)
	case broken != "" && !s.IsNull("transactional.id"):
		r.conflict("transactional.id", "transactional.id contradicts %s: transactions need idempotence, which needs acks=all and retries above 0", broken)
	case broken != "":
		r.adjust("enable.idempotence", "false", "it does not go with "+broken)
	}
	if inFlight := s.Int("max.in.flight.requests.per.connection"); inFlight > MaxInFlightForIdempotence {
		hint := ""
		if !asked {
			hint = "; it is on by default, enable.idempotence=false lifts the limit"
		}
		r.conflict("max.in.flight.requests.per.connection",
			"max.in.flight.requests.per.connection=%d contradicts enable.idempotence, which allows at most %d%s",
			inFlight, MaxInFlightForIdempotence, hint)
	}
}

// deliveryTimeout must leave room for one linger and one request.
func (r *reconciliation) deliveryTimeout() {
	s := r.settings
	// Kafka counts in 32 bits here and cuts off what is larger.
	least := min(min(s.Long("linger.ms"), math.MaxInt32)+s.Long("request.timeout.ms"), math.MaxInt32)
	if s.Long("delivery.timeout.ms") >= least {
		return
	}
	if s.IsSet("delivery.timeout.ms") {
		r.conflict("delivery.timeout.ms", "delivery.timeout.ms=%s is below linger.ms + request.timeout.ms, which is %d",
			s.Text("delivery.timeout.ms"), least)
		return
	}
	r.adjust("delivery.timeout.ms", strconv.FormatInt(least, 10), "it may not be below linger.ms + request.timeout.ms")
}

// reconnectBackoff: a first wait given alone is the longest one, too. (With both given, or with retry.backoff.ms,
// Kafka takes a first wait above the longest as it is.)
func (r *reconciliation) reconnectBackoff() {
	s := r.settings
	if s.IsSet("reconnect.backoff.ms") && !s.IsSet("reconnect.backoff.max.ms") &&
		s.Text("reconnect.backoff.max.ms") != s.Text("reconnect.backoff.ms") {
		r.adjust("reconnect.backoff.max.ms", s.Text("reconnect.backoff.ms"), "only reconnect.backoff.ms was given")
	}
}

// autoCommit needs a group to commit for.
func (r *reconciliation) autoCommit() {
	s := r.settings
	if !s.IsNull("group.id") || !s.Bool("enable.auto.commit") {
		return
	}
	if s.IsSet("enable.auto.commit") {
		r.conflict("enable.auto.commit", "enable.auto.commit=true needs a group.id")
		return
	}
	r.adjust("enable.auto.commit", "false", "there is no group.id to commit for")
}

// groupProtocol: each protocol refuses the other's keys, and a classic member must beat more than once a session.
func (r *reconciliation) groupProtocol() {
	s := r.settings
	foreign := []string{"group.remote.assignor"}
	if strings.EqualFold(s.String("group.protocol"), "consumer") {
		foreign = []string{"heartbeat.interval.ms", "partition.assignment.strategy", "session.timeout.ms"}
	} else if beat, session := s.Long("heartbeat.interval.ms"), s.Long("session.timeout.ms"); beat >= session {
		r.conflict("heartbeat.interval.ms", "heartbeat.interval.ms=%d must be below session.timeout.ms=%d", beat, session)
	}
	for _, key := range foreign {
		if s.IsSet(key) {
			r.conflict(key, "%s cannot be set when group.protocol=%s", key, strings.ToLower(s.String("group.protocol")))
		}
	}
}

// replicaFetchWait: a follower whose fetch may be held for longer than the lag time leaves the ISR at rest.
func (r *reconciliation) replicaFetchWait() {
	s := r.settings
	wait := s.Long("replica.fetch.wait.max.ms")
	if lag := s.Long("replica.lag.time.max.ms"); wait > lag {
		r.conflict("replica.fetch.wait.max.ms", "replica.fetch.wait.max.ms=%d is above replica.lag.time.max.ms=%d", wait, lag)
	}
	if timeout := s.Long("replica.socket.timeout.ms"); wait > timeout {
		r.conflict("replica.fetch.wait.max.ms", "replica.fetch.wait.max.ms=%d is above replica.socket.timeout.ms=%d", wait, timeout)
	}
}

// consumerGroups: the times of groups of KIP-848 lie between bounds of their own, and members beat more than once a
// session.
func (r *reconciliation) consumerGroups() {
	const beat, session = "group.consumer.heartbeat.interval.ms", "group.consumer.session.timeout.ms"
	s := r.settings
	for _, bounded := range []struct{ key, least, most string }{
		{beat, "group.consumer.min.heartbeat.interval.ms", "group.consumer.max.heartbeat.interval.ms"},
		{session, "group.consumer.min.session.timeout.ms", "group.consumer.max.session.timeout.ms"},
		{"group.consumer.assignment.interval.ms", "group.consumer.min.assignment.interval.ms", "group.consumer.max.assignment.interval.ms"},
	} {
		if value := s.Long(bounded.key); value < s.Long(bounded.least) || value > s.Long(bounded.most) {
			r.conflict(bounded.key, "%s=%d must be at least %s=%d and at most %s=%d",
				bounded.key, value, bounded.least, s.Long(bounded.least), bounded.most, s.Long(bounded.most))
		}
	}
	if s.Long(beat) >= s.Long(session) {
		r.conflict(beat, "%s=%d must be below %s=%d", beat, s.Long(beat), session, s.Long(session))
	}
}

// rollTime is a bound that Kafka checks here because its table has no range for a key that may be absent.
func (r *reconciliation) rollTime() {
	if s := r.settings; !s.IsNull("log.roll.ms") && s.Long("log.roll.ms") < 1 {
		r.problems = append(r.problems, Problem{
			Key: "log.roll.ms", Reason: InvalidValue,
			Message: fmt.Sprintf("log.roll.ms must be at least 1, not %s", s.Text("log.roll.ms")),
		})
	}
}
