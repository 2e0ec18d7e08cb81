package run

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"assay/broker"
	"assay/broker/controller"
	"assay/checkers/history"
	"assay/clients"
	"assay/host"
	"assay/internal/chance"
	"assay/internal/kafka"
	"assay/internal/kafkaconfig"
	"assay/scenarios/format"
	"assay/scenarios/workload"
	"assay/sim"
)

const (
	clusterID      = "assay-simulated-cluster"
	auditorName    = "auditor"
	brokerPort     = 9092
	controllerPort = 9093
	auditorAddress = host.Addr("auditor:0")
	// closedLoopWindow is how many records a closed loop (rate: max) keeps open
	// in each producer.
	closedLoopWindow = 10_000
)

// worldConfig is the scenario's costs as the simulator takes them.
func worldConfig(s *format.Scenario, seed uint64, options Options) sim.Config {
	costs := sim.DefaultCosts()
	costs.Network.Latency = timesOf(s.Cost.Network.Latency)
	costs.Network.BitsPerSecond = int64(s.Cost.Network.Bandwidth) * 8
	costs.Disk.Fsync = timesOf(s.Cost.Disk.Fsync)
	costs.Disk.BytesPerSecond = int64(s.Cost.Disk.Bandwidth)
	costs.Disk.Writeback = s.Cost.Disk.Writeback
	costs.CPU.Cores = s.Cost.CPU.Cores
	costs.CPU.PerRequest = s.Cost.CPU.PerRequest
	costs.CPU.PerEvent = s.Cost.CPU.PerRequest / 10
	costs.CPU.PerByte = s.Cost.CPU.PerByte
	return sim.Config{Seed: seed, Costs: &costs, Links: linksOf(s.Cost.Zones), Debug: options.Debug, Frames: options.Frames,
		DigestEvery: options.DigestEvery, Trace: options.Trace, Watch: options.Watch}
}

func timesOf(d format.Distribution) sim.Distribution {
	switch d.Kind {
	case format.Lognormal:
		return sim.Lognormal{P50: d.P50, P99: d.P99}
	case format.Uniform:
		return sim.Uniform{Min: d.Min, Max: d.Max}
	case format.Exponential:
		return sim.Exponential{Mean: d.Time}
	}
	return sim.Constant(d.Time)
}

func linksOf(zones []format.Zone) (links []sim.Link) {
	for _, zone := range zones {
		for _, to := range zone.To {
			links = append(links, sim.Link{From: zone.Name, To: to.Zone,
				Latency: timesOf(to.Latency), BitsPerSecond: int64(to.Bandwidth) * 8})
		}
	}
	return links
}

// addNode puts a machine where the scenario has it stand. The auditor is an
// instrument and stands nowhere: its ways are those of the scenario's own network.
func (r *run) addNode(spec sim.NodeSpec) {
	spec.Zone = r.zones[spec.Name]
	r.world.AddNode(spec)
}

// build adds the scenario's machines to the world.
func (r *run) build() error {
	flaws, err := broker.ParseFlaws(clusterFlaws(r.scenario.Cluster.Flaws))
	if err != nil {
		return err
	}
	r.addControllers(flaws)
	r.addBrokers(flaws)
	for _, topic := range r.scenario.Topics {
		for number := range topic.Partitions {
			at := kafka.TopicPartition{Topic: topic.Name, Partition: int32(number)}
			r.partitions[at] = r.recorder.Partition(at)
		}
	}
	r.addAuditor()
	for i := range r.scenario.Workload.Producers {
		if err := r.addProducer(&r.scenario.Workload.Producers[i]); err != nil {
			return err
		}
	}
	for i := range r.scenario.Workload.Consumers {
		r.addConsumer(&r.scenario.Workload.Consumers[i])
	}
	for i := range r.scenario.Workload.Processors {
		r.addProcessor(&r.scenario.Workload.Processors[i])
	}
	return nil
}

// The switches that live in the clients.
const (
	flawNoTruncationCheck   = "consumer-no-truncation-check"
	flawCommitBeforeProcess = "commit-before-process"
	flawStaleOwnedClaim     = "stale-owned-claim"
	flawSequenceReuse       = "seq-reuse"
	flawSequenceCache       = "seq-cache"
)

func clusterFlaws(all []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(name string) bool {
		return slices.ContainsFunc(clients.KnownFlaws, func(f clients.Flaw) bool { return f.Name == name })
	})
}

// consumerConfig is the settings' with the scenario's flaws.
func (r *run) consumerConfig(settings kafkaconfig.Settings) clients.ConsumerConfig {
	config, cluster := clients.ConsumerConfigOf(settings), &r.scenario.Cluster
	config.NoTruncationCheck = cluster.HasFlaw(flawNoTruncationCheck)
	config.CommitBeforeProcess = cluster.HasFlaw(flawCommitBeforeProcess)
	config.StaleOwnedClaim = cluster.HasFlaw(flawStaleOwnedClaim)
	return config
}

// producerConfig is the settings' with the scenario's flaws.
func (r *run) producerConfig(settings kafkaconfig.Settings) clients.ProducerConfig {
	config := clients.ProducerConfigOf(settings)
	config.SequenceReuse = r.scenario.Cluster.HasFlaw(flawSequenceReuse)
	config.SequenceCache = r.scenario.Cluster.HasFlaw(flawSequenceCache)
	return config
}

func (r *run) controllerAddress(i int) host.Addr {
	return host.Addr(fmt.Sprintf("controller-%d:%d", i+1, controllerPort))
}

func (r *run) addControllers(flaws broker.Flaws) {
	voters := map[controller.VoterID]host.Addr{}
	for i := range r.scenario.Cluster.Controllers {
		voters[controller.VoterID(i+1)] = r.controllerAddress(i)
	}
	settings := controller.SettingsOf(r.brokerSettings())
	for i, name := range r.scenario.Cluster.ControllerNames() {
		config := controller.Config{ID: controller.VoterID(i + 1), Voters: voters, ClusterID: clusterID, Settings: settings,
			Flaws: flaws.Controller, ValidateTopicConfig: broker.ValidateTopicConfig(r.brokerSettings())}
		r.addNode(sim.NodeSpec{Name: name, Addrs: []host.Addr{voters[config.ID]},
			Factory: func() host.Node { return controller.New(config) }})
	}
}

func (r *run) addBrokers(flaws broker.Flaws) {
	var controllers []broker.Controller
	for i := range r.scenario.Cluster.Controllers {
		controllers = append(controllers, broker.Controller{ID: int32(i + 1), Addr: r.controllerAddress(i)})
	}
	settings := r.brokerSettings()
	r.view.patience = settings.Duration("broker.session.timeout.ms") - settings.Duration("broker.heartbeat.interval.ms")
	for i, name := range r.scenario.Cluster.BrokerNames() {
		config := broker.Config{ID: kafka.BrokerID(i + 1), ClusterID: clusterID, Host: name, Port: brokerPort,
			Controllers: controllers, Settings: settings, Flaws: flaws}
		address := host.Addr(fmt.Sprintf("%s:%d", name, brokerPort))
		r.bootstrap = append(r.bootstrap, address)
		r.addNode(sim.NodeSpec{Name: name, Addrs: []host.Addr{address},
			Factory: func() host.Node { return broker.New(config) }})
	}
}

// brokerSettings are the scenario's, with what the swarm drew.
func (r *run) brokerSettings() kafkaconfig.Settings {
	return r.scenario.Cluster.SettingsWith(with(r.scenario.Cluster.Config, r.knobs.broker))
}

// settle resolves settings that were checked when the scenario was loaded.
func settle(kind kafkaconfig.Kind, given map[string]string) kafkaconfig.Settings {
	settings, _ := kafkaconfig.Resolve(kind, given)
	settings, _, _ = kafkaconfig.Reconcile(settings)
	return settings
}

func (r *run) addClient(name string, factory func() host.Node) {
	r.addNode(sim.NodeSpec{Name: name, Addrs: []host.Addr{host.Addr(name + ":0")}, Factory: factory})
}

func (r *run) addAuditor() {
	var topics []clients.NewTopic
	for _, t := range r.scenario.Topics {
		topics = append(topics, clients.NewTopic{Name: t.Name, Partitions: int32(t.Partitions),
			ReplicationFactor: int16(t.ReplicationFactor), Configs: with(t.Config, r.knobs.topic)})
	}
	// The instrument is quicker to give a silent broker up than an application
	// would be: a verdict must not hang on its own time-outs.
	producer := settle(kafkaconfig.Producer, map[string]string{"request.timeout.ms": "2000", "delivery.timeout.ms": "60000"})
	consumer := settle(kafkaconfig.Consumer, map[string]string{"request.timeout.ms": "2000"})
	config := workload.AuditorConfig{
		Name: auditorName, Topics: topics,
		Client:       clients.ClientConfigOf(producer, r.bootstrap),
		Producer:     clients.ProducerConfigOf(producer),
		Consumer:     clients.ConsumerConfigOf(consumer),
		Groups:       r.groups(),
		Transactions: r.transactional(),
		SetupTimeout: bootLimit, FinalReadTimeout: coverLimit,
		ProbeDue:     func() bool { return r.probeDue },
		FinalReadDue: func() bool { return r.coverDue },
		Ready:        func(err error) { r.topicsReady, r.setupError = true, err },
		Finished:     func([]clients.Coverage) { r.covered = true },
	}
	r.addNode(sim.NodeSpec{Name: auditorName, Addrs: []host.Addr{auditorAddress},
		Factory: func() host.Node { return workload.NewAuditorNode(config, r.recorder) }})
}

func (r *run) addProducer(p *format.Producer) error {
	settings := p.SettingsWith(with(p.Config, r.knobs.producer))
	values := r.values[p.Name]
	if values == nil {
		values = workload.SizedValues(int(p.Value.Size))
	}
	keys, err := keysOf(p.Keys)
	if err != nil {
		return fmt.Errorf("producer %s: %w", p.Name, err)
	}
	r.instances[p.Name] = p.Instances()
	for i, name := range p.Instances() {
		config := workload.ProducerConfig{Name: name, Index: i, Count: p.Count, Topic: p.Topic,
			Client: clients.ClientConfigOf(settings, r.bootstrap), Producer: r.producerConfig(settings),
			Own: ownState(p), Partitions: len(r.partitionsOf([]string{p.Topic})),
			Load: loadOf(p), Keys: keys, Values: values, Stop: history.Time(r.scenario.Workload.LoadEnd())}
		config.Client.MaxInFlight = config.Producer.MaxInFlight
		config.Producer.FirstSequence = kafka.Sequence(p.FirstSequence)
		r.clients = append(r.clients, name)
		r.addClient(name, func() host.Node { return workload.NewProducerNode(config, r.recorder) })
	}
	return nil
}

func loadOf(p *format.Producer) workload.Load {
	if p.Rate == format.RateMax {
		return workload.Load{Arrival: workload.ClosedLoop, Window: closedLoopWindow}
	}
	load := workload.Load{Gap: p.Rate.Interval() * time.Duration(p.Count)}
	switch p.Arrival {
	case format.ArrivalConstant:
		load.Arrival = workload.Constant
	case format.ArrivalBurst:
		load.Arrival, load.Interval, load.On = workload.Burst, p.Burst.Interval, p.Burst.On
	}
	return load
}

func keysOf(k format.Keys) (workload.Keys, error) {
	switch k.Distribution {
	case format.KeysNone:
		return workload.Keys{}, nil
	case format.KeysUniform:
		return workload.Keys{Distribution: workload.UniformKeys, Count: k.Count}, nil
	case format.KeysZipf:
		return workload.Keys{Distribution: workload.ZipfKeys, Count: k.Count, Zipf: workload.NewZipf(k.Count, k.Theta)}, nil
	case format.KeysRoundRobin:
		return workload.Keys{Distribution: workload.RoundRobinKeys, Count: k.Count}, nil
	case format.KeysField:
		return workload.Keys{Distribution: workload.FieldKeys}, nil
	}
	return workload.Keys{}, fmt.Errorf("no key distribution %q", k.Distribution)
}

func (r *run) addConsumer(c *format.Consumer) {
	all := r.partitionsOf(c.Topics)
	r.instances[c.Name] = c.Instances()
	for i, name := range c.Instances() {
		settings := c.SettingsOf(i)
		config := workload.ConsumerConfig{Name: name,
			Client: clients.ClientConfigOf(settings, r.bootstrap), Consumer: r.consumerConfig(settings),
			Process: processOf(c.Process), Commit: commitPolicies[c.Commit],
			Handling: r.handling(c.Name, c.Handling), Deduplicate: c.Deduplicate}
		r.deadLetters(&config, c, i)
		if c.Subscribes() {
			config.Subscribe = c.Topics
		} else {
			config.Partitions = workload.Deal(all, i, c.Count)
		}
		for _, seek := range c.Seeks {
			config.Seeks = append(config.Seeks, workload.Seek{At: seek.At, To: kafka.Offset(seek.To)})
		}
		r.clients = append(r.clients, name)
		r.addClient(name, func() host.Node { return workload.NewConsumerNode(config, r.recorder) })
	}
}

func (r *run) addProcessor(p *format.Processor) {
	r.instances[p.Name] = p.Instances()
	batch := p.Batch()
	for i, name := range p.Instances() {
		consumer, producer := p.ConsumerSettings(i), p.ProducerSettingsWith(i, with(p.Config, r.knobs.producer))
		config := workload.ProcessorConfig{Name: name, Input: p.Input, Output: p.Output,
			ConsumerClient: clients.ClientConfigOf(consumer, r.bootstrap), Consumer: r.consumerConfig(consumer),
			ProducerClient: clients.ClientConfigOf(producer, r.bootstrap), Producer: r.producerConfig(producer),
			MaxRecords: batch.MaxRecords, Interval: batch.Interval, Process: processOf(p.Process),
			CommitBefore: p.Commit == format.CommitBeforeProcess, Handling: r.handling(p.Name, p.Handling),
			Aborts: func(random *rand.Rand) bool { return batch.Abort.Of(random.Int64N(int64(format.Whole))) }}
		config.ProducerClient.MaxInFlight = config.Producer.MaxInFlight
		r.clients = append(r.clients, name)
		r.addClient(name, func() host.Node { return workload.NewProcessorNode(config, r.recorder) })
	}
}

// transactional says whether somebody writes in transactions.
func (r *run) transactional() bool {
	return slices.ContainsFunc(r.scenario.Workload.Processors, func(p format.Processor) bool { return p.Transaction != nil })
}

var commitPolicies = map[format.Commit]workload.CommitPolicy{
	format.CommitNone:          workload.CommitNone,
	format.CommitBeforeProcess: workload.CommitBefore,
	format.CommitAfterProcess:  workload.CommitAfter,
	format.CommitAuto:          workload.CommitAuto,
}

func (r *run) partitionsOf(topics []string) (all []kafka.TopicPartition) {
	for _, name := range topics {
		topic, _ := r.scenario.Topic(name)
		for number := range topic.Partitions {
			all = append(all, kafka.TopicPartition{Topic: name, Partition: int32(number)})
		}
	}
	return all
}

// groups are the scenario's that commit, in the order of consumers and processors.
func (r *run) groups() (all []workload.GroupTopics) {
	for _, c := range r.scenario.Workload.Consumers {
		if c.Group == "" || c.Commit == format.CommitNone {
			continue
		}
		all = withTopics(all, c.Group, r.partitionsOf(c.Topics))
	}
	for _, p := range r.scenario.Workload.Processors {
		all = withTopics(all, p.Group, r.partitionsOf(p.Input))
	}
	return all
}

func withTopics(all []workload.GroupTopics, group string, partitions []kafka.TopicPartition) []workload.GroupTopics {
	at := slices.IndexFunc(all, func(g workload.GroupTopics) bool { return g.Group == group })
	if at < 0 {
		at = len(all)
		all = append(all, workload.GroupTopics{Group: group})
	}
	for _, partition := range partitions {
		if !slices.Contains(all[at].Partitions, partition) {
			all[at].Partitions = append(all[at].Partitions, partition)
		}
	}
	return all
}

// processOf is how long an application works on one record; nil is no time.
func processOf(d format.Distribution) func(*rand.Rand) time.Duration {
	switch d.Kind {
	case format.Constant:
		if d.Time == 0 {
			return nil
		}
		return func(*rand.Rand) time.Duration { return d.Time }
	case format.Uniform:
		return func(random *rand.Rand) time.Duration {
			return d.Min + time.Duration(random.Int64N(int64(d.Max-d.Min)+1))
		}
	case format.Lognormal:
		return sim.NewLognormal(sim.Lognormal{P50: d.P50, P99: d.P99})
	case format.Exponential:
		return func(random *rand.Rand) time.Duration { return chance.Exponential(d.Time, random) }
	}
	return nil
}
