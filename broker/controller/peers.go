package controller

import (
	"slices"

	pb "go.etcd.io/raft/v3/raftpb"

	"assay/host"
)

// peer is another voter. Each voter sends on a connection that it dialled and
// hears on one that the other dialled: messages get lost with a connection, and
// raft sends again what matters.
type peer struct {
	id   VoterID
	addr host.Addr
	conn host.Conn // 0 is none; what is sent before it opened is queued
	// unanswered is when the first message went out that nothing followed from
	// the other side; host.Never is none.
	unanswered host.Time
	opened     bool      // conn is established
	dialled    host.Time // when conn was
	retryAt    host.Time // no new connection before
	lost       bool      // messages were lost: raft must hear of it
	snapshot   bool      // a snapshot was among what is under way
}

// broke notes that the connection is gone.
func (p *peer) broke(retryAt host.Time) {
	p.conn, p.retryAt, p.lost = 0, retryAt, true
}

// sendVoter sends one of raft's messages, or loses it.
func (c *Controller) sendVoter(m *pb.Message) {
	at := slices.IndexFunc(c.peers, func(p *peer) bool { return uint64(p.id) == m.To })
	if at < 0 {
		return
	}
	p := c.peers[at]
	now := c.host.Now()
	if p.conn == 0 {
		if now < p.retryAt {
			p.lost = true
			p.snapshot = p.snapshot || m.Type == pb.MsgSnap
			return
		}
		p.conn = c.host.Dial(p.addr)
		p.unanswered, p.opened, p.dialled = host.Never, false, now
	}
	if p.unanswered == host.Never {
		p.unanswered = now
	}
	p.snapshot = p.snapshot || m.Type == pb.MsgSnap
	for _, part := range splitMessage(m, c.config.Settings.SnapshotChunkLength) {
		c.host.Send(p.conn, part)
	}
}

// receiveVoter takes a message of another voter; a snapshot's last part makes
// one of its parts.
func (c *Controller) receiveVoter(conn host.Conn, m *voterMessage) {
	parts := c.incoming[conn]
	if parts == nil {
		parts = &snapshotParts{}
		c.incoming[conn] = parts
	}
	message, err := parts.add(m)
	if err != nil {
		c.drop(conn)
		return
	}
	if message == nil || message.To != uint64(c.config.ID) {
		return
	}
	c.quorum.step(message)
	for _, p := range c.peers {
		if uint64(p.id) != message.From {
			continue
		}
		p.unanswered = host.Never
		if p.snapshot && message.Type == pb.MsgAppResp && !message.Reject {
			p.snapshot = !c.quorum.snapshotTaken(p.id, message.Index)
		}
	}
}

// closeDeafConnections gives up connections that do not come about, or on which
// nobody answers: bytes that a cut network holds back must not pile up behind
// them. The world keeps no time-out for a dial; and that the peer is heard on its
// own connection says nothing about ours.
func (c *Controller) closeDeafConnections(now host.Time) {
	patience := 2 * c.config.Settings.ElectionTimeout
	for _, p := range c.peers {
		if p.conn == 0 {
			continue
		}
		unopened := !p.opened && now.Sub(p.dialled) > patience
		unanswered := p.unanswered != host.Never && now.Sub(p.unanswered) > patience
		if unopened || unanswered {
			c.host.Close(p.conn)
			p.broke(now)
		}
	}
}

// reportLosses tells raft of voters that it sent to in vain. It sends in turn,
// which may fail in turn: that is told at the next step.
func (c *Controller) reportLosses() {
	for _, p := range c.peers {
		if !p.lost {
			continue
		}
		p.lost = false
		if p.snapshot {
			p.snapshot = false
			c.quorum.snapshotLost(p.id)
		}
		c.quorum.unreachable(p.id)
	}
}
