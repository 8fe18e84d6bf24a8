package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/egotsr/egotsr/dataset"
)

// TestSmall: what is measured on 46 million samples is right on 200 thousand.
func TestSmall(t *testing.T) {
	const n = 200_000
	dir := t.TempDir()
	file := filepath.Join(dir, "samples.jsonl")
	if err := makeFile(n, dir, file, false); err != nil {
		t.Fatal(err)
	}
	for _, what := range []string{"read", "build", "open", "verify"} {
		f, err := measure(what, file)
		if err != nil || f.Seconds <= 0 || f.RSS <= 0 || f.Bytes < n*200 {
			t.Errorf("%s: %+v, %v", what, f, err)
		}
	}
	c, err := dataset.Open(os.DirFS(dir), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if c.Len() != n {
		t.Fatalf("%d samples", c.Len())
	}
	var f figures
	if err := f.read(c, 20_000, func(p uint64) int { return n - 1 - int(p) }); err != nil || f.P99 < f.P50 {
		t.Errorf("%+v, %v", f, err)
	}
}
