package model

import (
	"context"
	"fmt"
	"io/fs"
	"math"
	"unsafe"

	"github.com/gomlx/compute/dtypes/bfloat16"

	"github.com/egotsr/egotsr/internal/safetensors"
)

// loadWeights checks every tensor against the name table, then reads them, several parts at a time, straight into the
// buffers the backend computes with: at no time are there two copies of the weights.
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
	l := newLoader(m, set)
	for _, p := range m.Config.Params() {
		if !l.read(ctx, p) {
			break
		}
	}
	return l.finish()
}

// scaleSuffix names the float32 scales [rows, 1] beside an int8 matrix.
const scaleSuffix = "#scale"

// fill reads values of a tensor from one on, as many as flat holds, which is []float32 or []bfloat16.BFloat16.
func fill(flat any, set *safetensors.Set, name string, from int) error {
	switch flat := flat.(type) {
	case []float32:
		return set.ReadFloat32At(name, from, flat)
	case []bfloat16.BFloat16:
		// bfloat16.BFloat16 is a uint16 by definition: the same memory under the reader's type.
		return set.ReadBF16At(name, from, unsafe.Slice((*uint16)(unsafe.Pointer(unsafe.SliceData(flat))), len(flat)))
	}
	return fmt.Errorf("tensor %s: weights are not held as %T", name, flat)
}

// quantise rounds a row to multiples of its scale, which is its largest magnitude over 127 and is returned:
// |x - q*scale| <= scale/2.
func quantise(q []int8, row []float32) (scale float32) {
	var largest uint32 // magnitudes are ordered as their bits are
	for _, x := range row {
		largest = max(largest, math.Float32bits(x)&^signBit)
	}
	scale = math.Float32frombits(largest) / 127
	q = q[:len(row)]
	if scale == 0 {
		clear(q)
		return 0
	}
	for i, x := range row {
		// A conversion to int drops the fraction. What is added first, away from zero, is the number before a half: it takes just
		// the halves and what is above them to the next integer, because a sum this close to it is rounded to it.
		x /= scale
		q[i] = int8(int32(x + math.Float32frombits(math.Float32bits(x)&signBit|belowHalf)))
	}
	return scale
}

const (
	signBit   = 1 << 31
	belowHalf = 0x3effffff // 0.5 - 2^-25
)
