package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/egotsr/egotsr/internal/state"
)

// lock makes a folder ours alone, however many workers a runner has do the same, until the file is released or its process dies. What a
// process that died was writing is cleared away.
func lock(folder string) (*os.File, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(folder, ".lock"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := state.Lock(f); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", f.Name(), err), f.Close())
	}
	return f, state.Disk{}.Clean(folder)
}

// readAnswers reads an answersFile. What else goes by its name is an error, and is left alone.
func readAnswers(path string) (*answers, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var a answers
	if err := json.Unmarshal(data, &a); err != nil || a.Question == "" {
		return nil, fmt.Errorf("%s is there already, and holds no answers: move it away", path)
	}
	for k := range a.Pairs {
		a.Pairs[k].Item.Sample = a.Pairs[k].Sample
	}
	return &a, nil
}

// put writes a file of a locked folder, as a whole or not at all.
func put(path string, content any) error {
	text, err := json.Marshal(content)
	if err != nil {
		return err
	}
	return state.Disk{}.WriteFile(path, func(w io.Writer) error { _, err := w.Write(append(text, '\n')); return err })
}
