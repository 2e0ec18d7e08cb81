package clients

import (
	"slices"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
	"assay/internal/kafka"
	"assay/internal/protocol"
)

// network keeps one connection for each broker, as Kafka's NetworkClient does.
type network struct {
	client *Client
	peers  []*peer // in the order in which they became known
	peerOf map[host.Conn]*peer

	// The newest transaction.version that a broker told, with the epoch of the
	// finalized features that it stood in, -1 for none (KIP-584).
	transactionVersion int16
	featuresEpoch      int64
}

type peerState uint8

const (
	disconnected peerState = iota
	connecting             // dialled
	negotiating            // connected, ApiVersions under way
	connected
)

// peer is one broker as a peer. Bootstrap addresses have ids below -1, since
// nobody knows their broker yet. A broker that is a coordinator is a second
// peer, with an id from the other end.
type peer struct {
	id       kafka.BrokerID
	addr     host.Addr
	state    peerState
	conn     host.Conn
	versions versionTable
	calls    []pendingCall // sent and unanswered, oldest first

	nextCorrelationID int32
	failures          int       // connections lost in a row, for the backoff
	setupFailures     int       // connections that never came, for the set-up time-out
	connectAfter      host.Time // no dialling before
	lastTried         host.Time
	gone              bool // no longer in the metadata
	// timer serves the state: reconnect backoff, set-up time-out, request time-out.
	timer Timer
}

// call is one request with what to do about its end.
type call struct {
	body kmsg.Request
	// done gets the answer or why there is none; nil for a request that is not
	// answered (acks=0).
	done func(kmsg.Response, error)
	// extra is added to request.timeout.ms: how long the broker may hold a long
	// poll.
	extra time.Duration
}

type pendingCall struct {
	correlationID int32
	key           int16
	deadline      host.Time
	done          func(kmsg.Response, error)
}

// firstBootstrapID is below every id with a meaning.
const firstBootstrapID kafka.BrokerID = -2

// bootstrap forgets the known brokers and starts from the given addresses.
func (n *network) bootstrap() {
	n.doubtAll()
	for i, addr := range n.client.config.Bootstrap {
		n.add(firstBootstrapID-kafka.BrokerID(i), addr)
	}
	n.sweep()
}

func (n *network) add(id kafka.BrokerID, addr host.Addr) *peer {
	for _, p := range n.peers {
		if p.id == id && p.addr == addr {
			p.gone = false
			return p
		}
	}
	p := &peer{id: id, addr: addr}
	p.timer.Fire = func() { n.timedOut(p) }
	n.peers = append(n.peers, p)
	return p
}

// update makes the peers what the metadata says. Bootstrap peers go at the
// first answer.
func (n *network) update(brokers []Broker) {
	n.doubtAll()
	for _, b := range brokers {
		n.add(b.ID, b.Addr)
	}
	n.sweep()
}

// doubtAll marks the peers as gone until they are named again. Connections to
// coordinators are not the metadata's.
func (n *network) doubtAll() {
	for _, p := range n.peers {
		p.gone = p.gone || !p.coordinates()
	}
}

// sweep takes out the peers that are gone. One that still owes answers keeps
// its connection until they have come: a broker may vanish from the metadata
// for a moment.
func (n *network) sweep() {
	kept := n.peers[:0]
	for _, p := range n.peers {
		if p.gone && len(p.calls) == 0 {
			n.forget(p)
			continue
		}
		kept = append(kept, p)
	}
	clear(n.peers[len(kept):])
	n.peers = kept
}

func (n *network) peer(id kafka.BrokerID) *peer {
	for _, p := range n.peers {
		if p.id == id && !p.gone {
			return p
		}
	}
	return nil
}

// ready returns the peer if it can take requests. If not it starts to connect,
// or sets the timer that will let it when the backoff has passed.
func (n *network) ready(id kafka.BrokerID) *peer {
	p := n.peer(id)
	if p == nil {
		return nil
	}
	if p.state == connected {
		return p
	}
	if p.state == disconnected {
		n.connect(p)
	}
	return nil
}

func (n *network) connect(p *peer) {
	now := n.client.host.Now()
	if now < p.connectAfter {
		n.client.timers.Set(&p.timer, p.connectAfter)
		return
	}
	p.lastTried = now
	p.state = connecting
	p.conn = n.client.host.Dial(p.addr)
	n.peerOf[p.conn] = p
	setup := n.client.config.ConnectionSetup.Wait(p.setupFailures+1, n.client.random)
	n.client.timers.Set(&p.timer, now.Add(setup))
}

func (n *network) opened(p *peer) {
	if p.state != connecting {
		return
	}
	p.state = negotiating
	p.setupFailures = 0
	n.client.timers.Stop(&p.timer)
	n.negotiate(p, spoken[kmsg.ApiVersions].max)
}

// negotiate asks for the broker's versions (KIP-35). A broker that does not
// know the version of the question says so in version 0, which all know.
func (n *network) negotiate(p *peer, version int16) {
	body := kmsg.NewPtrApiVersionsRequest()
	body.Version = version
	body.ClientSoftwareName, body.ClientSoftwareVersion = "assay", "1"
	n.transmit(p, call{body: body, done: func(response kmsg.Response, err error) {
		if err != nil {
			return // the connection is gone already
		}
		answer, ok := response.(*kmsg.ApiVersionsResponse)
		switch {
		case !ok:
			n.drop(p, ErrDisconnected)
		case answer.ErrorCode == kerr.UnsupportedVersion.Code && version > 0:
			n.negotiate(p, 0)
		case answer.ErrorCode != 0:
			n.drop(p, ErrDisconnected)
		default:
			p.versions = chooseVersions(answer.ApiKeys)
			n.noticeFeatures(answer)
			p.state = connected
			p.failures = 0
		}
	}})
}

// noticeFeatures keeps the newest word about the cluster's features.
func (n *network) noticeFeatures(answer *kmsg.ApiVersionsResponse) {
	if answer.FinalizedFeaturesEpoch <= n.featuresEpoch {
		return
	}
	n.featuresEpoch, n.transactionVersion = answer.FinalizedFeaturesEpoch, 0
	for i := range answer.FinalizedFeatures {
		if f := &answer.FinalizedFeatures[i]; f.Name == transactionVersionFeature {
			n.transactionVersion = f.MaxVersionLevel
		}
	}
}

// send transmits a request whose version the caller has set from p.versions.
func (n *network) send(p *peer, c call) error {
	if c.body.GetVersion() == noVersion {
		return ErrVersion
	}
	n.transmit(p, c)
	return nil
}

func (n *network) transmit(p *peer, c call) {
	h := n.client.host
	p.nextCorrelationID++
	h.Send(p.conn, &protocol.Request{CorrelationID: p.nextCorrelationID, ClientID: n.client.config.ID, Body: c.body})
	if c.done == nil {
		return
	}
	deadline := h.Now().Add(n.client.config.RequestTimeout + c.extra)
	p.calls = append(p.calls, pendingCall{p.nextCorrelationID, c.body.Key(), deadline, c.done})
	if !p.timer.IsSet() {
		n.client.timers.Set(&p.timer, deadline)
	}
}

// received matches by correlation id. What nobody waits for is a broken peer.
func (n *network) received(p *peer, r *protocol.Response) {
	for i := range p.calls {
		if p.calls[i].correlationID != r.CorrelationID {
			continue
		}
		done := p.calls[i].done
		p.calls = slices.Delete(p.calls, i, i+1)
		done(r.Body, nil)
		if p.gone {
			n.sweep()
		}
		return
	}
	n.drop(p, ErrDisconnected)
}

// timedOut serves the one timer of a peer, whatever it was set for.
func (n *network) timedOut(p *peer) {
	switch p.state {
	case disconnected: // the backoff has passed: whoever wants the peer asks again
		n.client.step()
	case connecting:
		p.setupFailures++
		n.drop(p, ErrDisconnected)
		n.client.step()
	default:
		n.checkRequestTimeouts(p)
	}
}

// checkRequestTimeouts closes the connection on the first overdue request:
// answers come in order, so that all behind it are late too.
func (n *network) checkRequestTimeouts(p *peer) {
	earliest := host.Never
	for i := range p.calls {
		earliest = min(earliest, p.calls[i].deadline)
	}
	if earliest <= n.client.host.Now() {
		n.drop(p, ErrRequestTimeout)
		n.client.step()
		return
	}
	n.client.timers.Set(&p.timer, earliest)
}

// drop closes a connection by our own will.
func (n *network) drop(p *peer, reason error) {
	n.client.host.Close(p.conn)
	n.lost(p, reason)
}

// forget closes without telling anybody.
func (n *network) forget(p *peer) {
	n.client.timers.Stop(&p.timer)
	if p.state != disconnected {
		n.client.host.Close(p.conn)
		delete(n.peerOf, p.conn)
		p.state = disconnected
	}
}

// lost ends all calls of a connection that is gone and starts the backoff. It
// asks for metadata too, as Kafka's clients do: the broker may have moved.
func (n *network) lost(p *peer, reason error) {
	delete(n.peerOf, p.conn)
	calls := p.calls
	p.calls, p.conn, p.state = nil, 0, disconnected
	p.failures++
	p.connectAfter = n.client.host.Now().Add(n.client.config.ReconnectBackoff.Wait(p.failures, n.client.random))
	n.client.timers.Stop(&p.timer)
	n.client.host.Observe(host.Event{Point: PointConnectionLost, Args: [6]int64{int64(p.id), int64(len(calls))}})
	n.client.metadata.RequestUpdate()
	for i := range calls {
		calls[i].done(nil, reason)
	}
}

// leastLoaded returns the peer to ask what any broker can answer: a connected
// one with the fewest requests under way, else one that is being connected,
// else the one that was tried longest ago. The search starts at a random peer
// (NetworkClient.leastLoadedNode). It is nil where all are in backoff; then
// the timers of all are set.
func (n *network) leastLoaded() *peer {
	if len(n.peers) == 0 {
		return nil
	}
	start := n.client.random.IntN(len(n.peers))
	var best, coming, idle *peer
	now := n.client.host.Now()
	for i := range n.peers {
		p := n.peers[(start+i)%len(n.peers)]
		switch {
		case p.gone || p.coordinates():
		case p.state == connected:
			if best == nil || len(p.calls) < len(best.calls) {
				best = p
			}
		case p.state != disconnected:
			coming = p
		case now >= p.connectAfter:
			if idle == nil || p.lastTried < idle.lastTried {
				idle = p
			}
		default:
			n.client.timers.Set(&p.timer, p.connectAfter)
		}
	}
	switch {
	case best != nil:
		return best
	case coming != nil:
		return coming
	}
	return idle
}

// address joins what metadata gives of a broker.
func address(name string, port int32) host.Addr {
	return host.Addr(name + ":" + strconv.Itoa(int(port)))
}
