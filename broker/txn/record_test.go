package txn

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/internal/kafka"
)

func someRecord(i int, flexible bool) *TransactionRecord {
	return &TransactionRecord{ID: fmt.Sprintf("t%d", i%1000), flexible: flexible, Transaction: Transaction{Producer: Producer{7, 3},
		PreviousID: 6, NextID: 8, LastEpoch: kafka.NoProducerEpoch, State: PrepareCommit, TimeoutMillis: 60000,
		Partitions:  []kafka.TopicPartition{{Topic: "a", Partition: 1}, {Topic: "a", Partition: 2}, {Topic: "b", Partition: 0}},
		StartMillis: 11, UpdateMillis: 12, ClientVersion: EpochPerTransaction}}
}

// A record is read as it was written; in the form before transaction.version 1
// without what that has no place for.
func TestRecordForms(t *testing.T) {
	d := New(Settings{}, nil)
	for _, flexible := range []bool{true, false} {
		record := someRecord(1, flexible)
		value, present := record.AppendValue(nil)
		require.True(t, present)
		read, err := d.Decode(record.AppendKey(nil), value)
		require.NoError(t, err)
		want := record.Transaction
		if !flexible {
			want.PreviousID, want.NextID, want.ClientVersion = kafka.NoProducerID, kafka.NoProducerID, 0
		}
		require.Equal(t, want, read.(*TransactionRecord).Transaction)
		require.Equal(t, "t1", read.(*TransactionRecord).ID)
	}
	empty := TransactionRecord{ID: "t", Transaction: Transaction{Producer: Producer{7, 0}, NextID: -1, PreviousID: -1}}
	value, _ := empty.AppendValue(nil)
	var written kmsg.TxnMetadataValue
	require.NoError(t, written.ReadFrom(value))
	require.Nil(t, written.Topics, "Kafka writes null here")
}

func TestDecodeRefuses(t *testing.T) {
	d := New(Settings{}, nil)
	record := someRecord(1, true)
	key := record.AppendKey(nil)
	value, _ := record.AppendValue(nil)
	for n := range len(key) {
		_, err := d.Decode(key[:n], value)
		require.ErrorIs(t, err, ErrRecord, "key cut at %d", n)
	}
	for n := range len(value) {
		_, err := d.Decode(key, value[:n])
		require.ErrorIs(t, err, ErrRecord, "value cut at %d", n)
	}
	for _, wrong := range []kmsg.TransactionState{-1, 6, 7, 8} {
		v := kmsg.TxnMetadataValue{Version: 1, State: wrong}
		_, err := d.Decode(key, v.AppendTo(nil))
		require.ErrorIs(t, err, ErrRecord, "state %d", wrong)
	}
	_, err := d.Decode(key, []byte{0, 2})
	require.ErrorIs(t, err, ErrRecord)
	other, err := d.Decode([]byte{0, 1, 0, 0}, nil)
	require.NoError(t, err)
	require.Nil(t, other, "other kinds are passed over")
}

// A replay keeps nothing of the bytes that it reads.
func TestReplayCopies(t *testing.T) {
	c := New(Settings{}, nil)
	record := someRecord(1, true)
	key := record.AppendKey(nil)
	value, _ := record.AppendValue(nil)
	r, err := c.Decode(key, value)
	require.NoError(t, err)
	c.Committed(kafka.NoProducerID, r)
	clear(key)
	clear(value)
	_, err = c.Decode((&TransactionRecord{ID: "u"}).AppendKey(nil), nil)
	require.NoError(t, err)
	kept, known := c.Transaction("t1")
	require.True(t, known)
	require.Equal(t, record.Transaction.Partitions, kept.Partitions)
}

func BenchmarkReplay(b *testing.B) {
	var keys, values [][]byte
	for i := range 10_000 {
		r := someRecord(i, true)
		value, _ := r.AppendValue(nil)
		keys, values = append(keys, r.AppendKey(nil)), append(values, value)
	}
	c := New(Settings{}, nil)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r, err := c.Decode(keys[i%len(keys)], values[i%len(keys)])
		if err != nil {
			b.Fatal(err)
		}
		c.Appended(kafka.NoProducerID, r)
		c.Committed(kafka.NoProducerID, r)
	}
}
