package cot

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/egotsr/egotsr/dataset"
)

// gray is a picture of one brightness.
func gray(level int) image.Image {
	img := image.NewGray(image.Rect(0, 0, 16, 12))
	for i := range img.Pix {
		img.Pix[i] = uint8(level)
	}
	return img
}

func pngBytes(level int) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, gray(level)); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// lamps is a source of n pairs of gray frames, the brighter closer to completion. Every task is its own, so that a
// maker can tell the pairs apart; the brighter frame comes first in half of them.
func lamps(n int) *dataset.List {
	files := fstest.MapFS{}
	for level := 20; level < 240; level += 10 {
		files[fmt.Sprintf("%03d.png", level)] = &fstest.MapFile{Data: pngBytes(level)}
	}
	samples := make([]dataset.Sample, n)
	for i := range samples {
		lo := 20 + 10*(i*7%20)
		samples[i] = dataset.Sample{
			Task: fmt.Sprintf("Turn up lamp %d", i), Closer: dataset.Img2, Kind: dataset.KindForward,
			Img1: fmt.Sprintf("%03d.png", lo), Img2: fmt.Sprintf("%03d.png", lo+20),
		}
		if i%2 == 1 {
			samples[i] = samples[i].Swap()
		}
	}
	return dataset.NewList(files, samples)
}

// watcher is a Maker that sees how bright a frame is. A second process may write down its questions in a file.
type watcher struct {
	model    string
	log      io.Writer // or nil
	mu       sync.Mutex
	requests []string         // tasks asked for, in order
	before   func(int) string // what to do with the n-th question instead, from 0; nil and "" = answer
}

func (w *watcher) Identity() string { return "watcher " + w.model }

// do changes what happens to questions from now on.
func (w *watcher) do(before func(int) string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.before = before
}

func (w *watcher) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.requests)
}

// ask notes a question and says what to do with it.
func (w *watcher) ask(task string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.requests = append(w.requests, task)
	if w.log != nil {
		fmt.Fprintln(w.log, task)
	}
	if w.before == nil {
		return ""
	}
	return w.before(len(w.requests) - 1)
}

// Describe implements Maker.
func (w *watcher) Describe(ctx context.Context, s dataset.Sample, img1, img2 image.Image) (a Answer, err error) {
	level := func(img image.Image) int { return int(color.GrayModel.Convert(img.At(3, 3)).(color.Gray).Y) }
	a.Usage = Usage{In: 100, Out: 20, Cost: (100*2 + 20*10) / 1e6}
	do := w.ask(s.Task)
	switch do {
	case "hang":
		<-ctx.Done()
		return Answer{}, ctx.Err()
	case "busy", "no key":
		return Answer{}, failure(do)
	case "malformed", "refused":
		return a, &AnswerError{Reason: do}
	}
	one, two := level(img1), level(img2)
	a.Detail = [2]string{fmt.Sprintf("The lamp is at level %d.", one), fmt.Sprintf("The lamp is at level %d.", two)}
	a.Closer = dataset.Img1
	if (two > one) != (do == "contradict") {
		a.Closer = dataset.Img2
	}
	return a, nil
}

// failure is an error of a Maker that says all that one may.
type failure string

func (f failure) Error() string  { return "watcher: " + string(f) }
func (f failure) Reason() string { return string(f) }
func (f failure) Final() bool    { return f == "no key" }

// outcome is everything that Fill hands out.
type outcome struct {
	samples []dataset.Sample
	errs    []error // of samples
	end     error
	stats   Stats
}

func fill(ctx context.Context, m Maker, src dataset.Source, opts Options) (o outcome) {
	for s, err := range Fill(ctx, m, src, opts, &o.stats) {
		switch err.(type) {
		case nil:
			o.samples = append(o.samples, s)
		case *PairError:
			o.errs = append(o.errs, err)
		default:
			o.end = err
		}
	}
	return o
}

// check compares an outcome with what an undisturbed run hands out.
func (o outcome) check(t *testing.T, want []dataset.Sample) {
	t.Helper()
	if o.end != nil || len(o.errs) > 0 {
		t.Errorf("ended with %v, errors %v", o.end, o.errs)
	}
	if diff := cmp.Diff(want, o.samples); diff != "" {
		t.Error("samples (-want +got)", diff)
	}
}

// lit is what Fill should make of lamps.
func lit(src dataset.Source) (want []dataset.Sample) {
	for i := range src.Len() {
		s, _ := src.At(i)
		for k, name := range []string{s.Img1, s.Img2} {
			s.Detail[k] = "The lamp is at level " + strings.TrimLeft(strings.TrimSuffix(name, ".png"), "0") + "."
		}
		want = append(want, s)
	}
	return want
}

func total(counts map[string]int) (n int) {
	for c := range maps.Values(counts) {
		n += c
	}
	return n
}
