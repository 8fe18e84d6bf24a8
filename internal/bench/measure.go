package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/timing"
	"github.com/egotsr/egotsr/model"
	"github.com/egotsr/egotsr/tokenizer"
	"github.com/egotsr/egotsr/vision"
)

// bench is one loaded checkpoint with 64 frames to judge, the same that scripts/bench_torch.py takes in kind and size.
type bench struct {
	model  *model.Model
	frames []*vision.Patches
	ids    []int32 // prompt of a pair, up to and including the forced answer's prefix
}

func measure(dir, backend string, repeats int) (f figures, err error) {
	ctx := context.Background()
	b, err := prepare(ctx, dir, backend)
	if err != nil {
		return f, err
	}
	defer b.model.Close()
	f.Tokens = len(b.ids)
	judge := func(frames []*vision.Patches, pairs [][2]int) func() error {
		return func() error { return b.judge(ctx, frames, pairs) }
	}
	two := b.frames[:2]
	if f.Verdict, err = median(repeats, judge(two, [][2]int{{0, 1}})); err != nil {
		return f, err
	}
	if f.Vision, err = median(repeats, func() error { _, err := b.model.Encode(ctx, two); return err }); err != nil {
		return f, err
	}
	if f.BothOrders, err = median(repeats, judge(two, [][2]int{{0, 1}, {1, 0}})); err != nil {
		return f, err
	}
	var neighbours [][2]int
	for i := range len(b.frames) - 1 {
		neighbours = append(neighbours, [2]int{i, i + 1})
	}
	if f.Curve, err = median(min(repeats, 3), judge(b.frames, neighbours)); err != nil {
		return f, err
	}
	if f.Decode, err = b.decode(ctx); err != nil {
		return f, err
	}
	f.RSS, err = peakMB()
	return f, err
}

func prepare(ctx context.Context, dir, backend string) (*bench, error) {
	files := os.DirFS(dir)
	m, err := model.Load(ctx, files, backend, "")
	if err != nil {
		return nil, err
	}
	b := &bench{model: m}
	b.model.Config.EOS = nil // decoding is timed for a fixed number of tokens
	processor, err := vision.Load(files)
	if err != nil {
		return nil, err
	}
	words, err := tokenizer.Load(files)
	if err != nil {
		return nil, err
	}
	for i := range 64 {
		p, err := processor.Patches(frame(i))
		if err != nil {
			return nil, err
		}
		b.frames = append(b.frames, p)
	}
	n := b.frames[0].Grid.Tokens(processor.MergeSize)
	b.ids, err = words.Question(dataset.Long.Text("pick up the red cup"), n, n)
	return b, err
}

// frame is a 224x224 picture with some structure, different for every i.
func frame(i int) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, 224, 224))
	for y := range 224 {
		for x := range 224 {
			o := m.PixOffset(x, y)
			m.Pix[o], m.Pix[o+1], m.Pix[o+2], m.Pix[o+3] = uint8(x+3*i), uint8(y*x/64+i), uint8(x^y), 255
		}
	}
	return m
}

// judge encodes the frames once and scores the pairs, 8 to a graph run.
func (b *bench) judge(ctx context.Context, frames []*vision.Patches, pairs [][2]int) error {
	features, err := b.model.Encode(ctx, frames)
	if err != nil {
		return err
	}
	for chunk := range slices.Chunk(pairs, 8) {
		var prompts []model.Prompt
		for _, p := range chunk {
			prompts = append(prompts, model.Prompt{IDs: b.ids, Images: []*model.Features{features[p[0]], features[p[1]]}})
		}
		if _, err := b.model.Score(ctx, prompts, []int32{16, 17}); err != nil {
			return err
		}
	}
	return nil
}

// decode times 32 greedy tokens after the first, which belongs to the prompt's forward pass.
func (b *bench) decode(ctx context.Context) (perSecond float64, err error) {
	features, err := b.model.Encode(ctx, b.frames[:2])
	if err != nil {
		return 0, err
	}
	p := model.Prompt{IDs: b.ids, Images: features}
	for range 2 { // the first round compiles
		var first time.Time
		_, err = b.model.Generate(ctx, p, 33, func(ids []int32) bool {
			if len(ids) == 1 {
				first = time.Now()
			}
			return false
		})
		perSecond = 32 / time.Since(first).Seconds()
	}
	return perSecond, err
}

// median is that of n calls after two that compile and warm up.
func median(n int, f func() error) (float64, error) {
	if err := errors.Join(f(), f()); err != nil {
		return 0, err
	}
	return timing.Median(n, 0, f)
}

// peakMB reads the process's largest resident set from the kernel.
func peakMB() (float64, error) {
	data, err := os.ReadFile(filepath.Join("/proc", "self", "status"))
	if err != nil {
		return 0, err
	}
	_, rest, ok := bytes.Cut(data, []byte("VmHWM:"))
	if !ok {
		return 0, fmt.Errorf("no VmHWM in /proc/self/status")
	}
	kb, err := strconv.ParseFloat(strings.Fields(string(rest))[0], 64)
	return kb / 1024, err
}
