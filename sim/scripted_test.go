package sim

import (
	"hash/fnv"
	"io"
	"strconv"
	"testing"
	"time"

	"assay/host"

	"github.com/stretchr/testify/require"
)

// text is a message of a few words.
type text string

func (t text) Size() int { return len(t) }

func (t text) Fingerprint() uint64 {
	h := fnv.New64a()
	io.WriteString(h, string(t))
	return h.Sum64()
}

func (t text) Reencode() (host.Message, error) { return text([]byte(t)), nil }

func (t text) String() string { return string(t) }

// scripted is a node whose steps are functions of the test. What happens to it
// goes into its log, which outlives incarnations.
type scripted struct {
	host     host.Host
	log      *[]string
	start    func(s *scripted)
	opened   func(s *scripted, c host.Conn, local host.Addr)
	received func(s *scripted, c host.Conn, m text)
	closed   func(s *scripted, c host.Conn, err error)
	done     func(s *scripted, op host.Op, err error)
	wake     func(s *scripted)
}

func (s *scripted) note(words string) { *s.log = append(*s.log, words) }

func (s *scripted) Start(h host.Host) {
	s.host = h
	if s.start != nil {
		s.start(s)
	}
}

func (s *scripted) Opened(c host.Conn, local host.Addr) {
	s.note("opened")
	if s.opened != nil {
		s.opened(s, c, local)
	}
}

func (s *scripted) Received(c host.Conn, m host.Message) {
	s.note(string(m.(text)))
	if s.received != nil {
		s.received(s, c, m.(text))
	}
}

func (s *scripted) Closed(c host.Conn, err error) {
	s.note("closed: " + err.Error())
	if s.closed != nil {
		s.closed(s, c, err)
	}
}

func (s *scripted) Done(op host.Op, err error) {
	if s.done != nil {
		s.done(s, op, err)
	}
}

func (s *scripted) Wake() {
	s.note("wake")
	if s.wake != nil {
		s.wake(s)
	}
}

// add adds a scripted node that listens at NAME:1, and returns its log. Every
// incarnation is a copy of the model.
func add(w *World, name string, model scripted) *[]string {
	log := new([]string)
	w.AddNode(NodeSpec{Name: name, Addrs: []host.Addr{host.Addr(name + ":1")}, Factory: func() host.Node {
		s := model
		s.log = log
		return &s
	}})
	return log
}

// dialAndSend is a start that dials and sends some messages at once.
func dialAndSend(to host.Addr, messages ...text) func(*scripted) {
	return func(s *scripted) {
		c := s.host.Dial(to)
		for _, m := range messages {
			s.host.Send(c, m)
		}
	}
}

func startAll(w *World) {
	for _, name := range w.Nodes() {
		w.Start(name)
	}
}

// numbered returns the messages 0 to n-1.
func numbered(n int) []text {
	messages := make([]text, n)
	for i := range messages {
		messages[i] = text(strconv.Itoa(i))
	}
	return messages
}

func words(messages []text) []string {
	list := make([]string, len(messages))
	for i, m := range messages {
		list[i] = string(m)
	}
	return list
}

const second = Time(time.Second)

func TestConnectionOpensCarriesAndCloses(t *testing.T) {
	w := New(Config{Seed: 1, Debug: true})
	server := add(w, "server", scripted{received: func(s *scripted, c host.Conn, m text) {
		s.host.Send(c, "re: "+m)
		if m == "bye" {
			s.host.Close(c)
		}
	}})
	client := add(w, "client", scripted{start: dialAndSend("server:1", "hello", "bye")})
	startAll(w)
	w.Run(second)
	require.Equal(t, []string{"opened", "hello", "bye"}, *server)
	require.Equal(t, []string{"opened", "re: hello", "re: bye", "closed: " + host.ErrEOF.Error()}, *client)
	for _, c := range w.connections {
		require.Nil(t, c, "a connection outlives both its ends")
	}
}
