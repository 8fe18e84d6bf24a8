package curriculum

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	gomlx "github.com/gomlx/gomlx/ml/model"

	"github.com/egotsr/egotsr/internal/optim"
	"github.com/egotsr/egotsr/model"
)

// stepper runs the optimiser steps of one stage.
type stepper struct {
	model  *model.Model
	adamw  optim.AdamW
	params []optim.Param
	noise  func(step, batch int) []uint32 // what dropout draws from; nil = no dropout

	whole *model.Program // loss, gradient and update of a step with one batch
	part  *model.Program // loss and gradient of one batch of several, added up
	apply *model.Program // the update from what was added up

	sharded []*gomlx.Variable // weights of which each device has its rows only
	gather  *model.Program    // brings them together on every device
}

// newStepper chooses what is trained: the weights that match, in the order of the name table, and adapters, which it puts
// beside the weights. seed is what adapters begin with, and what their dropout is drawn from.
func newStepper(ctx context.Context, m *model.Model, r Recipe, seed uint64) (*stepper, error) {
	s := &stepper{model: m, adamw: r.adamw()}
	train := func(p model.Param) {
		s.params = append(s.params, optim.Param{Variable: m.Store().GetVariable("/" + p.Name), Decay: p.Decay})
	}
	for _, p := range m.Config.Params() {
		if r.Trainable == nil && r.LoRA == nil || anyMatch(r.Trainable, p.Name) {
			train(p)
		}
	}
	if len(s.params) == 0 && (r.LoRA == nil || r.Trainable != nil) {
		return nil, fmt.Errorf("recipe: no tensor matches %q", r.Trainable)
	}
	if r.LoRA != nil {
		if err := m.Attach(ctx, *r.LoRA, seed); err != nil {
			return nil, err
		}
		for _, p := range m.Adapters() {
			train(p)
		}
		if r.LoRA.Dropout > 0 {
			s.noise = func(step, batch int) []uint32 {
				rng := rand.NewPCG(seed, uint64(step)<<32|uint64(batch)) // no state: a resumed run draws what it would have drawn
				return []uint32{uint32(rng.Uint64()), uint32(rng.Uint64())}
			}
		}
	}
	if err := s.forget(); err != nil { // what a trainer has left that was not closed
		return nil, err
	}
	for _, p := range m.Config.Params() {
		if v := m.Store().GetVariable("/" + p.Name); model.Sharded(v) {
			s.sharded = append(s.sharded, v)
		}
	}
	lossAndGradients := func(args []*graph.Node) (*graph.Node, []*graph.Node) {
		var noise *graph.Node
		if s.noise != nil {
			noise, args = args[0], args[1:]
		}
		loss := m.LossGraph(args, noise, r.Checkpointing)
		values := make([]*graph.Node, len(s.params))
		for i, p := range s.params {
			values[i] = p.Variable.NodeValue(loss.Graph())
		}
		return loss, graph.Gradient(loss, values...)
	}
	graphs := []struct {
		exec  **model.Program
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
				sum := gradientSum(m.Store(), p.Variable)
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
				grads[i] = gradientSum(m.Store(), p.Variable).NodeValue(g)
			}
			return []*graph.Node{s.adamw.Update(s.params, grads, in[0])}
		}},
		{&s.gather, s.gatherGraph},
	}
	before := 1 + len(s.sharded) // inputs before LossArgs's
	if s.noise != nil {
		before++
	}
	split := func(input int) bool { return input >= before && model.SplitLoss(input-before) }
	for _, g := range graphs {
		var err error
		if *g.exec, err = m.NewProgram(split, g.build); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// gradientSum is where the gradients of a step's batches are added up.
func gradientSum(store *gomlx.Store, p *gomlx.Variable) *gomlx.Variable {
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

// step takes optimiser step n (from 1) on batches laid out by LossArgs. Where loss or norm is not finite nothing has
// changed.
func (s *stepper) step(ctx context.Context, n int, lr float64, batches [][]any) (loss, norm float64, err error) {
	hyper := s.adamw.Hyper(n, lr)
	if s.noise != nil {
		for i, args := range batches {
			batches[i] = append([]any{tensors.FromValue(s.noise(n, i))}, args...)
		}
	}
	err = s.model.Exclusive(ctx, func() error {
		if len(batches) == 1 && len(s.sharded) == 0 {
			out, err := call(s.whole, hyper, batches[0])
			if err == nil {
				loss, norm = out[0], out[1]
			}
			return err
		}
		if loss, err = s.accumulate(batches); err != nil {
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
func (s *stepper) accumulate(batches [][]any) (loss float64, err error) {
	weights, free, err := s.gathered()
	if err != nil {
		return 0, err
	}
	defer free()
	for i, args := range batches {
		out, err := call(s.part, i == 0, slices.Concat(weights, args))
		if err != nil {
			return 0, err
		}
		loss += out[0]
	}
	return loss, nil
}

// call runs a graph and frees its inputs. Its outputs are scalars.
func call(exec *model.Program, first any, args []any) (out []float64, err error) {
	defer func() {
		if p := recover(); p != nil { // building a graph panics where shapes do not fit
			err = fmt.Errorf("train: %v", p)
		}
	}()
	res, err := exec.Call(append([]any{first}, args...)...)
	if err != nil {
		return nil, err
	}
	for _, t := range res {
		out = append(out, float64(tensors.ToScalar[float32](t)))
		t.FinalizeAll()
	}
	for _, a := range args {
		if t, ok := a.(*tensors.Tensor); ok {
			t.FinalizeAll() // large inputs should not wait for the garbage collector
		}
	}
	return out, nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// close ends the stage: adapters become part of the weights, and compiled graphs, moments and sums, which belong to this
// stage alone, are freed.
func (s *stepper) close() error {
	if err := s.model.Merge(context.Background()); err != nil { // half an end would be none: it cannot be cancelled
		return err
	}
	for _, e := range []*model.Program{s.whole, s.part, s.apply, s.gather} {
		e.Finalize()
	}
	return s.forget()
}

// forget frees moments and sums of gradients.
func (s *stepper) forget() error {
	for _, p := range s.params {
		for _, prefix := range []string{"/gradient", optim.FirstMoment, optim.SecondMoment} {
			if v := s.model.Store().GetVariable(prefix + p.Variable.Path()); v != nil {
				if err := s.model.Store().DeleteVariable(v.Path()); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
