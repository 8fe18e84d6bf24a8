package train

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/egotsr/egotsr/curriculum"
	"github.com/egotsr/egotsr/internal/optim"
	"github.com/egotsr/egotsr/internal/state"
	"github.com/egotsr/egotsr/model"
)

// A run's directory holds
//
//	checkpoint-<steps>/            a checkpoint in Hugging Face layout
//	checkpoint-<steps>/trainer/    what resuming needs beside it
//	checkpoint-<steps>/adapter/    within a stage that trains adapters, those, in PEFT's files: the weights above are then
//	                               those of the stage's beginning (but for what else it trains), and both together the model
//	adapter-<stage>/               after a stage that trained adapters, those, in PEFT's files; they belong to the weights that
//	                               the stage began with
//	best/                          the checkpoint with the most right answers of the stage validated last, adapters merged
//	                               (stages ask different questions, so their answers do not compare: a stage's first
//	                               validation always takes the place of what stood there)
//	events/  quarantine.jsonl
const (
	checkpointPrefix = "checkpoint-"
	adapterPrefix    = "adapter-"
	stateFile        = "trainer/state.json"
	tensorsFile      = "trainer/optimizer.safetensors"
	stateVersion     = 2
)

// runState is where a run is: with the weights and moments all that it depends on, since the order of samples is a
// function of Seed and position.
type runState struct {
	Version   int          `json:"version"`
	Seed      uint64       `json:"seed"`
	Stage     int          `json:"stage"`  // index of the current one
	Global    int          `json:"global"` // steps of all stages
	Skipped   int          `json:"skipped"`
	NonFinite int          `json:"non_finite"`     // steps skipped because loss or gradient was not finite
	InARow    int          `json:"non_finite_row"` // of which the last so many steps
	Stages    []stageState `json:"stages"`
}

type stageState struct {
	Name     string                  `json:"name"`
	Steps    int                     `json:"steps"`   // of the recipe
	Samples  int                     `json:"samples"` // in the source
	Held     int                     `json:"held"`    // in the source it is validated on
	Step     int                     `json:"step"`    // steps done
	Schedule optim.Schedule          `json:"schedule,omitzero"`
	Empty    empty                   `json:"empty,omitzero"`
	History  []curriculum.Validation `json:"history,omitempty"`

	Recipe map[string]json.RawMessage `json:"recipe"` // completed, field by field

	derived bool // Warmup follows from the number of steps
}

// empty is what became of the last steps' samples, where none of them could be learnt from.
type empty struct {
	Steps   int `json:"steps"`   // in a row
	Refused int `json:"refused"` // turns without an answer
	Unread  int `json:"unread"`  // samples that cannot be read
}

// validated reports that the stage has been validated at its present step.
func (s *stageState) validated() bool {
	return len(s.History) > 0 && s.History[len(s.History)-1].Step == s.Step
}

// save makes a checkpoint of the current step, unless it is the newest already, and removes those that are too many.
func (t *Trainer) save(ctx context.Context) error {
	if t.saved == t.state.Global {
		return nil
	}
	if err := t.events.Flush(); err != nil { // the curves up to here outlive what the checkpoint does
		t.opts.Logger.Warn("curves not synced", "error", err)
	}
	name := fmt.Sprintf("%s%08d", checkpointPrefix, t.state.Global)
	if err := t.write(ctx, name, true); err != nil {
		return err
	}
	t.saved, t.newest = t.state.Global, name
	there, err := checkpoints(t.opts.Dir)
	if err != nil {
		return err
	}
	for len(there) > t.opts.Keep {
		err := t.disk.Remove(filepath.Join(t.opts.Dir, there[0]))
		if errors.As(err, new(*state.OccupiedError)) { // somebody keeps it, or something in it
			t.opts.Logger.Warn("old checkpoint stays", "error", err)
			err = nil
		}
		if err != nil {
			return err
		}
		there = there[1:]
	}
	return nil
}

// checkpoints lists those of a run, oldest first.
func checkpoints(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if rest, ok := strings.CutPrefix(e.Name(), checkpointPrefix); ok && e.IsDir() {
			if _, err := strconv.Atoi(rest); err == nil {
				names = append(names, e.Name())
			}
		}
	}
	slices.SortFunc(names, func(a, b string) int { return len(a) - len(b) }) // stable: the names ascend already
	return names, nil
}

// write makes a checkpoint, and with resumable what a run needs to go on from it.
func (t *Trainer) write(ctx context.Context, name string, resumable bool) error {
	return t.replace(ctx, name, func(d *state.Dir) error {
		if !resumable {
			return t.training.WriteMerged(ctx, t.files, d)
		}
		if err := t.training.Write(ctx, t.files, d); err != nil {
			return err
		}
		return t.writeState(d)
	})
}

// replace makes a directory of the run while nothing changes the weights.
func (t *Trainer) replace(ctx context.Context, name string, write func(*state.Dir) error) error {
	err := t.training.Exclusive(ctx, func() error {
		return t.disk.Replace(filepath.Join(t.opts.Dir, name), write)
	})
	if err != nil {
		return fmt.Errorf("train: save %s: %w", name, err)
	}
	return nil
}

func (t *Trainer) writeState(d *state.Dir) error {
	text, err := json.MarshalIndent(t.state, "", "\t")
	if err != nil {
		return err
	}
	if err := d.File(stateFile, func(w io.Writer) error { _, err := w.Write(append(text, '\n')); return err }); err != nil {
		return err
	}
	return d.File(tensorsFile, t.training.WriteState)
}

// adopt lets what a run of an older version has left be replaced and removed, though no list of its files is in it. That is its
// checkpoints, known by their state, and what lies beside such. A file that no run writes is not adopted, and stays.
func (t *Trainer) adopt() error {
	there, err := checkpoints(t.opts.Dir)
	if err != nil {
		return err
	}
	var unlisted []string
	for _, name := range there {
		dir := filepath.Join(t.opts.Dir, name)
		listed, err := t.disk.Listed(dir)
		if err != nil {
			return err
		}
		if s, err := readState(os.DirFS(dir)); err == nil && !listed && s.Version > 0 && len(s.Stages) > 0 {
			unlisted = append(unlisted, name)
		}
	}
	if len(unlisted) == 0 {
		return nil
	}
	const config, weights = "adapter_config.json", "adapter_model.safetensors"
	names := []string{"config.json", "model.safetensors", config, weights, model.AdapterDir + "/" + config, model.AdapterDir + "/" + weights, stateFile, tensorsFile}
	beside, err := fs.ReadDir(t.files, ".")
	if err != nil {
		return err
	}
	for _, e := range beside {
		names = append(names, e.Name())
	}
	adapters, err := fs.Glob(os.DirFS(t.opts.Dir), adapterPrefix+"*")
	if err != nil {
		return err
	}
	for _, name := range slices.Concat(adapters, []string{"best"}, unlisted) { // the checkpoints last: they tell of the rest
		if err := t.disk.Adopt(filepath.Join(t.opts.Dir, name), names); err != nil {
			return err
		}
	}
	return nil
}

// resume takes up the newest checkpoint of the run's directory, if it has one. What is wrong with it is an error: an
// older one would silently lose work.
func (t *Trainer) resume(ctx context.Context) error {
	there, err := checkpoints(t.opts.Dir)
	if err != nil || len(there) == 0 {
		return err
	}
	t.newest = there[len(there)-1]
	dir := filepath.Join(t.opts.Dir, t.newest)
	err = t.load(ctx, os.DirFS(dir))
	if errors.Is(err, fs.ErrNotExist) {
		err = errors.Join(&state.OccupiedError{Path: dir, Reason: "is no checkpoint that a run can go on from"}, err)
	}
	if err != nil {
		return fmt.Errorf("train: resume from %s: %w", dir, err)
	}
	t.saved = t.state.Global
	t.opts.Logger.Info("resumed", "checkpoint", dir, "stage", t.state.Stage, "steps", t.state.Global)
	return nil
}

// readState reads where a checkpoint's run is.
func readState(files fs.FS) (s runState, err error) {
	data, err := fs.ReadFile(files, stateFile)
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return s, fmt.Errorf("%s: %w", stateFile, err)
	}
	return s, nil
}

func (t *Trainer) load(ctx context.Context, files fs.FS) error {
	s, err := readState(files)
	if err != nil {
		return err
	}
	if t.state, err = t.state.after(s); err != nil {
		return fmt.Errorf("%s: %w", stateFile, err)
	}
	return t.training.ReadState(ctx, files, tensorsFile)
}

// restoreStage reads the adapters and moments that belong to the current stage, where a checkpoint was made within it.
func (t *Trainer) restoreStage(ctx context.Context) error {
	if t.saved < 0 || t.state.Stages[t.state.Stage].Step == 0 {
		return nil
	}
	dir := filepath.Join(t.opts.Dir, t.newest)
	if err := t.training.ReadState(ctx, os.DirFS(dir), tensorsFile); err != nil {
		return fmt.Errorf("train: resume from %s: %w", dir, err)
	}
	return nil
}
