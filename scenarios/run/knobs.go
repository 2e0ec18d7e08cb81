package run

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"

	"assay/faults"
	"assay/scenarios/format"
	"assay/sim"
)

// A swarm draws values for safe knobs, too, where the file leaves them unset:
// no guarantee rests on them, but rare paths live where segments are small,
// indexes dense and snapshots frequent. All of them are Kafka's own keys.
type knobs struct{ broker, topic, producer []knob }

type knob struct{ key, value string }

// drawnKnobs are those of one run; none without a swarm.
func drawnKnobs(s *format.Scenario, seed uint64) knobs {
	if s.Faults.Random == nil || !s.Faults.Random.Swarm {
		return knobs{}
	}
	chance := sim.Stream(seed, "run", "faults", "swarm", "knobs")
	return knobs{
		broker: draw(chance,
			choice{"replica.lag.time.max.ms", []int{5_000, 10_000, 30_000}},
			choice{"replica.fetch.max.bytes", []int{20 << 10, 200 << 10}},
			choice{"replica.fetch.wait.max.ms", []int{50, 200}},
			choice{"metadata.log.max.record.bytes.between.snapshots", []int{400 << 10, 2 << 20}}),
		topic: draw(chance,
			// Not below the largest batch of a producer: a smaller segment would refuse it.
			choice{"internal.segment.bytes", []int{64 << 10, 256 << 10}},
			choice{"index.interval.bytes", []int{64, 1024}},
			choice{"segment.index.bytes", []int{512, 8 << 10}}),
		producer: draw(chance,
			choice{"batch.size", []int{500, 4 << 10}},
			choice{"linger.ms", []int{0, 50}}),
	}
}

type choice struct {
	key    string
	values []int
}

// draw takes each knob with even chance. It draws the same number of times
// whatever comes out.
func draw(chance *rand.Rand, choices ...choice) []knob {
	var drawn []knob
	for _, c := range choices {
		value, taken := c.values[chance.IntN(len(c.values))], chance.IntN(2) == 0
		if taken {
			drawn = append(drawn, knob{c.key, strconv.Itoa(value)})
		}
	}
	return drawn
}

// with adds knobs to a configuration where it does not set them.
func with(config map[string]string, drawn []knob) map[string]string {
	merged := maps.Clone(config)
	if merged == nil {
		merged = map[string]string{}
	}
	for _, k := range drawn {
		if _, set := merged[k.key]; !set {
			merged[k.key] = k.value
		}
	}
	return merged
}

// words lists what was drawn, for the report.
func (k knobs) words() []string {
	var list []string
	for _, one := range slices.Concat(k.broker, k.topic, k.producer) {
		list = append(list, one.key+"="+one.value)
	}
	return list
}

// Settle returns the scenario with what the seed's swarm draws written out as
// configuration, so that a run does not depend on the swarm any more. Faults
// that are still drawn at random stay within the same kinds and targets.
func Settle(s format.Scenario, seed uint64) format.Scenario {
	drawn := drawnKnobs(&s, seed)
	s.Cluster.Config = with(s.Cluster.Config, drawn.broker)
	s.Topics = slices.Clone(s.Topics)
	for i := range s.Topics {
		s.Topics[i].Config = with(s.Topics[i].Config, drawn.topic)
	}
	s.Workload.Producers = slices.Clone(s.Workload.Producers)
	for i := range s.Workload.Producers {
		s.Workload.Producers[i].Config = with(s.Workload.Producers[i].Config, drawn.producer)
	}
	s.Workload.Processors = slices.Clone(s.Workload.Processors)
	for i := range s.Workload.Processors {
		s.Workload.Processors[i].Config = with(s.Workload.Processors[i].Config, drawn.producer)
	}
	if s.Faults.Random != nil && s.Faults.Random.Swarm {
		random := *s.Faults.Random
		random.Kinds, random.Targets = faults.Swarm(&random, func(purpose ...string) *rand.Rand {
			return sim.Stream(seed, append([]string{"run"}, purpose...)...)
		})
		random.Swarm = false
		s.Faults.Random = &random
	}
	return s
}
