package live

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"assay/host"
	"assay/internal/protocol"
)

// frameStep is how much of a frame is allocated before its bytes have arrived.
const frameStep = 1 << 20

// readFrame reads one frame without its length prefix. The frame grows as its
// bytes arrive, so that a length that lies costs nothing. The end of the input
// between two frames is io.EOF; within one it is protocol.ErrFrame, as is a
// length that is negative or above limit.
func readFrame(r *bufio.Reader, limit int) ([]byte, error) {
	var prefix [4]byte
	if n, err := io.ReadFull(r, prefix[:]); err != nil {
		if n > 0 {
			err = fmt.Errorf("%w: it ends within its length: %w", protocol.ErrFrame, err)
		}
		return nil, err
	}
	length := int(int32(binary.BigEndian.Uint32(prefix[:])))
	if length < 0 || length > limit {
		return nil, fmt.Errorf("%w: length %d, allowed are 0 to %d", protocol.ErrFrame, length, limit)
	}
	frame := make([]byte, 0, min(length, frameStep))
	for len(frame) < length {
		start := len(frame)
		frame = slices.Grow(frame, min(length-start, frameStep))
		frame = frame[:min(length, cap(frame), start+frameStep)]
		if n, err := io.ReadFull(r, frame[start:]); err != nil {
			return nil, fmt.Errorf("%w: it ends after %d of %d bytes: %w", protocol.ErrFrame, start+n, length, err)
		}
	}
	return frame, nil
}

// appendFrame encodes a message. What has no frame cannot leave the program.
func appendFrame(dst []byte, m host.Message) []byte {
	switch m := m.(type) {
	case *protocol.Request:
		return m.AppendFrame(dst)
	case *protocol.Response:
		return m.AppendFrame(dst)
	}
	panic(fmt.Sprintf("live: %T has no frame", m))
}
