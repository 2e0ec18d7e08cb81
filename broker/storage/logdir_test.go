package storage

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"

	"assay/host"
	"assay/internal/kafka"
)

func openDir(t *testing.T, fs host.FS) (*LogDir, []LogRecovery) {
	d, recoveries, err := OpenDir(fs, "data", DirOptions{Identity: Identity{3, "c", "d"}, Now: testNow,
		ConfigFor: func(string) *Config { return DefaultConfig() }})
	require.NoError(t, err)
	return d, recoveries
}

func settle(t *testing.T, fs *memFS, d *LogDir) {
	for len(fs.pending) > 0 {
		_, mine := d.Done(fs.complete(0), nil)
		require.True(t, mine)
	}
}

func TestCleanStopNeedsNoScan(t *testing.T) {
	fs := newMemFS()
	d, _ := openDir(t, fs)
	partition := kafka.TopicPartition{Topic: "my-topic", Partition: 12}
	l, err := d.CreateLog(partition, kafka.TopicID{4}, testNow)
	require.NoError(t, err)
	_, err = d.CreateLog(partition, kafka.TopicID{4}, testNow)
	require.ErrorIs(t, err, kerr.TopicAlreadyExists)
	mustAppend(t, l, 2, produced(5, 0, 0, 3))
	require.ErrorIs(t, d.CloseClean(7), ErrNotFlushed)
	require.True(t, d.FlushAll())
	settle(t, fs, d)
	require.False(t, d.FlushAll())
	require.NoError(t, d.Checkpoint(func(*Log) kafka.Offset { return 2 }))
	settle(t, fs, d)
	require.NoError(t, d.CloseClean(7))
	require.True(t, d.Waiting(), "for the marker")
	settle(t, fs, d)
	require.False(t, d.Waiting())

	d, recoveries := openDir(t, fs)
	require.Equal(t, kafka.BrokerEpoch(7), d.PreviousEpoch())
	require.Equal(t, []LogRecovery{{partition, Recovery{Clean: true, From: 3, To: 3}}}, recoveries)
	l = d.Log(partition)
	require.Equal(t, kafka.TopicID{4}, l.TopicID())
	require.Equal(t, kafka.Offset(3), l.LogEndOffset())
	require.Equal(t, kafka.Offset(2), d.CheckpointedHighWatermark(partition))
	require.Equal(t, kafka.LeaderEpoch(2), l.LatestEpoch())
	require.Equal(t, 1, l.Producers().Len())
	require.Nil(t, fs.entries["data/"+markerFile], "the marker counts once")

	d, recoveries = openDir(t, fs)
	require.False(t, recoveries[0].Clean)
	require.Equal(t, 1, recoveries[0].SegmentsScanned)
	require.Equal(t, kafka.NoBrokerEpoch, d.PreviousEpoch())
}

// A power loss may undo the marker's removal.
func TestOldMarkerVouchesForNothingNew(t *testing.T) {
	fs := newMemFS()
	d, _ := openDir(t, fs)
	l, err := d.CreateLog(crashPartition, kafka.TopicID{4}, testNow)
	require.NoError(t, err)
	mustAppend(t, l, 0, records(testNow, "a"))
	d.FlushAll()
	settle(t, fs, d)
	require.NoError(t, d.CloseClean(7))
	marker := fs.entries["data/"+markerFile]
	d, _ = openDir(t, fs)
	mustAppend(t, d.Log(crashPartition), 0, records(testNow, "b"))
	fs.entries["data/"+markerFile] = marker
	d, recoveries := openDir(t, fs)
	require.Equal(t, kafka.NoBrokerEpoch, d.PreviousEpoch(), "a log went on")
	require.False(t, recoveries[0].Clean)
}

func TestDirectoryOfAnotherClusterIsRefused(t *testing.T) {
	fs := newMemFS()
	openDir(t, fs)
	_, _, err := OpenDir(fs, "data", DirOptions{Identity: Identity{3, "other", ""}})
	require.ErrorIs(t, err, kerr.InconsistentClusterID)
}

func TestDeletedLogIsGoneAndItsNameFree(t *testing.T) {
	fs := newMemFS()
	d, _ := openDir(t, fs)
	l, err := d.CreateLog(crashPartition, kafka.TopicID{1}, testNow)
	require.NoError(t, err)
	mustAppend(t, l, 0, records(testNow, "old"))
	require.True(t, l.Flush())
	require.NoError(t, d.DeleteLog(crashPartition))
	require.Nil(t, d.Log(crashPartition))
	_, err = l.AppendAsLeader(records(testNow, "late"), 0, testNow)
	require.ErrorIs(t, err, kerr.UnknownTopicOrPartition)
	_, err = d.CreateLog(crashPartition, kafka.TopicID{2}, testNow)
	require.NoError(t, err)
	d.Done(fs.complete(2), host.ErrIO) // the first two are the identity's; a deleted log's failure harms nobody
	require.NoError(t, d.Err())
	settle(t, fs, d)
	d, _ = openDir(t, fs)
	require.Equal(t, kafka.TopicID{2}, d.Log(crashPartition).TopicID())
	require.Zero(t, d.Log(crashPartition).LogEndOffset())
	names, err := fs.List("data")
	require.NoError(t, err)
	require.Equal(t, []string{"meta.properties", "orders-3/", recoveryPointFile, highWatermarkFile}, slices.DeleteFunc(names, func(name string) bool { return strings.HasSuffix(name, temporarySuffix) }))
}

func TestOneFailureTakesTheDirectoryOffline(t *testing.T) {
	fs := newMemFS()
	d, _ := openDir(t, fs)
	settle(t, fs, d)
	l, err := d.CreateLog(crashPartition, kafka.TopicID{1}, testNow)
	require.NoError(t, err)
	other, err := d.CreateLog(kafka.TopicPartition{Topic: "other"}, kafka.TopicID{2}, testNow)
	require.NoError(t, err)
	mustAppend(t, l, 0, records(testNow, "v"))
	require.True(t, l.Flush())
	d.Done(fs.complete(0), host.ErrIO)
	require.ErrorIs(t, d.Err(), kerr.KafkaStorageError)
	_, err = other.AppendAsLeader(records(testNow, "v"), 0, testNow)
	require.ErrorIs(t, err, kerr.KafkaStorageError)
}

func TestCheckpointsKnowWhenTheyAreTorn(t *testing.T) {
	content := encodeOffsets([]offsetEntry{{crashPartition, 1234}, {kafka.TopicPartition{Topic: "a-b", Partition: 7}, 5}})
	offsets, ok := decodeOffsets(content)
	require.True(t, ok)
	require.Equal(t, map[kafka.TopicPartition]kafka.Offset{crashPartition: 1234, {Topic: "a-b", Partition: 7}: 5}, offsets)
	for i := range content {
		_, ok := decodeOffsets(content[:i])
		require.False(t, ok, "cut at %d", i)
		zeroed := append([]byte{}, content...)
		clear(zeroed[i:])
		_, ok = decodeOffsets(zeroed)
		require.False(t, ok, "zeros from %d", i)
	}
	epochs := []EpochStart{{0, 0}, {3, 17}}
	cache, ok := decodeEpochs(encodeEpochs(epochs))
	require.True(t, ok)
	require.Equal(t, epochs, cache.Entries())
}
