package curriculum

import (
	"context"
	"iter"

	"github.com/gomlx/compute/dtypes"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/optim"
	"github.com/egotsr/egotsr/model"
)

// Recipe says how a stage is trained. Steps are optimiser steps.
type Recipe struct {
	LR, WeightDecay, MaxGradNorm float64
	Beta2                        float64 // of AdamW; 0 = 0.999. From random weights 0.95 forgets the quiet plateau in time
	MaxSteps, Batch, Warmup      int
	Prompts                      []dataset.Prompt // taken in turn, pair by pair
	BF16                         bool             // forward and backward pass in bfloat16; masters stay float32
}

// Step reports one optimiser step.
type Step struct {
	N, Total           int
	Loss, LR, GradNorm float64
}

// Train runs a recipe over a source from its first sample on and yields after every step. The source's own order is
// kept: Pairs is random already. Stopping the loop stops training; the model keeps what it has learnt.
func Train(ctx context.Context, m *model.Model, e *Encoder, src dataset.Source, r Recipe) iter.Seq2[Step, error] {
	return func(yield func(Step, error) bool) {
		compute := dtypes.Float32
		if r.BF16 {
			compute = dtypes.BFloat16
		}
		adamw := optim.Default
		adamw.WeightDecay, adamw.MaxNorm = r.WeightDecay, r.MaxGradNorm
		if r.Beta2 > 0 {
			adamw.Beta2 = r.Beta2
		}
		s, err := newStepper(m, adamw, compute)
		if err != nil {
			yield(Step{}, err)
			return
		}
		defer s.exec.Finalize()
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		for args := range ahead(ctx, m, e, src, r) {
			if args.err != nil {
				yield(Step{}, args.err)
				return
			}
			step := Step{N: s.n + 1, Total: r.MaxSteps, LR: optim.Cosine(r.LR, s.n+1, r.Warmup, r.MaxSteps)}
			step.Loss, step.GradNorm, err = s.step(args.args, step.LR)
			if !yield(step, err) || err != nil {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(Step{}, err)
		}
	}
}

type batch struct {
	args []any
	err  error
}

// ahead prepares batches on another goroutine while the device works on the one before.
func ahead(ctx context.Context, m *model.Model, e *Encoder, src dataset.Source, r Recipe) <-chan batch {
	out := make(chan batch, 2)
	go func() {
		defer close(out)
		for n := range r.MaxSteps {
			from := n * r.Batch % (src.Len() - r.Batch + 1)
			prompts := make([]dataset.Prompt, r.Batch)
			for i := range prompts {
				prompts[i] = r.Prompts[(from+i)/2%len(r.Prompts)] // both orders of a pair get the same prompt
			}
			var b batch
			examples, err := e.Batch(src, from, prompts)
			if err == nil {
				b.args, err = m.LossArgs(examples)
			}
			b.err = err
			select {
			case out <- b:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return out
}
