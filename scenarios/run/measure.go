package run

import (
	"slices"
	"time"

	"assay/checkers/history"
	"assay/scenarios/format"
	"assay/scenarios/workload"
)

// Measures are the numbers of a run that come from its history, beside the
// clients' own metrics.
type Measures struct {
	Acknowledged, Consumed uint64        // during the measured load
	Window                 time.Duration // its length
	LagFinal               int64         // committed records that consumers had not read when the drain ended
	LagMax                 int64         // of one partition, at a read
	Unavailable            time.Duration // the longest time that a write waited while its partition acknowledged none
	Recovery               workload.Histogram
	Consumers              bool // the scenario has some: lag means something
	DeadLetterDepth        int64
	DeadLetters            bool // the scenario has topics for them: their depth means something
}

// measure gathers Measures. It is a history.Sink that ignores most.
type measure struct {
	history.Tee // empty: swallows what is not of interest
	scenario    *format.Scenario
	from, to    history.Time // the measured load
	result      Measures

	lastAck   []history.Time // by partition
	positions map[position]int64
	owners    map[position]history.ClientID // of members, the newest
	ends      map[history.PartitionID]int64
	dead      []history.PartitionID       // partitions of dead-letter topics
	names     map[string]string           // of readers, by client
	readers   map[history.ClientID]string // the scenario's readers by their incarnations
	faultEnds []history.Time
	acks      []history.Time // of all partitions, in order of time
}

type position struct {
	reader    string
	partition history.PartitionID
}

func newMeasure(s *format.Scenario) *measure {
	m := &measure{scenario: s, from: history.Time(s.Workload.Warmup), to: history.Time(s.Workload.LoadEnd()),
		ends:      map[history.PartitionID]int64{},
		positions: map[position]int64{}, owners: map[position]history.ClientID{}, readers: map[history.ClientID]string{}}
	m.result.Window = s.Workload.Duration
	m.result.Consumers = len(s.Workload.Consumers)+len(s.Workload.Processors) > 0
	m.result.DeadLetters = len(s.DeadLetterTopics()) > 0
	m.names = readerNames(s)
	return m
}

// Partition implements history.Sink.
func (m *measure) Partition(id history.PartitionID, topic string, _ int32) {
	if slices.Contains(m.scenario.DeadLetterTopics(), topic) {
		m.dead = append(m.dead, id)
	}
}

// readerNames tells as what each reading client counts: members of a group read
// one after the other what is one lag, others have a lag each.
func readerNames(s *format.Scenario) map[string]string {
	names := map[string]string{}
	for _, c := range s.Workload.Consumers {
		for _, name := range c.Instances() {
			names[name] = name
			if c.Subscribes() {
				names[name] = groupReader + c.Group
			}
		}
	}
	for _, p := range s.Workload.Processors {
		for _, name := range p.Instances() {
			names[name] = groupReader + p.Group
		}
	}
	return names
}

// groupReader keeps groups and clients of one name apart.
const groupReader = "group "

// Client implements history.Sink.
func (m *measure) Client(id history.ClientID, name string, _ int) {
	if reader, reads := m.names[name]; reads {
		m.readers[id] = reader
	}
}

// Produce implements history.Sink. Acknowledgements come in order of time.
func (m *measure) Produce(p history.Produce) {
	if p.Outcome != history.OK {
		return
	}
	if p.Return >= m.from && p.Return < m.to {
		m.result.Acknowledged++
	}
	for int(p.Partition) >= len(m.lastAck) {
		m.lastAck = append(m.lastAck, 0)
	}
	waited := p.Return - max(m.lastAck[p.Partition], p.Call)
	m.result.Unavailable = max(m.result.Unavailable, time.Duration(waited))
	m.lastAck[p.Partition] = p.Return
	if n := len(m.acks); n == 0 || m.acks[n-1] < p.Return {
		m.acks = append(m.acks, p.Return)
	}
}

// Read implements history.Sink.
func (m *measure) Read(r history.Read) {
	if r.Final {
		return
	}
	if r.Return >= m.from && r.Return < m.to {
		m.result.Consumed += uint64(len(r.Records))
	}
	m.moved(r.Client, r.Partition, r.Next)
	if r.HighWatermark != history.NoOffset {
		m.result.LagMax = max(m.result.LagMax, r.HighWatermark-r.From)
	}
}

// Move implements history.Sink.
func (m *measure) Move(v history.Move) {
	m.moved(v.Client, v.Partition, v.To)
}

// moved takes a reader's position, unless the partition is another member's by now.
func (m *measure) moved(reader history.ClientID, partition history.PartitionID, to int64) {
	name, reads := m.readers[reader]
	at := position{name, partition}
	if owner, owned := m.owners[at]; !reads || owned && owner != reader {
		return
	}
	m.positions[at] = to
}

// Ownership implements history.Sink.
func (m *measure) Ownership(o history.Ownership) {
	if o.Kind == history.Owned {
		m.owners[position{m.readers[o.Client], o.Partition}] = o.Client
	}
}

// Cover implements history.Sink.
func (m *measure) Cover(c history.Cover) {
	if !c.Committed {
		m.ends[c.Partition] = c.End
	}
}

// Fault implements history.Sink.
func (m *measure) Fault(f history.Fault) { m.faultEnds = append(m.faultEnds, f.End) }

// finish computes what needs the whole history.
func (m *measure) finish() Measures {
	// order-free: a sum
	for at, next := range m.positions {
		if end, covered := m.ends[at.partition]; covered {
			m.result.LagFinal += max(0, end-next)
		}
	}
	for _, partition := range m.dead {
		read := int64(0)
		for at, next := range m.positions { // order-free: a maximum
			if at.partition == partition {
				read = max(read, next)
			}
		}
		m.result.DeadLetterDepth += max(0, m.ends[partition]-read)
	}
	for _, end := range m.faultEnds {
		if at, found := slices.BinarySearch(m.acks, end); found || at < len(m.acks) {
			m.result.Recovery.Record(time.Duration(m.acks[at] - end))
		}
	}
	return m.result
}
