package model

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"path"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// LoRA is low-rank adaptation (Hu et al., arXiv 2106.09685): a layer y = Wx + b becomes
// y = Wx + b + alpha/rank * B(A dropout(x)), and only A and B are trained.
type LoRA struct {
	Rank    int      // 0 = 8
	Alpha   float64  // 0 = 2*Rank
	Dropout float64  // share of the adapter's input set to zero while training
	Targets []string // patterns of path.Match on names of linear layers ("visual.blocks.*"); nil = the projections of the text tower
}

// textProjections are q, k, v, o, gate, up and down of every decoder layer; to path.Match a dot is like any letter.
const textProjections = "model.layers.*_proj"

// maxRank bounds adapters: of a higher rank they would be larger than the layers.
const maxRank = 4096

// Check completes what is left at zero, and refuses what makes no adapter.
func (l LoRA) Check() (LoRA, error) {
	if l.Rank == 0 {
		l.Rank = 8
	}
	if l.Alpha == 0 {
		l.Alpha = 2 * float64(l.Rank)
	}
	if l.Targets == nil {
		l.Targets = []string{textProjections}
	}
	if l.Rank < 0 || l.Rank > maxRank || !(l.Alpha > 0) || math.IsInf(l.Alpha, 1) || !(l.Dropout >= 0 && l.Dropout < 1) {
		return l, fmt.Errorf("adapters of rank %d, alpha %v, dropout %v", l.Rank, l.Alpha, l.Dropout)
	}
	for _, pattern := range l.Targets {
		if _, err := path.Match(pattern, ""); err != nil {
			return l, fmt.Errorf("adapters: pattern %q: %w", pattern, err)
		}
	}
	return l, nil
}

// adapters are those that stand beside the weights: for each layer the variables "/lora/<layer>/A" and "/lora/<layer>/B".
type adapters struct {
	LoRA
	scale  float64 // of B A
	params []Param // "lora/<layer>/A" [rank, inputs] and "lora/<layer>/B" [outputs, rank], layer by layer
}

const adapterPrefix = "lora/"

func (a *adapters) has(layer string) bool {
	return slices.ContainsFunc(a.params, func(p Param) bool { return p.Name == adapterPrefix+layer+"/A" })
}

// linearLayer gives the name of the linear layer whose weight p is. The patch embedding, the token embedding and the head
// are matrices too, but no layers in PEFT's sense.
func linearLayer(p Param) (name string, ok bool) {
	name, ok = strings.CutSuffix(p.Name, ".weight")
	return name, ok && len(p.Shape) == 2 && name != "model.embed_tokens" && name != "lm_head"
}

// attach puts fresh float32 adapters beside the layers that l names, as PEFT initialises them: A uniform within
// 1/sqrt(inputs), a function of seed and name, and B zero, so that at first nothing changes. merge takes them away again.
func (m *Model) attach(ctx context.Context, l LoRA, seed uint64) error {
	l, err := l.Check()
	switch {
	case err != nil:
		return err
	case m.int8:
		return errors.New("adapters: int8 weights cannot take them up again; open the checkpoint with others")
	}
	return m.exclusive(ctx, func() error {
		if m.adapters != nil {
			return errors.New("adapters: the model has some already")
		}
		a := &adapters{LoRA: l, scale: l.Alpha / float64(l.Rank)}
		for _, p := range m.Config.Params() {
			layer, linear := linearLayer(p)
			if target, err := matches(l.Targets, layer); err != nil {
				return err // checked above
			} else if linear && target {
				a.params = append(a.params,
					Param{Name: adapterPrefix + layer + "/A", Shape: []int{l.Rank, p.Shape[1]}, Decay: true},
					Param{Name: adapterPrefix + layer + "/B", Shape: []int{p.Shape[0], l.Rank}, Decay: true})
			}
		}
		if len(a.params) == 0 {
			return fmt.Errorf("adapters: no linear layer matches %q", l.Targets)
		}
		for _, p := range a.params {
			flat := make([]float32, p.Shape[0]*p.Shape[1])
			if strings.HasSuffix(p.Name, "/A") {
				kaimingUniform(flat, p, seed)
			}
			if _, err := m.store.CreateVariable("/"+p.Name, tensors.FromFlatDataAndDimensions(flat, p.Shape...)); err != nil {
				return fmt.Errorf("tensor %s: %w", p.Name, err)
			}
		}
		m.adapters = a
		return m.rebuild()
	})
}

// kaimingUniform is torch's for a = sqrt(5), the default of its linear layers: uniform within 1/sqrt(inputs).
func kaimingUniform(flat []float32, p Param, seed uint64) {
	h := fnv.New64a()
	h.Write([]byte(p.Name))
	rng := rand.New(rand.NewPCG(seed, h.Sum64()))
	bound := 1 / math.Sqrt(float64(p.Shape[1]))
	for i := range flat {
		flat[i] = float32((2*rng.Float64() - 1) * bound)
	}
}

// merge adds the adapters to the weights, W += alpha/rank * B A in float32, and removes them. Without any it does nothing.
func (m *Model) merge(ctx context.Context) error {
	return m.exclusive(ctx, func() error {
		if m.adapters == nil {
			return nil
		}
		parts, err := m.lowRank()
		if err != nil {
			return err
		}
		if err := m.add(parts, m.adapters.scale); err != nil {
			return err
		}
		for _, p := range m.adapters.params {
			if err := m.store.DeleteVariable("/" + p.Name); err != nil {
				return fmt.Errorf("tensor %s: %w", p.Name, err)
			}
		}
		m.adapters = nil
		return m.rebuild()
	})
}

// factors are A [rank, inputs] and B [outputs, rank] of one weight.
type factors struct{ a, b *tensors.Tensor }

// lowRank gives the factors of every weight that has an adapter, by the weight's name.
func (m *Model) lowRank() (map[string]factors, error) {
	parts := map[string]factors{}
	if m.adapters == nil {
		return parts, nil
	}
	for pair := range slices.Chunk(m.adapters.params, 2) {
		a, errA := m.store.GetVariable("/" + pair[0].Name).Value()
		b, errB := m.store.GetVariable("/" + pair[1].Name).Value()
		if err := errors.Join(errA, errB); err != nil {
			return nil, fmt.Errorf("tensor %s: %w", pair[0].Name, err)
		}
		layer := strings.TrimSuffix(strings.TrimPrefix(pair[0].Name, adapterPrefix), "/A")
		parts[layer+".weight"] = factors{a, b}
	}
	return parts, nil
}

// add adds scale * B A to every weight named. The weights must not be in use.
func (m *Model) add(parts map[string]factors, scale float64) error {
	sum, err := newSum(m, scale)
	if err != nil {
		return err
	}
	defer sum.Finalize()
	for _, p := range m.Config.Params() {
		f, ok := parts[p.Name]
		if !ok {
			continue
		}
		v := m.store.GetVariable("/" + p.Name)
		old, err := v.Value()
		if err == nil {
			var merged *tensors.Tensor
			if merged, err = sum.Call(old, f.a, f.b); err == nil {
				err = v.SetValue(merged)
			}
		}
		if err != nil {
			return fmt.Errorf("tensor %s: %w", p.Name, err)
		}
	}
	return nil
}

// newSum compiles W + scale * B A, computed in float32 and rounded to the type of W. The kernel of a convolution is the
// matrix that it is with its inputs in a row.
func newSum(m *Model, scale float64) (*ExecOneOutput, error) {
	exec, err := NewExec1(m.backend, func(w, a, b *Node) *Node {
		a = Reshape(a, a.Shape().Dim(0), -1)
		b = Reshape(b, b.Shape().Dim(0), -1)
		delta := MulScalar(Dot(b, a).Product(), scale)
		return ConvertDType(Add(float32s(w), Reshape(delta, w.Shape().Dimensions...)), w.DType())
	})
	if err == nil {
		exec.SetMaxCache(-1) // as many as there are shapes of layers
	}
	return exec, err
}

// adapted is what the adapter adds to the output of a layer: alpha/rank * B(A dropout(x)), in the type of x.
func (w *weights) adapted(layer string, x *Node) *Node {
	factor := func(which string) *Node {
		return w.cast(w.store.GetVariable("/" + adapterPrefix + w.prefix + layer + which).NodeValue(w.graph))
	}
	y := dense(dense(w.noise.apply(x), factor("/A"), nil), factor("/B"), nil)
	return MulScalar(y, w.adapters.scale)
}

// dropout sets a share of values to zero. Its masks are a hash of (noise, number of the use, index): whoever computes them
// again, on whichever backend, gets the same.
type dropout struct {
	noise *Node // [2] uint32
	share float64
	uses  uint32 // so far in this graph
}

// apply keeps x as it is where there is no dropout. What is not zeroed grows, so that the expectation stays.
func (d *dropout) apply(x *Node) *Node {
	if d == nil || d.share == 0 {
		return x
	}
	d.uses++
	g, shape := x.Graph(), x.Shape()
	word := func(i int) *Node { return Reshape(Slice(d.noise, AxisElem(i))) }
	index := Reshape(Iota(g, shapes.Make(dtypes.Uint32, shape.Size()), 0), shape.Dimensions...)
	h := mix(Add(index, word(0)))
	h = mix(Add(h, Add(word(1), Const(g, d.uses*0x9e3779b9))))
	keep := GreaterOrEqual(h, Const(g, uint32(d.share*(1<<32))))
	return Where(keep, MulScalar(x, 1/(1-d.share)), ZerosLike(x))
}

// mix is the finaliser of MurmurHash3, a bijection of uint32 in which every bit of the input moves half of the output's.
func mix(h *Node) *Node {
	g := h.Graph()
	fold := func(h *Node, n uint32) *Node { return BitwiseXor(h, BitwiseShiftRightLogicalScalar(h, n)) }
	h = Mul(fold(h, 16), Const(g, uint32(0x85ebca6b)))
	h = Mul(fold(h, 13), Const(g, uint32(0xc2b2ae35)))
	return fold(h, 16)
}
