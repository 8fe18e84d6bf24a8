// Train takes a checkpoint through stages of the EgoTSR curriculum, on episodes with true progress or on sample files.
//
//	go run ./examples/train -stage cot,tag,long -data ../episodes-train -validate ../shared/episodes -out runs/nano
//	go run ./examples/train -stage tag -data DIR-WITH-JSONL -from CHECKPOINT -out runs/mine -lora 8
//
// What the curriculum buys is measured by leaving parts of it out: -both=false, -failures=false, -stage without cot; and
// whole tasks with -without "Open a drawer;Press a button", on which -only validates.
//
// A run that was interrupted goes on with the same command and -resume. The newest weights are in
// OUT/checkpoint-<steps>, those with the most right validation answers, of the stage validated last, in OUT/best: both open
// with egotsr.Open and load in transformers. With -lora the former are, until their stage ends, the weights it began with,
// and beside them what is learnt, in the folder adapter/ for peft and Model.Adapt; afterwards OUT/adapter-<stage> has it.
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
	"path/filepath"
	"strconv"
	"strings"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/curriculum"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/examples/internal/program"
	"github.com/egotsr/egotsr/model"
)

// settings are what the command line says.
type settings struct {
	stages, steps, rates string // lists, of which the last two go on with their last entry
	data                 string
	choice               choice
	validate, only       string
	from                 program.Checkpoint
	random               uint64
	resume               bool
	recipe               curriculum.Recipe // of every stage but for what the lists say
	options              egotsr.TrainOptions
}

func main() {
	log.SetFlags(log.Ltime)
	s := settings{
		recipe:  curriculum.Recipe{WeightDecay: 0.01, MaxGradNorm: 1},
		options: egotsr.TrainOptions{Keep: 3, LogEvery: 50, Logger: slog.New(slog.NewTextHandler(os.Stderr, nil))},
	}
	r, o := &s.recipe, &s.options
	flag.StringVar(&s.stages, "stage", "tag", "`stages` in order, of cot, tag, long and general, separated by commas")
	flag.StringVar(&s.data, "data", "", "`folders` of episodes, or of .json, .jsonl and .csv samples; separated by commas, may be patterns")
	flag.StringVar(&s.choice.without, "without", "", "leave the episodes of these `tasks` out; separated by semicolons")
	flag.BoolVar(&s.choice.failures, "failures", true, "train on episodes with a setback too; pauses are none")
	flag.Float64Var(&s.choice.regressions, "regressions", 0.25, "share of pairs with a worse later frame; negative: as they fall")
	flag.BoolVar(&s.choice.augment, "augment", false, "show frames as from slightly other places and in other light; pays where episodes are few")
	flag.StringVar(&s.validate, "validate", "", "`folder` of episodes to validate on; empty: no validation")
	flag.StringVar(&s.only, "only", "", "validate on these `tasks` alone; separated by semicolons; empty: on all")
	s.from.Flags("from")
	flag.Uint64Var(&s.random, "random", 0, "start from random weights of this `seed` in the shape of -from; 0: from its weights")
	flag.StringVar(&o.Dir, "out", "runs/train", "`directory` of the run")
	flag.BoolVar(&s.resume, "resume", false, "go on with the run in -out")
	flag.StringVar(&s.rates, "lr", "1e-4", "peak learning `rates` a stage, or of each stage, separated by commas")
	flag.Float64Var(&r.Beta2, "beta2", 0.999, "of AdamW; 0.95 from random weights")
	flag.StringVar(&s.steps, "steps", "1000", "optimiser `steps` a stage, or of each stage, separated by commas")
	flag.IntVar(&r.Batch, "batch", 16, "pairs a batch, each in both orders")
	flag.IntVar(&r.Accumulate, "accumulate", 1, "batches a step")
	flag.IntVar(&r.Warmup, "warmup", 0, "steps of warm-up; 0: the reference's rule")
	flag.BoolVar(&r.Both, "both", true, "train every pair in both orders")
	flag.IntVar(&r.ValidateEvery, "every", 250, "steps between validations")
	flag.BoolVar(&r.Checkpointing, "checkpointing", false, "compute activations twice rather than keep them")
	lora := flag.Int("lora", 0, "train adapters of this `rank` instead of the weights")
	flag.Uint64Var(&o.Seed, "seed", 1, "of the order of samples")
	program.Main(func(ctx context.Context) error {
		if *lora > 0 {
			r.LoRA = &curriculum.LoRA{Rank: *lora}
		}
		if err := train(ctx, s); errors.Is(err, context.Canceled) {
			return fmt.Errorf("interrupted; -resume goes on with the run in %s", o.Dir)
		} else if err != nil {
			return err
		}
		fmt.Println("run in", o.Dir)
		return nil
	})
}

func train(ctx context.Context, s settings) error {
	o := s.options
	if found, _ := filepath.Glob(filepath.Join(o.Dir, "checkpoint-*")); len(found) > 0 && !s.resume {
		return fmt.Errorf("%s holds a run: -resume goes on with it", o.Dir)
	}
	var err error
	if s.recipe.Validation, err = held(s.validate, s.only); err != nil {
		return fmt.Errorf("-validate: %w", err)
	}
	stages, err := s.curriculum()
	if err != nil {
		return err
	}
	checkpoint, err := start(ctx, s.from, s.random, o)
	if err != nil {
		return err
	}
	m, err := egotsr.Open(ctx, checkpoint, &egotsr.Options{Backend: s.from.Backend, Logger: o.Logger})
	if err != nil {
		return err
	}
	defer m.Close()
	t, err := egotsr.NewTrainer(m, stages, &o)
	if err != nil {
		return err
	}
	if err := errors.Join(run(ctx, t), t.Close()); err != nil || s.recipe.Validation == nil {
		return err
	}
	best := program.Checkpoint{Dir: filepath.Join(o.Dir, "best"), Backend: s.from.Backend}
	return calibrate(ctx, best, s.recipe.Validation)
}

// run drains a trainer's steps, with a bar for each stage where standard error is a terminal.
func run(ctx context.Context, t *egotsr.Trainer) error {
	if !program.Terminal(os.Stderr) {
		return t.Run(ctx)
	}
	bar := program.Bar(os.Stderr, "steps")
	for s, err := range t.Steps(ctx) {
		if err != nil {
			return err
		}
		bar(s.N, s.Total, fmt.Sprintf("%s loss %.4f lr %.2g norm %.2f, %.1f samples/s, waited %.0f %%", s.Stage, s.Loss, s.LR, s.GradNorm, s.Rate, 100*s.Waited))
	}
	return nil
}

// curriculum is the stages named, each with its own steps and learning rate.
func (s settings) curriculum() (stages []curriculum.Stage, err error) {
	for k, name := range strings.Split(s.stages, ",") {
		r := s.recipe
		if r.MaxSteps, err = strconv.Atoi(entry(s.steps, k)); err != nil {
			return nil, fmt.Errorf("-steps: %w", err)
		}
		if r.LR, err = strconv.ParseFloat(entry(s.rates, k), 64); err != nil {
			return nil, fmt.Errorf("-lr: %w", err)
		}
		make, ok := map[string]func(dataset.Source, *curriculum.Recipe) curriculum.Stage{
			"cot": curriculum.CoT, "tag": curriculum.Tag, "long": curriculum.LongTag, "general": curriculum.General,
		}[name]
		if !ok {
			return nil, fmt.Errorf("stage %q: want cot, tag, long or general", name)
		}
		src, err := source(name, s.data, s.options.Seed, s.choice)
		if err != nil {
			return nil, fmt.Errorf("stage %s: %w", name, err)
		}
		stage := make(src, &r)
		if name == "long" {
			stage = curriculum.Remembering(stage)
		}
		stages = append(stages, stage)
	}
	return stages, nil
}

// entry is item k of a list with commas, or its last.
func entry(list string, k int) string {
	each := strings.Split(list, ",")
	return strings.TrimSpace(each[min(k, len(each)-1)])
}

// calibrate fits the best checkpoint's temperature on the pairs it was validated with, and keeps it there.
func calibrate(ctx context.Context, best program.Checkpoint, held dataset.Source) error {
	m, err := best.Open(ctx, egotsr.Options{MaxBatch: 16, FrameCache: 256})
	if err != nil {
		return err
	}
	defer m.Close()
	t, err := m.Calibrate(ctx, held, nil)
	if err != nil {
		return err
	}
	log.Printf("temperature %.3f", t)
	return m.Save(ctx, best.Dir)
}

// start is the checkpoint to begin with. Random weights are made once, so that a resumed run begins with the same.
func start(ctx context.Context, from program.Checkpoint, random uint64, o egotsr.TrainOptions) (fs.FS, error) {
	files := from.FS()
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
	m, err := model.New(config, "go", random)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	return os.DirFS(dir), m.Save(ctx, files, nil, dir)
}
