package replica

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"assay/broker/storage"
	"assay/host"
	"assay/internal/kafka"
	"assay/internal/story"
)

// TestStories plays the protocol stories of testdata. Brokers are a, b, c, d; the story's controller is whoever writes it.
//
//	new a b c [min=N] [lag=10s] [flaw ...]   all replicas, offline
//	elect a [isr=abc]       a new leader epoch at the controller; nobody knows yet
//	isr ab                  the controller changes the ISR alone
//	deliver a b             these brokers learn the controller's state
//	append a x y [acks=1]   the leader takes one record after the other
//	append a p1:x           ... as part of an open transaction of producer 1
//	commit a p1, abort a p1 [epoch=N]   the leader takes the marker that ends it
//	stable                  everyone's high watermark and last stable offset
//	fetch b [lost]          the follower fetches once; its leader's answer may be lost
//	committed a 3           may acks=all be answered up to offset 3?
//	fenced b, active b [epoch=N]  whether the metadata has b active, and under which broker epoch
//	delete a 3, low a       the leader deletes the records before 3; below which nobody has any
//	tick 5s, lag a          time passes; the leader looks for laggards
//	propose a, answer a ok|ERROR
//	restart b [keep=N] [hw=N]   a new process under the present broker epoch; the log keeps N records
func TestStories(t *testing.T) {
	story.Play(t, "testdata/*.txt", func(_ *testing.T, content string) string {
		s := &stage{}
		return story.Blocks(content, func(words []string) string {
			s.out.Reset()
			s.run(words)
			return s.out.String()
		})
	})
}

type stage struct {
	out      strings.Builder
	now      host.Time
	settings Settings
	flaws    Flaws
	storage  storage.Flaws
	brokers  map[kafka.BrokerID]*actor
	ids      []kafka.BrokerID
	state    State // the controller's
}

type actor struct {
	stage     *stage
	id        kafka.BrokerID
	log       *memoryLog
	partition Partition
	epoch     kafka.BrokerEpoch // that it sends
	known     kafka.BrokerEpoch // that the metadata has
	fenced    bool
	taken     Proposal
}

func name(id kafka.BrokerID) string {
	if id < 0 {
		return "none"
	}
	return string(rune('a' + id - 1))
}

func names(ids []kafka.BrokerID) (s string) {
	for _, id := range ids {
		s += name(id)
	}
	return s
}

func parseBrokers(s string) (ids []kafka.BrokerID) {
	for _, r := range s {
		ids = append(ids, kafka.BrokerID(r-'a'+1))
	}
	return ids
}

// options splits words into plain ones and key=value.
func options(words []string) (plain []string, set map[string]string) {
	set = map[string]string{}
	for _, w := range words {
		if key, value, ok := strings.Cut(w, "="); ok {
			set[key] = value
		} else {
			plain = append(plain, w)
		}
	}
	return plain, set
}

func number(text string, otherwise int64) int64 {
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

func (s *stage) say(format string, args ...any) { fmt.Fprintf(&s.out, format+"\n", args...) }

func (s *stage) actor(name string) *actor { return s.brokers[parseBrokers(name)[0]] }

func (s *stage) moment() Moment { return Moment{Now: s.now} }

func (s *stage) run(words []string) {
	plain, set := options(words[1:])
	switch words[0] {
	case "new":
		s.begin(plain, set)
	case "elect":
		s.state.Leader = parseBrokers(plain[0])[0]
		s.state.LeaderEpoch++
		s.state.PartitionEpoch++
		if isr := set["isr"]; isr != "" {
			s.state.ISR = parseBrokers(isr)
		}
	case "isr":
		s.state.ISR = parseBrokers(plain[0])
		s.state.PartitionEpoch++
	case "deliver":
		for _, who := range plain {
			s.must(s.actor(who).partition.Apply(s.moment(), s.state))
		}
	case "append":
		s.append(s.actor(plain[0]), plain[1:], set["acks"])
	case "commit", "abort":
		a := s.actor(plain[0])
		_, err := a.partition.AppendMarker(s.moment(), storage.Marker{ProducerID: kafka.ProducerID(number(plain[1][1:], 0)),
			ProducerEpoch: kafka.ProducerEpoch(number(set["epoch"], 0)), Commit: words[0] == "commit"})
		s.must(err)
	case "stable":
		for _, id := range s.ids {
			p := &s.brokers[id].partition
			s.say("%s hw=%d stable=%d", name(id), p.HighWatermark(), p.LastStableOffset())
		}
	case "fetch":
		s.fetch(s.actor(plain[0]), len(plain) > 1 && plain[1] == "lost")
	case "committed":
		done, err := s.actor(plain[0]).partition.Committed(kafka.Offset(number(plain[1], 0)))
		s.say("committed %v%s", done, because(err))
	case "fenced":
		s.actor(plain[0]).fenced = true
	case "active":
		a := s.actor(plain[0])
		a.fenced, a.known = false, kafka.BrokerEpoch(number(set["epoch"], int64(a.known)))
	case "delete":
		s.must(s.actor(plain[0]).partition.DeleteRecords(kafka.Offset(number(plain[1], 0))))
	case "low":
		s.say("low watermark %d", s.actor(plain[0]).partition.LowWatermark())
	case "tick":
		d, err := time.ParseDuration(plain[0])
		s.must(err)
		s.now = s.now.Add(d)
	case "lag":
		s.actor(plain[0]).partition.CheckLag(s.now)
	case "propose":
		s.propose(s.actor(plain[0]))
	case "answer":
		s.answer(s.actor(plain[0]), plain[1])
	case "restart":
		s.restart(s.actor(plain[0]), set)
	case "show":
		for _, id := range s.ids {
			s.show(s.brokers[id])
		}
	default:
		panic("no command " + words[0])
	}
}

func (s *stage) must(err error) {
	if err != nil {
		s.say("error: %v", err)
	}
}

func because(err error) string {
	if err == nil {
		return ""
	}
	return " (" + err.Error() + ")"
}

func (s *stage) begin(plain []string, set map[string]string) {
	*s = stage{now: 1000 * host.Time(time.Second), brokers: map[kafka.BrokerID]*actor{}}
	lag, err := time.ParseDuration(cmpString(set["lag"], "10s"))
	s.must(err)
	s.settings = Settings{MinInSyncReplicas: int(number(set["min"], 1)), MaxLag: lag, FlushMessages: 1 << 62}
	for _, word := range plain {
		switch word {
		case "hw-truncate":
			s.flaws.TruncateToHighWatermark = true
		case "committed-isr-only":
			s.flaws.CommittedISROnly = true
		case "diverging-fetch-counts":
			s.flaws.DivergingFetchCounts = true
		case "stable-is-high-watermark":
			s.flaws.LastStableIsHighWatermark = true
		case "refuse-after-append":
			s.flaws.RefuseAfterAppend = true
		case "epoch-lookup-offset-only":
			s.storage.EpochLookupOffsetOnly = true
		default:
			s.ids = append(s.ids, parseBrokers(word)[0])
		}
	}
	for _, id := range s.ids {
		a := &actor{stage: s, id: id, epoch: 100 + kafka.BrokerEpoch(id)}
		a.known = a.epoch
		a.log = &memoryLog{flaws: s.storage}
		s.brokers[id] = a
		s.open(a, 0)
	}
	s.state = State{Leader: kafka.NoLeader, LeaderEpoch: 0, Replicas: s.ids, ISR: s.ids}
}

func cmpString(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

func (s *stage) open(a *actor, highWatermark kafka.Offset) {
	a.partition = New(kafka.TopicPartition{Topic: "t"}, kafka.TopicID{1}, a.id, a.log, highWatermark, s.settings, s.flaws, s, a)
}

func (s *stage) append(a *actor, values []string, acks string) {
	for _, value := range values {
		_, err := a.partition.Append(s.moment(), []byte(value), int16(number(acks, -1)))
		s.must(err)
	}
}

// fetch is one round of replication, as fetcher and leader do it.
func (s *stage) fetch(a *actor, lost bool) {
	at, ready := a.partition.Next()
	if !ready {
		s.say("%s has nobody to fetch from", name(a.id))
		return
	}
	at.BrokerEpoch = a.epoch
	leader := &s.brokers[a.partition.State().Leader].partition
	d, err := leader.CheckFetch(at)
	if err == nil && leader.CountsAsFetched(d) {
		leader.FollowerFetched(s.now, at)
	}
	if lost {
		s.say("the answer is lost")
		return
	}
	switch {
	case err != nil && err == errOffsetOutOfRange:
		s.say("answer: %v", err)
		s.must(a.partition.OutOfRange(s.moment(), at, leader.LogStartOffset(), leader.LogEndOffset()))
	case err != nil:
		s.say("answer: %v", err)
	default:
		answer := Fetched{Diverging: d, HighWatermark: leader.HighWatermark(), LogStart: leader.LogStartOffset()}
		if d.End < 0 {
			answer.Records = s.brokers[leader.self].log.encode(at.Offset)
		}
		s.must(a.partition.Fetched(s.moment(), at, answer))
	}
}

func (s *stage) propose(a *actor) {
	p, ok := a.partition.TakeProposal()
	if !ok {
		s.say("nothing to propose")
		return
	}
	a.taken = p
	var isr []string
	for _, m := range p.ISR {
		isr = append(isr, fmt.Sprintf("%s@%d", name(m.Broker), m.BrokerEpoch))
	}
	s.say("proposal: epoch=%d partition-epoch=%d isr=%v", p.LeaderEpoch, p.PartitionEpoch, isr)
}

// answer is the controller's: "ok" applies the change, "ok-unsent" applies it
// and the answer is lost.
func (s *stage) answer(a *actor, how string) {
	var refused *kerr.Error
	if strings.HasPrefix(how, "ok") {
		s.state.ISR = nil
		for _, m := range a.taken.ISR {
			s.state.ISR = append(s.state.ISR, m.Broker)
		}
		s.state.PartitionEpoch++
	} else {
		for code := int16(0); code < 200 && (refused == nil || refused.Message != how); code++ {
			refused = kerr.TypedErrorForCode(code)
		}
	}
	if how == "ok-unsent" {
		return
	}
	if a.partition.ProposalAnswered(s.now, a.taken.Number, s.state, refused) {
		s.say("to be sent again")
	}
}

func (s *stage) restart(a *actor, set map[string]string) {
	highWatermark := number(set["hw"], int64(a.partition.HighWatermark()))
	keep := number(set["keep"], int64(a.log.LogEndOffset()))
	s.must(a.log.TruncateTo(kafka.Offset(keep), 0))
	a.epoch = a.known
	s.open(a, kafka.Offset(highWatermark))
}

func (s *stage) show(a *actor) {
	p := &a.partition
	var entries []string
	for _, r := range a.log.records[a.log.start:] {
		entries = append(entries, fmt.Sprintf("%s@%d", r.value, r.epoch))
	}
	s.say("%s %s epoch=%d partition-epoch=%d hw=%d isr=%s log=[%s]", name(a.id), p.Role(), p.State().LeaderEpoch,
		p.State().PartitionEpoch, p.HighWatermark(), names(p.State().ISR), strings.Join(entries, " "))
}

// ActiveEpoch implements Brokers.
func (s *stage) ActiveEpoch(id kafka.BrokerID) (kafka.BrokerEpoch, bool) {
	return s.brokers[id].known, !s.brokers[id].fenced
}

// Changed implements Watcher.
func (a *actor) Changed(*Partition) {}

// Observe implements Watcher: the story tells what happened.
func (a *actor) Observe(e host.Event) {
	var b strings.Builder
	for i, field := range e.Point.Fields[1:] {
		fmt.Fprintf(&b, " %s=%d", field, e.Args[i+1])
	}
	a.stage.say("%s: %s%s", name(a.id), e.Point.Name, b.String())
}

// memoryLog is a log of one-record batches; their encoding is text.
type memoryLog struct {
	start   kafka.Offset // records before it are deleted
	records []memoryRecord
	epochs  storage.EpochCache
	flaws   storage.Flaws

	committed kafka.Offset
}

type memoryRecord struct {
	value string
	epoch kafka.LeaderEpoch
}

func (l *memoryLog) LogStartOffset() kafka.Offset   { return l.start }
func (l *memoryLog) LogEndOffset() kafka.Offset     { return kafka.Offset(len(l.records)) }
func (l *memoryLog) RecoveryPoint() kafka.Offset    { return l.LogEndOffset() }
func (l *memoryLog) Flush() bool                    { return false }
func (l *memoryLog) LatestEpoch() kafka.LeaderEpoch { return l.epochs.Latest() }

func (l *memoryLog) AssignEpoch(epoch kafka.LeaderEpoch) error {
	l.epochs.Assign(epoch, l.LogEndOffset())
	return nil
}

func (l *memoryLog) EndOffsetForEpoch(asked kafka.LeaderEpoch) (kafka.LeaderEpoch, kafka.Offset) {
	return l.epochs.EndOffset(asked, l.LogEndOffset(), l.flaws)
}

func (l *memoryLog) add(value string, epoch kafka.LeaderEpoch) {
	l.epochs.Assign(epoch, l.LogEndOffset())
	l.records = append(l.records, memoryRecord{value, epoch})
}

func (l *memoryLog) AppendAsLeader(b []byte, epoch kafka.LeaderEpoch, _ host.WallTime) (storage.AppendInfo, error) {
	at := l.LogEndOffset()
	l.add(string(b), epoch)
	return storage.AppendInfo{FirstOffset: at, LastOffset: at, Appended: true, Records: 1}, nil
}

func (l *memoryLog) AppendAsCoordinator(b []byte, epoch kafka.LeaderEpoch, now host.WallTime) (storage.AppendInfo, error) {
	return l.AppendAsLeader(b, epoch, now)
}

func (l *memoryLog) AppendMarker(m storage.Marker, epoch kafka.LeaderEpoch, now host.WallTime) (storage.AppendInfo, error) {
	kind := "abort"
	if m.Commit {
		kind = "commit"
	}
	return l.AppendAsLeader(fmt.Appendf(nil, "p%d:%s", m.ProducerID, kind), epoch, now)
}

func (l *memoryLog) Committed(highWatermark kafka.Offset) { l.committed = highWatermark }

// FirstUnstableOffset goes through all records, each time.
func (l *memoryLog) FirstUnstableOffset() kafka.Offset {
	open, unstable := map[string]kafka.Offset{}, l.LogEndOffset()
	for i, r := range l.records {
		producer, what, transactional := strings.Cut(r.value, ":")
		if !transactional {
			continue
		}
		first, isOpen := open[producer]
		switch {
		case !isOpen:
			open[producer] = kafka.Offset(i)
		case what == "commit" || what == "abort":
			delete(open, producer)
			if kafka.Offset(i) >= l.committed {
				unstable = min(unstable, first)
			}
		}
	}
	for _, first := range open {
		unstable = min(unstable, first)
	}
	if unstable == l.LogEndOffset() {
		return kafka.NoOffset
	}
	return unstable
}

func (l *memoryLog) encode(from kafka.Offset) []byte {
	var lines []string
	for _, r := range l.records[min(int(from), len(l.records)):] {
		lines = append(lines, fmt.Sprintf("%d %s", r.epoch, r.value))
	}
	return []byte(strings.Join(lines, "\n"))
}

func (l *memoryLog) AppendAsFollower(b []byte, _ host.WallTime) (storage.AppendInfo, error) {
	info := storage.AppendInfo{FirstOffset: l.LogEndOffset(), Appended: true}
	for _, line := range strings.Split(string(b), "\n") {
		epoch, value, _ := strings.Cut(line, " ")
		l.add(value, kafka.LeaderEpoch(number(epoch, 0)))
		info.Records++
	}
	info.LastOffset = l.LogEndOffset() - 1
	return info, nil
}

func (l *memoryLog) TruncateTo(offset kafka.Offset, _ host.WallTime) error {
	l.records = slices.Delete(l.records, min(int(offset), len(l.records)), len(l.records))
	l.epochs.TruncateFromEnd(l.LogEndOffset())
	return nil
}

func (l *memoryLog) DeleteRecordsTo(start kafka.Offset) error {
	l.start = max(l.start, start)
	l.epochs.TruncateFromStart(l.start)
	return nil
}

func (l *memoryLog) TruncateFullyAndStartAt(kafka.Offset, host.WallTime) error {
	panic("no story needs it: logs start at 0")
}
