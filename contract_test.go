package egotsr_test

import (
	"context"
	"image"
	"io/fs"
	"iter"
	"log/slog"
	"time"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/curriculum"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/decompose"
	"github.com/egotsr/egotsr/model/nano"
)

// What follows compiles as long as the surface is the one that programs elsewhere are written against. Nothing of it runs.

type (
	ctx  = context.Context
	anys = *egotsr.JudgeOptions
)

var (
	_ func(ctx, fs.FS, *egotsr.Options) (*egotsr.Model, error)                                         = egotsr.Open
	_ func(*egotsr.Model) error                                                                        = (*egotsr.Model).Close
	_ func(*egotsr.Model, ctx, int, int) error                                                         = (*egotsr.Model).Warmup
	_ func(*egotsr.Model, ctx, string) error                                                           = (*egotsr.Model).Save
	_ func(*egotsr.Model, ctx, egotsr.Pair, anys) (egotsr.Judgement, error)                            = (*egotsr.Model).Judge
	_ func(*egotsr.Model, ctx, iter.Seq[egotsr.Pair], anys) iter.Seq2[egotsr.Judgement, error]         = (*egotsr.Model).JudgeAll
	_ func(*egotsr.Model, ctx, string, []image.Image) ([]float64, error)                               = (*egotsr.Model).Progress
	_ func(*egotsr.Model, string, *egotsr.TrackOptions) *egotsr.Tracker                                = (*egotsr.Model).Track
	_ func(*egotsr.Tracker, ctx, image.Image) (egotsr.State, error)                                    = (*egotsr.Tracker).Observe
	_ func(*egotsr.Tracker, ctx, time.Time, image.Image) (egotsr.State, error)                         = (*egotsr.Tracker).ObserveAt
	_ func(*egotsr.Tracker) egotsr.State                                                               = (*egotsr.Tracker).State
	_ func(*egotsr.Tracker)                                                                            = (*egotsr.Tracker).Reset
	_ func(*egotsr.Tracker, ctx, int, int) error                                                       = (*egotsr.Tracker).Warmup
	_ func(*egotsr.Model, ctx, string, ...image.Image) (*decompose.Plan, error)                        = (*egotsr.Model).Plan
	_ func(ctx, string, *decompose.Options) (*decompose.Plan, error)                                   = egotsr.Decompose
	_ func(*egotsr.Model, []curriculum.Stage, *egotsr.TrainOptions) (*egotsr.Trainer, error)           = egotsr.NewTrainer
	_ func(*egotsr.Trainer, ctx) iter.Seq2[egotsr.Step, error]                                         = (*egotsr.Trainer).Steps
	_ func(*egotsr.Trainer, ctx) error                                                                 = (*egotsr.Trainer).Run
	_ func(fs.FS, fs.FS, ...string) (*dataset.Corpus, error)                                           = dataset.Open
	_ func(*egotsr.Model, ctx, fs.FS, []dataset.Episode, *egotsr.TeachOptions) (*egotsr.Taught, error) = (*egotsr.Model).Teach
	_ func(dataset.Source, *curriculum.Recipe) curriculum.Stage                                        = curriculum.CoT
	_ func(dataset.Source, *curriculum.Recipe) curriculum.Stage                                        = curriculum.Tag
	_ func(dataset.Source, *curriculum.Recipe) curriculum.Stage                                        = curriculum.LongTag
	_ func(dataset.Source, *curriculum.Recipe) curriculum.Stage                                        = curriculum.General
	_ func(*decompose.Plan, []string) error                                                            = (*decompose.Plan).Verify
	_ func() fs.FS                                                                                     = nano.FS
	_ dataset.Source                                                                                   = (*dataset.Corpus)(nil)

	_ = egotsr.Options{Backend: "", Weights: "", MinPixels: 0, MaxPixels: 0, MaxBatch: 0, FrameCache: 0, Logger: (*slog.Logger)(nil)}
	_ = egotsr.Pair{Task: "", Img1: nil, Img2: nil}
	_ = egotsr.Judgement{Closer: egotsr.Undecided, PImg1: 0, Confidence: 0, Disagreement: 0, Detail: [2]string{}, Raw: ""}
	_ = egotsr.JudgeOptions{SingleOrder: false, Explain: false, Generate: false, AbstainBelow: 0, Prompt: dataset.Long}
	_ = []dataset.Prompt{dataset.Long, dataset.Tag, dataset.CoT}
	_ = []egotsr.Side{egotsr.Undecided, egotsr.Img1, egotsr.Img2}
	_ = []egotsr.Trend{egotsr.Advancing, egotsr.Stalled, egotsr.Regressing, egotsr.Recovering, egotsr.Done}
	_ = egotsr.State{Progress: 0, Trend: egotsr.Done, Confidence: 0, Subtask: -1}
	_ = egotsr.TrackOptions{Plan: (*decompose.Plan)(nil), Every: time.Second, Demo: []image.Image(nil)}
	_ = egotsr.TeachOptions{Budget: time.Minute, LoRA: false, Dir: "", Seed: 0, Logger: (*slog.Logger)(nil)}
	_ = egotsr.Taught{Before: 0, After: 0, Known: 0, Steps: 0}
	_ = egotsr.Step{Stage: "", N: 0, Total: 0, Loss: 0, LR: 0, GradNorm: 0, Tokens: 0, Samples: 0, Skipped: 0}
	_ = egotsr.TrainOptions{Dir: "", Seed: 0, Keep: 0, SaveEvery: 0, LogEvery: 0, Logger: nil}
	_ = dataset.Sample{Task: "", Img1: "", Img2: "", Closer: "", Detail: [2]string{}}
	_ = curriculum.Recipe{LR: 0, WeightDecay: 0, MaxGradNorm: 0, Epochs: 0, MaxSteps: 0, Batch: 0, Accumulate: 0, Warmup: 0, MaxTarget: 0,
		Trainable: []string{}, LoRA: (*curriculum.LoRA)(nil), Both: false}
	_ = decompose.Subtask{Text: "", Action: "", Args: []string{}, After: []int{}, Pre: []string{}, Effect: []string{}}
	_ = decompose.Plan{Goal: "", Subtasks: nil, Reason: ""}
)
