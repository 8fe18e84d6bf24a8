package state

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Adopt makes up for the list that Replace did not always leave: of the named files, of which the caller knows that Replace wrote
// them, those that are there now. A directory that has a list already, or is absent, is left alone.
func (d Disk) Adopt(dir string, names []string) error {
	list := filepath.Join(dir, manifestFile)
	if listed, err := d.Listed(dir); listed || err != nil {
		return err
	}
	found := manifest{}
	for _, name := range names {
		f, err := os.Open(filepath.Join(dir, filepath.FromSlash(name)))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		info, err := f.Stat()
		var sum checksum
		if err == nil && info.Size() > readAgain {
			sum.Size = info.Size()
		} else if err == nil {
			_, err = io.Copy(&sum, f)
		}
		if err = errors.Join(err, f.Close()); err != nil {
			return err
		}
		found[name] = sum
	}
	if len(found) == 0 {
		return nil
	}
	return d.WriteFile(list, found.write)
}

// Listed tells whether a directory has the list that Replace leaves.
func (d Disk) Listed(dir string) (bool, error) {
	_, err := os.Stat(filepath.Join(dir, manifestFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
