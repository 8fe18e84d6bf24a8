// Train makes a checkpoint from simulated episodes: it starts from random weights (or from a checkpoint's) in the shape
// and with the tokenizer of -from, trains pairs in both orders, validates as it goes, and saves the best.
//
//	go run ./examples/train -data ../episodes-train -validate ../shared/episodes -from model/nano -out runs/nano
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/egotsr/egotsr/curriculum"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/model"
	"github.com/egotsr/egotsr/tokenizer"
	"github.com/egotsr/egotsr/vision"
)

func main() {
	log.SetFlags(log.Ltime)
	data := flag.String("data", "", "folders of simulated episodes to train on, separated by commas; their paths may be patterns")
	validate := flag.String("validate", "../shared/episodes", "folder of episodes to validate on")
	from := flag.String("from", "model/nano", "checkpoint directory: shape, tokenizer, image processor, and with -continue weights")
	resume := flag.Bool("continue", false, "start from the weights in -from instead of random ones")
	out := flag.String("out", "runs/nano", "where the best checkpoint is written")
	backend := flag.String("backend", "", "go, xla:cpu, xla:cuda; empty = the best one present")
	recipe := curriculum.Recipe{WeightDecay: 0.05, MaxGradNorm: 1, Beta2: 0.95, Prompts: []dataset.Prompt{dataset.Tag, dataset.Long}}
	flag.IntVar(&recipe.MaxSteps, "steps", 4000, "optimiser steps")
	flag.IntVar(&recipe.Batch, "batch", 64, "sequences a step; pairs come in both orders")
	flag.Float64Var(&recipe.LR, "lr", 1e-3, "peak learning rate")
	flag.IntVar(&recipe.Warmup, "warmup", 200, "steps of warm-up")
	frames := flag.Int("frames", 8, "frames of one episode that its pairs share")
	pairs := flag.Int("pairs", 8, "pairs of one episode in a step")
	seed := flag.Uint64("seed", 1, "of weights and pairs")
	every := flag.Int("every", 250, "steps between validations")
	flag.Parse()
	if *data == "" {
		log.Fatal("-data is needed: folders made by the episode generator")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	m, encoder, err := open(ctx, *from, *backend, *resume, *seed)
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	source, err := trainingPairs(*data, dataset.PairOptions{
		Seed: *seed, Groups: 1 << 30, FramesPerGroup: *frames, PairsPerGroup: *pairs, Both: true,
	})
	if err != nil {
		log.Fatal(err)
	}
	held := os.DirFS(*validate)
	episodes, err := dataset.Simulated(held)
	if err != nil {
		log.Fatal(err)
	}
	check := dataset.ValidationPairs(held, episodes, 8, 7)
	best, start, loss := 0.0, time.Now(), 0.0
	for step, err := range curriculum.Train(ctx, m, encoder, source, recipe) {
		if err != nil {
			log.Fatal(err)
		}
		loss += step.Loss
		if step.N%50 == 0 {
			rate := float64(step.N*recipe.Batch) / time.Since(start).Seconds()
			log.Printf("step %d/%d loss %.4f norm %.2f lr %.2g, %.0f sequences/s", step.N, step.Total, loss/50, step.GradNorm, step.LR, rate)
			loss = 0
		}
		if step.N%*every != 0 && step.N != step.Total {
			continue
		}
		a, err := curriculum.Validate(ctx, m, encoder, check, dataset.Tag)
		if err != nil {
			log.Fatal(err)
		}
		log.Printf("validation: %.1f %% of %d answers; 1–3 frames %.1f, 4–11 %.1f, 12+ %.1f, regressions %.1f (%d)", 100*a.All.Share(), a.All.Of,
			100*a.Near.Share(), 100*a.Middle.Share(), 100*a.Far.Share(), 100*a.Regression.Share(), a.Regression.Of)
		if a.All.Share() > best {
			best = a.All.Share()
			if err := m.Save(ctx, os.DirFS(*from), *out); err != nil {
				log.Fatal(err)
			}
		}
	}
	fmt.Printf("best: %.2f %% of validation answers, in %s\n", 100*best, *out)
}

// open builds a float32 model in the shape of dir and what turns samples into its sequences.
func open(ctx context.Context, dir, backend string, resume bool, seed uint64) (*model.Model, *curriculum.Encoder, error) {
	files := os.DirFS(dir)
	b, err := model.NewBackend(backend)
	if err != nil {
		return nil, nil, err
	}
	config, err := model.LoadConfig(files)
	if err != nil {
		return nil, nil, err
	}
	e := &curriculum.Encoder{EOS: config.EOS[0]}
	if e.Tokenizer, err = tokenizer.Load(files); err != nil {
		return nil, nil, err
	}
	if e.Processor, err = vision.Load(files); err != nil {
		return nil, nil, err
	}
	var m *model.Model
	if resume {
		m, err = model.Load(ctx, files, b, "f32")
	} else {
		m, err = model.New(config, b, seed)
	}
	return m, e, err
}

func trainingPairs(list string, opts dataset.PairOptions) (*dataset.Pairs, error) {
	var roots []string
	for pattern := range strings.SplitSeq(list, ",") {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			return nil, fmt.Errorf("-data %s: no such folder", pattern)
		}
		for _, dir := range found {
			abs, err := filepath.Abs(dir)
			if err != nil {
				return nil, err
			}
			roots = append(roots, strings.TrimPrefix(filepath.ToSlash(abs), "/"))
		}
	}
	disk := os.DirFS("/")
	episodes, err := dataset.Simulated(disk, roots...)
	if err != nil {
		return nil, err
	}
	return dataset.NewPairs(disk, episodes, opts)
}
