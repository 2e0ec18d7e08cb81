package chance

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestExponentialHasItsMomentsAndTail(t *testing.T) {
	const n = 200_000
	random := rand.New(rand.NewPCG(1, 2))
	sum, square, above := 0.0, 0.0, [4]int{}
	for range n {
		x := float64(Exponential(time.Millisecond, random)) / 1e6
		sum += x
		square += x * x
		for i := range above {
			if x > float64(i+1) {
				above[i]++
			}
		}
	}
	mean := sum / n
	require.InDelta(t, 1, mean, 0.01)
	require.InDelta(t, 1, square/n-mean*mean, 0.03, "the variance is the mean's square")
	for i, count := range above {
		require.InDelta(t, math.Exp(-float64(i+1)), float64(count)/n, 0.005, "P(X > %d)", i+1)
	}
}
