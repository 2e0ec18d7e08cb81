package run

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"assay/checkers/history"
	"assay/host"
	"assay/internal/kafka"
	"assay/scenarios/result"
	"assay/sim"
)

// stage watches one run that is played once more, and gathers what the scene of
// one witness is made of. It looks at messages as they arrive or are lost and at
// the named points; nothing of the run depends on it.
//
// What counts is known beforehand: the witness names records, offsets and times.
// Of everything else only what these have to do with is kept, so that the memory
// that a stage takes does not grow with the load.
type stage struct {
	run     *run
	claim   string
	witness result.Witness
	cast    *cast

	at     kafka.TopicPartition
	scoped bool // the witness is about one partition
	// topicIDs are those of the topics concerned, as far as they are known.
	topicIDs map[string]kafka.TopicID
	records  []string       // whose sends the witness tells: "web-0#17"
	senders  []string       // who sent them
	readers  []string       // clients whose reads it tells
	places   []kafka.Offset // offsets that matter: the witness's, and where the records came to stand

	taken    sim.Passage         // the latest message that arrived: the present step's, if it has the time
	seen     bool                // taken is among the sightings
	asked    map[exchange]demand // produce requests with a record of the witness, until they are answered
	attempts map[string]int      // requests so far, by the records that they carried
	logs     map[string]shelf    // by broker: what stands at the places
	passed   map[passing]bool    // by high watermarks that were told
	stood    map[standing]bool   // what a leader appended of the witness's
	landed   int64               // when a leader last appended a record of the witness: a late one when its client has long gone on
	replaced int64               // when another record first took the place of one of these; 0 for never
	told     map[string]int      // by reader: how many leaders there were when a read of its was kept
	leads    map[string]int      // by broker: index in leaders, while it leads
	ended    map[string][]int64  // by node: when its process ended
	leaders  []result.LeaderSpan
	found    []sighting

	desk  desk // of the group that the witness is about
	pipes pipes
}

// shelf is what one broker's log has at the places that matter.
type shelf map[kafka.Offset]string

// exchange names a request, as its sender sees the connection.
type exchange struct {
	conn        host.Conn
	correlation int32
}

// demand is what such a request carries.
type demand struct {
	what string       // records of the witness
	lead kafka.Offset // how many others stand before them in their batch
}

// passing names a record that a high watermark has passed.
type passing struct {
	follower string // "" for a leader's
	place    kafka.Offset
	record   string
}

// cast knows the clients behind the identities of records.
type cast struct {
	history.Ignore
	clients map[history.ClientID]history.ClientName
}

func newCast() *cast { return &cast{clients: map[history.ClientID]history.ClientName{}} }

// Client implements history.Sink.
func (c *cast) Client(id history.ClientID, name string, incarnation int) {
	c.clients[id] = history.ClientName{Name: name, Incarnation: incarnation}
}

// record names a record as witnesses do.
func (c *cast) record(id history.RecordID) string {
	if id == 0 {
		return "a record without identity"
	}
	client := c.clients[id.Client()]
	if client.Incarnation > 1 {
		return fmt.Sprintf("%s.%d#%d", client.Name, client.Incarnation, id.Send())
	}
	return fmt.Sprintf("%s#%d", client.Name, id.Send())
}

// setTheStages prepares a stage for each witness that Options.Tell has.
func (r *run) setTheStages() {
	if r.options.Tell == nil {
		return
	}
	for _, claim := range r.options.Tell.Claims {
		s := newStage(r, claim)
		r.stages = append(r.stages, s)
		r.world.ObserveMessages(s.heard)
		r.world.Observe(s.observed)
		r.world.OnDown(s.down)
	}
}

func newStage(r *run, claim TellClaim) *stage {
	s := &stage{run: r, topicIDs: map[string]kafka.TopicID{}, claim: claim.Claim, witness: claim.Witness, cast: r.cast, asked: map[exchange]demand{},
		attempts: map[string]int{}, logs: map[string]shelf{}, stood: map[standing]bool{}, told: map[string]int{}, passed: map[passing]bool{}, leads: map[string]int{}, ended: map[string][]int64{}}
	var number int32
	topic, tail, named := strings.Cut(claim.Witness.Partition, "/")
	if _, err := fmt.Sscan(tail, &number); named && err == nil {
		s.at, s.scoped = kafka.TopicPartition{Topic: topic, Partition: number}, true
	}
	s.followPipeline()
	s.desk = desk{group: cmp.Or(groupOf(r.scenario.Workload.Consumers, claim.Witness.Operations), s.processingGroup()), done: map[kafka.Offset]bool{},
		passed: map[kafka.Offset]bool{}, skipped: map[kafka.Offset]bool{}, requests: map[asking]sim.Passage{}}
	for i, offset := range claim.Witness.Offsets {
		if i == 0 || !s.outputPlace(offset) {
			s.watch(kafka.Offset(offset))
		}
	}
	for _, op := range claim.Witness.Operations {
		if record, is := sentRecord(op); is {
			s.records, s.senders = appendNew(s.records, record), appendNew(s.senders, op.Client)
		} else if !slices.Contains(r.scenario.Cluster.BrokerNames(), op.Client) {
			s.readers = appendNew(s.readers, s.lane(op.Client))
		}
	}
	for _, member := range membersOfGroup(r.scenario, s.desk.group) {
		if s.desk.group != "" {
			s.readers = appendNew(s.readers, member)
		}
	}
	return s
}

func appendNew(list []string, one string) []string {
	if slices.Contains(list, one) {
		return list
	}
	return append(list, one)
}

// sentRecord is the record that an operation of a witness sends.
func sentRecord(op result.Operation) (string, bool) {
	rest, sends := strings.CutPrefix(op.What, "sends ")
	record, _, named := strings.Cut(rest, " to ")
	return record, sends && named && strings.Contains(record, "#")
}

// lane is the node behind a name of a witness, which may tell the incarnation of
// a restarted client: "billing-1 (incarnation 2)". Its readers "the covering final
// read", "the cluster" and "the coordinator" are the run's own.
func (s *stage) lane(client string) string {
	client, _, _ = strings.Cut(client, " (incarnation ")
	for _, name := range s.run.world.Nodes() {
		if name == client {
			return name
		}
	}
	return auditorName
}

func (s *stage) watch(place kafka.Offset) {
	if place >= 0 && !slices.Contains(s.places, place) {
		s.places = append(s.places, place)
	}
}

// between lists the places within offsets, both included.
func (s *stage) between(first, last kafka.Offset) []kafka.Offset {
	var within []kafka.Offset
	for _, place := range s.places {
		if first <= place && place <= last {
			within = append(within, place)
		}
	}
	return within
}

// guilty says whether the witness is about a record. One that names offsets
// only is about whatever stands there.
func (s *stage) guilty(record string) bool {
	return len(s.records) == 0 || slices.Contains(s.records, record)
}

// begun says whether the run has begun and the stage has something to look for.
// The first time it takes down who leads.
func (s *stage) begun() bool {
	if s.run.engine == nil || !s.scoped {
		return false
	}
	if s.leaders == nil {
		s.leaders = []result.LeaderSpan{}
		if p := s.run.image().Partition(s.at); p != nil && p.Leader != kafka.NoLeader {
			s.lead(s.run.brokerName(p.Leader), int32(p.LeaderEpoch))
		}
	}
	return true
}

// lead notes that a broker begins to lead.
func (s *stage) lead(broker string, epoch int32) {
	s.stopLeading(broker)
	s.leads[broker] = len(s.leaders)
	s.leaders = append(s.leaders, result.LeaderSpan{From: int64(s.run.now()), Broker: broker, Epoch: epoch})
}

// add keeps something for the scene.
func (s *stage) add(what sighting) { s.found = append(s.found, what) }

// mark keeps what happened on a node now. The message that brought it about is
// kept with it, a little less important.
func (s *stage) mark(node, kind string, weight int, offending bool, format string, args ...any) {
	s.markAlone(node, kind, weight, offending, format, args...)
	if s.taken.To == node && s.taken.Ended == s.run.world.Now() && !s.seen {
		if what := s.words(s.taken); what != "" {
			s.message(s.taken, weight-causeBelow, false, what)
		}
	}
}

// causeBelow is how much less than its effect a message counts.
const causeBelow = 12

func (s *stage) markAlone(node, kind string, weight int, offending bool, format string, args ...any) {
	s.add(sighting{weight: weight, at: int64(s.run.now()), mark: &result.Mark{Lane: node, At: int64(s.run.now()), Kind: kind,
		Offending: offending, What: fmt.Sprintf(format, args...)}})
}

// message keeps a message that has arrived or was lost now.
func (s *stage) message(p sim.Passage, weight int, offending bool, what string) {
	m := &result.Message{From: p.From, To: p.To, Sent: int64(p.Sent.Sub(s.run.origin)), Arrived: int64(p.Ended.Sub(s.run.origin)),
		What: what, Count: 1, Offending: offending}
	if p.Loss != sim.NotLost {
		m.Arrived, m.Lost = -1, s.lossWords(p)
		m.Sent = min(m.Sent, int64(p.Ended.Sub(s.run.origin)))
	} else {
		s.seen = true
	}
	s.add(sighting{weight: weight, at: m.Sent, message: m})
}

// down notes that a process has ended: it leads nothing any more.
func (s *stage) down(node string, _ sim.Cause) {
	s.stopLeading(node)
	if s.run.engine != nil {
		s.ended[node] = append(s.ended[node], int64(s.run.now()))
	}
}

func (s *stage) stopLeading(node string) {
	if i, leads := s.leads[node]; leads {
		s.leaders[i].To = int64(s.run.now())
		delete(s.leads, node)
	}
}

// scenes are what the stages of a run have seen.
func (r *run) scenes() []result.Scene {
	var scenes []result.Scene
	for _, s := range r.stages {
		scenes = append(scenes, s.scene())
	}
	return scenes
}

// scene makes what was found into a scene.
func (s *stage) scene() result.Scene {
	for node := range s.leads { // order-free: each ends its own span
		s.leaders[s.leads[node]].To = int64(s.run.now())
	}
	s.addOperations()
	gaps := s.faults()
	within := s.span()
	s.addOwners(within.from)
	chosen, left := choose(s.found, within, max(maxEvents-2*len(gaps), maxEvents/2))
	return s.compose(chosen, left, within, gaps)
}
