package group

import (
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
)

// Description is a group as an onlooker may see it.
type Description struct {
	Group        string
	Kind         Kind
	State        string
	ProtocolType string
	Protocol     string // that the members have agreed on; "" unless Stable
	Generation   GenerationID
	Leader       MemberID
	Members      []DescribedMember

	// Of a group of KIP-848, whose epoch is Generation.
	AssignmentEpoch GenerationID
	Assignor        string
}

// DescribedMember is one member of a Description.
type DescribedMember struct {
	Member     MemberID
	Instance   string // "" is none
	ClientID   string
	ClientHost string
	Metadata   []byte // in the group's protocol; nil unless Stable
	Assignment []byte // the last one it got, of this generation if the group is Stable

	// Of a group of KIP-848.
	Rack          string // "" is none
	Epoch         GenerationID
	State         string
	Topics        []string
	Expression    string        // "" is none
	Owned, Target []PartitionID // Owned: also what it has to give back
}

// Describe describes a group: GROUP_ID_NOT_FOUND.
func (c *Coordinator) Describe(name string) (Description, error) {
	g := c.find(name)
	if g == nil {
		return Description{}, kerr.GroupIDNotFound
	}
	return g.describe(c), nil
}

func (g *group) describe(c *Coordinator) Description {
	m := g.members
	d := Description{Group: g.name, Kind: m.kind(), State: m.state(), ProtocolType: m.protocolType(), Generation: m.generation()}
	m.describe(c, &d)
	return d
}

// All describes every group, by name.
func (c *Coordinator) All() []Description {
	var all []Description
	for _, name := range c.names() {
		if g := c.find(name); g != nil {
			all = append(all, g.describe(c))
		}
	}
	return all
}

// List describes the groups in some of the states (KIP-518) and of some of the
// kinds (KIP-848), without their members. No states, or no kinds, are all of
// them; upper and lower case are the same.
func (c *Coordinator) List(states, kinds []string) []Description {
	var listed []Description
	for _, name := range c.names() {
		g := c.find(name)
		if g == nil || !contains(states, g.members.state()) || !contains(kinds, g.members.kind().String()) {
			continue
		}
		listed = append(listed, Description{Group: g.name, Kind: g.members.kind(), State: g.members.state(), ProtocolType: g.members.protocolType()})
	}
	return listed
}

func contains(filter []string, word string) bool {
	for _, allowed := range filter {
		if strings.EqualFold(allowed, word) {
			return true
		}
	}
	return len(filter) == 0
}

// DeleteGroup decides to delete a group with all that it has committed:
// GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP.
func (c *Coordinator) DeleteGroup(name string) ([]Record, error) {
	g := c.find(name)
	switch {
	case g == nil:
		return nil, kerr.GroupIDNotFound
	case !g.members.empty():
		return nil, kerr.NonEmptyGroup
	}
	var records []Record
	for _, p := range g.committedOrPending() {
		records = append(records, &OffsetRecord{Group: name, Partition: p, Deleted: true})
	}
	return g.members.tombstones(records), nil
}
