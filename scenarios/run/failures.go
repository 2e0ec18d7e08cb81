package run

import (
	"math/rand/v2"

	"assay/clients"
	"assay/scenarios/format"
	"assay/scenarios/workload"
)

// handling is how the instances of a client set fail, and what they do then. Which
// records are poison to them hangs on the seed and on the set's name: to another
// instance, or later, it is the same ones.
func (r *run) handling(name string, h format.FailureHandling) workload.FailureHandling {
	if h.Failures == nil {
		return workload.FailureHandling{}
	}
	transient, permanent := h.Failures.Transient, h.Failures.Permanent
	return workload.FailureHandling{
		Transient:  func(random *rand.Rand) bool { return transient.Of(random.Int64N(int64(format.Whole))) },
		Permanent:  workload.Poison(r.view.Stream("poison", name).Uint64(), int64(permanent)*(1_000_000/int64(format.Whole))),
		Retry:      workload.Retry{Attempts: h.Retry.Attempts, Initial: h.Retry.Backoff.Initial, Max: h.Retry.Backoff.Max},
		DeadLetter: h.DeadLetter, Skip: h.OnFailure == format.OnFailureSkip,
	}
}

// deadLetters sets up the producer of an instance's dead letters.
func (r *run) deadLetters(config *workload.ConsumerConfig, c *format.Consumer, index int) {
	if c.Handling.DeadLetter == "" {
		return
	}
	settings := c.DeadLetterSettings(index)
	config.DeadLetterClient, config.DeadLetterProducer = clients.ClientConfigOf(settings, r.bootstrap), r.producerConfig(settings)
	config.DeadLetterClient.MaxInFlight = config.DeadLetterProducer.MaxInFlight
}

// ownState is what the application of a producer keeps in a store of its own.
func ownState(p *format.Producer) workload.OwnState {
	switch {
	case p.Outbox:
		return workload.Outbox
	case p.DualWrite:
		return workload.DualWrite
	}
	return workload.NoOwnState
}
