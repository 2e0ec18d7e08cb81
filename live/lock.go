package live

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// ErrLocked says that another program holds a folder.
var ErrLocked = errors.New("the folder is in use by another program")

const lockFile = ".lock"

// FolderLock keeps other programs out of a folder for as long as this one runs,
// however it ends.
type FolderLock struct{ file *os.File }

// LockFolder takes the lock of a folder: ErrLocked if it is taken.
func LockFolder(folder string) (*FolderLock, error) {
	file, err := os.OpenFile(filepath.Join(folder, lockFile), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := lockExclusively(file); err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", folder, err)
	}
	return &FolderLock{file}, nil
}

// Release gives the lock back. The file stays: removing it could take the lock
// away from its next holder.
func (l *FolderLock) Release() { l.file.Close() }
