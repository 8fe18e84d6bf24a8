package cot

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/egotsr/egotsr/dataset"
)

func TestFill(t *testing.T) {
	src := lamps(60)
	want := lit(src)
	for _, parallel := range []int{1, 3, 16} {
		w := new(watcher)
		o := fill(t.Context(), w, src, Options{Parallel: parallel, Spool: filepath.Join(t.TempDir(), "spool")})
		o.check(t, want)
		cost := 60 * (100*2 + 20*10) / 1e6
		if o.stats.Made != 60 || o.stats.Asked != 60 || o.stats.Usage.In != 6000 || o.stats.Usage.Out != 1200 || o.stats.Usage.Cost-cost > 1e-12 || w.count() != 60 {
			t.Errorf("%d at once: %+v", parallel, o.stats)
		}
	}
}

// A pair and its mirror image are one question, shown in either order equally often, whatever the answer.
func TestFillOrder(t *testing.T) {
	base := lamps(400)
	var samples []dataset.Sample
	for i := range base.Len() {
		s, _ := base.At(i)
		if s.Closer != dataset.Img1 {
			s = s.Swap() // the closer frame always first
		}
		samples = append(samples, s, s.Swap())
	}
	images, _ := base.Image("020.png")
	src := one{dataset.NewList(nil, samples), images}
	first := 0
	m := makerFunc(func(_ context.Context, s dataset.Sample, _, _ image.Image) (Answer, error) {
		if s.Closer == dataset.Img1 {
			first++
		}
		return Answer{Detail: [2]string{"Saw " + strings.TrimSuffix(s.Img1, ".png"), "Saw " + strings.TrimSuffix(s.Img2, ".png")}, Closer: s.Closer}, nil
	})
	o := fill(t.Context(), m, src, Options{Parallel: 1, Spool: filepath.Join(t.TempDir(), "spool")})
	if o.stats.Asked != 400 || o.stats.Reused != 400 || o.stats.Made != 800 {
		t.Errorf("%+v", o.stats)
	}
	if first < 160 || first > 240 {
		t.Errorf("the closer frame was shown first in %d of 400 questions", first)
	}
	for i := 0; i < len(o.samples); i += 2 {
		if diff := cmp.Diff(o.samples[i].Swap(), o.samples[i+1]); diff != "" {
			t.Fatal("no mirror image", diff)
		}
		if s := o.samples[i]; s.Detail[0] != "Saw "+strings.TrimSuffix(s.Img1, ".png") {
			t.Fatalf("details are mixed up: %+v", s)
		}
	}
	biased := makerFunc(func(context.Context, dataset.Sample, image.Image, image.Image) (Answer, error) {
		return Answer{Detail: [2]string{"A", "B"}, Closer: dataset.Img1}, nil
	})
	o = fill(t.Context(), biased, src, Options{})
	if o.stats.Rejected[ReasonContradicts] != 800-o.stats.Made || o.stats.Made < 320 || o.stats.Made > 480 {
		t.Errorf("a maker that always says img1: %+v", o.stats)
	}
}

// one is a source whose frames all look the same.
type one struct {
	*dataset.List
	image image.Image
}

func (o one) Image(string) (image.Image, error) { return o.image, nil }

type makerFunc func(context.Context, dataset.Sample, image.Image, image.Image) (Answer, error)

func (f makerFunc) Describe(ctx context.Context, s dataset.Sample, img1, img2 image.Image) (Answer, error) {
	return f(ctx, s, img1, img2)
}

// Every sample is counted once: handed out, left out or failed.
func TestFillCounts(t *testing.T) {
	files := fstest.MapFS{"broken.png": {Data: []byte("no picture")}}
	base := lamps(8)
	samples := []dataset.Sample{}
	for i := range base.Len() {
		s, _ := base.At(i)
		samples = append(samples, s)
	}
	samples[0].Closer = ""
	samples[1].Detail = [2]string{"Known.", "Known, too."}
	samples[2].Detail[0] = "Only one."
	samples[3].Img1 = "broken.png"
	samples[4].Img2 = "missing.png"
	for i := range base.Len() {
		for _, name := range []string{samples[i].Img1, samples[i].Img2} {
			if files[name] == nil && name != "missing.png" {
				files[name] = pngFile(name)
			}
		}
	}
	src := dataset.NewList(files, samples)
	w := new(watcher)
	w.do(func(n int) string { return []string{"", "refused", "contradict", "busy"}[n] })
	o := fill(t.Context(), w, src, Options{Parallel: 1})
	want := Stats{
		Made: 1, Kept: 1, Unlabelled: 1, Asked: 4, Usage: Usage{In: 300, Out: 60, Cost: o.stats.Usage.Cost},
		Rejected: map[string]int{"refused": 1, ReasonContradicts: 1}, Failed: map[string]int{"file": 2, "busy": 1},
	}
	if diff := cmp.Diff(want, o.stats); o.end != nil || diff != "" {
		t.Errorf("ended with %v, counts (-want +got) %s", o.end, diff)
	}
	var bad *PairError
	if len(o.errs) != 3 || !errors.As(o.errs[1], &bad) || bad.Index != 4 || !errors.Is(bad, fs.ErrNotExist) {
		t.Errorf("errors %v", o.errs)
	}
	if o.samples[0].Detail != samples[1].Detail || o.samples[1].Task != samples[2].Task {
		t.Errorf("%+v", o.samples)
	}
	if n := o.stats.Made + o.stats.Kept + o.stats.Unlabelled + total(o.stats.Rejected) + total(o.stats.Failed); n != 8 {
		t.Errorf("%d of 8 samples are counted", n)
	}
}

// An answer that is rejected is not asked for again, and a label that is corrected finds it.
func TestFillRejected(t *testing.T) {
	src := lamps(30)
	w := new(watcher)
	w.do(func(int) string { return "contradict" })
	opts := Options{Spool: filepath.Join(t.TempDir(), "spool")}
	o := fill(t.Context(), w, src, opts)
	if len(o.samples) != 0 || o.stats.Rejected[ReasonContradicts] != 30 || o.end != nil {
		t.Errorf("%+v, %v", o.stats, o.end)
	}
	o = fill(t.Context(), w, src, opts)
	if o.stats.Rejected[ReasonContradicts] != 30 || o.stats.Asked != 0 || o.stats.Saved.In != 3000 {
		t.Errorf("again: %+v", o.stats)
	}
	var corrected []dataset.Sample
	for i := range src.Len() {
		c, _ := src.At(i)
		if c.Closer == dataset.Img1 {
			c.Closer = dataset.Img2
		} else {
			c.Closer = dataset.Img1
		}
		corrected = append(corrected, c)
	}
	o = fill(t.Context(), w, dataset.NewList(nil, corrected), opts)
	if o.stats.Made != 30 || w.count() != 30 {
		t.Errorf("corrected: %+v", o.stats)
	}
	// Answers that could not be read were paid for as well; another model is another question.
	w.do(func(int) string { return "malformed" })
	w.model = "other"
	for range 2 {
		if o = fill(t.Context(), w, src, opts); o.stats.Rejected["malformed"] != 30 || w.count() != 60 {
			t.Errorf("malformed: %+v, %d questions", o.stats, w.count())
		}
	}
}

// A failure that is final and a maker that always fails end a run; one that comes back does not.
func TestFillEnds(t *testing.T) {
	src := lamps(200)
	w := new(watcher)
	w.do(func(n int) string {
		if n >= 5 {
			return "no key"
		}
		return ""
	})
	o := fill(t.Context(), w, src, Options{Parallel: 2})
	if !errors.Is(o.end, failure("no key")) || o.stats.Made > 5 || w.count() > 20 {
		t.Errorf("wrong key: %v, %+v, %d questions", o.end, o.stats, w.count())
	}
	failing := errors.New("no luck")
	n := 0
	m := makerFunc(func(context.Context, dataset.Sample, image.Image, image.Image) (Answer, error) {
		if n++; n%20 == 0 && n < 60 {
			return Answer{Detail: [2]string{"A", "B"}, Closer: dataset.Img1}, nil
		}
		return Answer{}, failing
	})
	o = fill(t.Context(), m, src, Options{Parallel: 1})
	if !errors.Is(o.end, failing) || o.stats.Made+o.stats.Rejected[ReasonContradicts] != 2 || o.stats.Failed["other"] != 19+19+19 {
		t.Errorf("failing: %v, %+v", o.end, o.stats)
	}
	if o = fill(t.Context(), m, dataset.NewList(nil, nil), Options{}); o.end != nil || o.stats.Made != 0 {
		t.Errorf("no samples: %v", o.end)
	}
}

// Breaking out keeps the answers under way; cancelling gives them up, at once.
func TestFillLeave(t *testing.T) {
	src := lamps(50)
	w := new(watcher)
	opts := Options{Parallel: 4, Spool: filepath.Join(t.TempDir(), "spool")}
	var stats Stats
	got := 0
	for range Fill(t.Context(), w, src, opts, &stats) {
		if got++; got == 3 {
			break
		}
	}
	before := w.count()
	if before == 50 || stats.Asked != before || stats.Made != 3 {
		t.Errorf("%d questions, %+v", before, stats)
	}
	o := fill(t.Context(), w, src, opts)
	o.check(t, lit(src))
	if w.count() != 50 || o.stats.Reused != before || o.stats.Asked != 50-before {
		t.Errorf("%d questions for 50 pairs: %+v", w.count(), o.stats)
	}

	ctx, cancel := context.WithCancel(t.Context())
	var start time.Time
	w.do(func(n int) string {
		if n == 63 { // four hang, so whatever came before is in the spool
			start = time.Now()
			cancel()
		}
		if n >= 60 {
			return "hang"
		}
		return ""
	})
	opts.Spool = filepath.Join(t.TempDir(), "spool")
	o = fill(ctx, w, src, opts)
	if o.end != context.Canceled || len(o.errs) > 0 || time.Since(start) > time.Second {
		t.Errorf("cancelled: %v, %v after %v", o.end, o.errs, time.Since(start))
	}
	w = new(watcher)
	o = fill(t.Context(), w, src, opts)
	o.check(t, lit(src))
	if w.count() != 40 {
		t.Errorf("%d questions after the cancel, want 40", w.count())
	}
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	if o = fill(ctx, w, src, opts); o.end != context.Canceled || len(o.samples) > 0 {
		t.Errorf("cancelled before: %v, %d samples", o.end, len(o.samples))
	}
}

// No more is under way than was asked for, and what waits behind a slow answer is bounded.
func TestFillBounds(t *testing.T) {
	var now, most, begun atomic.Int32
	release := make(chan bool)
	m := makerFunc(func(_ context.Context, s dataset.Sample, _, _ image.Image) (Answer, error) {
		most.Store(max(most.Load(), now.Add(1)))
		defer now.Add(-1)
		if begun.Add(1) == 1 {
			<-release
		}
		return Answer{Detail: [2]string{"A", "B"}, Closer: s.Closer}, nil
	})
	src := lamps(300)
	done := make(chan outcome)
	go func() { done <- fill(context.Background(), m, src, Options{Parallel: 3}) }()
	time.Sleep(50 * time.Millisecond)
	if n := begun.Load(); n > 3+4*3+2 {
		t.Errorf("%d questions begun behind a slow one", n)
	}
	close(release)
	if o := <-done; o.stats.Made != 300 || most.Load() > 3 {
		t.Errorf("%+v, %d at once", o.stats, most.Load())
	}
}

func pngFile(name string) *fstest.MapFile {
	var level int
	fmt.Sscan(strings.TrimLeft(strings.TrimSuffix(name, ".png"), "0"), &level)
	return &fstest.MapFile{Data: pngBytes(level)}
}

// A spool whose end is lost at any byte costs the answers that are lost, and no other.
func TestSpoolTorn(t *testing.T) {
	src := lamps(4)
	w := new(watcher)
	path := filepath.Join(t.TempDir(), "spool")
	fill(t.Context(), w, src, Options{Spool: path, Parallel: 1})
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(whole), "\n")
	torn := filepath.Join(t.TempDir(), "torn")
	tails := []string{"", "\x00\x00\x00", `{"key":`}
	for cut := 0; cut <= len(whole); cut++ {
		for _, tail := range tails[cut%3 : cut%3+1] {
			if err := os.WriteFile(torn, append(whole[:cut:cut], tail...), 0o644); err != nil {
				t.Fatal(err)
			}
			sp, err := openSpool(torn)
			kept := strings.Count(string(whole[:cut]), "\n")
			if tail != "" && kept == 0 { // not even a header, and something else
				if err == nil {
					t.Fatalf("cut at %d with %q: opened", cut, tail)
				}
				continue
			}
			if err != nil {
				t.Fatalf("cut at %d: %v", cut, err)
			}
			sp.close()
			healed, _ := os.ReadFile(torn)
			if tail == "" && kept > 0 && whole[min(cut, len(whole)-1)] == '\n' && whole[cut-1] != '\n' {
				kept++ // an answer that has lost its line's end alone is not lost
			}
			if string(healed) != strings.Join(lines[:max(1, kept)], "") || len(sp.at) != max(0, kept-1) {
				t.Fatalf("cut at %d: %d answers, %q", cut, len(sp.at), healed)
			}
		}
	}
	before := w.count()
	os.WriteFile(torn, whole[:len(whole)-1], 0o644)
	o := fill(t.Context(), w, src, Options{Spool: torn, Parallel: 1})
	o.check(t, lit(src))
	if again, _ := os.ReadFile(torn); string(again) != string(whole) || w.count() != before {
		t.Errorf("%d questions, %q", w.count()-before, again)
	}
}

func TestSpoolErrors(t *testing.T) {
	dir := t.TempDir()
	line := `{"key":"00112233445566778899aabbccddeeff","task":"","shown":["",""]}` + "\n"
	for name, text := range map[string]string{
		"a data set":    `{"task":"x"}` + "\n",
		"a word":        "hello",
		"a broken line": spoolHeader + "{\n" + line,
		"a bad key":     spoolHeader + strings.Replace(line, "00", "0g", 1),
		"a short key":   spoolHeader + strings.Replace(line, "00", "", 1),
	} {
		path := filepath.Join(dir, name)
		os.WriteFile(path, []byte(text), 0o644)
		o := fill(t.Context(), Annotations(nil), lamps(1), Options{Spool: path})
		var bad *SpoolError
		if !errors.As(o.end, &bad) || bad.Line == 0 {
			t.Errorf("%s: %v", name, o.end)
		}
		if after, _ := os.ReadFile(path); string(after) != text {
			t.Errorf("%s was changed to %q", name, after)
		}
	}
	o := fill(t.Context(), Annotations(nil), lamps(1), Options{Spool: filepath.Join(dir, "no", "folder")})
	if !errors.Is(o.end, fs.ErrNotExist) {
		t.Errorf("no folder: %v", o.end)
	}
	path := filepath.Join(dir, "spool")
	sp, err := openSpool(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openSpool(path); err == nil {
		t.Error("two runs have one spool")
	}
	sp.close()
	// A disk that takes no more ends the run, and nothing is written after what it tore.
	if sp, err = openSpool(path); err != nil {
		t.Fatal(err)
	}
	sp.file.Close()
	first := sp.put(key{1}, dataset.Sample{}, Answer{}, "")
	var bad *SpoolError
	if !errors.As(first, &bad) || sp.put(key{2}, dataset.Sample{}, Answer{}, "") != first {
		t.Errorf("a closed file: %v", first)
	}
}

// Lengths keep the parts of a key apart, and the order of the frames is no part of it.
func TestQuestion(t *testing.T) {
	seen := map[key]string{}
	for _, parts := range [][4]string{{"", "ab", "c", "d"}, {"a", "b", "c", "d"}, {"", "a", "bc", "d"}, {"", "ab", "c", "e"}, {"ab", "", "c", "d"}} {
		s := dataset.Sample{Task: parts[1], Img1: parts[2], Img2: parts[3]}
		k, q := question(parts[0], s)
		k2, q2 := question(parts[0], s.Swap())
		if k != k2 || !cmp.Equal(q, q2) {
			t.Errorf("%q: its mirror image is another question", parts)
		}
		if other, ok := seen[k]; ok {
			t.Errorf("%q and %q are one question", parts, other)
		}
		seen[k] = strings.Join(parts[:], "|")
	}
}

// hostile panics where its name says, for one sample, image or question.
type hostile struct {
	dataset.Source
	Maker
	in string
}

func (h hostile) panics(in string, now bool) {
	if h.in == in && now {
		panic("hostile")
	}
}

func (h hostile) Len() int { h.panics("Len", true); return h.Source.Len() }
func (h hostile) At(i int) (dataset.Sample, error) {
	h.panics("At", i == 2)
	return h.Source.At(i)
}
func (h hostile) Image(path string) (image.Image, error) {
	h.panics("Image", path == "020.png")
	return h.Source.Image(path)
}
func (h hostile) Describe(ctx context.Context, s dataset.Sample, img1, img2 image.Image) (Answer, error) {
	h.panics("Describe", s.Task == "Turn up lamp 0")
	return h.Maker.Describe(ctx, s, img1, img2)
}

// A panic of the source or of the maker, on whichever goroutine, is an error of that sample.
func TestFillPanics(t *testing.T) {
	for _, in := range []string{"", "Len", "At", "Image", "Describe"} {
		h := hostile{lamps(4), new(watcher), in}
		o := fill(t.Context(), h, h, Options{Parallel: 2})
		switch in {
		case "":
			o.check(t, lit(h))
		case "Len":
			if o.end == nil || !strings.Contains(o.end.Error(), "Source.Len panicked") {
				t.Error(o.end)
			}
		default:
			if o.end != nil || len(o.errs) != 1 || !strings.Contains(o.errs[0].Error(), in+" panicked at fill_test.go:") || len(o.samples) != h.Source.Len()-1 {
				t.Errorf("%s: %d samples, %v, %v", in, len(o.samples), o.errs, o.end)
			}
		}
	}
	for what, o := range map[string]outcome{"no source": fill(t.Context(), new(watcher), nil, Options{}), "no maker": fill(t.Context(), nil, lamps(1), Options{})} {
		if o.end == nil {
			t.Error(what)
		}
	}
}
