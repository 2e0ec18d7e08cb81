package storage

import (
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"

	"assay/host"
	"assay/internal/kafka"
)

// The directory's checkpoint files, named as Kafka's.
const (
	recoveryPointFile = "recovery-point-offset-checkpoint"
	highWatermarkFile = "replication-offset-checkpoint"
)

// checkpointing writes the checkpoint files in rounds: new files are written
// and synced, then renamed, then the directory is synced. So a power loss
// leaves each file whole, old or new.
type checkpointing struct {
	highWatermark func(*Log) kafka.Offset
	ops           []host.Op // of the stage that is running
	renamed       bool      // the second stage is running
	again         bool      // begin another round after this one
	points        []writtenPoint
}

// writtenPoint is a recovery point in the files of this round.
type writtenPoint struct {
	log   *Log
	point kafka.Offset
}

// Checkpoint begins to write the recovery points and the high watermarks of
// all logs; the latter are the caller's. While a round is
// running, another follows it.
func (d *LogDir) Checkpoint(highWatermark func(*Log) kafka.Offset) error {
	if d.offline != nil {
		return d.offline
	}
	d.rounds.highWatermark = highWatermark
	return d.beginRound()
}

// Checkpointing reports whether a round is running.
func (d *LogDir) Checkpointing() bool { return len(d.rounds.ops) > 0 }

// recoveryPointLowered implements owner: recovery must not trust what will be
// written over.
func (d *LogDir) recoveryPointLowered(*Log) {
	if d.offline == nil {
		_ = d.beginRound() // an error is in d.offline
	}
}

func (d *LogDir) beginRound() error {
	if d.Checkpointing() {
		d.rounds.again = true
		return nil
	}
	logs := d.Logs()
	d.rounds.renamed, d.rounds.points = false, make([]writtenPoint, 0, len(logs))
	recoveryPoints, highWatermarks := make([]offsetEntry, 0, len(logs)), make([]offsetEntry, 0, len(logs))
	for _, l := range logs {
		var mark kafka.Offset
		if d.rounds.highWatermark != nil {
			mark = d.rounds.highWatermark(l)
		} else {
			mark = d.CheckpointedHighWatermark(l.partition)
		}
		// A replica is only ever truncated above its high watermark, unclean
		// elections apart. So what the checkpoint calls durable is not written
		// over, and recovery may trust it even if the file is an old one.
		point := min(l.RecoveryPoint(), mark)
		d.rounds.points = append(d.rounds.points, writtenPoint{l, point})
		recoveryPoints = append(recoveryPoints, offsetEntry{l.partition, point})
		highWatermarks = append(highWatermarks, offsetEntry{l.partition, mark})
	}
	d.writeTemporary(recoveryPointFile, recoveryPoints)
	d.writeTemporary(highWatermarkFile, highWatermarks)
	return d.offline
}

func (d *LogDir) writeTemporary(name string, offsets []offsetEntry) {
	if d.offline != nil {
		return
	}
	file, err := createAnew(d.fs, d.dir+"/"+name+temporarySuffix)
	if err == nil {
		err = file.Append(encodeOffsets(offsets))
	}
	if err != nil {
		d.checkpointFailed(err)
		return
	}
	d.await(file.Sync())
	_ = file.Close()
}

func (d *LogDir) await(op host.Op) {
	d.rounds.ops = append(d.rounds.ops, op)
	d.submitted(op, nil)
}

func (d *LogDir) checkpointFailed(err error) {
	d.failed(fmt.Errorf("log directory %s: checkpoint: %w: %w", d.dir, err, kerr.KafkaStorageError))
}

// checkpointDone goes on with the round when all of a stage is done.
func (d *LogDir) checkpointDone(op host.Op) {
	r := &d.rounds
	for i, o := range r.ops {
		if o == op {
			r.ops = append(r.ops[:i], r.ops[i+1:]...)
			if len(r.ops) == 0 && d.offline == nil {
				d.endStage()
			}
			return
		}
	}
}

func (d *LogDir) endStage() {
	r := &d.rounds
	if !r.renamed && r.stale() {
		_ = d.beginRound() // an error is in d.offline
		return
	}
	if !r.renamed {
		r.renamed = true
		for _, w := range r.points { // from now on the disk may say either
			w.log.flushing.durablePoint = max(w.log.flushing.durablePoint, w.point)
		}
		for _, name := range [...]string{recoveryPointFile, highWatermarkFile} {
			if err := d.fs.Rename(d.dir+"/"+name+temporarySuffix, d.dir+"/"+name); err != nil {
				d.checkpointFailed(err)
				return
			}
		}
		d.await(d.fs.SyncDir(d.dir))
		return
	}
	for _, w := range r.points {
		_ = w.log.checkpointed(w.point) // an error is in d.offline
	}
	if r.again {
		r.again = false
		_ = d.beginRound() // an error is in d.offline
	}
}

// stale reports whether a log was truncated below what this round would write.
func (r *checkpointing) stale() bool {
	return slices.ContainsFunc(r.points, func(w writtenPoint) bool { return w.point > w.log.RecoveryPoint() })
}

// readOffsets reads a checkpoint; one that is missing or torn is empty.
func (d *LogDir) readOffsets(name string) (map[kafka.TopicPartition]kafka.Offset, error) {
	content, err := readFile(d.fs, d.dir+"/"+name)
	if err != nil {
		return nil, err
	}
	offsets, ok := decodeOffsets(content)
	if !ok {
		offsets = make(map[kafka.TopicPartition]kafka.Offset)
	}
	return offsets, nil
}
