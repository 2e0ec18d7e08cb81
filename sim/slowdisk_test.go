package sim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/host"
)

// syncing is a world with one node whose disk takes 10 ms for a sync, and a
// function that submits so many at once. done collects when they end.
func syncing(t *testing.T) (w *World, submit func(n int), done *[]Time) {
	costs := DefaultCosts()
	costs.Disk = DiskCosts{Fsync: Constant(10 * time.Millisecond)}
	costs.CPU = CPUCosts{Cores: 1}
	w, step := disk(t, &costs)
	done = new([]Time)
	w.Node("n").(*scripted).done = func(_ *scripted, _ host.Op, err error) {
		require.NoError(t, err)
		*done = append(*done, w.now)
	}
	return w, func(n int) {
		step(func(fs host.FS) {
			f, err := fs.Create("f")
			if err != nil {
				f = must(fs.Open("f"))
			}
			for range n {
				f.Append([]byte("x"))
				f.Sync()
			}
		})
	}, done
}

func TestSlowDisk(t *testing.T) {
	const ms = Time(time.Millisecond)
	w, submit, done := syncing(t)
	w.At(0, func() { submit(3) })
	var slow, slower *Fault
	w.At(5*ms, func() { slow = w.SlowDisk("n", 10) })      // half of the first is left, and it takes ten times as long
	w.At(25*ms, func() { slower = w.SlowDisk("n", 100) })  // 3 ms of the first are left: the larger one holds
	w.At(45*ms, func() { slow.Heal() })                    // changes nothing; 2.8 ms are left
	w.At(65*ms, func() { slower.Heal(); slower.Heal() })   // 2.6 ms
	w.At(second, func() { submit(1); w.SlowDisk("n", 2) }) // one that is never healed
	w.Run(2 * second)
	require.Equal(t, []Time{67*ms + ms*6/10, 77*ms + ms*6/10, 87*ms + ms*6/10, second + 20*ms}, *done)
	require.Len(t, must(w.FS("n").ReadDurable("f")), 4)
}

// What a power loss takes does not come back with the disk's speed.
func TestSlowDiskAndPowerLoss(t *testing.T) {
	w, submit, done := syncing(t)
	submit(2)
	slow := w.SlowDisk("n", 10)
	w.Run(second / 100)
	w.PowerLoss("n", LoseUnsynced, nil)
	slow.Heal()
	w.Start("n")
	w.Run(second)
	require.Empty(t, *done)
	require.Empty(t, w.FS("n").Files())
}
