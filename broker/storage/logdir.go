package storage

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"

	"assay/host"
	"assay/internal/kafka"
)

// LogDir is a broker's log directory: all its partitions' logs, their
// checkpoints, and who the directory belongs to. An error of the file system
// in any of them takes all of them offline.
type LogDir struct {
	fs      host.FS
	dir     string
	options DirOptions
	logs    map[kafka.TopicPartition]*Log
	sorted  []*Log                                // logs by partition; nil when they have changed
	waiting map[host.Op]*Log                      // whose Done is to come; nil for the directory's own
	deleted []string                              // directories renamed, to be purged
	loaded  map[kafka.TopicPartition]kafka.Offset // high watermarks of the last incarnation
	// mentioned are partitions without a log that a checkpoint on disk may name.
	mentioned map[kafka.TopicPartition]kafka.Offset
	offline   error
	rounds    checkpointing
	identity  Identity
	stopped   kafka.BrokerEpoch // of the incarnation that stopped in an orderly way
	scratch   []byte            // of all logs
}

// Identity is what meta.properties says of a log directory.
type Identity struct {
	NodeID      kafka.BrokerID
	ClusterID   string
	DirectoryID string
}

// DirOptions are what OpenDir needs.
type DirOptions struct {
	// Identity is written to a new directory; one of another node or cluster is
	// refused. An existing directory keeps its DirectoryID.
	Identity Identity
	// ConfigFor returns a topic's configuration, which is not changed.
	ConfigFor func(topic string) *Config
	Now       host.WallTime
	Observer  Observer // may be nil
}

// LogRecovery is what opening one log of the directory had to do.
type LogRecovery struct {
	Partition kafka.TopicPartition
	Recovery
}

// OpenDir opens the directory and all logs in it, in the order of partitions.
// Directories of deleted topics are removed. The marker of an orderly stop is
// removed before any log is loaded (KAFKA-10471), and it counts for a log only
// if that ends where the marker says: a marker that a power loss has brought
// back vouches for nothing that was written since.
func OpenDir(fs host.FS, dir string, options DirOptions) (*LogDir, []LogRecovery, error) {
	d := &LogDir{fs: fs, dir: dir, options: options, stopped: kafka.NoBrokerEpoch,
		logs: make(map[kafka.TopicPartition]*Log), waiting: make(map[host.Op]*Log)}
	recoveries, err := d.load()
	if err != nil {
		return nil, recoveries, fmt.Errorf("open log directory %s: %w", dir, err)
	}
	return d, recoveries, nil
}

func (d *LogDir) load() ([]LogRecovery, error) {
	if err := d.fs.MkdirAll(d.dir); err != nil {
		return nil, err
	}
	if err := d.loadIdentity(); err != nil {
		return nil, err
	}
	marker, err := d.takeMarker()
	if err != nil {
		return nil, err
	}
	if epoch, err := strconv.ParseInt(marker[markerEpoch], 10, 64); err == nil {
		d.stopped = kafka.BrokerEpoch(epoch)
	}
	recoveryPoints, err1 := d.readOffsets(recoveryPointFile)
	highWatermarks, err2 := d.readOffsets(highWatermarkFile)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	d.loaded = highWatermarks
	partitions, err := d.takeStock()
	if err != nil {
		return nil, err
	}
	var recoveries []LogRecovery
	for _, partition := range partitions {
		l, recovery, err := d.open(partition, Options{
			RecoveryPoint: recoveryPoints[partition],
			Clean:         d.vouched(partition, marker),
		})
		if err != nil {
			return recoveries, err
		}
		l.flushing.durablePoint = unknownPoint
		d.logs[partition], d.sorted = l, nil
		recoveries = append(recoveries, LogRecovery{partition, recovery})
		delete(marker, partition.String())
		if !recovery.Clean {
			d.stopped = kafka.NoBrokerEpoch
		}
	}
	if delete(marker, markerEpoch); len(marker) > 0 {
		d.stopped = kafka.NoBrokerEpoch // a log is gone
	}
	d.mentioned = recoveryPoints
	if len(d.logs) > 0 {
		_ = d.beginRound() // an error is in d.offline
	}
	return recoveries, d.offline
}

func (d *LogDir) open(partition kafka.TopicPartition, o Options) (*Log, Recovery, error) {
	o.Partition = partition
	o.Config = d.options.ConfigFor(partition.Topic)
	o.Observer = d.options.Observer
	o.scratch = &d.scratch
	if o.Now == 0 {
		o.Now = d.options.Now
	}
	l, recovery, err := Open(d.fs, d.dir+"/"+partition.String(), o)
	if l != nil {
		l.owner = d
	}
	return l, recovery, err
}

const deletedSuffix = "-delete"

// takeStock lists the partitions, and purges deleted ones.
func (d *LogDir) takeStock() (partitions []kafka.TopicPartition, err error) {
	names, err := d.fs.List(d.dir)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		name, isDirectory := strings.CutSuffix(name, "/")
		if strings.HasSuffix(name, deletedSuffix) && isDirectory {
			if err := d.fs.RemoveAll(d.dir + "/" + name); err != nil {
				return nil, err
			}
		} else if partition, ok := parsePartition(name); ok && isDirectory {
			partitions = append(partitions, partition)
		}
	}
	slices.SortFunc(partitions, kafka.TopicPartition.Compare)
	return partitions, nil
}

// parsePartition reads a directory's name; the topic may hold dashes.
func parsePartition(name string) (kafka.TopicPartition, bool) {
	dash := strings.LastIndexByte(name, '-')
	if dash <= 0 {
		return kafka.TopicPartition{}, false
	}
	number, err := strconv.ParseInt(name[dash+1:], 10, 32)
	p := kafka.TopicPartition{Topic: name[:dash], Partition: int32(number)}
	return p, err == nil && number >= 0 && p.String() == name
}

// Identity is what the directory's meta.properties says.
func (d *LogDir) Identity() Identity { return d.identity }

// Err is nil, or why the directory is offline.
func (d *LogDir) Err() error { return d.offline }

// Log returns a partition's log, nil if there is none.
func (d *LogDir) Log(partition kafka.TopicPartition) *Log { return d.logs[partition] }

// Logs returns all logs in the order of partitions, as they are now. The slice
// must not be changed.
func (d *LogDir) Logs() []*Log {
	if d.sorted == nil {
		d.sorted = slices.SortedFunc(maps.Values(d.logs), func(a, b *Log) int { return a.partition.Compare(b.partition) })
	}
	return d.sorted
}

// CheckpointedHighWatermark is the partition's high watermark as the last
// incarnation checkpointed it, within the log's bounds; the log's start
// without one.
func (d *LogDir) CheckpointedHighWatermark(partition kafka.TopicPartition) kafka.Offset {
	l := d.logs[partition]
	if l == nil {
		return 0
	}
	return min(max(d.loaded[partition], l.logStart), l.logEnd)
}

// CreateLog makes an empty log. One that exists is TOPIC_ALREADY_EXISTS.
func (d *LogDir) CreateLog(partition kafka.TopicPartition, topicID kafka.TopicID, now host.WallTime) (*Log, error) {
	if d.offline != nil {
		return nil, d.offline
	}
	if d.logs[partition] != nil {
		return nil, fmt.Errorf("log %v: %w", partition, kerr.TopicAlreadyExists)
	}
	delete(d.loaded, partition)
	l, _, err := d.open(partition, Options{TopicID: topicID, Now: now})
	if err != nil {
		d.failed(fmt.Errorf("log %v: %w: %w", partition, err, kerr.KafkaStorageError))
		return nil, d.offline
	}
	d.logs[partition], d.sorted = l, nil
	if _, mentioned := d.mentioned[partition]; mentioned {
		// What the checkpoint says is about an earlier log of this name.
		l.flushing.durablePoint = unknownPoint
		return l, l.check(l.holdDown())
	}
	return l, nil
}

// DeleteLog takes a log away: its directory is renamed, so that a topic of the
// same name can be created at once, and emptied by PurgeDeleted. Without such
// a log nothing happens.
func (d *LogDir) DeleteLog(partition kafka.TopicPartition) error {
	l := d.logs[partition]
	if d.offline != nil || l == nil {
		return d.offline
	}
	l.Close()
	l.offline = fmt.Errorf("log %v was deleted: %w", partition, kerr.UnknownTopicOrPartition)
	delete(d.logs, partition)
	d.sorted = nil
	delete(d.loaded, partition)
	d.mentioned[partition] = l.flushing.recoveryPoint
	renamed := l.dir + "." + l.topicID.String() + deletedSuffix
	err := d.fs.RemoveAll(renamed)
	if err == nil {
		err = d.fs.Rename(l.dir, renamed)
	}
	if err != nil {
		d.failed(fmt.Errorf("log %v: delete: %w: %w", partition, err, kerr.KafkaStorageError))
		return d.offline
	}
	d.deleted = append(d.deleted, renamed)
	d.submitted(d.fs.SyncDir(d.dir), nil)
	return d.beginRound() // without it
}

// PurgeDeleted removes the files of deleted logs (file.delete.delay.ms after
// the deletion, in Kafka).
func (d *LogDir) PurgeDeleted() error {
	for _, dir := range d.deleted {
		if err := d.fs.RemoveAll(dir); err != nil && d.offline == nil {
			d.failed(fmt.Errorf("log directory: purge %s: %w: %w", dir, err, kerr.KafkaStorageError))
		}
	}
	d.deleted = nil
	return d.offline
}

// Done takes the end of an operation that the directory or one of its logs has
// submitted. The log is the one that it belongs to, nil for the directory's
// own; mine is false for an operation of somebody else.
func (d *LogDir) Done(op host.Op, err error) (l *Log, mine bool) {
	l, mine = d.waiting[op]
	if !mine {
		return nil, false
	}
	delete(d.waiting, op)
	switch {
	case l != nil && d.logs[l.partition] != l:
		// Deleted meanwhile: whatever became of its files, they are to go.
	case l != nil:
		l.Done(op, err)
	case err != nil:
		d.failed(fmt.Errorf("log directory %s: sync: %w: %w", d.dir, err, kerr.KafkaStorageError))
	default:
		d.checkpointDone(op)
	}
	return l, true
}

// submitted implements owner.
func (d *LogDir) submitted(op host.Op, l *Log) { d.waiting[op] = l }

// failed implements owner.
func (d *LogDir) failed(err error) {
	if d.offline != nil {
		return
	}
	d.offline = err
	for _, l := range d.Logs() {
		if l.offline == nil {
			l.offline = err
		}
	}
}

// FlushAll flushes every log and reports whether there is anything to wait
// for: nothing is in flight once it answers false.
func (d *LogDir) FlushAll() (wait bool) {
	for _, l := range d.Logs() {
		wait = l.Flush() || wait
	}
	return wait || len(d.waiting) > 0
}

// ErrNotFlushed is CloseClean's answer where a log is not durable to its end.
var ErrNotFlushed = errors.New("log is not flushed to its end")

const markerFile = ".kafka_cleanshutdown"

// markerEpoch begins the marker's line with the broker epoch; no partition has
// such a name.
const markerEpoch = "broker-epoch"

// PreviousEpoch is the broker epoch under which the last incarnation stopped in
// an orderly way, NoBrokerEpoch if it did not. A marker that a power loss has
// brought back names an older one (KIP-966).
func (d *LogDir) PreviousEpoch() kafka.BrokerEpoch { return d.stopped }

// Waiting reports whether operations are under way whose Done is to come.
func (d *LogDir) Waiting() bool { return len(d.waiting) > 0 }

// CloseClean ends an orderly stop, once FlushAll had nothing to wait for: it
// leaves the marker that spares the next start a scan and tells it under which
// epoch this incarnation was registered. Nothing but Done and Waiting may be
// called afterwards; the marker is durable when nothing is waited for.
func (d *LogDir) CloseClean(epoch kafka.BrokerEpoch) error {
	if d.offline != nil {
		return d.offline
	}
	lines := fmt.Appendf(nil, "%s %d\n", markerEpoch, epoch)
	logs := d.Logs()
	for _, l := range logs {
		if l.flushing.recoveryPoint < l.logEnd || l.Flushing() {
			return fmt.Errorf("log %v: %w", l.partition, ErrNotFlushed)
		}
		lines = fmt.Appendf(lines, "%v %d %d\n", l.partition, l.active().base, l.active().size)
	}
	for _, l := range logs {
		l.Close()
	}
	if err := replaceFile(d.fs, d.dir, markerFile, sealCheckpoint(lines, 1+len(logs))); err != nil {
		return err
	}
	marker, err := d.fs.Open(d.dir + "/" + markerFile)
	if err != nil {
		return err
	}
	d.submitted(marker.Sync(), nil)
	d.submitted(d.fs.SyncDir(d.dir), nil)
	return marker.Close()
}

// takeMarker reads the marker and removes it: by partition, the last segment
// and its size.
func (d *LogDir) takeMarker() (map[string]string, error) {
	name := d.dir + "/" + markerFile
	content, err := readFile(d.fs, name)
	if err != nil || content == nil {
		return nil, err
	}
	marker := make(map[string]string)
	lines, _ := openCheckpoint(content)
	for _, line := range lines {
		partition, end, _ := strings.Cut(line, " ")
		marker[partition] = end
	}
	return marker, d.fs.Remove(name)
}

// vouched reports whether the marker describes the log's files as they are.
func (d *LogDir) vouched(partition kafka.TopicPartition, marker map[string]string) bool {
	end, ok := marker[partition.String()]
	if !ok {
		return false
	}
	dir := d.dir + "/" + partition.String()
	names, err := d.fs.List(dir)
	if err != nil {
		return false
	}
	last := kafka.NoOffset
	for _, name := range names {
		if stem, isLog := strings.CutSuffix(name, ".log"); isLog {
			if base, isOffset := parsePaddedOffset(stem); isOffset {
				last = max(last, base)
			}
		}
	}
	file, err := d.fs.Open(segmentPrefix(dir, last) + ".log")
	if err != nil {
		return false
	}
	defer func() { _ = file.Close() }()
	return end == fmt.Sprintf("%d %d", last, file.Size())
}
