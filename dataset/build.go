package dataset

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
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
	header := d.kind == csvKind
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
