package live

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
	"assay/internal/batch"
	"assay/internal/protocol"
)

const (
	// maxWaiting and maxWaitingBytes bound what was read from one connection and
	// waits for the loop: the reader rests above them.
	maxWaiting      = 64
	maxWaitingBytes = 16 << 20
	// maxOutput is how many bytes may wait to be written on a connection before
	// its requests are held back. One step may exceed it; nothing is dropped.
	maxOutput = 16 << 20
	// lingerTime bounds how long a closed connection may take to write out.
	lingerTime = 10 * time.Second
	bufferSize = 64 << 10
)

// socket is one TCP connection: a goroutine that reads, decodes and hands
// messages to the loop, and one that encodes and writes.
type socket struct {
	process  *Process
	id       host.Conn
	accepted bool

	mutex    sync.Mutex
	changed  *sync.Cond
	raw      net.Conn // nil while it is dialled
	in       []sized  // decoded, for the loop
	inBytes  int
	held     int // deliveries that wait for the output to drain
	out      []sized
	outBytes int  // of out and of what is being written
	closing  bool // by the node: what was sent still goes out
	broken   bool
	expected map[int32]kmsg.Response // by correlation id, on a dialled connection
}

// sized is a message with its bytes.
type sized struct {
	message host.Message
	bytes   int
}

func newSocket(p *Process, id host.Conn) *socket {
	s := &socket{process: p, id: id, expected: map[int32]kmsg.Response{}}
	s.changed = sync.NewCond(&s.mutex)
	return s
}

func (s *socket) endpoint() *endpoint {
	return &endpoint{send: s.send, close: s.close, end: func(error) { s.shut() }, peer: s.peer}
}

// peer is the address of the other end, without its port; "" while it is dialled.
func (s *socket) peer() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.raw == nil {
		return ""
	}
	name, _, err := net.SplitHostPort(s.raw.RemoteAddr().String())
	if err != nil {
		return ""
	}
	return name
}

// dial connects. It gives up when the process ends; other time-outs are the
// node's.
func (s *socket) dial(to string) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s.process.goroutines.Go(func() {
		select {
		case <-s.process.quit:
			cancel()
		case <-ctx.Done():
		}
	})
	var dialer net.Dialer
	connection, err := dialer.DialContext(ctx, "tcp", to)
	if err != nil {
		s.fail(fmt.Errorf("%w: %v", host.ErrRefused, err))
		return
	}
	s.process.inbox.put(func() {
		if s.process.ended {
			connection.Close()
			return
		}
		if s.process.connections[s.id] != nil {
			s.process.node.Opened(s.id, "")
		}
		s.run(connection) // also where it was closed meanwhile: what was sent goes out
	})
}

// run starts to carry messages. The loop calls it.
func (s *socket) run(connection net.Conn) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.raw = connection
	if s.closing {
		s.hurry()
	}
	s.process.sockets.add(s)
	s.process.goroutines.Go(func() {
		s.write(connection)
		connection.Close()
		s.process.sockets.remove(s)
	})
	s.process.goroutines.Go(func() { s.read(connection) })
}

// hurry ends the reader and bounds the time of the writer.
func (s *socket) hurry() {
	s.raw.SetReadDeadline(time.Now())
	s.raw.SetWriteDeadline(time.Now().Add(lingerTime))
}

// send queues a message; it never blocks.
func (s *socket) send(m host.Message) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if request, ok := m.(*protocol.Request); ok {
		body := request.Body.ResponseKind()
		body.SetVersion(request.Body.GetVersion())
		s.expected[request.CorrelationID] = body
	}
	s.out = append(s.out, sized{m, m.Size()})
	s.outBytes += m.Size()
	s.changed.Broadcast()
}

// close lets what was sent before go out, then ends the connection.
func (s *socket) close() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.closing = true
	if s.raw != nil {
		s.hurry()
	}
	s.changed.Broadcast()
}

// shut ends the connection at once.
func (s *socket) shut() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.broken = true
	s.in, s.out = nil, nil
	if s.raw != nil {
		s.raw.Close()
	}
	s.changed.Broadcast()
}

// fail ends the connection and tells the node, unless it has closed it.
func (s *socket) fail(err error) {
	s.shut()
	s.process.inbox.put(func() { s.process.lost(s.id, err) })
}

func (s *socket) write(connection net.Conn) {
	buffer := bufio.NewWriterSize(connection, bufferSize)
	var frame []byte
	for {
		batch, open := s.next()
		for _, m := range batch {
			frame = appendFrame(frame[:0], m.message)
			if _, err := buffer.Write(frame); err != nil {
				s.fail(fmt.Errorf("%w: %v", host.ErrReset, err))
				return
			}
			s.written(m.bytes)
			if cap(frame) > maxOutput {
				frame = nil // one large answer does not cost its memory for ever
			}
		}
		if err := buffer.Flush(); err != nil {
			s.fail(fmt.Errorf("%w: %v", host.ErrReset, err))
			return
		}
		if !open {
			return
		}
	}
}

// next waits for messages to write. open is false once nothing will follow.
func (s *socket) next() (batch []sized, open bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for len(s.out) == 0 && !s.closing && !s.broken {
		s.changed.Wait()
	}
	batch, s.out = s.out, nil
	return batch, !s.closing && !s.broken
}

// written makes room in the output, and lets held requests go on.
func (s *socket) written(bytes int) {
	s.mutex.Lock()
	s.outBytes -= bytes
	released := 0
	if s.outBytes <= maxOutput {
		released, s.held = s.held, 0
	}
	s.mutex.Unlock()
	for range released {
		s.process.inbox.put(s.deliver)
	}
}

func (s *socket) read(connection net.Conn) {
	buffer := bufio.NewReaderSize(connection, bufferSize)
	for {
		if idle := s.process.config.IdleTimeout; idle > 0 && s.accepted {
			connection.SetReadDeadline(time.Now().Add(idle))
		}
		frame, err := readFrame(buffer, s.process.config.MaxFrame)
		var message host.Message
		if err == nil {
			message, err = s.decode(frame)
		}
		if err != nil {
			s.endReading(err)
			return
		}
		if !s.offer(sized{message, len(frame)}) {
			return
		}
	}
}

// endReading ends a connection whose input ended or makes no sense. Where the
// node has closed it, the writer still has its time.
func (s *socket) endReading(err error) {
	s.mutex.Lock()
	closing := s.closing
	s.mutex.Unlock()
	switch {
	case closing:
	case errors.Is(err, io.EOF) && !errors.Is(err, protocol.ErrFrame):
		s.fail(host.ErrEOF)
	default:
		s.fail(fmt.Errorf("%w: %w", host.ErrReset, err))
	}
}

// offer hands a message to the loop. It waits while too much waits there; the
// answer is false when nothing is wanted any more.
func (s *socket) offer(m sized) bool {
	s.mutex.Lock()
	for (len(s.in) >= maxWaiting || s.inBytes > maxWaitingBytes) && !s.broken && !s.closing {
		s.changed.Wait()
	}
	wanted := !s.broken && !s.closing
	if wanted {
		s.in = append(s.in, m)
		s.inBytes += m.bytes
	}
	s.mutex.Unlock()
	if wanted {
		s.process.inbox.put(s.deliver)
	}
	return wanted
}

// deliver gives the node the first message that waits, unless the peer does not
// read its answers: then it is held until they are written. The loop calls it.
func (s *socket) deliver() {
	s.mutex.Lock()
	if s.outBytes > maxOutput {
		s.held++
		s.mutex.Unlock()
		return
	}
	var first sized
	if len(s.in) > 0 {
		first = s.in[0]
		s.in[0] = sized{}
		s.in = s.in[1:]
		s.inBytes -= first.bytes
		s.changed.Broadcast()
	}
	s.mutex.Unlock()
	if first.message != nil {
		s.process.received(s.id, first.message)
	}
}

// decode reads a request on an accepted connection, a response on a dialled one.
func (s *socket) decode(frame []byte) (host.Message, error) {
	if s.accepted {
		request, err := protocol.DecodeRequest(frame)
		var unknown *protocol.UnknownVersionError
		if errors.As(err, &unknown) {
			return &protocol.UnsupportedRequest{Key: unknown.Key, Version: unknown.Version, CorrelationID: unknown.CorrelationID}, nil
		}
		if err != nil {
			return nil, err // not a nil *Request in an interface
		}
		request.CRCsChecked = crcsFit(request.Body)
		return request, nil
	}
	if len(frame) < 4 {
		return nil, fmt.Errorf("%w: response of %d bytes", protocol.ErrFrame, len(frame))
	}
	correlation := int32(binary.BigEndian.Uint32(frame))
	s.mutex.Lock()
	body := s.expected[correlation]
	delete(s.expected, correlation)
	s.mutex.Unlock()
	if body == nil {
		return nil, fmt.Errorf("%w: a response to no request, correlation id %d", protocol.ErrFrame, correlation)
	}
	response, err := protocol.DecodeResponse(frame, body)
	if err != nil {
		return nil, err
	}
	return response, nil
}

// crcsFit reports whether the CRC of every batch in a produce request is right.
// Where one is not, or what is sent is no batch, the node finds out for itself
// what to answer.
func crcsFit(body kmsg.Request) bool {
	produce, ok := body.(*kmsg.ProduceRequest)
	if !ok {
		return false
	}
	for _, topic := range produce.Topics {
		for _, partition := range topic.Partitions {
			for rest := partition.Records; len(rest) > 0; {
				_, whole, tail, err := batch.Next(rest)
				if err != nil || batch.CheckCRC(whole) != nil {
					return false
				}
				rest = tail
			}
		}
	}
	return true
}

// socketSet holds the sockets that carry messages, those too that the node has
// closed and that still write.
type socketSet struct {
	mutex sync.Mutex
	open  map[*socket]bool
}

func (s *socketSet) add(one *socket) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.open == nil {
		s.open = map[*socket]bool{}
	}
	s.open[one] = true
}

func (s *socketSet) remove(one *socket) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	delete(s.open, one)
}

// shut ends all of them at once.
func (s *socketSet) shut() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for one := range s.open {
		one.shut()
	}
}
