package storage

import (
	"io"
	"maps"
	"slices"
	"strings"

	"assay/host"
)

// memFS is a file system for tests that knows what is durable: a kill keeps
// everything, a power loss what was synced and an arbitrary part of the rest.
// Directories themselves are always durable; their entries are not.
type memFS struct {
	entries map[string]*inode // by path; "dir/" holds nil
	durable map[string]*inode
	pending []pendingSync
	lastOp  host.Op
	failing bool               // all writes fail
	synced  map[string]host.Op // as inode's, by directory
}

type inode struct {
	data, durable []byte
	synced        host.Op // the latest sync that ended: an older one changes nothing
}

type pendingSync struct {
	op    host.Op
	apply func()
}

func newMemFS() *memFS {
	return &memFS{entries: map[string]*inode{}, durable: map[string]*inode{}, synced: map[string]host.Op{}}
}

func (m *memFS) hasDir(dir string) bool {
	_, ok := m.entries[dir+"/"]
	return ok || dir == "." || dir == ""
}

func parentOf(name string) string {
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		return name[:i]
	}
	return ""
}

func (m *memFS) Create(name string) (host.File, error) {
	if !m.hasDir(parentOf(name)) {
		return nil, host.ErrNotExist
	}
	if m.entries[name] != nil {
		return nil, host.ErrExist
	}
	if m.failing {
		return nil, host.ErrNoSpace
	}
	m.entries[name] = &inode{}
	return &memFile{fs: m, inode: m.entries[name]}, nil
}

func (m *memFS) Open(name string) (host.File, error) {
	if m.entries[name] == nil {
		return nil, host.ErrNotExist
	}
	return &memFile{fs: m, inode: m.entries[name]}, nil
}

func (m *memFS) Rename(oldName, newName string) error {
	if m.failing {
		return host.ErrIO
	}
	if m.hasDir(oldName) {
		for _, set := range []map[string]*inode{m.entries, m.durable} {
			for _, name := range slices.Sorted(maps.Keys(set)) {
				if rest, ok := strings.CutPrefix(name, oldName+"/"); ok {
					set[newName+"/"+rest] = set[name]
					delete(set, name)
				}
			}
		}
		return nil
	}
	if m.entries[oldName] == nil {
		return host.ErrNotExist
	}
	m.entries[newName] = m.entries[oldName]
	delete(m.entries, oldName)
	return nil
}

func (m *memFS) Remove(name string) error {
	if m.entries[name] == nil {
		return host.ErrNotExist
	}
	delete(m.entries, name)
	return nil
}

func (m *memFS) RemoveAll(name string) error {
	for _, set := range []map[string]*inode{m.entries, m.durable} {
		maps.DeleteFunc(set, func(entry string, _ *inode) bool { return strings.HasPrefix(entry, name+"/") })
	}
	return nil
}

func (m *memFS) MkdirAll(dir string) error {
	for ; dir != ""; dir = parentOf(dir) {
		m.entries[dir+"/"], m.durable[dir+"/"] = nil, nil
	}
	return nil
}

func (m *memFS) List(dir string) ([]string, error) {
	if !m.hasDir(dir) {
		return nil, host.ErrNotExist
	}
	var names []string
	for name := range m.entries {
		rest, ok := strings.CutPrefix(name, dir+"/")
		if ok && rest != "" && !strings.Contains(strings.TrimSuffix(rest, "/"), "/") {
			names = append(names, rest)
		}
	}
	slices.Sort(names)
	return names, nil
}

func (m *memFS) submit(apply func()) host.Op {
	m.lastOp++
	m.pending = append(m.pending, pendingSync{m.lastOp, apply})
	return m.lastOp
}

func (m *memFS) inDir(set map[string]*inode, dir string) map[string]*inode {
	in := map[string]*inode{}
	for name, n := range set {
		if n != nil && parentOf(name) == dir {
			in[name] = n
		}
	}
	return in
}

func (m *memFS) SyncDir(dir string) host.Op {
	now, op := m.inDir(m.entries, dir), m.lastOp+1
	return m.submit(func() {
		if m.synced[dir] > op {
			return
		}
		m.synced[dir] = op
		maps.DeleteFunc(m.durable, func(name string, n *inode) bool { return n != nil && parentOf(name) == dir })
		maps.Copy(m.durable, now)
	})
}

// complete ends the i-th pending sync well and returns its operation.
func (m *memFS) complete(i int) host.Op {
	p := m.pending[i]
	m.pending = slices.Delete(m.pending, i, i+1)
	p.apply()
	return p.op
}

func (m *memFS) kill() { m.pending = nil }

// losePower keeps of everything that is not durable what choose(n) < n picks.
func (m *memFS) losePower(choose func(n int) int) {
	m.pending = nil
	names := map[string]bool{}
	for name := range m.entries {
		names[name] = true
	}
	for name := range m.durable {
		names[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		from := m.entries
		if m.entries[name] != m.durable[name] && choose(2) == 0 {
			from = m.durable
		}
		if n, ok := from[name]; ok {
			m.entries[name], m.durable[name] = n, n
		} else {
			delete(m.entries, name)
			delete(m.durable, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.entries)) {
		if n := m.entries[name]; n != nil {
			n.data = tear(n.durable, n.data, choose)
			n.durable = n.data
		}
	}
}

// tear mixes old and new content, block by block, with holes of zeros where
// there was no old content.
func tear(old, now []byte, choose func(n int) int) []byte {
	switch choose(4) {
	case 0:
		return slices.Clone(old)
	case 1:
		return slices.Clone(now)
	}
	common := 0 // what both have is safe
	for common < min(len(old), len(now)) && old[common] == now[common] {
		common++
	}
	size := common + choose(max(len(old), len(now))-common+1)
	const block = 64
	out := make([]byte, size)
	for at := 0; at < size; at += block {
		source := [2][]byte{old, now}[choose(2)]
		if at < len(source) {
			copy(out[at:min(at+block, size)], source[at:])
		}
	}
	copy(out, now[:min(common, size)])
	return out
}

type memFile struct {
	fs    *memFS
	inode *inode
}

func (f *memFile) Size() int64 { return int64(len(f.inode.data)) }

func (f *memFile) View(off int64, n int) ([]byte, error) {
	if off < 0 || n < 0 || off+int64(n) > f.Size() {
		return nil, io.ErrUnexpectedEOF
	}
	return f.inode.data[off : off+int64(n) : off+int64(n)], nil
}

func (f *memFile) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off >= f.Size() {
		return 0, io.EOF
	}
	n := copy(p, f.inode.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memFile) Append(p []byte) error {
	if f.fs.failing {
		return host.ErrNoSpace
	}
	f.inode.data = append(f.inode.data, p...)
	return nil
}

func (f *memFile) WriteAt(p []byte, off int64) error {
	data := slices.Clone(f.inode.data)
	if grow := int(off) + len(p) - len(data); grow > 0 {
		data = append(data, make([]byte, grow)...)
	}
	copy(data[off:], p)
	f.inode.data = data
	return nil
}

func (f *memFile) Truncate(size int64) error {
	if f.fs.failing {
		return host.ErrIO
	}
	data := make([]byte, size)
	copy(data, f.inode.data)
	f.inode.data = data
	return nil
}

func (f *memFile) Sync() host.Op {
	content, op := slices.Clone(f.inode.data), f.fs.lastOp+1
	return f.fs.submit(func() {
		if f.inode.synced < op {
			f.inode.durable, f.inode.synced = content, op
		}
	})
}

func (f *memFile) Close() error { return nil }
