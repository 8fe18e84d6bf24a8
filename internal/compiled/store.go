package compiled

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

const (
	programs   = ".xla"     // how files with a program end
	unfinished = ".part"    // and those that are being written
	most       = 256 << 20  // bytes in a directory, beyond which the programs that were not used for longest go
	abandoned  = time.Hour  // after which an unfinished file has nobody who writes it
	largest    = 1<<30 - 32 // bytes of a program: more is not one
)

// store is programs in one directory. It may be used by several goroutines and processes. The zero store keeps nothing.
type store struct {
	dir     string
	machine []byte // what all programs depend on, beside their text
}

// newStore makes the directory if need be. What is in it is run, so nobody but its owner may write into it.
func newStore(dir, plugin string) (s store, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return s, err
	}
	info, err := os.Stat(dir)
	if err != nil {
		return s, err
	}
	if info.Mode().Perm()&0o022 != 0 {
		return s, fmt.Errorf("%s: others may write here, and what is here would be run", dir)
	}
	file, err := os.Stat(plugin)
	if err != nil {
		return s, err
	}
	processor, err := processor()
	if err != nil {
		return s, err
	}
	path, err := filepath.EvalSymlinks(plugin)
	if err != nil {
		return s, err
	}
	// XLA splits work for as many threads as there are cores.
	machine := fmt.Sprintf("%s %d %d\n%s\n%d\n%s", path, file.Size(), file.ModTime().UnixNano(), processor, runtime.NumCPU(), os.Getenv("XLA_FLAGS"))
	return store{dir, []byte(machine)}, nil
}

// processor is the model and the instruction sets of the first core, as Linux tells them.
func processor() (string, error) {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "", err
	}
	first, _, _ := strings.Cut(string(text), "\n\n")
	var found []string
	for line := range strings.Lines(first) {
		if strings.HasPrefix(line, "model") || strings.HasPrefix(line, "flags") {
			found = append(found, line)
		}
	}
	if len(found) == 0 {
		return "", errors.New("/proc/cpuinfo does not name the processor's instruction sets")
	}
	return strings.Join(found, ""), nil
}

// key is the name of the program that these parts make on this machine.
func (s store) key(parts ...[]byte) string {
	h := sha256.New()
	for _, p := range append(parts, s.machine) {
		var n [8]byte
		binary.LittleEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:])
		h.Write(p)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// read gives the program that was written under the key, or nil. A file holds the checksum of a program, then the program.
func (s store) read(key string) []byte {
	if s.dir == "" {
		return nil
	}
	path := filepath.Join(s.dir, key+programs)
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() || info.Size() > largest {
		return nil
	}
	data, err := os.ReadFile(path)
	if err != nil || len(data) <= sha256.Size {
		return nil
	}
	if sum := sha256.Sum256(data[sha256.Size:]); !bytes.Equal(sum[:], data[:sha256.Size]) {
		return nil
	}
	now := time.Now()
	_ = os.Chtimes(path, now, now) // it is in use, should some have to go
	return data[sha256.Size:]
}

// write puts a program under its key, whole or not at all, and makes room for it.
func (s store) write(key string, program []byte) (err error) {
	if s.dir == "" {
		return nil
	}
	f, err := os.CreateTemp(s.dir, "*"+unfinished)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(program)
	_, err = f.Write(sum[:])
	if err == nil {
		_, err = f.Write(program)
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), filepath.Join(s.dir, key+programs))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return s.prune(most)
}

// prune removes the programs that were not used for longest, until those left have at most so many bytes together, and what
// processes that died were writing. It touches no file but those of its own.
func (s store) prune(bytes int64) error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	var kept []fs.FileInfo
	for _, e := range entries {
		info, err := e.Info()
		switch {
		case err != nil || !info.Mode().IsRegular():
		case filepath.Ext(e.Name()) == unfinished && time.Since(info.ModTime()) > abandoned:
			_ = os.Remove(filepath.Join(s.dir, e.Name()))
		case filepath.Ext(e.Name()) == programs:
			kept = append(kept, info)
		}
	}
	slices.SortFunc(kept, func(a, b fs.FileInfo) int {
		return cmp.Or(b.ModTime().Compare(a.ModTime()), strings.Compare(a.Name(), b.Name()))
	})
	for _, info := range kept {
		if bytes -= info.Size(); bytes < 0 {
			err = errors.Join(err, os.Remove(filepath.Join(s.dir, info.Name())))
		}
	}
	return err
}
