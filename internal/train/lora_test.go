package train

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/egotsr/egotsr/curriculum"
	"github.com/egotsr/egotsr/model"
)

// TestLoRA: a stage with adapters learns with the weights as they were. Its checkpoints hold weights and adapters apart; at
// its end, in best/ and for the next stage they are one.
func TestLoRA(t *testing.T) {
	t.Parallel()
	const free = "model.norm.weight" // is trained beside the adapters
	r := curriculum.Recipe{LR: 5e-2, MaxGradNorm: 1, MaxSteps: 30, Batch: 8, Warmup: 3, LoRA: &curriculum.LoRA{Rank: 4, Dropout: 0.1},
		Validation: pairs([2]int{10, 245}), Trainable: []string{free}}
	m, e := tiny(t)
	base := weights(t, m)
	dir := t.TempDir()
	at := func(step string) string { return filepath.Join(dir, "checkpoint-000000"+step) }
	all := steps(t, trainer(t, m, e, curriculum.Options{Dir: dir, SaveEvery: 9, Keep: 9},
		asks("first", white, "{task_name}", r), asks("next", white, "{task_name}", curriculum.Recipe{LR: 1e-9, MaxSteps: 1, Batch: 8})), -1)
	if len(all) != 31 || all[28].Loss > all[0].Loss/4 || all[29].Validation == nil || all[30].Loss > 1.2*all[29].Loss {
		t.Errorf("%d steps, loss %.3f, at the end %.3f, then %.3f", len(all), all[0].Loss, all[29].Loss, all[30].Loss)
	}

	// What a checkpoint within the stage holds: the weights frozen, and beside them what makes the model of that step.
	for _, step := range []string{"09", "18", "27"} {
		for name, now := range stored(t, at(step)) {
			if changed := !slices.Equal(now, base[name]); changed != (name == free) {
				t.Errorf("step %s: %s changed: %v", step, name, changed)
			}
		}
	}
	again := adapted(t, load(t, at("27")), filepath.Join(at("27"), model.AdapterDir))
	// Three steps before the stage's end the model is nearly that of best/.
	best := stored(t, filepath.Join(dir, "best"))
	for name, was := range base {
		away, left := distance(best[name], was), distance(best[name], again[name])
		if learnt := strings.HasSuffix(name, "_proj.weight") && strings.HasPrefix(name, "model.") || name == free; learnt != (away > 0) || left > 0.2*away {
			t.Errorf("%s: best is %v from the beginning, %v from that step", name, away, left)
		}
	}
	// What the stage's end leaves of its adapters makes the merged weights of those it began with.
	began, _ := tiny(t)
	merged := stored(t, at("30"))
	for name, now := range adapted(t, began, filepath.Join(dir, "adapter-first")) {
		if !slices.Equal(now, merged[name]) && name != free {
			t.Errorf("%s: the stage's adapters miss the merged weights by %v", name, distance(now, merged[name]))
		}
	}
	if exists(filepath.Join(dir, "adapter-next")) {
		t.Error("a stage without adapters has left some")
	}
	if len(merged) != len(base) || exists(filepath.Join(at("30"), model.AdapterDir)) || exists(filepath.Join(dir, "best", model.AdapterDir)) {
		t.Error("there are adapters beside merged weights")
	}
}

func load(t testing.TB, dir string) *model.Model {
	t.Helper()
	m, err := model.Load(t.Context(), os.DirFS(dir), "go", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// adapted are the weights of a model with an adapter merged.
func adapted(t testing.TB, m *model.Model, dir string) map[string][]float32 {
	t.Helper()
	if err := m.Adapt(t.Context(), os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return weights(t, m)
}
