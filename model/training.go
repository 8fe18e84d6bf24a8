package model

import (
	"context"
	"errors"
	"io/fs"
)

// Training changes a model's weights, and is held from the beginning of a run to its end. What a stage of the run trains,
// and how, is said by Begin; End closes the stage. One goroutine uses it, and a model has one at a time; others may use the
// model meanwhile, between steps and with the weights of the moment.
type Training struct {
	model *Model
	shard bool
	stage *stepper // nil before Begin and after End
}

// TrainingOptions say what a stage trains, by AdamW (Loshchilov & Hutter, arXiv 1711.05101) as torch computes it.
type TrainingOptions struct {
	Trainable     []string // patterns of path.Match on tensor names, whose dots * takes too; nil = all, or none but the adapters of LoRA
	LoRA          *LoRA    // train adapters beside the weights, which take them up at the stage's end; nil = no
	WeightDecay   float64  // times the learning rate, on matrices; never on biases and norms
	MaxGradNorm   float64  // global gradient norm above which all gradients shrink; 0 = never
	Beta2         float64  // 0 = 0.999
	Checkpointing bool     // compute activations twice rather than keep them
	Seed          uint64   // of what adapters begin with, and of what their dropout is drawn from
}

// Train prepares a model's weights to be changed. With shard each device then holds a part of the weights, of their moments and of
// their gradients instead of a copy of all. Int8 weights cannot be trained: they have lost too much.
func (m *Model) Train(ctx context.Context, shard bool) (*Training, error) {
	if m.int8 {
		return nil, errors.New("train: int8 weights have lost what they were rounded from; open the checkpoint with others")
	}
	t := &Training{model: m, shard: shard}
	if shard {
		if err := m.shard(ctx, true); err != nil {
			return nil, errors.Join(err, t.Close())
		}
	}
	return t, nil
}

// Begin makes the graphs of a stage, fresh moments, and adapters where it trains them. Weights that it trains are widened to float32
// masters, and stay so; passes go on in the type they ran in before. Those beside adapters stay as they are held.
func (t *Training) Begin(ctx context.Context, o TrainingOptions) error {
	if t.stage != nil {
		return errors.New("train: a stage is under way")
	}
	s, err := newStepper(ctx, t.model, o)
	if err != nil {
		return err
	}
	t.stage = s
	return nil
}

// Step takes optimiser step n of the stage (from 1) on the batches together, at learning rate lr, and frees them. The loss is
// the sum over their examples, the norm that of all gradients together before clipping. Where one of the two is not finite
// no weight and no moment has changed.
func (t *Training) Step(ctx context.Context, n int, lr float64, batches []*Batch) (loss, norm float64, err error) {
	if t.stage == nil {
		return 0, 0, errors.New("train: no stage is under way")
	}
	return t.stage.step(ctx, n, lr, batches)
}

// End makes adapters part of the weights and frees the stage's moments. Half an end would be none: it cannot be cancelled.
func (t *Training) End() error {
	if t.stage == nil {
		return nil
	}
	if err := t.stage.close(); err != nil {
		return err
	}
	t.stage = nil
	return nil
}

// Close ends the stage under way, if there is one, and gives every device all weights again. The model stays open.
func (t *Training) Close() error {
	err := t.End()
	if t.shard {
		if e := t.model.shard(context.Background(), false); !errors.Is(e, ErrClosed) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// Exclusive calls write while no graph of the model runs and nothing changes its weights: all that write writes within it is of
// one moment. A closed model is ErrClosed.
func (t *Training) Exclusive(ctx context.Context, write func() error) error {
	return t.model.exclusive(ctx, write)
}

// Write writes a checkpoint as [Model.Save] does, but for adapters, which it leaves apart in [AdapterDir], in the files of
// Hugging Face's peft: weights and adapters together are the model. from has the small files to be copied. This and the
// three below are called within Exclusive.
func (t *Training) Write(ctx context.Context, from fs.FS, to Files) error {
	return t.model.writeApart(ctx, from, to)
}

// WriteMerged writes a checkpoint as [Model.Save] does: in its weights adapters are merged.
func (t *Training) WriteMerged(ctx context.Context, from fs.FS, to Files) error {
	return t.model.writeMerged(ctx, from, nil, to)
}

// WriteAdapters writes the adapters alone, in peft's files. A stage without any is an error.
func (t *Training) WriteAdapters(to Files) error { return t.model.writeAdapters(to, "") }
