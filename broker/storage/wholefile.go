package storage

import (
	"errors"
	"io"

	"assay/host"
)

// replaceFile writes a small file anew under a temporary name and renames it.
// Nothing is synced: after a power loss the file may be the old one, the new
// one, torn or missing, so its reader must be able to tell.
func replaceFile(fs host.FS, dir, name string, content []byte) error {
	temporary := dir + "/" + name + temporarySuffix
	file, err := createAnew(fs, temporary)
	if err != nil {
		return err
	}
	if err := errors.Join(file.Append(content), file.Close()); err != nil {
		return err
	}
	return fs.Rename(temporary, temporary[:len(temporary)-len(temporarySuffix)])
}

const temporarySuffix = ".tmp"

// readFile returns a file's content, nil if it does not exist.
func readFile(fs host.FS, name string) ([]byte, error) {
	file, err := fs.Open(name)
	if err != nil {
		return nil, ignoreMissing(err)
	}
	content := make([]byte, file.Size())
	if len(content) == 0 {
		return content, file.Close()
	}
	n, err := file.ReadAt(content, 0)
	if n == len(content) {
		err = nil
	} else if err == nil {
		err = io.ErrUnexpectedEOF
	}
	return content, errors.Join(err, file.Close())
}

// removeFile removes a file if it exists.
func removeFile(fs host.FS, name string) error { return ignoreMissing(fs.Remove(name)) }
