package runfolder

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSettingsDiffer(t *testing.T) {
	base := []byte("name: a\nseeds: {base: 0x1, count: 2}\ntopics: {orders: {config: {min.insync.replicas: 2}, partitions: 6}}\ncluster: {flaws: [x, y]}\nabout: \"\"\n")
	other := []byte("name: a\nseeds: [1]\ntopics: {orders: {config: {a/b: 1}, partitions: 6}}\ncluster: {flaws: [x]}\n")
	require.Equal(t, []Setting{
		{"/about", `""`, ""},
		{"/cluster/flaws/1", "y", ""},
		{"/topics/orders/config/a~1b", "", "1"},
		{"/topics/orders/config/min.insync.replicas", "2", ""},
	}, Settings(base, other))
	require.Empty(t, Settings(base, base))
	require.Equal(t, "/a: 1, then nothing", Setting{"/a", "1", ""}.String())
}
