package model

import (
	"context"
	"fmt"
	"io/fs"
	"math"
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
	if err := m.Config.checkTensors(set); err != nil {
		return err
	}
	m.PassedOver = m.Config.passedOver(set)
	for _, p := range m.Config.Params() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if m.int8 && len(p.Shape) == 2 {
			if err := m.loadInt8(set, p); err != nil {
				return err
			}
			continue
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

// scaleSuffix names the float32 scales [rows, 1] beside an int8 matrix.
const scaleSuffix = "#scale"

// loadInt8 reads one matrix as int8, a row at a time divided by its largest magnitude over 127, and the scales beside it.
// Only this matrix is held in float32 meanwhile.
func (m *Model) loadInt8(set *safetensors.Set, p Param) error {
	rows, columns := p.Shape[0], p.Shape[1]
	wide := make([]float32, rows*columns)
	if err := set.ReadFloat32(m.Config.storedName(set, p.Name), wide); err != nil {
		return err
	}
	narrow, scales := make([]int8, len(wide)), make([]float32, rows)
	for r := range rows {
		row := wide[r*columns : (r+1)*columns]
		scales[r] = quantise(narrow[r*columns:], row)
	}
	for name, t := range map[string]*tensors.Tensor{
		p.Name:               tensors.FromFlatDataAndDimensions(narrow, rows, columns),
		p.Name + scaleSuffix: tensors.FromFlatDataAndDimensions(scales, rows, 1),
	} {
		if _, err := m.store.CreateVariable("/"+name, t); err != nil {
			return fmt.Errorf("tensor %s: %w", name, err)
		}
	}
	return nil
}

// quantise rounds a row to multiples of its scale, which it returns: |x - q*scale| <= scale/2.
func quantise(q []int8, row []float32) (scale float32) {
	for _, x := range row {
		scale = max(scale, x/127, -x/127)
	}
	if scale == 0 {
		return 0
	}
	for i, x := range row {
		q[i] = int8(math.Round(float64(x / scale)))
	}
	return scale
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
