package shrink

import (
	"fmt"
	"slices"
	"time"

	"assay/faults"
	"assay/scenarios/format"
)

// round tries every way and tells whether any helped. Faults go first: they are
// what a reader has to understand, and what takes the others' targets away.
func (s *search) round() bool {
	improved := false
	for _, way := range []func() bool{s.fewerFaults, s.fewerClients, s.plainerSettings, s.shorterFaults, s.earlier, s.lessLoad} {
		improved = way() || improved
	}
	return improved
}

// concrete says whether the timeline holds every fault of the run.
func (s *search) concrete() bool {
	return s.best.Faults.Random == nil || s.best.Faults.Random.Interval == 0
}

// fewerFaults is delta debugging (Zeller and Hildebrandt, 2002): it leaves out
// halves, then quarters, until no single fault can be left out.
func (s *search) fewerFaults() bool {
	if !s.concrete() {
		return false
	}
	improved := false
	for parts := 2; len(s.best.Faults.Timeline) > 0 && s.left(); {
		timeline := s.best.Faults.Timeline
		parts = min(parts, len(timeline))
		switch found := s.first(s.withoutParts(timeline, parts)...); {
		case found >= 0:
			improved, parts = true, max(parts-1, 2)
		case parts == len(timeline):
			return improved
		default:
			parts *= 2
		}
	}
	return improved
}

// withoutParts leaves out each of the parts in turn, the last first: what comes
// after the anomaly goes cheaply.
func (s *search) withoutParts(timeline []faults.Spec, parts int) []candidate {
	var list []candidate
	for i := parts - 1; i >= 0; i-- {
		smaller := s.best
		smaller.Faults.Timeline = slices.Concat(timeline[:i*len(timeline)/parts], timeline[(i+1)*len(timeline)/parts:])
		list = append(list, candidate{fmt.Sprintf("%d of %d faults", len(smaller.Faults.Timeline), len(timeline)), smaller})
	}
	return list
}

// fewerClients drops consumers, processors and producers, then instances.
func (s *search) fewerClients() bool {
	improved := s.repeat(s.withoutOneClient)
	return s.repeat(s.withFewerInstances) || improved
}

func (s *search) withoutOneClient() []candidate {
	var list []candidate
	for i, consumer := range s.best.Workload.Consumers {
		smaller := s.best
		smaller.Workload.Consumers = slices.Delete(slices.Clone(s.best.Workload.Consumers), i, i+1)
		list = append(list, candidate{"without consumer " + consumer.Name, smaller})
	}
	for i, processor := range s.best.Workload.Processors {
		smaller := s.best
		smaller.Workload.Processors = slices.Delete(slices.Clone(s.best.Workload.Processors), i, i+1)
		list = append(list, candidate{"without processor " + processor.Name, smaller})
	}
	for i, producer := range s.best.Workload.Producers {
		smaller := s.best
		smaller.Workload.Producers = slices.Delete(slices.Clone(s.best.Workload.Producers), i, i+1)
		if len(smaller.Workload.Producers) > 0 {
			list = append(list, candidate{"without producer " + producer.Name, smaller})
		}
	}
	return list
}

func (s *search) withFewerInstances() []candidate {
	var list []candidate
	for i, producer := range s.best.Workload.Producers {
		for _, count := range fewer(producer.Count) {
			list = append(list, s.producer(i, fmt.Sprintf("%s of %s", instances(count), producer.Name), func(p *format.Producer) { p.Count = count }))
		}
	}
	for i, consumer := range s.best.Workload.Consumers {
		for _, count := range fewer(consumer.Count) {
			smaller := s.best
			smaller.Workload.Consumers = slices.Clone(s.best.Workload.Consumers)
			smaller.Workload.Consumers[i].Count = count
			list = append(list, candidate{fmt.Sprintf("%s of %s", instances(count), consumer.Name), smaller})
		}
	}
	for i, processor := range s.best.Workload.Processors {
		for _, count := range fewer(processor.Count) {
			smaller := s.best
			smaller.Workload.Processors = slices.Clone(s.best.Workload.Processors)
			smaller.Workload.Processors[i].Count = count
			list = append(list, candidate{fmt.Sprintf("%s of %s", instances(count), processor.Name), smaller})
		}
	}
	return list
}

func instances(n int) string {
	if n == 1 {
		return "1 instance"
	}
	return fmt.Sprintf("%d instances", n)
}

// fewer are smaller counts worth trying, the smallest first.
func fewer(count int) []int {
	list := []int{1, count / 2, count - 1}
	return slices.Compact(slices.DeleteFunc(list, func(n int) bool { return n < 1 || n >= count }))
}

// producer is the best scenario with one producer changed.
func (s *search) producer(i int, what string, change func(*format.Producer)) candidate {
	smaller := s.best
	smaller.Workload.Producers = slices.Clone(s.best.Workload.Producers)
	change(&smaller.Workload.Producers[i])
	return candidate{what, smaller}
}

// plainerSettings takes away what the anomaly does not need: what a swarm has
// drawn, value files, keys, partitions.
func (s *search) plainerSettings() bool {
	improved := s.repeat(s.withoutDrawnSettings)
	return s.repeat(s.withPlainerRecords) || improved
}

func (s *search) withoutDrawnSettings() []candidate {
	brokers, topics, producers := s.best, s.best, s.best
	brokers.Cluster.Config = s.original.Cluster.Config
	topics.Topics = slices.Clone(s.best.Topics)
	for i := range topics.Topics {
		original, _ := s.original.Topic(topics.Topics[i].Name)
		topics.Topics[i].Config = original.Config
	}
	producers.Workload.Producers = slices.Clone(s.best.Workload.Producers)
	for i := range producers.Workload.Producers {
		for _, original := range s.original.Workload.Producers {
			if p := &producers.Workload.Producers[i]; p.Name == original.Name {
				p.Config = original.Config
			}
		}
	}
	all := brokers
	all.Topics, all.Workload.Producers = topics.Topics, producers.Workload.Producers
	return s.changed(candidate{"without the settings that the swarm drew", all}, candidate{"without its broker settings", brokers},
		candidate{"without its topic settings", topics}, candidate{"without its producer settings", producers})
}

func (s *search) withPlainerRecords() []candidate {
	var list []candidate
	for i, p := range s.best.Workload.Producers {
		list = append(list, s.producer(i, "values of 100 B without a file, no keys", func(p *format.Producer) {
			p.Keys, p.Value = format.Keys{Distribution: format.KeysNone}, format.Value{Size: 100}
		}))
		if p.Keys.Distribution != format.KeysField {
			list = append(list, s.producer(i, "no keys", func(p *format.Producer) { p.Keys = format.Keys{Distribution: format.KeysNone} }))
		}
	}
	for i, topic := range s.best.Topics {
		for _, count := range fewer(topic.Partitions) {
			smaller := s.best
			smaller.Topics = slices.Clone(s.best.Topics)
			smaller.Topics[i].Partitions = count
			list = append(list, candidate{fmt.Sprintf("%s with %d of %d partitions", topic.Name, count, topic.Partitions), smaller})
		}
	}
	return s.changed(list...)
}

// changed leaves out candidates that are what is there already.
func (s *search) changed(list ...candidate) []candidate {
	now := string(format.Render(inFile(s.best), nil))
	return slices.DeleteFunc(list, func(c candidate) bool { return string(format.Render(inFile(c.scenario), nil)) == now })
}

// shorterFaults shortens what lasts.
func (s *search) shorterFaults() bool {
	if !s.concrete() {
		return false
	}
	improved := false
	for i := range s.best.Faults.Timeline {
		improved = s.repeat(func() []candidate {
			var list []candidate
			for _, shorter := range shorterThan(s.best.Faults.Timeline[i].Duration, 100*time.Millisecond) {
				list = append(list, s.fault(i, func(f *faults.Spec) { f.Duration = shorter }))
			}
			return list
		}) || improved
	}
	return improved
}

func (s *search) fault(i int, change func(*faults.Spec)) candidate {
	smaller := s.best
	smaller.Faults.Timeline = slices.Clone(s.best.Faults.Timeline)
	f := &smaller.Faults.Timeline[i]
	change(f)
	return candidate{fmt.Sprintf("%s %s at %s for %s", f.ID, f.Kind, f.At, f.Duration), smaller}
}

// shorterThan are shorter times worth trying, the shortest first, in steps that
// read well.
func shorterThan(d, shortest time.Duration) []time.Duration {
	var list []time.Duration
	for _, part := range []time.Duration{d / 8, d / 2, d * 3 / 4} {
		step := 10 * time.Millisecond
		if part >= time.Second {
			step = 100 * time.Millisecond
		}
		if part = part.Truncate(step); part >= shortest && part < d {
			list = append(list, part)
		}
	}
	return list
}

// earlier moves all faults to the start, and the end of the load with them.
func (s *search) earlier() bool {
	if !s.concrete() {
		return false
	}
	return s.repeat(func() []candidate {
		begin := s.best.Workload.LoadEnd()
		for _, f := range s.best.Faults.Timeline {
			begin = min(begin, f.At)
		}
		var list []candidate
		for _, shift := range []time.Duration{begin - time.Second, begin / 2} {
			if shift = shift.Truncate(100 * time.Millisecond); shift < 500*time.Millisecond {
				continue
			}
			smaller := s.best
			smaller.Workload.Warmup, smaller.Workload.Duration = 0, s.best.Workload.LoadEnd()-shift
			smaller.Faults.Timeline = slices.Clone(s.best.Faults.Timeline)
			for i := range smaller.Faults.Timeline {
				smaller.Faults.Timeline[i].At -= shift
			}
			list = append(list, candidate{fmt.Sprintf("everything %s earlier", shift), smaller})
		}
		return list
	})
}

// lessLoad ends the load earlier, then lowers the rates: fewer operations.
func (s *search) lessLoad() bool {
	improved := s.repeat(func() []candidate {
		var list []candidate
		for _, shorter := range shorterThan(s.best.Workload.LoadEnd(), time.Second) {
			smaller := s.best
			smaller.Workload.Warmup, smaller.Workload.Duration = 0, shorter
			list = append(list, candidate{fmt.Sprintf("load for %s", shorter), smaller})
		}
		return list
	})
	return s.repeat(func() []candidate {
		var list []candidate
		for i, p := range s.best.Workload.Producers {
			for _, rate := range lowerThan(p.Rate) {
				list = append(list, s.producer(i, fmt.Sprintf("%s at %d/s", p.Name, rate/perSecond), func(p *format.Producer) { p.Rate = rate }))
			}
		}
		return list
	}) || improved
}

// perSecond is one record per second.
const perSecond format.Rate = 1000

// lowerThan are lower rates worth trying, the lowest first, in whole records per
// second. A closed loop has none.
func lowerThan(rate format.Rate) []format.Rate {
	if rate == format.RateMax {
		return nil
	}
	var list []format.Rate
	for _, part := range []format.Rate{rate / 8, rate / 2, rate * 3 / 4} {
		if part = part / perSecond * perSecond; part >= perSecond && part < rate && !slices.Contains(list, part) {
			list = append(list, part)
		}
	}
	return list
}

// plainNumbers rounds the faults' moments as far as the anomaly allows. It does
// not make the run smaller, but its file easier to read.
func (s *search) plainNumbers() {
	if !s.concrete() {
		return
	}
	var list []candidate
	for _, step := range []time.Duration{100 * time.Millisecond, 10 * time.Millisecond, time.Millisecond} {
		rounded := s.best
		rounded.Faults.Timeline = slices.Clone(s.best.Faults.Timeline)
		for i := range rounded.Faults.Timeline {
			rounded.Faults.Timeline[i].At = rounded.Faults.Timeline[i].At.Round(step)
		}
		list = append(list, candidate{fmt.Sprintf("moments rounded to %s", step), rounded})
	}
	s.first(s.changed(list...)...)
}
