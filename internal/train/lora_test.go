package train

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/egotsr/egotsr/internal/safetensors"
	"github.com/egotsr/egotsr/model"
)

// stored reads the weights of a checkpoint's directory.
func stored(t testing.TB, dir string) map[string][]float32 {
	t.Helper()
	set, err := safetensors.OpenCheckpoint(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	all := map[string][]float32{}
	for _, name := range set.Names() {
		info, _ := set.Info(name)
		all[name] = make([]float32, info.Elements())
		if err := set.ReadFloat32(name, all[name]); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// TestLoRA: a stage with adapters learns with the weights as they were. Its checkpoints hold weights and adapters apart; at
// its end, in best/ and for the next stage they are one.
func TestLoRA(t *testing.T) {
	ctx := context.Background()
	r := &Recipe{LR: 1e-2, MaxGradNorm: 1, MaxSteps: 20, Batch: 8, Warmup: 3, LoRA: &LoRA{Rank: 4, Dropout: 0.1},
		Validation: pairs([2]int{10, 245}), Trainable: []string{"model.norm.weight"}}
	m, e, err := tiny()
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	base := map[string][]float32{}
	for _, p := range m.Config.Params() {
		base[p.Name] = tensors.MustCopyFlatData[float32](m.Store().GetVariable("/" + p.Name).MustValue())
	}
	dir := t.TempDir()
	tr := trainer(t, m, e, Options{Dir: dir, SaveEvery: 19},
		newStage("first", white, "{task_name}", r, Recipe{}), newStage("next", white, "{task_name}", &Recipe{LR: 1e-9, MaxSteps: 1, Batch: 8}, Recipe{}))
	var all []Step
	for s, err := range tr.Steps(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
		if s.Stage != "first" {
			continue
		}
		for _, p := range m.Config.Params() {
			now := tensors.MustCopyFlatData[float32](m.Store().GetVariable("/" + p.Name).MustValue())
			if !slices.Equal(now, base[p.Name]) && p.Name != "model.norm.weight" {
				t.Fatalf("step %d: %s changed", s.N, p.Name)
			}
		}
	}
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	if len(all) != 21 || all[18].Loss > all[0].Loss/4 || all[19].Validation == nil || all[20].Loss > 1.2*all[19].Loss {
		t.Errorf("%d steps, loss %.3f, at the end %.3f, then %.3f", len(all), all[0].Loss, all[19].Loss, all[20].Loss)
	}

	// What a checkpoint within the stage holds: the weights frozen, and beside them what makes the model of that step.
	apart := filepath.Join(dir, "checkpoint-00000019")
	weights := stored(t, apart)
	for name, was := range base {
		if !slices.Equal(weights[name], was) && name != "model.norm.weight" {
			t.Errorf("%s of %s changed", name, apart)
		}
	}
	backend, err := model.NewBackend("go")
	if err != nil {
		t.Fatal(err)
	}
	again, err := model.Load(ctx, os.DirFS(apart), backend, "")
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	adapter := os.DirFS(filepath.Join(apart, model.AdapterDir))
	if err := again.Adapt(ctx, adapter); err != nil {
		t.Fatal(err)
	}
	// One step before the stage's end the model is nearly that of best/.
	best := stored(t, filepath.Join(dir, "best"))
	for _, p := range m.Config.Params() {
		now := tensors.MustCopyFlatData[float32](again.Store().GetVariable("/" + p.Name).MustValue())
		away, left := distance(best[p.Name], base[p.Name]), distance(best[p.Name], now)
		if learnt := strings.HasSuffix(p.Name, "_proj.weight") && strings.HasPrefix(p.Name, "model.") || p.Name == "model.norm.weight"; learnt != (away > 0) || left > 0.2*away {
			t.Errorf("%s: best is %v from the beginning, %v from the step before", p.Name, away, left)
		}
	}
	// What the stage's end leaves of its adapters makes the merged weights of those it began with.
	began, _, err := tiny()
	if err != nil {
		t.Fatal(err)
	}
	defer began.Close()
	if err := began.Adapt(ctx, os.DirFS(filepath.Join(dir, "adapter-first"))); err != nil {
		t.Fatal(err)
	}
	merged := stored(t, filepath.Join(dir, "checkpoint-00000020"))
	for _, p := range began.Config.Params() {
		now := tensors.MustCopyFlatData[float32](began.Store().GetVariable("/" + p.Name).MustValue())
		if !slices.Equal(now, merged[p.Name]) && p.Name != "model.norm.weight" { // which was trained beside the adapters
			t.Errorf("%s: the stage's adapters miss the merged weights by %v", p.Name, distance(now, merged[p.Name]))
		}
	}
	if exists(filepath.Join(dir, "adapter-next")) {
		t.Error("a stage without adapters has left some")
	}
	if end := filepath.Join(dir, "checkpoint-00000020"); len(stored(t, end)) != len(base) || exists(filepath.Join(end, model.AdapterDir)) || exists(filepath.Join(dir, "best", model.AdapterDir)) {
		t.Error("there are adapters beside merged weights")
	}
}

func distance(a, b []float32) (d float64) {
	for i := range a {
		d = max(d, math.Abs(float64(a[i]-b[i])))
	}
	return d
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
