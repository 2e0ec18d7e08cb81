package broker

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/broker/replica"
	"assay/host"
	"assay/internal/kafka"
)

// evicting is a cache of which only the first shard is used.
type evicting struct {
	t     *testing.T
	cache fetchSessions
	now   host.Time
}

func newEvicting(t *testing.T, slotsOfShard int) *evicting {
	e := &evicting{t: t, now: host.Time(time.Hour)}
	e.cache.start(rand.New(rand.NewPCG(1, 2)), slotsOfShard*sessionShards)
	return e
}

func (e *evicting) admit(reader kafka.BrokerID, partitions int) (*fetchSession, bool) {
	s := &fetchSession{replica: reader}
	for range partitions {
		s.partitions = append(s.partitions, &fetchPartition{session: s, at: replica.FetchPosition{}})
	}
	e.cache.turn = 0
	admitted := e.cache.admit(s, e.now)
	require.Equal(e.t, admitted, s.kept)
	return s, admitted
}

func (e *evicting) wait(d time.Duration) { e.now = e.now.Add(d) }

const consumer = kafka.NoLeader

func TestSessionsYield(t *testing.T) {
	for _, c := range []struct {
		name                string
		reader              kafka.BrokerID
		partitions          int
		after, usedAfter    time.Duration // 0: not used again
		newcomer            kafka.BrokerID
		newcomersPartitions int
		yields              bool
	}{
		{"a consumer's to a follower", consumer, 9, 0, 0, 2, 1, true},
		{"a consumer's not to a consumer", consumer, 1, 0, 0, consumer, 9, false},
		{"a follower's not to a follower", 2, 1, 0, 0, 3, 9, false},
		{"a stale one to anybody", 2, 9, sessionEviction + 1, 0, consumer, 1, true},
		{"one just not stale to nobody", 2, 9, sessionEviction, 0, consumer, 99, false},
		{"an old one in use to a larger one", consumer, 5, 1, sessionEviction + 1, consumer, 6, true},
		{"an old one in use not to an equal one", consumer, 5, 1, sessionEviction + 1, consumer, 5, false},
		{"an old follower's in use to a larger follower's", 2, 5, 1, sessionEviction + 1, 3, 6, true},
		{"an old follower's in use not to a consumer's", 2, 5, 1, sessionEviction + 1, consumer, 99, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newEvicting(t, 1)
			old, admitted := e.admit(c.reader, c.partitions)
			require.True(t, admitted)
			if c.usedAfter > 0 {
				e.wait(c.usedAfter)
				e.cache.use(old, e.now)
			}
			e.wait(c.after)
			newcomer, admitted := e.admit(c.newcomer, c.newcomersPartitions)
			require.Equal(t, c.yields, admitted)
			require.Equal(t, !c.yields, old.kept)
			if admitted {
				require.Same(t, newcomer, e.cache.find(newcomer.id))
				require.Nil(t, e.cache.find(old.id))
			}
		})
	}
}

// The smallest goes first, and of those of one size the one with the lowest id.
func TestTheSmallestSessionYields(t *testing.T) {
	e := newEvicting(t, 3)
	var sessions []*fetchSession
	for _, size := range []int{4, 2, 2} {
		s, admitted := e.admit(consumer, size)
		require.True(t, admitted)
		sessions = append(sessions, s)
	}
	_, admitted := e.admit(2, 1)
	require.True(t, admitted)
	require.True(t, sessions[0].kept)
	require.Equal(t, sessions[1].id > sessions[2].id, sessions[1].kept)
	require.Equal(t, sessions[2].id > sessions[1].id, sessions[2].kept)
}

// Sessions take turns in eight shards, each with an eighth of the slots: fewer
// than eight slots are none.
func TestSessionShards(t *testing.T) {
	var none fetchSessions
	none.start(rand.New(rand.NewPCG(1, 2)), sessionShards-1)
	require.False(t, none.admit(&fetchSession{}, 0))

	var c fetchSessions
	c.start(rand.New(rand.NewPCG(1, 2)), 2*sessionShards)
	ids := map[int32]bool{}
	for i := range 2 * sessionShards {
		s := &fetchSession{}
		require.True(t, c.admit(s, 0))
		require.Positive(t, s.id)
		require.Equal(t, i%sessionShards, shardOf(s.id))
		require.Same(t, s, c.find(s.id))
		ids[s.id] = true
	}
	require.Len(t, ids, 2*sessionShards)
	require.False(t, c.admit(&fetchSession{replica: consumer}, 0))
	for _, id := range []int32{-1, 0, 1, 1<<31 - 1} {
		require.Nil(t, c.find(id))
	}
}

func TestSessionEpochsGoRound(t *testing.T) {
	require.Equal(t, int32(2), nextSessionEpoch(1))
	require.Equal(t, int32(1), nextSessionEpoch(1<<31-1))
}
