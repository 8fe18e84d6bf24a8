package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// manifestFile lies in every directory that Replace made, and lists what it wrote there. Only what is in it, and is as it was
// written, is ever removed again.
const manifestFile = ".written.json"

// manifest has the files of a directory by name.
type manifest map[string]checksum

// checksum tells whether a file is as it was written. It is taken while writing.
type checksum struct {
	Size int64  `json:"size"`
	CRC  uint32 `json:"crc32c"`
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (c *checksum) Write(p []byte) (int, error) {
	c.Size += int64(len(p))
	c.CRC = crc32.Update(c.CRC, castagnoli, p)
	return len(p), nil
}

// readAgain is the size up to which a file is compared with its checksum. Larger ones are weights, which nobody edits by hand; size
// has to do.
const readAgain = 64 << 20

func (m manifest) write(w io.Writer) error {
	text, err := json.MarshalIndent(m, "", "\t")
	if err != nil {
		return err
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

// OccupiedError says what stands where a directory was to be written.
type OccupiedError struct {
	Path   string // the directory
	Entry  string // in it, "" for itself
	Reason string
}

func (e *OccupiedError) Error() string {
	return fmt.Sprintf("%s: %s; name another folder, or move it away", filepath.Join(e.Path, e.Entry), e.Reason)
}

// resolve is where a directory really is: renaming must neither meet a link nor the name ".".
func resolve(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	real, err := filepath.EvalSymlinks(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return dir, nil
	}
	return real, err
}

// vacant tells whether a directory is there and empty, or an error where it cannot be replaced.
func vacant(dir string) (empty bool, err error) {
	info, err := os.Lstat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case info.Mode()&fs.ModeSymlink != 0:
		return false, &OccupiedError{Path: dir, Reason: "is a link to nothing"}
	case !info.IsDir():
		return false, &OccupiedError{Path: dir, Reason: "is a file"}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) == 0 {
		return err == nil, err
	}
	if err := ours(dir); err != nil {
		return false, err
	}
	if here, err := os.Stat("."); err == nil && os.SameFile(here, info) {
		return false, &OccupiedError{Path: dir, Reason: "is the working directory, which can be filled but not replaced"}
	}
	return false, nil
}

// ours makes sure that a directory holds nothing but what Replace has written.
func ours(dir string) error {
	data, err := os.ReadFile(filepath.Join(dir, manifestFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	written := manifest{}
	if json.Unmarshal(data, &written) != nil {
		written = manifest{} // something else that is called so
	}
	folders := map[string]bool{".": true}
	for name := range written {
		for at := filepath.Dir(filepath.FromSlash(name)); !folders[at]; at = filepath.Dir(at) {
			folders[at] = true
		}
	}
	return filepath.WalkDir(dir, func(file string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		before, known := written[filepath.ToSlash(name)]
		switch {
		case e.IsDir() && folders[name], name == manifestFile && len(written) > 0:
			return nil
		case e.IsDir() && strings.HasPrefix(e.Name(), writing):
			return fs.SkipDir // what a killed Replace has left
		case !known || !e.Type().IsRegular():
			return &OccupiedError{dir, name, "is there already, and was not written by a save"}
		}
		if changed, err := differs(file, before); err != nil || changed {
			return errors.Join(err, &OccupiedError{dir, name, "has been changed since it was written"})
		}
		return nil
	})
}

// differs compares a file with what was written.
func differs(file string, written checksum) (bool, error) {
	info, err := os.Stat(file)
	if err != nil || info.Size() != written.Size || info.Size() > readAgain {
		return err == nil && info.Size() != written.Size, err
	}
	f, err := os.Open(file)
	if err != nil {
		return false, err
	}
	defer f.Close()
	var now checksum
	_, err = io.Copy(&now, f)
	return now != written, err
}
