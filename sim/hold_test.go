package sim

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The yardstick does what it says, and asks for no memory once it is warm.
func TestHoldHoldsItsEvents(t *testing.T) {
	turn := Hold(1000)
	turn(20_000)
	require.Zero(t, testing.AllocsPerRun(5, func() { turn(1000) }))
}
