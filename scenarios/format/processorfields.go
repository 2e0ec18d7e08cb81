package format

import (
	"slices"
	"time"

	"assay/internal/kafkaconfig"
)

var processorsCodec = named("processor", object(processorFields, checkInput, checkProcessorCommit, func(r *reader, at at, p *Processor) { checkHandling(r, at, &p.Handling) }), func(p *Processor) *string { return &p.Name }, validClientName)

var processorFields = slices.Concat([]boundField[Processor]{
	bind("count", "how many instances", integer[int](1, mostInstances), func(p *Processor) *int { return &p.Count }).orDefault("1"),
	bind("group", "the consumer group in which it reads", filledText(), func(p *Processor) *string { return &p.Group }).must(),
	bind("input", "the topics to read", list(filledText(), false), func(p *Processor) *[]string { return &p.Input }).must(),
	bind("output", "the topic to write to: one record for each that is read, of the same key and value", filledText(), func(p *Processor) *string { return &p.Output }).must(),
	bind("transaction", "when transactions end; without them outputs are flushed and then positions committed, every 50 records or 100 ms",
		pointerOf(object(transactionFields)), func(p *Processor) **Transaction { return &p.Transaction }),
	bind("commit", "without transactions: positions are committed when the outputs are acknowledged (after_process, the default), or before the work (before_process)",
		words(CommitAfterProcess, CommitBeforeProcess), func(p *Processor) *Commit { return &p.Commit }).writtenIf(func(p *Processor) bool { return p.Commit != "" }),
	bind("process", "what is done with a record", object(processFields), func(p *Processor) *Distribution { return &p.Process }).orDefault("{}"),
}, handlingFields(func(p *Processor) *FailureHandling { return &p.Handling }), []boundField[Processor]{
	bind("config", "Kafka's consumer and producer keys; what both know goes to both, and {index} stands for the instance's number",
		configuration(kafkaconfig.Consumer, kafkaconfig.Producer), func(p *Processor) *map[string]string { return &p.Config }),
})

var transactionFields = []boundField[Transaction]{
	bind("max_records", "the most records of the input in one transaction", integer[int](1, mostRecordsInTransaction), func(t *Transaction) *int { return &t.MaxRecords }).orDefault("50"),
	bind("interval", "how long a transaction stays open after its first record", duration(time.Millisecond), func(t *Transaction) *time.Duration { return &t.Interval }).orDefault("100ms"),
	bind("abort", "the share of transactions that are aborted on purpose and done again", quantityOf(shareDimension, 0, mostAborts), func(t *Transaction) *Share { return &t.Abort }).orDefault("0%"),
}

// checkProcessorCommit fills in the default. With transactions there is nothing to choose.
func checkProcessorCommit(r *reader, at at, p *Processor) {
	commit := at.node.child("commit")
	switch {
	case commit != nil && p.Transaction != nil:
		r.report(commit.place, pointerTo(at.pointer, "commit"), "", "with \"transaction\" positions are committed in it: there is no \"commit\" to choose")
	case commit == nil && p.Transaction == nil:
		p.Commit = CommitAfterProcess
	}
}

func checkInput(r *reader, at at, p *Processor) {
	if input := at.node.child("input"); input != nil && input.kind == listNode && len(input.items) == 0 {
		r.report(input.place, pointerTo(at.pointer, "input"), "", "input of processor %s names no topic", at.name())
	}
}

const (
	mostRecordsInTransaction = 100_000
	// mostAborts leaves a processor that comes to its end.
	mostAborts = Whole * 99 / 100
)
