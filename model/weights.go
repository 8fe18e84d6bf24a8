package model

import (
	"context"
	"fmt"
	"io/fs"
	"unsafe"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/egotsr/egotsr/internal/safetensors"
)

// loadWeights checks every tensor against the name table, then reads each straight into the buffer the backend computes
// with: at no time are there two copies of the weights.
func (m *Model) loadWeights(ctx context.Context, fsys fs.FS) error {
	set, err := safetensors.OpenCheckpoint(fsys)
	if err != nil {
		return err
	}
	defer set.Close()
	if err := m.Config.CheckTensors(set); err != nil {
		return err
	}
	for _, p := range m.Config.Params() {
		if err := ctx.Err(); err != nil {
			return err
		}
		t, err := tensors.FromShapeForBackend(m.backend, 0, shapes.Make(m.dtype, p.Shape...))
		if err != nil {
			return fmt.Errorf("tensor %s: %w", p.Name, err)
		}
		if err := fill(t, set, m.Config.storedName(set, p.Name)); err != nil {
			return err
		}
		if _, err := m.store.CreateVariable("/"+p.Name, t); err != nil {
			return fmt.Errorf("tensor %s: %w", p.Name, err)
		}
	}
	return nil
}

func fill(t *tensors.Tensor, set *safetensors.Set, name string) (err error) {
	if t.DType() == dtypes.Float32 {
		if e := tensors.MutableFlatData(t, func(flat []float32) { err = set.ReadFloat32(name, flat) }); e != nil {
			return e
		}
		return err
	}
	e := tensors.MutableFlatData(t, func(flat []bfloat16.BFloat16) {
		// bfloat16.BFloat16 is a uint16 by definition: the same memory under the reader's type.
		err = set.ReadBF16(name, unsafe.Slice((*uint16)(unsafe.Pointer(unsafe.SliceData(flat))), len(flat)))
	})
	if e != nil {
		return e
	}
	return err
}
