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
	if len(t.stages) == 0 {
		return &curriculum.InputError{What: "stages", Reason: "are none"}
	}
	t.state = runState{Version: stateVersion, Seed: t.opts.Seed}
	names := map[string]bool{}
	for i, s := range t.stages {
		what := fmt.Sprintf("stage %d", i+1)
		switch {
		case s == nil:
			return &curriculum.InputError{What: what, Reason: "is nil"}
		case s.Name() == "" || names[s.Name()]:
			return &curriculum.InputError{What: what, Reason: fmt.Sprintf("is named %q: every stage needs a name of its own", s.Name())}
		case s.Source() == nil:
			return &curriculum.InputError{What: "stage " + s.Name(), Reason: "has no source"}
		}
		n := s.Source().Len()
		r, err := complete(s.Recipe(), n)
		if err != nil {
			return fmt.Errorf("stage %s: %w", s.Name(), err)
		}
		at := stageState{Name: s.Name(), Steps: r.MaxSteps, Samples: n}
		if r.Validation != nil {
			at.Held = r.Validation.Len()
		}
		if at.Recipe, err = fields(r); err != nil {
			return fmt.Errorf("stage %s: %w", s.Name(), err)
		}
		names[s.Name()] = true
		t.recipes = append(t.recipes, r)
		t.state.Stages = append(t.state.Stages, at)
	}
	return nil
}

// complete puts in what a recipe leaves at zero, for a source of n samples.
func complete(r curriculum.Recipe, n int) (curriculum.Recipe, error) {
	r.Batch, r.Accumulate = max(r.Batch, 1), max(r.Accumulate, 1)
	if r.LR == 0 {
		r.LR = curriculum.PublishedLR
	}
	if r.MaxSteps == 0 {
		per := r.Batch * r.Accumulate
		r.MaxSteps = (max(r.Epochs, 1)*n + per - 1) / per
	} else if r.Epochs > 0 {
		r.MaxSteps = min(r.MaxSteps, (r.Epochs*n+r.Batch*r.Accumulate-1)/(r.Batch*r.Accumulate))
	}
	switch {
	case r.Warmup == 0:
		r.Warmup = optim.Warmup(r.MaxSteps)
	case r.Warmup < 0:
		r.Warmup = 0
	}
	for _, x := range []float64{r.LR, r.WeightDecay, r.MaxGradNorm, r.Beta2, r.StopAt} {
		if !(x >= 0) || math.IsInf(x, 1) {
			return r, fmt.Errorf("recipe: %v is not a rate", x)
		}
	}
	for _, pattern := range r.Trainable {
		if _, err := path.Match(pattern, ""); err != nil {
			return r, fmt.Errorf("recipe: pattern %q: %w", pattern, err)
		}
	}
	if r.LoRA != nil {
		l, err := model.LoRA(*r.LoRA).Check()
		if err != nil {
			return r, fmt.Errorf("recipe: %w", err)
		}
		r.LoRA = (*curriculum.LoRA)(&l)
	}
	switch {
	case n == 0:
		return r, fmt.Errorf("recipe: the source is empty")
	case r.MaxSteps < 0 || r.Beta2 >= 1:
		return r, fmt.Errorf("recipe: %d steps, beta2 %v", r.MaxSteps, r.Beta2)
	}
	return r, nil
}
