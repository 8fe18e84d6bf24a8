package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// What stands in a file's place stays as it is, and nothing is left beside it.
func TestReplace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "tag.jsonl")
	says := func(text string) func(io.Writer) error {
		return func(w io.Writer) error { _, err := io.WriteString(w, text); return err }
	}
	broken := errors.New("broken")
	for _, c := range []struct {
		write  func(io.Writer) error
		ok     bool
		stands string
	}{
		{func(io.Writer) error { return broken }, false, ""},
		{says("samples"), true, "samples"},
		{says("samples"), true, "samples"},
		{says("others"), false, "samples"},
	} {
		if err := replace(path, c.write); (err == nil) != c.ok {
			t.Error(err)
		}
		if got, _ := os.ReadFile(path); string(got) != c.stands {
			t.Errorf("%q stands there, want %q", got, c.stands)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Error(left, err)
	}
}
