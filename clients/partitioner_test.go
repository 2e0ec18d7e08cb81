package clients

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// The values of Kafka's own UtilsTest.testMurmur2.
func TestMurmur2AsKafka(t *testing.T) {
	for key, want := range map[string]int32{
		"21":                         -973932308,
		"foobar":                     -790332482,
		"a-little-bit-long-string":   -985981536,
		"a-little-bit-longer-string": -1486304829,
		"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
		"abc": 479470107,
	} {
		require.Equal(t, want, int32(murmur2([]byte(key))), key)
	}
}

// toPositive clears the sign bit; taking the absolute value would differ.
func TestPartitionForKeyClearsTheSign(t *testing.T) {
	hash := int32(-973932308)
	require.Equal(t, hash&0x7fffffff%7, PartitionForKey([]byte("21"), 7))
	require.NotEqual(t, -hash%7, PartitionForKey([]byte("21"), 7))
}

func TestStickyPartitionerSwitchesByBytes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	leaders := []Leader{{1, 0}, {-1, 0}, {2, 0}, {3, 0}}
	var s stickyPartitioner
	counts := map[int32]int{}
	for range 3000 {
		first := s.choose(leaders, random)
		counts[first]++
		s.appended(60, 100, true)
		require.Equal(t, first, s.choose(leaders, random), "stays below the batch size")
		s.appended(40, 100, true)
	}
	require.Zero(t, counts[1], "a partition without a leader is not drawn")
	for _, p := range []int32{0, 2, 3} {
		require.InDelta(t, 1000, counts[p], 150)
	}

	s = stickyPartitioner{}
	first := s.choose(leaders, random)
	s.appended(150, 100, false)
	require.Equal(t, first, s.choose(leaders, random), "a half-filled batch is not left behind")
	s.appended(50, 100, false)
	require.False(t, s.chosen, "but twice the batch size is the end")
}
