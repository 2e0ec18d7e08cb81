package workload

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/checkers/history"
	"assay/internal/batch"
	"assay/internal/kafka"
)

func TestBackoffDoublesUpToItsLongest(t *testing.T) {
	retry := Retry{Attempts: 9, Initial: 100 * time.Millisecond, Max: 500 * time.Millisecond}
	for attempts, want := range map[int]time.Duration{1: 100, 2: 200, 3: 400, 4: 500, 5: 500, 1_000_000: 500} {
		require.Equal(t, want*time.Millisecond, retry.backoff(attempts), "after %d attempts", attempts)
	}
}

func TestPoisonIsAPropertyOfTheRecord(t *testing.T) {
	one, other := Poison(1, 5_000), Poison(2, 5_000)
	poisoned, both := 0, 0
	for send := range uint32(200_000) {
		id := history.NewRecordID(3, send+1)
		require.Equal(t, one(id), one(id))
		if one(id) {
			poisoned++
			if other(id) {
				both++
			}
		}
	}
	require.InDelta(t, 1000, poisoned, 120, "half a percent")
	require.Less(t, both, 30, "another salt chooses others")
	require.False(t, Poison(1, 0)(5))
	require.True(t, Poison(1, 1_000_000)(5))
}

// What becomes of a record, attempt by attempt.
func TestAttempts(t *testing.T) {
	yes, no := func(*rand.Rand) bool { return true }, func(*rand.Rand) bool { return false }
	poison, sound := func(history.RecordID) bool { return true }, func(history.RecordID) bool { return false }
	retry := Retry{Attempts: 3, Initial: time.Second, Max: 4 * time.Second}
	for name, c := range map[string]struct {
		handling FailureHandling
		ends     []attemptEnd
		waits    []time.Duration
	}{
		"nothing fails":                   {FailureHandling{}, []attemptEnd{succeeded}, nil},
		"it succeeds":                     {FailureHandling{Transient: no, Permanent: sound, Retry: retry}, []attemptEnd{succeeded}, nil},
		"attempts are exhausted":          {FailureHandling{Transient: yes, Permanent: sound, Retry: retry, DeadLetter: "dead"}, []attemptEnd{tryAgain, tryAgain, setAside}, []time.Duration{1, 2}},
		"exhausted and skipped":           {FailureHandling{Transient: yes, Permanent: sound, Retry: retry, Skip: true}, []attemptEnd{tryAgain, tryAgain, skipped}, []time.Duration{1, 2}},
		"for good, at once":               {FailureHandling{Transient: no, Permanent: poison, Retry: retry, DeadLetter: "dead"}, []attemptEnd{setAside}, nil},
		"for good, and nowhere to put it": {FailureHandling{Transient: no, Permanent: poison, Retry: retry}, []attemptEnd{tryAgain, tryAgain, tryAgain, tryAgain, tryAgain}, []time.Duration{1, 2, 4, 4, 4}},
	} {
		t.Run(name, func(t *testing.T) {
			var metrics Metrics
			a := attempts{handling: &c.handling}
			for i, want := range c.ends {
				end, wait := a.ended(7, &metrics)
				require.Equal(t, want, end, "attempt %d", i+1)
				if end == tryAgain {
					require.Equal(t, c.waits[i]*time.Second, wait, "after attempt %d", i+1)
				}
			}
			require.Equal(t, len(c.ends) > 1, metrics.RetriedRecords == 1)
			require.Equal(t, c.ends[len(c.ends)-1] == skipped, metrics.SkippedRecords == 1)
		})
	}
}

// read is a record with headers as a reader gets it.
func read(t *testing.T, offset kafka.Offset, headers ...batch.RecordHeader) batch.Record {
	t.Helper()
	var b batch.Builder
	b.Reset(nil)
	b.Append(0, nil, nil, headers)
	records, err := batch.AppendRecords(nil, b.Finish())
	require.NoError(t, err)
	records[0].Offset = offset
	return records[0]
}

func TestDeadLettersSayWhatTheyWere(t *testing.T) {
	var headers deadLetterHeaders
	original := read(t, 41, batch.RecordHeader{Key: IdentityHeader, Value: []byte{0, 0, 0, 3, 0, 0, 0, 9}})
	letter := read(t, 0, headers.of(history.NewRecordID(5, 1), kafka.TopicPartition{Topic: "orders", Partition: 2}, &original, "permanent failure")...)
	require.Equal(t, history.NewRecordID(5, 1), RecordIDOf(&letter), "a record of its own")
	require.Equal(t, history.NewRecordID(3, 9), OriginOf(&letter))
	require.Equal(t, history.NewRecordID(3, 9), OriginOf(&original))
	for key, want := range map[string]string{
		SourceHeader: "orders/2/41", DeadTopicHeader: "orders", DeadPartitionHeader: "2", DeadOffsetHeader: "41", DeadErrorHeader: "permanent failure",
	} {
		value, found := letter.Header(key)
		require.True(t, found, key)
		require.Equal(t, want, string(value), key)
	}
	var second deadLetterHeaders
	again := read(t, 0, second.of(history.NewRecordID(6, 1), kafka.TopicPartition{Topic: "orders.dead"}, &letter, "again")...)
	require.Equal(t, history.NewRecordID(3, 9), OriginOf(&again), "the first origin")
}
