package format

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"assay/faults"
	"assay/internal/kafkaconfig"
)

// Scenario is one scenario as it will run: every default filled in, every
// name checked. It keeps nothing of the file it came from, so equal scenarios
// compare equal (reflect.DeepEqual), whatever their files looked like.
type Scenario struct {
	Name       string
	About      string
	Target     World
	Seeds      Seeds
	Cluster    Cluster
	Topics     []Topic // by name
	Workload   Workload
	Cost       Cost
	Faults     faults.Plan
	Claims     []Claim       // by name
	Require    []Requirement // by counter
	Thresholds []Threshold   // as listed
	Report     Report
}

// World is where a scenario runs.
type World string

// The worlds of the format.
const (
	WorldSim  World = "sim"
	WorldLive World = "live" // part of the format, not built yet
)

// Seeds says which seeds run, either as a range (Count > 0) or as a List.
type Seeds struct {
	Base  uint64
	Count int
	List  []uint64
}

// All returns the seeds in the order in which they run. Base + i wraps around.
func (s Seeds) All() []uint64 {
	if s.List != nil {
		return slices.Clone(s.List)
	}
	all := make([]uint64, s.Count)
	for i := range all {
		all[i] = s.Base + uint64(i)
	}
	return all
}

// Cluster is the system under test.
type Cluster struct {
	Brokers     int // broker-1 ... broker-N
	Controllers int // controller-1 ...
	Config      map[string]string
	Flaws       []string // museum switches that are on, in the file's order
}

// BrokerNames returns broker-1 and so on.
func (c Cluster) BrokerNames() []string { return numbered("broker-", 1, c.Brokers) }

// ControllerNames returns controller-1 and so on.
func (c Cluster) ControllerNames() []string { return numbered("controller-", 1, c.Controllers) }

// HasFlaw says whether a museum switch is on.
func (c Cluster) HasFlaw(id string) bool { return slices.Contains(c.Flaws, id) }

// Settings returns the brokers' effective configuration, Kafka's defaults included.
func (c Cluster) Settings() kafkaconfig.Settings { return c.SettingsWith(c.Config) }

// SettingsWith is Settings with other keys in place of Config.
func (c Cluster) SettingsWith(config map[string]string) kafkaconfig.Settings {
	return effective(kafkaconfig.Broker, c.given(config))
}

const (
	offsetsReplication      = "offsets.topic.replication.factor"
	transactionsReplication = "transaction.state.log.replication.factor"
	transactionsMinISR      = "transaction.state.log.min.isr"
)

// given is a configuration with what the size of the cluster decides: Kafka refuses to make the topics of committed
// offsets and of transactions, and so to have either at all, on fewer brokers than they are to have replicas.
func (c Cluster) given(config map[string]string) map[string]string {
	if c.Brokers >= mostInternalReplicas || c.Brokers < 1 {
		return config
	}
	given := map[string]string{
		offsetsReplication:      strconv.Itoa(c.Brokers),
		transactionsReplication: strconv.Itoa(c.Brokers),
	}
	maps.Copy(given, config)
	if config[transactionsMinISR] == "" && given[transactionsReplication] == "1" {
		given[transactionsMinISR] = "1"
	}
	return given
}

// mostInternalReplicas is Kafka's default for the topics that it makes for itself.
const mostInternalReplicas = 3

// OffsetsTopic returns the replicas of the topic of committed offsets, and how many of them must be in sync for a
// commit to succeed: two, where there are two.
func (c Cluster) OffsetsTopic() (replicationFactor, minInSyncReplicas int) {
	replicationFactor = c.Settings().Int(offsetsReplication)
	return replicationFactor, min(2, replicationFactor)
}

// Topic is a topic that exists before the load starts.
type Topic struct {
	Name              string
	Partitions        int
	ReplicationFactor int
	Config            map[string]string
}

// Settings returns the topic's effective configuration on brokers with the given one.
func (t Topic) Settings(broker kafkaconfig.Settings) kafkaconfig.Settings {
	settings, _ := kafkaconfig.ResolveTopic(broker, t.Config)
	settings, _, _ = kafkaconfig.Reconcile(settings)
	return settings
}

// Topic returns the topic of that name.
func (s *Scenario) Topic(name string) (Topic, bool) {
	for _, topic := range s.Topics {
		if topic.Name == name {
			return topic, true
		}
	}
	return Topic{}, false
}

// Groups returns the groups of consumers and processors, each once, in their order.
func (s *Scenario) Groups() []string {
	var groups []string
	add := func(group string) {
		if group != "" && !slices.Contains(groups, group) {
			groups = append(groups, group)
		}
	}
	for _, c := range s.Workload.Consumers {
		add(c.Group)
	}
	for _, p := range s.Workload.Processors {
		add(p.Group)
	}
	return groups
}

// GroupsUnder returns the groups that qualify for a group's guarantee. What a processor with transactions does has its
// effect when they commit, and is done again when they do not: exactly-once judges it, and of a group's guarantees
// group-exclusive alone.
func (s *Scenario) GroupsUnder(guarantee string) []string {
	if guarantee == "group-exclusive" {
		return s.Groups()
	}
	return slices.DeleteFunc(s.Groups(), func(group string) bool {
		reads := slices.ContainsFunc(s.Workload.Consumers, func(c Consumer) bool { return c.Group == group })
		transactional := slices.ContainsFunc(s.Workload.Processors, func(p Processor) bool { return p.Group == group && p.Transaction != nil })
		return transactional && !reads
	})
}

// ReadersUnder returns the instances of whom a claim about readers names, none for all that qualify. Under claims about
// transactions those are who reads committed records, processors too; where no consumer does it is all consumers: they have
// something to show as well.
func (s *Scenario) ReadersUnder(claim Claim) []string {
	all := s.Workload.Consumers
	ofTransactions := claim.Guarantee == "no-aborted-reads" || claim.Guarantee == "atomic-transactions"
	if claim.Consumer == "" && (!ofTransactions || slices.ContainsFunc(all, Consumer.readsCommitted)) {
		return nil
	}
	return instancesOf(qualified(claim.Consumer, all))
}

// ObserversUnder returns the instances of who observes the outputs of a claim's processors, by the same rule.
func (s *Scenario) ObserversUnder(claim Claim) []string { return instancesOf(s.observersUnder(claim)) }

func (s *Scenario) observersUnder(claim Claim) []Consumer {
	reading := slices.DeleteFunc(slices.Clone(s.Workload.Consumers), func(c Consumer) bool {
		return !slices.ContainsFunc(s.Pipelines(claim), func(p Processor) bool { return contains(c.Topics, p.Output) })
	})
	return qualified(claim.Observer, reading)
}

// qualified is the consumer of a name, if one is given; else those who read committed records, if any does, or all.
func qualified(name string, consumers []Consumer) []Consumer {
	var named, committed []Consumer
	for _, c := range consumers {
		if c.Name == name {
			named = append(named, c)
		}
		if c.readsCommitted() {
			committed = append(committed, c)
		}
	}
	switch {
	case name != "":
		return named
	case len(committed) > 0:
		return committed
	}
	return consumers
}

func (c Consumer) readsCommitted() bool {
	return c.Settings().String("isolation.level") == "read_committed"
}

func instancesOf(consumers []Consumer) []string {
	var names []string
	for _, c := range consumers {
		names = append(names, c.Instances()...)
	}
	return names
}

// Pipelines returns the processors that a claim of exactly-once speaks of.
func (s *Scenario) Pipelines(claim Claim) []Processor {
	return slices.DeleteFunc(slices.Clone(s.Workload.Processors), func(p Processor) bool {
		return claim.Via != "" && p.Name != claim.Via || claim.From != "" && !contains(p.Input, claim.From) || claim.To != "" && p.Output != claim.To
	})
}

// Quiet is how long a last stable offset may stand still before a transaction counts as hung: the longest
// transaction.timeout.ms, and two looks of its coordinator more. 0 without transactions.
func (s *Scenario) Quiet() time.Duration {
	longest := time.Duration(0)
	for _, p := range s.Workload.Processors {
		if p.Transaction != nil {
			longest = max(longest, p.ProducerSettings(0).Duration("transaction.timeout.ms"))
		}
	}
	if longest > 0 {
		longest += 2 * s.Cluster.Settings().Duration("transaction.abort.timed.out.transaction.cleanup.interval.ms")
	}
	return longest
}

// Workload is what the clients do. The load lasts from the run's start to
// Warmup + Duration; then the clients have Drain to run dry, counted from the
// end of the last fault, and the covering final read follows.
type Workload struct {
	Warmup     time.Duration
	Duration   time.Duration
	Drain      time.Duration
	Producers  []Producer  // by name
	Consumers  []Consumer  // by name
	Processors []Processor // by name
}

// LoadEnd is when the load ends, counted from the run's start.
func (w Workload) LoadEnd() time.Duration { return w.Warmup + w.Duration }

// Producer is a set of like producers; its name in a target means all of them.
type Producer struct {
	Name    string
	Count   int // instances NAME-0 ... NAME-(Count-1)
	Topic   string
	Rate    Rate // of all instances together
	Arrival Arrival
	Burst   Burst // of ArrivalBurst
	Keys    Keys
	Value   Value
	Client  ClientProfile
	// Outbox and DualWrite (not both) say that the application has a store of its own,
	// and tells its callers when a transaction there is durable: of the state and the
	// event, or of the state alone.
	Outbox    bool
	DualWrite bool
	Config    map[string]string
	// FirstSequence is what an idempotent producer begins with in each partition.
	FirstSequence int32
}

// Instances returns the names of the single clients.
func (p Producer) Instances() []string { return numbered(p.Name+"-", 0, p.Count) }

// Settings returns the effective configuration: idempotence that is only a
// default is off where acks or retries rule it out.
// What is not set has the default of the client that the producer stands in for.
func (p Producer) Settings() kafkaconfig.Settings {
	return p.SettingsWith(p.Config)
}

// SettingsWith is Settings with other keys in place of Config.
func (p Producer) SettingsWith(config map[string]string) kafkaconfig.Settings {
	return effectiveAs(p.Client, kafkaconfig.Producer, config)
}

// Arrival says how a producer's sends are spread over time.
type Arrival string

// The arrivals of the format.
const (
	ArrivalPoisson  Arrival = "poisson"
	ArrivalConstant Arrival = "constant"
	ArrivalBurst    Arrival = "burst"
)

// Burst is how ArrivalBurst spreads a rate: in every Interval all sends come
// within its first On, spread by Poisson there; the mean stays the rate.
type Burst struct {
	Interval time.Duration
	On       time.Duration // above 0, at most Interval
}

// ClientProfile names a real client whose defaults, partitioner and retry rules
// a client of the scenario has. "" is the Java client, whose defaults Kafka documents.
type ClientProfile string

// The profiles of the format.
const (
	ClientJava     ClientProfile = "java-4.3"
	ClientRdKafka  ClientProfile = "librdkafka-2"
	ClientFranzGo1 ClientProfile = "franz-go-1"
)

// KeyDistribution says how a record gets its key.
type KeyDistribution string

// The key distributions of the format.
const (
	KeysNone       KeyDistribution = "none"
	KeysUniform    KeyDistribution = "uniform"
	KeysZipf       KeyDistribution = "zipf"
	KeysRoundRobin KeyDistribution = "round_robin"
	KeysField      KeyDistribution = "field"
)

// Keys describes the records' keys.
type Keys struct {
	Distribution KeyDistribution
	Count        int     // distinct keys of uniform, zipf and round_robin; else 0
	Theta        float64 // skew of zipf, above 0; else 0
	Field        string  // of the payload's JSON object, for field; else ""
}

// Value describes the records' payload: Size random bytes, or lines of File.
type Value struct {
	Size  Size
	File  string // as written: relative to the scenario file; "" for Size
	Order ValueOrder
}

// ValueOrder says in which order the lines of a file are sent.
type ValueOrder string

// The orders of the format. Each instance reads through the whole file, again and again.
const (
	OrderSequential ValueOrder = "sequential"
	OrderShuffle    ValueOrder = "shuffle"
)

// Consumer is a set of like consumers.
type Consumer struct {
	Name       string
	Count      int
	Group      string // "" for none
	Topics     []string
	Assignment Assignment
	Commit     Commit
	Process    Distribution // time that processing one record takes
	Handling   FailureHandling
	// Deduplicate: it knows the records that it has worked on, by a store of its own.
	Deduplicate bool
	Seeks       []Seek // in order of time
	Client      ClientProfile
	Config      map[string]string
}

// Subscribes says whether the group's protocol gives out the partitions.
func (c Consumer) Subscribes() bool { return c.Assignment == AssignmentGroup }

// Instances returns the names of the single clients.
func (c Consumer) Instances() []string { return numbered(c.Name+"-", 0, c.Count) }

// Settings returns the effective configuration; group.id is the group, if there is one. What is not set has the default
// of the client that the consumer stands in for.
func (c Consumer) Settings() kafkaconfig.Settings {
	return effectiveAs(c.Client, kafkaconfig.Consumer, c.given())
}

// SettingsOf is Settings as one instance has them: {index} stands for its number.
func (c Consumer) SettingsOf(index int) kafkaconfig.Settings {
	return effectiveAs(c.Client, kafkaconfig.Consumer, numberedConfig(c.given(), index))
}

// given is the configuration with what other fields of the format decide.
func (c Consumer) given() map[string]string {
	given := maps.Clone(c.Config)
	if given == nil {
		given = map[string]string{}
	}
	if c.Group != "" {
		given["group.id"] = c.Group
		given["enable.auto.commit"] = strconv.FormatBool(c.Commit == CommitAuto)
	}
	return given
}

// Assignment says how a consumer comes by its partitions.
type Assignment string

// The assignments of the format.
const (
	AssignmentFixed Assignment = "fixed" // partitions dealt out once
	AssignmentGroup Assignment = "group" // as the group's protocol says, anew at each rebalance
)

// Commit says when a consumer commits its positions.
type Commit string

// The commit policies of the format.
const (
	CommitNone          Commit = "none"
	CommitBeforeProcess Commit = "before_process"
	CommitAuto          Commit = "auto"
	CommitAfterProcess  Commit = "after_process"
)

// Cost says what things take in simulated time.
type Cost struct {
	Profile string // the named profile it started from, "default" without one
	Zones   []Zone // empty: all nodes are in one place
	Network NetworkCost
	Disk    DiskCost
	CPU     CPUCost
}

// Zone is a place with nodes. Brokers and controllers are dealt out to the zones
// in turn; Clients of a scenario too, unless a zone names them.
type Zone struct {
	Name  string
	Nodes []string // names of nodes or of client sets; empty: dealt out
	// To is what one way from this zone to another takes, by its name; missing:
	// the scenario's own network cost. The two directions may differ.
	To []ZoneLink
}

// ZoneLink is the network from one zone to another.
type ZoneLink struct {
	Zone string
	NetworkCost
}

// NetworkCost is of each direction of each connection.
type NetworkCost struct {
	Latency   Distribution
	Bandwidth Bandwidth
}

// DiskCost is of each node's disk.
type DiskCost struct {
	Fsync     Distribution
	Bandwidth Bandwidth
	Writeback time.Duration // unsynced data reaches the disk by itself after this
}

// CPUCost is of each node's CPUs.
type CPUCost struct {
	Cores      int
	PerRequest time.Duration
	PerByte    time.Duration
}

// DistributionKind names the shape of a distribution of times.
type DistributionKind string

// The shapes of the format.
const (
	Constant    DistributionKind = "constant"
	Uniform     DistributionKind = "uniform"
	Lognormal   DistributionKind = "lognormal"
	Exponential DistributionKind = "exponential"
)

// Distribution is a distribution of times. The fields of its kind are set, the others zero.
type Distribution struct {
	Kind DistributionKind
	Time time.Duration // constant: always this; exponential: the mean
	Min  time.Duration // uniform
	Max  time.Duration // uniform, at least Min
	P50  time.Duration // lognormal
	P99  time.Duration // lognormal, at least P50
}

// Verdict is what a claim expects.
type Verdict string

// The verdicts that a claim may expect.
const (
	Holds    Verdict = "holds"
	Violated Verdict = "violated"
)

// Claim states a guarantee that a run is judged by. "" in a scope means all that qualify.
type Claim struct {
	Name      string
	Guarantee string
	Expect    Verdict
	Group     string        // scope of a group's guarantee
	Consumer  string        // scope of a reader's guarantee
	From      string        // exactly-once: input topic
	Via       string        // exactly-once: processor
	To        string        // exactly-once: output topic
	Observer  string        // exactly-once: consumer of the output
	Within    time.Duration // recovers: the time allowed after the faults' end; 0 for the drain
}

// Limit is the time that a claim of recovers allows after the faults' end.
func (c Claim) Limit(w Workload) time.Duration {
	if c.Within == 0 {
		return w.Drain
	}
	return c.Within
}

// Requirement makes a variant inconclusive unless a counter, summed over its seeds, compares.
type Requirement struct {
	Counter string
	Comparison
}

// Report says what a run writes.
type Report struct {
	Formats []string
	Plots   []string
}

// Variant is one version of a scenario that runs all seeds. The first is called Base.
type Variant struct {
	Name     string
	Scenario Scenario
	// Point is where in a sweep the variant stands, in the order of its axes;
	// empty for the others.
	Point []Setting
}

// Setting is one value of a sweep.
type Setting struct {
	Pointer string // /workload/producers/web/rate
	Value   string // YAML in one line, as the file has it
}

// Base is the name of the variant that overrides nothing.
const Base = "base"

func numbered(prefix string, first, count int) []string {
	names := make([]string, count)
	for i := range names {
		names[i] = prefix + strconv.Itoa(first+i)
	}
	return names
}

// effective leaves problems aside: a scenario that was loaded has none but
// those that a flaw lifts.
func effective(kind kafkaconfig.Kind, given map[string]string) kafkaconfig.Settings {
	return effectiveAs("", kind, given)
}

func effectiveAs(client ClientProfile, kind kafkaconfig.Kind, given map[string]string) kafkaconfig.Settings {
	settings, _ := kafkaconfig.ResolveAs(string(client), kind, given)
	settings, _, _ = kafkaconfig.Reconcile(settings)
	return settings
}

// Rate is a number of records in time, in thousandths of a record per second.
type Rate int64

// RateMax is a closed loop: as fast as the answers come.
const RateMax Rate = math.MaxInt64

// Interval is the mean time between two sends; 0 for RateMax.
func (r Rate) Interval() time.Duration {
	if r == RateMax {
		return 0
	}
	return time.Duration(1000 * int64(time.Second) / int64(r))
}

// Size is a number of bytes.
type Size int64

// Bandwidth is a number of bytes per second.
type Bandwidth int64
