package metadata

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"assay/internal/kafka"
)

var someTopic = kafka.TopicID{0: 0xaa, 15: 0x01}

// encodings pins the bytes of each kind of record: they are on disk.
var encodings = []struct {
	name   string
	record Record
	bytes  string // hex, without the leading version
}{
	{"no-op", NoOp{}, "0000"},
	{"register broker", RegisterBroker{Broker: 1, Incarnation: IncarnationID{0: 7}, Epoch: 300, Host: "h", Port: 9092, Rack: "r"},
		"011a" + "02" + "07000000000000000000000000000000" + "d804" + "0168" + "888e01" + "0172"},
	{"broker change", BrokerChange{Broker: 2, Epoch: 3, Fenced: true}, "0204" + "04" + "06" + "01" + "00"},
	{"topic", TopicRecord{Name: "t", ID: someTopic}, "0312" + "0174" + "aa000000000000000000000000000001"},
	{"partition", &PartitionRecord{Topic: someTopic, Partition: 1, State: Partition{
		Replicas: []kafka.BrokerID{1, 2}, ISR: []kafka.BrokerID{2}, ELR: []kafka.BrokerID{1}, Leader: 2, LeaderEpoch: 5, PartitionEpoch: 6,
	}}, "041c" + "aa000000000000000000000000000001" + "02" + "020204" + "0104" + "0102" + "00" + "04" + "0a" + "0c"},
	{"partition change", PartitionChange{Topic: someTopic, Partition: 1, ELR: []kafka.BrokerID{1, 2}, LastKnownELR: []kafka.BrokerID{2}, Leader: kafka.NoLeader, LeaderEpoch: 5, PartitionEpoch: 6},
		"051a" + "aa000000000000000000000000000001" + "02" + "00" + "020204" + "0104" + "01" + "0a" + "0c"},
	{"remove topic", RemoveTopic{ID: someTopic}, "0610" + "aa000000000000000000000000000001"},
	{"config", ConfigRecord{Resource: ConfigResource{TopicResource, "t"}, Key: "k", Value: "v"}, "0708" + "04" + "0174" + "016b" + "0176" + "00"},
	{"config deleted", ConfigRecord{Resource: ConfigResource{Type: BrokerResource}, Key: "k", Deleted: true}, "0706" + "08" + "00" + "016b" + "00" + "01"},
	{"producer ids", ProducerIDs{Next: 1000}, "0802" + "d00f"},
}

func TestEncodingIsPinned(t *testing.T) {
	for _, e := range encodings {
		t.Run(e.name, func(t *testing.T) {
			encoded := AppendRecords(nil, []Record{e.record})
			require.Equal(t, "02"+e.bytes, hex.EncodeToString(encoded))
			decoded, err := DecodeRecords(encoded)
			require.NoError(t, err)
			require.Equal(t, []Record{e.record}, decoded)
		})
	}
}

// Version 1 had no eligible leader replicas.
func TestVersion1IsRead(t *testing.T) {
	for name, c := range map[string]struct {
		bytes string
		want  Record
	}{
		"partition": {"010419" + "aa000000000000000000000000000001" + "02" + "020204" + "0104" + "04" + "0a" + "0c",
			&PartitionRecord{Topic: someTopic, Partition: 1, State: Partition{
				Replicas: []kafka.BrokerID{1, 2}, ISR: []kafka.BrokerID{2}, Leader: 2, LeaderEpoch: 5, PartitionEpoch: 6,
			}}},
		"partition change": {"010516" + "aa000000000000000000000000000001" + "02" + "0104" + "01" + "0a" + "0c",
			PartitionChange{Topic: someTopic, Partition: 1, ISR: []kafka.BrokerID{2}, Leader: kafka.NoLeader, LeaderEpoch: 5, PartitionEpoch: 6}},
	} {
		raw, err := hex.DecodeString(c.bytes)
		require.NoError(t, err)
		decoded, err := DecodeRecords(raw)
		require.NoError(t, err, name)
		require.Equal(t, []Record{c.want}, decoded, name)
	}
}

func TestDecodingRefuses(t *testing.T) {
	for name, encoded := range map[string]string{
		"nothing":                    "",
		"another version":            "03",
		"a record cut off":           "020802d0",
		"an unknown kind":            "026300",
		"bytes after a body":         "020803d00f00",
		"a body too short":           "020801d0",
		"a truth of two":             "0202" + "04" + "040602" + "00",
		"a broker beyond 32 bits":    "0202" + "08" + "feffffffff" + "7f" + "0100",
		"a string beyond the body":   "020703" + "040961",
		"version 1 with ELR":         "01051a" + "aa000000000000000000000000000001" + "02" + "00" + "020204" + "0104" + "01" + "0a" + "0c",
		"more brokers than bytes":    "0205" + "13" + "aa000000000000000000000000000001" + "02" + "ff01",
		"a length beyond everything": "0208ffffffffffffffffff01",
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := hex.DecodeString(encoded)
			require.NoError(t, err)
			_, err = DecodeRecords(raw)
			require.ErrorIs(t, err, ErrEncoding)
		})
	}
}

func FuzzDecodeRecords(f *testing.F) {
	for _, e := range encodings {
		f.Add(AppendRecords(nil, []Record{e.record}))
	}
	f.Fuzz(func(t *testing.T, encoded []byte) {
		records, err := DecodeRecords(encoded)
		if err != nil {
			require.ErrorIs(t, err, ErrEncoding)
			return
		}
		again, err := DecodeRecords(AppendRecords(nil, records))
		require.NoError(t, err)
		require.Equal(t, records, again)
	})
}

func FuzzDecodeBatches(f *testing.F) {
	batches := AppendBatch(nil, 7, 2, AppendRecords(nil, []Record{ProducerIDs{Next: 5}}))
	f.Add(batches)
	f.Add(AppendBatch(batches, 8, 2, AppendRecords(nil, []Record{NoOp{}})))
	f.Fuzz(func(t *testing.T, batches []byte) {
		if _, err := DecodeBatches(batches); err != nil {
			require.ErrorIs(t, err, ErrEncoding)
		}
	})
}
