package format

import "slices"

// profileCodec takes the name of a profile of costs.
var profileCodec = makeProfileCodec()

func makeProfileCodec() codec[string] {
	var names []string
	for _, profile := range Profiles {
		names = append(names, profile.Name)
	}
	return words(names...)
}

// costCodec reads the name of a profile, or a map of what differs from one.
var costCodec = makeCostCodec()

func makeCostCodec() codec[Cost] {
	parts := object(costFields, func(_ *reader, _ at, into *Cost) { fillLinks(into) })
	return codec[Cost]{
		shape: Shape{Kind: ShapeEither, Either: []Shape{profileCodec.shape, parts.shape}},
		read: func(r *reader, a at, into *Cost) {
			name := a.node
			if a.node.kind == mapNode {
				name = a.node.child("profile")
			}
			profile := Profiles[0]
			if name != nil && (a.node.kind == scalarNode || name.kind == scalarNode) {
				if found, known := FindProfile(name.text); known {
					profile = found
				} else if a.node.kind == scalarNode {
					profileCodec.read(r, a, &into.Profile) // says what is wrong
				}
			}
			if a.node.kind == scalarNode {
				a.node = &node{kind: mapNode, place: a.node.place}
			}
			if a.node.kind == mapNode {
				a.node = onTopOf(parts.write(profile.Cost), a.node)
			}
			parts.read(r, a, into)
			into.Profile = profile.Name
		},
		write: func(c Cost) *node {
			written := parts.write(c)
			if profile, known := FindProfile(c.Profile); known && len(profile.Cost.Zones) > 0 && len(c.Zones) == 0 {
				// Else the profile's zones would be back when it is read.
				written.entries = append(written.entries, entry{key: "zones", value: &node{kind: mapNode, flow: true}})
			}
			return written
		},
	}
}

// spellOutCost writes cost: laptop as cost: {profile: laptop}, so that pointers and files on top lead into it.
func (n *node) spellOutCost() {
	i := n.find("cost")
	if i < 0 {
		return
	}
	if cost := n.entries[i].value; cost.kind == scalarNode && !cost.isNull() {
		n.entries[i].value = &node{kind: mapNode, place: cost.place, entries: []entry{{"profile", cost.place, cost}}}
	}
}

// onTopOf returns a profile's tree with what a file says in its place: field by field of the network, the disk and the
// CPUs, and the zones as a whole. What a file sets to null is left to the profile.
func onTopOf(profile, file *node) *node {
	merged := *file
	merged.entries = slices.Clone(file.entries)
	for _, own := range profile.entries {
		i := merged.find(own.key)
		switch {
		case i < 0:
			merged.entries = append(merged.entries, own)
		case merged.entries[i].value.isNull():
			merged.entries[i].value = own.value
		case own.key != "zones" && own.value.kind == mapNode && merged.entries[i].value.kind == mapNode:
			section := *merged.entries[i].value
			section.entries = slices.Clone(section.entries)
			for _, field := range own.value.entries {
				if at := section.find(field.key); at < 0 {
					section.entries = append(section.entries, field)
				} else if section.entries[at].value.isNull() {
					section.entries[at].value = field.value
				}
			}
			merged.entries[i].value = &section
		}
	}
	return &merged
}
