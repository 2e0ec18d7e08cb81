package sim

import (
	"errors"
	"fmt"
	"io"

	"assay/host"
)

// processFiles is the file system as one incarnation sees it. It implements
// host.FS. After the incarnation's end nothing it does has an effect.
type processFiles struct{ process *process }

// openFile is one handle. It implements host.File. A closed one has no file.
type openFile struct {
	process *process
	inode   *inode
}

// handle returns a new handle of a file. Handles end with their process, so many
// are made in one piece.
func (p *process) handle(n *inode) *openFile {
	if len(p.handles) == cap(p.handles) {
		p.handles = make([]openFile, 0, 32)
	}
	p.handles = append(p.handles, openFile{process: p, inode: n})
	return &p.handles[len(p.handles)-1]
}

var errDead = fmt.Errorf("the process has ended: %w", host.ErrIO)

// cutShort is what a kill in the middle of a step panics with.
type cutShort struct{}

// writable tells whether the process may write now.
func (p *process) writable() error {
	switch {
	case p.ended:
		return errDead
	case p.machine.fs.full:
		return host.ErrNoSpace
	}
	return nil
}

// wrote ends every write: it is the place where a kill may cut the step.
func (p *process) wrote() {
	p.machine.scheduleWriteback()
	if p.cutAfter > 0 {
		p.cutAfter--
		if p.cutAfter == 0 {
			panic(cutShort{})
		}
	}
}

func (f processFiles) Create(name string) (host.File, error) {
	if err := f.process.writable(); err != nil {
		return nil, err
	}
	n, err := f.process.machine.fs.create(name)
	if err != nil {
		return nil, err
	}
	f.process.wrote()
	return f.process.handle(n), nil
}

func (f processFiles) Open(name string) (host.File, error) {
	if f.process.ended {
		return nil, errDead
	}
	n, err := f.process.machine.fs.open(name)
	if err != nil {
		return nil, err
	}
	return f.process.handle(n), nil
}

func (f processFiles) Rename(oldName, newName string) error {
	if f.process.ended {
		return errDead
	}
	if err := f.process.machine.fs.rename(oldName, newName); err != nil {
		return err
	}
	f.process.wrote()
	return nil
}

func (f processFiles) Remove(name string) error {
	if f.process.ended {
		return errDead
	}
	if err := f.process.machine.fs.remove(name); err != nil {
		return err
	}
	f.process.wrote()
	return nil
}

// RemoveAll removes one thing after the other, deepest first: a kill may leave
// a part.
func (f processFiles) RemoveAll(name string) error {
	if f.process.ended {
		return errDead
	}
	n, err := f.process.machine.fs.lookup("remove", name)
	if errors.Is(err, host.ErrNotExist) {
		return nil
	}
	if n.isDirectory() {
		entries, _ := f.process.machine.fs.list(name)
		for _, entry := range entries {
			if err := f.RemoveAll(clean(name) + "/" + entry); err != nil {
				return err
			}
		}
	}
	if n == f.process.machine.fs.root {
		return nil
	}
	return f.Remove(name)
}

func (f processFiles) MkdirAll(name string) error {
	if err := f.process.writable(); err != nil {
		return err
	}
	fs := f.process.machine.fs
	name = clean(name)
	for end := 0; end < len(name); end++ {
		for end < len(name) && name[end] != '/' {
			end++
		}
		directory, entry, err := fs.parent("mkdir", name[:end])
		if err != nil {
			return err
		}
		switch n := directory.entries[entry]; {
		case n == nil:
			fs.change(entryChange{to: directory, toName: entry, file: newDirectory()})
			f.process.wrote()
		case !n.isDirectory():
			return fmt.Errorf("mkdir %s: %w", name, errNotDirectory)
		}
	}
	return nil
}

func (f processFiles) List(directory string) ([]string, error) {
	if f.process.ended {
		return nil, errDead
	}
	return f.process.machine.fs.list(directory)
}

func (f processFiles) SyncDir(directory string) host.Op {
	fs := f.process.machine.fs
	n, err := fs.lookup("sync", directory)
	return f.process.submit(diskSync{file: n, version: fs.written, err: err})
}

func (f *openFile) usable() error {
	switch {
	case f.process.ended:
		return errDead
	case f.inode == nil:
		return fmt.Errorf("the file is closed: %w", host.ErrIO)
	}
	return nil
}

func (f *openFile) Size() int64 {
	if f.inode == nil {
		return 0
	}
	return int64(f.inode.data.size)
}

func (f *openFile) View(off int64, n int) ([]byte, error) {
	if err := f.usable(); err != nil {
		return nil, err
	}
	end := off + int64(n)
	if off < 0 || n < 0 || end > int64(f.inode.data.size) {
		return nil, io.ErrUnexpectedEOF
	}
	f.inode.frozen = max(f.inode.frozen, int(end))
	f.process.read(f.inode, int64(n))
	return f.inode.data.view(int(off), n), nil
}

func (f *openFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.usable(); err != nil {
		return 0, err
	}
	if off < 0 || off > int64(f.inode.data.size) {
		return 0, io.EOF
	}
	n := f.inode.data.read(p, int(off))
	f.process.read(f.inode, int64(n))
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// read charges what must come from the disk.
func (p *process) read(n *inode, bytes int64) {
	if n.cold > 0 {
		bytes = min(bytes, n.cold)
		n.cold -= bytes
		p.coldBytes += bytes
	}
}

func (f *openFile) Append(p []byte) error {
	if err := f.mayWrite(); err != nil {
		return err
	}
	f.inode.data.append(p)
	f.wrote(len(p))
	return nil
}

func (f *openFile) WriteAt(p []byte, off int64) error {
	if err := f.mayWrite(); err != nil {
		return err
	}
	if off < 0 {
		return fmt.Errorf("write at %d: %w", off, host.ErrIO)
	}
	f.inode.writeAt(p, off)
	f.wrote(len(p))
	return nil
}

func (f *openFile) Truncate(size int64) error {
	if err := f.mayWrite(); err != nil {
		return err
	}
	if size < 0 {
		return fmt.Errorf("truncate to %d: %w", size, host.ErrIO)
	}
	f.inode.truncate(size)
	f.wrote(0)
	return nil
}

func (f *openFile) mayWrite() error {
	if err := f.usable(); err != nil {
		return err
	}
	return f.process.writable()
}

func (f *openFile) wrote(n int) {
	f.process.machine.fs.wrote(f.inode, int64(n))
	f.process.wrote()
}

// Sync covers what was written up to now, in this step too.
func (f *openFile) Sync() host.Op {
	if err := f.usable(); err != nil {
		return f.process.submit(diskSync{err: err})
	}
	n := f.inode
	bytes := n.dirty
	n.dirty = 0
	return f.process.submit(diskSync{file: n, content: n.snapshot(), version: n.version, bytes: bytes})
}

func (f *openFile) Close() error {
	f.inode = nil
	return nil
}
