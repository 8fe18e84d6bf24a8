package train

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/gomlx/compute/dtypes/bfloat16"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/model"
)

// noisy are pairs of gray levels with a verdict that is right three times in four and words by chance: some loss stays to
// the end, so that curves can be compared by ratio.
func noisy(n int) (p painted) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range n {
		a, b := rng.IntN(256), rng.IntN(256)
		closer := dataset.Img1
		if (b > a) == (rng.IntN(4) > 0) {
			closer = dataset.Img2
		}
		words := [2]string{}
		for i := range words {
			words[i] = []string{"black", "white", "gray", "dark", "bright"}[rng.IntN(5)]
		}
		p.samples = append(p.samples, dataset.Sample{Task: "paint", Img1: fmt.Sprint(a), Img2: fmt.Sprint(b), Closer: closer, Detail: words})
	}
	return p
}

// TestBF16Curve: over 200 steps from the same weights, the loss of every step in bfloat16 with float32 masters is within
// 2 % of that in float32. Without masters it is not, which shows that the test can fail.
func TestBF16Curve(t *testing.T) {
	if testing.Short() {
		t.Skip("three trainings of 200 steps")
	}
	dir := t.TempDir()
	random, _, err := tiny()
	if err != nil {
		t.Fatal(err)
	}
	random.Config.DType = "bfloat16" // rounded once, so that all begin alike
	if err := random.Save(context.Background(), os.DirFS(checkpoint), nil, dir); err != nil {
		t.Fatal(err)
	}
	random.Close()
	src := noisy(4096)
	curve := func(weights string, after func(*model.Model)) (losses []float64) {
		m, e := openFrom(t, dir, "xla:cpu", weights)
		r := &Recipe{LR: 5e-4, WeightDecay: 0.01, MaxGradNorm: 1, MaxSteps: 200, Batch: 8, Warmup: 20}
		tr := trainer(t, m, e, Options{Seed: 1}, newStage("noisy", src, "{task_name} spatial details:", r, Recipe{}))
		for s, err := range tr.Steps(context.Background()) {
			if err != nil {
				t.Fatal(err)
			}
			losses = append(losses, s.Loss)
			if after != nil {
				after(m)
			}
		}
		if err := tr.Close(); err != nil {
			t.Fatal(err)
		}
		return losses
	}
	wide := curve("f32", nil)
	narrow := curve("bf16", nil)
	bare := curve("bf16", roundWeights)
	with, without := apart(narrow, wide), apart(bare, wide)
	t.Logf("loss %.3f to %.3f; bf16 is off by %.2f %% at most, without masters by %.2f %%", wide[0], wide[len(wide)-1], 100*with, 100*without)
	if with > 0.02 {
		t.Errorf("bf16 with masters leaves the f32 curve by %.2f %%", 100*with)
	}
	if without < 0.02 {
		t.Errorf("bf16 without masters leaves the f32 curve by no more than %.2f %%: this test proves nothing", 100*without)
	}
}

// apart is the largest relative difference at any step.
func apart(a, b []float64) (most float64) {
	for i := range a {
		most = max(most, math.Abs(a[i]-b[i])/b[i])
	}
	return most
}

// roundWeights makes bfloat16 of the masters.
func roundWeights(m *model.Model) {
	for _, p := range m.Config.Params() {
		m.Store().GetVariable("/" + p.Name).MustValue().MustMutableFlatData(func(flat any) {
			for i, x := range flat.([]float32) {
				flat.([]float32)[i] = bfloat16.FromFloat32(x).Float32()
			}
		})
	}
}
