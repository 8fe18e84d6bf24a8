package hdf5

import (
	"errors"
	"fmt"
	"os"
)

// source is a file of a known length.
type source struct {
	file *os.File
	size uint64
}

func open(path string) (*source, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &source{f, uint64(info.Size())}, nil
}

// read gives n bytes. Memory is asked for only where the file has as many.
func (s *source) read(at, n uint64) ([]byte, error) {
	if at > s.size || n > s.size-at {
		return nil, fmt.Errorf("%d bytes at byte %d are not in the file, which has %d", n, at, s.size)
	}
	b := make([]byte, n)
	_, err := s.file.ReadAt(b, int64(at))
	return b, err
}
