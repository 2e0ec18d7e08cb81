package sim

import (
	"math/rand/v2"

	"assay/host"

	"github.com/cespare/xxhash/v2"
)

// profile is a node's costs in the form that the hot path uses.
type profile struct {
	latency    *quantiles
	line       perByte
	loopback   Time
	maxOutput  int64
	fsync      *quantiles
	disk       perByte
	writeback  Time
	perRequest Time
	perEvent   Time
	perByte    Time
	typical    Time // the median latency
}

func (w *World) newProfile(costs *Costs) profile {
	return profile{
		latency:    w.table(costs.Network.Latency),
		line:       bandwidth(costs.Network.BitsPerSecond / 8),
		loopback:   Time(costs.Network.Loopback),
		maxOutput:  costs.Network.MaxOutput,
		fsync:      w.table(costs.Disk.Fsync),
		disk:       bandwidth(costs.Disk.BytesPerSecond),
		writeback:  Time(costs.Disk.Writeback),
		perRequest: Time(costs.CPU.PerRequest),
		perEvent:   Time(costs.CPU.PerEvent),
		perByte:    Time(costs.CPU.PerByte),
		typical:    median(costs.Network.Latency),
	}
}

// table gives the quantiles of a distribution: the same to all machines, so
// that they stay in the CPU's cache.
func (w *World) table(d Distribution) *quantiles {
	if d == nil {
		d = Constant(0)
	}
	table := w.tables[d]
	if table == nil {
		table = d.table()
		w.tables[d] = table
	}
	return table
}

// machine is what outlives a node's processes: its name, its disk, its CPUs and
// its place in the network.
type machine struct {
	world       *World
	index       int
	key         uint64 // of its random streams: seed and name
	hash        uint64 // of its name, for the digest
	spec        NodeSpec
	profile     profile
	fs          *FileSystem
	powered     bool
	process     *process // nil: down
	incarnation uint64
	cpuFree     []Time // by CPU
	draining    bool   // an event will look at the run queue
	drained     Time   // when that is

	diskFree    Time
	diskSlower  int64 // the largest of diskFactors, else 1
	diskChance  rand.PCG
	writebackAt Time // when the next event for it comes, or never

	dials        []uint64 // by machine: how often it was dialled
	dialsNowhere uint64
	operations   uint64 // the last Op
	wallSkew     Time

	diskFactors []int64    // of the slowdowns under way
	zone        int        // in World.zones; 0 is none
	links       []zonePath // by zone of the other end; nil: the profile is all
}

func newMachine(w *World, spec NodeSpec, costs *Costs) *machine {
	m := &machine{
		world: w, index: len(w.machines), spec: spec,
		hash:    xxhash.Sum64String(spec.Name),
		profile: w.newProfile(costs), fs: newFileSystem(w), powered: true,
		cpuFree: make([]Time, max(1, costs.CPU.Cores)), diskSlower: 1, writebackAt: never,
		wallSkew: Time(spec.WallSkew),
	}
	m.key = fork(w.config.Seed, m.hash)
	m.diskChance = newPCG(fork(m.key, xxhash.Sum64String("disk")))
	return m
}

// freeCPU returns a CPU that is free now, or -1.
func (m *machine) freeCPU() int {
	for i, at := range m.cpuFree {
		if at <= m.world.now {
			return i
		}
	}
	return -1
}

// drain looks at the run queue as soon as a CPU is free.
func (m *machine) drain() {
	at := m.cpuFree[0]
	for _, free := range m.cpuFree[1:] {
		at = min(at, free)
	}
	at = max(at, m.world.now)
	if !m.draining || at < m.drained {
		m.draining, m.drained = true, at
		m.world.queue.push(at, newEvent(eventDrain, uint64(m.index)))
	}
}

// diskSync is one operation of the disk.
type diskSync struct {
	op      host.Op
	process *process
	file    *inode // or directory
	content content
	version uint64 // of the file; the last change for a directory
	bytes   int64
	due     Time
	err     error // it fails; what it should sync stays as it was
}

// useDisk lets an operation queue at the disk and returns when it is done.
func (m *machine) useDisk(at, fixed Time, bytes int64) Time {
	took := (fixed + m.profile.disk.of(bytes)) * Time(m.diskSlower)
	m.diskFree = max(m.diskFree, at) + took
	return m.diskFree
}

// startSync hands a sync to the disk at a time.
func (m *machine) startSync(s diskSync, at Time) {
	if s.err == nil && m.fs.failing {
		s.err = host.ErrIO
	}
	s.due = m.useDisk(at, Time(m.profile.fsync.draw(m.diskChance.Uint64())), s.bytes)
	m.world.queue.push(s.due, newEvent(eventSynced, m.world.syncs.add(s)))
}

// finishSync makes durable what a sync covered, and tells its process.
func (w *World) finishSync(slot uint64) {
	s := w.syncs.remove(slot)
	if s.process == nil {
		return // the machine lost power meanwhile, or its disk another speed
	}
	if s.err == nil {
		if s.file.isDirectory() {
			s.process.machine.fs.syncDirectory(s.file, s.version)
		} else {
			s.file.syncFile(s.content, s.version)
		}
	}
	w.submit(s.process, work{kind: workDone, number: uint64(s.op), err: s.err})
}

// scheduleWriteback makes sure that the cache is written when it is old enough.
func (m *machine) scheduleWriteback() {
	if m.writebackAt != never || m.profile.writeback == 0 {
		return
	}
	if at := m.fs.nextWriteBack(m.spec.costs.Disk.Writeback); at != never {
		m.writebackAt = max(at, m.world.now)
		m.world.queue.push(m.writebackAt, newEvent(eventWriteback, uint64(m.index)))
	}
}

func (m *machine) writeBack() {
	m.writebackAt = never
	if !m.powered {
		return
	}
	if bytes := m.fs.writeBack(m.spec.costs.Disk.Writeback); bytes > 0 {
		m.useDisk(m.world.now, 0, bytes)
	}
	m.scheduleWriteback()
}

// slab keeps values that events refer to by number, and their memory.
type slab[T any] struct {
	slots []T
	free  []uint64
}

func (s *slab[T]) add(v T) uint64 {
	if n := len(s.free); n > 0 {
		slot := s.free[n-1]
		s.free = s.free[:n-1]
		s.slots[slot] = v
		return slot
	}
	s.slots = append(s.slots, v)
	return uint64(len(s.slots) - 1)
}

func (s *slab[T]) remove(slot uint64) T {
	v := s.slots[slot]
	var zero T
	s.slots[slot] = zero
	s.free = append(s.free, slot)
	return v
}
