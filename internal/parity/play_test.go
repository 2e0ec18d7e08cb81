package parity

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
	"assay/internal/protocol"
)

// player sends requests on one connection, opened again when it was closed.
type player interface {
	// send leaves out the answer.
	send(m host.Message)
	// receive returns the answer to the message that was sent last, nil where the
	// connection ended instead.
	receive(m host.Message) kmsg.Response
	// call sends and receives.
	call(m host.Message) kmsg.Response
	// another is a player of the same broker with a connection of its own.
	another() player
	// raw sends bytes, and returns whether the connection stays.
	raw(frame []byte) bool
	// again says whether to ask once more for what should become true.
	again(attempt int) bool
}

// performance is a story being played.
type performance struct {
	memory
	t           *testing.T
	player      player
	correlation int32
	others      map[string]player            // with connections of their own, by name
	begun       map[string]*protocol.Request // on those
}

// playStory returns the answers to all blocks.
func playStory(t *testing.T, with player, s *story) []string {
	t.Helper()
	p := &performance{t: t, player: with, others: map[string]player{}, begun: map[string]*protocol.Request{},
		memory: memory{topics: map[string][16]byte{}, producers: map[string]producer{}, members: map[string]string{}}}
	answers := make([]string, len(s.blocks))
	for i, b := range s.blocks {
		if b.request != "" {
			answers[i] = p.play(b.request)
		}
	}
	return answers
}

const closed = "connection closed\n"

func (p *performance) play(line string) string {
	defer func() {
		if p.t.Failed() {
			p.t.Log("at: " + line)
		}
	}()
	w := readWords(p.t, line)
	defer w.requireAllUsed()
	version := int16(w.number("v", 0))
	switch w.name {
	case "settle":
		p.settle(w.text("topic", ""))
		return "settled\n"
	case "gone":
		p.gone(w.text("topic", ""))
		return "gone\n"
	case "coordinated":
		if id := w.text("transactional", ""); id != "" {
			p.transactionsServed(id)
		} else {
			p.coordinated(w.text("group", ""))
		}
		return "coordinated\n"
	case "ended":
		p.ended(w.text("transactional", ""))
		return "ended\n"
	case "becomes":
		p.becomes(w.text("group", ""), w.text("state", ""))
		return w.text("state", "") + "\n"
	case "bumped":
		p.bumped(w.text("group", ""), int32(w.number("epoch", 0)))
		return "bumped\n"
	case "answer":
		return p.answerOf(w)
	case "frame":
		if p.player.raw(rawFrame(w)) {
			return "connection stays\n"
		}
		return closed
	case "unsupported":
		p.correlation++
		key := int16(w.number("key", 0))
		return p.describe(p.player.call(&protocol.UnsupportedRequest{Key: key, Version: version, CorrelationID: p.correlation}))
	}
	build := builders[w.name]
	require.NotNil(p.t, build, "no request is called %s", w.name)
	body := build(w, &p.memory)
	body.SetVersion(version)
	if produce, ok := body.(*kmsg.ProduceRequest); ok && produce.Acks == 0 {
		return p.unanswered(body)
	}
	if on := w.text("begin", ""); on != "" {
		return p.begin(on, body)
	}
	if until := w.number("until", 0); until != 0 {
		return p.describe(p.reaches(body.(*kmsg.ConsumerGroupHeartbeatRequest), int32(until)))
	}
	response := p.player.call(p.request(body))
	for attempt := 0; starting(response); attempt++ {
		require.True(p.t, p.player.again(attempt), "the coordinator does not start")
		response = p.player.call(p.request(body))
	}
	p.learn(w, response)
	return p.describe(response)
}

// begin sends a request whose answer waits for others, on a connection of its
// own; "answer of=NAME" takes the answer.
func (p *performance) begin(on string, body kmsg.Request) string {
	if p.others[on] == nil {
		p.others[on] = p.player.another()
	}
	p.begun[on] = p.request(body)
	p.others[on].send(p.begun[on])
	return "begun\n"
}

func (p *performance) answerOf(w *words) string {
	on := w.text("of", "")
	response := p.others[on].receive(p.begun[on])
	p.learn(w, response)
	return p.describe(response)
}

// learn keeps the ids that were given.
func (p *performance) learn(w *words, response kmsg.Response) {
	switch r := response.(type) {
	case *kmsg.InitProducerIDResponse:
		if r.ErrorCode == 0 {
			p.producers[w.text("as", "P")] = producer{r.ProducerID, r.ProducerEpoch}
		}
	case *kmsg.EndTxnResponse:
		if r.ErrorCode == 0 && r.Version >= 5 {
			p.producers[w.text("producer", "P")] = producer{r.ProducerID, r.ProducerEpoch}
		}
	case *kmsg.JoinGroupResponse:
		if name := w.text("as", ""); name != "" && r.MemberID != "" {
			p.members[name] = r.MemberID
		}
	}
}

// starting: Kafka hands out producer ids some time after it serves the rest.
func starting(response kmsg.Response) bool {
	r, ok := response.(*kmsg.InitProducerIDResponse)
	return ok && r.ErrorCode == kerr.CoordinatorLoadInProgress.Code
}

func (p *performance) request(body kmsg.Request) *protocol.Request {
	p.correlation++
	return &protocol.Request{CorrelationID: p.correlation, ClientID: "parity", Body: body}
}

func (p *performance) describe(response kmsg.Response) string {
	if response == nil {
		return closed
	}
	return describe(response, &p.memory)
}

// unanswered sends a request that has no answer; the next one tells whether the
// connection is still there.
func (p *performance) unanswered(body kmsg.Request) string {
	p.player.send(p.request(body))
	if p.player.call(p.request(buildAPIVersions(nil, nil))) == nil {
		return closed
	}
	return "no answer\n"
}

// await asks until something is so.
func (p *performance) await(so func() bool, otherwise string, args ...any) {
	for attempt := 0; !so(); attempt++ {
		require.True(p.t, p.player.again(attempt), append([]any{otherwise}, args...)...)
	}
}

// settle asks until every partition has a leader that serves: the creation of a
// topic is asynchronous. It learns the topic's id.
func (p *performance) settle(topic string) {
	p.await(func() bool { return p.settled(topic) }, "%s does not settle", topic)
}

func (p *performance) settled(topic string) bool {
	t := p.metadata(topic)
	if t.ErrorCode != 0 {
		return false
	}
	p.topics[topic] = t.TopicID
	for _, partition := range t.Partitions {
		if partition.ErrorCode != 0 || partition.Leader < 0 {
			return false
		}
		r := kmsg.NewPtrListOffsetsRequest()
		r.Version, r.ReplicaID = 4, -1
		topics := kmsg.NewListOffsetsRequestTopic()
		topics.Topic = topic
		asked := kmsg.NewListOffsetsRequestTopicPartition()
		asked.Partition, asked.Timestamp, asked.CurrentLeaderEpoch = partition.Partition, -1, -1
		topics.Partitions = append(topics.Partitions, asked)
		r.Topics = append(r.Topics, topics)
		answer, ok := p.player.call(p.request(r)).(*kmsg.ListOffsetsResponse)
		if !ok || answer.Topics[0].Partitions[0].ErrorCode != 0 {
			return false
		}
	}
	return true
}

func (p *performance) gone(topic string) {
	p.await(func() bool { return p.metadata(topic).ErrorCode != 0 }, "%s does not go", topic)
}

func (p *performance) metadata(topic string) kmsg.MetadataResponseTopic {
	r := kmsg.NewPtrMetadataRequest()
	r.Version = 12
	asked := kmsg.NewMetadataRequestTopic()
	asked.Topic = &topic
	r.Topics = append(r.Topics, asked)
	answer, ok := p.player.call(p.request(r)).(*kmsg.MetadataResponse)
	require.True(p.t, ok, "no metadata of %s", topic)
	return answer.Topics[0]
}
