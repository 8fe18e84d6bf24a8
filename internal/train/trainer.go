package train

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/egotsr/egotsr/curriculum"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/events"
	"github.com/egotsr/egotsr/internal/optim"
	"github.com/egotsr/egotsr/internal/state"
	"github.com/egotsr/egotsr/model"
)

// maxNonFinite is how many such steps in a row end the run.
const maxNonFinite = 5

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// Trainer runs the stages of a curriculum. It is used by one goroutine; the model may be used by others meanwhile.
type Trainer struct {
	model   *model.Model
	encoder *Encoder
	files   fs.FS
	users   []curriculum.Stage // as they were given
	stages  []*stage           // those
	opts    curriculum.Options

	disk       state.Disk
	training   *model.Training
	state      runState
	saved      int    // global step of the newest checkpoint, -1 if there is none
	newest     string // its name, empty if there is none
	begun      bool   // the stage that state says
	quarantine *dataset.Quarantine
	events     *events.Writer
	lock       *os.File
	pace       pace
	late       error // of saving, and letting the directory go, when the loop had been left already
}

// New prepares a run, or goes on with the one that opts.Dir holds: weights, moments and position are then those of its
// newest checkpoint. files holds the small files of the checkpoint being trained, which are copied to those made.
func New(ctx context.Context, m *model.Model, e *Encoder, files fs.FS, stages []curriculum.Stage, opts curriculum.Options) (*Trainer, error) {
	return start(ctx, &Trainer{model: m, encoder: e, files: files, users: stages, opts: withDefaults(opts), saved: -1})
}

func start(ctx context.Context, t *Trainer) (*Trainer, error) {
	if err := t.plan(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(t.opts.Dir, 0o755); err != nil {
		return nil, err
	}
	if err := t.open(ctx); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, t.free()
}

// open goes on with what is in the run's directory, which it takes possession of meanwhile.
func (t *Trainer) open(ctx context.Context) (err error) {
	if err := t.hold(); err != nil {
		return err
	}
	if err := t.disk.Clean(t.opts.Dir); err != nil {
		return err
	}
	if err := t.adopt(); err != nil {
		return err
	}
	if t.training, err = t.model.Train(ctx, t.opts.Shard); err != nil {
		return err
	}
	return t.resume(ctx)
}

// hold takes possession of the run's directory. Between loops it is anybody's.
func (t *Trainer) hold() (err error) {
	if t.lock, err = os.OpenFile(filepath.Join(t.opts.Dir, ".lock"), os.O_CREATE|os.O_RDWR, 0o644); err != nil {
		return err
	}
	if err := state.TryLock(t.lock); err != nil {
		return fmt.Errorf("train: another one trains in %s: %w", t.opts.Dir, err)
	}
	return nil
}

// reopen opens what the loop writes to, unless another trainer has gone on with the run since.
func (t *Trainer) reopen() error {
	if t.training == nil {
		return errors.New("train: the trainer is closed")
	}
	if err := t.hold(); err != nil {
		return err
	}
	there, err := checkpoints(t.opts.Dir)
	if err != nil {
		return err
	}
	if there = append([]string{""}, there...); there[len(there)-1] != t.newest {
		return fmt.Errorf("train: another one has gone on in %s, to %s", t.opts.Dir, there[len(there)-1])
	}
	if t.quarantine, err = dataset.OpenQuarantine(filepath.Join(t.opts.Dir, "quarantine.jsonl"), t.opts.MaxBad, 1000); err != nil {
		return err
	}
	t.events, err = events.Open(filepath.Join(t.opts.Dir, "events"), int64(t.state.Global+1))
	return err
}

// free ends possession: the list of bad samples and the event file are synced and closed.
func (t *Trainer) free() (err error) {
	if t.events != nil {
		err = errors.Join(err, t.events.Close())
	}
	if t.quarantine != nil {
		err = errors.Join(err, t.quarantine.Close())
	}
	if t.lock != nil {
		err = errors.Join(err, state.Release(t.lock))
	}
	t.events, t.quarantine, t.lock = nil, nil, nil
	return err
}

// Close leaves the model with the weights it has learnt, which take up what adapters there are, and frees the moments. The
// directory is free whenever no loop is under way.
func (t *Trainer) Close() error {
	err := errors.Join(t.late, t.free())
	t.late = nil
	if t.training != nil {
		err = errors.Join(err, t.training.Close())
		t.training = nil
	}
	return err
}

// Steps trains, and yields after every optimiser step. Leaving the loop, or the end of the context, saves; ranging over
// Steps again goes on from there. Where saving fails when the loop has been left the next loop tells of it, or Close.
func (t *Trainer) Steps(ctx context.Context) iter.Seq2[curriculum.Step, error] {
	return func(yield func(curriculum.Step, error) bool) {
		ended := false
		defer func() {
			if err := t.free(); err != nil && ended {
				yield(curriculum.Step{}, err)
			} else {
				t.late = errors.Join(t.late, err)
			}
		}()
		err := t.late
		if t.late = nil; err == nil {
			err = t.reopen()
		}
		if err != nil {
			yield(curriculum.Step{}, err)
			return
		}
		for t.state.Stage < len(t.stages) {
			name := t.stages[t.state.Stage].name
			goOn, err := t.runStage(ctx, yield)
			if err != nil {
				if ctx.Err() != nil {
					err = errors.Join(err, t.save(context.WithoutCancel(ctx)))
				}
				yield(curriculum.Step{Stage: name}, err)
			}
			if err != nil || !goOn {
				return
			}
		}
		ended = true
	}
}

// Stretch makes the current stage so many steps long, and no shorter than it is already. What is left of its schedule is stretched with
// it, see [curriculum.Recipe]. It is called between loops.
func (t *Trainer) Stretch(steps int) {
	if t.state.Stage == len(t.stages) {
		return
	}
	s, at := t.current()
	if steps = max(steps, at.Step, 1); steps == at.Steps || at.Step > 0 && at.Schedule.Ended(at.Step) {
		return
	}
	s.recipe.MaxSteps, at.Steps = steps, steps
	if at.Step == 0 {
		at.Schedule = optim.NewSchedule(at.Schedule.Warmup, steps)
	} else {
		at.Schedule = at.Schedule.Until(at.Step, steps)
	}
}

// begin begins the current stage, with the adapters and moments of the newest checkpoint if that was made within it.
func (t *Trainer) begin(ctx context.Context, r curriculum.Recipe, seed uint64) error {
	err := t.training.Begin(ctx, model.TrainingOptions{
		Trainable: r.Trainable, LoRA: (*model.LoRA)(r.LoRA), WeightDecay: r.WeightDecay, MaxGradNorm: r.MaxGradNorm, Beta2: r.Beta2,
		Checkpointing: r.Checkpointing, Seed: seed,
	})
	if err != nil {
		return err
	}
	t.begun = true
	return t.restoreStage(ctx)
}

// next ends a stage: the one after it begins with fresh moments, and no adapters. What the stage's adapters have learnt is
// kept before the weights take it up.
func (t *Trainer) next(ctx context.Context) error {
	if s, _ := t.current(); s.recipe.LoRA != nil {
		name := adapterPrefix + fileName(s.name)
		if err := t.replace(ctx, name, func(d *state.Dir) error { return t.training.WriteAdapters(d) }); err != nil {
			return err
		}
	}
	if err := t.training.End(); err != nil {
		return err
	}
	t.begun = false
	t.state.Stage++
	t.saved = -1 // the same step, but another stage
	return t.save(ctx)
}

// fileName makes a stage's name part of a folder's: bytes that mean something in paths or URLs become %XX, as in a URL's path.
func fileName(name string) string {
	const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~$&+:=@"
	var b strings.Builder
	for i := range len(name) {
		if strings.IndexByte(plain, name[i]) >= 0 {
			b.WriteByte(name[i])
		} else {
			fmt.Fprintf(&b, "%%%02X", name[i])
		}
	}
	return b.String()
}
