package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"assay/broker"
	"assay/checkers"
	"assay/clients"
	"assay/faults"
	"assay/internal/kafkaconfig"
	"assay/scenarios"
	"assay/scenarios/format"
	"assay/scenarios/run"
)

// topic is a word that list shows and explain tells about.
type topic struct {
	name   string
	about  string   // one sentence
	detail []string // more sentences, for explain
	words  []string // values that are explained with it
}

// topics are everything that can be listed, by kind.
var topics = map[string]func() []topic{
	"scenarios":  scenarioTopics,
	"guarantees": guaranteeTopics,
	"anomalies":  anomalyTopics,
	"faults":     faultTopics,
	"flaws":      flawTopics,
	"metrics":    metricTopics,
	"counters":   counterTopics,
	"events":     eventTopics,
	"fields":     fieldTopics,
	"profiles":   profileTopics,
}

func topicKinds() []string {
	kinds := make([]string, 0, len(topics))
	for kind := range topics {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	return kinds
}

func scenarioTopics() []topic {
	var list []topic
	for _, e := range scenarios.List() {
		list = append(list, topic{name: e.Name, about: e.About, detail: []string{"Run it with: assay run " + e.Name}})
	}
	return list
}

func guaranteeTopics() []topic {
	var list []topic
	for _, d := range checkers.Guarantees {
		var names []string
		for _, a := range d.Anomalies {
			names = append(names, string(a))
		}
		list = append(list, topic{name: string(d.Guarantee), about: d.Meaning, detail: []string{
			"Scope: " + string(d.Scope) + ".", "How it is judged: " + d.Evidence, "Names: " + strings.Join(names, ", ") + "."}})
	}
	return list
}

func anomalyTopics() []topic {
	var list []topic
	for _, a := range checkers.Anomalies {
		var finders []string
		for _, d := range checkers.Guarantees {
			if slices.Contains(d.Anomalies, a.Anomaly) {
				finders = append(finders, string(d.Guarantee))
			}
		}
		list = append(list, topic{name: string(a.Anomaly), about: a.Meaning, detail: []string{"Violates: " + strings.Join(finders, ", ") + "."}})
	}
	return list
}

// singular names one of a kind of topics.
func singular(kind string) string {
	if kind == "anomalies" {
		return "anomaly"
	}
	return strings.TrimSuffix(kind, "s")
}

func faultTopics() []topic {
	var list []topic
	for _, d := range faults.Descriptions {
		var fields []string
		for _, f := range d.Fields {
			fields = append(fields, string(f))
		}
		if d.Lasting {
			fields = append(fields, "duration")
		}
		t := topic{name: string(d.Kind), about: d.About, detail: []string{"Takes: " + strings.Join(fields, ", ") + "."}}
		if !d.Modelled {
			t.about += " (not built yet)"
		}
		list = append(list, t)
	}
	return list
}

func flawTopics() []topic {
	var list []topic
	add := func(name, about, source string) {
		list = append(list, topic{name: name, about: about, detail: []string{"Source: " + source + ".", "Switch it on with: cluster: {flaws: [" + name + "]}"}})
	}
	for _, f := range broker.KnownFlaws {
		add(f.Name, f.About, f.Source)
	}
	for _, f := range clients.KnownFlaws {
		add(f.Name, f.About, f.Source)
	}
	slices.SortFunc(list, func(a, b topic) int { return strings.Compare(a.name, b.name) })
	return list
}

func metricTopics() []topic {
	var list []topic
	for _, m := range format.Metrics {
		list = append(list, topic{name: m.Name, about: m.About, detail: []string{"Counted in " + string(m.Unit) + "."}})
	}
	return list
}

// counterTopics are what a scenario may require of its runs.
func counterTopics() []topic {
	var list []topic
	for _, c := range format.CounterMeanings {
		list = append(list, topic{name: c.Name, about: c.About, detail: []string{
			"Summed over the seeds of a variant.", "Ask for it with: require: {" + c.Name + ": \">= 1\"}"}})
	}
	return list
}

// profileTopics are the named costs and the clients that scenarios may ask for.
func profileTopics() []topic {
	var list []topic
	for _, p := range format.Profiles {
		list = append(list, topic{name: p.Name, about: p.About, detail: []string{"Source: " + p.Source, "Use it with: cost: {profile: " + p.Name + "}"}})
	}
	for _, p := range kafkaconfig.Profiles {
		detail := []string{"Read from " + p.Library + "."}
		for _, d := range p.Defaults {
			detail = append(detail, fmt.Sprintf("%s %s: %s (%s)", d.Kind, d.Key, d.Value, d.Source))
		}
		detail = append(detail, p.Apart...)
		list = append(list, topic{name: p.Name, about: p.About, detail: append(detail, "Use it with: client: "+p.Name)})
	}
	return list
}

func eventTopics() []topic {
	var list []topic
	for _, p := range run.Points() {
		list = append(list, topic{name: p.Name, about: p.About, detail: []string{"Carries: " + strings.Join(p.Fields, ", ") + "."}})
	}
	return list
}

// fieldTopics are the scenario file's own words, in its order. A field that means
// the same in several places is one.
func fieldTopics() []topic {
	type meaning struct{ name, about string }
	var list []topic
	places, known := map[meaning][]string{}, map[meaning]int{}
	format.EachField(func(place string, f format.Field) {
		m := meaning{f.Name, f.About}
		if _, seen := known[m]; !seen {
			known[m] = len(list)
			list = append(list, topic{name: f.Name, about: f.About, words: f.Shape.Words})
			if len(f.Shape.Words) > 0 {
				list[known[m]].detail = append(list[known[m]].detail, "Takes: "+strings.Join(f.Shape.Words, ", ")+".")
			}
			if f.Default != "" {
				list[known[m]].detail = append(list[known[m]].detail, "Default: "+f.Default)
			}
		}
		if !slices.Contains(places[m], place) {
			places[m] = append(places[m], place)
		}
	})
	for m, at := range known { // order-free: each is changed for itself
		list[at].detail = append(list[at].detail, "Stands in: "+strings.Join(places[m], ", "))
	}
	return list
}

func listCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:       "list scenarios|guarantees|anomalies|faults|flaws|metrics|counters|events|profiles|fields",
		Short:     "List what there is",
		ValidArgs: topicKinds(),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return exit(exitUsage, "list takes one of %s", strings.Join(topicKinds(), ", "))
			}
			of, known := topics[args[0]]
			if !known {
				return exit(exitUsage, "list takes one of %s%s", strings.Join(topicKinds(), ", "), didYouMean(args[0], topicKinds()))
			}
			list := of()
			width := 0
			for _, t := range list {
				width = max(width, len(t.name))
			}
			for _, t := range list {
				fmt.Fprintf(s.out, "%-*s  %s\n", width, t.name, t.about)
			}
			return nil
		},
	}
}

func explainCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:   "explain NAME",
		Short: "Tell what a guarantee, anomaly, fault, flaw, metric, counter, event, profile, scenario, field or Kafka key means",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			var names []string
			found := false
			for _, kind := range topicKinds() {
				for _, t := range topics[kind]() {
					names = append(append(names, t.name), t.words...)
					if t.name != args[0] && !strings.HasSuffix(t.name, "/"+args[0]) && !strings.HasPrefix(t.name, args[0]+".") &&
						!slices.Contains(t.words, args[0]) {
						continue
					}
					found = true
					fmt.Fprintf(s.out, "%s (%s)\n  %s\n", t.name, singular(kind), t.about)
					for _, line := range t.detail {
						fmt.Fprintf(s.out, "  %s\n", line)
					}
				}
			}
			for _, kind := range kafkaconfig.Kinds {
				key, known := kafkaconfig.Lookup(kind, args[0])
				if !known {
					continue
				}
				found = true
				explainKey(s, kind, key)
			}
			if !found {
				return exit(exitUsage, "nothing is called %q%s", args[0], didYouMean(args[0], names))
			}
			return nil
		},
	}
}

func explainKey(s streams, kind kafkaconfig.Kind, key kafkaconfig.Key) {
	fmt.Fprintf(s.out, "%s (Kafka %s key)\n", key.Name, kind)
	if key.Modelled {
		fmt.Fprintf(s.out, "  %s\n", key.About)
	} else {
		fmt.Fprintln(s.out, "  Known, but not modelled: a scenario that sets it to anything but its default is refused.")
	}
	fmt.Fprintf(s.out, "  Takes %s.\n", key.Allows())
	if key.HasDefault && !key.DefaultNull {
		fmt.Fprintf(s.out, "  Default: %s\n", key.Default)
	}
}

func didYouMean(word string, from []string) string {
	if suggestion, ok := kafkaconfig.Suggest(word, from); ok {
		return "; did you mean " + suggestion + "?"
	}
	return ""
}

func knownGuarantee(name string) error {
	if _, known := checkers.Describe(checkers.Guarantee(name)); known {
		return nil
	}
	var names []string
	for _, d := range checkers.Guarantees {
		names = append(names, string(d.Guarantee))
	}
	return exit(exitUsage, "no guarantee is called %q%s", name, didYouMean(name, names))
}

func knownEvent(name string) error {
	names := eventNames()
	if slices.Contains(names, name) {
		return nil
	}
	return exit(exitUsage, "no event is called %q%s", name, didYouMean(name, names))
}
