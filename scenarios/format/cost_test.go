package format

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestProfilesAreTold(t *testing.T) {
	var names []string
	for _, p := range Profiles {
		names = append(names, p.Name)
		require.NotEmpty(t, p.About)
		require.NotEmpty(t, p.Source)
		require.Equal(t, p.Name, p.Cost.Profile)
		for _, zone := range p.Cost.Zones {
			require.Len(t, zone.To, len(p.Cost.Zones)-1)
		}
		file, diagnostics := load(small + "cost: " + p.Name + "\n")
		require.NotNil(t, file, diagnostics.String())
		require.Equal(t, p.Cost, file.Base.Cost)
		requireSame(t, file.Base, nil)
	}
	require.Equal(t, []string{"default", "datacentre", "three-zones", "three-regions", "laptop", "slow-disk"}, names)
	file, _ := load(small) // by the defaults of the field tables
	require.Equal(t, Profiles[0].Cost, file.Base.Cost)
}

func TestCostDiffersFromItsProfile(t *testing.T) {
	for _, text := range []string{
		small + "cost: {profile: slow-disk, disk: {bandwidth: 1MiB/s, fsync: null}, network: {latency: 1ms}}\n",
		small + "cost: slow-disk\nvariants: {other: {set: {/cost/disk/bandwidth: 1MiB/s, /cost/network/latency: 1ms}}}\n",
	} {
		file, diagnostics := load(text)
		require.NotNil(t, file, diagnostics.String())
		variants := file.Expand()
		cost, profile := variants[len(variants)-1].Scenario.Cost, Profiles[5].Cost
		require.Equal(t, DiskCost{profile.Disk.Fsync, 1 << 20, profile.Disk.Writeback}, cost.Disk)
		require.Equal(t, NetworkCost{Distribution{Kind: Constant, Time: time.Millisecond}, profile.Network.Bandwidth}, cost.Network)
		require.Equal(t, profile.CPU, cost.CPU)
		require.Equal(t, "slow-disk", cost.Profile)
		requireSame(t, file.Base, file.variants)
	}
}

func TestZonesTakeThePlaceOfTheProfiles(t *testing.T) {
	file, diagnostics := load(small + `cost:
  profile: three-zones
  network: {latency: 100us}
  zones:
    a: {nodes: [broker-2, web], to: {b: {latency: 9ms}}}
    b: {to: {a: {bandwidth: 1Mbit/s}}}
    c:
variants:
  one-place: {set: {/cost/zones: {}}}
  profiles: {set: {/cost/zones: null}}
  plain: {set: {/cost: default}}
`)
	require.NotNil(t, file, diagnostics.String())
	cost := file.Base.Cost
	require.Equal(t, []string{"a", "b", "c"}, cost.zoneNames())
	require.Equal(t, NetworkCost{Distribution{Kind: Constant, Time: 9 * time.Millisecond}, 10 * gigabit}, cost.NetworkBetween("a", "b"))
	require.Equal(t, NetworkCost{Distribution{Kind: Constant, Time: 100 * time.Microsecond}, 125_000}, cost.NetworkBetween("b", "a"))
	require.Equal(t, cost.Network, cost.NetworkBetween("a", "c"))
	require.Equal(t, cost.Network, cost.NetworkBetween("b", "b"))
	require.Equal(t, map[string]string{
		"broker-1": "a", "broker-2": "a", "broker-3": "c", "controller-1": "a", "controller-2": "b", "controller-3": "c", "web-0": "a",
	}, file.Base.ZoneOf())
	require.Empty(t, file.variants[0].Scenario.Cost.Zones)
	require.Nil(t, file.variants[0].Scenario.ZoneOf())
	require.Equal(t, Profiles[2].Cost.Zones, file.variants[1].Scenario.Cost.Zones)
	require.Equal(t, Profiles[0].Cost, file.variants[2].Scenario.Cost)
	requireSame(t, file.Base, file.variants)
	// Each way round.
	for i, v := range file.variants {
		others := append([]Variant{{Name: "was-base", Scenario: file.Base}}, file.variants[:i]...)
		requireSame(t, v.Scenario, append(others, file.variants[i+1:]...))
	}
}

func TestExtendedCost(t *testing.T) {
	for above, want := range map[string]Cost{
		"{cpu: {cores: 3}}":                     {Profile: "laptop", CPU: CPUCost{Cores: 3}},
		"three-regions":                         {Profile: "three-regions", CPU: CPUCost{Cores: 8}},
		"{profile: slow-disk, cpu: {cores: 5}}": {Profile: "slow-disk", CPU: CPUCost{Cores: 5}},
		"null":                                  {Profile: "default", CPU: CPUCost{Cores: 4}},
	} {
		file, diagnostics := loadFrom(map[string]string{"m.yaml": "extends: x.yaml\ncost: " + above + "\n", "x.yaml": small + "cost: laptop\n"}, "m.yaml")
		require.NotNil(t, file, diagnostics.String())
		require.Equal(t, []any{want.Profile, want.CPU.Cores}, []any{file.Base.Cost.Profile, file.Base.Cost.CPU.Cores}, above)
	}
}
