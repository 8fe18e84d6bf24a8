package model

import (
	"context"
	"errors"
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// widen makes float32 masters of the weights named, which is what an optimiser's small steps need. Passes go on in the type they ran
// in before, so results stay the same. It is called within exclusive.
func (m *Model) widen(names []string) error {
	widened := false
	for _, name := range names {
		v := m.store.GetVariable("/" + name)
		if v.DType() == dtypes.Float32 {
			continue
		}
		wide, err := m.master(v)
		if err == nil {
			spec := v.ShardingSpec()
			m.store.DeleteVariable(v.Path())
			if v, err = m.store.CreateVariable("/"+name, wide); err == nil && spec != nil {
				err = v.SetShardingSpec(spec)
			}
		}
		if err != nil {
			return fmt.Errorf("tensor %s: %w", name, err)
		}
		widened = true
	}
	if !widened {
		return nil
	}
	return errors.Join(m.settle(), m.rebuild()) // the graphs were compiled for the narrow weights
}

// master gives the values of a bfloat16 variable in float32.
func (m *Model) master(v *model.Variable) (*tensors.Tensor, error) {
	narrow, err := v.Value()
	if err != nil {
		return nil, err
	}
	shape := shapes.Make(dtypes.Float32, v.Shape().Dimensions...)
	wide := tensors.FromShape(shape)
	if m.mesh == nil {
		// In the backend's own memory: from ours, a copy of all weights would wait beside it for the garbage collector.
		if wide, err = tensors.FromShapeForBackend(m.backend, 0, shape); err != nil {
			return nil, err
		}
	}
	var bad error
	err = tensors.ConstFlatData(narrow, func(from []bfloat16.BFloat16) {
		bad = tensors.MutableFlatData(wide, func(to []float32) {
			widenTo(to, from)
		})
	})
	return wide, errors.Join(err, bad)
}

// widenTo is exact: every bfloat16 is a float32.
func widenTo(to []float32, from []bfloat16.BFloat16) {
	for i, x := range from {
		to[i] = x.Float32()
	}
}

// exclusive runs f while no graph of this model runs: weights may be changed, or read as one state. A closed model is
// ErrClosed.
func (m *Model) exclusive(ctx context.Context, f func() error) error {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.closed {
		return ErrClosed
	}
	for n := range cap(m.lanes) {
		select {
		case m.lanes <- struct{}{}:
		case <-ctx.Done():
			for range n {
				<-m.lanes
			}
			return ctx.Err()
		}
	}
	defer func() {
		for range cap(m.lanes) {
			<-m.lanes
		}
	}()
	return f()
}
