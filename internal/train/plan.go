package train

import (
	"cmp"
	"fmt"
	"log/slog"
	"math"
	"path"

	"github.com/egotsr/egotsr/curriculum"
	"github.com/egotsr/egotsr/internal/optim"
	"github.com/egotsr/egotsr/model"
)

// withDefaults puts in the defaults.
func withDefaults(o curriculum.Options) curriculum.Options {
	o.Keep, o.SaveEvery, o.LogEvery = cmp.Or(o.Keep, 10), cmp.Or(o.SaveEvery, 500), cmp.Or(o.LogEvery, 10)
	o.MaxBad = cmp.Or(o.MaxBad, 0.01)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

func checkOptions(o curriculum.Options) error {
	switch {
	case o.Dir == "":
		return &curriculum.InputError{What: "Options.Dir", Reason: "is empty"}
	case !(o.MaxBad > 0 && o.MaxBad <= 1):
		return &curriculum.InputError{What: "Options.MaxBad", Reason: fmt.Sprintf("is %v, not a share", o.MaxBad)}
	}
	for name, n := range map[string]int{"Keep": o.Keep, "SaveEvery": o.SaveEvery, "LogEvery": o.LogEvery} {
		if n < 0 {
			return &curriculum.InputError{What: "Options." + name, Reason: fmt.Sprintf("is %d", n)}
		}
	}
	return nil
}

// plan checks the options and the stages, and completes their recipes.
func (t *Trainer) plan() error {
	if err := checkOptions(t.opts); err != nil {
		return err
	}
	if len(t.users) == 0 {
		return &curriculum.InputError{What: "stages", Reason: "are none"}
	}
	t.state = runState{Version: stateVersion, Seed: t.opts.Seed}
	names := map[string]bool{}
	for i, user := range t.users {
		s, err := newStage(fmt.Sprintf("stage %d", i+1), user)
		if err != nil {
			return err
		}
		if names[s.name] {
			return &curriculum.InputError{What: fmt.Sprintf("stage %d", i+1), Reason: fmt.Sprintf("is named %q, as one before it: every stage needs a name of its own", s.name)}
		}
		names[s.name] = true
		at := stageState{Name: s.name, Steps: s.recipe.MaxSteps, Samples: s.src.n, Schedule: optim.NewSchedule(s.recipe.Warmup, s.recipe.MaxSteps), derived: s.derived}
		if s.held != nil {
			at.Held = s.held.n
		}
		if at.Recipe, err = fields(s.recipe); err != nil {
			return fmt.Errorf("stage %s: %w", s.name, err)
		}
		t.stages = append(t.stages, s)
		t.state.Stages = append(t.state.Stages, at)
	}
	return nil
}

// maxStep is how many samples a step has at most: they are prepared together, two steps ahead.
const maxStep = 1 << 20

// complete puts in what a recipe leaves at zero, for a source of n samples. Its errors are *curriculum.InputError, of a field.
func complete(r curriculum.Recipe, n int) (curriculum.Recipe, error) {
	if n <= 0 {
		return r, &curriculum.InputError{What: "Source", Reason: "is empty"}
	}
	if err := check(r); err != nil {
		return r, err
	}
	r.LR, r.Batch, r.Accumulate = cmp.Or(r.LR, curriculum.PublishedLR), max(r.Batch, 1), max(r.Accumulate, 1)
	if r.Batch > maxStep/r.Accumulate {
		return r, &curriculum.InputError{What: "Recipe.Batch", Reason: fmt.Sprintf("times Accumulate, %d and %d, is more than %d samples a step", r.Batch, r.Accumulate, maxStep)}
	}
	per := r.Batch * r.Accumulate
	pass := func(epochs int) int {
		if epochs > math.MaxInt/2/n { // without end, but for Patience or StopAt
			return math.MaxInt / 2 / per
		}
		return (epochs*n + per - 1) / per
	}
	if r.MaxSteps == 0 {
		r.MaxSteps = pass(max(r.Epochs, 1))
	} else if r.Epochs > 0 {
		r.MaxSteps = min(r.MaxSteps, pass(r.Epochs))
	}
	switch {
	case r.Warmup == 0:
		r.Warmup = optim.Warmup(r.MaxSteps)
	case r.Warmup < 0:
		r.Warmup = 0
	}
	if r.LoRA != nil {
		l, err := model.LoRA(*r.LoRA).Check()
		if err != nil {
			return r, &curriculum.InputError{What: "Recipe.LoRA", Reason: err.Error()}
		}
		r.LoRA = (*curriculum.LoRA)(&l)
	}
	return r, nil
}

// check finds a field that no training can be done with.
func check(r curriculum.Recipe) error {
	for _, f := range []struct {
		name    string
		x, most float64 // it has to be less than that
	}{
		{"LR", r.LR, math.Inf(1)}, {"WeightDecay", r.WeightDecay, math.Inf(1)}, {"MaxGradNorm", r.MaxGradNorm, math.Inf(1)},
		{"Beta2", r.Beta2, 1}, {"StopAt", r.StopAt, math.Nextafter(1, 2)},
	} {
		if !(f.x >= 0 && f.x < f.most) {
			return &curriculum.InputError{What: "Recipe." + f.name, Reason: fmt.Sprintf("is %v, not a rate", f.x)}
		}
	}
	for _, f := range []struct {
		name string
		n    int
	}{
		{"Epochs", r.Epochs}, {"MaxSteps", r.MaxSteps}, {"Batch", r.Batch}, {"Accumulate", r.Accumulate}, {"MaxTarget", r.MaxTarget},
		{"ValidateEvery", r.ValidateEvery}, {"Patience", r.Patience},
	} {
		if f.n < 0 {
			return &curriculum.InputError{What: "Recipe." + f.name, Reason: fmt.Sprintf("is %d", f.n)}
		}
	}
	for _, pattern := range r.Trainable {
		if _, err := path.Match(pattern, ""); err != nil {
			return &curriculum.InputError{What: "Recipe.Trainable", Reason: fmt.Sprintf("has the pattern %q: %v", pattern, err)}
		}
	}
	return nil
}
