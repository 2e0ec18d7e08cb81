package run

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/scenarios/format"
)

// booted is a run whose cluster is up and whose load has begun.
func booted(t *testing.T, s *format.Scenario) *run {
	t.Helper()
	r, err := newRun(s, 1, nil, Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.world.Close()) })
	require.NoError(t, r.boot())
	r.begin()
	return r
}

// TestTouchedControllers: a controller that most brokers cannot reach counts as
// touched although it has its quorum, as one does that answers them late.
func TestTouchedControllers(t *testing.T) {
	s := load(t, small)
	r := booted(t, &s)
	v := r.view
	one, brokers := []string{"controller-1"}, v.Brokers()
	require.Empty(t, v.ImpairedControllers())

	healCut := v.Cut(brokers, one)
	require.Equal(t, one, v.ImpairedControllers())
	healCut()
	require.Empty(t, v.ImpairedControllers())

	healSlow := v.Slow(one, brokers[:2], time.Second)
	require.Equal(t, one, v.ImpairedControllers())
	healSlow()
	require.Equal(t, one, v.ImpairedControllers(), "what was sent before is still on its way")
	require.NoError(t, r.advance(r.now()+time.Second+time.Millisecond))
	require.Empty(t, v.ImpairedControllers())

	healCut = v.Cut(one, brokers[:1])
	require.Empty(t, v.ImpairedControllers(), "most brokers reach it")
	healCut()

	healCut = v.Cut(one, v.Controllers()[1:])
	require.Equal(t, one, v.ImpairedControllers())
	healCut()
}

// TestShortKill: a kill may be over before the process has died in the middle of
// a step; it must start again all the same.
func TestShortKill(t *testing.T) {
	text := small[:len(small)-len(claimsOfSmall)] + `    - {at: 6s, kind: kill, target: all, duration: 1ms}
` + claimsOfSmall
	s := load(t, text)
	for seed := range uint64(4) {
		r, err := newRun(&s, seed, nil, Options{})
		require.NoError(t, err)
		require.NoError(t, r.play())
		for _, name := range r.view.Brokers() {
			require.True(t, r.world.Up(name), "seed %d: %s was killed for 1ms and is still down at the end", seed, name)
		}
		require.NoError(t, r.world.Close())
	}
}
