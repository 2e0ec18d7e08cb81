package clients

import (
	"fmt"
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
	"assay/internal/kafka"
)

// NewTopic is a topic to create. -1 leaves partitions or replicas to the
// cluster's defaults.
type NewTopic struct {
	Name              string
	Partitions        int32
	ReplicationFactor int16
	Configs           map[string]string
}

// Admin is the part of Kafka's admin client that runs need. Operations are
// retried until their deadline.
type Admin struct {
	client     *Client
	operations []*adminOperation
	timer      Timer
}

type adminOperation struct {
	// send makes the next attempt at a peer and reports whether it left; nil
	// for an operation that only waits.
	send func(*peer) error
	// target is whom to send to, nil while it is being looked for; without it
	// the controller, or anybody in its stead.
	target func() *peer
	// ended is asked before each attempt.
	ended    func() bool
	done     func(error)
	deadline host.Time
	last     error
	inFlight bool
	unsure   bool // an attempt ended without an answer: it may have worked
	failures int
	notUntil host.Time
}

// NewAdmin makes an admin on a client of its own or a shared one.
func NewAdmin(c *Client) *Admin {
	a := &Admin{client: c}
	a.timer.Fire = c.step
	c.cores = append(c.cores, a)
	return a
}

// CreateTopics creates topics and calls done when the cluster has taken all of
// them, at the first refusal, or with ErrDeadline. That a topic exists already
// is a refusal (TOPIC_ALREADY_EXISTS) unless an own attempt got lost before.
func (a *Admin) CreateTopics(topics []NewTopic, deadline host.Time, done func(error)) {
	left := slices.Clone(topics)
	op := &adminOperation{deadline: deadline, done: done, ended: func() bool { return len(left) == 0 }}
	op.send = func(p *peer) error {
		body := createTopicsRequest(p.versions[kmsg.CreateTopics], left, a.client.config.RequestTimeout.Milliseconds())
		return a.attempt(p, op, body, func(response kmsg.Response) error {
			answer, ok := response.(*kmsg.CreateTopicsResponse)
			if !ok {
				return kerr.UnknownServerError
			}
			var retry error
			for i := range answer.Topics {
				t := &answer.Topics[i]
				code := t.ErrorCode
				switch {
				case code == 0 || code == kerr.TopicAlreadyExists.Code && op.unsure:
					left = slices.DeleteFunc(left, func(n NewTopic) bool { return n.Name == t.Topic })
				case isRetriable(code):
					op.unsure = op.unsure || code == kerr.RequestTimedOut.Code
					retry = kerr.ErrorForCode(code)
				default:
					return refusal("create topic "+t.Topic, code, t.ErrorMessage)
				}
			}
			return retry
		})
	}
	a.add(op)
}

// DeleteTopics deletes topics by name.
func (a *Admin) DeleteTopics(names []string, deadline host.Time, done func(error)) {
	left := slices.Clone(names)
	op := &adminOperation{deadline: deadline, done: done, ended: func() bool { return len(left) == 0 }}
	op.send = func(p *peer) error {
		body := deleteTopicsRequest(p.versions[kmsg.DeleteTopics], left, a.client.config.RequestTimeout.Milliseconds())
		return a.attempt(p, op, body, func(response kmsg.Response) error {
			answer, ok := response.(*kmsg.DeleteTopicsResponse)
			if !ok {
				return kerr.UnknownServerError
			}
			var retry error
			for i := range answer.Topics {
				t := &answer.Topics[i]
				if t.Topic == nil {
					continue
				}
				code := t.ErrorCode
				switch {
				case code == 0 || code == kerr.UnknownTopicOrPartition.Code && op.unsure:
					left = slices.DeleteFunc(left, func(n string) bool { return n == *t.Topic })
				case isRetriable(code) && code != kerr.UnknownTopicOrPartition.Code:
					op.unsure = op.unsure || code == kerr.RequestTimedOut.Code
					retry = kerr.ErrorForCode(code)
				default:
					return refusal("delete topic "+*t.Topic, code, t.ErrorMessage)
				}
			}
			return retry
		})
	}
	a.add(op)
}

// WaitForTopics calls done when metadata shows all topics with a leader for
// each partition.
func (a *Admin) WaitForTopics(names []string, deadline host.Time, done func(error)) {
	for _, name := range names {
		a.client.metadata.Want(name)
	}
	a.add(&adminOperation{deadline: deadline, done: done, ended: func() bool {
		for _, name := range names {
			t := a.client.metadata.Topic(name)
			if t == nil || slices.ContainsFunc(t.Leaders, func(l Leader) bool { return l.Broker < 0 }) {
				if m := &a.client.metadata; !m.needed && !m.inFlight {
					m.RequestUpdate()
				}
				return false
			}
		}
		return true
	}})
}

func refusal(what string, code int16, message *string) error {
	if message != nil && *message != "" {
		return &Refusal{fmt.Errorf("%s: %s: %w", what, *message, kerr.ErrorForCode(code))}
	}
	return &Refusal{fmt.Errorf("%s: %w", what, kerr.ErrorForCode(code))}
}

// Refusal is an answer that no retry will change. It wraps the protocol's error.
type Refusal struct{ cause error }

func (r *Refusal) Error() string { return r.cause.Error() }

// Unwrap implements errors.Unwrap.
func (r *Refusal) Unwrap() error { return r.cause }

func (a *Admin) add(op *adminOperation) {
	a.operations = append(a.operations, op)
	a.client.metadata.RequestUpdate() // to know the controller
	a.client.step()
}

// attempt sends one request of an operation.
func (a *Admin) attempt(p *peer, op *adminOperation, body kmsg.Request, answered func(kmsg.Response) error) error {
	op.inFlight = true
	return a.client.network.send(p, call{body: body, done: func(response kmsg.Response, err error) {
		op.inFlight = false
		a.client.again = true
		if err != nil {
			op.unsure = true
		} else {
			err = answered(response)
		}
		if err == nil {
			return
		}
		op.last = err
		if codeOf(err) == kerr.NotController.Code {
			a.client.metadata.RequestUpdate()
		}
		op.failures++
		op.notUntil = a.client.host.Now().Add(a.client.config.RetryBackoff.Wait(op.failures, a.client.random))
	}})
}

// step ends what has ended and makes the attempts that are due.
func (a *Admin) step() {
	now := a.client.host.Now()
	next := host.Never
	for i := 0; i < len(a.operations); i++ {
		op := a.operations[i]
		_, refused := op.last.(*Refusal)
		switch {
		case op.inFlight:
		case op.ended():
			a.end(i, nil)
			i--
			continue
		case refused:
			a.end(i, op.last)
			i--
			continue
		case now >= op.deadline:
			a.end(i, fmt.Errorf("%w (%v)", ErrDeadline, op.last))
			i--
			continue
		case now < op.notUntil:
			next = min(next, op.notUntil)
		case op.send != nil:
			a.try(op)
		}
		if !op.inFlight {
			next = min(next, op.deadline)
		}
	}
	a.client.timers.Set(&a.timer, next)
}

func (a *Admin) try(op *adminOperation) {
	target := op.target
	if target == nil {
		target = a.controllerOrAny
	}
	p := target()
	if p == nil {
		return
	}
	if err := op.send(p); err != nil {
		op.inFlight = false
		op.last = &Refusal{err}
		a.client.again = true
	}
}

// controllerOrAny: any broker passes a request on to the controller.
func (a *Admin) controllerOrAny() *peer {
	if p := a.client.network.ready(a.client.metadata.controller); p != nil {
		return p
	}
	p := a.client.network.leastLoaded()
	if p != nil && p.state != connected {
		a.client.network.ready(p.id)
		return nil
	}
	return p
}

func (a *Admin) end(i int, err error) {
	op := a.operations[i]
	a.operations = slices.Delete(a.operations, i, i+1)
	op.done(err)
}

func createTopicsRequest(version int16, topics []NewTopic, timeoutMillis int64) *kmsg.CreateTopicsRequest {
	body := kmsg.NewPtrCreateTopicsRequest()
	body.Version = version
	body.TimeoutMillis = int32(timeoutMillis)
	for _, t := range topics {
		topic := kmsg.NewCreateTopicsRequestTopic()
		topic.Topic, topic.NumPartitions, topic.ReplicationFactor = t.Name, t.Partitions, t.ReplicationFactor
		for _, key := range slices.Sorted(maps.Keys(t.Configs)) {
			config := kmsg.NewCreateTopicsRequestTopicConfig()
			config.Name, config.Value = key, kmsg.StringPtr(t.Configs[key])
			topic.Configs = append(topic.Configs, config)
		}
		body.Topics = append(body.Topics, topic)
	}
	return body
}

func deleteTopicsRequest(version int16, names []string, timeoutMillis int64) *kmsg.DeleteTopicsRequest {
	body := kmsg.NewPtrDeleteTopicsRequest()
	body.Version = version
	body.TimeoutMillis = int32(timeoutMillis)
	for _, name := range names {
		if version < 6 {
			body.TopicNames = append(body.TopicNames, name)
			continue
		}
		topic := kmsg.NewDeleteTopicsRequestTopic()
		topic.Topic = kmsg.StringPtr(name)
		body.Topics = append(body.Topics, topic)
	}
	return body
}

// Controller is the broker that the metadata names as controller, NoLeader if
// unknown.
func (m *Metadata) Controller() kafka.BrokerID { return m.controller }
