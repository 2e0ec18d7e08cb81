package reports

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// NotRunFolderError refuses to replace what is no run folder: a file, or a
// folder that holds something else. It is a mistake in usage (exit code 64).
type NotRunFolderError struct{ Path string }

func (e *NotRunFolderError) Error() string {
	return fmt.Sprintf("%s exists and is no run folder (it lacks %s or %s): name another one, or remove it", e.Path, ResultFile, MetaFile)
}

// latestLink names the newest of the numbered folders.
const latestLink = "latest"

// CheckFolder says whether WriteFolder would accept the folder and may write
// beside it, so that a long run does not end in a refusal.
func CheckFolder(folder string) error {
	place, err := resolvePlace(folder)
	if err != nil {
		return err
	}
	if err := replaceable(place); err != nil {
		return err
	}
	workshop, err := openWorkshop(place)
	if err != nil {
		return err
	}
	return os.RemoveAll(workshop)
}

// WriteFolder writes the files as the folder's whole content. They are written
// and synced beside it first and then renamed into place, so that a crash leaves
// the old folder or the new one, never a mixture. An old folder's content is gone
// afterwards, if it was a run folder; anything else is a *NotRunFolderError.
func WriteFolder(folder string, files []File) (err error) {
	place, err := resolvePlace(folder)
	if err != nil {
		return err
	}
	if err := replaceable(place); err != nil {
		return err
	}
	workshop, err := openWorkshop(place)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(workshop)) }()
	fresh := filepath.Join(workshop, "new")
	if err := writeAll(fresh, files); err != nil {
		return cannotWrite(folder, err)
	}
	if err := swap(fresh, place, filepath.Join(workshop, "old")); err != nil {
		return cannotWrite(folder, err)
	}
	return nil
}

func cannotWrite(folder string, err error) error {
	return fmt.Errorf("cannot write the run folder %s: %w", folder, err)
}

// resolvePlace follows links, so that writing to one replaces what it points to.
func resolvePlace(folder string) (string, error) {
	absolute, err := filepath.Abs(folder)
	if err != nil {
		return "", cannotWrite(folder, err)
	}
	real, err := filepath.EvalSymlinks(absolute)
	if errors.Is(err, fs.ErrNotExist) {
		return absolute, nil
	}
	if err != nil {
		return "", cannotWrite(folder, err)
	}
	return real, nil
}

// replaceable accepts what does not exist, an empty folder and a run folder.
func replaceable(place string) error {
	info, err := os.Lstat(place)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return cannotWrite(place, err)
	}
	if !info.IsDir() {
		return &NotRunFolderError{place}
	}
	entries, err := os.ReadDir(place)
	if err != nil {
		return cannotWrite(place, err)
	}
	if len(entries) > 0 && !IsRunFolder(place) {
		return &NotRunFolderError{place}
	}
	return nil
}

// IsRunFolder says whether a folder holds a run: its result.json and meta.json.
func IsRunFolder(folder string) bool {
	for _, name := range []string{ResultFile, MetaFile} {
		if info, err := os.Stat(filepath.Join(folder, name)); err != nil || !info.Mode().IsRegular() {
			return false
		}
	}
	return true
}

// openWorkshop makes a private folder beside the place: renames need the same
// file system, and nobody should take half a folder for a whole one.
func openWorkshop(place string) (string, error) {
	parent := filepath.Dir(place)
	if err := os.MkdirAll(parent, 0o777); err != nil {
		return "", cannotWrite(place, err)
	}
	workshop, err := os.MkdirTemp(parent, "."+filepath.Base(place)+".tmp-")
	if err != nil {
		return "", cannotWrite(place, err)
	}
	return workshop, nil
}

func writeAll(folder string, files []File) error {
	if err := os.Mkdir(folder, 0o777); err != nil {
		return err
	}
	for _, file := range files {
		if !filepath.IsLocal(filepath.FromSlash(file.Name)) {
			return fmt.Errorf("%q leads out of the folder", file.Name)
		}
		if err := writeSynced(filepath.Join(folder, filepath.FromSlash(file.Name)), file.Content); err != nil {
			return err
		}
	}
	return syncFolder(folder)
}

func writeSynced(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	if _, err := file.Write(content); err != nil {
		return errors.Join(err, file.Close())
	}
	return errors.Join(file.Sync(), file.Close())
}

// syncFolder makes names durable. Some systems cannot sync a folder; there a
// rename is all there is.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	_ = folder.Sync()
	return folder.Close()
}

// swap puts the fresh folder in the old one's place. Between the two renames
// there is no folder at all; if the second fails the old one comes back.
func swap(fresh, place, aside string) error {
	replaced := true
	switch err := os.Rename(place, aside); {
	case errors.Is(err, fs.ErrNotExist):
		replaced = false
	case err != nil:
		return err
	}
	if err := os.Rename(fresh, place); err != nil {
		if replaced {
			err = errors.Join(err, os.Rename(aside, place))
		}
		return err
	}
	return syncFolder(filepath.Dir(place))
}

// ReserveFolder makes the next empty folder ROOT/NAME-N, counting from 1 and
// above the highest that is there. Two runs at a time get two folders.
func ReserveFolder(root, name string) (string, error) {
	if !filepath.IsLocal(name) || filepath.Base(name) != name {
		return "", fmt.Errorf("%q cannot name a run folder", name)
	}
	if err := os.MkdirAll(root, 0o777); err != nil {
		return "", cannotWrite(root, err)
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		return "", cannotWrite(root, err)
	}
	highest := 0
	for _, entry := range entries {
		if digits, ok := strings.CutPrefix(entry.Name(), name+"-"); ok {
			if n, err := strconv.Atoi(digits); err == nil && strconv.Itoa(n) == digits {
				highest = max(highest, n)
			}
		}
	}
	for number := highest + 1; ; number++ {
		folder := filepath.Join(root, name+"-"+strconv.Itoa(number))
		if err := os.Mkdir(folder, 0o777); err == nil {
			return folder, nil
		} else if !errors.Is(err, fs.ErrExist) {
			return "", cannotWrite(folder, err)
		}
	}
}

// LinkLatest points ROOT/latest to a folder in ROOT. Something else of that name
// is left alone and reported.
func LinkLatest(folder string) error {
	root := filepath.Dir(folder)
	link := filepath.Join(root, latestLink)
	if info, err := os.Lstat(link); err == nil && info.Mode()&fs.ModeSymlink == 0 {
		return fmt.Errorf("%s is no link: it is left as it is", link)
	}
	// A link cannot be overwritten, but it can be renamed over another.
	fresh, err := os.MkdirTemp(root, "."+latestLink+".tmp-")
	if err != nil {
		return cannotWrite(link, err)
	}
	err = os.Symlink(filepath.Base(folder), filepath.Join(fresh, latestLink))
	if err == nil {
		err = os.Rename(filepath.Join(fresh, latestLink), link)
	}
	if err = errors.Join(err, os.RemoveAll(fresh)); err != nil {
		return cannotWrite(link, err)
	}
	return nil
}
