package group

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/internal/kafka"
)

// What Java's String.hashCode says, and Kafka's Utils.abs of it modulo 50.
func TestPartitionFor(t *testing.T) {
	for _, c := range []struct {
		name string
		hash int32
		of50 int32
	}{
		{"", 0, 0},
		{"a", 97, 47},
		{"billing", -109829509, 9},
		{"group", 98629247, 47},
		{"polygenelubricants", -1 << 31, 0}, // no absolute value
		{"é€", 15587, 37},
		{"𝄞", 1772394, 44}, // two units in UTF-16
	} {
		require.Equal(t, c.hash, javaHash(c.name), c.name)
		require.Equal(t, c.of50, PartitionFor(c.name, 50), c.name)
	}
}

func TestDecodeRefuses(t *testing.T) {
	d := New(Settings{})
	record := &OffsetRecord{Group: "g", Partition: kafka.TopicPartition{Topic: "t", Partition: 1}}
	key := record.AppendKey(nil)
	value, present := record.AppendValue(nil)
	require.True(t, present)
	for n := range len(key) {
		_, err := d.Decode(key[:n], value)
		require.ErrorIs(t, err, ErrRecord, "key cut at %d", n)
	}
	for n := range len(value) {
		_, err := d.Decode(key, value[:n])
		require.ErrorIs(t, err, ErrRecord, "value cut at %d", n)
	}
	_, err := d.Decode(key, []byte{0, 5})
	require.ErrorIs(t, err, ErrRecord)

	for _, unknown := range [][]byte{
		(&kmsg.GroupMetadataKey{Version: 2, Group: "g"}).AppendTo(nil), {0, 3, 0, 0}, {0xff, 0xff},
	} {
		r, err := d.Decode(unknown, nil)
		require.NoError(t, err)
		require.Nil(t, r, "other kinds are passed over")
	}
}

// Every version of a value that Kafka has written is read.
func TestOldValues(t *testing.T) {
	d := New(Settings{})
	key := (&kmsg.OffsetCommitKey{Version: 0, Group: "g", Topic: "t", Partition: 1}).AppendTo(nil)
	for version := range int16(5) {
		v := kmsg.OffsetCommitValue{Version: version, Offset: 7, LeaderEpoch: 3, Metadata: "m", CommitTimestamp: 11, ExpireTimestamp: 13, TopicID: [16]byte{9}}
		r, err := d.Decode(key, v.AppendTo(nil))
		require.NoError(t, err)
		want := Committed{Offset: 7, LeaderEpoch: kafka.NoEpoch, Metadata: "m", CommitTime: 11, ExpireTime: NoExpiry}
		if version == 1 {
			want.ExpireTime = 13
		}
		if version >= 3 {
			want.LeaderEpoch = 3
		}
		if version == 4 {
			want.TopicID = kafka.TopicID{9}
		}
		require.Equal(t, want, r.(*OffsetRecord).Committed, "version %d", version)
	}
}

// offsetRecords are n commits of ten groups for a hundred partitions each.
func offsetRecords(n int) (keys, values [][]byte) {
	for i := range n {
		r := OffsetRecord{Group: fmt.Sprintf("group-%d", i%10), Partition: kafka.TopicPartition{Topic: "orders", Partition: int32(i / 10 % 100)},
			Committed: Committed{Offset: kafka.Offset(i), LeaderEpoch: 3, TopicID: kafka.TopicID{1}, CommitTime: 1_700_000_000_000, ExpireTime: NoExpiry}}
		value, _ := r.AppendValue(nil)
		keys, values = append(keys, r.AppendKey(nil)), append(values, value)
	}
	return keys, values
}

// A replay keeps nothing of the bytes that it reads.
func TestReplayCopies(t *testing.T) {
	keys, values := offsetRecords(1000)
	c := New(Settings{})
	d := New(Settings{})
	for i := range keys {
		r, err := d.Decode(keys[i], values[i])
		require.NoError(t, err)
		c.Committed(kafka.NoProducerID, r)
		clear(keys[i])
		clear(values[i])
	}
	require.Equal(t, 10, c.Groups())
	require.Equal(t, 1000, c.Offsets())
	o, ok := c.Fetch("group-7", kafka.TopicPartition{Topic: "orders", Partition: 42}, kafka.TopicID{1})
	require.True(t, ok)
	require.Equal(t, kafka.Offset(427), o.Offset)
}

func BenchmarkReplay(b *testing.B) {
	keys, values := offsetRecords(100_000)
	c := New(Settings{})
	d := New(Settings{})
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r, err := d.Decode(keys[i%len(keys)], values[i%len(keys)])
		if err != nil {
			b.Fatal(err)
		}
		c.Committed(kafka.NoProducerID, r)
	}
}
