package main

import (
	"context"
	"fmt"
	"image"
	"os"
	"slices"
	"time"

	"github.com/egotsr/egotsr/curriculum"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/train"
	"github.com/egotsr/egotsr/model"
	"github.com/egotsr/egotsr/tokenizer"
	"github.com/egotsr/egotsr/vision"
)

// pairs are as many samples of two frames each as a step takes: the batch of scripts/bench_torch.py --train.
type pairs int

func (n pairs) Len() int { return int(n) }

func (n pairs) At(i int) (dataset.Sample, error) {
	return dataset.Sample{Task: "Pick up the red cup", Img1: fmt.Sprint(2 * i), Img2: fmt.Sprint(2*i + 1), Closer: dataset.Img1}, nil
}

func (n pairs) Image(path string) (image.Image, error) {
	var i int
	_, err := fmt.Sscan(path, &i)
	return frame(i), err
}

// measureTrain times steps of a batch of 4 that train all weights.
func measureTrain(dir, backend string, repeats int) (figures, error) {
	// On XLA computing activations twice is faster than keeping them.
	return measureSteps(dir, backend, repeats, &curriculum.Recipe{Batch: 4, Checkpointing: backend != "go"})
}

// measureLoRA times steps of one pair that train adapters beside the weights, in as little memory as there is a way to.
func measureLoRA(dir, backend string, repeats int) (figures, error) {
	return measureSteps(dir, backend, repeats, &curriculum.Recipe{Batch: 1, Checkpointing: true, LoRA: &curriculum.LoRA{Rank: 8}})
}

// measureSteps times steps of the Trainer that users have, data and all, by a recipe whose batch and way are given. Passes are
// computed in the type of the checkpoint.
func measureSteps(dir, backend string, repeats int, recipe *curriculum.Recipe) (f figures, err error) {
	ctx := context.Background()
	files := os.DirFS(dir)
	m, err := model.Load(ctx, files, backend, "")
	if err != nil {
		return f, err
	}
	defer m.Close()
	e := &train.Encoder{EOS: m.Config.EOS[0]}
	if e.Tokenizer, err = tokenizer.Load(files); err != nil {
		return f, err
	}
	if e.Processor, err = vision.Load(files); err != nil {
		return f, err
	}
	run, err := os.MkdirTemp("", "bench")
	if err != nil {
		return f, err
	}
	defer os.RemoveAll(run)
	// The first two steps compile and warm up.
	recipe.LR, recipe.WeightDecay, recipe.MaxGradNorm, recipe.MaxSteps, recipe.Warmup = 1e-5, 0.01, 0.3, repeats+2, -1
	t, err := train.New(ctx, m, e, files, []curriculum.Stage{curriculum.LongTag(pairs(recipe.Batch), recipe)}, curriculum.Options{Dir: run})
	if err != nil {
		return f, err
	}
	defer t.Close()
	var times []float64
	last := time.Now()
	for s, err := range t.Steps(ctx) {
		if err != nil {
			return f, err
		}
		if s.N > 2 {
			times = append(times, time.Since(last).Seconds())
		}
		if s.N == s.Total {
			break // with no time for what saving takes
		}
		last = time.Now()
	}
	slices.Sort(times)
	f.Train = times[len(times)/2]
	f.TrainRSS, err = peakMB()
	return f, err
}
