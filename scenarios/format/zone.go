package format

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"assay/internal/kafkaconfig"
)

// mostZones bounds the links between zones, of which there may be one for each pair.
const mostZones = 64

func compareZone(z Zone, name string) int { return strings.Compare(z.Name, name) }

var zonesCodec = named("zone", object(zoneFields), func(z *Zone) *string { return &z.Name }, validZoneName)

var zoneFields = []boundField[Zone]{
	bind("nodes", "brokers, controllers and clients that stand here; whom no zone names is dealt out to the zones in turn", list(text(), false), func(z *Zone) *[]string { return &z.Nodes }),
	bind("to", "the network to another zone, by its name, where it differs from the scenario's; one way", linksCodec, func(z *Zone) *[]ZoneLink { return &z.To }),
}

var linksCodec = named("network", object([]boundField[ZoneLink]{
	bind("latency", "one way; the scenario's by default", times, func(l *ZoneLink) *Distribution { return &l.Latency }),
	bind("bandwidth", "of this direction; the scenario's by default", quantityOf(bandwidthDimension, 1, Bandwidth(most)), func(l *ZoneLink) *Bandwidth { return &l.Bandwidth }),
}), func(l *ZoneLink) *string { return &l.Zone }, validZoneName)

var zoneName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_-]{0,62}$`)

func validZoneName(name string) error {
	if !zoneName.MatchString(name) {
		return fmt.Errorf("%q is no name for a zone: up to 63 letters, digits, underscores and hyphens", name)
	}
	return nil
}

// fillLinks gives links what they leave open: the scenario's own network.
func fillLinks(c *Cost) {
	for i := range c.Zones {
		for j := range c.Zones[i].To {
			link := &c.Zones[i].To[j]
			if link.Latency.Kind == "" {
				link.Latency = c.Network.Latency
			}
			if link.Bandwidth == 0 {
				link.Bandwidth = c.Network.Bandwidth
			}
		}
	}
}

func (c Cost) zoneNames() []string {
	var names []string
	for _, zone := range c.Zones {
		names = append(names, zone.Name)
	}
	return names
}

// checkZones checks who stands where.
func (c *checker) checkZones() {
	zones := c.scenario.Cost.Zones
	if len(zones) > mostZones {
		c.atKey("/cost/zones", "", "there are %d zones, more than %d", len(zones), mostZones)
		return
	}
	names, known := c.scenario.Cost.zoneNames(), c.nodesAndClients()
	standing := map[string]string{}
	for _, zone := range zones {
		pointer := pointerTo("/cost/zones", zone.Name)
		for i, node := range zone.Nodes {
			c.checkStanding(pointerToItem(pointer+"/nodes", i), node, zone.Name, known, standing)
		}
		for _, link := range zone.To {
			below := pointerTo(pointer+"/to", link.Zone)
			switch {
			case link.Zone == zone.Name:
				c.atKey(below, "", "the network within a zone is the scenario's own: cost/network")
			case !contains(names, link.Zone):
				suggestion, _ := kafkaconfig.Suggest(link.Zone, names)
				c.atKey(below, suggestion, "there is no zone %q", link.Zone)
			}
		}
	}
}

func (c *checker) checkStanding(pointer, node, zone string, known []string, standing map[string]string) {
	if !slices.Contains(known, node) {
		suggestion, _ := kafkaconfig.Suggest(node, known)
		c.atValue(pointer, suggestion, "there is no node or client %q", node)
		return
	}
	for _, single := range c.scenario.singles(node) {
		if before, twice := standing[single]; twice {
			c.atValue(pointer, "", "%s stands in zone %s already", single, before)
			return
		}
		standing[single] = zone
	}
}

// singles are the instances behind the name of a set of clients; any other name stands for itself.
func (s *Scenario) singles(name string) []string {
	for _, set := range s.Workload.clientSets() {
		if set.name == name {
			return set.instances
		}
	}
	return []string{name}
}

// ZoneOf returns the zone in which each broker, controller and client instance stands, by its name; nil where there are
// no zones. Whom no zone names is dealt out by its number: the first broker of a cluster, the first controller and the
// first instance of each set of clients stand in the first zone.
func (s *Scenario) ZoneOf() map[string]string {
	zones := s.Cost.zoneNames()
	if len(zones) == 0 {
		return nil
	}
	standing := map[string]string{}
	deal := func(names []string) {
		for i, name := range names {
			standing[name] = zones[i%len(zones)]
		}
	}
	deal(s.Cluster.BrokerNames())
	deal(s.Cluster.ControllerNames())
	for _, set := range s.Workload.clientSets() {
		deal(set.instances)
	}
	for _, zone := range s.Cost.Zones {
		for _, name := range zone.Nodes {
			for _, single := range s.singles(name) {
				standing[single] = zone.Name
			}
		}
	}
	return standing
}

// NetworkBetween returns the network from one zone to another, or within one.
func (c Cost) NetworkBetween(from, to string) NetworkCost {
	for _, zone := range c.Zones {
		if zone.Name != from {
			continue
		}
		for _, link := range zone.To {
			if link.Zone == to {
				return link.NetworkCost
			}
		}
	}
	return c.Network
}
