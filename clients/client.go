package clients

import (
	"math/rand/v2"
	"time"

	"assay/host"
	"assay/internal/protocol"
)

// ClientConfig is what Kafka's clients have in common.
type ClientConfig struct {
	// ID is client.id, sent with each request.
	ID string
	// Bootstrap are the addresses to start from.
	Bootstrap []host.Addr

	RequestTimeout    time.Duration // request.timeout.ms
	RetryBackoff      Backoff       // retry.backoff.ms, retry.backoff.max.ms
	ReconnectBackoff  Backoff       // reconnect.backoff.ms, reconnect.backoff.max.ms
	ConnectionSetup   Backoff       // socket.connection.setup.timeout.ms and its .max.ms
	MetadataMaxAge    time.Duration // metadata.max.age.ms
	RebootstrapAfter  time.Duration // metadata.recovery.rebootstrap.trigger.ms (KIP-1102); 0 for never
	MaxInFlight       int           // max.in.flight.requests.per.connection, of produce requests
	AutoTopicCreation bool          // ask the cluster to create topics that it does not have
	PurposePrefix     string        // tells the chance of several clients of one node apart
}

// core is a client's own logic on top of the connections.
type core interface {
	// step does everything that can be done now. It is called after every
	// event and must be cheap when there is nothing to do.
	step()
}

// Client is the part that all Kafka clients share: connections, metadata and
// the loop that drives the cores. A node may embed several; each has its own
// connections, as separate Java clients have.
type Client struct {
	host     host.Host
	timers   *Timers
	config   ClientConfig
	random   *rand.Rand
	network  network
	metadata Metadata
	cores    []core
	stepping bool
	again    bool
	closed   bool
}

// NewClient makes a client that runs on h and keeps its deadlines in timers.
// It connects when something is first asked of it.
func NewClient(h host.Host, timers *Timers, config ClientConfig) *Client {
	c := &Client{host: h, timers: timers, config: config, random: h.Rand(config.PurposePrefix + "client")}
	c.network.client = c
	c.network.peerOf = map[host.Conn]*peer{}
	c.network.featuresEpoch = -1
	c.network.bootstrap()
	c.metadata.start(c)
	return c
}

// Metadata is what the client knows of the cluster.
func (c *Client) Metadata() *Metadata { return &c.metadata }

// Opened takes the host's event and reports whether it was this client's.
func (c *Client) Opened(conn host.Conn) bool {
	p := c.network.peerOf[conn]
	if p == nil {
		return false
	}
	c.network.opened(p)
	c.step()
	return true
}

// Received takes the host's event and reports whether it was this client's. A
// response on a connection that was given up belongs to nobody.
func (c *Client) Received(conn host.Conn, m host.Message) bool {
	p := c.network.peerOf[conn]
	if p == nil {
		return false
	}
	response, ok := m.(*protocol.Response)
	if !ok {
		c.network.drop(p, ErrDisconnected)
	} else {
		c.network.received(p, response)
	}
	c.step()
	return true
}

// Closed takes the host's event and reports whether it was this client's.
func (c *Client) Closed(conn host.Conn, err error) bool {
	p := c.network.peerOf[conn]
	if p == nil {
		return false
	}
	c.network.lost(p, ErrDisconnected)
	c.step()
	return true
}

// Close gives all connections back. Requests under way end without a call of
// anybody; the client must not be used afterwards.
func (c *Client) Close() {
	c.closed = true
	c.cores = nil
	c.timers.Stop(&c.metadata.timer)
	for _, p := range c.network.peers {
		c.network.forget(p)
		p.calls = nil
	}
}

// step runs all cores until none asks for another round. Callbacks may call
// back into the client: their work is done in the next round, not nested.
func (c *Client) step() {
	if c.stepping {
		c.again = true
		return
	}
	c.stepping = true
	for c.again = true; c.again && !c.closed; {
		c.again = false
		for _, core := range c.cores {
			core.step()
		}
		c.metadata.step()
	}
	c.stepping = false
}
