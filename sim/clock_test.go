package sim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/host"
)

func TestWallClockJumpsAndJumpsBack(t *testing.T) {
	w := New(Config{Epoch: 1})
	add(w, "n", scripted{})
	add(w, "other", scripted{})
	startAll(w)
	wall := func(name string) time.Duration {
		h := w.Node(name).(*scripted).host
		return time.Duration(int64(h.Wall()) - 1 - int64(w.now))
	}
	ahead, behind := w.SkewWall("n", time.Hour), w.SkewWall("n", -2*time.Hour)
	require.Equal(t, -time.Hour, wall("n"))
	require.Zero(t, wall("other"))
	w.Run(second)
	require.Equal(t, host.Time(second), w.Node("n").(*scripted).host.Now(), "the monotonic clock goes on")
	ahead.Heal()
	require.Equal(t, -2*time.Hour, wall("n"))
	w.Kill("n")
	w.Start("n")
	require.Equal(t, -2*time.Hour, wall("n"), "a clock belongs to the machine")
	behind.Heal()
	require.Zero(t, wall("n"))
}
