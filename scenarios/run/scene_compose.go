package run

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"assay/checkers"
	"assay/faults"
	"assay/scenarios/result"
)

// maxGaps is how many gaps a scene has at most.
const maxGaps = 12

// margin is how much a scene shows before the first thing that it is about.
const margin = int64(1e6)

// addOperations puts the witness's own operations among the sightings: what its
// clients asked for, when, and what they were told.
func (s *stage) addOperations() {
	var said []result.Mark
	for i, op := range s.witness.Operations {
		lane := s.lane(op.Client)
		call, outcome := "", op.What
		if record, sends := sentRecord(op); sends {
			call = "sends " + record
			if _, outcome, _ = strings.Cut(op.What, ": "); outcome != "" {
				outcome = "is told: " + outcome
			}
		}
		at := func(when int64, what string) {
			told := result.Mark{Lane: lane, At: when, What: what}
			if slices.Contains(said, told) {
				return // the same send, in two places
			}
			said = append(said, told)
			s.add(sighting{weight: weightOperation, at: when, mark: &result.Mark{Lane: lane, At: when, Kind: markClient, Offending: true, What: what}})
		}
		if call != "" {
			at(op.Call, call)
		}
		if told, tells := strings.CutPrefix(outcome, "tells that "); tells && lane == auditorName {
			outcome = "hears from " + op.Client + " that " + told
		}
		if strings.HasPrefix(outcome, "transaction ") {
			outcome = "is told of " + outcome
		}
		if lane == auditorName && strings.HasPrefix(outcome, "reads, finally,") {
			outcome = "reads the whole log at the end" + s.notFound()
		}
		if i == s.showing() {
			outcome += ": " + s.witness.Anomaly
		}
		if op.Return >= 0 && outcome != "" {
			at(op.Return, outcome)
		}
	}
}

// notFound names the records that the final read should have found.
func (s *stage) notFound() string {
	if s.witness.Anomaly != string(checkers.LostWrite) || len(s.records) == 0 {
		return ""
	}
	return " and does not find " + strings.Join(s.records, ", ")
}

// showing is the operation that shows what is wrong: the last to return.
func (s *stage) showing() int {
	last := -1
	for i, op := range s.witness.Operations {
		if op.Return >= 0 && (last < 0 || op.Return >= s.witness.Operations[last].Return) {
			last = i
		}
	}
	return last
}

// span finds the part of the run to show: from the first operation that sends,
// or the first time that something stood at the witness's places, to the last
// operation; and when the damage was done: when another record took the place of
// the witness's, else at the last change of what stands there.
func (s *stage) span() span {
	within := span{from: -1}
	for _, op := range s.witness.Operations {
		within.to = max(within.to, op.Call, op.Return)
		if len(s.records) > 0 && (within.from < 0 || op.Call < within.from) {
			within.from = op.Call
		}
	}
	for _, found := range s.found {
		if found.mark == nil || !found.mark.Offending && found.mark.Kind != markAppend {
			continue
		}
		if within.from < 0 || len(s.records) == 0 && found.at < within.from {
			within.from = found.at
		}
		if found.mark.Kind != markClient && found.mark.Kind != markWatermark {
			within.done = max(within.done, found.at)
		}
	}
	for _, op := range s.witness.Operations {
		if _, sends := sentRecord(op); sends {
			within.done = max(within.done, op.Return)
		}
	}
	switch {
	case s.lastOfClients() > 0:
		within.done = max(s.desk.decided, s.lastOfClients(), s.landed)
	case s.desk.group != "":
		within.done = max(within.done, s.desk.decided)
	case s.replaced > 0:
		within.done = s.replaced
	}
	if len(s.places) == 0 && len(s.records) == 0 {
		within.from, within.done = s.firstFault(within.to), within.to
	}
	within.from = max(within.from-margin, 0)
	return within
}

// lastOfClients is when the last operation of the witness returned that is not
// the run's own reading; 0 for a witness that is not about a pipeline.
func (s *stage) lastOfClients() (last int64) {
	if len(s.pipes.windows)+len(s.pipes.elsewhere) == 0 && s.processingGroup() == "" {
		return 0
	}
	for _, op := range s.witness.Operations {
		if s.lane(op.Client) != auditorName {
			last = max(last, op.Call, op.Return)
		}
	}
	return last
}

// firstFault is when the first of the faults began that concern the witness: a
// log may have been damaged long before it shows.
func (s *stage) firstFault(otherwise int64) int64 {
	first := otherwise
	for _, r := range s.run.engine.Records() {
		if r.Outcome != faults.Skipped && (slices.Contains(s.witness.Faults, r.Spec.ID) || s.concerns(r)) {
			first = min(first, int64(r.Start))
		}
	}
	return first
}

// faults tells the faults that the witness names, and others that concern it, as
// gaps; those that take no time become marks.
func (s *stage) faults() []result.Gap {
	within := s.span()
	var gaps []result.Gap
	for _, r := range s.run.engine.Records() {
		named := slices.Contains(s.witness.Faults, r.Spec.ID)
		start, end := int64(r.Start), int64(r.End)
		if r.Outcome == faults.Skipped || end < within.from || start > s.explained(within) || !named && !s.concerns(r) {
			continue
		}
		for _, restart := range r.Restarts {
			if restart.Up > 0 {
				gaps = append(gaps, result.Gap{Lane: restart.Name, From: int64(restart.Down), To: int64(restart.Up), Kind: "kill", What: "is stopped (" + r.Spec.ID + ")"})
			}
		}
		if kind := gapKinds[r.Spec.Kind]; kind != "" {
			for _, node := range r.Names() {
				gaps = append(gaps, result.Gap{Lane: node, From: s.gapBegins(r, node), To: end, Kind: kind, What: s.gapWords(r)})
			}
			continue
		}
		for _, node := range r.Names() {
			if words := instantWords(r); words != "" && slices.Contains(s.run.world.Nodes(), node) {
				s.add(sighting{weight: 74, at: start, mark: &result.Mark{Lane: node, At: start, Kind: "fault", What: words}})
			}
		}
	}
	for len(gaps) > maxGaps { // the later ones are nearer to what went wrong
		i := max(slices.IndexFunc(gaps, func(g result.Gap) bool { return !s.names(g) }), 0)
		gaps = slices.Delete(gaps, i, i+1)
	}
	return gaps
}

// explained is when the last fault may begin that a scene tells of: when the damage
// is done, or, of a transaction that hangs, when it was first seen to.
func (s *stage) explained(within span) int64 {
	if s.witness.Anomaly != string(checkers.HungTransaction) {
		return within.done
	}
	for _, op := range s.witness.Operations {
		if s.lane(op.Client) == auditorName {
			return max(within.done, op.Call)
		}
	}
	return within.done
}

// gapBegins is when a node was first not to be reached: one that is killed may go
// on for midStepWindow, until it dies in the middle of a step.
func (s *stage) gapBegins(r faults.Record, node string) int64 {
	start, end := int64(r.Start), int64(r.End)
	if r.Spec.Kind != faults.Kill {
		return start
	}
	for _, at := range s.ended[node] {
		if start <= at && at <= min(end, start+int64(midStepWindow)) {
			return at
		}
	}
	return start
}

// names says whether a gap is of a fault that the witness names.
func (s *stage) names(g result.Gap) bool {
	return slices.ContainsFunc(s.witness.Faults, func(id string) bool { return strings.HasSuffix(g.What, "("+id+")") })
}

// concerns says whether a fault keeps a replica of the partition from running,
// or some of the replicas and of the witness's clients apart.
func (s *stage) concerns(r faults.Record) bool {
	client := func(node string) bool { return slices.Contains(s.senders, node) || slices.Contains(s.readers, node) }
	switch r.Spec.Kind {
	case faults.Kill, faults.PowerLoss, faults.Pause, faults.Roll:
		return slices.ContainsFunc(r.Names(), s.hosts) || (s.desk.group != "" || len(s.pipes.windows) > 0) && slices.ContainsFunc(r.Names(), client)
	case faults.Reset:
		return slices.ContainsFunc(r.Names(), client)
	case faults.Partition:
		sides := 0
		for _, group := range r.Spec.Groups {
			if slices.ContainsFunc(group, func(t faults.Target) bool { return s.hosts(t.String()) || client(t.String()) }) {
				sides++
			}
		}
		return sides > 1
	}
	return false
}

// gapKinds are the faults that last, as scenes name them.
var gapKinds = map[faults.Kind]string{faults.Kill: "kill", faults.PowerLoss: "power_loss", faults.Pause: "pause",
	faults.Partition: "partition", faults.Delay: "delay", faults.DelayMetadata: "delay", faults.SlowDisk: "delay", faults.ClockSkew: "delay"}

func (s *stage) gapWords(r faults.Record) string {
	switch r.Spec.Kind {
	case faults.Kill:
		return "is killed (" + r.Spec.ID + ")"
	case faults.PowerLoss:
		words := map[faults.DiskMode]string{faults.LoseUnsynced: "unsynced data is lost", faults.Tear: "unsynced data is torn", faults.Keep: "unsynced data is kept"}
		return fmt.Sprintf("loses power, %s (%s)", words[r.Spec.Disk], r.Spec.ID)
	case faults.Pause:
		return "is paused (" + r.Spec.ID + ")"
	case faults.SlowDisk:
		return fmt.Sprintf("has a disk %d times as slow (%s)", r.Spec.Factor, r.Spec.ID)
	case faults.ClockSkew:
		return fmt.Sprintf("has its clock off by %s (%s)", r.Spec.Skew, r.Spec.ID)
	case faults.DelayMetadata:
		return "learns of no new metadata (" + r.Spec.ID + ")"
	}
	ways := map[faults.Direction]string{faults.Both: "", faults.In: ", incoming only", faults.Out: ", outgoing only"}
	if r.Spec.Kind == faults.Delay && r.Spec.Latency == 0 {
		return fmt.Sprintf("has little bandwidth to and from %s%s (%s)", s.others(r), ways[r.Spec.Direction], r.Spec.ID)
	}
	if r.Spec.Kind == faults.Delay {
		return fmt.Sprintf("is %s slower to and from %s%s (%s)", r.Spec.Latency, s.others(r), ways[r.Spec.Direction], r.Spec.ID)
	}
	return fmt.Sprintf("is cut off from %s%s (%s)", s.others(r), ways[r.Spec.Direction], r.Spec.ID)
}

// others names whom a fault separates its first group from.
func (s *stage) others(r faults.Record) string {
	if len(r.Spec.Groups) < 2 {
		return "the others"
	}
	var names []string
	for _, t := range r.Spec.Groups[1] {
		names = append(names, t.String())
	}
	brokers := s.run.scenario.Cluster.BrokerNames()
	switch {
	case len(names) > 1 && slices.Equal(names, brokers):
		return "every broker"
	case len(names) <= 3:
		return strings.Join(names, ", ")
	case !slices.ContainsFunc(brokers, func(b string) bool { return !slices.Contains(names, b) && !slices.Contains(r.Names(), b) }):
		return "all the others"
	}
	return fmt.Sprintf("%d others", len(names))
}

func instantWords(r faults.Record) string {
	if r.Spec.Kind == faults.Reset {
		return "loses all its connections (" + r.Spec.ID + ")"
	}
	return ""
}

// compose makes a scene of what was chosen: lanes for the nodes that take part.
func (s *stage) compose(chosen []sighting, left int, within span, gaps []result.Gap) result.Scene {
	scene := result.Scene{Claim: s.claim, Seed: s.run.world.Seed(), Partition: s.witness.Partition, From: within.from, Left: left}
	takesPart := map[string]bool{}
	for _, c := range chosen {
		if c.message != nil {
			scene.Messages = append(scene.Messages, *c.message)
			takesPart[c.message.From], takesPart[c.message.To] = true, true
			scene.To = max(scene.To, c.message.Sent, c.message.Arrived)
			continue
		}
		scene.Marks = append(scene.Marks, *c.mark)
		takesPart[c.mark.Lane] = true
		scene.To = max(scene.To, c.mark.At)
	}
	for _, leader := range s.leaders {
		if leader.To >= scene.From && leader.From <= scene.To {
			takesPart[leader.Broker] = true
			scene.Leaders = append(scene.Leaders, leader)
		}
	}
	for _, gap := range gaps {
		if gap.From <= scene.To && (takesPart[gap.Lane] || s.hosts(gap.Lane)) {
			takesPart[gap.Lane] = true
			scene.Gaps = append(scene.Gaps, gap)
		}
	}
	slices.SortStableFunc(scene.Gaps, func(a, b result.Gap) int { return cmp.Compare(a.From, b.From) })
	scene.Lanes = s.run.lanes(takesPart)
	return scene
}

// lanes are the nodes that take part: clients, then brokers, then controllers.
func (r *run) lanes(takesPart map[string]bool) []result.Lane {
	var lanes []result.Lane
	add := func(kind string, names ...string) {
		for _, name := range names {
			if takesPart[name] {
				lanes = append(lanes, result.Lane{Name: name, Kind: kind})
			}
		}
	}
	add("client", r.clients...)
	add("client", auditorName)
	add("broker", r.scenario.Cluster.BrokerNames()...)
	add("controller", r.scenario.Cluster.ControllerNames()...)
	return lanes
}
