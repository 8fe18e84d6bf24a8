package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/egotsr/egotsr/internal/state"
)

// result is a folder of files that are made anew where what they are made of has changed. Others' files may lie beside them, such as
// the index of samples.jsonl.
type result struct{ dir, mark string }

type resultFile struct {
	name  string
	write func(io.Writer) error
}

// markFile says what a result is made of, and lists its files.
const markFile = "made-of.json"

type made struct {
	Of    string              `json:"of"`    // "" while it is being written
	Files map[string][]string `json:"files"` // the hashes that each may have
}

func (r result) made() (m made, err error) {
	data, err := os.ReadFile(filepath.Join(r.dir, markFile))
	if errors.Is(err, fs.ErrNotExist) {
		return made{}, nil
	}
	if err == nil && (json.Unmarshal(data, &m) != nil || m.Files == nil) {
		err = foreign(filepath.Join(r.dir, markFile))
	}
	return m, err
}

func foreign(path string) error {
	return fmt.Errorf("%s is not as this program has written it: move it away, or name another -out", path)
}

// there tells whether the result is.
func (r result) there() (bool, error) {
	m, err := r.made()
	if err != nil || m.Of != r.mark {
		return false, err
	}
	for name := range m.Files {
		if _, err := os.Stat(filepath.Join(r.dir, name)); err != nil {
			return false, nil
		}
	}
	return true, nil
}

// write writes all files, then lets each take its place. Whenever the process dies, what is there is known for ours: the list has the
// old and the new of each until they are all new.
func (r result) write(ctx context.Context, files []resultFile) error {
	m, err := r.made()
	if err != nil {
		return err
	}
	for _, f := range files {
		path := filepath.Join(r.dir, f.name)
		if sum, err := sum(path); err == nil && !slices.Contains(m.Files[f.name], sum) {
			return foreign(path)
		} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := os.MkdirAll(r.dir, 0o755); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(filepath.Dir(r.dir), ".result.writing-*") // which lock clears away
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	after := made{Of: r.mark, Files: map[string][]string{}}
	both := made{Files: map[string][]string{}}
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		path := filepath.Join(tmp, f.name)
		if err := (state.Disk{}).WriteFile(path, f.write); err != nil {
			return err
		}
		sum, err := sum(path)
		if err != nil {
			return err
		}
		after.Files[f.name] = []string{sum}
		both.Files[f.name] = append(slices.Clone(m.Files[f.name]), sum)
	}
	if err := put(filepath.Join(r.dir, markFile), both); err != nil {
		return err
	}
	for _, f := range files {
		if err := os.Rename(filepath.Join(tmp, f.name), filepath.Join(r.dir, f.name)); err != nil {
			return err
		}
	}
	return put(filepath.Join(r.dir, markFile), after)
}

func sum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return fmt.Sprintf("%x", h.Sum(nil)), err
}
