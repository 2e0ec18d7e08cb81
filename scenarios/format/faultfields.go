package format

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"assay/faults"
)

func faultsOf(d *document) *faults.Plan { return &d.Scenario.Faults }

var faultsFields = []boundField[faults.Plan]{
	bind("random", "faults drawn anew for each seed", pointerOf(object(randomFields)), func(p *faults.Plan) **faults.Random { return &p.Random }),
	bind("timeline", "faults at stated moments", timelineCodec, func(p *faults.Plan) *[]faults.Spec { return &p.Timeline }),
}

var randomFields = []boundField[faults.Random]{
	bind("kinds", "the kinds drawn from", list(randomKindCodec, false), func(r *faults.Random) *[]faults.Kind { return &r.Kinds }).orDefault(defaultKinds()),
	bind("targets", "the targets drawn from", list(targetCodec, false), func(r *faults.Random) *[]faults.Target { return &r.Targets }).orDefault("[one, minority, leaders, controller, clients]"),
	bind("interval", "the mean time between two faults", duration(time.Millisecond), func(r *faults.Random) *time.Duration { return &r.Interval }).orDefault("10s"),
	bind("duration", "how long faults last: a range, or one duration", rangeCodec, func(r *faults.Random) *faults.Range { return &r.Duration }).orDefault("1s..15s"),
	bind("swarm", "whether each seed draws a subset of kinds and targets, and values for safe knobs left unset", boolean(), func(r *faults.Random) *bool { return &r.Swarm }).orDefault("false"),
	bind("budget", "how many brokers may be impaired at a time", words(faults.BudgetOne, faults.BudgetMinority, faults.BudgetSurvivable, faults.BudgetUnlimited), func(r *faults.Random) *faults.Budget { return &r.Budget }).orDefault("minority"),
}

func defaultKinds() string {
	var kinds []string
	for _, d := range faults.Descriptions {
		if d.ByDefault && d.Modelled {
			kinds = append(kinds, string(d.Kind))
		}
	}
	return "[" + strings.Join(kinds, ", ") + "]"
}

// randomKindCodec takes the kinds that can be drawn.
var randomKindCodec = makeRandomKindCodec()

func makeRandomKindCodec() codec[faults.Kind] {
	c := faultKinds()
	c.shape.Words = nil
	for _, d := range faults.Descriptions {
		if d.Modelled && d.RandomOK {
			c.shape.Words = append(c.shape.Words, string(d.Kind))
		}
	}
	read := c.read
	c.read = func(r *reader, at at, into *faults.Kind) {
		before := len(r.diagnostics)
		read(r, at, into)
		// Random targets are nodes and clients; moving leadership needs a partition.
		if d, known := faults.Describe(*into); len(r.diagnostics) == before && known && !d.RandomOK {
			r.fail(at, "%s cannot be drawn at random; put it into the timeline", *into)
		}
	}
	return c
}

func faultKinds() codec[faults.Kind] {
	var choices []choice[faults.Kind]
	for _, d := range faults.Descriptions {
		choices = append(choices, choice[faults.Kind]{string(d.Kind), d.Kind, !d.Modelled})
	}
	return oneOf(choices...)
}

var targetCodec = scalar(Shape{Kind: ShapeText}, func(text string) (faults.Target, error) {
	target, err := faults.ParseTarget(text)
	if err != nil {
		return target, fmt.Errorf("a node, a client or a word such as leader(orders/0): %w", err)
	}
	return target, nil
}, faults.Target.String, "!!str")

var rangeCodec = scalar(Shape{Kind: ShapeText, Pattern: rangePattern()}, parseRange, printRange, "!!str", "!!int", "!!float")

func rangePattern() string {
	one := strings.Trim(timeDimension.pattern(), "^$")
	return "^" + one + `(\.\.` + one + ")?$"
}

// parseRange reads "1s..15s", and "5s" as a range of one.
func parseRange(text string) (faults.Range, error) {
	low, high, isRange := strings.Cut(text, "..")
	if !isRange {
		high = low
	}
	var ends [2]int64
	for i, end := range []string{low, high} {
		value, err := timeDimension.parse(strings.TrimSpace(end))
		if err != nil {
			return faults.Range{}, fmt.Errorf("a range such as 1s..15s, with each end %w", err)
		}
		ends[i] = value
	}
	if ends[0] > ends[1] || ends[1] > int64(longestTime) {
		return faults.Range{}, fmt.Errorf("a range from the shorter to the longer of at most a year, not %s", text)
	}
	return faults.Range{Min: time.Duration(ends[0]), Max: time.Duration(ends[1])}, nil
}

func printRange(r faults.Range) string {
	if r.Min == r.Max {
		return printDuration(r.Min)
	}
	return printDuration(r.Min) + ".." + printDuration(r.Max)
}

var specFields = []boundField[faults.Spec]{
	bind("id", "names the fault and its random stream; t1, t2, ... by default", text(), func(s *faults.Spec) *string { return &s.ID }),
	bind("at", "when it starts, counted from the run's start", duration(0), func(s *faults.Spec) *time.Duration { return &s.At }).writtenIf(func(s *faults.Spec) bool { return s.When == nil }),
	bind("when", "the passing of a named point at which it starts", pointerOf(object(triggerFields, checkTrigger)), func(s *faults.Spec) **faults.Trigger { return &s.When }),
	bind("kind", "what happens", faultKinds(), func(s *faults.Spec) *faults.Kind { return &s.Kind }).must(),
	bind("target", "whom it hits: a target or a list of them", list(targetCodec, true), func(s *faults.Spec) *[]faults.Target { return &s.Target }),
	bind("groups", "who is kept from whom", list(list(targetCodec, true), false), func(s *faults.Spec) *[][]faults.Target { return &s.Groups }),
	bind("direction", "which way bytes stall, seen from the first group", oneOf(choicesOf(faults.Both, faults.In, faults.Out)...), func(s *faults.Spec) *faults.Direction { return &s.Direction }).writtenIf(takesField(faults.FieldDirection)),
	bind("latency", "the delay that bytes get on top", duration(0), func(s *faults.Spec) *time.Duration { return &s.Latency }).writtenIf(func(s *faults.Spec) bool {
		return takesField(faults.FieldLatency)(s) && (s.Latency > 0 || s.Bandwidth == 0)
	}),
	bind("bandwidth", "what each connection carries at most, each way", quantityOf[int64](bandwidthDimension, 1, most), func(s *faults.Spec) *int64 { return &s.Bandwidth }).writtenIf(func(s *faults.Spec) bool { return s.Bandwidth > 0 }),
	bind("factor", "how many times longer everything takes, 20 by default", integer[int64](2, 100_000), func(s *faults.Spec) *int64 { return &s.Factor }).writtenIf(takesField(faults.FieldFactor)),
	bind("skew", "what is added to the wall clock; -5m sets it back", skewCodec, func(s *faults.Spec) *time.Duration { return &s.Skew }).writtenIf(takesField(faults.FieldSkew)),
	bind("late", "whether bytes already sent still arrive after the break", boolean(), func(s *faults.Spec) *bool { return &s.Late }).writtenIf(takesField(faults.FieldLate)),
	bind("disk", "what becomes of unsynced data", oneOf(choicesOf(faults.LoseUnsynced, faults.Tear, faults.Keep)...), func(s *faults.Spec) *faults.DiskMode { return &s.Disk }).writtenIf(takesField(faults.FieldDisk)),
	bind("to", "the broker that leads next", pointerOf(targetCodec), func(s *faults.Spec) **faults.Target { return &s.To }),
	bind("fence", "whether the old leader learns of it", inverted(boolean()), func(s *faults.Spec) *bool { return &s.NoFence }).writtenIf(takesField(faults.FieldFence)),
	bind("duration", "how long it lasts, or waits for its target", duration(0), func(s *faults.Spec) *time.Duration { return &s.Duration }).writtenIf(func(s *faults.Spec) bool { return s.Duration > 0 }),
}

func choicesOf[T interface {
	~uint8
	String() string
}](values ...T) []choice[T] {
	var choices []choice[T]
	for _, v := range values {
		choices = append(choices, choice[T]{v.String(), v, false})
	}
	return choices
}

func takesField(field faults.Field) func(*faults.Spec) bool {
	return func(s *faults.Spec) bool {
		d, _ := faults.Describe(s.Kind)
		return slices.Contains(d.Fields, field)
	}
}

var triggerFields = []boundField[faults.Trigger]{
	bind("event", "the point's name", filledText(), func(t *faults.Trigger) *string { return &t.Event }).must(),
	bind("topic", "of this topic only", filledText(), func(t *faults.Trigger) *string { return &t.Topic }),
	bind("partition", "of this partition only", integer[int32](0, mostPartitions), func(t *faults.Trigger) *int32 { return &t.Partition }).writtenIf(func(t *faults.Trigger) bool { return t.Partition >= 0 }),
	bind("node", "on this node only", filledText(), func(t *faults.Trigger) *string { return &t.Node }),
	bind("nth", "the how-manieth passing, or the offset that a high watermark passes", integer[int64](1, most), func(t *faults.Trigger) *int64 { return &t.Nth }).orDefault("1"),
}

func checkTrigger(r *reader, at at, t *faults.Trigger) {
	if at.node.child("partition") == nil {
		t.Partition = -1
		return
	}
	if at.node.child("topic") == nil {
		r.fail(at, "when names a partition without its topic")
	}
}

// timelineCodec prints each fault on one line.
var timelineCodec = makeTimelineCodec()

func makeTimelineCodec() codec[[]faults.Spec] {
	spec := object(specFields, checkSpec).withCases(specCases())
	c := list(spec, false)
	write := c.write
	c.read = func(r *reader, at at, into *[]faults.Spec) {
		if at.node.kind != listNode {
			r.fail(at, "timeline must be a list of faults, not %s", at.node.describe())
			return
		}
		// A fault with errors keeps its place, so that the others are checked under their own pointers.
		*into = make([]faults.Spec, len(at.node.items))
		for i := range at.node.items {
			spec.read(r, at.item(i), &(*into)[i])
		}
		nameFaults(r, at, *into)
		if len(*into) == 0 {
			*into = nil
		}
	}
	c.write = func(specs []faults.Spec) *node {
		written := write(specs)
		if written != nil {
			written.flow = false
			for _, item := range written.items {
				item.flow = true
			}
		}
		return written
	}
	return c
}

// nameFaults gives each fault without an id its place in the list for one, and refuses ids that stand twice.
func nameFaults(r *reader, at at, specs []faults.Spec) {
	seen := map[string]bool{}
	for i := range specs {
		if specs[i].ID == "" {
			specs[i].ID = fmt.Sprintf("t%d", i+1)
		}
		if seen[specs[i].ID] {
			r.fail(at.item(i), "the id %q names two faults of the timeline", specs[i].ID)
		}
		seen[specs[i].ID] = true
	}
}

// defaultFactor makes a disk that syncs in a fifth of a millisecond take as long as one that stands still for a turn of
// its platters, or whose credit for bursts is used up.
const defaultFactor = 20

// neededFields are the parameters without which a fault of the kind has no meaning.
func neededFields(d faults.Description) []string {
	var needed []string
	if d.Kind != faults.Roll { // all brokers, if it does not say
		needed = append(needed, string(d.Fields[0]))
	}
	if slices.Contains(d.Fields, faults.FieldSkew) {
		needed = append(needed, string(faults.FieldSkew))
	}
	if d.Lasting {
		needed = append(needed, "duration")
	}
	return needed
}

// allowedFields are the parameters of a kind with those of every fault. One that does not last may still say how long
// it waits for its target to be found.
func allowedFields(d faults.Description) []string {
	allowed := []string{"id", "at", "when", "kind", "duration"}
	for _, field := range d.Fields {
		allowed = append(allowed, string(field))
	}
	return allowed
}

func specCases() []Case {
	var cases []Case
	for _, d := range faults.Descriptions {
		if d.Modelled {
			cases = append(cases, Case{"kind", string(d.Kind), neededFields(d), allowedFields(d)})
		}
	}
	return cases
}

// fillFault gives parameters that were left out their values.
func fillFault(at at, s *faults.Spec, d faults.Description) {
	if slices.Contains(d.Fields, faults.FieldFactor) && at.node.child("factor") == nil {
		s.Factor = defaultFactor
	}
	if d.Kind == faults.Roll && at.node.child("target") == nil {
		s.Target = []faults.Target{{Kind: faults.All}}
	}
}

// skewCodec is a duration with a sign.
var skewCodec = writingText(scalar(Shape{Kind: ShapeText, Pattern: "^[+-]?" + strings.Trim(timeDimension.pattern(), "^$") + "$"}, parseSkew, printSkew, "!!str", "!!int", "!!float"))

// parseSkew reads "-5m". The error completes "must be ...".
func parseSkew(text string) (time.Duration, error) {
	digits, back := strings.CutPrefix(text, "-")
	if !back {
		digits = strings.TrimPrefix(text, "+")
	}
	value, err := timeDimension.parse(digits)
	switch {
	case err != nil:
		return 0, err
	case value == 0 || value > int64(longestTime):
		return 0, fmt.Errorf("other than 0s and at most a year either way, not %s", text)
	case back:
		value = -value
	}
	return time.Duration(value), nil
}

func printSkew(d time.Duration) string {
	if d < 0 {
		return "-" + printDuration(-d)
	}
	return printDuration(d)
}

// checkSpec checks what a kind takes and needs.
func checkSpec(r *reader, at at, s *faults.Spec) {
	if hasAt, hasWhen := at.node.child("at") != nil, at.node.child("when") != nil; hasAt == hasWhen {
		r.fail(at, "a fault of the timeline needs either \"at\" or \"when\"")
	}
	d, known := faults.Describe(s.Kind)
	if !known {
		return
	}
	allowed, required := allowedFields(d), neededFields(d)
	fillFault(at, s, d)
	if s.Kind == faults.Delay && at.node.child("latency") == nil && at.node.child("bandwidth") == nil {
		r.fail(at, "delay faults need \"latency\", \"bandwidth\" or both")
	}
	r.takes(at, string(s.Kind)+" faults", required, allowed...)
	if s.NoFence && s.Duration == 0 {
		r.fail(at, "%s with fence: false needs \"duration\": how long the old leader stays unaware", s.Kind)
	}
	if groups := at.node.child("groups"); groups != nil && len(s.Groups) < 2 {
		r.report(groups.place, pointerTo(at.pointer, "groups"), "", "groups must name at least two, such as [[broker-1], rest]")
	}
	if target := at.node.child("target"); target != nil && len(s.Target) == 0 && target.kind == listNode && len(target.items) == 0 {
		r.report(target.place, pointerTo(at.pointer, "target"), "", "target names nobody")
	}
	if d.Lasting && at.node.child("duration") != nil && s.Duration == 0 && at.node.child("duration").text != "" {
		r.report(at.node.child("duration").place, pointerTo(at.pointer, "duration"), "", "duration must be above 0s")
	}
}
