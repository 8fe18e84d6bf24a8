package curriculum

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

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

	whole *gomlx.Exec // loss, gradient and update of a step with one batch
	part  *gomlx.Exec // loss and gradient of one batch of several, added up
	apply *gomlx.Exec // the update from what was added up
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
		exec  **gomlx.Exec
		build func(in []*graph.Node) []*graph.Node
	}{
		{&s.whole, func(in []*graph.Node) []*graph.Node {
			loss, grads := lossAndGradients(in[1:])
			return []*graph.Node{loss, s.adamw.Update(s.params, grads, in[0])}
		}},
		{&s.part, func(in []*graph.Node) []*graph.Node {
			loss, grads := lossAndGradients(in[1:])
			for i, p := range s.params {
				sum := gradientSum(m.Store(), p.Variable)
				before := sum.NodeValue(loss.Graph())
				// The first batch of a step replaces what the last step has left, which need not be finite.
				first := graph.BroadcastToShape(in[0], before.Shape())
				grad := graph.ConvertDType(grads[i], dtypes.Float32)
				sum.SetNodeValue(graph.Add(graph.Where(first, graph.ZerosLike(before), before), grad))
			}
			return []*graph.Node{loss}
		}},
		{&s.apply, func(in []*graph.Node) []*graph.Node {
			grads := make([]*graph.Node, len(s.params))
			for i, p := range s.params {
				grads[i] = gradientSum(m.Store(), p.Variable).NodeValue(in[0].Graph())
			}
			return []*graph.Node{s.adamw.Update(s.params, grads, in[0])}
		}},
	}
	for _, g := range graphs {
		exec, err := gomlx.NewExec(m.Backend(), m.Store(), func(_ *gomlx.Scope, in []*graph.Node) []*graph.Node { return g.build(in) })
		if err != nil {
			return nil, err
		}
		*g.exec = exec.SetMaxCache(-1) // shapes are bucketed by us
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
		if len(batches) == 1 {
			out, err := call(s.whole, hyper, batches[0])
			if err == nil {
				loss, norm = out[0], out[1]
			}
			return err
		}
		for i, args := range batches {
			out, err := call(s.part, i == 0, args)
			if err != nil {
				return err
			}
			loss += out[0]
		}
		out, err := call(s.apply, hyper, nil)
		if err == nil {
			norm = out[0]
		}
		return err
	})
	return loss, norm, err
}

// call runs a graph and frees its inputs. Its outputs are scalars.
func call(exec *gomlx.Exec, first any, args []any) (out []float64, err error) {
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
	for _, e := range []*gomlx.Exec{s.whole, s.part, s.apply} {
		e.Finalize()
	}
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
