package dataset

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/png"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/metrics"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/egotsr/egotsr/vision"
)

// numbered are n samples that tell their number, of different lengths.
func numbered(n int) []Sample {
	samples := make([]Sample, n)
	for i := range samples {
		samples[i] = Sample{Task: strings.Repeat("é", i%40), Img1: fmt.Sprintf("%d/a.jpg", i), Img2: fmt.Sprintf("%d/b.jpg", i), Closer: Img1, Prompt: Tag, Frame1: i}
	}
	return samples
}

// onDisk writes files into a folder of their own.
func onDisk(t testing.TB, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func mustOpen(t testing.TB, dir string, names ...string) *Corpus {
	t.Helper()
	c, err := Open(os.DirFS(dir), nil, names...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// TestCorpus: several files of all formats are one source in the order of names, the second time from their indexes.
func TestCorpus(t *testing.T) {
	samples := numbered(2503)
	dir := onDisk(t, map[string][]byte{
		"a.json": written(t, JSON, samples[:1021]...), "b.csv": written(t, CSV, samples[1021:1022]...), "c.jsonl": written(t, JSONL),
		"d.jsonl": written(t, JSONL, samples[1022:2042]...), "e.csv": written(t, CSV, samples[2042:]...), "f.txt": []byte("no"), "g.json": []byte(" [ ] "),
	})
	var before []string
	for round := range 3 {
		c := mustOpen(t, dir)
		if diff := cmp.Diff(samples, samplesOf(t, c)); diff != "" {
			t.Fatalf("round %d: %s", round, diff)
		}
		if err := c.Verify(t.Context()); err != nil {
			t.Error(err)
		}
		for _, i := range []int{-1, len(samples)} {
			var outside *IndexError
			if _, err := c.At(i); !errors.As(err, &outside) || *outside != (IndexError{i, len(samples)}) {
				t.Errorf("%d: %v", i, err)
			}
		}
		indexes, _ := filepath.Glob(filepath.Join(dir, "*"))
		var after []string
		for _, name := range indexes {
			info, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			after = append(after, fmt.Sprint(info.Name(), info.Size(), info.ModTime()))
		}
		if diff := cmp.Diff(before, after); round > 0 && diff != "" {
			t.Errorf("opening again changed files: %s", diff)
		}
		before = after
	}
	c := mustOpen(t, dir, "e.csv", "b.csv")
	s, err := c.At(c.Len() - 1)
	if diff := cmp.Diff(samples[1021], s); err != nil || diff != "" {
		t.Error(err, diff)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Verify(cancelled); !errors.Is(err, context.Canceled) {
		t.Errorf("verify: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if _, err := c.At(0); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if c = mustOpen(t, dir, "e.csv"); c.Len() != 461 {
		t.Errorf("closed, and %d samples left", c.Len())
	}
}

func TestCorpusConcurrent(t *testing.T) {
	samples := numbered(3000)
	dir := onDisk(t, map[string][]byte{"a.jsonl": written(t, JSONL, samples[:1500]...), "b.jsonl": written(t, JSONL, samples[1500:]...)})
	var wg sync.WaitGroup
	for k := range 8 { // the first of them build the index at once
		wg.Go(func() {
			c, err := Open(os.DirFS(dir), nil)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			for p := range uint64(500) {
				i := (Order{Seed: uint64(k), Len: c.Len()}).At(p)
				s, err := c.At(i)
				if diff := cmp.Diff(samples[i], s); err != nil || diff != "" {
					t.Errorf("sample %d: %v, %s", i, err, diff)
				}
			}
		})
	}
	wg.Wait()
	if left, _ := filepath.Glob(filepath.Join(dir, "*.tmp")); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

// TestIndexDamage: whatever byte of an index is wrong or missing, a wrong sample is never read.
func TestIndexDamage(t *testing.T) {
	samples := numbered(1200)
	text := written(t, JSONL, samples...)
	dir := onDisk(t, map[string][]byte{"a.jsonl": text})
	mustOpen(t, dir)
	path := filepath.Join(dir, "a.jsonl.idx")
	sound, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(sound) != 5*pageSize {
		t.Fatalf("an index of %d bytes", len(sound))
	}
	rng := rand.New(rand.NewPCG(1, 2))
	damage := map[string][]byte{"empty": {}, "of zeros": make([]byte, len(sound)), "longer": append(bytes.Clone(sound), make([]byte, pageSize)...)}
	for range 20 {
		n := rng.IntN(len(sound))
		damage[fmt.Sprintf("cut to %d", n)] = sound[:n]
		n = rng.IntN(len(sound))
		flipped := bytes.Clone(sound)
		flipped[n] ^= 1 << rng.IntN(8)
		damage[fmt.Sprintf("with byte %d flipped", n)] = flipped
	}
	for n := 0; n < len(sound); n += pageSize {
		damage[fmt.Sprintf("cut to %d", n)] = sound[:n]
	}
	// Whole pages with good checksums that lie.
	lie := func(name string, page int, change func([]byte)) {
		bad := bytes.Clone(sound)
		p := bad[page*pageSize:][:pageSize]
		change(p)
		binary.LittleEndian.PutUint32(p, crc32.Checksum(p[4:], castagnoli))
		damage[name] = bad
	}
	last := len(sound)/pageSize - 1
	lie("count", last, func(p []byte) { binary.LittleEndian.PutUint64(p[32:], 1<<62) })
	lie("negative count", last, func(p []byte) { binary.LittleEndian.PutUint64(p[32:], 1<<63) })
	lie("size", last, func(p []byte) { binary.LittleEndian.PutUint64(p[24:], 1<<62) })
	lie("kind", last, func(p []byte) { p[40] = 1 })
	lie("magic", last, func(p []byte) { p[8] = 'x' })
	lie("beyond", 1, func(p []byte) { binary.LittleEndian.PutUint64(p[8+8*100:], 1<<62) })
	lie("backwards", 1, func(p []byte) { binary.LittleEndian.PutUint64(p[8+8*100:], 0) })
	for name, bad := range damage {
		if err := os.WriteFile(path, bad, 0o644); err != nil {
			t.Fatal(err)
		}
		c := mustOpen(t, dir)
		for i := range c.Len() {
			s, err := c.At(i)
			if e := (*SampleError)(nil); err != nil && (!errors.As(err, &e) || e.Index != i) || err == nil && !cmp.Equal(s, samples[i]) {
				t.Fatalf("%s: sample %d: %v, %s", name, i, err, cmp.Diff(samples[i], s))
			}
		}
		c.Close()
		// Damage that was met only on the way has removed the index, so this time it is whole.
		if diff := cmp.Diff(samples, samplesOf(t, mustOpen(t, dir))); diff != "" {
			t.Fatalf("%s: not healed: %s", name, diff)
		}
	}
}

// TestChangedData: data that no longer fits its index is noticed: at once where its size differs, or one of the blocks
// compared on opening; by Verify anywhere.
func TestChangedData(t *testing.T) {
	samples := numbered(60_000)
	text := written(t, JSONL, samples...)
	if blocks(int64(len(text))) < 20 {
		t.Fatalf("only %d bytes", len(text))
	}
	dir := onDisk(t, map[string][]byte{"a.jsonl": text})
	path := filepath.Join(dir, "a.jsonl")
	replace := func(at int, with string) {
		t.Helper()
		changed := bytes.Clone(text)
		copy(changed[at:], with)
		if err := os.WriteFile(path, changed, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	mustOpen(t, dir)
	replace(bytes.IndexByte(text, '\n'), " ") // two lines are one now: not JSON, but one line less
	if c := mustOpen(t, dir); c.Len() != len(samples)-1 {
		t.Errorf("the first block changed, and %d samples", c.Len())
	}
	replace(0, "{")
	mustOpen(t, dir)
	replace(blockSize+bytes.IndexByte(text[blockSize:], '\n'), " ") // not among the blocks that are compared
	c := mustOpen(t, dir)
	var bad *FileError
	if err := c.Verify(t.Context()); c.Len() != len(samples) || !errors.As(err, &bad) || bad.Path != "a.jsonl" || !errors.Is(err, errDropped) {
		t.Errorf("%d samples, verify: %v", c.Len(), err)
	}
	if c := mustOpen(t, dir); c.Len() != len(samples)-1 || c.Verify(t.Context()) != nil {
		t.Errorf("after Verify, %d samples", c.Len())
	}
	if err := os.WriteFile(path, text[:len(text)/2], 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := c.At(c.Len() - 1)
	if e := (*SampleError)(nil); !errors.As(err, &e) {
		t.Errorf("from a file cut short: %v", err)
	}
	if c := mustOpen(t, dir); c.Len() >= len(samples) {
		t.Errorf("a file cut short has %d samples", c.Len())
	}
}

// TestIndexElsewhere: without a folder to write to, the index is a temporary file that no crash leaves behind.
func TestIndexElsewhere(t *testing.T) {
	samples := numbered(600)
	text := written(t, JSONL, samples...)
	dir := onDisk(t, map[string][]byte{"a.jsonl": text})
	t.Setenv("TMPDIR", t.TempDir())
	if err := os.MkdirAll(filepath.Join(dir, "a.jsonl.idx.tmp"), 0o755); err != nil { // also for the superuser, who may write all
		t.Fatal(err)
	}
	for name, fsys := range map[string]fs.FS{"disk": os.DirFS(dir), "memory": fstest.MapFS{"a.jsonl": {Data: text}}} {
		c, err := Open(fsys, nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(samples, samplesOf(t, c)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if err := errors.Join(c.Verify(t.Context()), c.Close()); err != nil {
			t.Error(err)
		}
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

// TestIndexOfAnother: a file that has the name of an index, or of one being written, and is none, stays as it is; so does one that takes
// an index's place while that is in use.
func TestIndexOfAnother(t *testing.T) {
	samples := numbered(600)
	text := written(t, JSONL, samples...)
	for _, name := range []string{"a.jsonl.idx", "a.jsonl.idx.tmp"} {
		for what, theirs := range map[string]string{"short": "a note", "long": strings.Repeat("a note\n", 3*pageSize), "empty": ""} {
			dir := onDisk(t, map[string][]byte{"a.jsonl": text, name: []byte(theirs)})
			if diff := cmp.Diff(samples, samplesOf(t, mustOpen(t, dir))); diff != "" {
				t.Errorf("%s, %s: %s", name, what, diff)
			}
			if what == "empty" && name == "a.jsonl.idx.tmp" {
				continue // nobody's loss
			}
			if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != theirs {
				t.Errorf("%s, %s: %d bytes became %d, %v", name, what, len(theirs), len(got), err)
			}
		}
	}
	dir := onDisk(t, map[string][]byte{"a.jsonl": text})
	path := filepath.Join(dir, "a.jsonl.idx")
	c := mustOpen(t, dir)
	if err := os.WriteFile(path, []byte("a note"), 0o644); err != nil {
		t.Fatal(err)
	}
	if s := (*SampleError)(nil); !errors.As(second(c.At(0)), &s) || c.Verify(t.Context()) == nil {
		t.Error("an index that is gone was read")
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "a note" {
		t.Errorf("the note became %q, %v", got, err)
	}
}

func second(_ Sample, err error) error { return err }

// allocated is how many bytes the heap has given out since the program began.
func allocated() int64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}

// TestLongSample: a line of absurd length is an error and no allocation; its neighbours are read.
func TestLongSample(t *testing.T) {
	line := written(t, JSONL, numbered(1)...)
	text := append(append(bytes.Clone(line), bytes.Repeat([]byte("x"), maxSample+1)...), '\n')
	c := opened(t, "a.jsonl", append(text, line...))
	before := allocated()
	_, err := c.At(1)
	if e := (*SampleError)(nil); !errors.As(err, &e) || !strings.Contains(err.Error(), "bytes long") || allocated()-before > 1<<20 {
		t.Errorf("%v, %d bytes allocated", err, allocated()-before)
	}
	if _, err := c.At(2); err != nil || c.Len() != 3 {
		t.Errorf("%d samples, %v", c.Len(), err)
	}
}

// TestMemory: building an index takes no memory that grows with the number of samples. Their offsets alone, eight bytes
// each, would be eight times what is allowed.
func TestMemory(t *testing.T) {
	opening := func(n int) int64 {
		fsys := fstest.MapFS{"a.jsonl": {Data: bytes.Repeat([]byte("{}\n"), n)}}
		before := allocated()
		c, err := Open(fsys, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if c.Len() != n {
			t.Errorf("%d samples of %d", c.Len(), n)
		}
		return allocated() - before
	}
	const few, many = 1_000_000, 3_000_000
	if a, b := opening(few), opening(many); b-a > many-few {
		t.Errorf("%d bytes allocated for %d samples, %d for %d", a, few, b, many)
	}
}

// TestImages: what is wrong with an image is told with its path, and a bomb costs nothing.
func TestImages(t *testing.T) {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 9, 9))); err != nil {
		t.Fatal(err)
	}
	bomb := bytes.Clone(b.Bytes())
	binary.BigEndian.PutUint32(bomb[16:], 10_001)
	binary.BigEndian.PutUint32(bomb[20:], 10_000)
	binary.BigEndian.PutUint32(bomb[29:], crc32.ChecksumIEEE(bomb[12:29]))
	dir := onDisk(t, map[string][]byte{"good.png": b.Bytes(), "bomb.png": bomb, "cut.png": b.Bytes()[:b.Len()-20], "text.jpg": []byte("no image"), "huge.png": nil})
	if err := os.Truncate(filepath.Join(dir, "huge.png"), 1<<30+1); err != nil { // a hole, which takes no disk
		t.Fatal(err)
	}
	c, err := Open(fstest.MapFS{"a.jsonl": {}}, os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if img, err := c.Image("good.png"); err != nil || img.Bounds().Dx() != 9 {
		t.Errorf("%v, %v", img, err)
	}
	for name, want := range map[string]any{
		"bomb.png": new(*vision.SizeError), "cut.png": new(*vision.FormatError), "text.jpg": new(*vision.FormatError), "huge.png": nil, "none.png": nil, "../x.png": nil, "/x.png": nil,
	} {
		before := allocated()
		_, err := c.Image(name)
		var bad *FileError
		if !errors.As(err, &bad) || bad.Path != name || want != nil && !errors.As(err, want) {
			t.Errorf("%s: %v", name, err)
		}
		if n := allocated() - before; n > 1<<20 {
			t.Errorf("%s: %d bytes allocated", name, n)
		}
	}
}

// TestImagePipe: what is no file is not read, since a pipe would be waited for.
func TestImagePipe(t *testing.T) {
	images := fstest.MapFS{"pipe.png": {Mode: fs.ModeNamedPipe}, "zero.png": {Mode: fs.ModeDevice}, "dir/a": {}}
	for _, name := range []string{"pipe.png", "zero.png", "dir"} {
		if _, err := NewList(images, nil).Image(name); !errors.As(err, new(*FileError)) || !strings.Contains(err.Error(), "no regular file") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzOpen: no file makes Open or At panic, and At fails with its own errors only.
func FuzzOpen(f *testing.F) {
	for format := range kinds {
		f.Add(string(format), written(f, format, full(), full().Swap()))
	}
	f.Add(".json", []byte("\xef\xbb\xbf"))
	f.Fuzz(func(t *testing.T, format string, text []byte) {
		if _, ok := kinds[Format(format)]; !ok {
			return
		}
		c, err := Open(fstest.MapFS{"a" + format: {Data: text}}, nil)
		if err != nil {
			if e := (*FileError)(nil); !errors.As(err, &e) {
				t.Fatalf("untyped %v", err)
			}
			return
		}
		defer c.Close()
		for i := range c.Len() {
			s, err := c.At(i)
			if e := (*SampleError)(nil); err != nil && (!errors.As(err, &e) || e.Index != i || e.Offset >= int64(len(text))) {
				t.Fatalf("sample %d: %+v, %v", i, s, err)
			}
		}
		// The oracle of lines: whatever is no JSON at all is no sample, and what is one is where it seems to be.
		if format == ".jsonl" {
			for i, line := range nonblank(text) {
				if _, err := c.At(i); err == nil && !json.Valid(line) {
					t.Fatalf("%q was read", line)
				}
			}
		}
	})
}

func nonblank(text []byte) (lines [][]byte) {
	for line := range bytes.Lines(bytes.TrimPrefix(text, bom)) {
		if line = bytes.Trim(line, " \t\r\n"); len(line) > 0 {
			lines = append(lines, line)
		}
	}
	return lines
}
