package dataset

import (
	"errors"
	"testing"
)

// TestNoFileSystem: a file system that is nil is an error where something has to be read from it, and no panic.
func TestNoFileSystem(t *testing.T) {
	list := NewList(nil, numbered(1))
	_, episodes := mixed(t)
	pairs, err := NewPairs(nil, episodes, PairOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := pairs.At(0)
	if err != nil {
		t.Fatal(err)
	}
	for what, call := range map[string]func() error{
		"Open":        func() error { _, err := Open(nil, nil); return err },
		"Open, named": func() error { _, err := Open(nil, nil, "a.jsonl"); return err },
		"Short":       func() error { _, err := Short(nil); return err },
		"Simulated":   func() error { _, _, err := Simulated(nil); return err },
		"FrameNames":  func() error { _, err := FrameNames(nil, "."); return err },
		"List.Image":  func() error { _, err := list.Image("a.jpg"); return err },
		"Pairs.Image": func() error { _, err := pairs.Image(s.Img1); return err },
	} {
		if file := (*FileError)(nil); !errors.As(call(), &file) || file.Err == nil {
			t.Errorf("%s: %v", what, call())
		}
	}
	if _, err := NewMix(Part{}); err == nil {
		t.Error("a mixture of nothing")
	}
	c := mustOpen(t, onDisk(t, map[string][]byte{"a.jsonl": written(t, JSONL, numbered(1)...)}))
	if _, err := c.At(0); err != nil {
		t.Error(err)
	}
	if _, err := c.Image("1/a.jpg"); err == nil {
		t.Error("an image out of nothing")
	}
}
