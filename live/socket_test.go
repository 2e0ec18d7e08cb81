package live

import (
	"bufio"
	"errors"
	"net"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
	"assay/internal/batch"
	"assay/internal/protocol"
)

// TestNodesTalk: two nodes exchange requests and responses over sockets and
// over pipes, in order, and learn of each other's end.
func TestNodesTalk(t *testing.T) {
	for name, pipes := range map[string]*Pipes{"sockets": nil, "pipes": NewPipes()} {
		t.Run(name, func(t *testing.T) {
			server, client := answering(0), newScripted()
			serving, addr := startNode(t, server, pipes)
			serverName := serving.config.Name
			p, _ := startNode(t, client, pipes)
			const count = 100
			var conn host.Conn
			p.Call(func(host.Node) {
				conn = p.Dial(addr)
				for i := range int32(count) {
					p.Send(conn, request(i))
				}
			})
			require.True(t, next[openedEvent](t, server).accepted)
			require.False(t, next[openedEvent](t, client).accepted)
			for i := range int32(count) {
				require.Equal(t, i, next[receivedEvent](t, server).message.(*protocol.Request).CorrelationID)
				require.Equal(t, i, next[receivedEvent](t, client).message.(*protocol.Response).CorrelationID)
			}
			p.Call(func(host.Node) {
				peer := "127.0.0.1"
				if pipes != nil {
					peer = serverName
				}
				require.Equal(t, peer, p.Peer(conn))
				p.Close(conn)
				require.Empty(t, p.Peer(conn))
			})
			require.ErrorIs(t, next[closedEvent](t, server).err, host.ErrEOF)
			p.Call(func(host.Node) { p.Send(conn, request(0)) }) // to nobody: nothing happens
		})
	}
}

func TestPeerIsKilled(t *testing.T) {
	for name, pipes := range map[string]*Pipes{"sockets": nil, "pipes": NewPipes()} {
		t.Run(name, func(t *testing.T) {
			server, client := newScripted(), newScripted()
			peer, addr := startNode(t, server, pipes)
			p, _ := startNode(t, client, pipes)
			p.Call(func(host.Node) { p.Dial(addr) })
			next[openedEvent](t, server)
			next[openedEvent](t, client)
			peer.Stop()
			require.Error(t, next[closedEvent](t, client).err)
			p.Call(func(host.Node) { p.Dial(addr) })
			require.ErrorIs(t, next[closedEvent](t, client).err, host.ErrRefused)
		})
	}
}

// TestBadFramesCloseTheirConnection and nothing else.
func TestBadFramesCloseTheirConnection(t *testing.T) {
	n := answering(0)
	_, addr := startNode(t, n, nil)
	bystander := dialRaw(t, addr)
	for name, bad := range map[string][]byte{
		"garbage":       []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
		"above limit":   frameWithLength(1<<20 + 1),
		"negative":      frameWithLength(0xfffffff0),
		"empty":         frameWithLength(0),
		"no header":     frameWithLength(4, 0, 18, 0, 0),
		"long client":   frameWithLength(10, 0, 18, 0, 0, 0, 0, 0, 1, 0x7f, 0xff),
		"endless array": frameWithLength(14, 0, 3, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff),
	} {
		c := dialRaw(t, addr)
		_, err := c.Write(bad)
		require.NoError(t, err)
		requireClosed(t, c)
		require.ErrorIs(t, next[closedEvent](t, n).err, protocol.ErrFrame, name)
		_, err = bystander.Write(request(7).AppendFrame(nil))
		require.NoError(t, err)
		_, err = readFrame(bufio.NewReaderSize(bystander, 16), 1<<20)
		require.NoError(t, err, name)
	}
}

func TestUnknownVersionReachesTheNode(t *testing.T) {
	n := newScripted()
	_, addr := startNode(t, n, nil)
	_, err := dialRaw(t, addr).Write(frameWithLength(10, 0, 18, 0, 99, 0, 0, 0, 5, 0xff, 0xff))
	require.NoError(t, err)
	require.Equal(t, &protocol.UnsupportedRequest{Key: 18, Version: 99, CorrelationID: 5}, next[receivedEvent](t, n).message)
}

// TestCRCsAreCheckedBesideTheLoop: the node learns that it need not check them,
// and nothing else of a wrong one.
func TestCRCsAreCheckedBesideTheLoop(t *testing.T) {
	n := newScripted()
	_, addr := startNode(t, n, nil)
	one := func() []byte {
		var b batch.Builder
		b.Reset(nil)
		b.Append(1, nil, []byte("value"), nil)
		return slices.Clone(b.Finish())
	}
	wrong := one()
	wrong[len(wrong)-1] ^= 1
	for name, c := range map[string]struct {
		records []byte
		checked bool
	}{
		"right":        {one(), true},
		"wrong":        {wrong, false},
		"second wrong": {append(one(), wrong...), false},
		"no batch":     {[]byte("x"), false},
	} {
		produce := kmsg.NewPtrProduceRequest()
		produce.SetVersion(9)
		produce.Topics = []kmsg.ProduceRequestTopic{{Topic: "orders", Partitions: []kmsg.ProduceRequestTopicPartition{{Records: c.records}}}}
		_, err := dialRaw(t, addr).Write((&protocol.Request{Body: produce}).AppendFrame(nil))
		require.NoError(t, err)
		got := next[receivedEvent](t, n).message.(*protocol.Request)
		require.Equal(t, c.checked, got.CRCsChecked, name)
		require.Equal(t, c.records, got.Body.(*kmsg.ProduceRequest).Topics[0].Partitions[0].Records, name)
	}
}

// TestSlowSender: a frame that comes a byte at a time is a frame; one that
// never ends is none.
func TestSlowSender(t *testing.T) {
	n := answering(0)
	_, addr := startNode(t, n, nil)
	slow, half := dialRaw(t, addr), dialRaw(t, addr)
	frame := request(3).AppendFrame(nil)
	_, err := half.Write(frame[:len(frame)-1])
	require.NoError(t, err)
	for i := range frame {
		_, err := slow.Write(frame[i : i+1])
		require.NoError(t, err)
	}
	require.Equal(t, int32(3), next[receivedEvent](t, n).message.(*protocol.Request).CorrelationID)
	half.Close()
	require.Error(t, next[closedEvent](t, n).err)
	require.Empty(t, n.happened, "half a frame is not received")
}

// TestCloseSendsWhatWasSent: what a node sent before it closed goes out.
func TestCloseSendsWhatWasSent(t *testing.T) {
	const size = 8 << 20
	n := newScripted()
	n.received = func(c host.Conn, m host.Message) {
		n.host.Send(c, answer(m.(*protocol.Request), size))
		n.host.Close(c)
		n.host.Send(c, answer(m.(*protocol.Request), size)) // after its end
	}
	_, addr := startNode(t, n, nil)
	c := dialRaw(t, addr)
	_, err := c.Write(request(1).AppendFrame(nil))
	require.NoError(t, err)
	reader := bufio.NewReader(c)
	frame, err := readFrame(reader, 2*size)
	require.NoError(t, err)
	require.Greater(t, len(frame), size/2)
	_, err = reader.ReadByte()
	require.Error(t, err)
	next[receivedEvent](t, n)
	require.Empty(t, n.happened, "the node hears nothing of its own close")
}

// TestUnreadOutputHoldsRequests: a client that does not read its answers gets
// no more of them prepared, and all of them once it reads.
func TestUnreadOutputHoldsRequests(t *testing.T) {
	const size, count = 1 << 20, 60
	n := answering(size)
	p, addr := startNode(t, n, nil)
	respond := n.received
	n.received = func(c host.Conn, m host.Message) {
		p.sockets.mutex.Lock()
		for s := range p.sockets.open {
			s.mutex.Lock()
			require.LessOrEqual(t, s.outBytes, maxOutput)
			s.mutex.Unlock()
		}
		p.sockets.mutex.Unlock()
		respond(c, m)
	}
	c := dialRaw(t, addr)
	for i := range int32(count) {
		_, err := c.Write(request(i).AppendFrame(nil))
		require.NoError(t, err)
	}
	held := func() (held int) {
		p.sockets.mutex.Lock()
		defer p.sockets.mutex.Unlock()
		for s := range p.sockets.open {
			s.mutex.Lock()
			held += s.held
			s.mutex.Unlock()
		}
		return held
	}
	until(t, "requests are held", func() bool { return held() > 0 })
	reader := bufio.NewReader(c)
	for i := range int32(count) {
		require.Equal(t, i, next[receivedEvent](t, n).message.(*protocol.Request).CorrelationID)
		_, err := readFrame(reader, 2*size)
		require.NoError(t, err)
	}
	require.Zero(t, held())
}

// TestBusyNodeBoundsInput: what waits for a loop that is busy is bounded.
func TestBusyNodeBoundsInput(t *testing.T) {
	n := newScripted()
	release := make(chan struct{})
	n.received = func(host.Conn, host.Message) { <-release }
	p, addr := startNode(t, n, nil)
	c := dialRaw(t, addr)
	frame := request(1).AppendFrame(nil)
	const count = 4 * maxWaiting
	for range count {
		_, err := c.Write(frame)
		require.NoError(t, err)
	}
	waiting := func() (waiting int) {
		p.sockets.mutex.Lock()
		defer p.sockets.mutex.Unlock()
		for s := range p.sockets.open {
			s.mutex.Lock()
			waiting = max(waiting, len(s.in))
			s.mutex.Unlock()
		}
		return waiting
	}
	until(t, "the reader rests", func() bool { return waiting() == maxWaiting })
	close(release)
	for range count {
		next[receivedEvent](t, n)
	}
	require.LessOrEqual(t, waiting(), maxWaiting)
}

func TestResponseToNoRequest(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	n := newScripted()
	p, _ := startNode(t, n, nil)
	p.Call(func(host.Node) { p.Dial(host.Addr(listener.Addr().String())) })
	c, err := listener.Accept()
	require.NoError(t, err)
	defer c.Close()
	_, err = c.Write(frameWithLength(4, 0, 0, 0, 1))
	require.NoError(t, err)
	lost := next[closedEvent](t, n)
	require.ErrorIs(t, lost.err, protocol.ErrFrame)
	require.True(t, errors.Is(lost.err, host.ErrReset))
}
