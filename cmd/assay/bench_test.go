package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// What bench measures is the load of docs/performance.md.
func TestStandardBenchmarkIsTheDocumentedOne(t *testing.T) {
	documented, err := os.ReadFile("../../testdata/bench/standard.yaml")
	require.NoError(t, err)
	require.Equal(t, string(documented), string(standard))
}

func TestSpreadsAreOrdered(t *testing.T) {
	b := &bench{rounds: map[string][]float64{}}
	for _, m := range measures {
		b.rounds[m.name] = []float64{4, 1, 3, 2}
	}
	for _, s := range b.spreads() {
		require.Equal(t, []float64{1, 2.5, 4}, []float64{s.Min, s.Median, s.Max}, s.Name)
	}
	b.rounds["memory"] = []float64{7}
	require.Contains(t, b.spreads(), spread{"memory", "MiB", 7, 7, 7})
}
