package format

import (
	"slices"
	"time"
)

// CostProfile is a named set of costs that a scenario may start from.
type CostProfile struct {
	Name  string
	About string // one sentence
	// Source says where its figures come from, and where they are an order of magnitude only.
	Source string
	Cost   Cost
}

const (
	microsecond = time.Microsecond
	millisecond = time.Millisecond
	gigabit     = Bandwidth(125_000_000) // bytes per second
	mebibyte    = Bandwidth(1 << 20)
)

func lognormal(p50, p99 time.Duration) Distribution {
	return Distribution{Kind: Lognormal, P50: p50, P99: p99}
}

// defaultCost is also what the tables of fields state; a test holds the two together.
var defaultCost = Cost{
	Network: NetworkCost{lognormal(300*microsecond, 5*millisecond), 10 * gigabit},
	Disk:    DiskCost{lognormal(200*microsecond, 8*millisecond), 500 * mebibyte, 30 * time.Second},
	CPU:     CPUCost{4, 20 * microsecond, time.Nanosecond},
}

// writeback is 30 s in every profile: Linux writes pages back once they are that old (vm.dirty_expire_centisecs, 3000).
const writeback = 30 * time.Second

// Profiles lists the named costs, the default first. All times are one way.
var Profiles = labelled([]CostProfile{
	{
		Name:  "default",
		About: "Machines of one room with an unsteady network and disks that stall now and then.",
		Source: "Assay's own choice, an order of magnitude: medians of a datacentre with long tails, so that waiting of every " +
			"length comes about in a short run.",
		Cost: defaultCost,
	},
	{
		Name:  "datacentre",
		About: "One datacentre: 25 Gbit/s, a tenth of a millisecond between machines, server SSDs with capacitors.",
		Source: "Network: half of round trips of about a quarter of a millisecond in the middle and a little above 1 ms at p99, as in " +
			"\"Pingmesh\" (Guo et al., SIGCOMM 2015). Disk: a sync takes tens of microseconds on SSDs with power-loss protection " +
			"(M. Callaghan, \"SSDs, power loss protection and fsync latency\", January 2026); the tail is an order of magnitude. " +
			"CPU: an order of magnitude.",
		Cost: Cost{
			Network: NetworkCost{lognormal(130*microsecond, 700*microsecond), 25 * gigabit},
			Disk:    DiskCost{lognormal(50*microsecond, 1*millisecond), 2000 * mebibyte, writeback},
			CPU:     CPUCost{16, 15 * microsecond, time.Nanosecond},
		},
	},
	{
		Name:  "three-zones",
		About: "A cloud region: brokers and controllers dealt out to three availability zones, about a millisecond there and back.",
		Source: "Between zones: half of round trips that Microsoft's documentation has put below about 2 ms, and that FlashGrid " +
			"measured between 0.3 and 2 ms for the zones of AWS (\"Latencies between AWS availability zones\", March 2023). Within a " +
			"zone: a few tenths of a millisecond on common virtual machines, an order of magnitude. Disk: network block storage, " +
			"which its makers call single-digit milliseconds (Amazon EBS gp3); its median is an order of magnitude.",
		Cost: Cost{
			Network: NetworkCost{lognormal(200*microsecond, 1*millisecond), 10 * gigabit},
			Disk:    DiskCost{lognormal(800*microsecond, 6*millisecond), 250 * mebibyte, writeback},
			CPU:     CPUCost{8, 20 * microsecond, time.Nanosecond},
			Zones: mesh(
				zoneDistance{"a", "b", NetworkCost{lognormal(400*microsecond, 1200*microsecond), 10 * gigabit}},
				zoneDistance{"a", "c", NetworkCost{lognormal(500*microsecond, 1500*microsecond), 10 * gigabit}},
				zoneDistance{"b", "c", NetworkCost{lognormal(600*microsecond, 2*millisecond), 10 * gigabit}},
			),
		},
	},
	{
		Name:  "three-regions",
		About: "A cluster stretched over the east and west of North America and the west of Europe.",
		Source: "Between regions: half of the monthly round trips that Microsoft publishes (\"Azure network round-trip latency " +
			"statistics\") for East US, West US 2 and North Europe, rounded: about 70, 75 and 140 ms; other clouds lie close, for the " +
			"distance decides. Bandwidth of one connection and the tails are an order of magnitude. The rest is that of three-zones.",
		Cost: Cost{
			Network: NetworkCost{lognormal(200*microsecond, 1*millisecond), 10 * gigabit},
			Disk:    DiskCost{lognormal(800*microsecond, 6*millisecond), 250 * mebibyte, writeback},
			CPU:     CPUCost{8, 20 * microsecond, time.Nanosecond},
			Zones: mesh(
				zoneDistance{"east", "west", NetworkCost{lognormal(35*millisecond, 45*millisecond), 1 * gigabit}},
				zoneDistance{"east", "europe", NetworkCost{lognormal(37*millisecond, 50*millisecond), 1 * gigabit}},
				zoneDistance{"west", "europe", NetworkCost{lognormal(70*millisecond, 90*millisecond), 1 * gigabit}},
			),
		},
	},
	{
		Name:  "laptop",
		About: "Everything on one machine: the loopback network, and a consumer SSD that takes its time to sync.",
		Source: "Disk: a sync takes one to several milliseconds on consumer SSDs without power-loss protection (M. Callaghan, " +
			"\"SSDs, power loss protection and fsync latency\", January 2026). Network and CPU: loopback takes tens of microseconds, " +
			"an order of magnitude. That the nodes of a laptop share one disk and one set of cores is not modelled: each has its own.",
		Cost: Cost{
			Network: NetworkCost{lognormal(30*microsecond, 300*microsecond), 40 * gigabit},
			Disk:    DiskCost{lognormal(2*millisecond, 15*millisecond), 1000 * mebibyte, writeback},
			CPU:     CPUCost{2, 15 * microsecond, time.Nanosecond},
		},
	},
	{
		Name:  "slow-disk",
		About: "A datacentre's network with disks that turn: a sync waits for the head and the platter.",
		Source: "Disk: 7200 turns a minute are 8.3 ms each, and makers' data sheets add a seek of about 8.5 ms on average; a sync of a " +
			"journalling file system needs one or two of them. 150 MiB/s is what such disks read in a row. The rest is that of datacentre.",
		Cost: Cost{
			Network: NetworkCost{lognormal(130*microsecond, 700*microsecond), 25 * gigabit},
			Disk:    DiskCost{lognormal(14*millisecond, 60*millisecond), 150 * mebibyte, writeback},
			CPU:     CPUCost{16, 15 * microsecond, time.Nanosecond},
		},
	},
})

// labelled tells each cost the name of its profile.
func labelled(profiles []CostProfile) []CostProfile {
	for i := range profiles {
		profiles[i].Cost.Profile = profiles[i].Name
	}
	return profiles
}

// zoneDistance is the network between two zones, the same both ways.
type zoneDistance struct {
	from, to string
	network  NetworkCost
}

// mesh makes zones, sorted by name, out of the distances between them.
func mesh(distances ...zoneDistance) []Zone {
	var zones []Zone
	link := func(from, to string, network NetworkCost) {
		at, found := slices.BinarySearchFunc(zones, from, compareZone)
		if !found {
			zones = slices.Insert(zones, at, Zone{Name: from})
		}
		zones[at].To = append(zones[at].To, ZoneLink{to, network})
		slices.SortFunc(zones[at].To, func(a, b ZoneLink) int { return compareZone(Zone{Name: a.Zone}, b.Zone) })
	}
	for _, d := range distances {
		link(d.from, d.to, d.network)
		link(d.to, d.from, d.network)
	}
	return zones
}

// FindProfile returns a profile of costs by its name.
func FindProfile(name string) (CostProfile, bool) {
	at := slices.IndexFunc(Profiles, func(p CostProfile) bool { return p.Name == name })
	if at < 0 {
		return CostProfile{}, false
	}
	return Profiles[at], true
}
