package format

// Threshold is a bound on a metric: "e2e_latency.p99 < 250ms".
type Threshold struct {
	Metric string
	Comparison
}

// Unit is what a metric is counted in. Metrics are whole numbers of it.
type Unit string

// The units of metrics.
const (
	Nanoseconds      Unit = "ns"
	Records          Unit = "records"
	RecordsPerSecond Unit = "records/s"
)

// Metric is a number that every run reports and a threshold may bound.
type Metric struct {
	Name  string
	Unit  Unit
	About string // one sentence
}

// Result says how a threshold fared.
type Result struct {
	Threshold Threshold
	Measured  int64
	Known     bool // false: the run did not measure the metric
	Met       bool // only if Known
}

// Evaluate compares a threshold with a variant's metrics, by name and in base units.
func (t Threshold) Evaluate(metrics map[string]int64) Result {
	measured, known := metrics[t.Metric]
	return Result{Threshold: t, Measured: measured, Known: known, Met: known && t.Met(measured)}
}
