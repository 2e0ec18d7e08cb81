package sim

import (
	"maps"
	"math/rand/v2"
	"slices"
	"time"
)

// PowerLossMode says what a power loss leaves of what was not synced.
type PowerLossMode uint8

const (
	LoseUnsynced PowerLossMode = iota // nothing of it
	Tear                              // any legal part of it
	Keep                              // all of it
)

// String returns the mode's name in a scenario file.
func (m PowerLossMode) String() string {
	return [...]string{"lose_unsynced", "tear", "keep"}[m]
}

// entryChange is one directory operation: a name disappears from one directory,
// appears in one, or moves (atomically, both in one change). The same change is
// applied to the cache at once and to the disk when it becomes durable.
type entryChange struct {
	number           uint64
	at               Time
	from, to         *inode
	fromName, toName string
	file             *inode
}

// change makes a directory operation visible; it is not durable yet.
func (fs *FileSystem) change(c entryChange) {
	fs.written++
	c.number, c.at = fs.written, fs.world.now
	if c.from != nil {
		delete(c.from.entries, c.fromName)
		if c.file.isDirectory() {
			fs.lately = nil
		}
	}
	if c.to != nil {
		c.to.entries[c.toName] = c.file
	}
	if len(fs.changes) == cap(fs.changes) { // a broker makes thousands of files at once: twice as many, not 1.25 times
		fs.changes = slices.Grow(fs.changes, max(16, len(fs.changes)))
	}
	fs.changes = append(fs.changes, c)
}

// applyDurable brings a change to the disk.
func (c *entryChange) applyDurable() {
	if c.from != nil && c.from.durableEntries[c.fromName] == c.file {
		delete(c.from.durableEntries, c.fromName)
	}
	if c.to == nil {
		return
	}
	if c.to.durableEntries == nil {
		c.to.durableEntries = map[string]*inode{}
	}
	c.to.durableEntries[c.toName] = c.file
}

// syncDirectory makes the changes of a directory durable up to a number. The
// file system writes the changes of a directory in order, and a move between
// two directories in one piece; so it takes along what those depend on.
func (fs *FileSystem) syncDirectory(directory *inode, upTo uint64) {
	needed := map[*inode]bool{directory: true}
	chosen := make([]bool, len(fs.changes))
	for i := len(fs.changes) - 1; i >= 0; i-- {
		c := &fs.changes[i]
		if c.number > upTo || !needed[c.from] && !needed[c.to] {
			continue
		}
		chosen[i] = true
		for _, end := range [2]*inode{c.from, c.to} {
			if end != nil {
				needed[end] = true
			}
		}
	}
	rest := fs.changes[:0]
	for i := range fs.changes {
		if chosen[i] {
			fs.changes[i].applyDurable()
		} else {
			rest = append(rest, fs.changes[i])
		}
	}
	clear(fs.changes[len(rest):])
	fs.changes = rest
}

// onDisk is what the disk holds of a file.
func (n *inode) onDisk() *content {
	if n.durable == nil {
		return &content{}
	}
	return n.durable
}

// syncFile makes a version of a file durable, unless the disk has a later one.
func (n *inode) syncFile(synced content, version uint64) {
	if version <= n.durableVersion {
		return
	}
	if n.durable == nil {
		n.durable = new(content)
	}
	*n.durable, n.durableVersion = synced, version
	if n.version == version {
		n.shortest = synced.size
	} else {
		n.shortest = min(synced.size, n.data.size)
	}
}

// writeBack makes durable what has waited for longer than the age, oldest
// first, and returns how many bytes that were.
func (fs *FileSystem) writeBack(age time.Duration) (bytes int64) {
	due := fs.world.now - Time(age)
	for fs.aging.count > 0 && fs.aging.at(0).since <= due {
		aged := fs.aging.pop()
		if !aged.dirty() {
			continue
		}
		bytes += aged.file.dirty
		aged.file.dirty = 0
		aged.file.syncFile(aged.file.snapshot(), aged.file.version)
	}
	n := 0
	for n < len(fs.changes) && fs.changes[n].at <= due {
		fs.changes[n].applyDurable()
		n++
	}
	fs.changes = slices.Delete(fs.changes, 0, n)
	return bytes
}

// nextWriteBack is when writeBack has something to do again, or never.
func (fs *FileSystem) nextWriteBack(age time.Duration) Time {
	next := never
	for fs.aging.count > 0 && !fs.aging.at(0).dirty() {
		fs.aging.pop()
	}
	if fs.aging.count > 0 {
		next = fs.aging.at(0).since + Time(age)
	}
	if len(fs.changes) > 0 {
		next = min(next, fs.changes[0].at+Time(age))
	}
	return next
}

// losePower leaves what the mode says of everything that was not durable; from
// then on that is the content, and none of it is in the cache.
func (fs *FileSystem) losePower(mode PowerLossMode, chance *rand.Rand) {
	fs.surviveChanges(mode, chance)
	fs.lately = nil
	fs.walkDurable(fs.root, func(n *inode) {
		if n.isDirectory() {
			n.entries = map[string]*inode{}
			maps.Copy(n.entries, n.durableEntries)
			return
		}
		left := *n.onDisk()
		if n.version != n.durableVersion {
			switch mode {
			case Tear:
				left = n.tear(chance)
			case Keep:
				left = n.data
			}
		}
		*n = inode{data: left.cut(left.size), durable: &left, frozen: left.size, shortest: left.size, cold: int64(left.size)}
	})
	fs.aging = ring[agingFile]{}
}

// surviveChanges decides which directory operations the disk got: of every
// directory the first ones, up to any point, a move in both directories or in
// none.
func (fs *FileSystem) surviveChanges(mode PowerLossMode, chance *rand.Rand) {
	cutEighths := 8
	switch mode {
	case Keep:
		cutEighths = 0
	case Tear:
		cutEighths = chance.IntN(5) // from all to half of the first changes survive
	}
	stopped := map[*inode]bool{}
	for i := range fs.changes {
		c := &fs.changes[i]
		cut := cutEighths == 8 || mode == Tear && chance.IntN(8) < cutEighths
		if cut || stopped[c.from] || stopped[c.to] {
			for _, end := range [2]*inode{c.from, c.to} {
				if end != nil {
					stopped[end] = true
				}
			}
			continue
		}
		c.applyDurable()
	}
	clear(fs.changes)
	fs.changes = fs.changes[:0]
}

func (fs *FileSystem) walkDurable(n *inode, visit func(*inode)) {
	visit(n)
	for _, entry := range slices.Sorted(maps.Keys(n.durableEntries)) {
		fs.walkDurable(n.durableEntries[entry], visit)
	}
}

// tear mixes what the disk holds with what the cache holds, page by page or
// sector by sector. The length is the disk's or any that the file has had
// since; what neither has is a hole of zeros.
func (n *inode) tear(chance *rand.Rand) content {
	unit := 4096
	if chance.IntN(2) == 0 {
		unit = 512
	}
	torn := make([]byte, n.tornSize(chance))
	cachedQuarters := 1 + chance.IntN(3)
	for off := 0; off < len(torn); off += unit {
		source := n.onDisk()
		if chance.IntN(4) < cachedQuarters {
			source = &n.data
		}
		source.read(torn[off:min(off+unit, len(torn))], off)
	}
	var left content
	left.append(torn)
	return left
}

func (n *inode) tornSize(chance *rand.Rand) int {
	durable := n.onDisk().size
	least := min(n.shortest, durable, n.data.size)
	if least < durable && chance.IntN(2) == 0 {
		return durable // the truncation is lost
	}
	switch chance.IntN(4) {
	case 0:
		return least
	case 1:
		return n.data.size
	}
	return least + chance.IntN(n.data.size-least+1)
}
