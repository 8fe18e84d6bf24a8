package train

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"time"

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
	stages  []curriculum.Stage
	recipes []curriculum.Recipe
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
	late       error // of letting the directory go when the loop had been left already
}

// New prepares a run, or goes on with the one that opts.Dir holds: weights, moments and position are then those of its
// newest checkpoint. files holds the small files of the checkpoint being trained, which are copied to those made.
func New(ctx context.Context, m *model.Model, e *Encoder, files fs.FS, stages []curriculum.Stage, opts curriculum.Options) (*Trainer, error) {
	return start(ctx, &Trainer{model: m, encoder: e, files: files, stages: stages, opts: withDefaults(opts), saved: -1})
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
		err = errors.Join(err, t.lock.Close())
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
// Steps again goes on from there.
func (t *Trainer) Steps(ctx context.Context) iter.Seq2[curriculum.Step, error] {
	return func(yield func(curriculum.Step, error) bool) {
		left := true
		defer func() {
			if err := t.free(); err != nil && left {
				t.late = errors.Join(t.late, err)
			} else if err != nil {
				yield(curriculum.Step{}, err)
			}
		}()
		if err := t.reopen(); err != nil {
			yield(curriculum.Step{}, err)
			return
		}
		for t.state.Stage < len(t.stages) {
			name := t.stages[t.state.Stage].Name()
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
		left = false
	}
}

// runStage takes the current stage from where it is to its end, or reports that the caller has left.
func (t *Trainer) runStage(ctx context.Context, yield func(curriculum.Step, error) bool) (goOn bool, err error) {
	stage, r, at := t.stages[t.state.Stage], t.recipes[t.state.Stage], &t.state.Stages[t.state.Stage]
	seed := t.opts.Seed + uint64(t.state.Stage)
	if !t.begun {
		if err := t.begin(ctx, r, seed); err != nil {
			return false, err
		}
	}
	feed := newFeed(t.model, t.encoder, stage, r, seed)
	if _, err := t.validate(ctx); err != nil { // the run may have been left while it validated
		return false, err
	}
	if !at.ended(stage) {
		for p, waited := range feed.from(ctx, at.Step) {
			start := time.Now()
			step, err := t.take(ctx, p)
			if err != nil {
				return false, err
			}
			step.Rate, step.Waited = t.pace.add(step.Samples, waited, time.Since(start), t.opts.LogEvery)
			if step.Validation, err = t.validate(ctx); err != nil {
				return false, err
			}
			t.log(step)
			if at.Step%t.opts.SaveEvery == 0 {
				if err := t.save(ctx); err != nil {
					return false, err
				}
			}
			if !yield(step, nil) {
				return false, t.save(context.WithoutCancel(ctx))
			}
			if at.ended(stage) {
				break
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return false, err
	}
	return true, t.next(ctx)
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
	if t.recipes[t.state.Stage].LoRA != nil {
		name := adapterPrefix + url.PathEscape(t.state.Stages[t.state.Stage].Name)
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

// take is one optimiser step.
func (t *Trainer) take(ctx context.Context, p prepared) (curriculum.Step, error) {
	r, at := t.recipes[t.state.Stage], &t.state.Stages[t.state.Stage]
	if p.err != nil {
		return curriculum.Step{}, p.err
	}
	for _, b := range p.bad {
		t.opts.Logger.Warn("sample left out", "stage", at.Name, "index", b.index, "error", b.err)
		if err := t.quarantine.Add(b.index, b.err); err != nil {
			return curriculum.Step{}, fmt.Errorf("stage %s: sample %d: %w", at.Name, b.index, err)
		}
		t.state.Skipped++
	}
	for range p.samples {
		t.quarantine.Add(0, nil) // counted only: a good sample never fails
	}
	n := at.Step + 1
	step := curriculum.Step{
		Stage: at.Name, N: n, Total: r.MaxSteps, LR: optim.Cosine(r.LR, n, r.Warmup, r.MaxSteps),
		Tokens: p.tokens, Samples: len(p.samples), Skipped: t.state.Skipped,
	}
	if len(p.batches) > 0 {
		var err error
		if step.Loss, step.GradNorm, err = t.training.Step(ctx, n, step.LR, p.batches); err != nil {
			return step, err
		}
	}
	if finite(step.Loss) && finite(step.GradNorm) {
		t.state.InARow = 0
	} else {
		t.state.InARow++
		t.state.NonFinite++
		t.opts.Logger.Warn("step skipped: not finite", "stage", at.Name, "step", n, "loss", step.Loss, "norm", step.GradNorm, "samples", p.samples)
		if t.state.InARow == maxNonFinite {
			return step, fmt.Errorf("stage %s, step %d, samples %v: %w", at.Name, n, p.samples, curriculum.ErrDiverged)
		}
	}
	step.NonFinite = t.state.NonFinite
	at.Step = n
	t.state.Global++
	return step, nil
}

// validate judges the held-out pairs where that is due and not done, and keeps the checkpoint if it is the stage's best.
func (t *Trainer) validate(ctx context.Context) (*curriculum.Validation, error) {
	stage, r, at := t.stages[t.state.Stage], t.recipes[t.state.Stage], &t.state.Stages[t.state.Stage]
	due := r.ValidateEvery > 0 && at.Step > 0 && at.Step%r.ValidateEvery == 0 || at.Step == r.MaxSteps
	if r.Validation == nil || !due || at.validated() {
		return nil, nil
	}
	question := func(s dataset.Sample) string { return stage.Turn(s).Question }
	answers, err := Validate(ctx, t.model, t.encoder, r.Validation, question)
	if err != nil {
		return nil, fmt.Errorf("stage %s: validation: %w", at.Name, err)
	}
	v := curriculum.Validation{Step: at.Step, Answers: answers}
	at.History = append(at.History, v)
	if curriculum.Best(at.History) == len(at.History)-1 {
		if err := t.write(ctx, "best", false); err != nil {
			return nil, err
		}
	}
	return &v, nil
}
