// Package sidefile reads the small files that lie beside a checkpoint's weights, in the states in which people have them: with a
// byte order mark, or not fetched yet.
package sidefile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// bom is how some editors on Windows begin a text. JSON does not allow it.
var bom = []byte("\ufeff")

// pointer begins every file that Git puts in the place of a large one.
var pointer = []byte("version https://git-lfs")

// NotFetched is what is wrong with a file that [Pointer] recognises.
const NotFetched = "is an LFS pointer; fetch the file with git lfs pull"

// Pointer says whether a file that begins so only stands for another, which Git LFS has not fetched.
func Pointer(head []byte) bool { return bytes.HasPrefix(head, pointer) }

// Error says why a file that is there cannot be what it should be.
type Error struct{ File, Reason string }

func (e *Error) Error() string { return e.File + ": " + e.Reason }

// Read gives a file's text without a byte order mark, and refuses one of more than limit bytes. Its own errors are an *Error, others
// name the file, and a file that is missing is [fs.ErrNotExist].
func Read(fsys fs.FS, name string, limit int) ([]byte, error) {
	if fsys == nil {
		return nil, errors.New("there is no file system to read " + name + " from")
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", name, err)
	case len(text) > limit:
		return nil, &Error{name, fmt.Sprintf("longer than %d bytes", limit)}
	case Pointer(text):
		return nil, &Error{name, NotFetched}
	}
	return WithoutBOM(text), nil
}

// WithoutBOM is a text without the mark that it may begin with.
func WithoutBOM(text []byte) []byte { return bytes.TrimPrefix(text, bom) }
