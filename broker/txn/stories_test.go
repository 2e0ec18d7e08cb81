package txn

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"

	"assay/host"
	"assay/internal/kafka"
	"assay/internal/story"
)

// TestStories plays the protocol stories of testdata on one coordinator. A
// producer is its id and epoch, as 100/0; its first is 100.
//
//	cluster 1 [endtxn-late] [no-epoch-fence]   the feature transaction.version, and flaws
//	init t [from 100/0] [timeout 60000]
//	add t 100/0 orders/0 orders/1 [v1]          of a client of version 1; else 2
//	verify t 100/0 orders/0
//	commit t 100/0 [v1]
//	abort t 100/0 [v1]
//	replicated              what was decided so far is committed, applied and answered
//	marked t                all markers are written
//	elapse 61s
//	time-outs               aborts what has been open for too long
//	expiry                  forgets what has been idle for 7 days
//	wear t 32765            inits until the producer has this epoch
//	no-ids, ids             whether producer ids are at hand
//	failover                another coordinator replays the log, as it is encoded
//	state t
func TestStories(t *testing.T) {
	story.Play(t, "testdata/*.txt", func(t *testing.T, content string) string {
		s := &stage{t: t}
		s.begin(Settings{Version: 2})
		return story.Blocks(content, func(words []string) string {
			s.out.Reset()
			s.run(words)
			return s.out.String()
		})
	})
}

// stage is a coordinator with the log that its records go to.
type stage struct {
	t           testing.TB
	out         strings.Builder
	coordinator *Coordinator
	ids         countedIDs
	log         []encoded
	decided     []decided
	now         host.WallTime
}

type encoded struct{ key, value []byte }

type decided struct {
	record *TransactionRecord
	answer func() string
}

// countedIDs gives one number after the other.
type countedIDs struct {
	next kafka.ProducerID
	none bool
}

func (c *countedIDs) Take() (kafka.ProducerID, error) {
	if c.none {
		return kafka.NoProducerID, kerr.CoordinatorLoadInProgress
	}
	c.next++
	return c.next - 1, nil
}

func (s *stage) begin(settings Settings) {
	settings.MaxTimeout, settings.Expiration = 15*time.Minute, 7*24*time.Hour
	s.ids.next = 100
	s.coordinator, s.log, s.decided = New(settings, &s.ids), nil, nil
}

func (s *stage) say(format string, args ...any) { fmt.Fprintf(&s.out, format+"\n", args...) }

func (s *stage) run(words []string) {
	s.now += host.WallTime(time.Millisecond)
	command, version := words[0], EpochPerTransaction
	if words[len(words)-1] == "v1" {
		words, version = words[:len(words)-1], 0
	}
	c := s.coordinator
	switch command {
	case "cluster":
		s.begin(settingsOf(words[1:]))
	case "init":
		r := initRequest(words[1:])
		d, err := c.Init(s.now, r)
		s.decide(d, err)
	case "add":
		record, err := c.AddPartitions(s.now, words[1], producer(words[2]), partitions(words[3:]), version)
		s.decideRecord(record, err)
	case "verify":
		s.say("%s", errorText(c.Verify(words[1], producer(words[2]), partitions(words[3:])[0])))
	case "commit", "abort":
		d, err := c.End(s.now, &EndRequest{ID: words[1], Producer: producer(words[2]), Commit: command == "commit", Version: version})
		s.decide(d, err)
	case "replicated":
		s.replicated()
	case "marked":
		s.write(c.Complete(s.now, words[1]), nil)
	case "elapse":
		d, err := time.ParseDuration(words[1])
		require.NoError(s.t, err)
		s.now += host.WallTime(d)
	case "time-outs":
		for _, id := range c.TimedOut(s.now) {
			s.decideRecord(c.Fence(s.now, id))
		}
	case "expiry":
		for _, r := range c.Expired(s.now, 10) {
			s.write(r, nil)
		}
	case "wear":
		s.wear(words[1], words[2])
	case "no-ids", "ids":
		s.ids.none = command == "no-ids"
	case "failover":
		s.failover()
	case "state":
		if t, known := c.Transaction(words[1]); known {
			s.say("%s", describe(words[1], &t))
		} else {
			s.say("%s is not known", words[1])
		}
	default:
		panic("no command " + command)
	}
}

func (s *stage) decide(d Decision, err error) {
	if err != nil || d.Record == nil {
		s.say("answers %s", answerText(d.Producer, err))
		return
	}
	s.write(d.Record, func() string { return answerText(d.Producer, d.Error) })
}

func (s *stage) decideRecord(r *TransactionRecord, err error) {
	if err != nil || r == nil {
		s.say("answers %s", errorText(err))
		return
	}
	s.write(r, nil)
}

// write appends a record.
func (s *stage) write(r *TransactionRecord, answer func() string) {
	key := r.AppendKey(nil)
	value, present := r.AppendValue(nil)
	if !present {
		value = nil
		s.say("writes %s Dead", r.ID)
	} else {
		s.say("writes %s", describe(r.ID, &r.Transaction))
	}
	s.log = append(s.log, encoded{key, value})
	s.coordinator.Appended(kafka.NoProducerID, r)
	s.decided = append(s.decided, decided{r, answer})
}

func (s *stage) replicated() {
	for _, d := range s.decided {
		s.coordinator.Committed(kafka.NoProducerID, d.record)
		if d.answer != nil {
			s.say("answers %s", d.answer())
		}
		s.sayMarkers(d.record.ID)
	}
	s.decided = nil
}

func (s *stage) sayMarkers(id string) {
	if m, owed := s.coordinator.Marker(id); owed {
		s.say("owes %v commit=%t version=%d to %v", producerText(m.Producer), m.Commit, m.Version, m.Partitions)
	}
}

func (s *stage) wear(id, epoch string) {
	for {
		d, err := s.coordinator.Init(s.now, &InitRequest{ID: id, TimeoutMillis: 60000, Expected: NoProducer})
		require.NoError(s.t, err)
		s.coordinator.Committed(kafka.NoProducerID, d.Record)
		if strconv.Itoa(int(d.Producer.Epoch)) == epoch {
			s.write(d.Record, nil)
			s.replicated()
			return
		}
	}
}

func (s *stage) failover() {
	s.coordinator = New(s.coordinator.settings, &s.ids)
	for _, e := range s.log {
		r, err := s.coordinator.Decode(e.key, e.value)
		require.NoError(s.t, err)
		s.coordinator.Appended(kafka.NoProducerID, r)
		s.coordinator.Committed(kafka.NoProducerID, r)
	}
	s.decided = nil
	s.say("replayed %d records: %d transactional ids, %d owe markers", len(s.log), s.coordinator.Len(), s.coordinator.Owed())
	for _, id := range s.coordinator.IDs() {
		s.sayMarkers(id)
	}
}

func settingsOf(words []string) Settings {
	version, err := strconv.Atoi(words[0])
	if err != nil {
		panic(err)
	}
	settings := Settings{Version: Version(version)}
	for _, flaw := range words[1:] {
		switch flaw {
		case "endtxn-late":
			settings.Flaws.EndMatchesEpochOnly = true
		case "no-epoch-fence":
			settings.Flaws.NoEpochFence = true
		default:
			panic("no flaw " + flaw)
		}
	}
	return settings
}

func initRequest(words []string) *InitRequest {
	r := &InitRequest{ID: words[0], TimeoutMillis: 60000, Expected: NoProducer}
	for i := 1; i+1 < len(words); i += 2 {
		switch words[i] {
		case "from":
			r.Expected = producer(words[i+1])
		case "timeout":
			n, err := strconv.Atoi(words[i+1])
			if err != nil {
				panic(err)
			}
			r.TimeoutMillis = int32(n)
		}
	}
	return r
}

func producer(text string) Producer {
	var p Producer
	if _, err := fmt.Sscanf(text, "%d/%d", &p.ID, &p.Epoch); err != nil {
		panic(err)
	}
	return p
}

func partitions(words []string) (partitions []kafka.TopicPartition) {
	for _, text := range words {
		topic, number, _ := strings.Cut(text, "/")
		n, err := strconv.Atoi(number)
		if err != nil {
			panic(err)
		}
		partitions = append(partitions, kafka.TopicPartition{Topic: topic, Partition: int32(n)})
	}
	return partitions
}

func producerText(p Producer) string { return fmt.Sprintf("%d/%d", p.ID, p.Epoch) }

func errorText(err error) string {
	if err == nil {
		return "yes"
	}
	return err.(*kerr.Error).Message
}

func answerText(p Producer, err error) string {
	if err != nil {
		return errorText(err)
	}
	return producerText(p)
}

func describe(id string, t *Transaction) string {
	text := fmt.Sprintf("%s %v %s", id, t.State, producerText(t.Producer))
	if t.NextID != kafka.NoProducerID {
		text += fmt.Sprintf(" next=%d", t.NextID)
	}
	if t.PreviousID != t.ID {
		text += fmt.Sprintf(" previous=%d", t.PreviousID)
	}
	if len(t.Partitions) > 0 {
		text += fmt.Sprintf(" %v", t.Partitions)
	}
	return text
}
