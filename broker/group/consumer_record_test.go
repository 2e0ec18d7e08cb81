package group

import (
	"encoding/hex"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/internal/kafka"
)

// The records of groups of KIP-848 with their values, which Apache Kafka 4.3 reads
// and writes the same way.
var consumerRecords = []struct {
	record Record
	value  string
}{
	{&EpochRecord{Group: "g", Epoch: 7, MetadataHash: 0x1122334455667788}, "00000000000701000811" + "22334455667788"},
	{&EpochRecord{Group: "g", Epoch: 7}, "00000000000700"},
	{&MemberRecord{Group: "g", Member: "m", subscription: subscription{instance: "i", clientID: "c", clientHost: "/h", topics: []string{"a", "b"}, expression: "x.",
		rebalanceTimeout: 5 * time.Second, assignor: "range"}}, "0000" + "0269" + "00" + "0263" + "032f68" + "0302610262" + "03782e" + "00001388" + "0672616e6765" + "01000100"},
	{&TargetRecord{Group: "g", Epoch: 7, Since: 1000}, "000000000007" + "010008" + "00000000000003e8"},
	{&TargetMemberRecord{Group: "g", Member: "m", Partitions: []PartitionID{{kafka.TopicID{1}, 0}, {kafka.TopicID{1}, 3}, {kafka.TopicID{2}, 1}}},
		"0000" + "03" + "01000000000000000000000000000000" + "03" + "0000000000000003" + "00" + "02000000000000000000000000000000" + "02" + "00000001" + "00" + "00"},
	{&CurrentRecord{Group: "g", Member: "m", current: current{epoch: 7, previous: 6, state: unrevokedPartitions,
		assigned: []heldPartition{{PartitionID{kafka.TopicID{1}, 0}, 5}, {PartitionID{kafka.TopicID{1}, 3}, 7}},
		revoking: []heldPartition{{PartitionID{kafka.TopicID{2}, 1}, 4}}}},
		"0000" + "00000007" + "00000006" + "01" + "02" + "01000000000000000000000000000000" + "03" + "0000000000000003" + "01" + "0009" + "03" + "0000000500000007" +
			"02" + "02000000000000000000000000000000" + "02" + "00000001" + "01" + "0005" + "02" + "00000004" + "00"},
	{&ExpressionRecord{Group: "g", Expression: "a.*", resolution: resolution{topics: []string{"a", "ab"}, version: 9, since: 1000}},
		"0000" + "03" + "0261" + "036162" + "0000000000000009" + "00000000000003e8" + "00"},
}

func TestConsumerRecords(t *testing.T) {
	c := New(Settings{})
	for _, each := range consumerRecords {
		key := each.record.AppendKey(nil)
		value, present := each.record.AppendValue(nil)
		require.True(t, present)
		require.Equal(t, each.value, hex.EncodeToString(value), "%T", each.record)
		read, err := c.Decode(key, value)
		require.NoError(t, err)
		require.Equal(t, each.record, read)

		for cut := range value {
			_, err := c.Decode(key, value[:cut])
			require.ErrorIs(t, err, ErrRecord, "%T cut at %d", each.record, cut)
		}
		for cut := 2; cut < len(key); cut++ {
			_, err := c.Decode(key[:cut], value)
			require.ErrorIs(t, err, ErrRecord, "%T's key cut at %d", each.record, cut)
		}
		value[1] = 1
		_, err = c.Decode(key, value)
		require.ErrorIs(t, err, ErrRecord, "%T of a later version", each.record)

		gone, err := c.Decode(key, nil)
		require.NoError(t, err)
		_, present = gone.AppendValue(nil)
		require.False(t, present)
	}
}

// What a later version adds is passed over, and a record of before KIP-1251 counts
// from its member's epoch.
func TestConsumerRecordsOfOthers(t *testing.T) {
	c := New(Settings{})
	key := (&CurrentRecord{Group: "g", Member: "m"}).AppendKey(nil)
	value, err := hex.DecodeString("0000" + "00000007" + "00000006" + "00" + "02" + "01000000000000000000000000000000" + "02" + "00000002" + "00" + "01" + "01" + "05" + "02" + "abcd")
	require.NoError(t, err)
	read, err := c.Decode(key, value)
	require.NoError(t, err)
	require.Equal(t, []heldPartition{{PartitionID{kafka.TopicID{1}, 2}, 7}}, read.(*CurrentRecord).assigned)
}
