package format

import (
	"maps"
	"strconv"
	"time"

	"assay/internal/kafkaconfig"
)

// FailureHandling is how work on records fails, and what a client does then.
type FailureHandling struct {
	Failures   *Failures // nil: none
	Retry      Retry     // with Failures
	DeadLetter string    // the topic for records that are given up; "" for none
	OnFailure  OnFailure // what becomes of them without one
}

// Failures says how often work fails.
type Failures struct {
	Transient Share // of the attempts: another one may succeed
	Permanent Share // of the records: no attempt at one of them succeeds
}

// Retry says how often and when a client tries again.
type Retry struct {
	Attempts int // the first one, too
	Backoff  Backoff
}

// Backoff is the wait between attempts. It doubles from Initial to Max.
type Backoff struct {
	Initial, Max time.Duration
}

// OnFailure says what becomes of a record that is given up.
type OnFailure string

// The ways of the format.
const (
	OnFailureBlock OnFailure = "block" // it is tried for ever, and what is behind it waits
	OnFailureSkip  OnFailure = "skip"  // it is left out
)

// handlingFields are those of a client that works on records.
func handlingFields[S any](in func(*S) *FailureHandling) []boundField[S] {
	fails := func(s *S) bool { return in(s).Failures != nil }
	return []boundField[S]{
		bind("failures", "how often the work on a record fails", pointerOf(object(failuresFields)), func(s *S) **Failures { return &in(s).Failures }),
		bind("retry", "how often work is tried that fails, and the waits between: five times, from 100 ms up to 5 s, by default", object(retryFields), func(s *S) *Retry { return &in(s).Retry }).writtenIf(fails),
		bind("dead_letter", "the topic for records that fail for good, or at the last attempt", filledText(), func(s *S) *string { return &in(s).DeadLetter }),
		bind("on_failure", "what becomes of those without \"dead_letter\": the partition waits for them (block, the default), or they are left out (skip)",
			words(OnFailureBlock, OnFailureSkip), func(s *S) *OnFailure { return &in(s).OnFailure }).writtenIf(func(s *S) bool { return in(s).OnFailure != "" }),
	}
}

var failuresFields = []boundField[Failures]{
	bind("transient", "the share of the attempts that fail and may succeed another time", quantityOf(shareDimension, 0, Whole), func(f *Failures) *Share { return &f.Transient }).orDefault("0%"),
	bind("permanent", "the share of the records that fail at every attempt", quantityOf(shareDimension, 0, Whole), func(f *Failures) *Share { return &f.Permanent }).orDefault("0%"),
}

var retryFields = []boundField[Retry]{
	bind("attempts", "how often a record is tried, the first time too", integer[int](1, mostAttempts), func(r *Retry) *int { return &r.Attempts }).orDefault("5"),
	bind("backoff", "the wait between attempts, which doubles", object(backoffFields, checkBackoff), func(r *Retry) *Backoff { return &r.Backoff }).orDefault("{}"),
}

var backoffFields = []boundField[Backoff]{
	bind("initial", "before the second attempt", duration(time.Millisecond), func(b *Backoff) *time.Duration { return &b.Initial }).orDefault("100ms"),
	bind("max", "the longest", duration(time.Millisecond), func(b *Backoff) *time.Duration { return &b.Max }).orDefault("5s"),
}

const mostAttempts = 1_000_000

// defaultRetry says the same as the fields' defaults.
var defaultRetry = Retry{Attempts: 5, Backoff: Backoff{Initial: 100 * time.Millisecond, Max: 5 * time.Second}}

func checkBackoff(r *reader, at at, b *Backoff) {
	if longest := at.node.child("max"); longest != nil && b.Max < b.Initial && b.Max > 0 {
		r.report(longest.place, pointerTo(at.pointer, "max"), "", "max (%s) is below initial (%s)", printDuration(b.Max), printDuration(b.Initial))
	}
}

// checkHandling: what deals with failures needs some, and a record that is given up goes one way.
func checkHandling(r *reader, at at, h *FailureHandling) {
	given := func(field string) *node {
		if child := at.node.child(field); child != nil && !child.isNull() {
			return child
		}
		return nil
	}
	if given("failures") == nil {
		for _, field := range []string{"retry", "dead_letter", "on_failure"} {
			if child := given(field); child != nil {
				r.report(child.place, pointerTo(at.pointer, field), "", "%q needs \"failures\" to deal with, such as failures: {transient: 2%%, permanent: 0.5%%}", field)
			}
		}
		return
	}
	if given("retry") == nil {
		h.Retry = defaultRetry
	}
	way := given("on_failure")
	switch {
	case way != nil && h.DeadLetter != "":
		r.report(way.place, pointerTo(at.pointer, "on_failure"), "", "with \"dead_letter\" records that are given up go there: there is no \"on_failure\" to choose")
	case way == nil && h.DeadLetter == "":
		h.OnFailure = OnFailureBlock
	}
}

// checkFailures checks what a client that works on records does with failures.
func (c *checker) checkFailures(pointer, who string, h FailureHandling, reads []string) {
	if h.Failures == nil {
		return
	}
	c.checkTopic(pointer+"/dead_letter", h.DeadLetter)
	if contains(reads, h.DeadLetter) {
		c.remark(Warning, c.index.find(pointer+"/dead_letter"), pointer+"/dead_letter", "%s reads the topic of its own dead letters, %s: what fails for good comes back for ever", who, h.DeadLetter)
	}
	chosen := clean(c.diagnostics, pointer+"/dead_letter") && clean(c.diagnostics, pointer+"/on_failure")
	if h.Failures.Permanent > 0 && h.OnFailure == OnFailureBlock && chosen {
		c.remark(Warning, c.index.find(pointer+"/failures"), pointer+"/failures", "%s of the records fail for good, and %s blocks at the first of them: it has no \"dead_letter\" and no on_failure: skip", h.Failures.Permanent, who)
	}
}

// DeadLetterTopics are those that some client sets records aside to, each once.
func (s *Scenario) DeadLetterTopics() []string {
	var topics []string
	add := func(h FailureHandling) {
		if h.DeadLetter != "" && !contains(topics, h.DeadLetter) {
			topics = append(topics, h.DeadLetter)
		}
	}
	for _, c := range s.Workload.Consumers {
		add(c.Handling)
	}
	for _, p := range s.Workload.Processors {
		add(p.Handling)
	}
	return topics
}

// DeadLetterSettings returns what the producer of an instance's dead letters is configured by: acknowledged by all, without
// duplicates of its own; where a key is the consumer's and a producer's, it holds for both.
func (c Consumer) DeadLetterSettings(index int) kafkaconfig.Settings {
	keys := keysOf(kafkaconfig.Producer, c.Config, index)
	maps.Copy(keys, map[string]string{"acks": "all", "enable.idempotence": strconv.FormatBool(true)})
	return effectiveAs(c.Client, kafkaconfig.Producer, keys)
}

// checkMemory: a partition that moves to another instance leaves behind what this one knows of it.
func (c *checker) checkMemory(pointer string, consumer Consumer) {
	if consumer.Deduplicate && consumer.Subscribes() && consumer.Count > 1 && consumer.Config["group.instance.id"] == "" {
		c.remark(Warning, c.index.find(pointer+"/deduplicate"), pointer+"/deduplicate",
			"each instance of %s knows what it has worked on itself: a partition that its group gives to another one is not protected (assignment: fixed keeps it, group.instance.id mostly)", consumer.Name)
	}
}
