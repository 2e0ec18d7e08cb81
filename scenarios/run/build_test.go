package run

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/scenarios/format"
	"assay/sim"
)

func TestTimesOf(t *testing.T) {
	for _, c := range []struct {
		given format.Distribution
		want  sim.Distribution
	}{
		{format.Distribution{Kind: format.Constant, Time: time.Second}, sim.Constant(time.Second)},
		{format.Distribution{Kind: format.Uniform, Min: 1, Max: 3}, sim.Uniform{Min: 1, Max: 3}},
		{format.Distribution{Kind: format.Lognormal, P50: 1, P99: 3}, sim.Lognormal{P50: 1, P99: 3}},
		{format.Distribution{Kind: format.Exponential, Time: 5}, sim.Exponential{Mean: 5}},
	} {
		require.Equal(t, c.want, timesOf(c.given))
	}
}

func TestLinksOf(t *testing.T) {
	require.Nil(t, linksOf([]format.Zone{{Name: "a"}}))
	near := format.NetworkCost{Latency: format.Distribution{Kind: format.Constant, Time: 7}, Bandwidth: 100}
	require.Equal(t, []sim.Link{{From: "a", To: "b", Latency: sim.Constant(7), BitsPerSecond: 800}},
		linksOf([]format.Zone{{Name: "a", To: []format.ZoneLink{{Zone: "b", NetworkCost: near}}}, {Name: "b"}}))
}
