package group

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// An expression is to match a name as a whole, whichever alternative comes first
// and however much of the name it would be content with.
func TestExpressionsMatchWholeNames(t *testing.T) {
	for _, each := range []struct {
		expression, name string
		matches          bool
	}{
		{"tea", "tea", true}, {"tea", "green-tea", false}, {"tea", "teapot", false},
		{"te|tea", "tea", true}, {"t.*?", "tea", true}, {"(?U)t.*", "tea", true}, {"e|tea", "tea", true},
		{"^t.*$", "tea", true}, {"^t", "tea", false}, {"(?i)TEA", "tea", true},
		{`\Qt.a`, "t.a", true}, {`\Qt.a`, "tea", false}, {`t\Q.`, "t.", true}, {"", "tea", false},
	} {
		compiled, err := compile(each.expression)
		require.NoError(t, err)
		require.Equal(t, each.matches, matchesWhole(compiled, each.name), "%s of %s", each.expression, each.name)
	}
}
