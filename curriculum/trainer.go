package curriculum

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/events"
	"github.com/egotsr/egotsr/internal/optim"
	"github.com/egotsr/egotsr/internal/state"
	"github.com/egotsr/egotsr/model"
)

// Step reports one optimiser step.
type Step struct {
	Stage              string
	N, Total           int     // within the stage, from 1
	Loss, LR, GradNorm float64 // the loss is the mean over the step's supervised tokens, weighed as their turns say; the norm is that before clipping
	Tokens, Samples    int     // supervised tokens and sequences of this step
	Skipped            int     // samples that could not be read so far
	NonFinite          int     // steps left out so far, since their loss or gradient was not finite
	Rate               float64 // samples a second of the last LogEvery steps, without the time of validations, saves and the loop's body
	Waited             float64 // share of that time in which the device waited for data
	Validation         *Validation
}

// ErrDiverged means that several steps in a row had a loss or gradient that was not finite.
var ErrDiverged = errors.New("train: loss or gradient was not finite in several steps running")

// maxNonFinite is how many such steps in a row end the run.
const maxNonFinite = 5

// Trainer runs the stages of a curriculum. It is used by one goroutine; the model may be used by others meanwhile.
type Trainer struct {
	model   *model.Model
	encoder *Encoder
	files   fs.FS
	stages  []Stage
	recipes []Recipe
	opts    Options

	state      runState
	saved      int    // global step of the newest checkpoint, -1 if there is none
	newest     string // its name, empty if there is none
	stepper    *stepper
	quarantine *dataset.Quarantine
	events     *events.Writer
	lock       *os.File
	pace       pace
	late       error // of letting the directory go when the loop had been left already
}

// NewTrainer prepares a run, or goes on with the one that opts.Dir holds: weights, moments and position are then those of
// its newest checkpoint. files holds the small files of the checkpoint being trained, which are copied to those made.
func NewTrainer(ctx context.Context, m *model.Model, e *Encoder, files fs.FS, stages []Stage, opts Options) (*Trainer, error) {
	opts = opts.complete()
	t := &Trainer{model: m, encoder: e, files: files, stages: stages, opts: opts, saved: -1}
	if err := t.plan(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(opts.Dir, 0o755); err != nil {
		return nil, err
	}
	if err := t.open(ctx); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, t.free()
}

// open goes on with what is in the run's directory, which it takes possession of meanwhile.
func (t *Trainer) open(ctx context.Context) error {
	if err := t.hold(); err != nil {
		return err
	}
	if err := t.opts.disk.Clean(t.opts.Dir); err != nil {
		return err
	}
	if err := t.model.Masters(ctx); err != nil {
		return err
	}
	if t.opts.Shard {
		if err := t.model.Shard(ctx, true); err != nil {
			return err
		}
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

// begin opens what the loop writes to, unless another trainer has gone on with the run since.
func (t *Trainer) begin() error {
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
	if t.stepper != nil {
		err = errors.Join(err, t.stepper.close())
		t.stepper = nil
	}
	if t.opts.Shard {
		if e := t.model.Shard(context.Background(), false); !errors.Is(e, model.ErrClosed) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// Steps trains, and yields after every optimiser step. Leaving the loop, or the end of the context, saves; ranging over
// Steps again goes on from there.
func (t *Trainer) Steps(ctx context.Context) iter.Seq2[Step, error] {
	return func(yield func(Step, error) bool) {
		left := true
		defer func() {
			if err := t.free(); err != nil && left {
				t.late = errors.Join(t.late, err)
			} else if err != nil {
				yield(Step{}, err)
			}
		}()
		if err := t.begin(); err != nil {
			yield(Step{}, err)
			return
		}
		for t.state.Stage < len(t.stages) {
			name := t.stages[t.state.Stage].Name()
			goOn, err := t.runStage(ctx, yield)
			if err != nil {
				if ctx.Err() != nil {
					err = errors.Join(err, t.save(context.WithoutCancel(ctx)))
				}
				yield(Step{Stage: name}, err)
			}
			if err != nil || !goOn {
				return
			}
		}
		left = false
	}
}

// runStage takes the current stage from where it is to its end, or reports that the caller has left.
func (t *Trainer) runStage(ctx context.Context, yield func(Step, error) bool) (goOn bool, err error) {
	stage, r, at := t.stages[t.state.Stage], t.recipes[t.state.Stage], &t.state.Stages[t.state.Stage]
	seed := t.opts.Seed + uint64(t.state.Stage)
	if t.stepper == nil {
		if t.stepper, err = newStepper(ctx, t.model, r, seed); err != nil {
			return false, err
		}
		if err := t.restoreStage(); err != nil {
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

// next ends a stage: the one after it begins with fresh moments, and no adapters. What the stage's adapters have learnt is
// kept before the weights take it up.
func (t *Trainer) next(ctx context.Context) error {
	if t.model.Adapters() != nil {
		name := adapterPrefix + url.PathEscape(t.state.Stages[t.state.Stage].Name)
		if err := t.replace(ctx, name, t.model.WriteAdapters); err != nil {
			return err
		}
	}
	if err := t.stepper.close(); err != nil {
		return err
	}
	t.stepper = nil
	t.state.Stage++
	t.saved = -1 // the same step, but another stage
	return t.save(ctx)
}

// take is one optimiser step.
func (t *Trainer) take(ctx context.Context, p prepared) (Step, error) {
	r, at := t.recipes[t.state.Stage], &t.state.Stages[t.state.Stage]
	if p.err != nil {
		return Step{}, p.err
	}
	for _, b := range p.bad {
		t.opts.Logger.Warn("sample left out", "stage", at.Name, "index", b.index, "error", b.err)
		if err := t.quarantine.Add(b.index, b.err); err != nil {
			return Step{}, fmt.Errorf("stage %s: sample %d: %w", at.Name, b.index, err)
		}
		t.state.Skipped++
	}
	for range p.samples {
		t.quarantine.Add(0, nil) // counted only: a good sample never fails
	}
	n := at.Step + 1
	step := Step{
		Stage: at.Name, N: n, Total: r.MaxSteps, LR: optim.Cosine(r.LR, n, r.Warmup, r.MaxSteps),
		Tokens: p.tokens, Samples: len(p.samples), Skipped: t.state.Skipped,
	}
	if len(p.batches) > 0 {
		var err error
		if step.Loss, step.GradNorm, err = t.stepper.step(ctx, n, step.LR, p.batches); err != nil {
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
			return step, fmt.Errorf("stage %s, step %d, samples %v: %w", at.Name, n, p.samples, ErrDiverged)
		}
	}
	step.NonFinite = t.state.NonFinite
	at.Step = n
	t.state.Global++
	return step, nil
}

// validate judges the held-out pairs where that is due and not done, and keeps the checkpoint if it is the stage's best.
func (t *Trainer) validate(ctx context.Context) (*Validation, error) {
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
	v := Validation{Step: at.Step, Answers: answers}
	at.History = append(at.History, v)
	if bestOf(at.History) == len(at.History)-1 {
		if err := t.write(ctx, "best", false); err != nil {
			return nil, err
		}
	}
	return &v, nil
}
