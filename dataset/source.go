package dataset

import (
	"errors"
	"fmt"
	"image"
	"io/fs"

	"github.com/egotsr/egotsr/internal/foreign"
	"github.com/egotsr/egotsr/vision"
)

// Source is random access to samples and their images. Implementations are safe for concurrent use, give the same
// sample for the same index every time, and hold bounded memory whatever Len is. One whose neighbouring samples belong
// together is a [Blocked], too.
type Source interface {
	Len() int                               // number of samples
	At(i int) (Sample, error)               // sample i; *IndexError unless 0 <= i < Len()
	Image(path string) (image.Image, error) // the decoded image of Sample.Img1 or Img2
}

// Blocked is a [Source] of blocks: samples k*Block() to (k+1)*Block()-1 show the same few frames, as those of a group of
// [Pairs] do, or make up one round of a [Mix]. Who shuffles such a source keeps each block together (see Order.Block), so
// that a frame is read and encoded once for its whole block.
type Blocked interface {
	Source
	Block() int // samples in a block; less than 1 counts as 1
}

// blockOf is the size of a source's blocks, 1 for one that has none.
func blockOf(src Source) int {
	if b, ok := src.(Blocked); ok {
		return max(1, b.Block())
	}
	return 1
}

// IndexError reports a sample index outside a source.
type IndexError struct {
	Index, Len int
}

func (e *IndexError) Error() string {
	return fmt.Sprintf("dataset: sample %d of a source with %d", e.Index, e.Len)
}

// FileError names the file that could not be used. Unwrap gives the cause, such as fs.ErrNotExist.
type FileError struct {
	Path string // within the file system it was read from
	Err  error
}

func (e *FileError) Error() string { return fmt.Sprintf("dataset: %s: %v", e.Path, e.Err) }

func (e *FileError) Unwrap() error { return e.Err }

// errNoFS is of a file system that is nil.
var errNoFS = fileError(".", errors.New("there is no file system to read it from"))

// fileError wraps err with the file's path once: errors of package fs carry it already, and would name it twice.
func fileError(path string, err error) error {
	if pe, ok := err.(*fs.PathError); ok {
		err = pe.Err
	}
	return &FileError{Path: path, Err: err}
}

// readImage is [vision.Read] with this package's error, also of what a user's file system panics with.
func readImage(fsys fs.FS, path string) (image.Image, error) {
	img, err := foreign.Do("the file system", func() (image.Image, error) { return vision.Read(fsys, path) })
	if err != nil {
		return nil, fileError(path, err)
	}
	return img, nil
}
