package storage

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"

	"assay/host"
	"assay/internal/batch"
	"assay/internal/kafka"
)

// Recovery is what Open had to do.
type Recovery struct {
	Clean           bool // no scan was asked for
	SegmentsScanned int
	BytesScanned    int64
	Truncated       bool         // a tail was cut off
	From            kafka.Offset // where the log seemed to end, as far as names and headers could tell
	To              kafka.Offset // where it ends
	BytesCut        int64
	SegmentsDropped int
}

// Open loads the log in dir, which is created if need be. After an unclean
// stop, the segments from the recovery point on, and always the last one, are
// scanned by CRC: the log is cut before the first batch that is torn, out of
// order, or of an epoch older than the one before it (a segment that had been
// removed and came back). Their indexes, the epochs and the producers' state
// are made anew from what is left.
func Open(fs host.FS, dir string, o Options) (*Log, Recovery, error) {
	l := &Log{fs: fs, dir: dir, partition: o.Partition, topicID: o.TopicID, config: o.Config, observer: o.Observer,
		producers: ProducerStates{expiration: o.Config.ProducerIDExpiration}, scratch: o.scratch}
	if l.scratch == nil {
		l.scratch = new([]byte)
	}
	l.flushing.durablePoint = o.RecoveryPoint
	r := Recovery{Clean: o.Clean}
	if err := l.load(&o, &r); err != nil {
		l.Close()
		return nil, r, fmt.Errorf("open log %s: %w", dir, err)
	}
	return l, r, nil
}

func (l *Log) load(o *Options, r *Recovery) error {
	if err := l.fs.MkdirAll(l.dir); err != nil {
		return err
	}
	bases, isNew, err := l.takeStock()
	if err != nil {
		return err
	}
	if isNew {
		err = l.writeTopicID()
	} else {
		err = errors.Join(l.loadTopicID(len(bases) == 0), l.loadLoweredPoint(o), l.loadLogStart(o))
	}
	if err != nil {
		return err
	}
	if !o.Clean && len(bases) > 0 && bases[0] > max(o.LogStart, o.RecoveryPoint) {
		// The log began lower and nobody moved its start: its first file is lost.
		if err := l.dropSegments(bases, o, r); err != nil {
			return err
		}
		bases = nil
	}
	if len(bases) == 0 {
		if err := l.begin(max(o.LogStart, 0), o.Now); err != nil {
			return err
		}
	} else if err := l.loadSegments(bases, o, r); err != nil {
		return err
	}
	l.logStart = min(max(o.LogStart, l.segments[0].base), l.logEnd)
	l.epochs.TruncateFromEnd(l.logEnd)
	l.epochs.TruncateFromStart(l.logStart)
	if !isNew { // the first epoch makes the file
		if err := l.writeEpochs(); err != nil {
			return err
		}
	}
	// Snapshots above the recovery point may be remains of a log that was
	// truncated: only a flush proves that the file is the last one written.
	trusted := l.logEnd
	if !o.Clean {
		trusted = min(trusted, o.RecoveryPoint)
	}
	if err := l.removeSnapshots(func(at kafka.Offset) bool { return at > trusted }); err != nil {
		return err
	}
	if !o.Clean {
		// The last incarnation may have written these and not come to sync them.
		l.flushing.dirDirty, l.flushing.parentDirty = true, true
		l.flushing.replaced = append(l.flushing.replaced, topicIDFile, logStartFile)
	}
	l.flushing.recoveryPoint = max(o.RecoveryPoint, l.segments[0].base)
	l.flushing.submitted = min(l.flushing.recoveryPoint, l.logEnd)
	if err := l.lowerRecoveryPoint(); err != nil { // less was found than the checkpoint promised
		return err
	}
	return l.loadProducers(o.Now)
}

// begin starts an empty log.
func (l *Log) begin(start kafka.Offset, now host.WallTime) error {
	first, err := createSegment(l.fs, l.dir, start, l.config, now)
	if err != nil {
		return err
	}
	l.segments, l.logEnd = []*segment{first}, start
	l.flushing.dirDirty, l.flushing.parentDirty = true, true
	return nil
}

// takeStock lists the segments and snapshots, and removes what a crash has
// left of unfinished work. A new log has nothing.
func (l *Log) takeStock() (bases []kafka.Offset, isNew bool, err error) {
	names, err := l.fs.List(l.dir)
	if err != nil {
		return nil, false, err
	}
	for _, name := range names {
		stem, extension, _ := strings.Cut(name, ".")
		base, isOffset := parsePaddedOffset(stem)
		switch {
		case strings.HasSuffix(name, temporarySuffix):
			err = l.fs.Remove(l.dir + "/" + name)
		case isOffset && extension == "log":
			bases = append(bases, base)
		case isOffset && "."+extension == snapshotSuffix:
			l.snapshots = append(l.snapshots, base)
		case isOffset && (extension == "index" || extension == "timeindex") && !slices.Contains(names, stem+".log"):
			err = l.fs.Remove(l.dir + "/" + name)
		}
		if err != nil {
			return nil, false, err
		}
	}
	return bases, len(names) == 0, nil
}

func parsePaddedOffset(s string) (kafka.Offset, bool) {
	o, err := strconv.ParseInt(s, 10, 64)
	digits := paddedOffset(kafka.Offset(o))
	return kafka.Offset(o), err == nil && o >= 0 && string(digits[:]) == s
}

// loadSegments opens the segments, trusting those that are known to be
// durable and scanning the others, up to the first fault.
func (l *Log) loadSegments(bases []kafka.Offset, o *Options, r *Recovery) error {
	epochsKnown, err := l.loadEpochs()
	if err != nil {
		return err
	}
	trustAll := o.Clean || l.config.Flaws.NoCRCRecovery
	next, scanning, sound := bases[0], false, true
	for i, base := range bases {
		if base != next || !sound {
			return l.dropSegments(bases[i:], o, r)
		}
		s, err := openSegment(l.fs, l.dir, base, l.config, o.Now)
		if err != nil {
			return err
		}
		l.segments = append(l.segments, s)
		upTo := kafka.NoOffset
		if i+1 < len(bases) {
			upTo = bases[i+1]
		}
		trusted := trustAll || !scanning && upTo != kafka.NoOffset && upTo <= o.RecoveryPoint
		if trusted {
			if next, trusted, err = l.trust(s, upTo, trustAll); err != nil {
				return err
			}
		}
		switch {
		case !trusted && !scanning:
			// What the file says of epochs from here on may be older than the log.
			scanning = true
			l.epochs.TruncateFromEnd(base)
			fallthrough
		case !trusted:
			if next, sound, err = l.scan(s, r); err != nil {
				return err
			}
		case !epochsKnown:
			if err := l.learnEpochs(s); err != nil {
				return err
			}
		}
		l.logEnd = next
	}
	return l.finishRecovery(o, r, scanning)
}

func (l *Log) finishRecovery(o *Options, r *Recovery, scanned bool) error {
	r.To = l.logEnd
	r.From = max(r.From, r.To)
	if scanned {
		l.observe(PointRecovered, int64(o.RecoveryPoint), int64(l.logEnd), int64(r.SegmentsScanned), r.BytesScanned)
	}
	if r.Truncated {
		l.flushing.dirDirty = true
		l.observe(PointRecoveryTruncated, int64(r.From), int64(r.To), r.BytesCut)
	}
	return nil
}

// trust takes a segment as it is. It reports where it ends, and false if it
// does not look like a whole segment that ends at upTo (the next one's base;
// NoOffset for the last).
func (l *Log) trust(s *segment, upTo kafka.Offset, blindly bool) (end kafka.Offset, ok bool, err error) {
	if upTo != kafka.NoOffset {
		s.syncedSize = s.size
	}
	if blindly && upTo != kafka.NoOffset {
		return upTo, true, nil // indexes are opened when they are needed
	}
	if err := l.indexed(s); err != nil {
		return s.base, false, err
	}
	end, position, err := s.end()
	if err != nil {
		return s.base, false, err
	}
	whole := position == s.size && (upTo == kafka.NoOffset || end == upTo)
	if !whole && !l.config.Flaws.NoCRCRecovery {
		return s.base, false, nil
	}
	return end, true, s.resume()
}

// scan checks every batch of the segment, cuts it before the first bad one and
// builds its indexes. It reports false if it had to cut.
func (l *Log) scan(s *segment, r *Recovery) (end kafka.Offset, whole bool, err error) {
	if err := s.resetIndexes(); err != nil {
		return s.base, false, err
	}
	r.SegmentsScanned++
	end = s.base
	for position := int64(0); ; {
		h, err := l.checkedHeader(s, position, end)
		r.BytesScanned += int64(batch.HeaderSize)
		switch {
		case err == io.EOF:
			return end, true, s.seal()
		case errors.Is(err, kerr.CorruptMessage):
			r.Truncated = true
			r.BytesCut += s.size - position
			r.From = max(r.From, end)
			if h.BaseOffset == end && h.Check() == nil {
				r.From = max(r.From, h.NextOffset())
			}
			return end, false, s.cutAt(position, end)
		case err != nil:
			return end, false, err
		}
		r.BytesScanned += int64(h.Size() - batch.HeaderSize)
		if err := s.note(&h, position); err != nil {
			return end, false, err
		}
		l.epochs.Assign(h.LeaderEpoch, h.BaseOffset)
		end = h.NextOffset()
		position += int64(h.Size())
	}
}

// checkedHeader returns the header of a whole, sound batch at position that
// begins with offset next. CORRUPT_MESSAGE: there is none; io.EOF: nothing is
// there.
func (l *Log) checkedHeader(s *segment, position int64, next kafka.Offset) (batch.Header, error) {
	h, err := s.headerAt(position)
	if err != nil {
		return h, err
	}
	if h.BaseOffset != next || h.LeaderEpoch < l.epochs.Latest() || h.LastOffset()-s.base > 1<<31-1 {
		return h, s.corruptAt(position)
	}
	// The CRC field and what it covers, in pieces: a senseless length must not
	// cost memory.
	const crcFrom, piece = 21, 64 << 10
	var sum uint32
	for at, end := position+crcFrom, position+int64(h.Size()); at < end; {
		n := int(min(piece, end-at))
		part := slices.Grow((*l.scratch)[:0], n)[:n]
		*l.scratch = part
		if got, err := s.log.ReadAt(part, at); got < n {
			if err == nil {
				err = io.ErrUnexpectedEOF
			}
			return h, err
		}
		sum = crc32.Update(sum, castagnoli, part)
		at += int64(n)
	}
	if stored := binary.BigEndian.Uint32(s.header[17:]); stored != sum {
		return h, s.corruptAt(position)
	}
	return h, nil
}

// dropSegments removes the segments that follow a fault or a hole.
func (l *Log) dropSegments(bases []kafka.Offset, o *Options, r *Recovery) error {
	r.Truncated = true
	for _, base := range bases {
		s, err := openSegment(l.fs, l.dir, base, l.config, 0)
		if err != nil {
			return err
		}
		r.SegmentsDropped++
		r.BytesCut += s.size
		r.From = max(r.From, base)
		if err := s.remove(); err != nil {
			return err
		}
	}
	return l.finishRecovery(o, r, true)
}

// loadEpochs reads the checkpoint. False: there is none that can be trusted,
// so the epochs must be learned from the batches.
func (l *Log) loadEpochs() (known bool, err error) {
	content, err := readFile(l.fs, l.dir+"/"+epochFile)
	if err != nil {
		return false, err
	}
	l.epochs, known = decodeEpochs(content)
	return known, nil
}

func (l *Log) learnEpochs(s *segment) error {
	if err := l.indexed(s); err != nil {
		return err
	}
	return s.forEachHeader(s.base, func(h *batch.Header, _ int64) error {
		l.epochs.Assign(h.LeaderEpoch, h.BaseOffset)
		return nil
	})
}

const logStartFile = "log-start-offset"

// loadLogStart raises the log's start to what DeleteRecordsTo has left.
func (l *Log) loadLogStart(o *Options) error {
	content, err := readFile(l.fs, l.dir+"/"+logStartFile)
	if err != nil {
		return err
	}
	if lines, ok := openCheckpoint(content); ok && len(lines) == 1 {
		if start, err := strconv.ParseInt(lines[0], 10, 64); err == nil {
			o.LogStart = max(o.LogStart, kafka.Offset(start))
		}
	}
	return nil
}

// writeLogStart comes before the files below start are removed, so that a
// start above 0 is known to be meant.
func (l *Log) writeLogStart(start kafka.Offset) error {
	return l.replace(logStartFile, sealCheckpoint(fmt.Appendf(nil, "%d\n", start), 1))
}

const topicIDFile = "partition.metadata"

// loadTopicID reads the topic's id, and writes it where the log has no segment
// yet: a crash cut its making short.
func (l *Log) loadTopicID(noSegment bool) error {
	content, err := readFile(l.fs, l.dir+"/"+topicIDFile)
	if err != nil {
		return err
	}
	text, whole := strings.CutSuffix(string(content), "\n")
	text, found := strings.CutPrefix(text, "version: 0\ntopic_id: ")
	id, err := kafka.ParseTopicID(text)
	switch {
	case whole && found && err == nil:
		l.topicID = id
	case noSegment:
		return l.writeTopicID()
	default:
		l.topicID = kafka.TopicID{}
	}
	return nil
}

// SetTopicID gives an id to a log that has lost it.
func (l *Log) SetTopicID(id kafka.TopicID) error {
	if l.offline != nil {
		return l.offline
	}
	l.topicID = id
	return l.check(l.writeTopicID())
}

// writeTopicID writes the id if there is one.
func (l *Log) writeTopicID() error {
	if l.topicID.IsZero() {
		return nil
	}
	return l.replace(topicIDFile, []byte("version: 0\ntopic_id: "+l.topicID.String()+"\n"))
}
