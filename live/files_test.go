package live

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"assay/host"
	"assay/sim"
)

// category is what a node can learn from an error: the errors of the boundary
// that mean something of their own, and all others.
func category(err error) string {
	for _, known := range []error{host.ErrNotExist, host.ErrExist, host.ErrNoSpace, host.ErrFileIsDir, io.ErrUnexpectedEOF, io.EOF} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	if err != nil {
		return "another error"
	}
	return "ok"
}

// disk is a file system with the handles that a test has open.
type disk struct {
	fs      host.FS
	handles []host.File
}

// operation is one thing done to a file system, and what it answered.
type operation struct {
	name string
	do   func(*disk) string
}

// TestFileSystemsAgree does the same to the simulator's file system and to the
// real one: every answer is equal.
func TestFileSystemsAgree(t *testing.T) {
	simulated, real := &simulatedDisk{}, &realDisk{}
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 1))
		onSim, onReal := simulated.fresh(t), real.fresh(t)
		history := ""
		for range 80 {
			o := drawOperation(random)
			var want, got string
			onSim.step(func() { want = o.do(&onSim.disk) })
			onReal.step(func() { got = o.do(&onReal.disk) })
			history += o.name + " -> " + want + "\n"
			require.Equal(t, want, got, "seed %d:\n%s", seed, history)
		}
		onReal.end()
	}
}

type steppedDisk struct {
	disk
	step func(func())
	end  func()
}

type simulatedDisk struct{}

func (*simulatedDisk) fresh(t *testing.T) *steppedDisk {
	n := newScripted()
	w := sim.New(sim.Config{Seed: 1})
	w.AddNode(sim.NodeSpec{Name: "n", Factory: func() host.Node { return n }})
	w.Start("n")
	d := &steppedDisk{end: func() {}}
	d.step = func(f func()) { w.Inject("n", func(host.Node) { f() }) }
	d.step(func() { d.fs = n.host.FS() })
	require.NotNil(t, d.fs)
	return d
}

type realDisk struct{}

func (*realDisk) fresh(t *testing.T) *steppedDisk {
	p := Start(Config{Dir: t.TempDir()}, newScripted())
	d := &steppedDisk{end: p.Stop}
	t.Cleanup(p.Stop)
	d.fs = p.FS()
	d.step = func(f func()) { p.Call(func(host.Node) { f() }) }
	return d
}

// A name is always a file's or always a directory's: no node mixes them up, and
// real systems have their own words for each way of doing so.
var (
	fileNames      = []string{"a", "b", "d/a", "d/b", "d/e/a", "g/a"}
	directoryNames = []string{"d", "d/e", "g"}
)

func drawOperation(random *rand.Rand) operation {
	names := fileNames
	if random.IntN(3) == 0 {
		names = directoryNames
	}
	name, other := names[random.IntN(len(names))], names[random.IntN(len(names))]
	off, n := int64(random.IntN(40))-2, 1+random.IntN(20)
	content := make([]byte, n)
	for i := range content {
		content[i] = byte(random.IntN(256))
	}
	which := random.IntN(100)
	on := func(what string, f func(host.File) string) operation {
		return operation{fmt.Sprintf("%s of handle %d", what, which), func(d *disk) string {
			if len(d.handles) == 0 {
				return "no handle"
			}
			return f(d.handles[which%len(d.handles)])
		}}
	}
	opened := func(d *disk, f host.File, err error) string {
		if err == nil {
			d.handles = append(d.handles, f)
			return fmt.Sprint("ok, size ", f.Size())
		}
		return category(err)
	}
	switch random.IntN(15) {
	case 0, 1:
		name = fileNames[random.IntN(len(fileNames))]
		return operation{"create " + name, func(d *disk) string { f, err := d.fs.Create(name); return opened(d, f, err) }}
	case 2, 3:
		return operation{"open " + name, func(d *disk) string { f, err := d.fs.Open(name); return opened(d, f, err) }}
	case 4:
		return operation{"rename " + name + " to " + other, func(d *disk) string {
			if _, err := d.fs.List(other); err == nil {
				return "not tried" // systems differ in whether a directory may replace another
			}
			if err := d.fs.Rename(name, other); err == nil || errors.Is(err, host.ErrNotExist) {
				return category(err)
			}
			return "refused" // a directory into itself
		}}
	case 5:
		return operation{"remove " + name, func(d *disk) string { return category(d.fs.Remove(name)) }}
	case 6:
		return operation{"remove all " + name, func(d *disk) string { return category(d.fs.RemoveAll(name)) }}
	case 7:
		name = directoryNames[random.IntN(len(directoryNames))]
		return operation{"mkdir " + name, func(d *disk) string { return category(d.fs.MkdirAll(name)) }}
	case 8:
		name = append(directoryNames, ".")[random.IntN(len(directoryNames)+1)]
		return operation{"list " + name, func(d *disk) string {
			names, err := d.fs.List(name)
			return fmt.Sprintf("%s %q", category(err), names)
		}}
	case 9, 10:
		return on(fmt.Sprintf("append %x", content), func(f host.File) string {
			return sizeAfter(f, f.Append(content))
		})
	case 11:
		return on(fmt.Sprintf("write %x at %d", content, off), func(f host.File) string {
			return sizeAfter(f, f.WriteAt(content, off))
		})
	case 12:
		return on(fmt.Sprintf("truncate to %d", off), func(f host.File) string {
			return sizeAfter(f, f.Truncate(off))
		})
	case 13:
		return on(fmt.Sprintf("read %d at %d", n, off), func(f host.File) string {
			p := make([]byte, n)
			got, err := f.ReadAt(p, off)
			view, viewErr := f.View(off, n)
			return fmt.Sprintf("%s %x, view %s %x", category(err), p[:got], category(viewErr), view)
		})
	default:
		return on("close", func(f host.File) string { return category(f.Close()) })
	}
}

func sizeAfter(f host.File, err error) string {
	if err != nil {
		return category(err)
	}
	return fmt.Sprint("ok, size ", f.Size())
}

// TestSyncs: every sync ends, those of what is gone with an error.
func TestSyncs(t *testing.T) {
	n := newScripted()
	p, _ := startNode(t, n, nil)
	p.Call(func(host.Node) {
		f, err := p.FS().Create("f")
		require.NoError(t, err)
		require.NoError(t, f.Append([]byte("x")))
		require.NotZero(t, f.Sync())
		require.NoError(t, f.Close()) // the sync under way is not disturbed
	})
	require.NoError(t, next[doneEvent](t, n).err)
	p.Call(func(host.Node) { p.FS().SyncDir(".") })
	require.NoError(t, next[doneEvent](t, n).err)
	p.Call(func(host.Node) { p.FS().SyncDir("missing") })
	require.ErrorIs(t, next[doneEvent](t, n).err, host.ErrNotExist)
	p.Call(func(host.Node) {
		f, err := p.FS().Open("f")
		require.NoError(t, err)
		require.NoError(t, f.Close())
		f.Sync()
	})
	require.ErrorIs(t, next[doneEvent](t, n).err, host.ErrIO)
}

// TestViewsStay: what was read may be sent, whatever the file becomes.
func TestViewsStay(t *testing.T) {
	p, _ := startNode(t, newScripted(), nil)
	p.Call(func(host.Node) {
		f, err := p.FS().Create("f")
		require.NoError(t, err)
		require.NoError(t, f.Append([]byte("before")))
		view, err := f.View(0, 6)
		require.NoError(t, err)
		require.NoError(t, f.WriteAt([]byte("after!"), 0))
		require.NoError(t, f.Truncate(0))
		require.Equal(t, "before", string(view))
	})
}
