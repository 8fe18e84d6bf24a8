// Package hdf5 reads HDF5 files laid out as ALOHA and robomimic do, as recordings that package clips prepares: one for each
// episode and camera.
//
//	observations/images/<camera>       ALOHA: one episode a file
//	data/<demo>/obs/<camera>           robomimic, and LIBERO, which writes its files: many
//
// A camera is an array of bytes [frames, height, width, 3, or 1 or 4], [frames, height, width], or [frames, length] of
// JPEG, PNG or WebP files padded with zeros, or a list of such files as variable-length arrays or fixed strings. Arrays may
// lie in the file as they are or in chunks, compressed by gzip (deflate) or LZF, shuffled, with checksums. What else HDF5
// knows is refused by its name: other filters, and the chunk indexes that h5py writes when asked for libver "latest".
//
// Listing reads the headers of cameras and of what lies beside them, some 20 microseconds each. Reading frames holds
// the chunks that one frame lies in; raw frames come as PNG files, 480x640 ones at some 25 a second on one core.
package hdf5

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/egotsr/egotsr/dataset/clips"
)

// Options of Recordings.
type Options struct {
	Cameras []string // names of the arrays wanted; nil = all but depth maps
	Task    string   // the task's name; "" = what a robomimic file says: LIBERO's language_instruction, or env_name

	// BGR says that what stands for red in the file is blue. OpenCV keeps pixels so, and where it was given the others,
	// as ALOHA's recorder does, the JPEG files that it makes of them are wrong in this way.
	BGR bool
}

// Error says which file, and which array or group in it, cannot be used and why.
type Error struct {
	File, Object string // Object is "" where the whole file is meant
	Err          error
}

func (e *Error) Error() string {
	if e.Object == "" {
		return fmt.Sprintf("hdf5: %s: %v", e.File, e.Err)
	}
	return fmt.Sprintf("hdf5: %s: %s: %v", e.File, e.Object, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

func wrap(file, object string, err error) error {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e
	}
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		err = p.Err // would name the file twice
	}
	return &Error{file, object, err}
}

// Recordings lists the episodes and cameras of an HDF5 file, or of all .hdf5 and .h5 files of a folder. The scene of an
// ALOHA file is its folder's name and the episode its own; the scene of a robomimic file is its name, the episodes are its
// demos, 9 before 10. Each episode is one action; callers who know the actions set them in what they get.
//
// Errors are *Error. Of a folder, recordings of the files that can be read come with the errors of those that cannot,
// joined.
func Recordings(path string, opts *Options) ([]clips.Recording, error) {
	if opts == nil {
		opts = new(Options)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, wrap(path, "", err)
	}
	if !info.IsDir() {
		return read(path, opts)
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, wrap(path, "", err)
	}
	var files []string
	for _, e := range entries {
		switch strings.ToLower(filepath.Ext(e.Name())) {
		case ".hdf5", ".h5":
			if !e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
				files = append(files, e.Name())
			}
		}
	}
	if len(files) == 0 {
		return nil, wrap(path, "", errors.New("holds no .hdf5 or .h5 files"))
	}
	slices.SortFunc(files, shorterFirst)
	var recordings []clips.Recording
	var errs error
	for _, name := range files {
		found, err := read(filepath.Join(path, name), opts)
		recordings, errs = append(recordings, found...), errors.Join(errs, err)
	}
	return recordings, errs
}

// shorterFirst puts demo_9 before demo_10.
func shorterFirst(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}
