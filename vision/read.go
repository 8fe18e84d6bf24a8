package vision

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// maxFile is the largest image file that is read, in bytes: 100 megapixels of 16-bit colour and opacity are less.
const maxFile = 1 << 30

// Read decodes the image file that name stands for in fsys, as [Decode] does, but takes no file above 1 GiB. What is no
// regular file is not opened: a pipe would be waited for, and a device may never end. Errors are *fs.PathError and name
// the file; the cause in them is the file system's, or a *SizeError or *FormatError.
func Read(fsys fs.FS, name string) (image.Image, error) {
	data, err := contents(fsys, name, maxFile)
	if err != nil {
		return nil, pathError(name, err)
	}
	img, err := Decode(data)
	if err != nil {
		return nil, pathError(name, err)
	}
	return img, nil
}

// ReadFile is [Read] of a path of the operating system, which its errors name.
func ReadFile(path string) (image.Image, error) {
	img, err := Read(os.DirFS(filepath.Dir(path)), filepath.Base(path))
	if bad := (*fs.PathError)(nil); errors.As(err, &bad) {
		bad.Path = path
	}
	return img, err
}

// contents reads a whole file, no further than most bytes whatever its size is said to be.
func contents(fsys fs.FS, name string, most int64) ([]byte, error) {
	if fsys == nil {
		return nil, errors.New("there is no file system to read it from")
	}
	info, err := fs.Stat(fsys, name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("is no regular file")
	case info.Size() > most:
		return nil, tooLong(info.Size(), most)
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var data bytes.Buffer
	data.Grow(int(min(max(info.Size(), 0), 1<<20)) + bytes.MinRead) // most are smaller, and their end is seen without growing
	if _, err := data.ReadFrom(io.LimitReader(f, most+1)); err != nil {
		return nil, err
	}
	if int64(data.Len()) > most { // it has grown
		return nil, tooLong(int64(data.Len()), most)
	}
	return data.Bytes(), nil
}

func tooLong(size, most int64) error {
	return fmt.Errorf("is %d bytes long, at most %d are read", size, most)
}

// pathError names the file once: errors of package fs name it already.
func pathError(name string, err error) error {
	if named := (*fs.PathError)(nil); errors.As(err, &named) {
		err = named.Err
	}
	return &fs.PathError{Op: "read", Path: name, Err: err}
}
