package dataset

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"os"
)

// An index tells where the samples of a data file begin. It is a file of pages, each with its own checksum and number,
// so that what is read is checked however much of the file there is:
//
//	pages of offsets   510 samples each: where they begin, and where the next page's first begins
//	pages of hashes    1022 blocks each: the CRC-32C of 1 MiB of the data
//	one last page      what the index is of: size, number of samples, kind
//
// A page is checksum, number (32 bits each) and values (64 or 32 bits each), all little-endian. The last page is written
// last, and its place follows from its own numbers, so an index that is cut short is not one.
const (
	pageSize    = 4096
	pageSamples = (pageSize-8)/8 - 1
	pageHashes  = (pageSize - 8) / 4
	blockSize   = 1 << 20 // of data; also how much is read at once
	indexMagic  = "egotsr-index-2\n\x00"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli) // hardware does this one as fast as memory delivers

// kind is what separates the samples of a data file.
type kind uint32

const (
	lineKind kind = iota
	arrayKind
	csvKind
	semicolonKind // a table, as where a comma is in numbers
	tabKind       // a table
)

// comma is what separates the cells of a table, 0 of other kinds.
func (k kind) comma() byte {
	switch k {
	case csvKind:
		return ','
	case semicolonKind:
		return ';'
	case tabKind:
		return '\t'
	}
	return 0
}

func pages(n int64, perPage int64) int64 { return (n + perPage - 1) / perPage }

func blocks(size int64) int64 { return pages(size, blockSize) }

// data is a file of samples.
type data struct {
	io.ReaderAt
	size int64
	kind kind
}

// block reads block k of the data into buf.
func (d *data) block(k int64, buf []byte) ([]byte, error) {
	buf = buf[:min(blockSize, d.size-k*blockSize)]
	if n, err := d.ReadAt(buf, k*blockSize); n < len(buf) {
		return nil, orUnexpected(err)
	}
	return buf, nil
}

// orUnexpected is the error of a read that came up short: the file is shorter than it was.
func orUnexpected(err error) error {
	if err == nil || err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// index answers where samples are. It holds no more than a file handle.
type index struct {
	file      *os.File
	path      string // "" where the file has no name any more
	temporary bool   // the file goes when it is closed
	data      *data
	count     int64
}

var errDropped = errors.New("the index does not fit and has been removed, so that opening the samples builds a new one")

// page reads and checks page k.
func (x *index) page(k int64, buf *[pageSize]byte) error {
	if n, err := x.file.ReadAt(buf[:], k*pageSize); n < pageSize {
		return orUnexpected(err)
	}
	if binary.LittleEndian.Uint32(buf[:]) != crc32.Checksum(buf[4:], castagnoli) || binary.LittleEndian.Uint32(buf[4:]) != uint32(k) {
		return fmt.Errorf("page %d: checksum is wrong", k)
	}
	return nil
}

// span tells where sample i begins and the next thing does.
func (x *index) span(i int64) (start, end int64, err error) {
	var buf [pageSize]byte
	if err := x.page(i/pageSamples, &buf); err != nil {
		return 0, 0, x.drop(err)
	}
	at := 8 + i%pageSamples*8
	start, end = int64(binary.LittleEndian.Uint64(buf[at:])), int64(binary.LittleEndian.Uint64(buf[at+8:]))
	if start < 0 || start >= end || end > x.data.size {
		return 0, 0, x.drop(fmt.Errorf("page %d: sample at %d to %d of %d bytes", i/pageSamples, start, end, x.data.size))
	}
	return start, end, nil
}

// drop removes an index that has shown itself damaged or out of date, so that nobody opens it again.
func (x *index) drop(why error) error {
	if x.temporary || errors.Is(why, os.ErrClosed) || !replaceable(x.path) || os.Remove(x.path) != nil {
		return why
	}
	return fmt.Errorf("%w: %w", errDropped, why)
}

// openIndex opens the index at path if it is one of this data. Size, first and last page, and some blocks of the data
// are compared; see [Corpus.Verify] for the rest.
func openIndex(path string, d *data) (x *index, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	x = &index{file: f, path: path, data: d}
	if err := x.check(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return x, nil
}

func (x *index) check() error {
	info, err := x.file.Stat()
	if err != nil {
		return err
	}
	last := info.Size()/pageSize - 1
	if info.Size()%pageSize != 0 || last < 0 {
		return fmt.Errorf("an index of %d bytes", info.Size())
	}
	var buf [pageSize]byte
	if err := x.page(last, &buf); err != nil {
		return err
	}
	size, count := int64(binary.LittleEndian.Uint64(buf[24:])), int64(binary.LittleEndian.Uint64(buf[32:]))
	switch {
	case string(buf[8:24]) != indexMagic || kind(binary.LittleEndian.Uint32(buf[40:])) != x.data.kind:
		return errors.New("an index of another kind")
	case size != x.data.size:
		return fmt.Errorf("an index of %d bytes of data, not %d", size, x.data.size)
	case count < 0 || count > size || pages(count, pageSamples)+pages(blocks(size), pageHashes) != last:
		return fmt.Errorf("an index of %d samples in %d bytes of data has no %d pages", count, size, last)
	}
	x.count = count
	for _, k := range []int64{0, last - 1} {
		if err := x.page(max(k, 0), &buf); err != nil {
			return err
		}
	}
	const probes = 8
	n := blocks(size)
	block := make([]byte, min(size, blockSize))
	for k := range min(n, probes) {
		if n > probes {
			k = k * (n - 1) / (probes - 1) // first, last, and some between
		}
		block, err := x.data.block(k, block)
		if err != nil {
			return err
		}
		if err := x.compare(k, crc32.Checksum(block, castagnoli)); err != nil {
			return err
		}
	}
	return nil
}

// compare checks the hash of block k of the data.
func (x *index) compare(k int64, hash uint32) error {
	var buf [pageSize]byte
	if err := x.page(pages(x.count, pageSamples)+k/pageHashes, &buf); err != nil {
		return err
	}
	if hash != binary.LittleEndian.Uint32(buf[8+k%pageHashes*4:]) {
		return fmt.Errorf("the data has changed after byte %d since it was indexed", k*blockSize)
	}
	return nil
}

// verify compares every block of the data, and checks every page.
func (x *index) verify(ctx context.Context) error {
	err := x.data.eachBlock(func(k int64, _ []byte, hash uint32) error {
		return cmp.Or(ctx.Err(), x.compare(k, hash))
	})
	var buf [pageSize]byte
	for k := range pages(x.count, pageSamples) {
		if err == nil {
			err = cmp.Or(ctx.Err(), x.page(k, &buf))
		}
	}
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	return x.drop(err)
}

// replaceable tells whether an index may be written to a path: nothing is there, or an index, whole or not. It is known by its last
// page's mark, or its first page's checksum. What else is called like an index is somebody's.
func replaceable(path string) bool {
	info, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) {
		return true
	}
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	var buf [pageSize]byte
	x := &index{file: f}
	if x.page(0, &buf) == nil {
		return true
	}
	n, _ := f.ReadAt(buf[:], info.Size()-pageSize) // of what is shorter than a page it reads nothing
	return n == pageSize && string(buf[8:24]) == indexMagic
}

// makeIndex opens the index beside the data or builds it there. Where that is not possible, or the data is on no disk
// (path is empty), it is built in a temporary file that nobody else sees, and lasts as long as it is open.
func makeIndex(path string, d *data) (*index, error) {
	if path != "" {
		if x, err := openIndex(path, d); err == nil {
			return x, nil
		}
		if !replaceable(path) {
			slog.Warn("dataset: the name of an index is another file's, so the index is built anew each time; move that file away", "file", path)
			path = ""
		}
	}
	if d.size >= 1<<30 {
		slog.Info("dataset: indexing", "file", path, "bytes", d.size)
	}
	var bad *scanError
	if path != "" {
		if x, err := buildBeside(path, d); err == nil || errors.As(err, &bad) {
			return x, err
		}
	}
	f, err := os.CreateTemp("", "egotsr-index-*")
	if err != nil {
		return nil, err
	}
	x := &index{file: f, path: f.Name(), temporary: true, data: d}
	if os.Remove(x.path) == nil { // most systems let go of the name already, so that no crash leaves it behind
		x.path = ""
	}
	if err = buildIndex(f, d); err == nil {
		err = x.check()
	}
	if err != nil {
		return nil, errors.Join(err, x.close())
	}
	return x, nil
}

func (x *index) close() error {
	err := x.file.Close()
	if x.temporary && x.path != "" {
		err = errors.Join(err, os.Remove(x.path))
	}
	return err
}
