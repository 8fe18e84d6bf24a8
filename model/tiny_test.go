package model

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/tiny anew")

// TestTiny: testdata/tiny is what New makes of the golden checkpoint's configuration with one layer a tower, 32 wide: tests that hold
// of any checkpoint take it, for a forward pass takes a millisecond. It is the same on every machine.
func TestTiny(t *testing.T) {
	const kept = "../testdata/tiny"
	files := os.DirFS("../testdata/golden/a/checkpoint")
	c, err := LoadConfig(files)
	if err != nil {
		t.Fatal(err)
	}
	c.Layers, c.HiddenSize, c.IntermediateSize, c.Heads, c.KVHeads = 1, 32, 64, 2, 1 // of 16 values, as the golden one's
	v := &c.Vision
	v.Depth, v.HiddenSize, v.IntermediateSize, v.Heads, v.OutHidden, v.FullAttention = 1, 32, 48, 2, 32, nil
	m, err := New(c, "go", 5)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	dir := filepath.Join(t.TempDir(), "tiny")
	if err := m.Save(t.Context(), files, nil, dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, ".written.json")); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.RemoveAll(kept); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(kept, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
	}
	made, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range made {
		got, err1 := os.ReadFile(filepath.Join(dir, e.Name()))
		want, err2 := os.ReadFile(filepath.Join(kept, e.Name()))
		if err1 != nil || err2 != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what New and Save make of it (%v, %v): -update writes it", e.Name(), err1, err2)
		}
	}
}
