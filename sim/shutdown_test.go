package sim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/host"
)

// orderly is a node that says goodbye and exits a second after it was asked to.
type orderly struct {
	scripted
	conn host.Conn
}

func (o *orderly) Start(h host.Host) {
	o.host = h
	if f, err := h.FS().Create("f"); err == nil {
		f.Append([]byte("cached"))
	}
	o.conn = h.Dial("peer:1")
}

func (o *orderly) Stop() {
	o.note("asked")
	o.host.Send(o.conn, text("goodbye"))
	o.host.WakeAt(o.host.Now().Add(time.Second))
}

func (o *orderly) Wake() { o.host.Exit(nil) }

func TestShutdown(t *testing.T) {
	w := New(Config{})
	log := new([]string)
	peer := add(w, "peer", scripted{})
	w.AddNode(NodeSpec{Name: "n", Factory: func() host.Node { return &orderly{scripted: scripted{log: log}} }})
	var ends []string
	w.OnDown(func(node string, cause Cause) { ends = append(ends, node+" "+w.Now().String()+" "+cause.String()) })
	startAll(w)
	w.Run(second)
	require.True(t, w.Shutdown("n"))
	require.False(t, w.Shutdown("n"), "once is enough")
	w.Run(5 * second)
	require.Equal(t, []string{"opened", "asked"}, *log)
	require.Equal(t, []string{"opened", "goodbye", "closed: " + host.ErrEOF.Error()}, *peer)
	require.Equal(t, []string{"n 2s exit: it was asked to stop"}, ends)
	require.False(t, w.Up("n"))
	require.False(t, w.Shutdown("n"), "nobody is there")
	require.Equal(t, "cached", string(must(w.FS("n").ReadFile("f"))), "the cache is kept")

	require.True(t, w.Shutdown("peer"), "no Stopper: it exits at once")
	require.False(t, w.Up("peer"))
	require.True(t, w.Start("n"))
	w.Run(6 * second)
	require.True(t, w.Shutdown("n"), "a new incarnation can be asked again")
}

func TestShutdownOfAPausedNodeWaits(t *testing.T) {
	w := New(Config{})
	log := new([]string)
	w.AddNode(NodeSpec{Name: "n", Factory: func() host.Node { return &orderly{scripted: scripted{log: log}} }})
	startAll(w)
	w.Run(second)
	w.Pause("n")
	require.True(t, w.Shutdown("n"))
	w.Run(10 * second)
	require.NotContains(t, *log, "asked")
	w.Resume("n")
	w.Run(12 * second)
	require.Contains(t, *log, "asked")
	require.False(t, w.Up("n"))
}
