package parity

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
	"assay/internal/protocol"
)

// patience is how long an answer may take.
const patience = 30 * time.Second

// socketPlayer plays on TCP, against whatever listens there.
type socketPlayer struct {
	t          *testing.T
	address    string
	connection net.Conn // nil when there is none
}

func newSocketPlayer(t *testing.T, address string) *socketPlayer {
	p := &socketPlayer{t: t, address: address}
	t.Cleanup(p.close)
	return p
}

// newServed runs assay serve as a process of its own.
func newServed(t *testing.T) *socketPlayer {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "assay")
	built, err := exec.Command("go", "build", "-o", binary, "assay/cmd/assay").CombinedOutput()
	require.NoError(t, err, "%s", built)
	args := []string{"serve", "--listen", "127.0.0.1:0", "--data", t.TempDir(), "--set", "broker.heartbeat.interval.ms=100"}
	for key, value := range settings {
		args = append(args, "--set", key+"="+value)
	}
	served := exec.Command(binary, args...)
	out, err := served.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, served.Start())
	t.Cleanup(func() {
		served.Process.Kill()
		served.Wait()
	})
	timeout := time.AfterFunc(patience, func() { served.Process.Kill() })
	defer timeout.Stop()
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	_, address, ok := strings.Cut(strings.TrimSpace(line), "ready on ")
	require.True(t, ok, line)
	return newSocketPlayer(t, address)
}

func (p *socketPlayer) close() {
	if p.connection != nil {
		p.connection.Close()
		p.connection = nil
	}
}

func (p *socketPlayer) open() net.Conn {
	p.t.Helper()
	if p.connection == nil {
		connection, err := net.DialTimeout("tcp", p.address, patience)
		require.NoError(p.t, err)
		p.connection = connection
	}
	require.NoError(p.t, p.connection.SetDeadline(time.Now().Add(patience)))
	return p.connection
}

func (p *socketPlayer) send(m host.Message) {
	p.t.Helper()
	p.open().Write(frameOf(m)) // a connection that is gone shows when it is read
}

func frameOf(m host.Message) []byte {
	switch m := m.(type) {
	case *protocol.Request:
		return m.AppendFrame(nil)
	case *protocol.UnsupportedRequest:
		// As a client of the future sends it: a flexible header, and a body of
		// which nothing is known but that it has two strings and tags.
		frame := binary.BigEndian.AppendUint16([]byte{0, 0, 0, 0}, uint16(m.Key))
		frame = binary.BigEndian.AppendUint16(frame, uint16(m.Version))
		frame = binary.BigEndian.AppendUint32(frame, uint32(m.CorrelationID))
		frame = append(frame, 0, 0, 0, 2, 'x', 2, 'x', 0)
		binary.BigEndian.PutUint32(frame, uint32(len(frame)-4))
		return frame
	}
	panic("no frame")
}

func (p *socketPlayer) call(m host.Message) kmsg.Response {
	p.t.Helper()
	p.send(m)
	return p.receive(m)
}

func (p *socketPlayer) receive(m host.Message) kmsg.Response {
	p.t.Helper()
	frame := p.readFrame()
	if frame == nil {
		return nil
	}
	key, version := int16(kmsg.ApiVersions), int16(0)
	if request, ok := m.(*protocol.Request); ok {
		key, version = request.Body.Key(), request.Body.GetVersion()
	}
	body := kmsg.ResponseForKey(key)
	body.SetVersion(version)
	response, err := protocol.DecodeResponse(frame, body)
	require.NoError(p.t, err)
	return response.Body
}

// readFrame returns nil where the connection ended.
func (p *socketPlayer) readFrame() []byte {
	p.t.Helper()
	var length [4]byte
	if _, err := io.ReadFull(p.connection, length[:]); err != nil {
		require.False(p.t, errors.Is(err, os.ErrDeadlineExceeded), "no answer")
		p.close()
		return nil
	}
	frame := make([]byte, binary.BigEndian.Uint32(length[:]))
	_, err := io.ReadFull(p.connection, frame)
	require.NoError(p.t, err)
	return frame
}

func (p *socketPlayer) another() player { return newSocketPlayer(p.t, p.address) }

// raw sends bytes that should be answered by the end of the connection, and
// then a request that shows whether it was.
func (p *socketPlayer) raw(frame []byte) bool {
	p.t.Helper()
	p.open().Write(frame)
	p.connection.Write((&protocol.Request{CorrelationID: -1, Body: buildAPIVersions(nil, nil)}).AppendFrame(nil))
	stays := p.readFrame() != nil
	p.close()
	return stays
}

func (p *socketPlayer) again(int) bool {
	p.t.Helper()
	return p.t.Context().Err() == nil && !p.late()
}

// late gives up when asking takes as long as an answer may.
func (p *socketPlayer) late() bool {
	deadline, ok := p.t.Deadline()
	return ok && time.Until(deadline) < patience
}
