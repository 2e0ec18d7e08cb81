package clients

import (
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/clients/assignor"
	"assay/host"
	"assay/internal/kafka"
)

// joinTimeoutLapse is what Kafka's client waits for JoinGroup beyond the
// rebalance time-out, which is as long as the coordinator may hold it.
const joinTimeoutLapse = 5 * time.Second

// leadership is what a leader has to divide.
type leadership struct {
	members []kmsg.JoinGroupResponseMember
	skip    bool // a static leader came back and nothing has changed (KIP-814)
	updates int  // of the metadata, when a topic was missing; the next answer decides
}

// instance is group.instance.id as requests have it, from the version that has
// it.
func (m *groupMember) instanceSince(since, version int16) *string {
	if m.instance == "" || version < since {
		return nil
	}
	return kmsg.StringPtr(m.instance)
}

func millis(d time.Duration) int32 { return int32(d.Milliseconds()) }

// join asks into the next generation.
func (m *classicMember) join() {
	c := m.consumer
	peer := m.member.coordinator.ready()
	if peer == nil {
		return // it went while the application was called
	}
	m.state, m.rejoin, m.leads, m.watched = joining, false, false, nil
	m.joinTopics = slices.Clone(c.group.topics)
	m.round++
	round := m.round
	body := kmsg.NewPtrJoinGroupRequest()
	body.Version = peer.versions[kmsg.JoinGroup]
	body.Group, body.MemberID = m.member.group, m.member.id
	body.SessionTimeoutMillis, body.RebalanceTimeoutMillis = millis(c.config.SessionTimeout), millis(c.config.MaxPollInterval)
	body.InstanceID = m.member.instanceSince(5, body.Version)
	body.ProtocolType = consumerProtocolType
	for _, each := range m.assignors {
		protocol := kmsg.NewJoinGroupRequestProtocol()
		protocol.Name = each.Name
		protocol.Metadata = encodeSubscription(each, m.joinTopics, m.claimed(), m.last)
		body.Protocols = append(body.Protocols, protocol)
	}
	extra := max(0, c.config.MaxPollInterval+joinTimeoutLapse-c.client.config.RequestTimeout)
	err := c.client.network.send(peer, call{body: body, extra: extra, done: func(response kmsg.Response, err error) {
		c.client.again = true
		if m.round == round && m.state == joining {
			m.joinAnswered(response, err)
		}
	}})
	if err != nil {
		m.fail(codeOf(err))
	}
}

// claimed is what the member has while the group rebalances, with its
// generation. The museum's stale claim comes with the generation that it stems
// from.
func (m *classicMember) claimed() claim {
	now := claim{m.consumer.Assignment(), m.member.generation}
	if m.consumer.config.StaleOwnedClaim && now.generation == noGeneration {
		now.generation = m.last.generation
	}
	return now
}

func (m *classicMember) joinAnswered(response kmsg.Response, err error) {
	answer, ok := response.(*kmsg.JoinGroupResponse)
	code := codeOf(err)
	if code == 0 {
		if code = kerr.UnknownServerError.Code; ok {
			code = answer.ErrorCode
		}
	}
	switch {
	case code == 0 && answer.Protocol != nil:
		m.joined(answer)
	case code == 0:
		m.fail(kerr.InconsistentGroupProtocol.Code)
	case code == kerr.MemberIDRequired.Code:
		// The member was given its id first, so that an answer that is lost leaves
		// no member behind (KIP-394).
		m.member.id = answer.MemberID
		m.joinAgain()
	case code == kerr.UnknownMemberID.Code:
		m.reset(true)
	default:
		m.joinFailed(code)
	}
}

// joinFailed sorts what JoinGroup and SyncGroup may both end with.
func (m *classicMember) joinFailed(code int16) {
	m.member.coordinator.noticeError(code)
	switch code {
	case kerr.RebalanceInProgress.Code:
		m.joinAgain()
	case networkException, kerr.CoordinatorLoadInProgress.Code, kerr.CoordinatorNotAvailable.Code, kerr.NotCoordinator.Code,
		kerr.RequestTimedOut.Code:
		m.joinAgain()
		m.failures++
		client := m.consumer.client
		m.notUntil = client.host.Now().Add(client.config.RetryBackoff.Wait(m.failures, client.random))
	default:
		m.fail(code)
	}
}

// joinAgain keeps the generation. The application was called already: Kafka's
// consumer does not prepare again, unless it has lost its generation.
func (m *classicMember) joinAgain() {
	m.rejoin, m.lead = true, nil
	m.state = unjoined
	if m.member.generation != noGeneration && m.heart.enabled {
		m.heart.enabled = false
	}
}

// joined starts the generation: the leader divides, the others ask for their
// share.
func (m *classicMember) joined(answer *kmsg.JoinGroupResponse) {
	m.state, m.failures = syncing, 0
	m.member.id, m.member.generation, m.protocol = answer.MemberID, answer.Generation, *answer.Protocol
	m.leads = answer.LeaderID == answer.MemberID
	m.consumer.client.host.Observe(host.Event{Point: PointGroupJoined, Args: [6]int64{
		int64(answer.Generation), int64(len(answer.Members)),
	}})
	m.startHeart()
	if !m.leads {
		m.sync(nil)
		return
	}
	m.lead = &leadership{members: answer.Members, skip: answer.SkipAssignment, updates: -1}
	m.assign()
}

// assign divides what there is to divide, once the metadata has all topics that
// the group reads, or does not find them.
func (m *classicMember) assign() {
	lead := m.lead
	var members []assignor.Member
	for i := range lead.members {
		member, err := decodeMember(m.protocol, &lead.members[i])
		if err != nil {
			m.fail(kerr.InconsistentGroupProtocol.Code)
			return
		}
		members = append(members, member)
	}
	slices.SortFunc(members, func(a, b assignor.Member) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	counts, complete := m.count(members)
	updates := m.consumer.client.metadata.Updates()
	if !complete && lead.updates < 0 {
		lead.updates = updates
		m.consumer.client.metadata.RequestUpdate()
	}
	if !complete && updates == lead.updates {
		return // the next answer steps the client
	}
	m.lead, m.watched = nil, counts
	if lead.skip {
		m.sync(nil)
		return
	}
	at := slices.IndexFunc(m.assignors, func(a assignor.Assignor) bool { return a.Name == m.protocol })
	if at < 0 {
		m.fail(kerr.InconsistentGroupProtocol.Code)
		return
	}
	lists := m.assignors[at].Assign(members, counts)
	shares := make([]kmsg.SyncGroupRequestGroupAssignment, len(members))
	for i := range members {
		slices.SortFunc(lists[i], kafka.TopicPartition.Compare)
		shares[i] = kmsg.NewSyncGroupRequestGroupAssignment()
		shares[i].MemberID, shares[i].MemberAssignment = members[i].ID, encodeAssignment(lists[i])
	}
	m.sync(shares)
}

// count looks up how many partitions there are of what the group reads.
func (m *classicMember) count(members []assignor.Member) (counts map[string]int32, complete bool) {
	counts, complete = map[string]int32{}, true
	for i := range members {
		for _, topic := range members[i].Topics {
			m.consumer.client.metadata.Want(topic)
			known := m.consumer.client.metadata.Topic(topic)
			complete = complete && known != nil
			counts[topic] = 0
			if known != nil {
				counts[topic] = int32(len(known.Leaders))
			}
		}
	}
	return counts, complete
}

// watchedUnchanged says whether the leader would still count the same.
func (m *classicMember) watchedUnchanged() bool {
	for _, topic := range slices.Sorted(maps.Keys(m.watched)) {
		if known := m.consumer.client.metadata.Topic(topic); known != nil && int32(len(known.Leaders)) != m.watched[topic] {
			return false
		}
	}
	return true
}

// sync brings the leader's shares and fetches the member's own.
func (m *classicMember) sync(shares []kmsg.SyncGroupRequestGroupAssignment) {
	peer := m.member.coordinator.ready()
	if peer == nil {
		m.joinFailed(kerr.CoordinatorNotAvailable.Code)
		return
	}
	round, generation := m.round, m.member.generation
	body := kmsg.NewPtrSyncGroupRequest()
	body.Version = peer.versions[kmsg.SyncGroup]
	body.Group, body.Generation, body.MemberID = m.member.group, generation, m.member.id
	body.InstanceID = m.member.instanceSince(3, body.Version)
	if body.Version >= 5 {
		body.ProtocolType, body.Protocol = kmsg.StringPtr(consumerProtocolType), kmsg.StringPtr(m.protocol)
	}
	body.GroupAssignment = shares
	err := m.consumer.client.network.send(peer, call{body: body, done: func(response kmsg.Response, err error) {
		m.consumer.client.again = true
		if m.round == round && m.state == syncing {
			m.syncAnswered(response, err)
		}
	}})
	if err != nil {
		m.fail(codeOf(err))
	}
}

func (m *classicMember) syncAnswered(response kmsg.Response, err error) {
	answer, ok := response.(*kmsg.SyncGroupResponse)
	code := codeOf(err)
	if code == 0 {
		if code = kerr.UnknownServerError.Code; ok {
			code = answer.ErrorCode
		}
	}
	switch code {
	case 0:
		assigned, err := decodeAssignment(answer.MemberAssignment)
		if err != nil {
			m.fail(kerr.InconsistentGroupProtocol.Code)
			return
		}
		m.state, m.isSynced, m.synced = stable, true, assigned
	case kerr.UnknownMemberID.Code, kerr.IllegalGeneration.Code:
		m.reset(code == kerr.UnknownMemberID.Code)
	default:
		m.joinFailed(code)
	}
}
