package parity

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// The requests of members of groups, and of those who look at groups. Members go
// by the name that as= gave to the id they got; any other name stands for itself.

func (m *memory) memberID(name string) string {
	if id, ok := m.members[name]; ok {
		return id
	}
	return name
}

// memberName hides the random part of ids.
func (m *memory) memberName(id string) string {
	for name, its := range m.members { // ids are unique
		if its == id {
			return name
		}
	}
	if id == "" {
		return "none"
	}
	return "given"
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func orNone(text *string) string {
	if text == nil || *text == "" {
		return "none"
	}
	return *text
}

// buildJoinGroup takes protocols as NAME:METADATA.
func buildJoinGroup(w *words, m *memory) kmsg.Request {
	r := kmsg.NewPtrJoinGroupRequest()
	r.Group, r.MemberID = w.text("group", ""), m.memberID(w.text("member", ""))
	r.InstanceID = optional(w.text("instance", ""))
	r.SessionTimeoutMillis = int32(w.number("session", 30_000))
	if w.number("v", 0) >= 1 {
		r.RebalanceTimeoutMillis = int32(w.number("rebalance", 60_000))
	}
	r.ProtocolType = w.text("type", "consumer")
	for _, text := range w.list("protocols") {
		p := kmsg.NewJoinGroupRequestProtocol()
		name, metadata, _ := strings.Cut(text, ":")
		p.Name, p.Metadata = name, []byte(metadata)
		r.Protocols = append(r.Protocols, p)
	}
	w.text("as", "")
	return r
}

// buildSyncGroup takes assignments as MEMBER:WORD.
func buildSyncGroup(w *words, m *memory) kmsg.Request {
	r := kmsg.NewPtrSyncGroupRequest()
	r.Group, r.MemberID, r.Generation = w.text("group", ""), m.memberID(w.text("member", "")), int32(w.number("generation", 1))
	r.InstanceID = optional(w.text("instance", ""))
	r.ProtocolType, r.Protocol = optional(w.text("type", "")), optional(w.text("protocol", ""))
	for _, text := range w.list("assign") {
		a := kmsg.NewSyncGroupRequestGroupAssignment()
		name, assignment, _ := strings.Cut(text, ":")
		a.MemberID, a.MemberAssignment = m.memberID(name), []byte(assignment)
		r.GroupAssignment = append(r.GroupAssignment, a)
	}
	return r
}

func buildHeartbeat(w *words, m *memory) kmsg.Request {
	r := kmsg.NewPtrHeartbeatRequest()
	r.Group, r.MemberID, r.Generation = w.text("group", ""), m.memberID(w.text("member", "")), int32(w.number("generation", 1))
	r.InstanceID = optional(w.text("instance", ""))
	return r
}

// buildLeaveGroup takes members as NAME[:INSTANCE], from version 3 on several.
func buildLeaveGroup(w *words, m *memory) kmsg.Request {
	r := kmsg.NewPtrLeaveGroupRequest()
	r.Group = w.text("group", "")
	for _, text := range w.list("members") {
		name, instance, _ := strings.Cut(text, ":")
		if w.number("v", 0) < 3 {
			r.MemberID = m.memberID(name)
			continue
		}
		left := kmsg.NewLeaveGroupRequestMember()
		left.MemberID, left.InstanceID = m.memberID(name), optional(instance)
		r.Members = append(r.Members, left)
	}
	return r
}

func buildDescribeGroups(w *words, _ *memory) kmsg.Request {
	r := kmsg.NewPtrDescribeGroupsRequest()
	r.Groups = w.list("groups")
	return r
}

func buildListGroups(w *words, _ *memory) kmsg.Request {
	r := kmsg.NewPtrListGroupsRequest()
	r.StatesFilter, r.TypesFilter = w.list("states"), w.list("types")
	return r
}

func buildDeleteGroups(w *words, _ *memory) kmsg.Request {
	r := kmsg.NewPtrDeleteGroupsRequest()
	r.Groups = w.list("groups")
	return r
}

// describeMembers writes the answers down, and adds groups and members, whose
// order means nothing.
func describeMembers(line, add func(string, ...any), response kmsg.Response, m *memory) {
	switch r := response.(type) {
	case *kmsg.JoinGroupResponse:
		text := fmt.Sprintf("%s generation=%d protocol=%s leader=%s member=%s", name(r.ErrorCode), r.Generation, protocolOf(r.Protocol), m.memberName(r.LeaderID), m.memberName(r.MemberID))
		if r.Version >= 7 {
			text += " type=" + protocolOf(r.ProtocolType)
		}
		if r.Version >= 9 {
			text += fmt.Sprintf(" skip=%t", r.SkipAssignment)
		}
		line("%s", text)
		for _, member := range r.Members {
			text := fmt.Sprintf("  %s metadata=%q", m.memberName(member.MemberID), member.ProtocolMetadata)
			if r.Version >= 5 {
				text += " instance=" + orNone(member.InstanceID)
			}
			add("%s", text)
		}
	case *kmsg.SyncGroupResponse:
		text := fmt.Sprintf("%s assignment=%q", name(r.ErrorCode), r.MemberAssignment)
		if r.Version >= 5 {
			text += fmt.Sprintf(" type=%s protocol=%s", protocolOf(r.ProtocolType), protocolOf(r.Protocol))
		}
		line("%s", text)
	case *kmsg.HeartbeatResponse:
		line("%s", name(r.ErrorCode))
	case *kmsg.LeaveGroupResponse:
		line("%s", name(r.ErrorCode))
		for _, member := range r.Members {
			add("  %s %s instance=%s", m.memberName(member.MemberID), name(member.ErrorCode), orNone(member.InstanceID))
		}
	case *kmsg.DescribeGroupsResponse:
		for _, g := range r.Groups {
			text := fmt.Sprintf("%s %s state=%q type=%q protocol=%q", g.Group, name(g.ErrorCode), g.State, g.ProtocolType, g.Protocol)
			slices.SortFunc(g.Members, func(a, b kmsg.DescribeGroupsResponseGroupMember) int {
				return strings.Compare(m.memberName(a.MemberID), m.memberName(b.MemberID))
			})
			for _, member := range g.Members {
				text += fmt.Sprintf("\n  %s client=%s host=%t metadata=%q assignment=%q", m.memberName(member.MemberID), member.ClientID,
					strings.HasPrefix(member.ClientHost, "/"), member.ProtocolMetadata, member.MemberAssignment)
				if r.Version >= 4 {
					text += " instance=" + orNone(member.InstanceID)
				}
			}
			add("%s", text)
		}
	case *kmsg.ListGroupsResponse:
		line("%s", name(r.ErrorCode))
		for _, g := range r.Groups {
			text := fmt.Sprintf("%s protocol-type=%q", g.Group, g.ProtocolType)
			if r.Version >= 4 {
				text += " " + g.GroupState
			}
			if r.Version >= 5 {
				text += " " + g.GroupType
			}
			add("%s", text)
		}
	case *kmsg.DeleteGroupsResponse:
		for _, g := range r.Groups {
			add("%s %s", g.Group, name(g.ErrorCode))
		}
	}
}

// becomes asks until the group is in a state: what others send it may be on its way.
func (p *performance) becomes(group, state string) {
	p.await(func() bool { return p.groupState(group) == state }, "%s does not become %s", group, state)
}

func (p *performance) groupState(group string) string {
	r := kmsg.NewPtrDescribeGroupsRequest()
	r.Version, r.Groups = 5, []string{group}
	answer, ok := p.player.call(p.request(r)).(*kmsg.DescribeGroupsResponse)
	require.True(p.t, ok)
	return answer.Groups[0].State
}

// protocolOf tells a null from a name that is empty.
func protocolOf(text *string) string {
	if text == nil {
		return "null"
	}
	return fmt.Sprintf("%q", *text)
}
