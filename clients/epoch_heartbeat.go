package clients

import (
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
)

// epochHeart sends ConsumerGroupHeartbeat: what has changed since the last one
// that was answered, everything to join and after an error.
type epochHeart struct {
	onWire   bool
	interval time.Duration // as the coordinator says
	next     host.Time
	notUntil host.Time
	failures int

	sentAll     bool
	sentTopics  []string
	owned       []kmsg.ConsumerGroupHeartbeatRequestTopic
	ownedIsNews bool
}

// acknowledge lets the next heartbeat say what the member has now.
func (h *epochHeart) acknowledge(owned []kmsg.ConsumerGroupHeartbeatRequestTopic) {
	h.owned, h.ownedIsNews = owned, true
}

func (m *epochMember) step(now host.Time) host.Time {
	h := &m.heart
	if m.state > epochAcknowledging || h.onWire {
		return host.Never
	}
	peer := m.member.coordinator.ready()
	if code := m.member.coordinator.takeRefusal(); code != 0 {
		m.fail(code)
		return host.Never
	}
	switch urgent := m.state == epochJoining || m.state == epochAcknowledging; {
	case peer == nil:
		return host.Never // the coordinator steps the client
	case now < h.notUntil:
		return h.notUntil
	case !urgent && now < h.next:
		return h.next
	}
	m.sendHeartbeat(peer, now)
	return host.Never
}

func (m *epochMember) heartbeatRequest(peer *peer, epoch int32) *kmsg.ConsumerGroupHeartbeatRequest {
	body := kmsg.NewPtrConsumerGroupHeartbeatRequest()
	body.Version = peer.versions[kmsg.ConsumerGroupHeartbeat]
	body.Group, body.MemberID, body.MemberEpoch = m.member.group, m.member.id, epoch
	body.InstanceID = m.member.instanceSince(0, 0)
	return body
}

func (m *epochMember) sendHeartbeat(peer *peer, now host.Time) {
	c, h := m.consumer, &m.heart
	body := m.heartbeatRequest(peer, m.epoch)
	all := m.state == epochJoining || !h.sentAll
	if all {
		body.RebalanceTimeoutMillis = millis(c.config.MaxPollInterval)
		if c.config.RemoteAssignor != "" {
			body.ServerAssignor = kmsg.StringPtr(c.config.RemoteAssignor)
		}
	}
	if all || !slices.Equal(h.sentTopics, c.group.topics) {
		h.sentTopics = slices.Clone(c.group.topics)
		body.SubscribedTopicNames = h.sentTopics
	}
	switch {
	case m.state == epochJoining: // what it had is lost
		body.Topics = m.byID(nil)
	case all:
		body.Topics = m.byID(c.Assignment())
	case h.ownedIsNews:
		body.Topics = h.owned
	}
	h.sentAll, h.ownedIsNews, h.onWire = true, false, true
	h.next = now.Add(h.interval)
	if m.state == epochAcknowledging {
		m.state = epochStable
		if wanted, complete := m.resolve(); !complete || !slices.Equal(wanted, c.Assignment()) {
			m.state = epochReconciling
		}
	}
	life := m.life
	err := c.client.network.send(peer, call{body: body, done: func(response kmsg.Response, err error) {
		c.client.again = true
		h.onWire = false
		if m.life == life {
			m.heartbeatAnswered(response, err)
		}
	}})
	if err != nil {
		h.onWire = false
		m.fail(codeOf(err))
	}
}

func (m *epochMember) heartbeatAnswered(response kmsg.Response, err error) {
	answer, ok := response.(*kmsg.ConsumerGroupHeartbeatResponse)
	code := codeOf(err)
	if code == 0 {
		if code = kerr.UnknownServerError.Code; ok {
			code = answer.ErrorCode
		}
	}
	if code != 0 {
		m.heartbeatFailed(code)
		return
	}
	h, client := &m.heart, m.consumer.client
	h.failures, h.notUntil = 0, 0
	h.interval = time.Duration(answer.HeartbeatIntervalMillis) * time.Millisecond
	h.next = client.host.Now().Add(h.interval)
	if answer.MemberEpoch != m.epoch {
		client.host.Observe(host.Event{Point: PointGroupJoined, Args: [6]int64{int64(answer.MemberEpoch), -1}})
	}
	m.setEpoch(answer.MemberEpoch)
	switch {
	case answer.Assignment != nil:
		m.assigned(answer.Assignment.Topics)
	case m.state == epochJoining:
		m.state = epochStable
	}
}

// heartbeatFailed is onErrorResponse of Kafka's AbstractHeartbeatRequestManager.
func (m *epochMember) heartbeatFailed(code int16) {
	h, client := &m.heart, m.consumer.client
	h.sentAll = false
	switch code {
	case kerr.NotCoordinator.Code, kerr.CoordinatorNotAvailable.Code:
		m.member.coordinator.noticeError(code)
		h.next = 0 // as soon as there is another
	case networkException, kerr.CoordinatorLoadInProgress.Code, kerr.RequestTimedOut.Code:
		h.failures++
		h.notUntil = client.host.Now().Add(client.config.RetryBackoff.Wait(h.failures, client.random))
		h.next = h.notUntil
	case kerr.FencedMemberEpoch.Code, kerr.UnknownMemberID.Code:
		m.fenced()
	default:
		m.fail(code)
	}
}

// sendLeave says goodbye, once.
func (m *epochMember) sendLeave(done func()) {
	var peer *peer
	if m.epoch > joinEpoch {
		peer = m.member.coordinator.ready()
	}
	if peer == nil {
		done()
		return
	}
	epoch := leaveEpoch
	if m.member.instance != "" {
		epoch = leaveStaticEpoch
	}
	body := m.heartbeatRequest(peer, epoch)
	if err := m.consumer.client.network.send(peer, call{body: body, done: func(kmsg.Response, error) { done() }}); err != nil {
		done()
	}
}
