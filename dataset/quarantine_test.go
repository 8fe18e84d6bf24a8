package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
)

func mustQuarantine(t testing.TB, path string, share float64, minSeen int) *Quarantine {
	t.Helper()
	q, err := OpenQuarantine(path, share, minSeen)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { q.Close() })
	return q
}

// TestQuarantine walks over a corpus with malformed lines, paths that escape and images that are not there or too large.
func TestQuarantine(t *testing.T) {
	samples := numbered(4)
	text := written(t, JSONL, samples...)
	escape := bytes.Replace(bytes.Split(text, []byte("\n"))[1], []byte("1/a.jpg"), []byte("../../a"), 1)
	text = append(append(append(text, "{\"messages\n"...), escape...), '\n')
	dir := onDisk(t, map[string][]byte{"a.jsonl": text})
	picture := &fstest.MapFile{Data: jpegBytes(t)}
	images := fstest.MapFS{"0/a.jpg": picture, "0/b.jpg": picture, "1/a.jpg": picture, "1/b.jpg": {Data: []byte("torn")}, "2/a.jpg": picture, "3/a.jpg": picture, "3/b.jpg": picture}
	c, err := Open(os.DirFS(dir), images)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	path := filepath.Join(dir, "bad.list")
	q := mustQuarantine(t, path, 0.9, 1)
	walk := func() {
		t.Helper()
		for i := range c.Len() {
			s, err := c.At(i)
			if err == nil {
				_, err = c.Image(s.Img1)
			}
			if err == nil {
				_, err = c.Image(s.Img2)
			}
			if err := q.Add(i, err); err != nil {
				t.Fatal(err)
			}
		}
	}
	walk()
	if seen, bad := q.seen, q.bad; seen != 6 || bad != 4 {
		t.Errorf("%d seen, %d bad", seen, bad)
	}
	list, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{`{"file":"1/b.jpg","offset":0,"index":1,"reason":"`, `{"file":"2/b.jpg","offset":0,"index":2,"reason":"file does not exist"}`,
		`{"file":"a.jsonl","offset":` + fmt.Sprint(bytes.Index(text, []byte("{\"messages\n"))) + `,"index":4,"reason":"byte 10 of the sample: unexpected end of JSON input"}`,
		`{"file":"a.jsonl","offset":` + fmt.Sprint(bytes.Index(text, escape)) + `,"index":5,"reason":"image path \"../../a\" is not inside the root: invalid argument"}`} {
		if lines := strings.Split(string(list), "\n"); len(lines) != 5 || !strings.HasPrefix(lines[i], want) {
			t.Errorf("%s\nwant %s", lines[i], want)
		}
	}
	walk() // a second epoch lists nothing twice, and neither does another run, which goes on after a torn line
	q.Close()
	for _, torn := range []string{"", "{", `{"file":"a.jsonl","offset":1`} {
		if err := os.WriteFile(path, append(bytes.Clone(list), torn...), 0o644); err != nil {
			t.Fatal(err)
		}
		q = mustQuarantine(t, path, 0.9, 1)
		walk()
		if again, err := os.ReadFile(path); err != nil || !bytes.Equal(again, list) {
			t.Errorf("after %q, %v:\n%s\nwant\n%s", torn, err, again, list)
		}
		q.Close()
	}
}

func TestQuarantineStops(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bad")
	q := mustQuarantine(t, path, 0.25, 8)
	sample := &SampleError{File: "a", Index: 3, Err: fs.ErrInvalid}
	for i := range 7 { // all bad, but too few to tell
		if err := q.Add(i, sample); err != nil {
			t.Fatal(err)
		}
	}
	err := q.Add(7, fmt.Errorf("batch 1: %w", sample))
	var stop *BadShareError
	if !errors.As(err, &stop) || stop.Bad != 8 || stop.Seen != 8 || !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("%v", err)
	}
	q = mustQuarantine(t, path, 0.25, 8)
	for i := range 30 {
		if err := q.Add(i, nil); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 10 {
		if err := q.Add(i, sample); err != nil {
			t.Fatal(err)
		}
	}
	if err := q.Add(10, sample); !errors.As(err, &stop) || stop.Bad != 11 || stop.Seen != 41 {
		t.Errorf("%v", err)
	}
	for _, other := range []error{context.Canceled, &IndexError{9, 3}, fs.ErrClosed, fileError("a", fs.ErrClosed)} {
		if err := q.Add(3, other); err != other {
			t.Errorf("%v became %v", other, err)
		}
	}
	if seen, bad := q.seen, q.bad; seen != 41 || bad != 11 {
		t.Errorf("%d seen, %d bad", seen, bad)
	}
	q.Close()
	if err := q.Add(99, sample); err == nil {
		t.Error("listed after Close")
	}
	// What is no list stays as it is.
	const entry = `{"file":"a","offset":0,"index":1,"reason":"b"}`
	for _, text := range []string{"a file of somebody's\n", "without a line end", "{}\n[1]\n", "{}\n", `{"file":"a","index":3}` + "\n", `{"a":1}`, "{", entry + entry + "\n",
		`{"file":"a","offset":0,"index":1,"reason":"b","mine":true}` + "\n", entry + "\n" + `{"b":2}`} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := OpenQuarantine(path, 1, 1)
		if bad := (*FileError)(nil); !errors.As(err, &bad) {
			t.Errorf("%q: %v", text, err)
		}
		if got, _ := os.ReadFile(path); string(got) != text {
			t.Errorf("%q became %q", text, got)
		}
	}
	if _, err := OpenQuarantine(t.TempDir(), 1, 1); err == nil {
		t.Error("a folder is a list")
	}
}

func TestQuarantineConcurrent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bad")
	q := mustQuarantine(t, path, 1, 1)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 100 {
				if err := q.Add(i, &SampleError{File: "a", Index: i, Err: fs.ErrInvalid}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	list, err := os.ReadFile(path)
	if seen, bad := q.seen, q.bad; err != nil || seen != 800 || bad != 800 || bytes.Count(list, []byte("\n")) != 100 {
		t.Errorf("%d seen, %d bad, %v: %s", seen, bad, err, list)
	}
}

// TestQuarantineWhole: an entry that lacks nothing but its line's end is kept.
func TestQuarantineWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bad")
	const entry = `{"file":"a","offset":0,"index":1,"reason":"b"}`
	if err := os.WriteFile(path, []byte(entry), 0o644); err != nil {
		t.Fatal(err)
	}
	q := mustQuarantine(t, path, 1, 1)
	for _, i := range []int{1, 2} {
		if err := q.Add(i, &FileError{Path: "a", Err: fs.ErrNotExist}); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != entry+"\n"+`{"file":"a","offset":0,"index":2,"reason":"file does not exist"}`+"\n" {
		t.Errorf("%s, %v", got, err)
	}
}

// TestQuarantineEarly: long before minSeen, so many bad samples stop a run as chance cannot explain, and no fewer do.
func TestQuarantineEarly(t *testing.T) {
	missing := func(name string) error { return &FileError{Path: name, Err: fs.ErrNotExist} }
	for _, c := range []struct {
		what      string
		share     float64
		good, bad int
		same      bool // they all miss one image
		stops     int  // with which of the bad ones; 0 = with none
	}{
		{"nothing can be read", 0.01, 0, 8, false, 3},
		{"a damaged half", 0.01, 5, 5, false, 5},
		{"one of ten", 0.01, 9, 1, false, 0},
		{"two of ten", 0.01, 8, 2, false, 0},
		{"a block with one bad frame", 0.01, 0, 8, true, 0},
		{"as many as expected", 0.5, 200, 200, false, 0},
		{"all are allowed", 1, 0, 900, false, 0},
		{"none of twenty", 0.5, 0, 40, false, 20},
	} {
		q := mustQuarantine(t, filepath.Join(t.TempDir(), "bad"), c.share, 1000)
		for i := range c.good {
			if err := q.Add(i, nil); err != nil {
				t.Fatal(err)
			}
		}
		stops := 0
		for i := range c.bad {
			name := fmt.Sprint(i)
			if c.same {
				name = "one"
			}
			if err := q.Add(c.good+i, missing(name)); err != nil && stops == 0 {
				stops = i + 1
				if share := (*BadShareError)(nil); !errors.As(err, &share) {
					t.Errorf("%s: %v", c.what, err)
				}
			}
		}
		if stops != c.stops {
			t.Errorf("%s: stopped by bad sample %d, want %d", c.what, stops, c.stops)
		}
	}
}

// TestQuarantineChance: where the true share is the one allowed, hardly a run is stopped before its time.
func TestQuarantineChance(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, share := range []float64{0.01, 0.1, 0.5} {
		for run := range 500 {
			bad := 0
			for n := 1; n < 1000; n++ {
				if rng.Float64() < share {
					bad++
				}
				if unlikely(bad, n, share) {
					t.Fatalf("share %v, run %d: %d of %d", share, run, bad, n)
				}
			}
		}
	}
}
