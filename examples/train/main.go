// Train takes a checkpoint through stages of the EgoTSR curriculum, on episodes with true progress or on sample files.
//
//	go run ./examples/train -stage cot,tag,long -data ../episodes-train -validate ../shared/episodes -out runs/nano
//	go run ./examples/train -stage tag -data DIR-WITH-JSONL -from CHECKPOINT -out runs/mine -lora 8
//
// A run that was interrupted goes on with the same command and -resume. The newest weights are in
// OUT/checkpoint-<steps>, those with the most right validation answers in OUT/best: both open with egotsr.Open and load
// in transformers. With -lora the former are, until their stage ends, the weights it began with, and beside them what is
// learnt, in the folder adapter/ for peft and Model.Adapt.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/curriculum"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/model"
	"github.com/egotsr/egotsr/model/nano"
)

func main() {
	log.SetFlags(log.Ltime)
	stages := flag.String("stage", "tag", "`stages` in order, of cot, tag, long and general, separated by commas")
	data := flag.String("data", "", "`folders` of episodes, or of .json, .jsonl and .csv samples; separated by commas, may be patterns")
	validate := flag.String("validate", "", "`folder` of episodes to validate on; empty: no validation")
	from := flag.String("from", "", "checkpoint `directory` to start from; empty: the embedded nano model")
	random := flag.Uint64("random", 0, "start from random weights of this `seed` in the shape of -from; 0: from its weights")
	out := flag.String("out", "runs/train", "`directory` of the run")
	resume := flag.Bool("resume", false, "go on with the run in -out")
	backend := flag.String("backend", "", "go, xla:cpu, xla:cuda; empty: the best one present")
	r := curriculum.Recipe{WeightDecay: 0.01, MaxGradNorm: 1, Both: true}
	flag.Float64Var(&r.LR, "lr", 1e-4, "peak learning `rate`")
	flag.Float64Var(&r.Beta2, "beta2", 0.999, "of AdamW; 0.95 from random weights")
	steps := flag.String("steps", "1000", "optimiser `steps` a stage, or of each stage, separated by commas")
	flag.IntVar(&r.Batch, "batch", 16, "pairs a batch, each in both orders")
	flag.IntVar(&r.Accumulate, "accumulate", 1, "batches a step")
	flag.IntVar(&r.Warmup, "warmup", 0, "steps of warm-up; 0: the reference's rule")
	flag.BoolVar(&r.Both, "both", true, "train every pair in both orders")
	flag.IntVar(&r.ValidateEvery, "every", 250, "steps between validations")
	flag.BoolVar(&r.Checkpointing, "checkpointing", false, "compute activations twice rather than keep them")
	lora := flag.Int("lora", 0, "train adapters of this `rank` instead of the weights")
	o := egotsr.TrainOptions{Dir: "", Keep: 3, LogEvery: 50}
	flag.Uint64Var(&o.Seed, "seed", 1, "of the order of samples")
	flag.Float64Var(&regressions, "regressions", 0.25, "share of pairs with a worse later frame; negative: as they fall")
	flag.Parse()
	o.Dir = *out
	o.Logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
	if *lora > 0 {
		r.LoRA = &curriculum.LoRA{Rank: *lora}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := train(ctx, *stages, *steps, *data, *validate, *from, *random, *backend, *resume, r, o); errors.Is(err, context.Canceled) {
		log.Fatalf("interrupted; -resume goes on with the run in %s", *out)
	} else if err != nil {
		log.Fatal(err)
	}
	fmt.Println("run in", *out)
}

// regressions is the share of failure-aware pairs, to show what they buy.
var regressions float64

func train(ctx context.Context, names, steps, data, validate, from string, random uint64, backend string, resume bool, r curriculum.Recipe, o egotsr.TrainOptions) error {
	if found, _ := filepath.Glob(filepath.Join(o.Dir, "checkpoint-*")); len(found) > 0 && !resume {
		return fmt.Errorf("%s holds a run: -resume goes on with it", o.Dir)
	}
	checkpoint, err := start(ctx, from, random, o)
	if err != nil {
		return err
	}
	m, err := egotsr.Open(ctx, checkpoint, &egotsr.Options{Backend: backend, Logger: o.Logger})
	if err != nil {
		return err
	}
	defer m.Close()
	if validate != "" {
		held := os.DirFS(validate)
		episodes, err := dataset.Simulated(held)
		if err != nil {
			return err
		}
		r.Validation = dataset.ValidationPairs(held, episodes, 8, 7)
	}
	var stages []curriculum.Stage
	each := strings.Split(steps, ",")
	for k, name := range strings.Split(names, ",") {
		if r.MaxSteps, err = strconv.Atoi(each[min(k, len(each)-1)]); err != nil {
			return fmt.Errorf("-steps: %w", err)
		}
		src, err := source(name, data, o.Seed)
		if err != nil {
			return fmt.Errorf("stage %s: %w", name, err)
		}
		make, ok := map[string]func(dataset.Source, *curriculum.Recipe) curriculum.Stage{
			"cot": curriculum.CoT, "tag": curriculum.Tag, "long": curriculum.LongTag, "general": curriculum.General,
		}[name]
		if !ok {
			return fmt.Errorf("stage %q: want cot, tag, long or general", name)
		}
		stage := make(src, &r)
		if name == "long" {
			stage = remembering{stage}
		}
		stages = append(stages, stage)
	}
	t, err := egotsr.NewTrainer(m, stages, &o)
	if err != nil {
		return err
	}
	if err := errors.Join(t.Run(ctx), t.Close()); err != nil || r.Validation == nil {
		return err
	}
	return calibrate(ctx, filepath.Join(o.Dir, "best"), r.Validation, backend)
}

// calibrate fits the best checkpoint's temperature on the pairs it was validated with, and keeps it there.
func calibrate(ctx context.Context, dir string, held dataset.Source, backend string) error {
	m, err := egotsr.Open(ctx, os.DirFS(dir), &egotsr.Options{Backend: backend, MaxBatch: 16, FrameCache: 256})
	if err != nil {
		return err
	}
	defer m.Close()
	t, err := m.Calibrate(ctx, held, nil)
	if err != nil {
		return err
	}
	log.Printf("temperature %.3f", t)
	return m.Save(ctx, dir)
}

// start is the checkpoint to begin with. Random weights are made once, so that a resumed run begins with the same.
func start(ctx context.Context, from string, random uint64, o egotsr.TrainOptions) (fs.FS, error) {
	files := nano.FS()
	if from != "" {
		files = os.DirFS(from)
	}
	if random == 0 {
		return files, nil
	}
	dir := filepath.Join(o.Dir, "random")
	if _, err := os.Stat(dir); err == nil {
		return os.DirFS(dir), nil
	}
	config, err := model.LoadConfig(files)
	if err != nil {
		return nil, err
	}
	backend, err := model.NewBackend("go")
	if err != nil {
		return nil, err
	}
	m, err := model.New(config, backend, random)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	return os.DirFS(dir), m.Save(ctx, files, nil, dir)
}
