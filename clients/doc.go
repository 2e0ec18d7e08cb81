// Package clients is Assay's Kafka clients as deterministic state machines:
// producer, consumer, covering reader and admin. They ask a host for
// connections, chance and wake-ups and tell their owner by callbacks; the node
// that embeds them hands them the host's events.
//
// Their model is the Java client of Kafka 4.3: same settings, same defaults,
// same decisions about retries, sequences and positions. Where they differ on
// purpose, the comment says why.
package clients
