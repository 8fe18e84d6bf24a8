package dataset

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"

	"github.com/egotsr/egotsr/internal/state"
)

var bom = []byte("\xef\xbb\xbf")

// pageWriter fills pages of an index, one after the other.
type pageWriter struct {
	w      *bufio.Writer
	buf    []byte // the page so far; its first 8 bytes are kept free
	number uint32
	count  int64 // samples
	err    error
}

// offset adds where a sample begins.
func (w *pageWriter) offset(at int64) {
	w.value(at)
	if len(w.buf) == pageSize {
		w.flush()
		w.value(at) // the page that ends there needs it, and so does the one that begins
	}
	w.count++
}

func (w *pageWriter) value(at int64) {
	if len(w.buf) == 0 {
		w.buf = append(w.buf, make([]byte, 8)...)
	}
	w.buf = binary.LittleEndian.AppendUint64(w.buf, uint64(at))
}

// flush ends a page, unless it is empty, and begins the next.
func (w *pageWriter) flush() {
	if len(w.buf) > 8 && w.err == nil {
		w.buf = append(w.buf, make([]byte, pageSize-len(w.buf))...)
		binary.LittleEndian.PutUint32(w.buf[4:], w.number)
		binary.LittleEndian.PutUint32(w.buf, crc32.Checksum(w.buf[4:], castagnoli))
		_, w.err = w.w.Write(w.buf)
		w.number++
	}
	w.buf = append(w.buf[:0], make([]byte, 8)...)
}

// piece is one block of the data on its way from the disk to the scanner.
type piece struct {
	data []byte
	hash uint32
	err  error
}

// eachBlock hands the blocks of the data to do, with their hashes. Reading and hashing go on while do works.
func (d *data) eachBlock(do func(k int64, block []byte, hash uint32) error) error {
	const ahead = 4
	pieces, free, stop := make(chan piece, ahead), make(chan []byte, ahead), make(chan struct{})
	defer close(stop)
	for range ahead {
		free <- make([]byte, min(d.size, blockSize))
	}
	go func() {
		defer close(pieces)
		for k := range blocks(d.size) {
			select {
			case <-stop:
				return
			case buf := <-free:
				data, err := d.block(k, buf)
				pieces <- piece{data, crc32.Checksum(data, castagnoli), err} // there is room: buffers are as many
				if err != nil {
					return
				}
			}
		}
	}()
	k := int64(0)
	for p := range pieces {
		if p.err != nil {
			return p.err
		}
		if err := do(k, p.data, p.hash); err != nil {
			return err
		}
		free <- p.data[:cap(p.data)]
		k++
	}
	return nil
}

// scanBlocks writes the places of all samples to w and gives the hashes of the blocks.
func scanBlocks(d *data, w *pageWriter) (hashes []uint32, err error) {
	s := newScanner(d.kind)
	header := d.kind.comma() != 0
	last := int64(0)
	fail := func(err error) error { return &scanError{fmt.Errorf("after the sample at byte %d: %w", last, err)} }
	err = d.eachBlock(func(k int64, block []byte, hash uint32) error {
		hashes = append(hashes, hash)
		text, base := block, k*blockSize
		if k == 0 {
			text = bytes.TrimPrefix(block, bom)
			base = int64(len(block) - len(text))
		}
		err := s.scan(text, func(at int) {
			last = base + int64(at)
			if header {
				header = false
				return
			}
			w.offset(last)
		})
		if err != nil {
			return fail(err)
		}
		return w.err
	})
	if err != nil {
		return nil, err
	}
	tail, err := s.end()
	if err != nil {
		return nil, fail(err)
	}
	if w.count > 0 {
		w.value(d.size - tail)
	}
	w.flush()
	return hashes, nil
}

// buildBeside writes the index under a temporary name, syncs and renames it. Who comes second waits for the first. Even
// where locks do not work nothing goes wrong: all write the same bytes to the same places.
func buildBeside(path string, d *data) (*index, error) {
	tmp := path + ".tmp"
	if info, err := os.Lstat(tmp); err == nil && info.Size() > 0 && !replaceable(tmp) {
		return nil, fmt.Errorf("%s is another file's name", tmp)
	}
	f, err := os.OpenFile(tmp, os.O_RDWR|os.O_CREATE, 0o644) // what a killed process left there is written over
	if err != nil {
		return nil, err
	}
	defer state.Release(f)
	_ = state.Lock(f) // without it the work is done twice, and comes to the same
	if mine, err := f.Stat(); err != nil {
		return nil, err
	} else if there, err := os.Stat(tmp); err != nil || !os.SameFile(mine, there) {
		return openIndex(path, d) // somebody was first, and has renamed it
	}
	if err := buildIndex(f, d); err != nil {
		return nil, errors.Join(err, os.Remove(tmp))
	}
	if err := f.Sync(); err != nil {
		return nil, err
	}
	if os.Rename(tmp, path) != nil {
		state.Release(f) // not every system renames open files
		if err := os.Rename(tmp, path); err != nil {
			return nil, err
		}
	}
	if dir, err := os.Open(filepath.Dir(path)); err == nil {
		_ = dir.Sync() // without it, a crash may cost the index but not make it wrong
		dir.Close()
	}
	return openIndex(path, d)
}

// scanError reports data in which samples cannot be told apart.
type scanError struct{ err error }

func (e *scanError) Error() string { return e.err.Error() }

func (e *scanError) Unwrap() error { return e.err }

// buildIndex reads the data once and writes its index to f from the start. Memory is a few blocks, and four bytes for
// each MiB of data.
func buildIndex(f *os.File, d *data) error {
	w := &pageWriter{w: bufio.NewWriterSize(f, 1<<18)}
	hashes, err := scanBlocks(d, w)
	if err != nil {
		return err
	}
	for _, h := range hashes {
		w.buf = binary.LittleEndian.AppendUint32(w.buf, h)
		if len(w.buf) == pageSize {
			w.flush()
		}
	}
	w.flush()
	w.buf = append(w.buf, indexMagic...)
	w.buf = binary.LittleEndian.AppendUint64(w.buf, uint64(d.size))
	w.buf = binary.LittleEndian.AppendUint64(w.buf, uint64(w.count))
	w.buf = binary.LittleEndian.AppendUint32(w.buf, uint32(d.kind))
	w.flush()
	return errors.Join(w.err, w.w.Flush(), f.Truncate(int64(w.number)*pageSize))
}
