package model

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
)

// New makes a model with random float32 weights: matrices from a normal distribution of variance 1/inputs (LeCun et al.,
// Efficient BackProp, 1998), norms one, biases zero. The usual deviation of 0.02 suits wide models; at a width of 192 it
// leaves attention uniform for thousands of steps. A tensor's values depend on seed, name and shape alone. backend
// is as in [Load].
func New(config Config, backend string, seed uint64) (*Model, error) {
	m := newModel(config)
	m.dtype = dtypes.Float32
	if err := m.start(backend, func() error { return m.randomise(seed) }); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *Model) randomise(seed uint64) error {
	for _, p := range m.Config.Params() {
		t := tensors.FromShape(shapes.Make(dtypes.Float32, p.Shape...))
		if err := tensors.MutableFlatData(t, func(flat []float32) { initialise(flat, p, seed) }); err != nil {
			return err
		}
		if _, err := m.store.CreateVariable("/"+p.Name, t); err != nil {
			return err
		}
	}
	return nil
}

func initialise(flat []float32, p Param, seed uint64) {
	h := fnv.New64a()
	h.Write([]byte(p.Name))
	rng := rand.New(rand.NewPCG(seed, h.Sum64()))
	if !p.Decay { // biases stay zero, norms start at one
		if strings.HasSuffix(p.Name, ".weight") {
			for i := range flat {
				flat[i] = 1
			}
		}
		return
	}
	deviation := math.Sqrt(float64(p.Shape[0]) / float64(len(flat)))
	for i := range flat {
		flat[i] = float32(rng.NormFloat64() * deviation)
	}
}
