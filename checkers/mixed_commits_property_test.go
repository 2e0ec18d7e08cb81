package checkers

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"assay/checkers/history"

	"github.com/stretchr/testify/require"
)

// mixedCommit is a commit of a group whose members commit in transactions and
// outside of them, with what its coordinator did.
type mixedCommit struct {
	history.Commit
	in      history.Transaction // zero outside of one
	written history.Time        // to the coordinator's log
	decided history.Time        // from when on it may be told
	commits bool
}

// randomMixedCommits makes commits at random to a coordinator that keeps to the
// rules of Kafka's: what is written last counts.
func randomMixedCommits(random *rand.Rand) (list []*mixedCommit) {
	between := func(from, to history.Time) history.Time { return from + history.Time(random.Int64N(int64(to-from+1))) }
	for i := range 2 + random.IntN(6) {
		call := history.Time(1 + random.IntN(60))
		// A client for each, so that none is known to come before another by the client's own order.
		c := &mixedCommit{Commit: history.Commit{Client: history.ClientID(1 + i), Generation: -1, Offset: int64(1 + random.IntN(5)), Call: call, Return: between(call, call+8)}, commits: true}
		c.written = between(call, c.Return)
		c.decided = c.written
		if random.IntN(2) == 0 {
			c.Transaction = 1
			c.in = history.Transaction{Client: c.Client, Number: 1, Begin: call, Commit: random.IntN(4) > 0, End: between(c.Return, c.Return+20)}
			c.in.Return = between(c.in.End, c.in.End+8)
			c.decided, c.commits = between(c.in.End, c.in.Return), c.in.Commit
			if random.IntN(6) == 0 {
				c.in.Outcome, c.in.Return, c.commits = history.Indeterminate, history.Infinity, c.commits && random.IntN(2) == 0
			}
		} else if random.IntN(8) == 0 {
			c.Outcome, c.Return, c.commits = history.Indeterminate, history.Infinity, random.IntN(2) == 0
		}
		list = append(list, c)
	}
	return list
}

// toldInTurn lists what the coordinator had committed, in turn.
func toldInTurn(list []*mixedCommit) (offsets []int64) {
	inTurn := slices.DeleteFunc(slices.Clone(list), func(c *mixedCommit) bool { return !c.commits })
	slices.SortStableFunc(inTurn, func(a, b *mixedCommit) int { return cmp.Compare(a.decided, b.decided) })
	last := history.Time(-1)
	for _, c := range inTurn {
		if c.written >= last {
			offsets, last = append(offsets, c.Offset), c.written
		}
	}
	return offsets
}

// A group whose committed offset never went back is not convicted of it, whoever
// of its members commits in transactions and however they overlap.
func TestMixedCommitsConvictOnlyWhatWentBack(t *testing.T) {
	convicted, back := 0, 0
	for seed := range uint64(10_000) {
		random := rand.New(rand.NewPCG(seed, 77))
		list := randomMixedCommits(random)
		written, decided := map[history.Time]bool{}, map[history.Time]bool{}
		for _, c := range list {
			written[c.written], decided[c.decided] = true, true
		}
		if min(len(written), len(decided)) < len(list) {
			continue // two at one moment: the order is not the model's
		}
		h := history.New()
		for _, c := range list {
			h.Client(c.Client, "member", int(c.Client))
		}
		h.Client(0, "observer", 1)
		h.Partition(0, "orders", 0)
		h.Group(0, "g")
		for _, c := range list {
			h.Commit(c.Commit)
			if c.Transaction > 0 {
				h.Transaction(c.in)
			}
		}
		h.Border(history.Border{Phase: history.DrainEnds, At: 200})
		offsets := toldInTurn(list)
		end := history.GroupEnd{At: 210, Known: true, Offset: history.NoOffset}
		if len(offsets) > 0 {
			end.Offset = offsets[len(offsets)-1]
		}
		h.GroupEnd(end)
		r := judge(t, h, Claim{Guarantee: CommitSafety})
		if !slices.IsSorted(offsets) {
			back++
		}
		if slices.ContainsFunc(r.Anomalies, func(a AnomalyCount) bool { return a.Name == OffsetRegression }) {
			convicted++
			require.False(t, slices.IsSorted(offsets), "seed %d: %v", seed, offsets)
		}
	}
	t.Logf("%d of %d went back and are convicted", convicted, back)
	require.Greater(t, convicted, back/4)
}
