package group

import (
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// GroupRecord is a classic group as a generation has left it: Kafka's
// GroupMetadata. Deleted, the group is gone, of whatever kind it was.
type GroupRecord struct {
	Group   string
	Deleted bool
	kmsg.GroupMetadataValue
}

// Versions of a group's key and value.
const (
	groupKey            = 2
	groupValue          = 3 // with instance ids
	newestGroupValue    = 4
	rebalanceTimeoutSet = 1 // the first version with a rebalance time-out of its own
)

// AppendKey implements Record.
func (r *GroupRecord) AppendKey(dst []byte) []byte {
	key := kmsg.GroupMetadataKey{Version: groupKey, Group: r.Group}
	return key.AppendTo(dst)
}

// AppendValue implements Record.
func (r *GroupRecord) AppendValue(dst []byte) ([]byte, bool) {
	if r.Deleted {
		return dst, false
	}
	return r.GroupMetadataValue.AppendTo(dst), true
}

// record is the group as it is.
func (g *classicGroup) record() *GroupRecord {
	r := &GroupRecord{Group: g.group.name}
	v := &r.GroupMetadataValue
	v.Version, v.ProtocolType, v.Generation, v.CurrentStateTimestamp = groupValue, g.protocols, int32(g.generationID), g.since
	if len(g.members) == 0 {
		return r
	}
	protocol, leader := g.protocol, string(g.leader)
	v.Protocol, v.Leader = &protocol, &leader
	v.Members = make([]kmsg.GroupMetadataValueMember, len(g.members))
	for i, m := range g.members {
		to := &v.Members[i]
		*to = kmsg.GroupMetadataValueMember{MemberID: string(m.id), ClientID: m.clientID, ClientHost: m.clientHost,
			RebalanceTimeoutMillis: int32(m.rebalanceTimeout.Milliseconds()), SessionTimeoutMillis: int32(m.sessionTimeout.Milliseconds()),
			Subscription: m.metadata(g.protocol), Assignment: m.assignment}
		if m.instance != "" {
			to.InstanceID = &m.instance
		}
	}
	return r
}

// decodeGroup reads a group's record.
func (d *decoder) decodeGroup(key, value []byte) (Record, error) {
	var k kmsg.GroupMetadataKey
	if err := k.ReadFrom(key); err != nil {
		return nil, fmt.Errorf("%w: key: %w", ErrRecord, err)
	}
	r := &GroupRecord{Group: k.Group, Deleted: value == nil}
	if r.Deleted {
		return r, nil
	}
	if len(value) < lengthOfKeyVersion || versionOf(value) < 0 || versionOf(value) > newestGroupValue {
		return nil, fmt.Errorf("%w: a group of an unknown version", ErrRecord)
	}
	if err := r.GroupMetadataValue.ReadFrom(value); err != nil {
		return nil, fmt.Errorf("%w: value: %w", ErrRecord, err)
	}
	return r, nil
}

// replay makes a new group what a predecessor has written.
func (g *classicGroup) replay(c *Coordinator, r *GroupRecord) {
	v := &r.GroupMetadataValue
	g.generationID, g.since, g.protocols = GenerationID(v.Generation), v.CurrentStateTimestamp, strings.Clone(v.ProtocolType)
	if v.Protocol != nil {
		g.protocol = strings.Clone(*v.Protocol)
	}
	if v.Leader != nil {
		g.leader = MemberID(strings.Clone(*v.Leader))
	}
	for i := range v.Members {
		from := &v.Members[i]
		m := &classicMember{id: MemberID(strings.Clone(from.MemberID)), clientID: strings.Clone(from.ClientID), clientHost: strings.Clone(from.ClientHost),
			sessionTimeout: millis(from.SessionTimeoutMillis), rebalanceTimeout: millis(from.RebalanceTimeoutMillis),
			protocols: []Protocol{{g.protocol, cloned(from.Subscription)}}, assignment: cloned(from.Assignment)}
		if v.Version < rebalanceTimeoutSet || from.RebalanceTimeoutMillis == -1 {
			m.rebalanceTimeout = m.sessionTimeout
		}
		if from.InstanceID != nil {
			m.instance = strings.Clone(*from.InstanceID)
		}
		g.add(c, m)
	}
	if len(g.members) > 0 {
		g.phase = classicStable
	}
	g.findTopics()
}

func millis(n int32) time.Duration { return time.Duration(n) * time.Millisecond }

// cloned is nil for no bytes, as where nothing was ever said.
func cloned(content []byte) []byte { return append([]byte(nil), content...) }
