package live

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/host"
)

// orderly ends a moment after it was asked to, with what the test wants.
type orderly struct {
	*scripted
	stop func()
}

func (n *orderly) Stop() { n.stop() }

func startOrderly(t *testing.T, stop func(*orderly)) *Process {
	n := &orderly{scripted: newScripted()}
	n.stop = func() { stop(n) }
	p := Start(Config{Name: "n", Dir: t.TempDir()}, n)
	t.Cleanup(p.Stop)
	return p
}

func TestShutdown(t *testing.T) {
	soon := func(n *orderly) { n.host.WakeAt(n.host.Now().Add(time.Millisecond)) }
	p := startOrderly(t, func(n *orderly) {
		n.wake = func() { n.host.Exit(nil) }
		soon(n)
	})
	require.True(t, p.Shutdown(patience))
	require.NoError(t, p.Err())
	require.True(t, p.Shutdown(patience), "it has ended already")

	p = startOrderly(t, func(n *orderly) { n.host.Exit(nil) })
	require.True(t, p.Shutdown(patience), "within the step")

	failure := errors.New("the disk is gone")
	p = startOrderly(t, func(n *orderly) { n.host.Exit(failure) })
	require.False(t, p.Shutdown(patience))
	require.ErrorIs(t, p.Err(), failure)

	p = startOrderly(t, func(*orderly) {})
	require.False(t, p.Shutdown(time.Millisecond), "it does not come to it")
	require.NoError(t, p.Err())

	p, _ = startNode(t, newScripted(), nil)
	require.False(t, p.Shutdown(patience), "knows no orderly end, and is stopped at once")
	require.False(t, p.Call(func(host.Node) {}))
}
