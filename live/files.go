package live

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"

	"assay/host"
)

// fileSystem is a directory of the real file system.
type fileSystem struct {
	root    string
	process *Process
	open    map[*file]bool
}

func newFileSystem(root string, p *Process) *fileSystem {
	return &fileSystem{root: root, process: p, open: map[*file]bool{}}
}

func (s *fileSystem) path(name string) string { return filepath.Join(s.root, filepath.FromSlash(name)) }

// translate gives errors the names of the boundary.
func translate(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %v", host.ErrNotExist, err)
	case errors.Is(err, syscall.ENOTEMPTY): // package os calls it fs.ErrExist
		return fmt.Errorf("%w: %v", host.ErrIO, err)
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%w: %v", host.ErrExist, err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%w: %v", host.ErrNoSpace, err)
	case errors.Is(err, syscall.EISDIR):
		return fmt.Errorf("%w: %v", host.ErrFileIsDir, err)
	}
	return fmt.Errorf("%w: %w", host.ErrIO, err)
}

// Create implements host.FS.
func (s *fileSystem) Create(name string) (host.File, error) {
	created, err := s.openFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL)
	if errors.Is(err, host.ErrExist) {
		if info, statErr := os.Stat(s.path(name)); statErr == nil && info.IsDir() {
			return nil, fmt.Errorf("%w: %v", host.ErrFileIsDir, err)
		}
	}
	return created, err
}

// Open implements host.FS.
func (s *fileSystem) Open(name string) (host.File, error) {
	opened, err := s.openFile(name, os.O_RDWR)
	if errors.Is(err, syscall.ENOTDIR) { // below a file there is nothing
		return nil, fmt.Errorf("%w: %v", host.ErrNotExist, err)
	}
	return opened, err
}

func (s *fileSystem) openFile(name string, flags int) (host.File, error) {
	opened, err := os.OpenFile(s.path(name), flags, 0o644)
	if err != nil {
		return nil, translate(err)
	}
	info, err := opened.Stat()
	if err != nil {
		opened.Close()
		return nil, translate(err)
	}
	f := &file{system: s, raw: opened, identity: info, size: s.sharedSize(info)}
	s.open[f] = true
	return f, nil
}

// sharedSize is the size that all handles of one file have in common.
func (s *fileSystem) sharedSize(info os.FileInfo) *int64 {
	for other := range s.open {
		if os.SameFile(info, other.identity) {
			return other.size
		}
	}
	size := info.Size()
	return &size
}

// Rename implements host.FS.
func (s *fileSystem) Rename(oldName, newName string) error {
	return translate(os.Rename(s.path(oldName), s.path(newName)))
}

// Remove implements host.FS.
func (s *fileSystem) Remove(name string) error { return translate(os.Remove(s.path(name))) }

// RemoveAll implements host.FS.
func (s *fileSystem) RemoveAll(name string) error { return translate(os.RemoveAll(s.path(name))) }

// MkdirAll implements host.FS.
func (s *fileSystem) MkdirAll(dir string) error { return translate(os.MkdirAll(s.path(dir), 0o755)) }

// List implements host.FS.
func (s *fileSystem) List(dir string) ([]string, error) {
	entries, err := os.ReadDir(s.path(dir))
	if err != nil {
		return nil, translate(err)
	}
	names := make([]string, len(entries))
	for i, entry := range entries {
		if names[i] = entry.Name(); entry.IsDir() {
			names[i] += "/"
		}
	}
	slices.Sort(names)
	return names, nil
}

// SyncDir implements host.FS.
func (s *fileSystem) SyncDir(dir string) host.Op {
	path := s.path(dir)
	return s.process.submit(func() error {
		opened, err := os.Open(path)
		if err != nil {
			return translate(err)
		}
		defer opened.Close()
		return translate(opened.Sync())
	})
}

func (s *fileSystem) closeAll() {
	for f := range s.open {
		f.release()
	}
}

// file is an open file. Only the loop uses it, apart from a sync under way.
type file struct {
	system   *fileSystem
	raw      *os.File
	identity os.FileInfo
	size     *int64 // kept here: asking the system each time would cost a call for each append
	closed   bool
	syncs    sync.WaitGroup
}

var errClosed = fmt.Errorf("%w: the file is closed", host.ErrIO)

// Size implements host.File.
func (f *file) Size() int64 { return *f.size }

// View implements host.File: a copy, since the file may be truncated later.
func (f *file) View(off int64, n int) ([]byte, error) {
	if f.closed {
		return nil, errClosed
	}
	if off < 0 || n < 0 || off+int64(n) > *f.size {
		return nil, io.ErrUnexpectedEOF
	}
	b := make([]byte, n)
	if _, err := f.ReadAt(b, off); err != nil {
		return nil, err
	}
	return b, nil
}

// ReadAt implements host.File.
func (f *file) ReadAt(p []byte, off int64) (int, error) {
	switch {
	case f.closed:
		return 0, errClosed
	case off < 0 || off > *f.size:
		return 0, io.EOF
	}
	n, err := f.raw.ReadAt(p, off)
	if err != nil && !errors.Is(err, io.EOF) {
		err = translate(err)
	}
	return n, err
}

// Append implements host.File.
func (f *file) Append(p []byte) error { return f.WriteAt(p, *f.size) }

// WriteAt implements host.File. What an error cut short stays, as in any file.
func (f *file) WriteAt(p []byte, off int64) error {
	if f.closed {
		return errClosed
	}
	n, err := f.raw.WriteAt(p, off)
	if n > 0 {
		*f.size = max(*f.size, off+int64(n))
	}
	return translate(err)
}

// Truncate implements host.File.
func (f *file) Truncate(size int64) error {
	if f.closed {
		return errClosed
	}
	if err := f.raw.Truncate(size); err != nil {
		return translate(err)
	}
	*f.size = size
	return nil
}

// Sync implements host.File.
func (f *file) Sync() host.Op {
	if f.closed {
		return f.system.process.submit(func() error { return errClosed })
	}
	f.syncs.Add(1)
	return f.system.process.submit(func() error {
		defer f.syncs.Done()
		return translate(f.raw.Sync())
	})
}

// Close implements host.File. A sync under way ends first.
func (f *file) Close() error {
	if !f.closed {
		f.closed = true
		delete(f.system.open, f)
		f.release()
	}
	return nil
}

func (f *file) release() {
	f.system.process.goroutines.Go(func() {
		f.syncs.Wait()
		f.raw.Close()
	})
}
