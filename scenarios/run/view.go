package run

import (
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"assay/broker"
	"assay/broker/controller"
	"assay/broker/group"
	"assay/broker/metadata"
	"assay/broker/replica"
	"assay/faults"
	"assay/host"
	"assay/internal/kafka"
	"assay/sim"
)

// view is the cluster as the fault engine sees and hurts it.
type view struct {
	run *run
	// cuts counts the cuts under way from one node to another, narrows the bounds
	// of bandwidth; slows adds up the latencies.
	cuts    map[[2]string]int
	narrows map[[2]string]int
	slows   map[[2]string]time.Duration
	// slowDisks counts the slowdowns under way of a node's disk.
	slowDisks map[string]int
	// stops are called when a process ends that was asked to stop.
	stops map[string][]func()
	// patience is the round trip that a broker's heartbeats survive.
	patience time.Duration
}

func newView(r *run) *view {
	v := &view{run: r, cuts: map[[2]string]int{}, narrows: map[[2]string]int{}, slows: map[[2]string]time.Duration{},
		slowDisks: map[string]int{}, stops: map[string][]func(){}}
	r.world.OnDown(func(name string, _ sim.Cause) { v.ended(name) })
	return v
}

var _ faults.Cluster = (*view)(nil)

func (v *view) Now() time.Duration { return v.run.now() }

func (v *view) At(at time.Duration, do func()) { v.run.world.At(v.run.origin.Add(at), do) }

func (v *view) Brokers() []string     { return v.run.scenario.Cluster.BrokerNames() }
func (v *view) Controllers() []string { return v.run.scenario.Cluster.ControllerNames() }
func (v *view) Clients() []string     { return v.run.clients }

func (v *view) Members(name string) []string {
	if instances, ok := v.run.instances[name]; ok {
		return instances
	}
	if slices.Contains(v.Brokers(), name) || slices.Contains(v.Controllers(), name) || slices.Contains(v.Clients(), name) {
		return []string{name}
	}
	return nil
}

// active returns the active controller, nil where there is none.
func (r *run) active() (string, *controller.Controller) {
	for _, name := range r.scenario.Cluster.ControllerNames() {
		if c, ok := r.world.Node(name).(*controller.Controller); ok && c.Active() && !r.world.Paused(name) {
			return name, c
		}
	}
	return "", nil
}

// image is the active controller's metadata; without one, the newest that any
// controller has.
func (r *run) image() *metadata.Image {
	if _, c := r.active(); c != nil {
		return c.Image()
	}
	newest := metadata.Empty()
	for _, name := range r.scenario.Cluster.ControllerNames() {
		if c, ok := r.world.Node(name).(*controller.Controller); ok && c.Image().Offset() > newest.Offset() {
			newest = c.Image()
		}
	}
	return newest
}

// broker returns a live broker, or nil.
func (r *run) broker(name string) *broker.Node {
	b, _ := r.world.Node(name).(*broker.Node)
	return b
}

// replica returns a live broker's replica of a partition.
func (r *run) replica(name string, at kafka.TopicPartition) (broker.PartitionView, bool) {
	if b := r.broker(name); b != nil {
		return b.Partition(at)
	}
	return broker.PartitionView{}, false
}

func (r *run) brokerName(id kafka.BrokerID) string {
	return r.scenario.Cluster.BrokerNames()[id-1]
}

func brokerID(names []string, name string) kafka.BrokerID {
	return kafka.BrokerID(slices.Index(names, name) + 1)
}

func (v *view) ActiveController() (string, bool) {
	name, c := v.run.active()
	return name, c != nil
}

func (v *view) partition(topic string, partition int32) *metadata.Partition {
	return v.run.image().Partition(kafka.TopicPartition{Topic: topic, Partition: partition})
}

func (v *view) Leader(topic string, partition int32) (string, bool) {
	p := v.partition(topic, partition)
	if p == nil || p.Leader == kafka.NoLeader {
		return "", false
	}
	return v.run.brokerName(p.Leader), true
}

// Coordinator is found as brokers find it: by the hash of the name, in the topic
// of groups or in that of transactions.
func (v *view) Coordinator(name string) (string, bool) {
	internal := metadata.TransactionsTopic
	if slices.Contains(v.run.scenario.Groups(), name) {
		internal = metadata.OffsetsTopic
	}
	topic := v.run.image().Topic(internal)
	if topic == nil {
		return "", false
	}
	return v.Leader(internal, group.PartitionFor(name, len(topic.Partitions)))
}

func (v *view) Followers(topic string, partition int32) []string {
	p := v.partition(topic, partition)
	if p == nil {
		return nil
	}
	var inSync, others []string
	for _, id := range p.Replicas {
		switch {
		case id == p.Leader:
		case slices.Contains(p.ISR, id):
			inSync = append(inSync, v.run.brokerName(id))
		default:
			others = append(others, v.run.brokerName(id))
		}
	}
	return append(inSync, others...)
}

func (v *view) InSync(topic string, partition int32) []string {
	p := v.partition(topic, partition)
	if p == nil {
		return nil
	}
	var names []string
	for _, id := range p.Replicas {
		if slices.Contains(p.ISR, id) {
			names = append(names, v.run.brokerName(id))
		}
	}
	return names
}

func (v *view) Leading() []string {
	leads := map[kafka.BrokerID]bool{}
	for _, topic := range v.run.image().Topics() {
		for i := range topic.Partitions {
			leads[topic.Partitions[i].Leader] = true
		}
	}
	var names []string
	for i, name := range v.Brokers() {
		if leads[kafka.BrokerID(i+1)] {
			names = append(names, name)
		}
	}
	return names
}

func (v *view) LedBy(broker string) []faults.Target {
	id := brokerID(v.Brokers(), broker)
	var led []faults.Target
	for _, topic := range v.run.image().Topics() {
		for i := range topic.Partitions {
			if topic.Partitions[i].Leader == id {
				led = append(led, faults.Target{Kind: faults.TopicPartition, Topic: topic.Name, Partition: int32(i)})
			}
		}
	}
	return led
}

func (v *view) Up(name string) bool { return v.run.world.Up(name) }

// Impaired follows the format's definition: down, paused, cut off from the
// majority of controllers, or not in sync for some partition that it hosts:
// outside the ISR under its current incarnation, or with a log that ends below
// the leader's high watermark. Who is about to leave the ISR, because its leader
// has asked for that, counts as outside.
func (v *view) Impaired() []string {
	image := v.run.image()
	var impaired []string
	for i, name := range v.Brokers() {
		if v.impaired(image, kafka.BrokerID(i+1), name) {
			impaired = append(impaired, name)
		}
	}
	return impaired
}

func (v *view) impaired(image *metadata.Image, id kafka.BrokerID, name string) bool {
	return v.stopped(name) || v.cutOff(name) || !v.registered(image, id, name) || v.behind(image, id, name)
}

// Settled is more than the cluster itself knows: a broker that is not impaired.
// Any other node has settled when it runs.
func (v *view) Settled(name string) bool {
	if id := brokerID(v.Brokers(), name); id > 0 {
		return !v.impaired(v.run.image(), id, name)
	}
	return !v.stopped(name)
}

func (v *view) stopped(name string) bool {
	return !v.run.world.Up(name) || v.run.world.Paused(name)
}

// ImpairedControllers counts one with a slow disk, too: it syncs before it
// answers.
func (v *view) ImpairedControllers() []string {
	var impaired []string
	for _, name := range v.Controllers() {
		if v.stopped(name) || v.slowDisks[name] > 0 || v.cutOff(name) || v.hampered(name, v.Controllers()) || v.hampered(name, v.Brokers()) {
			impaired = append(impaired, name)
		}
	}
	return impaired
}

// hampered says whether a cut, a delay or a bound of bandwidth lies between a node and a majority of
// others. A controller that brokers cannot reach, or that answers them late, does
// not keep their sessions alive: it is touched, though it has its quorum.
func (v *view) hampered(name string, others []string) bool {
	count := 0
	for _, other := range others {
		out, in := [2]string{name, other}, [2]string{other, name}
		if other != name && (v.cuts[out]+v.cuts[in]+v.narrows[out]+v.narrows[in] > 0 || v.slows[out]+v.slows[in] > 0) {
			count++
		}
	}
	return count > len(others)/2
}

// cutOff says whether a node cannot talk with a majority of the controllers, in
// both directions. A controller counts itself. A delay that outlasts the session
// is no better than a cut: the next heartbeat comes too late.
func (v *view) cutOff(name string) bool {
	reachable := 0
	controllers := v.Controllers()
	for _, c := range controllers {
		out, in := [2]string{name, c}, [2]string{c, name}
		if c == name || v.cuts[out] == 0 && v.cuts[in] == 0 && v.slows[out]+v.slows[in] < v.patience {
			reachable++
		}
	}
	return reachable <= len(controllers)/2
}

// registered says whether the cluster knows the broker's present incarnation
// and lets it serve.
func (v *view) registered(image *metadata.Image, id kafka.BrokerID, name string) bool {
	known, b := image.Broker(id), v.run.broker(name)
	return known != nil && !known.Fenced && b != nil && b.BrokerEpoch() == known.Epoch
}

// behind says whether some partition of the broker is not in sync.
func (v *view) behind(image *metadata.Image, id kafka.BrokerID, name string) bool {
	for _, topic := range image.Topics() {
		for number := range topic.Partitions {
			p := topic.Partitions[number]
			if !slices.Contains(p.Replicas, id) {
				continue
			}
			if !slices.Contains(p.ISR, id) {
				return true
			}
			at := kafka.TopicPartition{Topic: topic.Name, Partition: int32(number)}
			mine, ok := v.run.replica(name, at)
			if !ok {
				return true
			}
			if p.Leader == kafka.NoLeader || p.Leader == id {
				continue
			}
			theirs, ok := v.run.replica(v.run.brokerName(p.Leader), at)
			if !ok || theirs.Role != replica.Leading {
				continue
			}
			leaving := theirs.ProposedISR != nil && !slices.Contains(theirs.ProposedISR, id)
			if leaving || mine.LogEndOffset < theirs.HighWatermark {
				return true
			}
		}
	}
	return false
}

func (v *view) Survives(impaired []string) bool {
	names := v.Brokers()
	for _, topic := range v.run.image().Topics() {
		for number := range topic.Partitions {
			unimpaired := func(id kafka.BrokerID) bool { return !slices.Contains(impaired, names[id-1]) }
			if !slices.ContainsFunc(topic.Partitions[number].Replicas, unimpaired) {
				return false
			}
		}
	}
	return true
}

// midStepWindow is how long a process that is to die in the middle of a step
// may go on without writing to its files.
const midStepWindow = 20 * time.Millisecond

func (v *view) Kill(name string, chance *rand.Rand) {
	if chance.IntN(2) == 0 {
		v.run.world.KillMidStep(name, 1+chance.IntN(4), midStepWindow)
		return
	}
	v.run.world.Kill(name)
}

func (v *view) PowerLoss(name string, mode faults.DiskMode, chance *rand.Rand) {
	v.run.world.PowerLoss(name, [...]sim.PowerLossMode{sim.LoseUnsynced, sim.Tear, sim.Keep}[mode], chance)
}

// Restart ends first who was to die in the middle of a step and has not come to
// it: a kill may be shorter than midStepWindow.
func (v *view) Restart(name string) {
	v.run.world.Kill(name)
	v.run.world.Start(name)
}

// Stop keeps the patience of whoever asks: what has not ended then is killed.
func (v *view) Stop(name string, patience time.Duration, stopped func()) {
	world, over := v.run.world, false
	v.stops[name] = append(v.stops[name], func() { over = true; stopped() })
	if !world.Up(name) {
		v.ended(name)
		return
	}
	world.Shutdown(name)
	world.After(patience, func() {
		if !over {
			world.Kill(name)
		}
	})
}

// ended tells whoever waits for a process's end, by its own will or not.
func (v *view) ended(name string) {
	for _, stopped := range v.stops[name] {
		v.run.world.At(v.run.world.Now(), stopped)
	}
	delete(v.stops, name)
}

func (v *view) Pause(name string)  { v.run.world.Pause(name) }
func (v *view) Resume(name string) { v.run.world.Resume(name) }

func (v *view) Cut(from, to []string) func() {
	fault := v.run.world.Cut(from, to)
	add(v.cuts, from, to, 1)
	return func() {
		add(v.cuts, from, to, -1)
		fault.Heal()
	}
}

// add notes a change of every link from one set of nodes to another.
func add[T int | time.Duration](links map[[2]string]T, from, to []string, by T) {
	for _, a := range from {
		for _, b := range to {
			links[[2]string{a, b}] += by
		}
	}
}

func (v *view) Slow(from, to []string, latency time.Duration) func() {
	fault := v.run.world.Delay(from, to, latency)
	add(v.slows, from, to, latency)
	return func() {
		fault.Heal()
		// What was sent before is still on its way, and what follows waits behind it.
		v.run.world.After(latency, func() { add(v.slows, from, to, -latency) })
	}
}

// Narrow bounds each connection on its own. What waits when it heals goes out
// at once.
func (v *view) Narrow(from, to []string, bytesPerSecond int64) func() {
	fault := v.run.world.Narrow(from, to, bytesPerSecond)
	add(v.narrows, from, to, 1)
	return func() {
		add(v.narrows, from, to, -1)
		fault.Heal()
	}
}

func (v *view) SlowDisk(name string, factor int64) func() {
	fault := v.run.world.SlowDisk(name, factor)
	v.slowDisks[name]++
	return func() {
		v.slowDisks[name]--
		fault.Heal()
	}
}

func (v *view) SkewClock(name string, by time.Duration) func() {
	return v.run.world.SkewWall(name, by).Heal
}

func (v *view) Reset(name string, late bool, chance *rand.Rand) {
	v.run.exercise.add(ConnectionsReset, int64(v.run.world.Reset(name, late, chance)))
}

func (v *view) MoveLeader(topic string, partition int32, to string, fence bool, duration time.Duration) error {
	at := kafka.TopicPartition{Topic: topic, Partition: partition}
	if leader, ok := v.Leader(topic, partition); ok && !fence {
		v.DelayMetadata(leader, duration)
	}
	name, _ := v.run.active()
	var err error
	v.run.world.Inject(name, func(node host.Node) {
		err = node.(*controller.Controller).MoveLeader(at, brokerID(v.Brokers(), to))
	})
	return err
}

func (v *view) ExpireSession(name string) error {
	active, ok := v.ActiveController()
	if !ok {
		return errors.New("no controller is active")
	}
	var err error
	v.run.world.Inject(active, func(node host.Node) {
		err = node.(*controller.Controller).ExpireSession(brokerID(v.Brokers(), name))
	})
	return err
}

func (v *view) DelayMetadata(name string, duration time.Duration) {
	v.run.world.Inject(name, func(node host.Node) {
		if b, ok := node.(*broker.Node); ok {
			b.DelayMetadata(duration)
		}
	})
}

func (v *view) Stream(purpose ...string) *rand.Rand {
	return v.run.world.Stream(append([]string{"run"}, purpose...)...)
}
