package sim

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"assay/host"

	"github.com/cespare/xxhash/v2"
)

// FileSystem is the disk of one machine and the cache in front of it. It
// outlives processes. Processes see it through host.FS; harnesses and tests
// read it here.
type FileSystem struct {
	world *World
	root  *inode
	// lately is the directory that was looked up last, at latelyAt: much is done
	// in one before the next one's turn comes.
	lately   *inode
	latelyAt string
	// changes are the directory operations that are not durable yet, oldest
	// first; written counts all there ever were.
	changes []entryChange
	written uint64
	// aging are the files with unsynced data in the order they became dirty.
	aging ring[agingFile]

	full, failing bool // switches of faults
}

// inode is a file or a directory. Bytes that somebody may hold (a View, the
// durable image) are never changed in place, so a snapshot of a file is its
// content.
type inode struct {
	// A directory has entries; durable ones, nil as long as there are none, are
	// what a power loss leaves.
	entries, durableEntries map[string]*inode

	// A file has bytes. Those below frozen may be held by others.
	data   content
	frozen int
	// durable is what the disk holds, the version it holds, and the shortest
	// that the file has been since.
	durable                 *content // nil for nothing
	version, durableVersion uint64
	shortest                int
	// dirty counts the bytes that no sync was submitted for, since dirtySince.
	dirty      int64
	dirtySince Time
	// cold counts the bytes that a power loss left on the disk alone.
	cold int64
}

type agingFile struct {
	file  *inode
	since Time
}

// dirty tells whether the file has not been synced meanwhile.
func (a *agingFile) dirty() bool { return a.file.dirty > 0 && a.file.dirtySince == a.since }

func newDirectory() *inode {
	return &inode{entries: map[string]*inode{}}
}

func newFileSystem(w *World) *FileSystem {
	return &FileSystem{world: w, root: newDirectory()}
}

func (n *inode) isDirectory() bool { return n.entries != nil }

var (
	errNotDirectory = errors.New("not a directory")
	errNotEmpty     = errors.New("directory not empty")
)

// ReadFile returns what a process would read now. The bytes never change.
func (fs *FileSystem) ReadFile(name string) ([]byte, error) {
	n, err := fs.lookup("read", name)
	if err != nil {
		return nil, err
	}
	if n.isDirectory() {
		return nil, fmt.Errorf("read %s: %w", name, host.ErrFileIsDir)
	}
	n.frozen = n.data.size
	return n.data.all(), nil
}

// ReadDurable returns what the disk holds of a file that can be seen now, which
// is what a power loss with LoseUnsynced leaves of it if its entry survives.
func (fs *FileSystem) ReadDurable(name string) ([]byte, error) {
	n, err := fs.lookup("read", name)
	if err != nil {
		return nil, err
	}
	return n.onDisk().all(), nil
}

// Files returns the names of all files, sorted.
func (fs *FileSystem) Files() []string {
	var names []string
	fs.walk(nil, fs.root, func(name []byte, n *inode) {
		if !n.isDirectory() {
			names = append(names, string(name))
		}
	})
	return names
}

// Corrupt flips the bits of mask in the byte at off, on the disk and in the
// cache: bit rot that nobody was told of.
func (fs *FileSystem) Corrupt(name string, off int64, mask byte) error {
	n, err := fs.lookup("corrupt", name)
	if err != nil {
		return err
	}
	if off < 0 || off >= int64(n.data.size) {
		return fmt.Errorf("corrupt %s at %d: %w", name, off, io.ErrUnexpectedEOF)
	}
	n.data.corrupt(int(off), mask)
	n.frozen = n.data.size
	if off < int64(n.onDisk().size) {
		n.durable.corrupt(int(off), mask)
	}
	return nil
}

// walk visits a tree, parents first, names in order. A name is valid during the
// visit.
func (fs *FileSystem) walk(name []byte, n *inode, visit func([]byte, *inode)) {
	var open []string // the sorted entries of the directories on the way down
	fs.walkBelow(name, n, &open, visit)
}

func (fs *FileSystem) walkBelow(name []byte, n *inode, open *[]string, visit func([]byte, *inode)) {
	visit(name, n)
	if !n.isDirectory() {
		return
	}
	if len(name) > 0 {
		name = append(name, '/')
	}
	first := len(*open)
	for entry := range n.entries { // order-free: they are sorted
		*open = append(*open, entry)
	}
	slices.Sort((*open)[first:])
	for i := range len(n.entries) {
		entry := (*open)[first+i]
		fs.walkBelow(append(name, entry...), n.entries[entry], open, visit)
	}
	*open = (*open)[:first]
}

// addTo rolls the names and bytes of all files into a digest.
func (fs *FileSystem) addTo(d *Digest) {
	fs.walk(make([]byte, 0, 256), fs.root, func(name []byte, n *inode) {
		kind := uint64(n.data.size) << 1
		if n.isDirectory() {
			kind = 1
		}
		d.add(xxhash.Sum64(name), kind, n.data.hash())
	})
}

// lookup finds an existing file or directory.
func (fs *FileSystem) lookup(operation, name string) (*inode, error) {
	n := fs.root
	path := clean(name)
	if fs.lately != nil && fs.latelyAt == path {
		return fs.lately, nil
	}
	for rest := path; rest != ""; {
		var entry string
		entry, rest, _ = strings.Cut(rest, "/")
		if n = n.entries[entry]; n == nil {
			return nil, missing{operation, name}
		}
	}
	if n.isDirectory() {
		fs.lately, fs.latelyAt = n, path
	}
	return n, nil
}

// parent finds the directory that holds name, and the last element of it.
func (fs *FileSystem) parent(operation, name string) (*inode, string, error) {
	directory, entry := "", clean(name)
	if i := strings.LastIndexByte(entry, '/'); i >= 0 {
		directory, entry = entry[:i], entry[i+1:]
	}
	n, err := fs.lookup(operation, directory)
	if err != nil {
		return nil, "", err
	}
	if !n.isDirectory() {
		return nil, "", fmt.Errorf("%s %s: %w", operation, name, errNotDirectory)
	}
	if entry == "" {
		return nil, "", fmt.Errorf("%s the root: %w", operation, host.ErrFileIsDir)
	}
	return n, entry, nil
}

// clean drops the slashes and dots that do not matter; "" is the root.
func clean(name string) string {
	name = strings.TrimPrefix(strings.Trim(name, "/"), "./")
	if name == "." {
		return ""
	}
	return name
}

func (fs *FileSystem) create(name string) (*inode, error) {
	directory, entry, err := fs.parent("create", name)
	if err != nil {
		return nil, err
	}
	if n := directory.entries[entry]; n != nil {
		if n.isDirectory() {
			return nil, fmt.Errorf("create %s: %w", name, host.ErrFileIsDir)
		}
		return nil, fmt.Errorf("create %s: %w", name, host.ErrExist)
	}
	n := &inode{}
	fs.change(entryChange{to: directory, toName: entry, file: n})
	return n, nil
}

func (fs *FileSystem) open(name string) (*inode, error) {
	n, err := fs.lookup("open", name)
	if err != nil {
		return nil, err
	}
	if n.isDirectory() {
		return nil, fmt.Errorf("open %s: %w", name, host.ErrFileIsDir)
	}
	return n, nil
}

func (fs *FileSystem) rename(oldName, newName string) error {
	from, fromEntry, err := fs.parent("rename", oldName)
	if err != nil {
		return err
	}
	to, toEntry, err := fs.parent("rename", newName)
	if err != nil {
		return err
	}
	n := from.entries[fromEntry]
	if n == nil {
		return fmt.Errorf("rename %s: %w", oldName, host.ErrNotExist)
	}
	if replaced := to.entries[toEntry]; replaced != nil && replaced != n {
		switch {
		case replaced.isDirectory() != n.isDirectory():
			return fmt.Errorf("rename %s to %s: %w", oldName, newName, host.ErrFileIsDir)
		case replaced.isDirectory() && len(replaced.entries) > 0:
			return fmt.Errorf("rename %s to %s: %w", oldName, newName, errNotEmpty)
		}
	}
	if from == to && fromEntry == toEntry {
		return nil
	}
	if n.isDirectory() && strings.HasPrefix(clean(newName)+"/", clean(oldName)+"/") {
		return fmt.Errorf("rename %s into itself: %w", oldName, host.ErrExist)
	}
	fs.change(entryChange{from: from, fromName: fromEntry, to: to, toName: toEntry, file: n})
	return nil
}

// missing says that there is no such file. It is an answer that is often asked for
// and seldom read: the words wait until somebody does.
type missing struct{ operation, name string }

func (m missing) Error() string { return m.operation + " " + m.name + ": " + host.ErrNotExist.Error() }

func (m missing) Unwrap() error { return host.ErrNotExist }

func (fs *FileSystem) remove(name string) error {
	directory, entry, err := fs.parent("remove", name)
	if err != nil {
		return err
	}
	n := directory.entries[entry]
	if n == nil {
		return missing{"remove", name}
	}
	if len(n.entries) > 0 {
		return fmt.Errorf("remove %s: %w", name, errNotEmpty)
	}
	fs.change(entryChange{from: directory, fromName: entry, file: n})
	return nil
}

func (fs *FileSystem) list(directory string) ([]string, error) {
	n, err := fs.lookup("list", directory)
	if err != nil {
		return nil, err
	}
	if !n.isDirectory() {
		return nil, fmt.Errorf("list %s: %w", directory, errNotDirectory)
	}
	names := make([]string, 0, len(n.entries))
	for entry, file := range n.entries { // order-free: they are sorted
		if file.isDirectory() {
			entry += "/"
		}
		names = append(names, entry)
	}
	slices.Sort(names)
	return names, nil
}

// wrote notes that n bytes of a file changed.
func (fs *FileSystem) wrote(file *inode, n int64) {
	file.version++
	file.shortest = min(file.shortest, file.data.size)
	fs.redirty(file, max(n, 1))
}

// redirty notes that no sync is under way for n bytes of a file.
func (fs *FileSystem) redirty(file *inode, n int64) {
	if file.dirty == 0 {
		file.dirtySince = fs.world.now
		fs.aging.push(agingFile{file, fs.world.now})
	}
	file.dirty += n
}

// writeAt overwrites. Where somebody may hold the bytes, it writes a copy.
func (n *inode) writeAt(p []byte, off int64) {
	if beyond := int(off) + len(p) - n.data.size; beyond > 0 {
		n.data.appendZeros(beyond)
	}
	if int(off) < n.frozen {
		n.data = n.data.clone()
		n.frozen = 0
	}
	n.data.overwrite(p, int(off))
}

func (n *inode) truncate(size int64) {
	switch {
	case int(size) > n.data.size:
		n.data.appendZeros(int(size) - n.data.size)
	case int(size) < n.frozen:
		n.data = n.data.cut(int(size))
		n.frozen = int(size)
	default:
		n.data.size = int(size)
	}
}

// snapshot is the file's present content, for good.
func (n *inode) snapshot() content {
	n.frozen = n.data.size
	return n.data
}
