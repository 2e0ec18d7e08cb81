package format

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"assay/internal/kafkaconfig"
)

// Counters are what require may name. Every run reports them all, summed over the seeds of a variant.
var Counters = []string{
	"leader_changes", "isr_changes", "unclean_elections", "truncations", "producer_retries", "deduplicated_batches",
	"indeterminate_produces", "rebalances", "members_fenced", "producers_fenced", "transactions_committed",
	"transactions_aborted", "coordinator_failovers", "controller_changes", "power_losses", "recoveries",
	"connections_reset", "records_acknowledged", "records_consumed", "retried_records", "dead_lettered", "skipped_records",
	"deduplicated_records",
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
