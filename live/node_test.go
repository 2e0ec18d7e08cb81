package live

import (
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
	"assay/internal/protocol"
)

// patience is how long a test waits for what should happen at once.
const patience = 30 * time.Second

// scripted is a node that does what its test says. Everything that happens is
// also told on happened.
type scripted struct {
	host     host.Host
	start    func()
	opened   func(host.Conn)
	received func(host.Conn, host.Message)
	done     func(host.Op, error)
	wake     func()
	happened chan any
}

type (
	openedEvent   struct{ accepted bool }
	receivedEvent struct{ message host.Message }
	closedEvent   struct{ err error }
	doneEvent     struct{ err error }
	wakeEvent     struct{}
)

func newScripted() *scripted { return &scripted{happened: make(chan any, 10_000)} }

func (n *scripted) Start(h host.Host) {
	n.host = h
	if n.start != nil {
		n.start()
	}
}

func (n *scripted) Opened(c host.Conn, local host.Addr) {
	if n.opened != nil {
		n.opened(c)
	}
	n.happened <- openedEvent{local != ""}
}

func (n *scripted) Received(c host.Conn, m host.Message) {
	if n.received != nil {
		n.received(c, m)
	}
	n.happened <- receivedEvent{m}
}

func (n *scripted) Closed(_ host.Conn, err error) { n.happened <- closedEvent{err} }

func (n *scripted) Done(op host.Op, err error) {
	if n.done != nil {
		n.done(op, err)
	}
	n.happened <- doneEvent{err}
}

func (n *scripted) Wake() {
	if n.wake != nil {
		n.wake()
	}
	n.happened <- wakeEvent{}
}

// next waits for something to happen that has the type T.
func next[T any](t *testing.T, n *scripted) T {
	t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case event := <-n.happened:
			if wanted, ok := event.(T); ok {
				return wanted
			}
		case <-timeout:
			var wanted T
			t.Fatalf("no %T", wanted)
		}
	}
}

// until waits for a condition that others make true.
func until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !condition(); runtime.Gosched() {
		require.True(t, time.Now().Before(end), "not in time: %s", what)
	}
}

// startNode runs a node that listens on a free port; addr is where.
func startNode(t *testing.T, n *scripted, pipes *Pipes) (p *Process, addr host.Addr) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr = host.Addr(listener.Addr().String())
	p = Start(Config{Name: "n", Listeners: []Listener{{Addr: addr, Socket: listener}}, Dir: t.TempDir(), MaxFrame: 1 << 20, Pipes: pipes}, n)
	t.Cleanup(p.Stop)
	return p, addr
}

func dialRaw(t *testing.T, addr host.Addr) net.Conn {
	t.Helper()
	connection, err := net.Dial("tcp", string(addr))
	require.NoError(t, err)
	t.Cleanup(func() { connection.Close() })
	require.NoError(t, connection.SetDeadline(time.Now().Add(patience)))
	return connection
}

// request is a small fetch, whose answer may have any size.
func request(correlation int32) *protocol.Request {
	body := kmsg.NewPtrFetchRequest()
	body.Version = 11
	return &protocol.Request{CorrelationID: correlation, ClientID: "c", Body: body}
}

// answer carries so many bytes.
func answer(to *protocol.Request, size int) *protocol.Response {
	body := kmsg.NewPtrFetchResponse()
	body.Version = 11
	topic := kmsg.NewFetchResponseTopic()
	partition := kmsg.NewFetchResponseTopicPartition()
	partition.RecordBatches = make([]byte, size)
	topic.Partitions = append(topic.Partitions, partition)
	body.Topics = append(body.Topics, topic)
	return &protocol.Response{CorrelationID: to.CorrelationID, Body: body}
}

// answering is a node that answers each request with so many bytes.
func answering(size int) *scripted {
	n := newScripted()
	n.received = func(c host.Conn, m host.Message) {
		if r, ok := m.(*protocol.Request); ok {
			n.host.Send(c, answer(r, size))
		}
	}
	return n
}

func requireClosed(t *testing.T, connection net.Conn) {
	t.Helper()
	n, err := connection.Read(make([]byte, 1))
	require.Zero(t, n)
	require.Error(t, err)
	require.NotErrorIs(t, err, os.ErrDeadlineExceeded)
}
