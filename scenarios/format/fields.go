package format

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"assay/internal/kafkaconfig"
)

// The tables below are the format: reading, printing, defaults and the JSON
// Schema are all made of them.

// Bounds that keep a slip of the keyboard from becoming a run without end.
const (
	mostBrokers     = 64
	mostControllers = 9
	mostPartitions  = 10_000
	mostInstances   = 1_000
	mostSeeds       = 10_000_000
	mostKeys        = 10_000_000
	mostVariants    = 100
	largestValue    = Size(64 << 20)
	most            = 1 << 62
)

// document is a file as it is read: a scenario with what stands beside it.
type document struct {
	Version  int
	Extends  string // only where an override set it: files that are extended are merged before
	Scenario Scenario
	Variants []variantDocument
	Sweep    []axis
}

// variantDocument keeps its overrides as they are written.
type variantDocument struct {
	Name   string
	Set    *node
	Expect *node
	Point  *node // where in a sweep it stands, in a resolved scenario
}

var documentFields = []boundField[document]{
	bind("version", "the version of the format: 1", integer[int](1, 1), func(d *document) *int { return &d.Version }).must(),
	bind("name", "names the run folder; the file's name by default", text(), func(d *document) *string { return &d.Scenario.Name }),
	bind("about", "what the scenario teaches, in a sentence", text(), func(d *document) *string { return &d.Scenario.About }),
	bind("extends", "another scenario file to start from, or a shipped scenario by its name", extendsCodec, func(d *document) *string { return &d.Extends }),
	bind("target", "the world that the scenario runs in", object(targetFields), func(d *document) *World { return &d.Scenario.Target }).orDefault("{}"),
	bind("seeds", "a range of seeds, or a list of them", seedsCodec, func(d *document) *Seeds { return &d.Scenario.Seeds }).orDefault("{base: 1, count: 20}"),
	bind("cluster", "the system under test", object(clusterFields), func(d *document) *Cluster { return &d.Scenario.Cluster }).orDefault("{}"),
	bind("topics", "the topics that exist from the start, by name", topicsCodec, func(d *document) *[]Topic { return &d.Scenario.Topics }).must(),
	bind("workload", "what the clients do", object(workloadFields), func(d *document) *Workload { return &d.Scenario.Workload }).must(),
	bind("cost", "what things take in simulated time: a named profile (default) or the parts that differ from it", costCodec, func(d *document) *Cost { return &d.Scenario.Cost }).orDefault("{}"),
	bind("faults", "what goes wrong", object(faultsFields), faultsOf),
	bind("claims", "what is claimed, by name", claimsCodec, func(d *document) *[]Claim { return &d.Scenario.Claims }),
	bind("require", "what a run must have exercised; else it is inconclusive", requireCodec, func(d *document) *[]Requirement { return &d.Scenario.Require }),
	bind("thresholds", "bounds on metrics", list(thresholdCodec, false), func(d *document) *[]Threshold { return &d.Scenario.Thresholds }),
	bind("variants", "named overrides with their own expectations", variantsCodec, func(d *document) *[]variantDocument { return &d.Variants }),
	bind("sweep", "lists of values by JSON pointer; each combination is a variant", sweepCodec, func(d *document) *[]axis { return &d.Sweep }),
	bind("report", "what a run writes", object(reportFields), func(d *document) *Report { return &d.Scenario.Report }).orDefault("{}"),
}

var documentCodec = object(documentFields)

// Root describes a whole scenario file.
func Root() Shape { return documentCodec.shape }

var targetFields = []boundField[World]{
	bind("kind", "sim or live", words(WorldSim, "!"+WorldLive), func(w *World) *World { return w }).orDefault("sim"),
}

var clusterFields = []boundField[Cluster]{
	bind("brokers", "how many: broker-1 and so on", integer[int](1, mostBrokers), func(c *Cluster) *int { return &c.Brokers }).orDefault("3"),
	bind("controllers", "how many: controller-1 and so on", integer[int](1, mostControllers), func(c *Cluster) *int { return &c.Controllers }).orDefault("3"),
	bind("config", "Kafka's broker keys", configuration(kafkaconfig.Broker), func(c *Cluster) *map[string]string { return &c.Config }),
	bind("flaws", "museum switches to turn on", list(flawCodec, false), func(c *Cluster) *[]string { return &c.Flaws }),
}

var topicsCodec = named("topic", object([]boundField[Topic]{
	bind("partitions", "how many", integer[int](1, mostPartitions), func(t *Topic) *int { return &t.Partitions }).orDefault("1"),
	bind("replication_factor", "replicas of each partition; 3 by default, or one on each broker if they are fewer", integer[int](1, mostBrokers), func(t *Topic) *int { return &t.ReplicationFactor }),
	bind("config", "Kafka's topic keys", configuration(kafkaconfig.Topic), func(t *Topic) *map[string]string { return &t.Config }),
}), func(t *Topic) *string { return &t.Name }, validTopicName)

var workloadFields = []boundField[Workload]{
	bind("warmup", "load runs, claims judge it, metrics skip it", duration(0), func(w *Workload) *time.Duration { return &w.Warmup }).orDefault("0s"),
	bind("duration", "how long the measured load lasts", duration(time.Millisecond), func(w *Workload) *time.Duration { return &w.Duration }).must(),
	bind("drain", "how long the clients have to run dry afterwards", duration(0), func(w *Workload) *time.Duration { return &w.Drain }).orDefault("30s"),
	bind("producers", "producers, by name", named("producer", object(producerFields, checkArrival, checkOwnState), func(p *Producer) *string { return &p.Name }, validClientName), func(w *Workload) *[]Producer { return &w.Producers }),
	bind("consumers", "consumers, by name", named("consumer", object(consumerFields, checkAssignment, checkConsumerHandling), func(c *Consumer) *string { return &c.Name }, validClientName), func(w *Workload) *[]Consumer { return &w.Consumers }),
	bind("processors", "clients that read, transform and write, by name", processorsCodec, func(w *Workload) *[]Processor { return &w.Processors }),
}

var producerFields = []boundField[Producer]{
	bind("count", "how many instances", integer[int](1, mostInstances), func(p *Producer) *int { return &p.Count }).orDefault("1"),
	bind("topic", "the topic to write to", filledText(), func(p *Producer) *string { return &p.Topic }).must(),
	bind("rate", "records per second of all instances together; max sends as fast as answers come", rateCodec, func(p *Producer) *Rate { return &p.Rate }).must(),
	bind("arrival", "how sends are spread over time", words(ArrivalPoisson, ArrivalConstant, ArrivalBurst), func(p *Producer) *Arrival { return &p.Arrival }).orDefault("poisson"),
	bind("burst", "how arrival: burst spreads the rate", object(burstFields), func(p *Producer) *Burst { return &p.Burst }).writtenIf(func(p *Producer) bool { return p.Arrival == ArrivalBurst }),
	bind("keys", "how records get their keys", object(keysFields, checkKeys).withCases(keysCases()), func(p *Producer) *Keys { return &p.Keys }).orDefault("{}"),
	bind("value", "the payload: random bytes of a size, or the lines of a file", object(valueFields, checkValue), func(p *Producer) *Value { return &p.Value }).orDefault("{}"),
	bind("client", "the client whose defaults, partitioner and retry rules hold; java-4.3 by default", clientCodec, func(p *Producer) *ClientProfile { return &p.Client }).writtenIf(func(p *Producer) bool { return p.Client != "" }),
	bind("outbox", "the application commits its state and the event in one transaction of its own, and a relay sends what is committed", boolean(), func(p *Producer) *bool { return &p.Outbox }).writtenIf(func(p *Producer) bool { return p.Outbox }),
	bind("dual_write", "the application commits its state in a transaction of its own, and sends the event afterwards", boolean(), func(p *Producer) *bool { return &p.DualWrite }).writtenIf(func(p *Producer) bool { return p.DualWrite }),
	bind("first_sequence", "the sequence of an idempotent producer's first record in each partition: brokers take any from a producer that they do not know",
		integer[int32](0, math.MaxInt32), func(p *Producer) *int32 { return &p.FirstSequence }).writtenIf(func(p *Producer) bool { return p.FirstSequence > 0 }),
	bind("config", "Kafka's producer keys", configuration(kafkaconfig.Producer), func(p *Producer) *map[string]string { return &p.Config }),
}

// clientCodec takes the clients that kafkaconfig knows.
var clientCodec = makeClientCodec()

func makeClientCodec() codec[ClientProfile] {
	var names []ClientProfile
	for _, profile := range kafkaconfig.Profiles {
		names = append(names, ClientProfile(profile.Name))
	}
	return words(names...)
}

var burstFields = []boundField[Burst]{
	bind("interval", "from the start of one burst to the next", duration(time.Millisecond), func(b *Burst) *time.Duration { return &b.Interval }).must(),
	bind("on", "how long a burst lasts; all sends of its interval come in it", duration(time.Millisecond), func(b *Burst) *time.Duration { return &b.On }).must(),
}

// checkArrival checks what each arrival takes.
func checkArrival(r *reader, at at, p *Producer) {
	burst := at.node.child("burst")
	switch {
	case p.Arrival == ArrivalBurst && burst == nil:
		r.fail(at, "arrival: burst needs \"burst\", such as burst: {interval: 10s, on: 1s}")
	case p.Arrival != ArrivalBurst && burst != nil && p.Arrival != "":
		r.report(burst.place, pointerTo(at.pointer, "burst"), "", "\"burst\" goes with arrival: burst, and the arrival is %s", p.Arrival)
	case burst != nil && p.Burst.On > p.Burst.Interval && p.Burst.Interval > 0:
		r.report(burst.place, pointerTo(at.pointer, "burst"), "", "a burst of %s does not fit into its interval of %s", printDuration(p.Burst.On), printDuration(p.Burst.Interval))
	}
	if p.Rate == RateMax && at.node.child("arrival") != nil && p.Arrival == ArrivalBurst {
		r.report(at.node.child("arrival").place, pointerTo(at.pointer, "arrival"), "", "rate: max is a closed loop, which has no arrivals to spread")
	}
}

var rateCodec = writingText(scalar(Shape{Kind: ShapeText, Pattern: `^([0-9]+(\.[0-9]+)? ?/s|max)$`},
	parseRate, Rate.String, "!!str", "!!int", "!!float"))

var keysFields = []boundField[Keys]{
	bind("dist", "how keys are distributed", words(KeysNone, KeysUniform, KeysZipf, KeysRoundRobin, KeysField), func(k *Keys) *KeyDistribution { return &k.Distribution }).orDefault("none"),
	bind("count", "how many different keys (uniform, zipf, round_robin)", integer[int](1, mostKeys), func(k *Keys) *int { return &k.Count }).writtenIf(func(k *Keys) bool { return k.Count > 0 }),
	bind("theta", "the skew of zipf, 0.99 by default", number(10), func(k *Keys) *float64 { return &k.Theta }),
	bind("field", "the field of the payload's JSON object (field)", text(), func(k *Keys) *string { return &k.Field }),
}

// defaultTheta is the skew that benchmarks of key-value stores use (YCSB).
const defaultTheta = 0.99

// keysTake says which fields each distribution of keys takes, and needs.
var keysTake = []struct {
	kind         KeyDistribution
	needs, takes []string
}{
	{KeysNone, nil, nil},
	{KeysField, []string{"field"}, []string{"field"}},
	{KeysZipf, []string{"count"}, []string{"count", "theta"}},
	{KeysUniform, []string{"count"}, []string{"count"}},
	{KeysRoundRobin, []string{"count"}, []string{"count"}},
}

func keysCases() []Case {
	var cases []Case
	for _, each := range keysTake {
		cases = append(cases, Case{"dist", string(each.kind), each.needs, each.takes})
	}
	return cases
}

func checkKeys(r *reader, at at, k *Keys) {
	for _, each := range keysTake {
		if each.kind == k.Distribution {
			r.takes(at, "keys of dist "+string(k.Distribution), each.needs, append([]string{"dist"}, each.takes...)...)
		}
	}
	if k.Distribution == KeysZipf && at.node.child("theta") == nil {
		k.Theta = defaultTheta
	}
}

// takes checks which fields stand in a map whose meaning depends on one of them.
func (r *reader) takes(at at, what string, required []string, allowed ...string) {
	for i := range at.node.entries {
		child := at.child(i)
		if key := at.node.entries[i].key; !child.node.isNull() && !contains(allowed, key) && clean(r.diagnostics, child.pointer) {
			r.report(child.key, child.pointer, "", "%s take no %q; they take %s", what, key, strings.Join(allowed, ", "))
		}
	}
	for _, field := range required {
		if at.node.child(field) == nil {
			r.fail(at, "%s need %q", what, field)
		}
	}
}

var valueFields = []boundField[Value]{
	bind("size", "the size of each value, 100B by default", quantityOf(sizeDimension, 1, largestValue), func(v *Value) *Size { return &v.Size }).writtenIf(func(v *Value) bool { return v.Size > 0 }),
	bind("file", "a file of lines to send, relative to the scenario file that names it", valueFileCodec, func(v *Value) *string { return &v.File }),
	bind("order", "the order of the lines, sequential by default", words(OrderSequential, OrderShuffle), func(v *Value) *ValueOrder { return &v.Order }).writtenIf(func(v *Value) bool { return v.Order != "" }),
}

// valueFileCodec reads a file's name as its source means it: a file that is extended names those beside itself.
var valueFileCodec = makeValueFileCodec()

func makeValueFileCodec() codec[string] {
	c := text()
	read := c.read
	c.read = func(r *reader, at at, into *string) {
		read(r, at, into)
		if from := at.node.place.source; from != nil && *into != "" {
			*into = from.origin.file(*into)
		}
	}
	return c
}

const defaultValueSize = Size(100)

func checkValue(r *reader, at at, v *Value) {
	switch {
	case at.node.child("file") == nil:
		r.takes(at, "values without a file", nil, "size")
		if at.node.child("size") == nil {
			v.Size = defaultValueSize
		}
	default:
		r.takes(at, "values from a file", nil, "file", "order")
		if at.node.child("order") == nil {
			v.Order = OrderSequential
		}
	}
}

var consumerFields = slices.Concat([]boundField[Consumer]{
	bind("count", "how many instances", integer[int](1, mostInstances), func(c *Consumer) *int { return &c.Count }).orDefault("1"),
	bind("group", "the consumer group", filledText(), func(c *Consumer) *string { return &c.Group }),
	bind("topics", "the topics to read", list(filledText(), false), func(c *Consumer) *[]string { return &c.Topics }).must(),
	bind("assignment", "group, or fixed: partitions dealt out once; group by default if there is one", words(AssignmentFixed, AssignmentGroup), func(c *Consumer) *Assignment { return &c.Assignment }).writtenIf(func(c *Consumer) bool { return c.Assignment != "" }),
	bind("commit", "when positions are committed; after_process by default if there is a group", words(CommitNone, CommitBeforeProcess, CommitAuto, CommitAfterProcess), func(c *Consumer) *Commit { return &c.Commit }).writtenIf(func(c *Consumer) bool { return c.Commit != "" }),
	bind("process", "what is done with a record", object(processFields), func(c *Consumer) *Distribution { return &c.Process }).orDefault("{}"),
}, handlingFields(func(c *Consumer) *FailureHandling { return &c.Handling }), []boundField[Consumer]{
	bind("deduplicate", "it knows the records that it has worked on, by a store of its own on its machine", boolean(), func(c *Consumer) *bool { return &c.Deduplicate }).writtenIf(func(c *Consumer) bool { return c.Deduplicate }),
	bind("seek", "moves of all positions that the application makes by itself, in order of time", list(object(seekFields), false), func(c *Consumer) *[]Seek { return &c.Seeks }),
	bind("client", "the client whose defaults hold; java-4.3 by default", clientCodec, func(c *Consumer) *ClientProfile { return &c.Client }).writtenIf(func(c *Consumer) bool { return c.Client != "" }),
	bind("config", "Kafka's consumer keys", configuration(kafkaconfig.Consumer), func(c *Consumer) *map[string]string { return &c.Config }),
})

// checkConsumerHandling: only a consumer of a group works on what it reads one after the other.
func checkConsumerHandling(r *reader, at at, c *Consumer) {
	checkHandling(r, at, &c.Handling)
	for _, field := range []string{"failures", "deduplicate"} {
		if child := at.node.child(field); child != nil && !child.isNull() && at.node.child("group") == nil {
			r.report(child.place, pointerTo(at.pointer, field), "", "%q needs a \"group\": only a consumer that commits works on one record after the other", field)
		}
	}
}

// checkOwnState: an application commits its own state in one of the two ways, as it is called.
func checkOwnState(r *reader, at at, p *Producer) {
	second := at.node.child("dual_write")
	if p.Outbox && p.DualWrite {
		r.report(second.place, pointerTo(at.pointer, "dual_write"), "", "\"outbox\" and \"dual_write\" are two ways to do it: choose one")
	}
	if rate := at.node.child("rate"); rate != nil && p.Rate == RateMax && (p.Outbox || p.DualWrite) {
		r.report(rate.place, pointerTo(at.pointer, "rate"), "", "rate: max waits for the brokers' acknowledgements, and with a store of its own the application does not")
	}
}

// checkAssignment fills in what depends on the group.
func checkAssignment(r *reader, at at, c *Consumer) {
	for i := range at.node.entries {
		if child := at.child(i); at.node.entries[i].key == "seek" && child.node.kind == listNode && len(child.node.items) == len(c.Seeks) {
			checkSeeks(r, child, c.Seeks)
		}
	}
	if at.node.child("topics") != nil && len(c.Topics) == 0 && clean(r.diagnostics, pointerTo(at.pointer, "topics")) {
		r.fail(at, "topics of consumer %s names none", at.name())
	}
	if at.node.child("group") == nil {
		if assignment := at.node.child("assignment"); assignment == nil {
			c.Assignment = AssignmentFixed
		} else if c.Assignment == AssignmentGroup {
			r.report(assignment.place, pointerTo(at.pointer, "assignment"), "", "assignment: group needs a \"group\" to be a member of")
		}
		if at.node.child("commit") == nil {
			c.Commit = CommitNone
		} else if c.Commit != CommitNone && c.Commit != "" {
			r.report(at.node.child("commit").place, pointerTo(at.pointer, "commit"), "", "commit: %s needs a \"group\" to commit for", c.Commit)
		}
		return
	}
	if at.node.child("assignment") == nil {
		c.Assignment = AssignmentGroup
	}
	if at.node.child("commit") == nil {
		c.Commit = CommitAfterProcess
	}
}

var processFields = []boundField[Distribution]{
	bind("time", "the time that one record takes", times, func(d *Distribution) *Distribution { return d }).orDefault("0s"),
}

var costFields = []boundField[Cost]{
	bind("profile", "the named costs to start from; what stands beside it differs from them", profileCodec, func(c *Cost) *string { return &c.Profile }).writtenIf(func(c *Cost) bool { return c.Profile != "" && c.Profile != Profiles[0].Name }),
	bind("network", "each direction of each connection", object(networkFields), func(c *Cost) *NetworkCost { return &c.Network }).orDefault("{}"),
	bind("disk", "each node's disk", object(diskFields), func(c *Cost) *DiskCost { return &c.Disk }).orDefault("{}"),
	bind("cpu", "each node's CPUs", object(cpuFields), func(c *Cost) *CPUCost { return &c.CPU }).orDefault("{}"),
	bind("zones", "places with a network of their own between them, by name; in place of the profile's", zonesCodec, func(c *Cost) *[]Zone { return &c.Zones }),
}

var networkFields = []boundField[NetworkCost]{
	bind("latency", "one way", times, func(n *NetworkCost) *Distribution { return &n.Latency }).orDefault("{dist: lognormal, p50: 300us, p99: 5ms}"),
	bind("bandwidth", "of one direction", quantityOf(bandwidthDimension, 1, Bandwidth(most)), func(n *NetworkCost) *Bandwidth { return &n.Bandwidth }).orDefault("10Gbit/s"),
}

var diskFields = []boundField[DiskCost]{
	bind("fsync", "one sync, without its data", times, func(d *DiskCost) *Distribution { return &d.Fsync }).orDefault("{dist: lognormal, p50: 200us, p99: 8ms}"),
	bind("bandwidth", "reading and writing", quantityOf(bandwidthDimension, 1, Bandwidth(most)), func(d *DiskCost) *Bandwidth { return &d.Bandwidth }).orDefault("500MiB/s"),
	bind("writeback", "unsynced data reaches the disk by itself after this", duration(time.Millisecond), func(d *DiskCost) *time.Duration { return &d.Writeback }).orDefault("30s"),
}

var cpuFields = []boundField[CPUCost]{
	bind("cores", "of each node", integer[int](1, 1024), func(c *CPUCost) *int { return &c.Cores }).orDefault("4"),
	bind("per_request", "the time one message takes", duration(0), func(c *CPUCost) *time.Duration { return &c.PerRequest }).orDefault("20us"),
	bind("per_byte", "the time one byte takes on top", duration(0), func(c *CPUCost) *time.Duration { return &c.PerByte }).orDefault("1ns"),
}

var reportFields = []boundField[Report]{
	bind("formats", "what is written beside the results", list(words("html", "json", "junit", "markdown"), false), func(r *Report) *[]string { return &r.Formats }).orDefault("[html, json, junit, markdown]"),
	bind("plots", "what is drawn", list(words("throughput", "latency", "lag", "isr", "groups", "transactions"), false), func(r *Report) *[]string { return &r.Plots }).orDefault("[throughput, latency, lag, isr, groups, transactions]"),
}

// seedsCodec reads {base: 0xC0FFEE, count: 200} or [1, 2, 3].
var seedsCodec = makeSeedsCodec()

func makeSeedsCodec() codec[Seeds] {
	seed := scalar(Shape{Kind: ShapeEither, Either: []Shape{{Kind: ShapeInteger}, {Kind: ShapeText, Pattern: `^(0[xX][0-9a-fA-F]+|[0-9]+)$`}}},
		ParseSeed, PrintSeed, "!!int", "!!str", "!!float")
	fields := object([]boundField[Seeds]{
		bind("base", "the first seed, decimal or hexadecimal", seed, func(s *Seeds) *uint64 { return &s.Base }).orDefault("1"),
		bind("count", "how many", integer[int](1, mostSeeds), func(s *Seeds) *int { return &s.Count }).must(),
	})
	several := list(seed, false)
	return codec[Seeds]{
		shape: Shape{Kind: ShapeEither, Either: []Shape{fields.shape, several.shape}},
		read: func(r *reader, at at, into *Seeds) {
			if at.node.kind == mapNode {
				fields.read(r, at, into)
				return
			}
			several.read(r, at, &into.List)
			if at.node.kind == listNode && len(at.node.items) == 0 {
				r.fail(at, "seeds must name at least one seed")
			}
			seen := map[uint64]bool{}
			for _, each := range into.List {
				if seen[each] {
					r.fail(at, "seed %s stands in the list twice", PrintSeed(each))
				}
				seen[each] = true
			}
		},
		write: func(s Seeds) *node {
			if s.List != nil {
				return several.write(s.List)
			}
			written := fields.write(s)
			written.flow = true
			return written
		},
	}
}

// ParseSeed reads a seed in decimal or, after 0x, hexadecimal digits. The error completes "must be ...".
func ParseSeed(text string) (uint64, error) {
	digits, base := text, 10
	if rest, found := strings.CutPrefix(strings.ToLower(text), "0x"); found {
		digits, base = rest, 16
	}
	value, err := strconv.ParseUint(digits, base, 64)
	if err != nil {
		return 0, fmt.Errorf("a number from 0 to 2^64-1, decimal or with 0x, not %q", text)
	}
	return value, nil
}

// PrintSeed writes a seed as results show it: 0xc0ffee.
func PrintSeed(seed uint64) string { return "0x" + strconv.FormatUint(seed, 16) }

var topicName = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,249}$`)

// validTopicName applies Kafka's own rule.
func validTopicName(name string) error {
	if !topicName.MatchString(name) || name == "." || name == ".." {
		return fmt.Errorf("%q is no topic name: up to 249 letters, digits, dots, underscores and hyphens", name)
	}
	if name == offsetsTopic || name == transactionsTopic {
		return fmt.Errorf("the brokers make %s by themselves; keys under the cluster's config say how", name)
	}
	return nil
}

var clientName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_-]{0,62}$`)

func validClientName(name string) error {
	if !clientName.MatchString(name) {
		return fmt.Errorf("%q is no name for a client: up to 63 letters, digits, underscores and hyphens, a letter first", name)
	}
	return nil
}

var variantsCodec = inOrder("variant", object([]boundField[variantDocument]{
	bind("set", "values by JSON pointer; null deletes", asWritten(Shape{Kind: ShapeMap, Pointed: true, Element: &Shape{Kind: ShapeAny}}), func(v *variantDocument) **node { return &v.Set }),
	bind("expect", "verdicts by claim", asWritten(Shape{Kind: ShapeMap, Element: &Shape{Kind: ShapeText, Words: []string{string(Holds), string(Violated)}}}), func(v *variantDocument) **node { return &v.Expect }),
	bind("point", "where in a sweep it stands: settings by JSON pointer; resolved scenarios have it in place of the sweep", asWritten(Shape{Kind: ShapeMap, Pointed: true, Element: &Shape{Kind: ShapeText}}), func(v *variantDocument) **node { return &v.Point }),
}, func(r *reader, at at, v *variantDocument) {
	if v.Point == nil && variantName.MatchString(v.Name) && !claimName.MatchString(v.Name) {
		r.report(at.key, at.pointer, "", "%q is no name for a variant: up to 100 letters, digits, dots, underscores and hyphens", v.Name)
	}
}), func(v *variantDocument) *string { return &v.Name }, validVariantName)

// asWritten keeps a map's nodes; what they mean depends on the rest of the file.
func asWritten(shape Shape) codec[*node] {
	return codec[*node]{
		shape: shape,
		read: func(r *reader, at at, into **node) {
			if at.node.kind != mapNode {
				r.fail(at, "%s must be a map, not %s", at.name(), at.node.describe())
				return
			}
			*into = at.node
		},
		write: func(n *node) *node {
			if n == nil {
				return nil
			}
			return unlessEmpty(n)
		},
	}
}

// variantName also takes the names of a sweep's points: rate=1000/s,acks=all.
var variantName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._=,/+-]{0,99}$`)

func validVariantName(name string) error {
	if name == Base {
		return fmt.Errorf("%q names the scenario without overrides; choose another name", Base)
	}
	if !variantName.MatchString(name) {
		return fmt.Errorf("%q is no name for a variant: up to 100 letters, digits, dots, underscores and hyphens", name)
	}
	return nil
}

func contains(list []string, word string) bool {
	for _, each := range list {
		if each == word {
			return true
		}
	}
	return false
}
