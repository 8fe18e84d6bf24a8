package curriculum

import (
	"cmp"
	"fmt"
	"log/slog"

	"github.com/egotsr/egotsr/internal/state"
)

// Options say where a run is kept and how often.
type Options struct {
	Dir       string       // checkpoints, optimiser state, TensorBoard events, list of bad samples; made if absent
	Seed      uint64       // of the order of samples
	Keep      int          // checkpoints kept, the newest; 0 = 10
	SaveEvery int          // steps between checkpoints; one is also made at the end of every stage and when Steps is left; 0 = 500
	LogEvery  int          // steps between lines of the log and points of the curves; 0 = 10
	Shard     bool         // every device holds an equal part of weights, moments and gradients, not a copy; needs a backend of several
	MaxBad    float64      // share of unreadable samples above which the run stops; 0 = 0.01
	Logger    *slog.Logger // nil = silence

	disk state.Disk
}

// complete puts in the defaults.
func (o Options) complete() Options {
	o.Keep, o.SaveEvery, o.LogEvery = cmp.Or(o.Keep, 10), cmp.Or(o.SaveEvery, 500), cmp.Or(o.LogEvery, 10)
	o.MaxBad = cmp.Or(o.MaxBad, 0.01)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// InputError says which of the things that a run is planned with cannot be used, and why.
type InputError struct {
	What   string // "Options.Keep", "stage 2", …
	Reason string
}

func (e *InputError) Error() string { return "train: " + e.What + " " + e.Reason }

func (o Options) check() error {
	switch {
	case o.Dir == "":
		return &InputError{"Options.Dir", "is empty"}
	case !(o.MaxBad > 0 && o.MaxBad <= 1):
		return &InputError{"Options.MaxBad", fmt.Sprintf("is %v, not a share", o.MaxBad)}
	}
	for name, n := range map[string]int{"Keep": o.Keep, "SaveEvery": o.SaveEvery, "LogEvery": o.LogEvery} {
		if n < 0 {
			return &InputError{"Options." + name, fmt.Sprintf("is %d", n)}
		}
	}
	return nil
}

// plan checks the options and the stages, and completes their recipes.
func (t *Trainer) plan() error {
	if err := t.opts.check(); err != nil {
		return err
	}
	if len(t.stages) == 0 {
		return &InputError{"stages", "are none"}
	}
	t.state = runState{Version: stateVersion, Seed: t.opts.Seed}
	names := map[string]bool{}
	for i, s := range t.stages {
		what := fmt.Sprintf("stage %d", i+1)
		switch {
		case s == nil:
			return &InputError{what, "is nil"}
		case s.Name() == "" || names[s.Name()]:
			return &InputError{what, fmt.Sprintf("is named %q: every stage needs a name of its own", s.Name())}
		case s.Source() == nil:
			return &InputError{"stage " + s.Name(), "has no source"}
		}
		n := s.Source().Len()
		r, err := s.Recipe().check(n)
		if err != nil {
			return fmt.Errorf("stage %s: %w", s.Name(), err)
		}
		at := stageState{Name: s.Name(), Steps: r.MaxSteps, Samples: n}
		if r.Validation != nil {
			at.Held = r.Validation.Len()
		}
		if at.Recipe, err = r.fields(); err != nil {
			return fmt.Errorf("stage %s: %w", s.Name(), err)
		}
		names[s.Name()] = true
		t.recipes = append(t.recipes, r)
		t.state.Stages = append(t.state.Stages, at)
	}
	return nil
}
