package storage

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"

	"assay/internal/kafka"
)

// Checkpoint files are lines of text as Kafka's: version, number of entries,
// one entry a line. A last line with the CRC of the others is ours, so that a
// file that a power loss has torn is known as such.

const checkpointVersion = "1"

// sealCheckpoint makes the file's content of its entries, lines with "\n".
func sealCheckpoint(entries []byte, count int) []byte {
	content := make([]byte, 0, len(entries)+len("1\n1000000\ncrc32c 01234567\n"))
	content = append(content, checkpointVersion+"\n"...)
	content = append(strconv.AppendInt(content, int64(count), 10), '\n')
	content = append(content, entries...)
	var sum [4]byte
	binary.BigEndian.PutUint32(sum[:], crc32.Checksum(content, castagnoli))
	content = hex.AppendEncode(append(content, "crc32c "...), sum[:])
	return append(content, '\n')
}

// openCheckpoint returns the entries, and false for content that is missing,
// torn or of another version.
func openCheckpoint(content []byte) (entries []string, ok bool) {
	body, sum, found := strings.Cut(string(content), "crc32c ")
	if !found || sum != fmt.Sprintf("%08x\n", crc32.Checksum([]byte(body), castagnoli)) {
		return nil, false
	}
	lines := strings.Split(strings.TrimSuffix(body, "\n"), "\n")
	if len(lines) < 2 || lines[0] != checkpointVersion || lines[1] != strconv.Itoa(len(lines)-2) {
		return nil, false
	}
	return lines[2:], true
}

// encodeEpochs is the content of leader-epoch-checkpoint.
func encodeEpochs(epochs []EpochStart) []byte {
	lines := make([]byte, 0, 24*len(epochs))
	for _, e := range epochs {
		lines = append(strconv.AppendInt(lines, int64(e.Epoch), 10), ' ')
		lines = append(strconv.AppendInt(lines, int64(e.Start), 10), '\n')
	}
	return sealCheckpoint(lines, len(epochs))
}

func decodeEpochs(content []byte) (EpochCache, bool) {
	var c EpochCache
	lines, ok := openCheckpoint(content)
	for _, line := range lines {
		epoch, start, found := strings.Cut(line, " ")
		e, err1 := strconv.ParseInt(epoch, 10, 32)
		o, err2 := strconv.ParseInt(start, 10, 64)
		if !found || err1 != nil || err2 != nil {
			return EpochCache{}, false
		}
		c.Assign(kafka.LeaderEpoch(e), kafka.Offset(o))
	}
	return c, ok && len(c.entries) == len(lines)
}

// offsetEntry is one line of an offset checkpoint.
type offsetEntry struct {
	partition kafka.TopicPartition
	offset    kafka.Offset
}

// encodeOffsets is the content of a file of offsets by partition.
func encodeOffsets(offsets []offsetEntry) []byte {
	lines := make([]byte, 0, 32*len(offsets))
	for _, e := range offsets {
		lines = append(append(lines, e.partition.Topic...), ' ')
		lines = append(strconv.AppendInt(lines, int64(e.partition.Partition), 10), ' ')
		lines = append(strconv.AppendInt(lines, int64(e.offset), 10), '\n')
	}
	return sealCheckpoint(lines, len(offsets))
}

// decodeOffsets is nil, false for a file that cannot be trusted.
func decodeOffsets(content []byte) (map[kafka.TopicPartition]kafka.Offset, bool) {
	lines, ok := openCheckpoint(content)
	if !ok {
		return nil, false
	}
	offsets := make(map[kafka.TopicPartition]kafka.Offset, len(lines))
	for _, line := range lines {
		fields := strings.Split(line, " ")
		if len(fields) != 3 {
			return nil, false
		}
		partition, err1 := strconv.ParseInt(fields[1], 10, 32)
		offset, err2 := strconv.ParseInt(fields[2], 10, 64)
		if err1 != nil || err2 != nil {
			return nil, false
		}
		offsets[kafka.TopicPartition{Topic: fields[0], Partition: int32(partition)}] = kafka.Offset(offset)
	}
	return offsets, true
}
