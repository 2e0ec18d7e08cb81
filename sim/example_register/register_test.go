package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestThePlantedBugIsFoundBySeed(t *testing.T) {
	found := 0
	for seed := range uint64(5) {
		digest, stale := run(seed, true)
		again, staleAgain := run(seed, true)
		require.Equal(t, digest, again)
		require.Equal(t, stale, staleAgain)
		if len(stale) > 0 {
			found++
		}
		_, stale = run(seed, false)
		require.Empty(t, stale, "seed %d", seed)
	}
	require.Positive(t, found)
}
