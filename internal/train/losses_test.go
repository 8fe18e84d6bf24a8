package train

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/egotsr/egotsr/curriculum"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/simtest"
	"github.com/egotsr/egotsr/model"
)

// TestTrainLosses: ten steps of the trainer are the ten of scripts/train_losses.py, in transformers and torch: losses of
// batches added up, gradient norms before clipping, learning rates, supervised tokens.
func TestTrainLosses(t *testing.T) {
	t.Run("go", func(t *testing.T) {
		t.Parallel()
		trainLosses(t, "go")
	})
	t.Run("xla:cpu", func(t *testing.T) {
		simtest.Long(t) // XLA compiles for most of a minute
		needsXLA(t)
		trainLosses(t, "xla:cpu")
	})
}

func trainLosses(t *testing.T, backend string) {
	const dir = "../../testdata/golden/train10"
	var want struct {
		Recipe struct {
			LR          float64
			Warmup      int
			Steps       int
			Batch       int
			Accumulate  int
			WeightDecay float64 `json:"weight_decay"`
			MaxGradNorm float64 `json:"max_grad_norm"`
		}
		Steps []struct {
			Loss, LR float64
			GradNorm float64 `json:"grad_norm"`
			Tokens   int
		}
	}
	if err := json.Unmarshal(read(t, filepath.Join(dir, "steps.json")), &want); err != nil {
		t.Fatal(err)
	}
	// The index of a file lies beside it, and nothing is to lie in testdata.
	samples := fstest.MapFS{"samples.jsonl": {Data: read(t, filepath.Join(dir, "samples.jsonl"))}}
	corpus, err := dataset.Open(samples, os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer corpus.Close()
	const seed = 7
	src := inOrder{Source: corpus, at: make([]int, corpus.Len())}
	order := dataset.Order{Seed: seed, Len: corpus.Len()}
	for i := range src.at {
		src.at[order.At(uint64(i))] = i
	}
	first, err := corpus.At(0)
	if err != nil {
		t.Fatal(err)
	}
	r := want.Recipe
	files := os.DirFS(checkpoint)
	m, err := model.Load(t.Context(), files, backend, "f32")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	e, err := encoderOf(m, files)
	if err != nil {
		t.Fatal(err)
	}
	all := steps(t, trainer(t, m, e, curriculum.Options{Seed: seed}, asks("script", src, first.Prompt, curriculum.Recipe{
		LR: r.LR, Warmup: r.Warmup, MaxSteps: r.Steps, Batch: r.Batch, Accumulate: r.Accumulate, WeightDecay: r.WeightDecay, MaxGradNorm: r.MaxGradNorm,
	})), -1)
	if len(all) != len(want.Steps) {
		t.Fatalf("%d steps, want %d", len(all), len(want.Steps))
	}
	off := func(got, want float64) float64 { return math.Abs(got-want) / math.Abs(want) }
	loss, norm := 0.0, 0.0
	for i, w := range want.Steps {
		s := all[i]
		loss, norm = max(loss, off(s.Loss, w.Loss)), max(norm, off(s.GradNorm, w.GradNorm))
		if off(s.Loss, w.Loss) > 1e-4 || off(s.GradNorm, w.GradNorm) > 1e-3 {
			t.Errorf("step %d: loss %.8g, norm %.8g; torch has %.8g, %.8g", i+1, s.Loss, s.GradNorm, w.Loss, w.GradNorm)
		}
		if math.Abs(s.LR-w.LR) > 1e-9*r.LR || s.Tokens != w.Tokens {
			t.Errorf("step %d: learning rate %v, %d tokens; torch has %v, %d", i+1, s.LR, s.Tokens, w.LR, w.Tokens)
		}
	}
	t.Logf("at most %.1e off in loss, %.1e in norm", loss, norm)
}

// inOrder makes a run take the samples of a source one after the other.
type inOrder struct {
	dataset.Source
	at []int // by the run's own order
}

func (s inOrder) At(i int) (dataset.Sample, error) { return s.Source.At(s.at[i]) }

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
