package storage

import (
	"fmt"
	"math"
	"path"
	"slices"
	"strconv"

	"assay/host"
	"assay/internal/kafka"
)

// flushing is what a log knows about durability. A flush is a set of syncs;
// when all of them, and those of all earlier flushes, have ended well, the
// recovery point moves to where the log ended when the flush was submitted.
type flushing struct {
	recoveryPoint kafka.Offset // everything below is durable
	durablePoint  kafka.Offset // the recovery point that the checkpoint on disk may still have
	submitted     kafka.Offset // end of the last flush submitted
	oldest        host.WallTime
	unflushed     bool    // oldest is the time of an append after the last flush
	lowered       bool    // the file loweredPointFile is there
	again         bool    // start another when none is running
	running       []flush // oldest first

	dirDirty    bool     // entries of the log's directory changed
	parentDirty bool     // the directory itself is new
	replaced    []string // small files of the directory written anew
}

type flush struct {
	upTo kafka.Offset
	ops  []host.Op
}

func (f *flushing) appended(now host.WallTime) {
	if !f.unflushed {
		f.unflushed, f.oldest = true, now
	}
}

// RecoveryPoint is the offset below which everything is durable: records,
// indexes of closed segments, epochs and producers.
func (l *Log) RecoveryPoint() kafka.Offset { return l.flushing.recoveryPoint }

// Flushing reports whether syncs are in flight.
func (l *Log) Flushing() bool { return len(l.flushing.running) > 0 }

// Flush makes everything that is in the log durable. While a flush is in
// flight the next one waits for its end and takes all later appends along
// (group commit). It reports whether there is anything to wait for; the
// recovery point then moves in Done.
func (l *Log) Flush() bool {
	switch {
	case l.offline != nil:
		return false
	case l.Flushing():
		if l.flushing.submitted < l.logEnd {
			l.flushing.again = true
		}
		return true
	case l.flushing.recoveryPoint >= l.logEnd && !l.flushing.dirDirty:
		return false
	}
	l.startFlush(l.logEnd)
	return l.Flushing()
}

// FlushDue reports whether flush.ms asks for a Flush now.
func (l *Log) FlushDue(now host.WallTime) bool {
	return l.flushing.unflushed && l.config.FlushInterval != Forever &&
		now >= l.flushing.oldest && int64(now-l.flushing.oldest) >= int64(l.config.FlushInterval)
}

// flushIfDue applies flush.messages after an append.
func (l *Log) flushIfDue(now host.WallTime) {
	if int64(l.logEnd-l.flushing.submitted) >= l.config.FlushMessages || l.FlushDue(now) {
		l.Flush()
	}
}

// startFlush submits the syncs that make everything below upTo durable: the
// segments' files, the indexes of those that are closed (the active one's are
// built anew after an unclean stop), and what was renamed or created.
func (l *Log) startFlush(upTo kafka.Offset) {
	f := flush{upTo: upTo}
	for i, s := range l.segments {
		closed := i < len(l.segments)-1
		if s.base >= upTo && closed {
			break
		}
		if s.syncedSize < s.size {
			s.syncedSize = s.size
			f.ops = append(f.ops, l.submit(s.log.Sync()))
		}
		if closed && !s.indexesSynced && s.offsets != nil {
			s.indexesSynced = true
			f.ops = append(f.ops, l.submit(s.offsets.file.Sync()), l.submit(s.times.file.Sync()))
		}
	}
	state := &l.flushing
	for _, name := range state.replaced {
		f.ops = l.syncByName(f.ops, l.dir+"/"+name)
	}
	if state.dirDirty {
		f.ops = append(f.ops, l.submit(l.fs.SyncDir(l.dir)))
	}
	for dir := l.dir; state.parentDirty && dir != "."; { // up to the root: the directory above may be as new
		dir = path.Dir(dir)
		f.ops = append(f.ops, l.submit(l.fs.SyncDir(dir)))
	}
	state.dirDirty, state.parentDirty, state.replaced = false, false, nil
	state.submitted = max(state.submitted, upTo)
	state.unflushed = upTo < l.logEnd
	state.running = append(state.running, f)
	l.finishFlushes()
}

// syncByName syncs a small file that is not kept open.
func (l *Log) syncByName(ops []host.Op, name string) []host.Op {
	file, err := l.fs.Open(name)
	if err != nil {
		if ignoreMissing(err) != nil {
			_ = l.check(err)
		}
		return ops // removed since
	}
	ops = append(ops, l.submit(file.Sync()))
	_ = file.Close()
	return ops
}

// replace writes one of the log's small files anew; the next flush syncs it.
func (l *Log) replace(name string, content []byte) error {
	l.flushing.dirDirty = true
	if !slices.Contains(l.flushing.replaced, name) {
		if l.flushing.replaced == nil {
			l.flushing.replaced = make([]string, 0, 4) // all there are but snapshots
		}
		l.flushing.replaced = append(l.flushing.replaced, name)
	}
	return replaceFile(l.fs, l.dir, name, content)
}

func (l *Log) submit(op host.Op) host.Op {
	if l.owner != nil {
		l.owner.submitted(op, l)
	}
	return op
}

// Done takes the end of a sync. It reports false for an operation that is not
// this log's. A failed sync takes the log offline for good: what the kernel
// dropped is not known, so a second try would prove nothing.
func (l *Log) Done(op host.Op, err error) bool {
	for i := range l.flushing.running {
		f := &l.flushing.running[i]
		for j, o := range f.ops {
			if o != op {
				continue
			}
			f.ops[j] = f.ops[len(f.ops)-1]
			f.ops = f.ops[:len(f.ops)-1]
			if err != nil {
				_ = l.check(err)
			}
			l.finishFlushes()
			return true
		}
	}
	return false
}

// finishFlushes ends the flushes at the head whose syncs are all done.
func (l *Log) finishFlushes() {
	state := &l.flushing
	moved := false
	for l.offline == nil && len(state.running) > 0 && len(state.running[0].ops) == 0 {
		if upTo := state.running[0].upTo; upTo > state.recoveryPoint {
			state.recoveryPoint, moved = upTo, true
		}
		state.running = state.running[1:]
	}
	if moved {
		l.observe(PointFlushed, int64(state.recoveryPoint))
	}
	if state.again && l.offline == nil && len(state.running) == 0 {
		state.again = false
		l.startFlush(l.logEnd)
	}
}

// lowerRecoveryPoint follows a truncation: what is appended from the log's end
// on is not what running flushes make durable.
func (l *Log) lowerRecoveryPoint() error {
	state := &l.flushing
	state.submitted = min(state.submitted, l.logEnd)
	for i := range state.running {
		state.running[i].upTo = min(state.running[i].upTo, l.logEnd)
	}
	if state.recoveryPoint <= l.logEnd {
		return nil
	}
	state.recoveryPoint = l.logEnd
	if l.mayRoll() {
		return nil
	}
	return l.holdDown()
}

// holdDown writes the recovery point to a file of the log's own, so that a
// kill does not bring a higher one back, and asks for a checkpoint.
func (l *Log) holdDown() error {
	l.flushing.lowered = true
	if err := l.replace(loweredPointFile, sealCheckpoint(fmt.Appendf(nil, "%d\n", l.flushing.recoveryPoint), 1)); err != nil {
		return err
	}
	if l.owner != nil {
		l.owner.recoveryPointLowered(l)
	}
	return nil
}

// loweredPointFile holds a recovery point that counts if it is below the one
// in the directory's checkpoint. It is there from a truncation until the
// checkpoint is durable.
const loweredPointFile = "recovery-point"

// loadLoweredPoint applies it. A torn one is 0: scan everything.
func (l *Log) loadLoweredPoint(o *Options) error {
	content, err := readFile(l.fs, l.dir+"/"+loweredPointFile)
	if err != nil || content == nil {
		return err
	}
	l.flushing.lowered = true
	lines, ok := openCheckpoint(content)
	if !ok || len(lines) != 1 {
		o.RecoveryPoint = 0
		return nil
	}
	point, err := strconv.ParseInt(lines[0], 10, 64)
	if err != nil {
		point = 0
	}
	o.RecoveryPoint = min(o.RecoveryPoint, kafka.Offset(point))
	return nil
}

// unknownPoint is a durablePoint that rules nothing out: what a restarted
// process reads may be newer than what the disk has.
const unknownPoint kafka.Offset = math.MaxInt64

// checkpointed says that the recovery point on disk is now at most point.
func (l *Log) checkpointed(point kafka.Offset) error {
	l.flushing.durablePoint = point
	if !l.flushing.lowered || !l.mayRoll() || l.offline != nil {
		return nil
	}
	l.flushing.lowered = false
	return l.check(removeFile(l.fs, l.dir+"/"+loweredPointFile))
}

// mayRoll is false from a truncation below the recovery point on disk until a
// lower one is there. Recovery trusts a closed segment below that point, so
// what is written anew stays in the active segment, which is always scanned.
func (l *Log) mayRoll() bool { return l.flushing.durablePoint <= l.flushing.recoveryPoint }
