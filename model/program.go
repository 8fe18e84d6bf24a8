package model

import (
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/gomlx/compute/distributed"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/core/tensors/dtensor"
	"github.com/gomlx/gomlx/ml/model"
)

// program is a graph that reads and changes the model's variables.
type program struct {
	exec  *model.Exec
	model *Model
	split func(input int) bool // nil: one device runs it alone
	built atomic.Int64         // how many shapes it has been compiled for
}

// newProgram makes a graph for all devices. split tells the inputs that hold the batch along their first axis.
func (m *Model) newProgram(split func(input int) bool, build func(g *graph.Graph, in []*graph.Node) []*graph.Node) (*program, error) {
	p := &program{model: m, split: split}
	if m.mesh == nil {
		p.split = nil
	}
	exec, err := model.NewExec(m.backend, m.store, func(_ *model.Scope, g *graph.Graph, in []*graph.Node) []*graph.Node {
		p.built.Add(1)
		out := build(g, in)
		if p.split != nil {
			p.exec.WithOutputShardingSpecs(p.outputs(g, len(out))...)
		}
		return out
	})
	if err != nil {
		return nil, err
	}
	p.exec = exec.SetMaxCache(-1) // shapes are bucketed by us
	if p.split != nil {
		exec.AutoSharding(m.mesh)
	}
	return p, nil
}

// outputs says how the results of a graph lie: changed variables, which GoMLX puts first, as they did before, and the n
// others on every device. Left to itself XLA would choose, and GoMLX not know.
func (p *program) outputs(g *graph.Graph, n int) []*distributed.ShardingSpec {
	var specs []*distributed.ShardingSpec
	for v := range p.model.store.IterVariables() {
		if v.ChangedInGraph(g) {
			specs = append(specs, v.ShardingSpec())
		}
	}
	return append(specs, slices.Repeat([]*distributed.ShardingSpec{p.model.rows(nil)}, n)...)
}

// Call runs the graph, and frees none of its inputs. Inputs are what GoMLX takes, and what CallSpread gave.
//
// Operations panic on shapes they cannot take. Exec.Call makes errors of such panics while it builds and runs a graph, if
// their values are errors; of any others, and of those that come on its way to either, they are made here.
func (p *program) Call(args ...any) (out []*tensors.Tensor, err error) {
	defer recovered(&err)
	if p.split == nil {
		return p.exec.Call(args...)
	}
	res, err := p.callSpread(args)
	if err != nil {
		return nil, err
	}
	n := len(res) / p.model.Devices()
	for _, copied := range res[n:] {
		copied.FinalizeAll()
	}
	return res[:n], nil
}

// CallSpread is Call with each result left on all devices.
func (p *program) CallSpread(args ...any) (out []any, err error) {
	defer recovered(&err)
	res, err := p.callSpread(args)
	if err != nil {
		return nil, err
	}
	devices := p.model.Devices()
	out = make([]any, len(res)/devices)
	for i := range out {
		var copies []*tensors.Tensor
		for d := range devices {
			copies = append(copies, res[d*len(out)+i])
		}
		if out[i], err = dtensor.NewTensor(p.model.rows(nil), copies); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// callSpread hands every device its inputs, and returns the results of the first device, then of the second, and so on.
func (p *program) callSpread(args []any) (res []*tensors.Tensor, err error) {
	spread, specs := make([]any, len(args)), make([]*distributed.ShardingSpec, len(args))
	for i, a := range args {
		if there, ok := a.(*dtensor.Tensor); ok {
			spread[i], specs[i] = there, there.ShardingSpec()
			continue
		}
		t, ok := a.(*tensors.Tensor)
		if !ok {
			if t, err = tensors.FromAnyValue(a); err != nil {
				return nil, err
			}
		}
		specs[i] = p.model.rows(nil)
		if p.split(i) {
			specs[i] = p.model.rows(t.Shape().Dimensions)
		}
		d, err := dtensor.ShardTensor(specs[i], t)
		if err != nil {
			return nil, err
		}
		defer d.FinalizeAll()
		spread[i] = d
	}
	p.exec.WithInputShardingSpecs(specs...)
	return p.exec.Call(spread...)
}

// recovered, deferred, makes an error of a panic, and says of a device's errors what they mean.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("model: %v", p)
	}
	*err = explain(*err)
}

// finalize frees the inputs of a graph that has run: large ones should not wait for the garbage collector.
func finalize(args []any) {
	for _, a := range args {
		if t, ok := a.(*tensors.Tensor); ok {
			t.FinalizeAll()
		}
	}
}

// Finalize frees the compiled graphs.
func (p *program) Finalize() { p.exec.Finalize() }
