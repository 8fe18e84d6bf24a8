package main

import (
	"context"
	"fmt"
	"image"
	"os"
	"strings"
	"time"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/internal/timing"
	"github.com/egotsr/egotsr/model"
)

// parts in the order in which they are worth their time.
var parts = []part{
	{"golden", false, 2 * time.Minute, []measurement{
		{"f32: largest difference of a logit", "of max", goldenF32},
		{"f32: generated tokens that are the golden's", "of 16", goldenTokens},
		{"f32 by TF32: largest difference of a logit", "of max", goldenTF32},
		{"bf16: largest difference of a logit", "of max", goldenBF16},
	}},
	{"judge", true, 5 * time.Minute, []measurement{
		{"open", "s", judgeOpen},
		{"first verdict, both orders", "s", judgeFirst},
		{"verdict, both orders", "s", judgeNext},
		{"tracker, 4 anchors", "frames/s", judgeTrack},
		{"64 pairs in a batch, both orders", "pairs/s", judgeBatch},
		{"curve of 64 frames", "s", judgeCurve},
		{"memory of the device", "GB", memory},
	}},
	{"decode", true, 2 * time.Minute, []measurement{
		{"greedy tokens after the first", "tokens/s", decode},
		{"one forward pass", "s", forward},
	}},
	{"transformers", true, 3 * time.Minute, []measurement{
		{"open", "s", torch("open_s")},
		{"first verdict, both orders", "s", torch("first_both_orders_s")},
		{"verdict, both orders", "s", torch("both_orders_s")},
		{"one forward pass", "s", torch("forward_s")},
		{"64 pairs in a batch, both orders", "pairs/s", torch("pairs64_per_s")},
		{"greedy tokens after the first", "tokens/s", torch("decode_tokens_per_s")},
		{"memory of the device", "GB", torch("memory_gb")},
		{"our answers' logits: largest difference", "of max", torchLogits},
	}},
	{"lora", true, 3 * time.Minute, []measurement{
		{"first step of rank 8, batch 1", "s", loraFirst},
		{"further steps", "s", trainNext},
		{"memory of the device", "GB", memory},
	}},
	{"train", true, 3 * time.Minute, []measurement{
		{"first step of all weights, batch 1", "s", trainFirst},
		{"further steps", "s", trainNext},
		{"memory of the device", "GB", memory},
	}},
	{"nano", false, 2 * time.Minute, []measurement{
		{"f32: largest difference of a probability", "", nanoF32},
		{"bf16: largest difference of a probability", "", nanoBF16},
	}},
	{"resume", false, 3 * time.Minute, []measurement{
		{"under XLA's deterministic flags", "equal", resumeDeterministic},
		{"without", "equal", resumePlain},
	}},
	{"precision", true, 3 * time.Minute, []measurement{
		{"bf16, attention in float32: open", "s", preciseOpen},
		{"bf16, attention in float32: first verdict", "s", judgeFirst},
		{"bf16, attention in float32: verdict", "s", judgeNext},
	}},
}

// worker is the process that measures one part: what its rows hand on to each other.
type worker struct {
	settings
	judge *egotsr.Model
	net   *model.Model
	train *model.Training
	steps func(ctx context.Context) error // takes one more
	peak  *gauge
	torch map[string]any
	shown int // frames so far, so that none is shown twice
}

func (w *worker) close() {
	if w.judge != nil {
		w.judge.Close()
	}
	if w.net != nil {
		w.net.Close()
	}
	if w.peak != nil {
		w.peak.stop()
	}
}

// cuda tells whether the backend is a GPU's, which takes options that a CPU does not.
func (s settings) cuda() bool { return strings.Contains(s.backend, "cuda") }

// with is the backend with an option of GPUs more, and itself on a CPU.
func (s settings) with(option string) string {
	if !s.cuda() {
		return s.backend
	}
	return s.backend + "," + option
}

// side is that of the frames, in pixels.
func (w *worker) side() int { return shapes[w.shape].side }

// frames are n pictures that were not shown before, with some structure.
func (w *worker) frames(n int) (all []image.Image) {
	for range n {
		w.shown++
		all = append(all, frame(w.side(), w.shown))
	}
	return all
}

func frame(side, i int) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			o := m.PixOffset(x, y)
			m.Pix[o], m.Pix[o+1], m.Pix[o+2], m.Pix[o+3] = uint8(x+3*i), uint8(y*x/64+i), uint8(x^y+i/64), 255
		}
	}
	return m
}

// timed is how long one run takes.
func timed(f func() error) (float64, error) { return timing.Median(1, 0, f) }

const notReached = skipped("what came before it failed")

// judgeOpen opens the checkpoint as a robot's program does.
func judgeOpen(ctx context.Context, w *worker) (float64, string, error) {
	return w.open(ctx, w.backend)
}

func preciseOpen(ctx context.Context, w *worker) (float64, string, error) {
	if !w.cuda() {
		return 0, "", skipped("it is so on a CPU")
	}
	return w.open(ctx, w.with("notf32"))
}

func (w *worker) open(ctx context.Context, backend string) (float64, string, error) {
	w.peak = newGauge(w.cuda())
	took, err := timed(func() (err error) {
		w.judge, err = egotsr.Open(ctx, os.DirFS(w.dir), &egotsr.Options{Backend: backend, MaxBatch: 64, FrameCache: 256})
		return err
	})
	return took, "", err
}

const task = "pick up the red cup"

func (w *worker) verdict(ctx context.Context) error {
	f := w.frames(2)
	_, err := w.judge.Judge(ctx, egotsr.Pair{Task: task, Img1: f[0], Img2: f[1]}, nil)
	return err
}

func judgeFirst(ctx context.Context, w *worker) (float64, string, error) {
	if w.judge == nil {
		return 0, "", notReached
	}
	took, err := timed(func() error { return w.verdict(ctx) })
	return took, "with compiling", err
}

func judgeNext(ctx context.Context, w *worker) (float64, string, error) {
	if w.judge == nil {
		return 0, "", notReached
	}
	took, err := timing.Median(11, 0, func() error { return w.verdict(ctx) })
	return took, fmt.Sprintf("two new frames of %dx%d", w.side(), w.side()), err
}

// judgeTrack times frames of a tracker that has all its anchors. A frame that is due is looked at, however fast they come.
func judgeTrack(ctx context.Context, w *worker) (float64, string, error) {
	if w.judge == nil {
		return 0, "", notReached
	}
	t := w.judge.Track(task, &egotsr.TrackOptions{Every: -1})
	observe := func() error {
		_, err := t.Observe(ctx, w.frames(1)[0])
		return err
	}
	for range 10 { // until everything is compiled
		if err := observe(); err != nil {
			return 0, "", err
		}
	}
	took, err := timing.Median(31, 0, observe)
	return 1 / took, "new frames, a median", err
}

func judgeBatch(ctx context.Context, w *worker) (float64, string, error) {
	if w.judge == nil {
		return 0, "", notReached
	}
	batch := func() error {
		f := w.frames(65)
		n := 0
		for _, err := range w.judge.JudgeAll(ctx, func(yield func(egotsr.Pair) bool) {
			for i := range 64 {
				if !yield(egotsr.Pair{Task: task, Img1: f[i], Img2: f[i+1]}) {
					return
				}
			}
		}, nil) {
			if err != nil {
				return err
			}
			n++
		}
		if n != 64 {
			return fmt.Errorf("%d judgements of 64 pairs", n)
		}
		return nil
	}
	if err := batch(); err != nil {
		return 0, "", err
	}
	took, err := timing.Median(3, 0, batch)
	return 64 / took, "of 65 new frames", err
}

func judgeCurve(ctx context.Context, w *worker) (float64, string, error) {
	if w.judge == nil {
		return 0, "", notReached
	}
	curve := func() error {
		p, err := w.judge.Progress(ctx, task, w.frames(64))
		if err == nil && len(p) != 64 {
			err = fmt.Errorf("a curve of %d points", len(p))
		}
		return err
	}
	if err := curve(); err != nil {
		return 0, "", err
	}
	took, err := timing.Median(3, 0, curve)
	return took, "new frames", err
}
