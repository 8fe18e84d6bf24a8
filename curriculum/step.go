package curriculum

import (
	"fmt"
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	gomlx "github.com/gomlx/gomlx/ml/model"

	"github.com/egotsr/egotsr/internal/optim"
	"github.com/egotsr/egotsr/model"
)

// stepper runs optimiser steps on a model whose weights are float32.
type stepper struct {
	model *model.Model
	adamw optim.AdamW
	exec  *gomlx.Exec
	n     int // steps done
}

func newStepper(m *model.Model, adamw optim.AdamW, compute dtypes.DType) (*stepper, error) {
	s := &stepper{model: m, adamw: adamw}
	var params []optim.Param
	for _, p := range m.Config.Params() {
		v := m.Store().GetVariable("/" + p.Name)
		if v.DType() != dtypes.Float32 {
			return nil, fmt.Errorf("train: %s is %s: open the checkpoint with float32 weights", p.Name, v.DType())
		}
		params = append(params, optim.Param{Variable: v, Decay: p.Decay})
	}
	var err error
	s.exec, err = gomlx.NewExec(m.Backend(), m.Store(), func(_ *gomlx.Scope, in []*graph.Node) []*graph.Node {
		loss := m.LossGraph(in[1:], compute)
		values := make([]*graph.Node, len(params))
		for i, p := range params {
			values[i] = p.Variable.NodeValue(loss.Graph())
		}
		return []*graph.Node{loss, adamw.Update(params, graph.Gradient(loss, values...), in[0])}
	})
	if err != nil {
		return nil, err
	}
	s.exec.SetMaxCache(-1)
	return s, nil
}

// step takes one optimiser step on a batch laid out by LossArgs and returns its loss and gradient norm.
func (s *stepper) step(args []any, lr float64) (loss, norm float64, err error) {
	s.n++
	hyper := s.adamw.Hyper(s.n, lr)
	res, err := s.exec.Call(append([]any{tensors.FromFlatDataAndDimensions(hyper, len(hyper))}, args...)...)
	if err != nil {
		return 0, 0, err
	}
	loss, norm = float64(tensors.ToScalar[float32](res[0])), float64(tensors.ToScalar[float32](res[1]))
	for _, t := range res {
		t.FinalizeAll()
	}
	for _, a := range args {
		if t, ok := a.(*tensors.Tensor); ok {
			t.FinalizeAll()
		}
	}
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		return loss, norm, fmt.Errorf("train: loss is %v at step %d", loss, s.n)
	}
	return loss, norm, nil
}
