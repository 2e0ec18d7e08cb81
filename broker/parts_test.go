package broker

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
)

// Timers fire by deadline, equal ones in the order in which they were set, and
// cancelled ones not at all, whatever the order of operations.
func TestTimers(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var ts timers
		type want struct {
			at    host.Time
			order int
		}
		var expected, fired []want
		armed := make([]timer, 50)
		live := map[int]want{}
		for order := range 200 {
			i := random.IntN(len(armed))
			if random.IntN(4) == 0 {
				ts.cancel(&armed[i])
				delete(live, i)
				continue
			}
			w := want{host.Time(random.IntN(20)), order}
			live[i] = w
			ts.set(&armed[i], w.at, func() { fired = append(fired, w) })
		}
		for _, w := range live {
			if w.at <= 15 {
				expected = append(expected, w)
			}
		}
		slices.SortFunc(expected, func(a, b want) int {
			if a.at != b.at {
				return int(a.at - b.at)
			}
			return a.order - b.order
		})
		ts.expire(15)
		require.Equal(t, expected, fired)
		require.True(t, ts.next() > 15)
	}
}

func TestParseFlaws(t *testing.T) {
	flaws, err := ParseFlaws(nil)
	require.NoError(t, err)
	require.Equal(t, Flaws{}, flaws)
	var names []string
	for _, f := range KnownFlaws {
		one, err := ParseFlaws([]string{f.Name})
		require.NoError(t, err)
		require.NotEqual(t, Flaws{}, one, f.Name)
		require.NotEmpty(t, f.About)
		require.NotEmpty(t, f.Source)
		names = append(names, f.Name)
	}
	require.True(t, slices.IsSorted(names))
	_, err = ParseFlaws([]string{"no-such", "bounce-fencing", "nor-this"})
	require.ErrorContains(t, err, "no-such, nor-this")
}

func TestPointsAreNamedOnceAndDescribed(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range Points {
		require.False(t, seen[p.Name], p.Name)
		seen[p.Name] = true
		require.NotEmpty(t, p.About, p.Name)
		require.LessOrEqual(t, len(p.Fields), len(host.Event{}.Args), p.Name)
	}
}

// What is advertised can be encoded: no version is beyond the codec's.
func TestAdvertisedVersionsAreEncodable(t *testing.T) {
	for _, v := range versions {
		request := kmsg.RequestForKey(v.key)
		require.LessOrEqual(t, v.max, request.MaxVersion(), kmsg.NameForKey(v.key))
		require.True(t, supported(v.key, v.min))
		require.True(t, supported(v.key, v.max))
		require.False(t, supported(v.key, v.max+1))
	}
}

func TestTopicNames(t *testing.T) {
	for name, valid := range map[string]bool{"orders": true, "a.b_c-1": true, "": false, ".": false, "..": false, "a b": false, "é": false} {
		require.Equal(t, valid, validTopicName(name), name)
	}
}
