package sim

import (
	"bytes"
	"testing"

	"assay/host"

	"github.com/cespare/xxhash/v2"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestContentAcrossBlocks does what may be done to a file around the borders
// of its blocks, and compares it and every snapshot with a plain slice.
func TestContentAcrossBlocks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		near := func(label string) int {
			border := firstBlock * (1<<rapid.IntRange(0, 4).Draw(t, label+" block") - 1)
			return max(0, border+rapid.IntRange(-40, 40).Draw(t, label))
		}
		var n inode
		var model []byte
		var snapshots []content
		var images [][]byte
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			switch rapid.IntRange(0, 4).Draw(t, "what") {
			case 0:
				p := bytes.Repeat([]byte{rapid.Byte().Draw(t, "byte")}, near("append"))
				n.data.append(p)
				model = append(bytes.Clone(model), p...)
			case 1:
				p := bytes.Repeat([]byte{rapid.Byte().Draw(t, "byte")}, rapid.IntRange(1, 80).Draw(t, "n"))
				off := near("write")
				n.writeAt(p, int64(off))
				grown := make([]byte, max(len(model), off+len(p)))
				copy(grown, model)
				copy(grown[off:], p)
				model = grown
			case 2:
				size := near("truncate")
				n.truncate(int64(size))
				cut := make([]byte, size)
				copy(cut, model)
				model = cut
			case 3:
				snapshots, images = append(snapshots, n.snapshot()), append(images, model)
			case 4:
				if off := near("view"); off <= len(model) {
					length := min(100, len(model)-off)
					require.Equal(t, string(model[off:off+length]), string(n.data.view(off, length)))
				}
			}
			require.Equal(t, len(model), n.data.size)
			require.Equal(t, xxhash.Sum64(model), n.data.hash())
		}
		for i := range snapshots {
			require.True(t, bytes.Equal(images[i], snapshots[i].all()), "snapshot %d", i)
		}
	})
}

// TestViewsOutliveAPowerLoss: what was sent before a power loss stays as it was,
// though the file grows anew from an earlier state.
func TestViewsOutliveAPowerLoss(t *testing.T) {
	w, step := disk(t, nil)
	var view []byte
	step(func(fs host.FS) {
		f := must(fs.Create("f"))
		require.NoError(t, f.Append([]byte("synced ")))
		f.Sync()
		fs.SyncDir("")
	})
	w.Run(second)
	step(func(fs host.FS) {
		f := must(fs.Open("f"))
		require.NoError(t, f.Append([]byte("lost")))
		view = must(f.View(0, 11))
	})
	w.PowerLoss("n", LoseUnsynced, nil)
	step(func(fs host.FS) {
		f := must(fs.Open("f"))
		require.EqualValues(t, 7, f.Size())
		require.NoError(t, f.Append([]byte("other")))
	})
	require.Equal(t, "synced lost", string(view))
}
