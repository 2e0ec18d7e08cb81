package broker

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"assay/host"
)

// sessionShards is into how many parts Kafka divides its cache of sessions, each
// with its share of the slots and of the ids (KAFKA-9401).
const sessionShards = 8

// sessionEviction is how long a session is safe from those that are worth less
// or the same: Kafka's MIN_INCREMENTAL_FETCH_SESSION_EVICTION_MS, no setting.
const sessionEviction = 2 * time.Minute

// fetchSessions are the sessions that are kept, bounded by
// max.incremental.fetch.session.cache.slots.
type fetchSessions struct {
	random *rand.Rand
	slots  int // of each shard
	shards [sessionShards][]*fetchSession
	turn   int // the shard of the next session
}

func (c *fetchSessions) start(random *rand.Rand, slots int) {
	c.random, c.slots = random, slots/sessionShards
}

// find returns the session with an id, nil for none.
func (c *fetchSessions) find(id int32) *fetchSession {
	for _, s := range c.shards[shardOf(id)] {
		if s.id == id {
			return s
		}
	}
	return nil
}

// idsOfShard is how many ids each shard has.
const idsOfShard = math.MaxInt32 / sessionShards

func shardOf(id int32) int { return min(int(max(id, 0))/idsOfShard, sessionShards-1) }

// admit keeps a new session under an id of its own, if there is a slot, or one
// that another must yield.
func (c *fetchSessions) admit(s *fetchSession, now host.Time) bool {
	turn := c.turn
	c.turn = (c.turn + 1) % sessionShards
	s.createdAt, s.size = now, len(s.partitions)
	if len(c.shards[turn]) >= c.slots {
		victim := c.victim(turn, s, now)
		if victim == nil {
			return false
		}
		c.close(victim)
	}
	for s.id = 0; s.id == 0 || c.find(s.id) != nil; {
		s.id = int32(turn*idsOfShard) + c.random.Int32N(idsOfShard)
	}
	s.kept = true
	c.shards[turn] = append(c.shards[turn], s)
	c.use(s, now)
	return true
}

// use notes a request of a session. Who may take its slot is decided here, not
// when they come, as in Kafka: a follower takes a consumer's, and whoever is worth
// more takes one that has existed for a while.
func (c *fetchSessions) use(s *fetchSession, now host.Time) {
	s.usedAt, s.size = now, len(s.partitions)
	s.yields = now.Sub(s.createdAt) > sessionEviction
	s.yieldsToFollowers = s.yields || s.replica < 0
}

// victim is the session of a shard that yields its slot to s, nil for none: the
// one that was not used for longest, if that is long; else the one worth least,
// if it is not worth more than s. Followers' sessions are worth more, then larger
// ones (tryEvict of Kafka's FetchSessionCacheShard).
func (c *fetchSessions) victim(shard int, s *fetchSession, now host.Time) *fetchSession {
	var stalest, least *fetchSession
	for _, other := range c.shards[shard] {
		if stalest == nil || other.usedAt < stalest.usedAt || other.usedAt == stalest.usedAt && other.id < stalest.id {
			stalest = other
		}
		if !other.yields && !(other.yieldsToFollowers && s.replica >= 0) {
			continue
		}
		if c := least; c == nil || other.worth(c) < 0 || other.worth(c) == 0 && other.id < c.id {
			least = other
		}
	}
	switch {
	case stalest != nil && now.Sub(stalest.usedAt) > sessionEviction:
		return stalest
	case least != nil && s.worth(least) > 0:
		return least
	}
	return nil
}

// worth compares two sessions as the cache does.
func (s *fetchSession) worth(other *fetchSession) int {
	switch mine, others := s.replica >= 0, other.replica >= 0; {
	case mine && !others:
		return 1
	case !mine && others:
		return -1
	}
	return s.size - other.size
}

// close ends a session, nil for none. A fetch of it that is held goes on.
func (c *fetchSessions) close(s *fetchSession) {
	if s == nil {
		return
	}
	shard := &c.shards[shardOf(s.id)]
	*shard = slices.DeleteFunc(*shard, func(other *fetchSession) bool { return other == s })
	s.kept = false
	if s.held == nil {
		s.unwatch()
	}
}
