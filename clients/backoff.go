package clients

import (
	"math/rand/v2"
	"time"
)

// Backoff is an exponential wait between attempts: it doubles from Initial to
// Max and is jittered.
type Backoff struct {
	Initial, Max time.Duration
	Shape        BackoffShape
}

// BackoffShape says how a wait is jittered.
type BackoffShape uint8

// The shapes.
const (
	// BackoffKafka: a fifth either way, Max included (KIP-580).
	BackoffKafka BackoffShape = iota
	// BackoffCapped: a fifth either way, but never above Max (rd_kafka_retry_msgq
	// in librdkafka's src/rdkafka_partition.c; retryBackoff in franz-go's
	// pkg/kgo/config.go).
	BackoffCapped
	// BackoffWide: from a quarter less to a half more, but never above Max
	// (rd_kafka_broker_update_reconnect_backoff in librdkafka's
	// src/rdkafka_broker.c).
	BackoffWide
)

// Wait returns the wait after so many failures in a row (from 1).
func (b Backoff) Wait(failures int, random *rand.Rand) time.Duration {
	wait := min(b.Initial, b.Max)
	for range min(failures-1, 62) {
		if wait >= b.Max {
			break
		}
		wait = min(2*wait, b.Max)
	}
	switch b.Shape {
	case BackoffCapped:
		return min(jitter(wait, random), b.Max)
	case BackoffWide:
		if spread := int64(wait) * 3 / 4; spread > 0 {
			wait += time.Duration(random.Int64N(spread+1)) - wait/4
		}
		return min(wait, b.Max)
	}
	return jitter(wait, random)
}

// jitter draws from 0.8 to 1.2 times d.
func jitter(d time.Duration, random *rand.Rand) time.Duration {
	if spread := int64(d) / 5; spread > 0 {
		d += time.Duration(random.Int64N(2*spread+1) - spread)
	}
	return d
}
