package checkers

// AnomalyDescription is what a user may ask about an anomaly.
type AnomalyDescription struct {
	Anomaly Anomaly
	Meaning string // one sentence
}

// Anomalies describes every anomaly that a checker can name, what harms most first.
var Anomalies = []AnomalyDescription{
	{LostWrite, "An acknowledged record is gone: the final log does not have it, and retention did not take it."},
	{Divergence, "Two replicas hold different batches at an offset below both their high watermarks."},
	{ChangedRecord, "An offset that was below the leader's high watermark got another record later."},
	{InconsistentOffset, "One offset was seen with two records, or an acknowledgement names another offset than the log does."},
	{TornTransaction, "Of a transaction a part took effect and a part did not: some of its records can be read by readers of committed records, others cannot."},
	{Duplicate, "One send is at two places of the log, or one input has two effects in the output."},
	{Reordered, "The log's order contradicts the order of the sends or real time, or the order of processing contradicts the log's."},
	{Phantom, "A record was read that nobody sent, or whose send definitely failed."},
	{AbortedRead, "G1a: a reader was handed a record of a transaction that did not commit."},
	{IntermediateRead, "G1b: a reader was handed a record of a transaction whose commit had not yet been asked for."},
	{CircularFlow, "G1c: committed transactions that read committed records each read what another of them wrote, in a circle. Cycles of writes alone (G0) are legal in Kafka: open transactions interleave."},
	{ZombieCommit, "An offset or an output took effect that a member asked for after another had come to own the partition, or two members committed for one partition in one generation."},
	{Unseen, "A group committed past a record that it never processed, or of which there is no output."},
	{DoubleProcessing, "A group completed the processing of one record of one offset twice."},
	{PrematureCommit, "A committed offset passed a record whose processing was not complete by then."},
	{OffsetRegression, "A group's committed offset went back, or an accepted commit was lost."},
	{PollSkip, "A reader's position passed a record that it was not handed."},
	{NonMonotonicPoll, "A reader's position went back without a seek, a reset or a truncation."},
	{StaleRead, "An exact read of a log's length missed what was there already."},
	{NonMonotonicStable, "The last stable offset went back although the high watermark had not: what was decided became undecided."},
	{NoLeader, "A partition had no working leader when the drain had ended."},
	{Unavailable, "Sends to a partition kept failing after the faults had ended."},
	{HungTransaction, "The last stable offset stands still below the high watermark for longer than any transaction may take: readers of committed records are held up."},
	{Undrained, "A log could not be read to its end, or a reader or a group did not come to it in time."},
}
