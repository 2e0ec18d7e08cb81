package faults

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// scripted is a cluster on paper: it keeps time, and writes down what is done to it.
type scripted struct {
	seed     uint64
	now      time.Duration
	agenda   []event
	log      []string
	leader   string
	impaired []string
	down     []string
	// dying is how long a killed process lives on, as one does that is to die in
	// the middle of a step.
	dying time.Duration
	// stopping is how long an orderly stop takes, unsettled how long a restarted
	// broker takes to be in sync again.
	stopping  time.Duration
	unsettled map[string]time.Duration // until when
	recovery  time.Duration
}

type event struct {
	at time.Duration
	do func()
}

func (c *scripted) Now() time.Duration { return c.now }
func (c *scripted) At(at time.Duration, do func()) {
	c.agenda = append(c.agenda, event{at, do})
}
func (c *scripted) Brokers() []string { return []string{"broker-1", "broker-2", "broker-3"} }
func (c *scripted) Controllers() []string {
	return []string{"controller-1", "controller-2", "controller-3"}
}
func (c *scripted) Clients() []string { return []string{"web-0", "web-1"} }
func (c *scripted) Members(name string) []string {
	if name == "web" {
		return c.Clients()
	}
	for _, list := range [][]string{c.Brokers(), c.Controllers(), c.Clients()} {
		if slices.Contains(list, name) {
			return []string{name}
		}
	}
	return nil
}
func (c *scripted) ActiveController() (string, bool)    { return "controller-1", true }
func (c *scripted) Leader(string, int32) (string, bool) { return c.leader, c.leader != "" }
func (c *scripted) Coordinator(name string) (string, bool) {
	return "broker-3", name == "billing"
}
func (c *scripted) Followers(string, int32) []string { return []string{"broker-2", "broker-3"} }
func (c *scripted) InSync(string, int32) []string    { return c.Brokers() }
func (c *scripted) Leading() []string                { return c.Brokers() }
func (c *scripted) LedBy(broker string) []Target {
	if leader, _ := c.Leader("t", 0); leader == broker {
		return []Target{{Kind: TopicPartition, Topic: "t"}, {Kind: TopicPartition, Topic: "t", Partition: 1}}
	}
	return nil
}
func (c *scripted) Up(name string) bool             { return !slices.Contains(c.down, name) }
func (c *scripted) Impaired() []string              { return append(slices.Clone(c.impaired), c.down...) }
func (c *scripted) ImpairedControllers() []string   { return nil }
func (c *scripted) Survives(impaired []string) bool { return len(impaired) < 3 }
func (c *scripted) Kill(name string, _ *rand.Rand) {
	c.note("kill %s", name)
	c.At(c.now+c.dying, func() { c.down = append(c.down, name) })
}
func (c *scripted) PowerLoss(name string, m DiskMode, _ *rand.Rand) {
	c.note("power_loss %s %s", name, m)
}
func (c *scripted) Restart(name string) {
	c.note("restart %s", name)
	c.down = slices.DeleteFunc(c.down, func(n string) bool { return n == name })
	if c.unsettled == nil {
		c.unsettled = map[string]time.Duration{}
	}
	c.unsettled[name] = c.now + c.recovery
}
func (c *scripted) Stop(name string, patience time.Duration, stopped func()) {
	c.note("stop %s", name)
	c.At(c.now+min(patience, c.stopping), func() {
		c.down = append(c.down, name)
		stopped()
	})
}
func (c *scripted) Settled(name string) bool { return c.Up(name) && c.now >= c.unsettled[name] }
func (c *scripted) Pause(name string)        { c.note("pause %s", name) }
func (c *scripted) Resume(name string)       { c.note("resume %s", name) }
func (c *scripted) Cut(from, to []string) func() {
	c.note("cut %s > %s", strings.Join(from, ","), strings.Join(to, ","))
	return func() { c.note("heal %s > %s", strings.Join(from, ","), strings.Join(to, ",")) }
}
func (c *scripted) Slow(from, to []string, latency time.Duration) func() {
	c.note("slow %s > %s by %s", strings.Join(from, ","), strings.Join(to, ","), latency)
	return func() { c.note("fast %s > %s", strings.Join(from, ","), strings.Join(to, ",")) }
}
func (c *scripted) Narrow(from, to []string, bytesPerSecond int64) func() {
	c.note("narrow %s > %s to %d B/s", strings.Join(from, ","), strings.Join(to, ","), bytesPerSecond)
	return func() { c.note("widen %s > %s", strings.Join(from, ","), strings.Join(to, ",")) }
}
func (c *scripted) SlowDisk(name string, factor int64) func() {
	c.note("slow disk of %s by %d", name, factor)
	return func() { c.note("fast disk of %s", name) }
}
func (c *scripted) SkewClock(name string, by time.Duration) func() {
	c.note("skew %s by %s", name, by)
	return func() { c.note("right clock of %s", name) }
}
func (c *scripted) Reset(name string, late bool, _ *rand.Rand) {
	c.note("reset %s late=%t", name, late)
}
func (c *scripted) MoveLeader(topic string, partition int32, to string, fence bool, _ time.Duration) error {
	c.note("move %s/%d to %s fence=%t", topic, partition, to, fence)
	return nil
}
func (c *scripted) ExpireSession(name string) error {
	c.note("expire_session %s", name)
	return nil
}
func (c *scripted) DelayMetadata(name string, d time.Duration) {
	c.note("delay_metadata %s %s", name, d)
}
func (c *scripted) Stream(purpose ...string) *rand.Rand {
	h := fnv.New64a()
	fmt.Fprint(h, purpose)
	return rand.New(rand.NewPCG(c.seed, h.Sum64()))
}
func (c *scripted) note(format string, args ...any) {
	c.log = append(c.log, fmt.Sprintf("%s ", c.now)+fmt.Sprintf(format, args...))
}

// run carries the agenda out in order of time, ties in order of scheduling.
func (c *scripted) run() []string {
	for len(c.agenda) > 0 {
		next := 0
		for i := range c.agenda {
			if c.agenda[i].at < c.agenda[next].at {
				next = i
			}
		}
		e := c.agenda[next]
		c.agenda = slices.Delete(c.agenda, next, next+1)
		c.now = max(c.now, e.at)
		e.do()
	}
	return c.log
}

func target(t *testing.T, text string) []Target {
	parsed, err := ParseTarget(text)
	require.NoError(t, err)
	require.Equal(t, text, parsed.String())
	return []Target{parsed}
}

func TestTimeline(t *testing.T) {
	c := &scripted{leader: "broker-1"}
	plan := Plan{Timeline: []Spec{
		{ID: "t1", At: time.Second, Kind: Kill, Target: target(t, "leader(orders/0)"), Duration: 2 * time.Second},
		{ID: "t2", At: 2 * time.Second, Kind: Kill, Target: target(t, "broker-1"), Duration: 2 * time.Second},
		{ID: "t3", At: 3 * time.Second, Kind: Partition, Direction: Out, Duration: time.Second,
			Groups: [][]Target{append(target(t, "leader(orders/0)"), target(t, "web")...), target(t, "rest")}},
		{ID: "t4", At: 5 * time.Second, Kind: MoveLeader, Target: target(t, "orders/0")},
		{ID: "t6", At: 6 * time.Second, Kind: ExpireSession, Target: target(t, "coordinator(billing)")},
		{ID: "t7", At: 7 * time.Second, Kind: Reset, Target: target(t, "coordinator(enrich-0)")},
		{ID: "t5", At: 60 * time.Second, Kind: Reset, Target: target(t, "one")},
	}}
	e := NewEngine(plan, nil, 30*time.Second, c)
	require.Equal(t, []string{
		"1s kill broker-1",
		"2s kill broker-1",
		"3s cut broker-1,web-0,web-1 > broker-2,broker-3,controller-1,controller-2,controller-3",
		"4s restart broker-1", // held down by the second kill when the first ended
		"4s heal broker-1,web-0,web-1 > broker-2,broker-3,controller-1,controller-2,controller-3",
		"5s move orders/0 to broker-2 fence=true",
		"6s expire_session broker-3",
	}, c.run())
	records := e.Records()
	require.Len(t, records, 7)
	require.Equal(t, Skipped, records[0].Outcome, "starts after the load has ended")
	for _, r := range records[1:6] {
		require.Equal(t, Applied, r.Outcome)
	}
	require.Equal(t, "enrich-0 has no coordinator", records[6].Reason)
	require.Equal(t, []string{"broker-1", "web-0", "web-1"}, records[3].Names())
	end, quiet := e.End()
	require.True(t, quiet)
	require.Equal(t, 6*time.Second, end)
}

func TestTriggerCountsPassingsOrReachesAnOrdinal(t *testing.T) {
	c := &scripted{leader: "broker-1"}
	e := NewEngine(Plan{Timeline: []Spec{
		{ID: "t1", Kind: Pause, Target: target(t, "broker-1"), Duration: time.Second,
			When: &Trigger{Event: "high_watermark", Topic: "orders", Partition: 0, Nth: 300}},
		{ID: "t2", Kind: Pause, Target: target(t, "broker-2"), Duration: time.Second,
			When: &Trigger{Event: "leader_changed", Partition: -1, Nth: 2}},
		{ID: "t3", Kind: Pause, Target: target(t, "broker-3"), Duration: time.Second,
			When: &Trigger{Event: "never", Partition: -1}},
	}}, nil, time.Minute, c)
	e.Passed("broker-1", "high_watermark", "orders", 0, 299)
	e.Passed("broker-1", "high_watermark", "orders", 1, 500)
	e.Passed("broker-1", "leader_changed", "orders", 1, -1)
	require.Empty(t, c.run())
	e.Passed("broker-1", "high_watermark", "orders", 0, 310)
	e.Passed("broker-1", "high_watermark", "orders", 0, 320)
	e.Passed("broker-1", "leader_changed", "orders", 1, -1)
	require.Equal(t, []string{"0s pause broker-1", "0s pause broker-2", "1s resume broker-1", "1s resume broker-2"}, c.run())
	e.Close()
	require.Equal(t, "never did not come", e.Records()[2].Reason)
}

func TestUnresolvableTargetWaitsThenIsSkipped(t *testing.T) {
	c := &scripted{}
	e := NewEngine(Plan{Timeline: []Spec{
		{ID: "t1", At: time.Second, Kind: Kill, Target: target(t, "leader(orders/0)"), Duration: 3 * time.Second},
		{ID: "t2", At: 10 * time.Second, Kind: Kill, Target: target(t, "leader(orders/0)"), Duration: 3 * time.Second},
	}}, nil, time.Minute, c)
	c.At(11*time.Second, func() { c.leader = "broker-3" })
	require.Equal(t, []string{"11s kill broker-3", "14s restart broker-3"}, c.run())
	require.Equal(t, Skipped, e.Records()[0].Outcome)
	require.Equal(t, "orders/0 has no leader", e.Records()[0].Reason)
	require.Equal(t, Applied, e.Records()[1].Outcome)
}

func TestRandomFaultsStayWithinTheBudget(t *testing.T) {
	outcomes := map[Outcome]int{}
	for seed := range uint64(200) {
		c := &scripted{seed: seed, leader: "broker-1"}
		random := &Random{Interval: 3 * time.Second, Duration: Range{time.Second, 15 * time.Second},
			Kinds: []Kind{Kill}, Targets: []Target{{Kind: One}, {Kind: Leaders}, {Kind: Majority}}, Budget: BudgetMinority}
		e := NewEngine(Plan{Random: random}, Draw(random, time.Minute, c.Stream), time.Minute, c)
		c.run()
		for _, r := range e.Records() {
			outcomes[r.Outcome]++
			if r.Outcome != Skipped {
				require.Len(t, r.Names(), 1, "one of three brokers is a minority")
			}
		}
		require.Empty(t, c.down)
	}
	require.Positive(t, outcomes[Applied])
	require.Positive(t, outcomes[Reduced])
	require.Positive(t, outcomes[Skipped])
}

// TestWhoIsAboutToDieIsImpaired: a process that is to die in the middle of a step
// is still up when the next fault comes.
func TestWhoIsAboutToDieIsImpaired(t *testing.T) {
	for _, names := range [][2]string{{"broker-1", "broker-2"}, {"controller-1", "controller-2"}} {
		c := &scripted{dying: 20 * time.Millisecond}
		e := NewEngine(Plan{Random: &Random{Budget: BudgetMinority}, Timeline: []Spec{
			{ID: "r1", At: time.Second, Kind: Kill, Target: target(t, names[0]), Duration: time.Second},
			{ID: "r2", At: time.Second + 10*time.Millisecond, Kind: Pause, Target: target(t, names[1]), Duration: time.Second},
		}}, nil, time.Minute, c)
		c.run()
		require.Equal(t, Applied, e.Records()[0].Outcome)
		require.Equal(t, Skipped, e.Records()[1].Outcome, "%s is about to die", names[0])
	}
}

func TestAnotherKindChangesNoOtherDraw(t *testing.T) {
	c := &scripted{seed: 7}
	random := &Random{Interval: time.Second, Duration: Range{time.Second, 15 * time.Second}, Kinds: []Kind{Kill, Pause}}
	before := Draw(random, time.Minute, c.Stream)
	random.Kinds = []Kind{Kill, PowerLoss}
	after := Draw(random, time.Minute, c.Stream)
	require.Greater(t, len(before), 30)
	require.Len(t, after, len(before))
	for i := range before {
		require.Equal(t, before[i].At, after[i].At)
		require.Equal(t, before[i].Duration, after[i].Duration)
		require.Equal(t, before[i].Target, after[i].Target)
	}
}

func TestDrawHasTheMeanInterval(t *testing.T) {
	c := &scripted{seed: 1}
	random := &Random{Interval: time.Second, Duration: Range{time.Second, time.Second}}
	require.InDelta(t, 20_000, len(Draw(random, 20_000*time.Second, c.Stream)), 500)
}

func TestSwarmDrawsSubsets(t *testing.T) {
	seen := map[Kind]int{}
	for seed := range uint64(100) {
		c := &scripted{seed: seed}
		kinds := map[Kind]bool{}
		for _, s := range Draw(&Random{Interval: time.Second, Duration: Range{time.Second, time.Second}, Swarm: true}, time.Minute, c.Stream) {
			kinds[s.Kind] = true
		}
		require.NotEmpty(t, kinds)
		for k := range kinds {
			seen[k]++
		}
	}
	require.Len(t, seen, len(DefaultKinds()))
	for kind, runs := range seen {
		require.Less(t, runs, 85, "%s is drawn in nearly every run: no swarm", kind)
	}
}

func TestParseTargetRejects(t *testing.T) {
	for _, text := range []string{"", "leader", "leader(", "leader(orders)", "leader(orders/x)", "leader(/1)", "boss(orders/0)", "orders/-1", "orders/01", "coordinator()"} {
		parsed, err := ParseTarget(text)
		if text == "leader" { // a name: whether it exists is for the scenario to know
			require.NoError(t, err)
			require.Equal(t, Named, parsed.Kind)
			continue
		}
		require.Error(t, err, text)
	}
}

func TestDisksClocksAndBandwidth(t *testing.T) {
	c := &scripted{leader: "broker-2"}
	e := NewEngine(Plan{Timeline: []Spec{
		{ID: "t1", At: time.Second, Kind: SlowDisk, Target: target(t, "leader(orders/0)"), Factor: 50, Duration: 10 * time.Second},
		{ID: "t2", At: 2 * time.Second, Kind: ClockSkew, Target: target(t, "web"), Skew: -time.Minute, Duration: time.Second},
		{ID: "t3", At: 4 * time.Second, Kind: Delay, Direction: In, Bandwidth: 1000, Duration: time.Second,
			Groups: [][]Target{target(t, "broker-1"), target(t, "web-0")}},
		{ID: "t4", At: 6 * time.Second, Kind: Delay, Direction: Out, Bandwidth: 1000, Latency: time.Second, Duration: time.Second,
			Groups: [][]Target{target(t, "broker-1"), target(t, "web-0")}},
	}}, nil, time.Minute, c)
	require.Equal(t, []string{
		"1s slow disk of broker-2 by 50",
		"2s skew web-0 by -1m0s", "2s skew web-1 by -1m0s", "3s right clock of web-0", "3s right clock of web-1",
		"4s narrow web-0 > broker-1 to 1000 B/s", "5s widen web-0 > broker-1",
		"6s slow broker-1 > web-0 by 1s", "6s narrow broker-1 > web-0 to 1000 B/s", "7s fast broker-1 > web-0", "7s widen broker-1 > web-0",
		"11s fast disk of broker-2",
	}, c.run())
	for _, r := range e.Records() {
		require.Equal(t, Applied, r.Outcome)
	}
}

// What was drawn before there were slow disks and wrong clocks stays as it was.
func TestNewKindsDrawFromStreamsOfTheirOwn(t *testing.T) {
	random := &Random{Interval: time.Second, Duration: Range{time.Second, 15 * time.Second}, Kinds: []Kind{Delay, SlowDisk, ClockSkew}}
	c := &scripted{seed: 3}
	factors, behind, ahead := map[int64]bool{}, 0, 0
	for _, s := range Draw(random, 10*time.Minute, c.Stream) {
		switch s.Kind {
		case SlowDisk:
			require.GreaterOrEqual(t, s.Factor, int64(4))
			require.Less(t, s.Factor, int64(128))
			require.NotEqual(t, Clients, s.Target[0].Kind)
			factors[s.Factor] = true
		case ClockSkew:
			require.GreaterOrEqual(t, s.Skew.Abs(), 10*time.Millisecond)
			require.Less(t, s.Skew.Abs(), 4*time.Hour)
			if s.Skew < 0 {
				behind++
			} else {
				ahead++
			}
		default:
			require.Zero(t, s.Bandwidth)
			require.Zero(t, s.Factor)
		}
		require.Positive(t, s.Duration)
	}
	require.Greater(t, len(factors), 20)
	require.Greater(t, behind, 50)
	require.Greater(t, ahead, 50)
	require.NotContains(t, DefaultKinds(), SlowDisk, "runs that name no kinds stay as they were")
}

// A drawn move takes any partition of its target's to any replica in sync, and
// what is recorded names both, so that it is replayed as it was.
func TestMovesAreDrawn(t *testing.T) {
	plan := Plan{Random: &Random{Budget: BudgetMinority, Interval: time.Second, Duration: Range{time.Second, 2 * time.Second}, Kinds: []Kind{MoveLeader}}}
	c := &scripted{seed: 5, leader: "broker-2"}
	e := NewEngine(plan, Draw(plan.Random, 2*time.Minute, c.Stream), 2*time.Minute, c)
	moved := c.run()

	partitions, destinations, unaware := map[Target]int{}, map[string]int{}, 0
	var timeline []Spec
	for _, r := range e.Records() {
		if r.Outcome == Skipped {
			require.Contains(t, r.Reason, " leads no partition")
			continue
		}
		timeline = append(timeline, r.Spec)
		partitions[r.Spec.Target[0]]++
		destinations[r.Spec.To.Name]++
		if r.Spec.NoFence {
			unaware++
			require.Positive(t, r.Spec.Duration)
		} else {
			require.Zero(t, r.Spec.Duration)
		}
	}
	require.Len(t, partitions, 2)
	require.Len(t, destinations, 3, "the present leader's epoch may be bumped, too")
	require.Positive(t, unaware)
	require.Greater(t, len(moved), 20)
	require.Less(t, unaware, len(moved)/2)

	again := &scripted{seed: 6, leader: "broker-2"}
	NewEngine(Plan{Timeline: timeline}, nil, 2*time.Minute, again)
	require.Equal(t, moved, again.run())
}
