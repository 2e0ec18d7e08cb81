package workload

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"assay/host"
)

// ownStore is an application's own database, as simple as one can be: a file of
// rows. One transaction is one row appended; it is visible at once, survives the
// death of the process, and is committed (survives the machine's) when its sync is
// done.
//
// A row on the disk is its length and its checksum (CRC-32C), both big-endian in
// four bytes, and its bytes. What a power loss tore off the end is cut when the
// file is opened: nobody was told of it.
type ownStore struct {
	host      host.Host
	file      host.File
	rows      int // appended
	durable   int // of these
	syncing   host.Op
	covers    int     // rows that the sync makes durable
	directory host.Op // the sync of a new file's entry
	row       []byte  // memory of the next one
}

const rowHeader = 8

var rowChecksum = crc32.MakeTable(crc32.Castagnoli)

// openStore opens the file or makes it, and returns what it holds. The rows are
// good until the incarnation ends; they are durable once settled says so.
func openStore(h host.Host, name string) (*ownStore, [][]byte, error) {
	s := &ownStore{host: h}
	file, err := h.FS().Open(name)
	if errors.Is(err, host.ErrNotExist) {
		if file, err = h.FS().Create(name); err == nil {
			s.directory = h.FS().SyncDir("")
		}
	}
	if err != nil {
		return nil, nil, fmt.Errorf("the application's store: %w", err)
	}
	s.file = file
	rows, err := s.load()
	if err != nil {
		return nil, nil, fmt.Errorf("the application's store %s: %w", name, err)
	}
	s.rows = len(rows)
	s.sync()
	return s, rows, nil
}

// load reads whole rows and cuts the rest off.
func (s *ownStore) load() ([][]byte, error) {
	size := s.file.Size()
	content, err := s.file.View(0, int(size))
	if err != nil {
		return nil, err
	}
	var rows [][]byte
	at := 0
	for len(content)-at >= rowHeader {
		length := int(binary.BigEndian.Uint32(content[at:]))
		end := at + rowHeader + length
		// Zeros where a power loss kept the length of the file and not its content are no empty row.
		if length == 0 || end > len(content) || crc32.Checksum(content[at+rowHeader:end], rowChecksum) != binary.BigEndian.Uint32(content[at+4:]) {
			break
		}
		rows = append(rows, content[at+rowHeader:end])
		at = end
	}
	if int64(at) == size {
		return rows, nil
	}
	return rows, s.file.Truncate(int64(at))
}

// append writes a row, which is not empty, and syncs it as soon as no other sync is under way.
func (s *ownStore) append(row []byte) error {
	s.row = binary.BigEndian.AppendUint32(s.row[:0], uint32(len(row)))
	s.row = binary.BigEndian.AppendUint32(s.row, crc32.Checksum(row, rowChecksum))
	s.row = append(s.row, row...)
	if err := s.file.Append(s.row); err != nil {
		return fmt.Errorf("the application's store: %w", err)
	}
	s.rows++
	if s.syncing == 0 {
		s.sync()
	}
	return nil
}

func (s *ownStore) sync() { s.syncing, s.covers = s.file.Sync(), s.rows }

// done takes the end of an operation; mine says whether it was the store's.
func (s *ownStore) done(op host.Op, err error) (mine bool, failed error) {
	switch {
	case s == nil || op == 0 || op != s.syncing && op != s.directory:
		return false, nil
	case err != nil:
		return true, fmt.Errorf("the application's store: %w", err)
	case op == s.directory:
		s.directory = 0
	default:
		s.syncing, s.durable = 0, s.covers
		if s.rows > s.durable {
			s.sync()
		}
	}
	return true, nil
}

// committed is the number of rows that nothing takes away any more: none before
// the file's own entry in its directory is safe.
func (s *ownStore) committed() int {
	if s.directory != 0 {
		return 0
	}
	return s.durable
}

// settled says whether all rows are committed.
func (s *ownStore) settled() bool { return s.directory == 0 && s.syncing == 0 }
