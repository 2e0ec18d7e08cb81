package sim

// Link is what one way between two zones takes, instead of what the sender's
// own costs say. From and To may be the same zone.
type Link struct {
	From, To      string
	Latency       Distribution
	BitsPerSecond int64 // of each connection; 0 is unlimited
}

// zonePath is a Link in the form that the hot path uses.
type zonePath struct {
	latency *quantiles
	line    perByte
	typical Time
}

// unevenWay sends a flight on a way that a link or a fault makes another than
// the sender's own, and returns its latency.
func (w *World) unevenWay(d *direction, f *flight, begin Time, from, to *machine) Time {
	table := from.profile.latency
	if from.links != nil {
		table = from.links[to.zone].latency
	}
	d.lineFree = begin + w.lineTime(from, to, f.size)
	f.left = d.lineFree
	return Time(table.draw(d.chance.Uint64())) + w.delays[from.index*len(w.machines)+to.index]
}

// numberZones gives the zones that links name their numbers.
func (w *World) numberZones() {
	w.network.uneven = len(w.config.Links)
	for _, link := range w.config.Links {
		for _, name := range [2]string{link.From, link.To} {
			if name == "" {
				panic("sim: a link without a zone at one of its ends")
			}
			if w.zones[name] == 0 {
				w.zones[name] = len(w.zones) + 1
			}
		}
	}
}

// linksFrom returns the ways from a zone by the number of the other one, nil
// where all are those of the node's own profile.
func (w *World) linksFrom(zone string, own *profile) []zonePath {
	var paths []zonePath
	for _, link := range w.config.Links {
		if link.From != zone {
			continue
		}
		if paths == nil {
			paths = make([]zonePath, len(w.zones)+1)
			for i := range paths {
				paths[i] = zonePath{own.latency, own.line, own.typical}
			}
		}
		paths[w.zones[link.To]] = zonePath{w.table(link.Latency), bandwidth(link.BitsPerSecond / 8), median(link.Latency)}
	}
	return paths
}

// typicalTo is the median latency of the way to another machine.
func (m *machine) typicalTo(to *machine) Time {
	if m.links != nil {
		return m.links[to.zone].typical
	}
	return m.profile.typical
}

func median(d Distribution) Time {
	if d == nil {
		return 0
	}
	return Time(d.median())
}
