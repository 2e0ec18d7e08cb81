package live

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"runtime"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"assay/internal/protocol"
)

func frameWithLength(length uint32, content ...byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, length), content...)
}

func TestReadFrame(t *testing.T) {
	const limit = 10
	for name, c := range map[string]struct {
		input []byte
		frame []byte
		err   error
	}{
		"whole":                {frameWithLength(3, 1, 2, 3), []byte{1, 2, 3}, nil},
		"the next stays":       {frameWithLength(1, 1, 0, 0, 0, 9), []byte{1}, nil},
		"empty":                {frameWithLength(0), []byte{}, nil},
		"at the limit":         {frameWithLength(limit, make([]byte, limit)...), make([]byte, limit), nil},
		"above the limit":      {frameWithLength(limit+1, make([]byte, limit+1)...), nil, protocol.ErrFrame},
		"the largest length":   {frameWithLength(0x7fffffff), nil, protocol.ErrFrame},
		"a negative length":    {frameWithLength(0xffffffff), nil, protocol.ErrFrame},
		"nothing":              {nil, nil, io.EOF},
		"end in the length":    {[]byte{0, 0}, nil, protocol.ErrFrame},
		"end after the length": {frameWithLength(3), nil, protocol.ErrFrame},
		"end in the frame":     {frameWithLength(3, 1, 2), nil, protocol.ErrFrame},
	} {
		for speed, reader := range map[string]io.Reader{"fast": bytes.NewReader(c.input), "a byte at a time": iotest.OneByteReader(bytes.NewReader(c.input))} {
			frame, err := readFrame(bufio.NewReader(reader), limit)
			require.ErrorIs(t, err, c.err, "%s, %s", name, speed)
			require.Equal(t, c.frame, frame, "%s, %s", name, speed)
		}
	}
}

// TestReadFrameBelievesBytesOnly: a length that lies costs no memory.
func TestReadFrameBelievesBytesOnly(t *testing.T) {
	input := append(frameWithLength(1<<30), make([]byte, 100)...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := readFrame(bufio.NewReader(bytes.NewReader(input)), 1<<30)
	runtime.ReadMemStats(&after)
	require.ErrorIs(t, err, protocol.ErrFrame)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(4*frameStep))
}

func TestReadFrameLargerThanItsSteps(t *testing.T) {
	content := make([]byte, 5*frameStep/2)
	for i := range content {
		content[i] = byte(i % 251)
	}
	frame, err := readFrame(bufio.NewReader(bytes.NewReader(frameWithLength(uint32(len(content)), content...))), 1<<30)
	require.NoError(t, err)
	require.True(t, bytes.Equal(content, frame))
}

func FuzzReadFrame(f *testing.F) {
	f.Add(frameWithLength(3, 1, 2, 3), 10)
	f.Add(frameWithLength(0xffffffff, 1, 2, 3), 1<<20)
	f.Fuzz(func(t *testing.T, input []byte, limit int) {
		frame, err := readFrame(bufio.NewReader(bytes.NewReader(input)), limit)
		if err == nil {
			require.Equal(t, input[4:4+len(frame)], frame)
			require.LessOrEqual(t, len(frame), limit)
		}
	})
}
