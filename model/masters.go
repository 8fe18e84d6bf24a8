package model

import (
	"context"
	"errors"
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
)

// masters widens the weights to float32, which is what an optimiser's small steps need. Forward passes go on in the type
// they ran in before, so results stay the same. Int8 weights have lost too much to be trained.
func (m *Model) masters(ctx context.Context) error {
	if m.int8 {
		return errors.New("train: int8 weights have lost what they were rounded from; open the checkpoint with others")
	}
	if m.dtype == dtypes.Float32 {
		return nil
	}
	return m.exclusive(ctx, func() error {
		for _, p := range m.Config.Params() {
			v := m.store.GetVariable("/" + p.Name)
			if v.DType() == dtypes.Float32 {
				continue
			}
			narrow, err := v.Value()
			if err != nil {
				return fmt.Errorf("tensor %s: %w", p.Name, err)
			}
			// In the backend's own memory: from ours, a copy of all weights would wait beside it for the garbage collector.
			wide, err := tensors.FromShapeForBackend(m.backend, 0, shapes.Make(dtypes.Float32, p.Shape...))
			if err != nil {
				return fmt.Errorf("tensor %s: %w", p.Name, err)
			}
			var bad error
			err = tensors.ConstFlatData(narrow, func(from []bfloat16.BFloat16) {
				bad = tensors.MutableFlatData(wide, func(to []float32) {
					for i, x := range from {
						to[i] = x.Float32()
					}
				})
			})
			if err = errors.Join(err, bad); err != nil {
				return fmt.Errorf("tensor %s: %w", p.Name, err)
			}
			m.store.DeleteVariable(v.Path())
			if _, err := m.store.CreateVariable("/"+p.Name, wide); err != nil {
				return fmt.Errorf("tensor %s: %w", p.Name, err)
			}
		}
		return errors.Join(m.settle(), m.rebuild()) // the graphs were compiled for the narrow weights
	})
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
