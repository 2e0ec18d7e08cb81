package broker

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
)

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
