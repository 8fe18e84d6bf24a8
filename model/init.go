package model

import (
	"hash/fnv"
	"math/rand/v2"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// New makes a model with random float32 weights, as transformers initialises Qwen2.5-VL: matrices from a normal
// distribution of deviation 0.02, norms one, biases zero. A tensor's values depend on seed and its name alone.
func New(config Config, backend compute.Backend, seed uint64) (*Model, error) {
	m := &Model{Config: config, backend: backend, store: model.NewStore(), dtype: dtypes.Float32, turn: make(chan struct{}, 1)}
	for _, p := range config.Params() {
		t := tensors.FromShape(shapes.Make(dtypes.Float32, p.Shape...))
		if err := tensors.MutableFlatData(t, func(flat []float32) { initialise(flat, p.Name, seed) }); err != nil {
			return nil, err
		}
		if _, err := m.store.CreateVariable("/"+p.Name, t); err != nil {
			return nil, err
		}
	}
	return m, m.build()
}

func initialise(flat []float32, name string, seed uint64) {
	h := fnv.New64a()
	h.Write([]byte(name))
	rng := rand.New(rand.NewPCG(seed, h.Sum64()))
	one := strings.Contains(name, "norm") || strings.HasSuffix(name, "ln_q.weight")
	for i := range flat {
		switch {
		case strings.HasSuffix(name, ".bias"):
			flat[i] = 0
		case one:
			flat[i] = 1
		default:
			flat[i] = float32(rng.NormFloat64() * 0.02)
		}
	}
}
