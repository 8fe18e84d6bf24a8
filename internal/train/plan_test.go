package train

import (
	"context"
	"errors"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/egotsr/egotsr/curriculum"
)

func TestPlanErrors(t *testing.T) {
	t.Parallel()
	m, e := tiny(t)
	fine := curriculum.Recipe{LR: 1e-3, MaxSteps: 1}
	for name, stages := range map[string][]curriculum.Stage{
		"are none":       nil,
		"own":            {curriculum.Tag(white, &fine), curriculum.Tag(white, &fine)},
		"2 is nil":       {curriculum.Tag(white, &fine), nil},
		"no source":      {curriculum.Tag(nil, nil)},
		"is empty":       {curriculum.Tag(painted{}, &fine)},
		"not a rate":     {curriculum.Tag(white, &curriculum.Recipe{LR: math.NaN()})},
		"pattern \"[":    {curriculum.Tag(white, &curriculum.Recipe{LR: 1, Trainable: []string{"["}})},
		"samples a step": {curriculum.Tag(white, &curriculum.Recipe{LR: 1, Batch: 1 << 32, Accumulate: 1 << 32})},
		"rank 1000000":   {curriculum.Tag(white, &curriculum.Recipe{LR: 1, LoRA: &curriculum.LoRA{Rank: 1_000_000}})},
		"dropout 1":      {curriculum.Tag(white, &curriculum.Recipe{LR: 1, LoRA: &curriculum.LoRA{Dropout: 1}})},
	} {
		if _, err := New(context.Background(), m, e, os.DirFS(checkpoint), stages, curriculum.Options{Dir: t.TempDir()}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOptionErrors(t *testing.T) {
	t.Parallel()
	m, e := tiny(t)
	dir := t.TempDir()
	for what, o := range map[string]curriculum.Options{
		"Options.Dir": {}, "Options.Keep": {Dir: dir, Keep: -1}, "Options.SaveEvery": {Dir: dir, SaveEvery: -1},
		"Options.LogEvery": {Dir: dir, LogEvery: -1}, "Options.MaxBad": {Dir: dir, MaxBad: math.NaN()},
	} {
		_, err := New(context.Background(), m, e, os.DirFS(checkpoint), []curriculum.Stage{curriculum.Tag(white, nil)}, o)
		if bad := (*curriculum.InputError)(nil); !errors.As(err, &bad) || bad.What != what {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestComplete: what a recipe leaves at zero.
func TestComplete(t *testing.T) {
	if zero, err := complete(curriculum.Recipe{}, 1); err != nil || zero.LR != curriculum.PublishedLR || zero.MaxSteps != 1 || zero.Batch != 1 || zero.Accumulate != 1 {
		t.Errorf("%+v, %v", zero, err)
	}
	if r, err := complete(curriculum.Recipe{Epochs: math.MaxInt, Batch: 3, Accumulate: 7}, 1000); err != nil || r.MaxSteps < 1<<50 || r.MaxSteps*21 < 0 {
		t.Errorf("without end: %d steps, %v", r.MaxSteps, err)
	}
	if l, err := complete(curriculum.Recipe{LoRA: &curriculum.LoRA{}}, 1); err != nil || l.LoRA.Rank != 8 || l.LoRA.Alpha != 16 {
		t.Errorf("%+v, %v", l.LoRA, err)
	}
	for _, stage := range []curriculum.Stage{curriculum.Tag(white, nil), curriculum.LongTag(white, nil)} {
		r := stage.Recipe()
		full, err := complete(r, 10001)
		if want := (2*10001 + 2*r.Batch - 1) / (2 * r.Batch); err != nil || full.MaxSteps != want || full.Warmup != 1000 {
			t.Errorf("%s: %d steps, %d of warm-up, %v", stage.Name(), full.MaxSteps, full.Warmup, err)
		}
	}
}
