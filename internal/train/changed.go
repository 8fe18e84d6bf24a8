package train

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/egotsr/egotsr/curriculum"
	"github.com/egotsr/egotsr/internal/optim"
)

// after is the state of a run that goes on from a saved one, now that it is planned as s says. Where the plans differ in more than may
// change there is an error, and the state is s.
func (s runState) after(saved runState) (runState, error) {
	switch {
	case saved.Version != s.Version:
		return s, fmt.Errorf("version %d, not %d", saved.Version, s.Version)
	case saved.Stage < 0 || saved.Stage > len(saved.Stages):
		return s, fmt.Errorf("stage %d of %d", saved.Stage+1, len(saved.Stages))
	}
	if err := differ("", "Seed", saved.Seed, s.Seed); err != nil {
		return s, err
	}
	if err := differ("", "Stages", names(saved.Stages), names(s.Stages)); err != nil {
		return s, err
	}
	for i, was := range saved.Stages {
		goesOn, err := s.Stages[i].after(was, i < saved.Stage)
		if err != nil {
			return s, err
		}
		saved.Stages[i] = goesOn
	}
	return saved, nil
}

// after is a stage's part of that. A stage that has not begun takes the length that it has now; one that has begun is stretched, and keeps
// its warm-up; one that has ended, or come to its last step, cannot be another.
func (now stageState) after(was stageState, over bool) (stageState, error) {
	if err := was.differs(now); err != nil {
		return now, err
	}
	if was.Step < 0 || was.Step > was.Steps {
		return now, fmt.Errorf("stage %s is at step %d of %d", was.Name, was.Step, was.Steps)
	}
	if was.Step == 0 && !over {
		return now, nil
	}
	if was.Schedule.Parts == nil { // a state from before they could change
		var warmup int
		if err := json.Unmarshal(was.Recipe["Warmup"], &warmup); err != nil {
			return now, fmt.Errorf("stage %s: Warmup: %w", was.Name, err)
		}
		was.Schedule = optim.NewSchedule(warmup, was.Steps)
	}
	warmup := now.Schedule.Warmup
	if now.derived { // from the steps that the stage was to have when it began
		warmup = optim.Warmup(was.Schedule.Parts[0].To)
	}
	if err := differ(was.Name, "Warmup", was.Schedule.Warmup, warmup); err != nil {
		return now, err
	}
	if now.Steps != was.Steps {
		if over || was.Schedule.Ended(was.Step) || now.Steps < was.Step {
			return now, differ(was.Name, "MaxSteps", was.Steps, now.Steps)
		}
		was.Schedule, was.Steps = was.Schedule.Until(was.Step, now.Steps), now.Steps
	}
	was.Recipe = now.Recipe
	return was, nil
}

func names(stages []stageState) (all []string) {
	for _, s := range stages {
		all = append(all, s.Name)
	}
	return all
}

// differs reports the first difference in what a stage is.
func (s stageState) differs(now stageState) error {
	for _, field := range slices.Sorted(maps.Keys(now.Recipe)) { // without those that older states have besides
		if err := differ(s.Name, field, s.Recipe[field], now.Recipe[field]); err != nil {
			return err
		}
	}
	if err := differ(s.Name, "Source.Len", s.Samples, now.Samples); err != nil {
		return err
	}
	return differ(s.Name, "Validation.Len", s.Held, now.Held)
}

// free are fields of a recipe that are not compared: Epochs has become MaxSteps, which with Warmup is the schedule's, activations computed
// twice are the same ones, and of the source of validation pairs its length has to do.
var free = []string{"Epochs", "MaxSteps", "Warmup", "Checkpointing", "Validation"}

// fields are the others of a completed recipe, as JSON.
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
