// Package state writes files and directories that appear whole or not at all, whenever the process dies and whichever
// write fails: everything is written under a temporary name, synced, and renamed.
package state

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Disk is where state is written. The zero value is the operating system's file system.
type Disk struct {
	// Before is asked before every operation that changes something; an error makes that operation fail. Tests let each
	// operation fail in turn. It may be nil.
	Before func(op, path string) error
}

// Dir is a directory under its temporary name.
type Dir struct {
	disk    Disk
	path    string
	folders map[string]bool // that have got files, and are synced once at the end
	names   []string        // of files, in the order they were written
	written manifest
}

// Replace makes the directory anew: write fills it with files, and dir then stands for exactly those. It takes a dir that is absent,
// empty, or holds nothing but what Replace has written there, which is then removed; else there is an [*OccupiedError], and nothing has
// changed. On any other error dir is as it was. So it is after a kill, but for one between the two renames: dir is then absent until
// Clean, or another Replace of it, puts back what stood there. An empty folder is filled where it is, file after file in the order
// they were written, since it may be somebody's working directory or a place where a disk is mounted.
func (d Disk) Replace(dir string, write func(*Dir) error) (err error) {
	if dir, err = resolve(dir); err != nil {
		return err
	}
	parent := filepath.Dir(dir)
	if err := d.do("mkdir", parent, func() error { return os.MkdirAll(parent, 0o755) }); err != nil {
		return err
	}
	left, err := leftovers(parent, temporary(dir))
	if err != nil {
		return err
	}
	for _, path := range left { // the rest may be another writer's
		if _, err := d.putBack(path); err != nil {
			return err
		}
	}
	switch empty, err := vacant(dir); {
	case err != nil:
		return err
	case empty:
		return d.fillEmpty(dir, write)
	}
	tmp, err := d.makeTemporary(dir, parent, temporary(dir))
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if _, err := fill(d, tmp, write); err != nil {
		return err
	}
	old := tmp + retired
	switch err := d.do("rename", dir, func() error { return os.Rename(dir, old) }); {
	case err == nil:
		defer func() {
			// Under a name that Clean never puts back, since it may soon be half of a directory.
			if back := os.Rename(old, tmp); back == nil {
				os.RemoveAll(tmp)
			}
		}()
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if err := d.do("rename", dir, func() error { return os.Rename(tmp, dir) }); err != nil {
		if back := os.Rename(old, dir); !errors.Is(back, fs.ErrNotExist) {
			err = errors.Join(err, back)
		}
		return err
	}
	return d.syncDir(parent)
}

// Replaceable tells whether Replace would take a directory, without changing anything: nil, or the error that it would give.
func (d Disk) Replaceable(dir string) error {
	dir, err := resolve(dir)
	if err == nil {
		_, err = vacant(dir)
	}
	return err
}

// makeTemporary makes a directory in parent that dir is to come of.
func (d Disk) makeTemporary(dir, parent, prefix string) (tmp string, err error) {
	err = d.do("mkdir", dir, func() (err error) {
		tmp, err = os.MkdirTemp(parent, prefix+"*")
		return err
	})
	if err != nil {
		return "", err
	}
	if err := d.do("chmod", tmp, func() error { return os.Chmod(tmp, 0o755) }); err != nil {
		return "", errors.Join(err, os.Remove(tmp))
	}
	return tmp, nil
}

// fillEmpty fills an empty directory where it is. The list of what is written comes first, so that what a kill leaves is known for ours.
func (d Disk) fillEmpty(dir string, write func(*Dir) error) (err error) {
	tmp, err := d.makeTemporary(dir, dir, writing)
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	names, err := fill(d, tmp, write)
	if err != nil {
		return err
	}
	var moved []string
	defer func() {
		if err == nil {
			return
		}
		for _, name := range moved {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, name)))
		}
	}()
	for _, name := range names {
		to := filepath.Join(dir, name)
		if err := d.do("rename", to, func() error { return os.Rename(filepath.Join(tmp, name), to) }); err != nil {
			return err
		}
		moved = append(moved, name)
	}
	return d.syncDir(dir)
}

// fill writes a directory's files and the list of them, then syncs the folders they lie in. names are what lies in it: the list, then
// the rest in the order of writing.
func fill(disk Disk, path string, write func(*Dir) error) (names []string, err error) {
	d := &Dir{disk: disk, path: path, folders: map[string]bool{path: true}, written: manifest{}}
	if err := write(d); err != nil {
		return nil, err
	}
	if err := disk.create(filepath.Join(path, manifestFile), d.written.write); err != nil {
		return nil, err
	}
	for _, folder := range slices.Sorted(maps.Keys(d.folders)) {
		if err := disk.syncDir(folder); err != nil {
			return nil, err
		}
	}
	names = []string{manifestFile}
	for _, name := range d.names {
		if top, _, _ := strings.Cut(name, "/"); !slices.Contains(names, top) {
			names = append(names, top)
		}
	}
	return names, nil
}

// File writes one file of the directory and syncs it: after a crash a renamed directory must not hold empty files. name
// may lie in a folder of it, which is made.
func (d *Dir) File(name string, write func(io.Writer) error) error {
	name = path.Clean(name)
	file := filepath.Join(d.path, filepath.FromSlash(name))
	folder := filepath.Dir(file)
	if !d.folders[folder] {
		if err := d.disk.do("mkdir", folder, func() error { return os.MkdirAll(folder, 0o755) }); err != nil {
			return err
		}
		d.folders[folder] = true
	}
	sum := &checksum{}
	if err := d.disk.create(file, func(w io.Writer) error { return write(io.MultiWriter(w, sum)) }); err != nil {
		return err
	}
	d.names = append(d.names, name)
	d.written[name] = *sum
	return nil
}

// WriteFile replaces one file.
func (d Disk) WriteFile(path string, write func(io.Writer) error) error {
	tmp := filepath.Join(filepath.Dir(path), temporary(path)+"file")
	defer os.Remove(tmp)
	if err := d.create(tmp, write); err != nil {
		return err
	}
	if err := d.do("rename", path, func() error { return os.Rename(tmp, path) }); err != nil {
		return err
	}
	return d.syncDir(filepath.Dir(path))
}

// Remove removes a directory that Replace made, under a temporary name, so that half of one is never taken for a whole. Where it holds
// anything else there is an [*OccupiedError], and it stays.
func (d Disk) Remove(dir string) error {
	if err := ours(dir); err != nil {
		return err
	}
	tmp := filepath.Join(filepath.Dir(dir), temporary(dir)+"gone")
	if err := d.do("rename", dir, func() error { return os.Rename(dir, tmp) }); err != nil {
		return err
	}
	return d.do("remove", tmp, func() error { return os.RemoveAll(tmp) })
}

// Clean removes what interrupted writes have left in parent, and puts back a directory that one of them had moved aside and
// not yet replaced.
func (d Disk) Clean(parent string) error {
	left, err := leftovers(parent, ".")
	for _, path := range left {
		if back, err2 := d.putBack(path); err2 != nil || back {
			err = errors.Join(err, err2)
			continue
		}
		err = errors.Join(err, d.do("remove", path, func() error { return os.RemoveAll(path) }))
	}
	return err
}

// leftovers lists the temporary names in parent that begin with prefix.
func leftovers(parent, prefix string) (paths []string, err error) {
	entries, err := os.ReadDir(parent)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		if name := e.Name(); strings.HasPrefix(name, prefix) && strings.Contains(name, writing) {
			paths = append(paths, filepath.Join(parent, name))
		}
	}
	return paths, err
}

// putBack gives a directory that was moved aside its name again, unless another has it by now.
func (d Disk) putBack(path string) (done bool, err error) {
	parent, name := filepath.Split(path)
	base, rest, _ := strings.Cut(name, writing)
	dir := filepath.Join(parent, strings.TrimPrefix(base, "."))
	if !strings.HasSuffix(rest, retired) {
		return false, nil
	}
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if err := d.do("rename", path, func() error { return os.Rename(path, dir) }); err != nil {
		return false, err
	}
	return true, d.syncDir(filepath.Clean(parent))
}

const (
	writing = ".writing-"
	retired = ".old" // ends the name of what a new directory is about to replace
)

func temporary(path string) string { return "." + filepath.Base(path) + writing }

func (d Disk) create(path string, write func(io.Writer) error) error {
	var f *os.File
	if err := d.do("create", path, func() (err error) { f, err = os.Create(path); return err }); err != nil {
		return err
	}
	w := bufio.NewWriterSize(writer{d, f}, 1<<20)
	err := write(w)
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = d.do("sync", path, f.Sync)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func (d Disk) syncDir(path string) error {
	return d.do("sync", path, func() error {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		return errors.Join(f.Sync(), f.Close())
	})
}

// do runs one operation, unless a test wants it to fail.
func (d Disk) do(op, path string, run func() error) error {
	if d.Before != nil {
		if err := d.Before(op, path); err != nil {
			return fmt.Errorf("%s %s: %w", op, path, err)
		}
	}
	return run()
}

type writer struct {
	disk Disk
	file *os.File
}

func (w writer) Write(p []byte) (n int, err error) {
	err = w.disk.do("write", w.file.Name(), func() (err error) { n, err = w.file.Write(p); return err })
	return n, err
}
