package clients

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
)

// heart is a member's sign of life (Heartbeat of Kafka's consumer). It beats
// whether or not the application polls.
type heart struct {
	enabled  bool
	onWire   bool
	next     host.Time
	session  host.Time // its end, unless a heartbeat succeeds
	failures int
	unknown  bool // the coordinator was, at the last step
}

func (m *classicMember) startHeart() {
	now := m.consumer.client.host.Now()
	m.heart = heart{enabled: true, next: now.Add(m.consumer.config.HeartbeatInterval), session: now.Add(m.consumer.config.SessionTimeout)}
}

// beat sends a heartbeat if it is time. It returns when it wants to be asked
// again.
func (m *classicMember) beat(now host.Time) host.Time {
	h := &m.heart
	if !h.enabled || m.state == unjoined || m.state == joining {
		return host.Never
	}
	if m.consumer.config.Profile.countsItselfOut() && now >= h.session {
		m.reset(true)
		return host.Never
	}
	peer := m.member.coordinator.ready()
	if code := m.member.coordinator.takeRefusal(); code != 0 {
		m.fail(code)
		return host.Never
	}
	switch {
	case peer == nil:
		h.unknown = true
		return h.sessionEnd(now)
	case h.unknown && !m.consumer.config.Profile.countsItselfOut():
		// A coordinator that was just found gets a whole session to answer.
		h.session = now.Add(m.consumer.config.SessionTimeout)
	case now >= h.session:
		// Kafka's consumer does not stop for it. It looks for the coordinator anew,
		// and goes on with what it has until it is told otherwise.
		m.member.coordinator.forget()
		h.session = now.Add(m.consumer.config.SessionTimeout)
		return h.session
	}
	h.unknown = false
	if !h.onWire && now >= h.next {
		m.sendHeartbeat(peer, now)
	}
	if h.onWire {
		return h.sessionEnd(now)
	}
	return min(h.next, h.sessionEnd(now))
}

// sessionEnd is Never once it is over: then the coordinator's coming decides.
func (h *heart) sessionEnd(now host.Time) host.Time {
	if h.session <= now {
		return host.Never
	}
	return h.session
}

func (m *classicMember) sendHeartbeat(peer *peer, now host.Time) {
	body := kmsg.NewPtrHeartbeatRequest()
	body.Version = peer.versions[kmsg.Heartbeat]
	body.Group, body.Generation, body.MemberID = m.member.group, m.member.generation, m.member.id
	body.InstanceID = m.member.instanceSince(3, body.Version)
	m.heart.onWire, m.heart.next = true, now.Add(m.consumer.config.HeartbeatInterval)
	round := m.round
	err := m.consumer.client.network.send(peer, call{body: body, done: func(response kmsg.Response, err error) {
		m.consumer.client.again = true
		if m.round == round && m.belongs() { // else of a former generation
			m.heart.onWire = false
			m.heartbeatAnswered(response, err)
		}
	}})
	if err != nil {
		m.fail(codeOf(err))
	}
}

func (m *classicMember) heartbeatAnswered(response kmsg.Response, err error) {
	answer, ok := response.(*kmsg.HeartbeatResponse)
	code := codeOf(err)
	if code == 0 {
		if code = kerr.UnknownServerError.Code; ok {
			code = answer.ErrorCode
		}
	}
	client := m.consumer.client
	now := client.host.Now()
	switch code {
	case 0, kerr.RebalanceInProgress.Code:
		// A member that rebalances is alive: it must be counted until it joins.
		m.heart.failures, m.heart.session = 0, now.Add(m.consumer.config.SessionTimeout)
		m.rejoin = m.rejoin || code != 0 && m.state == stable
	case kerr.UnknownMemberID.Code, kerr.IllegalGeneration.Code:
		m.reset(code == kerr.UnknownMemberID.Code)
	case kerr.FencedInstanceID.Code, kerr.GroupAuthorizationFailed.Code:
		m.fail(code)
	default:
		m.member.coordinator.noticeError(code)
		m.heart.failures++
		m.heart.next = now.Add(client.config.RetryBackoff.Wait(m.heart.failures, client.random))
	}
}

// sendLeave tells the coordinator, once. Static members do not: their place is
// kept for the session.
func (m *classicMember) sendLeave(reason string, done func()) {
	var peer *peer
	if m.member.instance == "" && m.member.id != "" && m.state != unjoined {
		peer = m.member.coordinator.ready()
	}
	if peer == nil {
		done()
		return
	}
	body := kmsg.NewPtrLeaveGroupRequest()
	body.Version, body.Group = peer.versions[kmsg.LeaveGroup], m.member.group
	if body.Version < 3 {
		body.MemberID = m.member.id
	} else {
		leaver := kmsg.NewLeaveGroupRequestMember()
		leaver.MemberID = m.member.id
		if body.Version >= 5 {
			leaver.Reason = kmsg.StringPtr(reason)
		}
		body.Members = append(body.Members, leaver)
	}
	if err := m.consumer.client.network.send(peer, call{body: body, done: func(kmsg.Response, error) { done() }}); err != nil {
		done()
	}
}
