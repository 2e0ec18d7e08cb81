package sim

import (
	"bytes"
	"io"
	"slices"
	"testing"
	"time"

	"assay/host"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// disk is a world with one node that does what a test injects.
func disk(t require.TestingT, costs *Costs) (*World, func(func(fs host.FS))) {
	w := New(Config{Costs: costs})
	add(w, "n", scripted{})
	w.Start("n")
	return w, func(step func(fs host.FS)) {
		if w.Node("n") == nil {
			w.Start("n")
		}
		require.True(t, w.Inject("n", func(n host.Node) { step(n.(*scripted).host.FS()) }))
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestViewsNeverChange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, step := disk(t, nil)
		var held, copies [][]byte
		var model []byte
		var f host.File
		step(func(fs host.FS) { f = must(fs.Create("f")) })
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			step(func(fs host.FS) {
				size := len(model)
				data := bytes.Repeat([]byte{rapid.Byte().Draw(t, "byte")}, rapid.IntRange(0, 40).Draw(t, "n"))
				off := rapid.IntRange(0, size).Draw(t, "off")
				switch rapid.IntRange(0, 5).Draw(t, "what") {
				case 0, 1:
					require.NoError(t, f.Append(data))
					model = append(slices.Clip(model), data...)
				case 2:
					off += rapid.IntRange(0, 5).Draw(t, "beyond")
					require.NoError(t, f.WriteAt(data, int64(off)))
					grown := make([]byte, max(size, off+len(data)))
					copy(grown, model)
					copy(grown[off:], data)
					model = grown
				case 3:
					require.NoError(t, f.Truncate(int64(off)))
					model = model[:off]
				case 4:
					require.NoError(t, f.Truncate(int64(size+len(data))))
					model = append(slices.Clip(model), make([]byte, len(data))...)
				case 5:
					view := must(f.View(int64(off), size-off))
					held, copies = append(held, view), append(copies, bytes.Clone(view))
					f.Sync()
				}
				require.Equal(t, int64(len(model)), f.Size())
				content := make([]byte, len(model))
				_, err := f.ReadAt(content, 0)
				if err != io.EOF {
					require.NoError(t, err)
				}
				require.Equal(t, string(model), string(content))
			})
		}
		for i := range held {
			require.Equal(t, copies[i], held[i], "view %d", i)
		}
	})
}

func TestFileErrors(t *testing.T) {
	w, step := disk(t, nil)
	step(func(fs host.FS) {
		_, err := fs.Open("none")
		require.ErrorIs(t, err, host.ErrNotExist)
		_, err = fs.Create("none/f")
		require.ErrorIs(t, err, host.ErrNotExist)
		require.NoError(t, fs.MkdirAll("a/b"))
		require.NoError(t, fs.MkdirAll("a/b"))
		_, err = fs.Open("a")
		require.ErrorIs(t, err, host.ErrFileIsDir)
		f := must(fs.Create("a/b/f"))
		_, err = fs.Create("a/b/f")
		require.ErrorIs(t, err, host.ErrExist)
		require.Error(t, fs.Remove("a/b"))
		require.Error(t, fs.Rename("a", "a/b/c"))
		require.ErrorIs(t, fs.Rename("none", "x"), host.ErrNotExist)
		_, err = f.View(0, 1)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.Equal(t, []string{"b/"}, must(fs.List("a")))
		require.NoError(t, f.Append([]byte("x")))
		require.NoError(t, fs.Rename("a/b/f", "g"))
		require.Equal(t, []string{"a/", "g"}, must(fs.List("")))
		require.NoError(t, fs.RemoveAll("a"))
		require.NoError(t, fs.RemoveAll("a"))
		require.Equal(t, []string{"g"}, must(fs.List("")))
		w.SetDiskFull("n", true)
		require.ErrorIs(t, f.Append([]byte("y")), host.ErrNoSpace)
		w.SetDiskFull("n", false)
		require.NoError(t, f.Close())
		require.Error(t, f.Append([]byte("y")))
	})
	require.Equal(t, []string{"g"}, w.FS("n").Files())
	require.Equal(t, "x", string(must(w.FS("n").ReadFile("g"))))
}

// write makes a file with synced and unsynced content.
func write(fs host.FS, name, synced, unsynced string) {
	f := must(fs.Create(name))
	f.Append([]byte(synced))
	f.Sync()
	f.Append([]byte(unsynced))
}

func TestPowerLossModes(t *testing.T) {
	lose := func(mode PowerLossMode) *FileSystem {
		w, step := disk(t, nil)
		step(func(fs host.FS) {
			write(fs, "kept", "synced", "not")
			fs.SyncDir("")
		})
		w.Run(second)
		step(func(fs host.FS) {
			write(fs, "no-entry", "synced", "")
			require.NoError(t, must(fs.Open("kept")).Append([]byte("later")))
		})
		w.Run(2 * second)
		require.True(t, w.PowerLoss("n", mode, Stream(0, "loss")))
		require.False(t, w.PowerLoss("n", mode, Stream(0, "loss")))
		return w.FS("n")
	}
	fs := lose(LoseUnsynced)
	require.Equal(t, []string{"kept"}, fs.Files(), "a synced file without a synced entry is lost")
	require.Equal(t, "synced", string(must(fs.ReadFile("kept"))), "a sync covers what was written before it")
	fs = lose(Keep)
	require.Equal(t, []string{"kept", "no-entry"}, fs.Files())
	require.Equal(t, "syncednotlater", string(must(fs.ReadFile("kept"))))
}

func TestRenameIsDurableWithItsDirectory(t *testing.T) {
	for _, synced := range []bool{false, true} {
		w, step := disk(t, nil)
		step(func(fs host.FS) {
			write(fs, "checkpoint", "old", "")
			fs.SyncDir("")
		})
		w.Run(second)
		step(func(fs host.FS) {
			write(fs, "checkpoint.tmp", "new", "")
			require.NoError(t, fs.Rename("checkpoint.tmp", "checkpoint"))
			if synced {
				fs.SyncDir("")
			}
		})
		w.Run(2 * second)
		w.PowerLoss("n", LoseUnsynced, nil)
		want := "old"
		if synced {
			want = "new"
		}
		require.Equal(t, want, string(must(w.FS("n").ReadFile("checkpoint"))))
		require.Len(t, w.FS("n").Files(), 1)
	}
}

func TestSyncInFlightIsLostWithThePower(t *testing.T) {
	w, step := disk(t, nil)
	var done []host.Op
	step(func(fs host.FS) { write(fs, "f", "", ""); fs.SyncDir("") })
	w.Run(second)
	step(func(fs host.FS) {
		f := must(fs.Open("f"))
		f.Append([]byte("x"))
		f.Sync()
	})
	w.PowerLoss("n", LoseUnsynced, nil)
	w.Start("n")
	w.Node("n").(*scripted).done = func(_ *scripted, op host.Op, _ error) { done = append(done, op) }
	w.Run(2 * second)
	require.Empty(t, must(w.FS("n").ReadFile("f")))
	require.Empty(t, done)
}

func TestKilledProcessLosesNothingWritten(t *testing.T) {
	w, step := disk(t, nil)
	step(func(fs host.FS) { write(fs, "f", "synced", " not") })
	w.Kill("n")
	require.Equal(t, "synced not", string(must(w.FS("n").ReadFile("f"))))
	step(func(fs host.FS) { must(fs.Open("f")).Append([]byte(", more")) })
	require.Equal(t, "synced not, more", string(must(w.FS("n").ReadFile("f"))))
}

func TestSyncOfADirectoryTakesAlongWhatItDependsOn(t *testing.T) {
	w, step := disk(t, nil)
	step(func(fs host.FS) {
		fs.MkdirAll("a")
		fs.MkdirAll("b")
		fs.SyncDir("")
	})
	w.Run(second)
	step(func(fs host.FS) {
		must(fs.Create("a/earlier"))
		must(fs.Create("a/moved"))
		must(fs.Create("stays"))
		fs.Rename("a/moved", "b/moved")
		must(fs.Create("a/later"))
		fs.SyncDir("b")
		must(fs.Create("b/too-late"))
	})
	w.Run(2 * second)
	w.PowerLoss("n", LoseUnsynced, nil)
	require.Equal(t, []string{"a/earlier", "b/moved"}, w.FS("n").Files())
}

func TestLateSyncDoesNotUndoWriteback(t *testing.T) {
	costs := DefaultCosts()
	costs.Disk.Fsync = Lognormal{P50: 40 * time.Second}
	w, step := disk(t, &costs)
	step(func(fs host.FS) { write(fs, "f", "a", "b") })
	w.Run(45 * second)
	require.Equal(t, "ab", string(must(w.FS("n").ReadDurable("f"))))
	step(func(fs host.FS) { must(fs.Open("f")).Append([]byte("c")) })
	w.Run(90 * second)
	w.PowerLoss("n", LoseUnsynced, nil)
	require.Equal(t, "abc", string(must(w.FS("n").ReadFile("f"))))
}

func TestWriteback(t *testing.T) {
	w, step := disk(t, nil)
	step(func(fs host.FS) { must(fs.Create("old")).Append([]byte("old")) })
	w.Run(20 * second)
	step(func(fs host.FS) { must(fs.Create("young")).Append([]byte("young")) })
	w.Run(31 * second)
	w.PowerLoss("n", LoseUnsynced, nil)
	require.Equal(t, []string{"old"}, w.FS("n").Files())
	require.Equal(t, "old", string(must(w.FS("n").ReadFile("old"))))
}

func TestDiskIsOneQueue(t *testing.T) {
	costs := DefaultCosts()
	costs.Disk = DiskCosts{Fsync: Lognormal{P50: 10 * time.Millisecond}, BytesPerSecond: 1000}
	w, step := disk(t, &costs)
	var done []Time
	w.Node("n").(*scripted).done = func(_ *scripted, _ host.Op, err error) {
		require.NoError(t, err)
		done = append(done, w.now)
	}
	step(func(fs host.FS) {
		f, g := must(fs.Create("f")), must(fs.Create("g"))
		f.Append(make([]byte, 1000))
		f.Sync()
		f.Sync() // nothing is dirty any more
		g.Append(make([]byte, 500))
		g.Sync()
	})
	w.Run(10 * second)
	require.Len(t, done, 3)
	for i, want := range []time.Duration{1010 * time.Millisecond, 1020 * time.Millisecond, 1530 * time.Millisecond} {
		require.InDelta(t, int64(want), int64(done[i]), float64(10*time.Microsecond))
	}
	w.SetDiskFailing("n", true)
	w.Node("n").(*scripted).done = func(_ *scripted, _ host.Op, err error) { require.ErrorIs(t, err, host.ErrIO); done = nil }
	step(func(fs host.FS) {
		f := must(fs.Open("f"))
		f.Append([]byte("x"))
		f.Sync()
	})
	w.Run(11 * second)
	require.Nil(t, done)
	require.Len(t, must(w.FS("n").ReadDurable("f")), 1000)
}

func TestColdReadsWaitForTheDisk(t *testing.T) {
	costs := DefaultCosts()
	costs.Disk.BytesPerSecond = 1000
	w := New(Config{Costs: &costs})
	var answered []Time
	add(w, "server", scripted{start: func(s *scripted) {
		if f, err := s.host.FS().Create("f"); err == nil {
			f.Append(make([]byte, 2000))
		}
	}, received: func(s *scripted, c host.Conn, m text) {
		must(must(s.host.FS().Open("f")).View(0, 2000))
		s.host.Send(c, m)
	}})
	add(w, "client", scripted{start: dialAndSend("server:1", "a", "b"),
		received: func(*scripted, host.Conn, text) { answered = append(answered, w.now) }})
	w.Start("server")
	w.PowerLoss("server", Keep, nil)
	w.Start("server")
	w.Start("client")
	w.Run(10 * second)
	require.Len(t, answered, 2)
	require.Greater(t, answered[0], 2*second)
	require.Less(t, answered[1], 3*second, "the second time it is in the cache")
}

// TestTornStatesAreLegal compares what survives with what was durable and what
// was visible: every sector comes from one of the two, every name is in one of
// the states that its directory went through.
func TestTornStatesAreLegal(t *testing.T) {
	var torn, lostNames, keptNames int
	rapid.Check(t, func(t *rapid.T) {
		w, step := disk(t, nil)
		names := []string{"a", "b", "d/a", "d/b"}
		step(func(fs host.FS) { fs.MkdirAll("d"); fs.SyncDir("") })
		w.Run(second)
		// The states of the root that no later sync has made obsolete.
		var rootStates [][]string
		noteRoot := func(fs host.FS) { rootStates = append(rootStates, must(fs.List(""))) }
		step(noteRoot)
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			name := rapid.SampledFrom(names).Draw(t, "name")
			other := rapid.SampledFrom(names).Draw(t, "other")
			what := rapid.IntRange(0, 7).Draw(t, "what")
			step(func(fs host.FS) {
				f, err := fs.Open(name)
				switch {
				case what == 0 && err == nil:
					fs.Remove(name)
				case what == 1 && err == nil:
					fs.Rename(name, other)
				case what == 2 && err == nil:
					f.Sync()
				case what == 3:
					fs.SyncDir("")
				case what == 4:
					fs.SyncDir("d")
				case err == nil:
					f.Append(bytes.Repeat([]byte{byte(1 + what)}, 700))
				default:
					must(fs.Create(name)).Append([]byte(name))
				}
				noteRoot(fs)
			})
			if what == 2 || what == 3 || what == 4 {
				w.Run(w.Now() + second)
			}
			if what == 3 {
				rootStates = rootStates[len(rootStates)-1:]
			}
		}
		visible, durable := map[*inode][]byte{}, map[*inode][]byte{}
		note := func(_ []byte, n *inode) {
			if !n.isDirectory() {
				visible[n], durable[n] = n.data.all(), n.onDisk().all()
			}
		}
		w.FS("n").walk(nil, w.FS("n").root, note)
		for _, c := range w.FS("n").changes {
			note(nil, c.file)
		}
		before := w.FS("n").Files()
		w.PowerLoss("n", Tear, Stream(rapid.Uint64().Draw(t, "seed"), "tear"))
		after := w.FS("n").Files()
		if len(after) < len(before) {
			lostNames++
		} else if len(before) > 0 {
			keptNames++
		}
		var rootNow []string
		step(func(fs host.FS) { rootNow = must(fs.List("")) })
		require.True(t, slices.ContainsFunc(rootStates, func(s []string) bool { return slices.Equal(s, rootNow) }),
			"%v is none of the root's states %v", rootNow, rootStates)
		w.FS("n").walk(nil, w.FS("n").root, func(name []byte, n *inode) {
			if n.isDirectory() {
				return
			}
			old, known := durable[n]
			if !known {
				return // it was gone from sight, and its removal was lost
			}
			cached := visible[n]
			now := n.data.all()
			require.GreaterOrEqual(t, len(now), min(len(old), len(cached)), string(name))
			require.LessOrEqual(t, len(now), max(len(old), len(cached)), string(name))
			if !bytes.Equal(now, old) && !bytes.Equal(now, cached) {
				torn++
			}
			for off := 0; off < len(now); off += 512 {
				end := min(off+512, len(now))
				require.True(t, sectorOf(now, old, off, end) || sectorOf(now, cached, off, end), "%s at %d", name, off)
			}
		})
	})
	require.Positive(t, torn)
	require.Positive(t, lostNames)
	require.Positive(t, keptNames)
}

// sectorOf tells whether a sector is that of a version of the file, with zeros
// where the version is shorter.
func sectorOf(data, version []byte, off, end int) bool {
	sector := make([]byte, end-off)
	if off < len(version) {
		copy(sector, version[off:])
	}
	return bytes.Equal(data[off:end], sector)
}
