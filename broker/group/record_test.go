package group

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
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
		{0, 4, 0, 0}, {0, 17, 0, 0}, {0xff, 0xff},
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
	o, ok, err := c.Fetch("group-7", kafka.TopicPartition{Topic: "orders", Partition: 42}, kafka.TopicID{1}, true)
	require.NoError(t, err)
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

// A group's record is Kafka's own, and every version of it is read.
func TestGroupRecords(t *testing.T) {
	d := New(Settings{})
	key := (&kmsg.GroupMetadataKey{Version: 2, Group: "g"}).AppendTo(nil)
	protocol, leader, instance := "range", "a", "one"
	for version := range int16(5) {
		v := kmsg.GroupMetadataValue{Version: version, ProtocolType: "consumer", Generation: 7, Protocol: &protocol, Leader: &leader, CurrentStateTimestamp: 11,
			Members: []kmsg.GroupMetadataValueMember{{MemberID: "a", InstanceID: &instance, ClientID: "c", ClientHost: "/h", RebalanceTimeoutMillis: 5000,
				SessionTimeoutMillis: 3000, Subscription: []byte{1}, Assignment: []byte{2}}}}
		content := v.AppendTo(nil)
		r, err := d.Decode(key, content)
		require.NoError(t, err)
		again, present := r.(*GroupRecord).AppendValue(nil)
		require.True(t, present)
		require.Equal(t, content, again, "version %d", version)
		require.Equal(t, key, r.AppendKey(nil))

		c := New(Settings{})
		c.Appended(kafka.NoProducerID, r)
		c.Committed(kafka.NoProducerID, r)
		g := c.groups["g"].members.(*classicGroup)
		m := g.members[0]
		require.Equal(t, []any{GenerationID(7), MemberID("a"), "Stable", 3 * time.Second}, []any{g.generationID, g.leader, g.state(), m.sessionTimeout})
		require.Equal(t, map[bool]time.Duration{false: 3 * time.Second, true: 5 * time.Second}[version >= 1], m.rebalanceTimeout)
		require.Equal(t, map[bool]string{true: "one"}[version >= 3], m.instance)
		require.Equal(t, map[bool]int64{false: unknownSince, true: 11}[version >= 2], g.since)
	}
	_, err := d.Decode(key, []byte{0, 5})
	require.ErrorIs(t, err, ErrRecord)
	_, err = d.Decode(key[:4], nil)
	require.ErrorIs(t, err, ErrRecord)
}

// rebalanceOf makes a group of n members stable and counts the answers that this
// takes.
func rebalanceOf(n int) (*Coordinator, int) {
	c := New(Settings{MaxSize: 1 << 20, MaxSessionTimeout: time.Hour})
	c.Loaded(Moment{})
	subscription := (&kmsg.ConsumerMemberMetadata{Version: 3, Topics: []string{"orders"}, Generation: 3}).AppendTo(nil)
	var assignments []Assignment
	for i := range n {
		id := MemberID(fmt.Sprintf("member-%d", i))
		assignments = append(assignments, Assignment{id, make([]byte, 30)})
		c.Join(Moment{}, &JoinRequest{Group: "g", NewMember: id, ClientID: "c", SessionTimeout: 10 * time.Second, RebalanceTimeout: time.Minute,
			ProtocolType: "consumer", Protocols: []Protocol{{"range", subscription}, {"sticky", subscription}}, Version: 3}, i)
	}
	answers := len(c.Expire(Moment{Now: 1}).Answers)
	var d Decision
	for i := range n {
		d = c.Sync(Moment{}, &SyncRequest{Group: "g", Member: assignments[n-1-i].Member, Generation: 1, Assignments: assignments[:(i/(n-1))*n]}, i)
	}
	for _, w := range d.Writes {
		answers += len(c.Written(Moment{}, w, nil).Answers)
	}
	return c, answers
}

func BenchmarkRebalance1000(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, answers := rebalanceOf(1000); answers != 2000 {
			b.Fatal(answers)
		}
	}
}

func BenchmarkHeartbeat(b *testing.B) {
	c, _ := rebalanceOf(1000)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		at := Moment{Now: host.Time(i) * host.Time(time.Millisecond)}
		if err := c.Heartbeat(at, "g", MemberID("member-7"), "", 1); err != nil {
			b.Fatal(err)
		}
		if c.NextDeadline() == host.Never {
			b.Fatal("nothing is due")
		}
	}
}

// BenchmarkCommit is a member's commit for one partition, with its record's
// encoding.
func BenchmarkCommit(b *testing.B) {
	c, _ := rebalanceOf(1000)
	commit := &Commit{Group: "g", Member: "member-7", Generation: 1, Version: 9, Retention: NoExpiry,
		Offsets: []CommitOffset{{Partition: kafka.TopicPartition{Topic: "orders", Partition: 7}}}}
	var key, value []byte
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		commit.Offsets[0].Offset = kafka.Offset(i)
		records, err := c.Commit(Moment{Now: host.Time(i)}, commit)
		if err != nil {
			b.Fatal(err)
		}
		key = records[0].AppendKey(key[:0])
		value, _ = records[0].AppendValue(value[:0])
		c.Appended(kafka.NoProducerID, records[0])
		c.Committed(kafka.NoProducerID, records[0])
	}
}
