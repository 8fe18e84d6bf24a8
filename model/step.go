package model

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/egotsr/egotsr/internal/optim"
)

// stepper runs the optimiser steps of one stage.
type stepper struct {
	model  *Model
	adamw  optim.AdamW
	params []optim.Param
	noise  func(step, batch int) []uint32 // what dropout draws from; nil = no dropout

	whole *program // loss, gradient and update of a step with one batch
	part  *program // loss and gradient of one batch of several, added up
	apply *program // the update from what was added up

	sharded []*model.Variable // weights of which each device has its rows only
	gather  *program          // brings them together on every device
}

func newStepper(ctx context.Context, m *Model, o TrainingOptions) (*stepper, error) {
	s := &stepper{model: m, adamw: o.adamw()}
	if err := s.choose(ctx, o); err != nil {
		return nil, err
	}
	if err := s.forget(); err != nil { // what a training has left that was not closed
		return nil, err
	}
	for _, p := range m.Config.Params() {
		if v := m.store.GetVariable("/" + p.Name); sharded(v) {
			s.sharded = append(s.sharded, v)
		}
	}
	return s, s.build(o.Checkpointing)
}

func (o TrainingOptions) adamw() optim.AdamW {
	a := optim.Default
	a.WeightDecay, a.MaxNorm = o.WeightDecay, o.MaxGradNorm
	if o.Beta2 > 0 {
		a.Beta2 = o.Beta2
	}
	return a
}

// choose lists what is trained: the weights that match, in the order of the name table, and adapters, which it puts beside
// the weights.
func (s *stepper) choose(ctx context.Context, o TrainingOptions) error {
	m := s.model
	train := func(p Param) {
		s.params = append(s.params, optim.Param{Variable: m.store.GetVariable("/" + p.Name), Decay: p.Decay})
	}
	var chosen []Param
	var names []string
	for _, p := range m.Config.Params() {
		match, err := matches(o.Trainable, p.Name)
		if err != nil {
			return err
		}
		if match || o.Trainable == nil && o.LoRA == nil {
			chosen, names = append(chosen, p), append(names, p.Name)
		}
	}
	if len(chosen) == 0 && (o.LoRA == nil || o.Trainable != nil) {
		return fmt.Errorf("train: no tensor matches %q", o.Trainable)
	}
	if err := m.exclusive(ctx, func() error { return m.widen(names) }); err != nil {
		return err
	}
	for _, p := range chosen {
		train(p)
	}
	if o.LoRA == nil {
		return nil
	}
	if err := m.attach(ctx, *o.LoRA, o.Seed); err != nil {
		return err
	}
	for _, p := range m.adapters.params {
		train(p)
	}
	if o.LoRA.Dropout > 0 {
		s.noise = func(step, batch int) []uint32 {
			rng := rand.NewPCG(o.Seed, uint64(step)<<32|uint64(batch)) // no state: a resumed run draws what it would have drawn
			return []uint32{uint32(rng.Uint64()), uint32(rng.Uint64())}
		}
	}
	return nil
}

// matches reports whether a name matches one of the patterns.
func matches(patterns []string, name string) (bool, error) {
	for _, p := range patterns {
		if ok, err := path.Match(p, name); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// build makes the graphs.
func (s *stepper) build(checkpointing bool) error {
	m := s.model
	lossAndGradients := func(args []*graph.Node) (*graph.Node, []*graph.Node) {
		var noise *graph.Node
		if s.noise != nil {
			noise, args = args[0], args[1:]
		}
		loss := m.lossGraph(args, noise, checkpointing)
		values := make([]*graph.Node, len(s.params))
		for i, p := range s.params {
			values[i] = p.Variable.NodeValue(loss.Graph())
		}
		return loss, graph.Gradient(loss, values...)
	}
	graphs := []struct {
		exec  **program
		build func(g *graph.Graph, in []*graph.Node) []*graph.Node
	}{
		{&s.whole, func(g *graph.Graph, in []*graph.Node) []*graph.Node {
			loss, grads := lossAndGradients(in[1:])
			return []*graph.Node{loss, s.adamw.Update(s.params, grads, in[0])}
		}},
		{&s.part, func(g *graph.Graph, in []*graph.Node) []*graph.Node {
			restore := s.useWhole(in[1:])
			loss, grads := lossAndGradients(in[1+len(s.sharded):])
			restore()
			for i, p := range s.params {
				sum := gradientSum(m.store, p.Variable)
				before := sum.NodeValue(g)
				// The first batch of a step replaces what the last step has left, which need not be finite.
				first := graph.BroadcastToShape(in[0], before.Shape())
				grad := graph.ConvertDType(grads[i], dtypes.Float32)
				sum.SetNodeValue(graph.Add(graph.Where(first, graph.ZerosLike(before), before), grad))
			}
			return []*graph.Node{loss}
		}},
		{&s.apply, func(g *graph.Graph, in []*graph.Node) []*graph.Node {
			grads := make([]*graph.Node, len(s.params))
			for i, p := range s.params {
				grads[i] = gradientSum(m.store, p.Variable).NodeValue(g)
			}
			return []*graph.Node{s.adamw.Update(s.params, grads, in[0])}
		}},
		{&s.gather, s.gatherGraph},
	}
	before := 1 + len(s.sharded) // inputs before those of lossGraph
	if s.noise != nil {
		before++
	}
	split := func(input int) bool { return input >= before && splitLoss(input-before) }
	for _, g := range graphs {
		var err error
		if *g.exec, err = m.newProgram(split, g.build); err != nil {
			return err
		}
	}
	return nil
}

// gradientSum is where the gradients of a step's batches are added up.
func gradientSum(store *model.Store, p *model.Variable) *model.Variable {
	path := "/gradient" + p.Path()
	if v := store.GetVariable(path); v != nil {
		return v
	}
	v := store.VariableWithValue(path, tensors.FromShape(shapes.Make(dtypes.Float32, p.Shape().Dimensions...)))
	v.Trainable = false
	if err := v.SetShardingSpec(p.ShardingSpec()); err != nil {
		panic(err) // only a value that lies on devices already cannot take one
	}
	return v
}

// step is [Training.Step].
func (s *stepper) step(ctx context.Context, n int, lr float64, batches []*Batch) (loss, norm float64, err error) {
	hyper := s.adamw.Hyper(n, lr)
	inputs := make([][]any, len(batches))
	for i, b := range batches {
		if inputs[i] = b.args; s.noise != nil {
			inputs[i] = append([]any{tensors.FromValue(s.noise(n, i))}, b.args...)
		}
	}
	err = s.model.exclusive(ctx, func() error {
		if len(inputs) == 1 && len(s.sharded) == 0 {
			out, err := call(s.whole, hyper, inputs[0])
			if err == nil {
				loss, norm = out[0], out[1]
			}
			return err
		}
		if loss, err = s.accumulate(inputs); err != nil {
			return err
		}
		out, err := call(s.apply, hyper, nil)
		if err == nil {
			norm = out[0]
		}
		return err
	})
	return loss, norm, err
}

// accumulate adds up losses and gradients of the batches.
func (s *stepper) accumulate(inputs [][]any) (loss float64, err error) {
	weights, free, err := s.gathered()
	if err != nil {
		return 0, err
	}
	defer free()
	for i, args := range inputs {
		out, err := call(s.part, i == 0, slices.Concat(weights, args))
		if err != nil {
			return 0, err
		}
		loss += out[0]
	}
	return loss, nil
}

// call runs a graph and frees its inputs. Its outputs are scalars.
func call(exec *program, first any, args []any) (out []float64, err error) {
	res, err := exec.Call(append([]any{first}, args...)...)
	if err != nil {
		return nil, err
	}
	for _, t := range res {
		out = append(out, float64(tensors.ToScalar[float32](t)))
		t.FinalizeAll()
	}
	finalize(args)
	return out, nil
}

// close ends the stage: adapters become part of the weights, and compiled graphs, moments and sums, which belong to this
// stage alone, are freed.
func (s *stepper) close() error {
	if err := s.model.merge(context.Background()); err != nil {
		return err
	}
	for _, e := range []*program{s.whole, s.part, s.apply, s.gather} {
		e.Finalize()
	}
	return s.forget()
}

// forget frees moments and sums of gradients.
func (s *stepper) forget() error {
	for _, p := range s.params {
		for _, prefix := range []string{"/gradient", optim.FirstMoment, optim.SecondMoment} {
			if v := s.model.store.GetVariable(prefix + p.Variable.Path()); v != nil {
				if err := s.model.store.DeleteVariable(v.Path()); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
