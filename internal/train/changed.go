package train

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/egotsr/egotsr/curriculum"
)

// accepts reports how a saved run differs from the one planned.
func (s runState) accepts(saved runState) error {
	switch {
	case saved.Version != s.Version:
		return fmt.Errorf("version %d, not %d", saved.Version, s.Version)
	case saved.Stage < 0 || saved.Stage > len(saved.Stages):
		return fmt.Errorf("stage %d of %d", saved.Stage+1, len(saved.Stages))
	}
	if err := differ("", "Seed", saved.Seed, s.Seed); err != nil {
		return err
	}
	if err := differ("", "Stages", names(saved.Stages), names(s.Stages)); err != nil {
		return err
	}
	for i, was := range saved.Stages {
		now := s.Stages[i]
		if err := was.differs(now); err != nil {
			return err
		}
		if was.Step < 0 || was.Step > now.Steps {
			return fmt.Errorf("stage %s is at step %d of %d", was.Name, was.Step, now.Steps)
		}
	}
	return nil
}

func names(stages []stageState) (all []string) {
	for _, s := range stages {
		all = append(all, s.Name)
	}
	return all
}

// differs reports the first difference in what a stage is.
func (s stageState) differs(now stageState) error {
	for _, field := range slices.Sorted(maps.Keys(now.Recipe)) {
		if err := differ(s.Name, field, s.Recipe[field], now.Recipe[field]); err != nil {
			return err
		}
	}
	if err := differ(s.Name, "Source.Len", s.Samples, now.Samples); err != nil {
		return err
	}
	return differ(s.Name, "Validation.Len", s.Held, now.Held)
}

// free are fields of a recipe that a run may change on its way: Epochs has become MaxSteps, activations computed twice are
// the same ones, and of the source of validation pairs its length has to do.
var free = []string{"Epochs", "Checkpointing", "Validation"}

// fields are those of a completed recipe that a run keeps, as JSON.
func fields(r curriculum.Recipe) (map[string]json.RawMessage, error) {
	all := map[string]json.RawMessage{}
	v := reflect.ValueOf(r)
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if slices.Contains(free, name) {
			continue
		}
		text, err := json.Marshal(v.Field(i).Interface())
		if err != nil {
			return nil, fmt.Errorf("recipe: %s: %w", name, err)
		}
		all[name] = text
	}
	return all, nil
}

// differ compares two values as the state file would hold them.
func differ(stage, field string, was, now any) error {
	a, err := json.Marshal(was)
	if err != nil {
		return err
	}
	b, err := json.Marshal(now)
	if err != nil || string(a) == string(b) {
		return err
	}
	return &curriculum.ChangedError{Stage: stage, Field: field, Was: string(a), Now: string(b)}
}
