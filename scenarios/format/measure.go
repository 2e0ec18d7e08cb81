package format

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"assay/internal/kafkaconfig"
)

// Counter is one of the numbers that tell what runs have gone through.
type Counter struct{ Name, About string }

// CounterMeanings says what require may name, and what each counts. Every run reports
// them all, summed over the seeds of a variant.
var CounterMeanings = []Counter{
	{"leader_changes", "Partitions that got another leader, lost theirs, or got another leader epoch."},
	{"isr_changes", "Changes of a partition's in-sync replicas that the controllers committed."},
	{"unclean_elections", "Elections of a replica that was neither in sync nor eligible."},
	{"truncations", "Times that a follower cut off records that its leader does not have."},
	{"producer_retries", "Batches that failed retriably and were to be sent again, each time."},
	{"deduplicated_batches", "Batches that a leader recognised as sent before, and did not append again."},
	{"indeterminate_produces", "Records whose send ended without an answer: they may be in the log or not."},
	{"rebalances", "Generations of groups after each group's first, those without a member left out."},
	{"members_fenced", "Members put out of their groups: they were too slow, or another process has their instance id."},
	{"producers_fenced", "Requests of transactional producers that a coordinator refused since another one, or a time-out, had replaced them."},
	{"transactions_committed", "Transactions that were committed, counted when the last of their markers is written."},
	{"transactions_aborted", "Transactions that were aborted, on purpose, by an error or by time-out, counted when the last of their markers is written."},
	{"coordinator_failovers", "Times that a broker took over a partition of an internal topic with groups or transactional ids in it."},
	{"controller_changes", "Times that a controller became the active one, after the run's start."},
	{"power_losses", "Brokers that lost power, by any fault."},
	{"recoveries", "Starts of a broker at which some log had to be recovered from an unclean stop."},
	{"connections_reset", "Connections that reset faults broke."},
	{"records_acknowledged", "Records that producers were told to be in the log."},
	{"records_consumed", "Records handed to consumers; the final reading of every log is not counted."},
	{"retried_records", "Records on which the work failed and was tried again (\"failures\"); each counts once for each time that it is delivered."},
	{"dead_lettered", "Records that were given up and written to a dead-letter topic."},
	{"skipped_records", "Records that were given up and left out (on_failure: skip)."},
	{"deduplicated_records", "Records that an idempotent consumer recognised and left out (deduplicate: true)."},
}

// Counters are the names of CounterMeanings.
var Counters = counterNames()

func counterNames() []string {
	var names []string
	for _, c := range CounterMeanings {
		names = append(names, c.Name)
	}
	return names
}

// Metrics are what thresholds may name.
var Metrics = makeMetrics()

func makeMetrics() []Metric {
	var metrics []Metric
	for _, latency := range []struct{ name, about string }{
		{"produce_latency", "from a record's send to its acknowledgement"},
		{"e2e_latency", "from a record's send to a consumer's receipt"},
		{"pipeline_latency", "from a source record's send to a consumer's receipt of what a processor made of it"},
	} {
		for _, p := range []string{"p50", "p90", "p99", "p99.9", "max"} {
			metrics = append(metrics, Metric{latency.name + "." + p, Nanoseconds, fmt.Sprintf("Time %s, %s.", latency.about, p)})
		}
	}
	return append(metrics,
		Metric{"throughput.produced", RecordsPerSecond, "Records acknowledged per second of the measured load."},
		Metric{"throughput.consumed", RecordsPerSecond, "Records consumed per second of the measured load."},
		Metric{"lag.final", Records, "Committed records that consumers had not read at the end of the drain."},
		Metric{"lag.max", Records, "The largest number of committed records that consumers had not read."},
		Metric{"dead_letter.depth", Records, "Records of dead-letter topics that no reader had come to at the end of the drain."},
		Metric{"loss.records", Records, "Acknowledged records that are gone."},
		Metric{"loss.window", Nanoseconds, "From the first to the last acknowledgement of a record that is gone."},
		Metric{"duplicates.records", Records, "Records that stand in the log more than once."},
		Metric{"unavailable.max", Nanoseconds, "The longest time a partition took no acknowledged write."},
		Metric{"rebalance.pause.max", Nanoseconds, "The longest time a partition had no owner in its group between two."},
		Metric{"rebalance.pause.total", Nanoseconds, "Time without owner of all partitions of all groups together, the most of any seed."},
		Metric{"recovery.p99", Nanoseconds, "Time from a fault's end to the next acknowledged write, p99."},
	)
}

func findMetric(name string) (Metric, bool) {
	for _, m := range Metrics {
		if m.Name == name {
			return m, true
		}
	}
	return Metric{}, false
}

func metricNames() []string {
	var names []string
	for _, m := range Metrics {
		names = append(names, m.Name)
	}
	return names
}

var thresholdCodec = scalar(Shape{Kind: ShapeText, Pattern: `^[a-z0-9_.]+ ?(>=|>|<=|<|==|!=) ?[0-9].*$`}, ParseThreshold, Threshold.String, "!!str")

// ParseThreshold reads "e2e_latency.p99 < 250ms". The error completes "must be ...".
func ParseThreshold(text string) (Threshold, error) {
	at := len(text)
	for i, r := range text {
		if r == '<' || r == '>' || r == '=' || r == '!' {
			at = i
			break
		}
	}
	name := strings.TrimSpace(text[:at])
	operator, value := cutOperator(text[at:])
	if name == "" || operator == "" {
		return Threshold{}, fmt.Errorf("a metric, %s and a value, such as \"e2e_latency.p99 < 250ms\", not %q", operatorWords(), text)
	}
	metric, known := findMetric(name)
	if !known {
		hint := ""
		if suggestion, found := kafkaconfig.Suggest(name, metricNames()); found {
			hint = fmt.Sprintf("; did you mean %s?", suggestion)
		}
		return Threshold{}, fmt.Errorf("about a known metric, which %q is not%s", name, hint)
	}
	number, err := metric.Unit.parse(value)
	if err != nil {
		return Threshold{}, fmt.Errorf("a comparison with %w", err)
	}
	return Threshold{name, Comparison{operator, number}}, nil
}

// String writes the threshold as ParseThreshold reads it.
func (t Threshold) String() string {
	metric, _ := findMetric(t.Metric)
	return fmt.Sprintf("%s %s %s", t.Metric, t.Operator, metric.Unit.Print(t.Value))
}

// Print writes what was measured in the unit of the threshold's bound, to be read by people.
func (t Threshold) Print(measured int64) string {
	metric, _ := findMetric(t.Metric)
	if metric.Unit == Nanoseconds {
		return time.Duration(measured).String()
	}
	return metric.Unit.Print(measured)
}

func (u Unit) parse(text string) (int64, error) {
	switch u {
	case Nanoseconds:
		return timeDimension.parse(text)
	case RecordsPerSecond:
		thousandths, err := rateDimension.parse(text)
		if err == nil && thousandths%1000 != 0 {
			err = fmt.Errorf("a whole number of records per second, not %s", text)
		}
		return thousandths / 1000, err
	}
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil || value < 0 || value == math.MaxInt64 {
		return 0, fmt.Errorf("a plain number of records, not %q", text)
	}
	return value, nil
}

// Print writes a number of the unit for people: 250ms, 500/s, 12.
func (u Unit) Print(value int64) string {
	switch u {
	case Nanoseconds:
		return timeDimension.print(value)
	case RecordsPerSecond:
		return fmt.Sprintf("%d/s", value)
	}
	return strconv.FormatInt(value, 10)
}
