package egotsr

import (
	"context"
	"iter"

	"github.com/egotsr/egotsr/curriculum"
	"github.com/egotsr/egotsr/internal/train"
)

// TrainOptions say where a run is kept and how often it is saved.
type TrainOptions = curriculum.Options

// Step reports one optimiser step.
type Step = curriculum.Step

// Trainer fine-tunes a Model through the stages of a curriculum. It is used by one goroutine; others may judge with the
// model meanwhile, between steps and with the weights of the moment.
type Trainer struct {
	model *Model
	inner *train.Trainer
}

// NewTrainer prepares a run of stages, in order, or goes on with the one that opts.Dir holds: the model's weights are then
// those of its newest checkpoint, and the run ends with the very weights it would have ended with undisturbed, on the
// same backend. A run that began with other stages, recipes or another seed is refused with a *[curriculum.ChangedError]
// that names the difference; it may be made longer or shorter, see [curriculum.Recipe]. A directory of other files will do: a run
// touches its own alone, and one that would need another's name is refused.
//
// What a stage, its source or an image panics with is an error: samples that cannot be read are left out, listed in quarantine.jsonl and
// counted against TrainOptions.MaxBad, see [dataset.OpenQuarantine].
//
// Weights are widened to float32 masters where a stage trains them itself; passes run in the type the model was opened with. opts must name a
// directory; a nil Logger in it is the model's. Training makes a calibration worthless: none is used or saved until [Model.Calibrate] fits another. Each
// checkpoint in it is a model for Open and for transformers, and holds what resuming needs besides. One from within a
// stage with adapters holds them apart, in peft's files in adapter/, which Model.Adapt merges; when the stage ends they are
// left in adapter-<stage>/ beside the checkpoints, for the weights that the stage began with.
//
// Where a recipe has validation pairs, best/ is the checkpoint that judged most of them right in the stage validated last.
// Stages are not compared, since each asks in its own words: best/ of a stage gives way to that of the next.
func NewTrainer(m *Model, stages []curriculum.Stage, opts *TrainOptions) (*Trainer, error) {
	if opts == nil || opts.Dir == "" {
		return nil, &InputError{What: "TrainOptions.Dir", Reason: "is empty"}
	}
	if err := m.enter(); err != nil {
		return nil, err
	}
	defer m.calls.Done()
	o := *opts
	if o.Logger == nil {
		o.Logger = m.log
	}
	encoder := &train.Encoder{Tokenizer: m.tok, Processor: m.images, EOS: m.net.Config.EOS[0], Limit: m.net.Config.MaxPositions}
	inner, err := train.New(context.Background(), m.net, encoder, m.fsys, stages, o)
	if err != nil {
		return nil, failed("", err)
	}
	m.frames.forget() // resuming has changed the weights
	m.fitted.Store(&unfitted)
	return &Trainer{m, inner}, nil
}

// Steps trains, and yields after every optimiser step. Leaving the loop saves, and so does the end of the context; ranging
// again goes on from there, and so does another Trainer of the same directory, in this process or another: the directory is
// taken only while a loop is under way. After an error the loop is over; where saving fails when it has been left, the next tells of it, or Close.
func (t *Trainer) Steps(ctx context.Context) iter.Seq2[Step, error] {
	return func(yield func(Step, error) bool) {
		for step, err := range t.inner.Steps(ctx) {
			t.model.frames.forget()
			if err != nil {
				err = failed("", err)
			}
			if !yield(step, err) {
				return
			}
		}
		t.model.frames.forget() // adapters may have become part of the weights
	}
}

// Run drains Steps. A program that shows how far it is ranges over Steps itself, as examples/train does.
func (t *Trainer) Run(ctx context.Context) error {
	for _, err := range t.Steps(ctx) {
		if err != nil {
			return err
		}
	}
	return nil
}

// Close frees the memory that training took. The model stays open, with the weights it has learnt; adapters become part of them.
func (t *Trainer) Close() error {
	defer t.model.frames.forget()
	return t.inner.Close()
}
