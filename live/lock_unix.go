//go:build unix

package live

import (
	"errors"
	"os"
	"syscall"
)

// lockExclusively takes an advisory lock that ends with the process.
func lockExclusively(file *os.File) error {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return ErrLocked
	}
	return err
}
