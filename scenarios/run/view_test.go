package run

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/faults"
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

// TestSlowDiskTouchesAController: a controller syncs before it answers.
func TestSlowDiskTouchesAController(t *testing.T) {
	s := load(t, small)
	v := booted(t, &s).view
	first, second := v.SlowDisk("controller-1", 10), v.SlowDisk("controller-1", 20)
	healBroker := v.SlowDisk("broker-1", 10)
	require.Equal(t, []string{"controller-1"}, v.ImpairedControllers())
	require.Empty(t, v.Impaired(), "a slow broker may be in sync")
	second()
	require.Equal(t, []string{"controller-1"}, v.ImpairedControllers())
	first()
	healBroker()
	require.Empty(t, v.ImpairedControllers())
}

func TestNarrowLinksTouchAController(t *testing.T) {
	s := load(t, small)
	v := booted(t, &s).view
	heal := v.Narrow([]string{"controller-2"}, v.Brokers(), 1000)
	require.Equal(t, []string{"controller-2"}, v.ImpairedControllers())
	heal()
	require.Empty(t, v.ImpairedControllers())
}

// TestStop: whoever does not end in time is killed, and a broker has settled
// again once it is back in every ISR.
func TestStop(t *testing.T) {
	s := load(t, small)
	r := booted(t, &s)
	v, stopped := r.view, 0
	stop := func(name string) { v.Stop(name, time.Second, func() { stopped++ }) }
	require.True(t, v.Settled("broker-1"))
	require.True(t, v.Settled("web-0"))

	v.Pause("broker-1") // it does not hear that it is to stop
	stop("broker-1")
	require.NoError(t, r.advance(r.now()+time.Second/2))
	require.Zero(t, stopped)
	require.NoError(t, r.advance(r.now()+time.Second))
	require.Equal(t, 1, stopped)
	require.False(t, v.Up("broker-1"))
	require.False(t, v.Settled("broker-1"))
	stop("broker-1") // it is down
	require.NoError(t, r.advance(r.now()+time.Millisecond))
	require.Equal(t, 2, stopped)

	v.Restart("broker-1")
	require.NoError(t, r.advance(r.now()+time.Millisecond))
	require.False(t, v.Settled("broker-1"), "up is not in sync")
	require.NoError(t, r.advance(r.now()+20*time.Second))
	require.True(t, v.Settled("broker-1"))
	stop("web-0")
	v.Stop("web-0", time.Second, func() { stopped++ })
	require.NoError(t, r.advance(r.now()+5*time.Second))
	require.Equal(t, 4, stopped, "both who wait are told")
	require.True(t, v.Up("broker-1"), "the patience with an earlier incarnation does not kill a later one")
}

// played is the outcome of small with another timeline and more load.
func played(t *testing.T, timeline string, options Options) *Outcome {
	s := load(t, strings.NewReplacer("duration: 10s", "duration: 40s",
		"    - {at: 3s, kind: kill, target: leader(orders/0), duration: 3s}\n", timeline).Replace(small))
	o, err := Simulate(&s, 1, nil, options)
	require.NoError(t, err)
	require.False(t, o.Violating())
	return o
}

// TestRoll: a rolling restart goes round, every broker comes back, and the
// applied timeline gives the same run.
func TestRoll(t *testing.T) {
	o := played(t, "    - {at: 3s, kind: roll, target: all, duration: 35s}\n", Options{Debug: true})
	require.Len(t, o.Faults, 1)
	roll := o.Faults[0]
	require.Equal(t, faults.Applied, roll.Outcome, roll.Reason)
	require.Equal(t, []string{"broker-1", "broker-2", "broker-3"}, roll.Names())
	for i, restart := range roll.Restarts {
		require.Less(t, restart.Asked, restart.Up)
		require.Less(t, restart.Up, restart.Settled)
		if i > 0 {
			require.GreaterOrEqual(t, restart.Asked, roll.Restarts[i-1].Settled, "one at a time")
		}
	}
	require.Equal(t, roll.Restarts[2].Settled, roll.End)
	require.Equal(t, roll.Restarts[0].String()+", "+roll.Restarts[1].String()+", "+roll.Restarts[2].String(), describe(roll))

	again := played(t, "    - {at: 3s, kind: roll, target: all, duration: 35s}\n", Options{Timeline: []faults.Spec{roll.Spec}})
	require.Equal(t, o.Digest, again.Digest)
	require.Equal(t, o.Faults, again.Faults)
}

// TestHurtDisksClocksAndLines: the run goes on, and notices.
func TestHurtDisksClocksAndLines(t *testing.T) {
	const kill = "    - {at: 3s, kind: kill, target: leader(orders/0), duration: 15s}\n"
	slow := played(t, kill+"    - {at: 2s, kind: slow_disk, target: [controller-1, controller-2, controller-3], factor: 100000, duration: 35s}\n", Options{Debug: true})
	require.Equal(t, "factor: 100000", describe(slow.Faults[0]))
	require.Greater(t, slow.Metrics.Produce.Max(), played(t, kill, Options{}).Metrics.Produce.Max()+4*time.Second,
		"the next leader waits for the controllers' disks")

	skewed := played(t, "    - {at: 3s, kind: clock_skew, target: web, skew: 2h, duration: 10s}\n", Options{Debug: true})
	require.Equal(t, "skew: 2h0m0s", describe(skewed.Faults[0]))
	require.Greater(t, skewed.Metrics.Failed, uint64(400), "brokers refuse timestamps an hour ahead (message.timestamp.after.max.ms)")
	require.Greater(t, skewed.Metrics.Acknowledged, uint64(1400), "the clock comes right again")

	narrow := played(t, "    - {at: 3s, kind: delay, groups: [[web], rest], latency: 1ms, bandwidth: 2KiB/s, duration: 10s}\n", Options{Debug: true})
	require.Equal(t, "latency: 1ms, direction: both, bandwidth: 2KiB/s", describe(narrow.Faults[0]))
	require.Greater(t, narrow.Metrics.Produce.Max(), 2*time.Second, "what is sent waits for the line")
	require.Equal(t, narrow.Metrics.Sent, narrow.Metrics.Acknowledged)
}

// TestZonesSlowWhatCrossesThem: the way to another zone takes its own time, and
// brokers and controllers of one number stand together.
func TestZonesSlowWhatCrossesThem(t *testing.T) {
	const zones = `cost:
  zones:
    east: {to: {west: {latency: 40ms}}}
    west: {to: {east: {latency: 60ms, bandwidth: 1Mbit/s}}}
`
	quiet := strings.Replace(small, "kind: kill, target: leader(orders/0), duration: 3s", "kind: reset, target: web", 1)
	s, near := load(t, quiet+zones), load(t, quiet)
	r := booted(t, &s)
	require.Equal(t, map[string]string{"broker-1": "east", "broker-2": "west", "broker-3": "east", "controller-1": "east",
		"controller-2": "west", "controller-3": "east", "web-0": "east", "reader-0": "east"}, r.zones)
	median := func(s *format.Scenario) time.Duration {
		o, err := Simulate(s, 1, nil, Options{})
		require.NoError(t, err)
		require.False(t, o.Violating())
		return o.Metrics.Produce.Quantile(500)
	}
	require.Less(t, median(&near), 20*time.Millisecond)
	require.Greater(t, median(&s), 100*time.Millisecond, "acks=all goes to the other zone and back")
}
