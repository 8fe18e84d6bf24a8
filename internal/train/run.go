package train

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/egotsr/egotsr/curriculum"
)

// current is the stage that the run is in, and how far it is there.
func (t *Trainer) current() (*stage, *stageState) {
	return t.stages[t.state.Stage], &t.state.Stages[t.state.Stage]
}

// runStage takes the current stage from where it is to its end, or reports that the caller has left.
func (t *Trainer) runStage(ctx context.Context, yield func(curriculum.Step, error) bool) (goOn bool, err error) {
	s, at := t.current()
	seed := t.opts.Seed + uint64(t.state.Stage)
	if !t.begun {
		if err := t.begin(ctx, s.recipe, seed); err != nil {
			return false, err
		}
	}
	feed := newFeed(t.model, t.encoder, s, seed)
	if _, err := t.validate(ctx); err != nil { // the run may have been left while it validated
		return false, err
	}
	ended, err := s.ended(at)
	if err != nil {
		return false, err
	}
	if !ended {
		for p, waited := range feed.from(ctx, at.Step) {
			goOn, ended, err := t.step(ctx, p, waited, yield)
			if err != nil {
				return false, err
			}
			if !goOn {
				t.late = t.save(context.WithoutCancel(ctx)) // nobody listens any more
				return false, nil
			}
			if ended {
				break
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if at.Step > 0 && at.Empty.Steps == at.Step {
		return false, at.nothing(nil)
	}
	return true, t.next(ctx)
}

// step takes one step and what comes after it. A step that holds no sample is not yielded, unless it is one to validate after.
func (t *Trainer) step(ctx context.Context, p prepared, waited time.Duration, yield func(curriculum.Step, error) bool) (goOn, ended bool, err error) {
	s, at := t.current()
	start := time.Now()
	step, err := t.take(ctx, p)
	if err != nil {
		return false, false, err
	}
	step.Rate, step.Waited = t.pace.add(step.Samples, waited, time.Since(start), t.opts.LogEvery)
	if step.Validation, err = t.validate(ctx); err != nil {
		return false, false, errors.Join(err, t.save(context.WithoutCancel(ctx))) // what was learnt is not lost with it
	}
	told := step.Samples > 0 || step.Validation != nil
	if told {
		t.log(step)
	}
	if at.Step%t.opts.SaveEvery == 0 {
		if err := t.save(ctx); err != nil {
			return false, false, err
		}
	}
	if told && !yield(step, nil) {
		return false, false, nil
	}
	ended, err = s.ended(at)
	return true, ended, err
}

// take is one optimiser step.
func (t *Trainer) take(ctx context.Context, p prepared) (curriculum.Step, error) {
	s, at := t.current()
	if p.err != nil {
		return curriculum.Step{}, p.err
	}
	if err := t.leaveOut(p); err != nil {
		return curriculum.Step{}, err
	}
	n := at.Step + 1
	step := curriculum.Step{
		Stage: s.name, N: n, Total: s.recipe.MaxSteps, LR: at.Schedule.Rate(s.recipe.LR, n),
		Tokens: p.tokens, Samples: len(p.samples), Skipped: t.state.Skipped, NonFinite: t.state.NonFinite,
	}
	if len(p.batches) == 0 {
		at.Step = n
		t.state.Global++
		return step, t.passOver(p)
	}
	at.Empty = empty{}
	var err error
	if step.Loss, step.GradNorm, err = t.training.Step(ctx, n, step.LR, p.batches); err != nil {
		return step, err
	}
	if finite(step.Loss) && finite(step.GradNorm) {
		t.state.InARow = 0
	} else {
		t.state.InARow++
		t.state.NonFinite++
		t.opts.Logger.Warn("step skipped: not finite", "stage", s.name, "step", n, "loss", step.Loss, "norm", step.GradNorm, "samples", p.samples)
		if t.state.InARow == maxNonFinite {
			return step, fmt.Errorf("stage %s, step %d, samples %v: %w", s.name, n, p.samples, curriculum.ErrDiverged)
		}
	}
	step.NonFinite = t.state.NonFinite
	at.Step = n
	t.state.Global++
	return step, nil
}

// leaveOut lists and counts what cannot be learnt from.
func (t *Trainer) leaveOut(p prepared) error {
	s, _ := t.current()
	for range p.samples {
		t.quarantine.Add(0, nil) // counted only, and first: a good sample never fails
	}
	for _, b := range p.bad {
		t.opts.Logger.Warn("sample left out", "stage", s.name, "index", b.index, "error", b.err)
		if err := t.quarantine.Add(b.index, b.err); err != nil {
			return fmt.Errorf("stage %s: sample %d: %w", s.name, b.index, err)
		}
		t.state.Skipped++
	}
	return nil
}

// maxEmpty is how many steps in a row without a sample end the run; a whole pass over the source does before that.
const maxEmpty = 100

// passOver goes past a step without a sample.
func (t *Trainer) passOver(p prepared) error {
	s, at := t.current()
	at.Empty.Steps++
	at.Empty.Refused += p.refused
	at.Empty.Unread += len(p.bad)
	t.opts.Logger.Warn("step passed over: it holds no sample", "stage", s.name, "step", at.Step, "unread", len(p.bad), "without an answer", p.refused)
	size, n := s.recipe.Batch*s.recipe.Accumulate, s.src.n
	first, end := (at.Step-at.Empty.Steps)*size, at.Step*size // of the samples in them, by position
	if pass := (first + n - 1) / n * n; at.Empty.Steps < maxEmpty && pass+n > end {
		return nil
	}
	var last error
	if len(p.bad) > 0 {
		last = p.bad[len(p.bad)-1].err
	}
	return at.nothing(last)
}

// nothing is the error of a stage that finds nothing to learn from. last is of a sample that cannot be read, or nil.
func (s *stageState) nothing(last error) error {
	return &curriculum.EmptyError{Stage: s.Name, Steps: s.Empty.Steps, Unread: s.Empty.Unread, Refused: s.Empty.Refused, Err: last}
}

// validate judges the held-out pairs where that is due and not done, and keeps the checkpoint if it is the stage's best.
func (t *Trainer) validate(ctx context.Context) (*curriculum.Validation, error) {
	s, at := t.current()
	every := s.recipe.ValidateEvery
	due := every > 0 && at.Step > 0 && at.Step%every == 0 || at.Step == s.recipe.MaxSteps
	if s.held == nil || !due || at.validated() {
		return nil, nil
	}
	leftOut := func(err error) { t.opts.Logger.Warn("validation sample left out", "stage", s.name, "error", err) }
	answers, err := Validate(ctx, t.model, t.encoder, s.held, s.question, leftOut)
	if err != nil {
		return nil, fmt.Errorf("stage %s: validation: %w", s.name, err)
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
