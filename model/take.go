package model

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/gomlx/core/tensors"
)

// Take moves the weights towards those of another model of the same shape, by a share of the way, in the type that they are held in: 1 makes them
// the other's, to the bit where both have one type. Neither may have adapters. What is wrong with the other is told before a weight changes.
func (m *Model) Take(ctx context.Context, other *Model, share float32) error {
	if m.int8 || other.int8 || m.adapters != nil || other.adapters != nil {
		return errors.New("weights in int8, or with adapters beside them, cannot be taken")
	}
	params := m.Config.Params()
	same := func(a, b Param) bool { return a.Name == b.Name && slices.Equal(a.Shape, b.Shape) }
	if !slices.EqualFunc(params, other.Config.Params(), same) {
		return errors.New("the weights of a model of another shape cannot be taken")
	}
	return other.exclusive(ctx, func() error {
		return m.exclusive(ctx, func() error {
			for _, p := range params {
				if err := m.take(p, other, share); err != nil {
					return fmt.Errorf("tensor %s: %w", p.Name, err)
				}
			}
			return m.settle()
		})
	})
}

func (m *Model) take(p Param, other *Model, share float32) error {
	to, err := other.values(p)
	if err != nil {
		return err
	}
	if share != 1 {
		from, err := m.values(p)
		if err != nil {
			return err
		}
		for i, w := range from {
			to[i] = w + share*(to[i]-w)
		}
	}
	v := m.store.GetVariable("/" + p.Name)
	if v.DType() == dtypes.Float32 {
		return v.SetValue(tensors.FromFlatDataAndDimensions(to, p.Shape...))
	}
	narrow := make([]bfloat16.BFloat16, len(to))
	for i, w := range to {
		narrow[i] = bfloat16.FromFloat32(w)
	}
	return v.SetValue(tensors.FromFlatDataAndDimensions(narrow, p.Shape...))
}

// small is the number of values up to which a tensor counts in a Digest: norms and biases of every model, and some matrices of each layer.
const small = 1 << 20

// Digest tells weights from others of the same shape: it is SHA-256 of all tensors of up to a million values, of which any training changes some.
// Of weights in int8 there is none.
func (m *Model) Digest(ctx context.Context) (string, error) {
	if m.int8 {
		return "", errors.New("digest: int8 weights are not what was opened")
	}
	sum := sha256.New()
	err := m.exclusive(ctx, func() error {
		for _, p := range m.Config.Params() {
			fmt.Fprintln(sum, p.Name, p.Shape)
			size := 1
			for _, n := range p.Shape {
				size *= n
			}
			if size > small {
				continue
			}
			values, err := m.values(p)
			if err == nil {
				err = binary.Write(sum, binary.LittleEndian, values)
			}
			if err != nil {
				return fmt.Errorf("tensor %s: %w", p.Name, err)
			}
		}
		return nil
	})
	return fmt.Sprintf("%x", sum.Sum(nil)), err
}

// values are one weight's, in float32.
func (m *Model) values(p Param) (wide []float32, err error) {
	t, err := m.store.GetVariable("/" + p.Name).Value()
	if err != nil {
		return nil, err
	}
	if t.DType() == dtypes.Float32 {
		return wide, tensors.ConstFlatData(t, func(flat []float32) { wide = slices.Clone(flat) })
	}
	return wide, tensors.ConstFlatData(t, func(flat []bfloat16.BFloat16) {
		wide = make([]float32, len(flat))
		widenTo(wide, flat)
	})
}
