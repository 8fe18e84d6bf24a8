package egotsr

import (
	"context"
	"errors"
	"image"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/egotsr/egotsr/curriculum"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/decompose"
)

// twice finds a word with a colon that is said again at once.
func twice(text string) bool {
	words := regexp.MustCompile(`[a-zA-Z_.]+: `).FindAllString(text, -1)
	for i := 1; i < len(words); i++ {
		if words[i] == words[i-1] && strings.Contains(text, words[i]+words[i]) {
			return true
		}
	}
	return strings.Count(text, "egotsr: ") > 1 || strings.Count(text, "train: ") > 1
}

// TestInputErrors: every bad argument, option and recipe is an *InputError that names it, and says its piece once.
func TestInputErrors(t *testing.T) {
	m := openTiny(t, Options{})
	ctx, a := t.Context(), noise(1, 60, 60)
	list := grain{dataset.NewList(nil, []dataset.Sample{{Task: "t", Img1: "1", Img2: "2", Closer: dataset.Img1}})}
	open := func(o Options) func() error {
		return func() error {
			if o.Backend == "" {
				o.Backend = "go"
			}
			m, err := Open(ctx, os.DirFS(tiny), &o)
			return errors.Join(err, m.Close())
		}
	}
	judge := func(o JudgeOptions) func() error {
		return func() error { _, err := m.Judge(ctx, Pair{"t", a, a}, &o); return err }
	}
	train := func(o TrainOptions, stages ...curriculum.Stage) func() error {
		return func() error { _, err := NewTrainer(m, stages, &o); return err }
	}
	dir := t.TempDir()
	recipe := func(r curriculum.Recipe) func() error {
		return train(TrainOptions{Dir: dir}, curriculum.Tag(list, &r))
	}
	occupied := filepath.Join(dir, "mine")
	if err := os.WriteFile(occupied, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	fine := curriculum.Recipe{LR: 1e-3}
	unwritten := &decompose.Plan{Goal: "t", Subtasks: []decompose.Subtask{{Text: "Pick up the cup"}, {Text: " "}}}
	for _, c := range []struct {
		what string
		call func() error
	}{
		{"file system", func() error { _, err := Open(ctx, nil, nil); return err }},
		{"file system", func() error { return m.Adapt(ctx, nil) }},
		{"Options.MaxBatch", open(Options{MaxBatch: -1})},
		{"Options.MinPixels, MaxPixels", open(Options{MinPixels: -1})},
		{"Options.MinPixels, MaxPixels", open(Options{MinPixels: 1 << 20, MaxPixels: 1 << 10})},
		{"Options.Backend", open(Options{Backend: "cuda"})},
		{"Options.Weights", open(Options{Weights: "fp16"})},
		{"directory", func() error { return m.Save(ctx, "") }},
		{"directory", func() error { return m.Save(ctx, occupied) }},
		{"directory", func() error { return m.Save(ctx, dir) }},
		{"frame size", func() error { return m.Warmup(ctx, -1, 224) }},
		{"frame size", func() error { return m.Warmup(ctx, 224, 1<<20) }},
		{"task", func() error { _, err := m.Judge(ctx, Pair{"", a, a}, nil); return err }},
		{"img2", func() error { _, err := m.Judge(ctx, Pair{"t", a, nil}, nil); return err }},
		{"AbstainBelow", judge(JudgeOptions{AbstainBelow: -0.1})},
		{"AbstainBelow", judge(JudgeOptions{AbstainBelow: math.Inf(1)})},
		{"prompt", judge(JudgeOptions{Prompt: "Which is closer?"})},
		{"prompt", judge(JudgeOptions{Prompt: "{task_name}\xff"})},
		{"prompt", judge(JudgeOptions{Prompt: dataset.Prompt("{task_name}" + strings.Repeat("word ", 40000))})},
		{"prompt", func() (err error) {
			pairs := func(yield func(Pair) bool) { yield(Pair{"t", a, a}) }
			for _, err = range m.JudgeAll(ctx, pairs, &JudgeOptions{Prompt: "Which is closer?"}) {
			}
			return err
		}},
		{"pairs", func() (err error) {
			for _, err = range m.JudgeAll(ctx, nil, nil) {
			}
			return err
		}},
		{"frame 1", func() error { _, err := m.Progress(ctx, "t", []image.Image{a, nil}); return err }},
		{"source", func() error { _, err := m.Calibrate(ctx, nil, nil); return err }},
		{"source", func() error { _, err := m.Calibrate(ctx, dataset.NewList(nil, nil), nil); return err }},
		{"prompt", func() error { _, err := m.Calibrate(ctx, list, &JudgeOptions{Prompt: "?"}); return err }},
		{"JudgeOptions.Generate", func() error { _, err := m.Calibrate(ctx, list, &JudgeOptions{Generate: true}); return err }},
		{"task", func() error { _, err := m.Plan(ctx, " ", a); return err }},
		{"plan: text of subtask 1", func() error { _, err := m.Next(ctx, unwritten, a); return err }},
		{"plan: text of subtask 1", func() error {
			_, err := m.Track("t", &TrackOptions{Plan: unwritten}).Observe(ctx, a)
			return err
		}},
		{"camera", func() (err error) {
			for _, err = range m.Track("t", nil).Follow(ctx, nil) {
			}
			return err
		}},
		{"TrainOptions.Dir", train(TrainOptions{}, curriculum.Tag(list, &fine))},
		{"TrainOptions.Keep", train(TrainOptions{Dir: dir, Keep: -1}, curriculum.Tag(list, &fine))},
		{"TrainOptions.SaveEvery", train(TrainOptions{Dir: dir, SaveEvery: -1}, curriculum.Tag(list, &fine))},
		{"TrainOptions.LogEvery", train(TrainOptions{Dir: dir, LogEvery: -1}, curriculum.Tag(list, &fine))},
		{"TrainOptions.MaxBad", train(TrainOptions{Dir: dir, MaxBad: -1}, curriculum.Tag(list, &fine))},
		{"TrainOptions.MaxBad", train(TrainOptions{Dir: dir, MaxBad: math.NaN()}, curriculum.Tag(list, &fine))},
		{"TrainOptions.MaxBad", train(TrainOptions{Dir: dir, MaxBad: 1.5}, curriculum.Tag(list, &fine))},
		{"stages", train(TrainOptions{Dir: dir})},
		{"stage 2", train(TrainOptions{Dir: dir}, curriculum.Tag(list, &fine), nil)},
		{"stage 2", train(TrainOptions{Dir: dir}, curriculum.Tag(list, &fine), curriculum.Tag(list, &fine))},
		{"stage tag", train(TrainOptions{Dir: dir}, curriculum.Tag(nil, &fine))},
		{"stage tag: Source", train(TrainOptions{Dir: dir}, curriculum.Tag(dataset.NewList(nil, nil), &fine))},
		{"stage tag: Recipe.LR", recipe(curriculum.Recipe{LR: -1})},
		{"stage tag: Recipe.LR", recipe(curriculum.Recipe{LR: math.NaN()})},
		{"stage tag: Recipe.LR", recipe(curriculum.Recipe{LR: math.Inf(1)})},
		{"stage tag: Recipe.WeightDecay", recipe(curriculum.Recipe{WeightDecay: -1})},
		{"stage tag: Recipe.MaxGradNorm", recipe(curriculum.Recipe{MaxGradNorm: math.NaN()})},
		{"stage tag: Recipe.Beta2", recipe(curriculum.Recipe{Beta2: 1})},
		{"stage tag: Recipe.Beta2", recipe(curriculum.Recipe{Beta2: -0.1})},
		{"stage tag: Recipe.StopAt", recipe(curriculum.Recipe{StopAt: 1.1})},
		{"stage tag: Recipe.Epochs", recipe(curriculum.Recipe{Epochs: -1})},
		{"stage tag: Recipe.MaxSteps", recipe(curriculum.Recipe{MaxSteps: -1})},
		{"stage tag: Recipe.Batch", recipe(curriculum.Recipe{Batch: -1})},
		{"stage tag: Recipe.Accumulate", recipe(curriculum.Recipe{Accumulate: -1})},
		{"stage tag: Recipe.MaxTarget", recipe(curriculum.Recipe{MaxTarget: -1})},
		{"stage tag: Recipe.ValidateEvery", recipe(curriculum.Recipe{ValidateEvery: -1})},
		{"stage tag: Recipe.Patience", recipe(curriculum.Recipe{Patience: -1})},
		{"stage tag: Recipe.Trainable", recipe(curriculum.Recipe{Trainable: []string{"["}})},
		{"stage tag: Recipe.LoRA", recipe(curriculum.Recipe{LoRA: &curriculum.LoRA{Dropout: 1}})},
		{"stage tag: Recipe.LoRA", recipe(curriculum.Recipe{LoRA: &curriculum.LoRA{Rank: -1}})},
	} {
		err := c.call()
		wantInput(t, err, c.what)
		if err != nil && (!strings.HasPrefix(err.Error(), "egotsr: "+c.what) || twice(err.Error())) {
			t.Errorf("%s: %v", c.what, err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("bad calls left %v, %v", entries, err)
	}
}

// TestErrorsOnce: errors that are no argument's say their piece once as well.
func TestErrorsOnce(t *testing.T) {
	m := openTiny(t, Options{})
	missing := dataset.NewList(os.DirFS(t.TempDir()), []dataset.Sample{{Task: "t", Img1: "1", Img2: "2", Closer: dataset.Img1}})
	var gone []dataset.Sample
	for _, n := range strings.Split("abcdefgh", "") {
		gone = append(gone, dataset.Sample{Task: "t", Img1: n + "1", Img2: n + "2", Closer: dataset.Img1})
	}
	run := func(stage curriculum.Stage) error {
		tr, err := NewTrainer(m, []curriculum.Stage{stage}, &TrainOptions{Dir: t.TempDir()})
		if err != nil {
			return err
		}
		return errors.Join(tr.Run(context.Background()), tr.Close())
	}
	for what, err := range map[string]error{
		"a sample that is not there": second(m.Calibrate(t.Context(), missing, nil)),
		"a checkpoint that is none":  second(Open(t.Context(), os.DirFS(t.TempDir()), nil)),
		"an adapter that is none":    m.Adapt(t.Context(), os.DirFS(t.TempDir())),
		"a run of missing images":    run(curriculum.Tag(dataset.NewList(os.DirFS(t.TempDir()), gone), &curriculum.Recipe{LR: 1e-3, Batch: 8})),
		"a run of one missing image": run(curriculum.Tag(missing, &curriculum.Recipe{LR: 1e-3})),
	} {
		if err == nil || twice(err.Error()) || !strings.HasPrefix(err.Error(), "egotsr: ") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }
