package dataset

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"
)

const maxSample = 64 << 20 // bytes of one sample's text that are read

// Corpus is a [Source] over files of samples, however large. It keeps nothing of them in memory: an index on disk tells
// where each sample is, and At reads that one.
type Corpus struct {
	images fs.FS
	shards []*shard
	len    int
}

// shard is one file of a corpus.
type shard struct {
	data
	name    string
	file    fs.File
	first   int // index of its first sample
	columns []string
	index   *index
}

// SampleError reports a sample that could not be read, or written. The others are not affected.
type SampleError struct {
	File   string // "" where it was to be written
	Offset int64  // of the sample in the file, in bytes
	Index  int    // of the sample in the corpus
	Err    error
}

func (e *SampleError) Error() string {
	if e.File == "" {
		return fmt.Sprintf("dataset: sample %d: %v", e.Index, e.Err)
	}
	return fmt.Sprintf("dataset: %s: sample %d at byte %d: %v", e.File, e.Index, e.Offset, e.Err)
}

func (e *SampleError) Unwrap() error { return e.Err }

// Open makes one source of files of samples, in the order given: .jsonl, .json (an array, or lines as in .jsonl) and
// .csv in the reference's formats, whatever the case of those endings. A table's cells may be separated by semicolons or tabs as well,
// its rows may end in empty cells, and what stands in columns without a name is passed over. No names stand for all such files at the
// top of samples, in the order of their names. Image paths lie in images, which may be nil where none is read; where symbolic links must
// not lead out of it, pass an [os.Root]'s FS.
//
// The first time, each file is read through once to build its index, <name>.idx beside it. Later that index is used if
// its checksums hold, the file has the same size and a few blocks of it the same hashes; [Corpus.Verify] compares all.
// Where the folder cannot be written, or samples is not a disk, the index is a temporary file and lasts until Close. Any
// number of processes may open the same files at once.
//
// A malformed sample is an error of At, not of Open. Open fails with a *FileError where samples cannot be told
// apart: an array or a quote that never ends, a CSV file without the columns, UTF-16, or JSON spread over lines.
func Open(samples, images fs.FS, names ...string) (*Corpus, error) {
	if samples == nil {
		return nil, errNoFS
	}
	if len(names) == 0 {
		entries, err := readDir(samples, ".")
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if _, err := kindOf(e.Name(), nil); err == nil && !e.IsDir() {
				names = append(names, e.Name())
			}
		}
		if len(names) == 0 {
			return nil, fileError(".", errors.New("no .json, .jsonl or .csv file"))
		}
	}
	c := &Corpus{images: images}
	for _, name := range names {
		s, err := openShard(samples, name)
		if err != nil {
			return nil, errors.Join(fileError(name, err), c.Close())
		}
		s.first = c.len
		c.shards = append(c.shards, s)
		c.len += int(s.index.count)
	}
	return c, nil
}

func openShard(samples fs.FS, name string) (s *shard, err error) {
	f, err := samples.Open(name)
	if err != nil {
		return nil, err
	}
	s = &shard{name: name, file: f}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return s, err
	}
	r, ok := f.(io.ReaderAt)
	if !ok || !info.Mode().IsRegular() {
		return s, errors.New("is not a file that can be read at any place")
	}
	s.data = data{ReaderAt: r, size: info.Size()}
	head := make([]byte, min(4096, s.size))
	if n, err := r.ReadAt(head, 0); n < len(head) {
		return s, orUnexpected(err)
	}
	if s.kind, err = kindOf(name, head); err != nil {
		return s, err
	}
	if err := unreadable(s.kind, head); err != nil {
		return s, err
	}
	where := ""
	if disk, ok := f.(*os.File); ok {
		if abs, err := filepath.Abs(disk.Name()); err == nil {
			where = abs + ".idx"
		}
	}
	if s.index, err = makeIndex(where, &s.data); err != nil {
		return s, err
	}
	if s.kind.comma() != 0 {
		return s, s.readHeader()
	}
	return s, nil
}

// kindOf tells what separates a file's samples. A .json file without head counts as one of lines.
func kindOf(name string, head []byte) (kind, error) {
	switch Format(strings.ToLower(path.Ext(name))) {
	case JSON:
		if bytes.HasPrefix(bytes.TrimLeft(bytes.TrimPrefix(head, bom), " \t\r\n"), []byte("[")) {
			return arrayKind, nil
		}
		return lineKind, nil
	case JSONL:
		return lineKind, nil
	case CSV:
		return tableKind(bytes.TrimPrefix(head, bom)), nil
	}
	return 0, fmt.Errorf("%q is not the name of a .json, .jsonl or .csv file", name)
}

// unreadable says what is wrong with a file as a whole by how it begins, so that it is not wrong with every sample.
func unreadable(kind kind, head []byte) error {
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) || len(head) > 1 && (head[0] == 0 || head[1] == 0) {
		return errors.New("is not UTF-8 but UTF-16, or no text: save it as UTF-8")
	}
	if kind != lineKind {
		return nil
	}
	var lines [][]byte
	text := bytes.TrimPrefix(head, bom)
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			lines = append(lines, line)
		}
	}
	if len(lines) < 2 || json.Valid(lines[0]) || json.Valid(lines[1]) {
		return nil
	}
	var value json.RawMessage
	err := json.NewDecoder(bytes.NewReader(text)).Decode(&value)
	if err == nil && bytes.ContainsRune(value, '\n') || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("is JSON spread over several lines: samples are one a line, or one array in a .json file")
	}
	return nil
}

// readHeader reads what stands before the first sample of a CSV file.
func (s *shard) readHeader() error {
	const most = 1 << 20
	end := s.size
	if s.index.count > 0 {
		start, _, err := s.index.span(0)
		if err != nil {
			return err
		}
		end = start
	}
	if end > most {
		return fmt.Errorf("a header of %d bytes", end)
	}
	head := make([]byte, end)
	if n, err := s.ReadAt(head, 0); n < len(head) {
		return orUnexpected(err)
	}
	var err error
	s.columns, err = csvHeader(skipBlank(bytes.TrimPrefix(head, bom), s.kind.comma()), s.kind.comma())
	return err
}

// Len is the number of samples in all files, malformed ones among them.
func (c *Corpus) Len() int { return c.len }

// At reads sample i, with one read of its file and one of the index. Its errors are *IndexError, *SampleError and, once
// the corpus is closed, fs.ErrClosed.
func (c *Corpus) At(i int) (Sample, error) {
	if i < 0 || i >= c.len {
		return Sample{}, &IndexError{Index: i, Len: c.len}
	}
	s := c.shards[sort.Search(len(c.shards), func(k int) bool { return c.shards[k].first > i })-1]
	sample, start, err := s.read(int64(i - s.first))
	if errors.Is(err, fs.ErrClosed) {
		return Sample{}, fileError(s.name, fs.ErrClosed)
	}
	if err != nil {
		return Sample{}, &SampleError{File: s.name, Offset: start, Index: i, Err: err}
	}
	return sample, nil
}

// buffers are of samples' texts. Their number is that of concurrent readers.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

func (s *shard) read(i int64) (sample Sample, start int64, err error) {
	start, end, err := s.index.span(i)
	if err != nil {
		return sample, start, err
	}
	n := int(min(end-start, maxSample+1))
	if n > maxSample {
		return sample, start, fmt.Errorf("is %d bytes long, at most %d are read", end-start, maxSample)
	}
	buf := buffers.Get().(*[]byte)
	defer func() {
		if cap(*buf) <= blockSize { // a rare giant must not stay
			buffers.Put(buf)
		}
	}()
	*buf = slices.Grow((*buf)[:0], n)[:n]
	if got, err := s.ReadAt(*buf, start); got < n {
		return sample, start, orUnexpected(err)
	}
	const space = " \t\r\n"
	switch text := *buf; s.kind {
	case csvKind, semicolonKind, tabKind:
		sample, err = decodeRecord(s.columns, bytes.TrimRight(text, "\r\n"), s.kind.comma())
	case arrayKind:
		text = bytes.TrimRight(text, space)
		sample, err = decodeSample(bytes.TrimRight(bytes.TrimSuffix(text, []byte(",")), space))
	default:
		sample, err = decodeSample(bytes.TrimRight(text, space))
	}
	return sample, start, err
}

// Image reads and decodes an image. Its errors are *FileError and name the path: one that is missing, damaged, above 100
// megapixels by its header, or outside the root.
func (c *Corpus) Image(path string) (image.Image, error) { return readImage(c.images, path) }

// Verify reads all files and compares them with their indexes. It returns a *FileError for the first that has changed or
// whose index is damaged; that index is removed, and opening the files again makes a new one.
func (c *Corpus) Verify(ctx context.Context) error {
	for _, s := range c.shards {
		if err := s.index.verify(ctx); err != nil {
			return fileError(s.name, err)
		}
	}
	return nil
}

// Close closes the files.
func (c *Corpus) Close() error {
	var errs []error
	for _, s := range c.shards {
		errs = append(errs, s.close())
	}
	return errors.Join(errs...)
}

func (s *shard) close() error {
	if s.index != nil {
		return errors.Join(s.index.close(), s.file.Close())
	}
	return s.file.Close()
}
