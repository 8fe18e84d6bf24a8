package model

import (
	"context"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/distributed"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/core/tensors/dtensor"
	"github.com/gomlx/gomlx/ml/model"
)

// Several devices run one graph, the same that one device would. Each input that holds a batch along its first axis is
// split into as many equal parts as there are devices, all else lies on every device, and XLA's partitioner (GoMLX calls
// it AutoSharding) works out which device computes what and where sums have to meet.

// meshAxis is the one axis along which the devices stand.
const meshAxis = "devices"

// newMesh puts all devices of a backend in a row; one device alone needs none.
func newMesh(b compute.Backend) *distributed.DeviceMesh {
	if b.NumDevices() < 2 {
		return nil
	}
	mesh, err := distributed.NewDeviceMesh([]int{int(b.NumDevices())}, []string{meshAxis})
	if err != nil {
		panic(err) // of a bad name or size: both are ours
	}
	return mesh
}

// Devices is how many devices of the backend share a batch.
func (m *Model) Devices() int { return int(m.backend.NumDevices()) }

// evenly rounds a number of rows up to what all devices can share.
func (m *Model) evenly(rows int) int {
	n := m.Devices()
	return (rows + n - 1) / n * n
}

// rows is how a tensor lies on the devices when each has an equal part of its rows; one that cannot be split so lies on
// every device.
func (m *Model) rows(dims []int) *distributed.ShardingSpec {
	spec := distributed.NewReplicatedShardingSpec(m.mesh)
	if len(dims) > 0 && dims[0]%m.Devices() == 0 {
		spec.Axes = make([]distributed.AxisSpec, len(dims))
		spec.Axes[0] = distributed.AxisSpec{meshAxis}
	}
	return spec
}

// Program is a graph that reads and changes the model's variables.
type Program struct {
	exec  *model.Exec
	model *Model
	split func(input int) bool // nil: one device runs it alone
}

// NewProgram makes a graph for all devices. split tells the inputs that hold the batch along their first axis.
func (m *Model) NewProgram(split func(input int) bool, build func(g *graph.Graph, in []*graph.Node) []*graph.Node) (*Program, error) {
	p := &Program{model: m, split: split}
	if m.mesh == nil {
		p.split = nil
	}
	exec, err := model.NewExec(m.backend, m.store, func(_ *model.Scope, g *graph.Graph, in []*graph.Node) []*graph.Node {
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
func (p *Program) outputs(g *graph.Graph, n int) []*distributed.ShardingSpec {
	var specs []*distributed.ShardingSpec
	for v := range p.model.store.IterVariables() {
		if v.ChangedInGraph(g) {
			specs = append(specs, v.ShardingSpec())
		}
	}
	return append(specs, slices.Repeat([]*distributed.ShardingSpec{p.model.rows(nil)}, n)...)
}

// Call runs the graph, and frees none of its inputs. Inputs are what GoMLX takes, and what CallSpread gave.
func (p *Program) Call(args ...any) ([]*tensors.Tensor, error) {
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
func (p *Program) CallSpread(args ...any) ([]any, error) {
	res, err := p.callSpread(args)
	if err != nil {
		return nil, err
	}
	devices := p.model.Devices()
	out := make([]any, len(res)/devices)
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
func (p *Program) callSpread(args []any) (res []*tensors.Tensor, err error) {
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

// Finalize frees the compiled graphs.
func (p *Program) Finalize() { p.exec.Finalize() }

// Shard spreads the weights over the devices by their rows, instead of a copy on each, or brings the copies back.
func (m *Model) Shard(ctx context.Context, rows bool) error {
	if m.mesh == nil {
		return nil
	}
	return m.Exclusive(ctx, func() error {
		for _, p := range m.Config.Params() {
			v := m.store.GetVariable("/" + p.Name)
			whole, err := v.Value()
			if err != nil {
				return err
			}
			if whole, err = whole.LocalClone(); err != nil {
				return err
			}
			if err := v.SetValue(whole); err != nil { // frees what lies on the devices, and the value that was asked for
				return err
			}
			spec := m.rows(nil)
			if rows {
				spec = m.rows(p.Shape)
			}
			if err := v.SetShardingSpec(spec); err != nil {
				return err
			}
		}
		return m.rebuild() // the graphs are compiled for where weights lie
	})
}

// Sharded reports that each device has a part of the variable only.
func Sharded(v *model.Variable) bool {
	return v.ShardingSpec() != nil && !v.ShardingSpec().IsReplicated()
}
