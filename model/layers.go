package model

import (
	"math"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/nn"
)

// weights hands the stored tensors to graph code under their Hugging Face names.
type weights struct {
	config *Config
	store  *model.Store
	graph  *Graph
	prefix string

	adapters      *adapters    // beside the weights; nil if there are none
	noise         *dropout     // of the adapters' inputs; nil outside of training
	compute       dtypes.DType // type the forward pass runs in
	shortProducts bool         // bfloat16 products are faster than float32's here
	checkpointing bool         // each layer's input is kept for the gradient, and nothing inside it
}

func (w *weights) in(prefix string) *weights {
	inner := *w
	inner.prefix += prefix
	return &inner
}

func (w *weights) variable(name string) *model.Variable {
	v := w.store.GetVariable("/" + w.prefix + name)
	if v == nil {
		panic("model: no tensor " + w.prefix + name) // the name table was checked at load: a bug, not an input error
	}
	return v
}

func (w *weights) get(name string) *Node {
	return w.cast(w.variable(name).NodeValue(w.graph))
}

// cast takes a stored value to the type of the forward pass. The gradient comes back in the stored type, float32 for
// masters.
func (w *weights) cast(x *Node) *Node {
	if x.DType() == w.compute {
		return x
	}
	return ConvertDType(x, w.compute)
}

// layerInput marks what stands between two layers as worth keeping for the gradient.
func (w *weights) layerInput(x *Node) *Node {
	if !w.checkpointing {
		return x
	}
	return x.Checkpoint()
}

// rows looks up rows of a matrix: index [...] int32 → [..., columns]. Of int8 weights only these rows are widened.
func (w *weights) rows(name string, index *Node) *Node {
	index = ExpandAxes(index, -1)
	v := w.variable(name)
	if v.DType() != dtypes.Int8 {
		return w.cast(Gather(v.NodeValue(w.graph), index))
	}
	scale := Gather(w.variable(name+scaleSuffix).NodeValue(w.graph), index)
	return Mul(ConvertDType(Gather(v.NodeValue(w.graph), index), dtypes.Float32), scale)
}

// linear is the named layer, with the bias and the adapter it has; act at most one activation.
func (w *weights) linear(name string, x *Node, act ...activation.Type) *Node {
	var bias *Node
	if w.store.GetVariable("/"+w.prefix+name+".bias") != nil {
		bias = w.get(name + ".bias")
	}
	if w.adapters == nil || !w.adapters.has(w.prefix+name) {
		return w.dense(name+".weight", x, bias, act...)
	}
	y := Add(w.dense(name+".weight", x, bias), w.adapted(name, x))
	for _, a := range act {
		y = apply(a, y)
	}
	return y
}

// dense is the product with a stored matrix, of whichever type.
func (w *weights) dense(name string, x, bias *Node, act ...activation.Type) *Node {
	if w.variable(name).DType() == dtypes.Int8 {
		return w.denseInt8(name, x, bias, act...)
	}
	return dense(x, w.get(name), bias, act...)
}

// apply is an activation as dense rounds it, so that an adapter of zeros changes no bit. The Go backend's fused kernel
// divides where GoMLX's graph multiplies by the logistic function.
func apply(a activation.Type, x *Node) *Node {
	if a != activation.TypeSwish || x.DType() != dtypes.Float32 || !pureGo(x.Graph().Backend()) {
		return activation.Apply(a, x)
	}
	return Div(x, OnePlus(Exp(Neg(MaxScalar(x, -88))))) // below, the exponential would be infinite and its gradient NaN
}

// dense is PyTorch's Linear: weight [out, in]; bias [out] or nil; act at most one activation.
func dense(x, weight, bias *Node, act ...activation.Type) *Node {
	if x.DType() == dtypes.Float32 {
		return nn.Dense(x, weight, bias, compute.DenseLayoutOutputsInput, act...)
	}
	// The Go backend's fused kernel knows no bfloat16, and of its AVX2 kernels that of small products of 16-bit floats leaves out
	// half of what it should sum (compute v0.1.6): there the product is float32's, rounded as it would be.
	a, b := x, weight
	if pureGo(x.Graph().Backend()) {
		a, b = float32s(x), float32s(weight)
	}
	y := ConvertDType(DotGeneral(a, []int{a.Rank() - 1}, nil, b, []int{1}, nil), x.DType())
	if bias != nil {
		y = Add(y, ExpandLeftToRank(bias, y.Rank()))
	}
	for _, a := range act {
		y = activation.Apply(a, y)
	}
	return y
}

// rmsNorm normalises in float32, casts back, then scales: the order the reference rounds in.
func rmsNorm(x, weight *Node, eps float64) *Node {
	dtype := x.DType()
	f := ConvertDType(x, dtypes.Float32)
	mean := ReduceAndKeep(Square(f), ReduceMean, -1)
	// Reciprocal(Sqrt) rather than Rsqrt: the latter has no gradient.
	f = Mul(f, Reciprocal(Sqrt(AddScalar(mean, eps))))
	return Mul(ConvertDType(f, dtype), ExpandLeftToRank(weight, x.Rank()))
}

// swiGLU is down(silu(gate(x)) * up(x)); the vision tower's has biases, the text tower's none.
func swiGLU(w *weights, x *Node) *Node {
	gate := w.linear("gate_proj", x, activation.TypeSwish) // the field's SiLU
	return w.linear("down_proj", Mul(gate, w.linear("up_proj", x)))
}

// gelu is the exact one: x * Φ(x), in float32.
func gelu(x *Node) *Node {
	f := ConvertDType(x, dtypes.Float32)
	f = Mul(f, MulScalar(OnePlus(Erf(MulScalar(f, math.Sqrt2/2))), 0.5))
	return ConvertDType(f, x.DType())
}

// rotate applies rotary positions in float32, halves paired as in rotate_half. x is [..., seq, dim] of any float type,
// cos and sin [..., seq, dim/2]; the result is float32, which is what attend wants.
func rotate(x, cos, sin *Node) *Node {
	f := ConvertDType(x, dtypes.Float32)
	half := f.Shape().Dim(-1) / 2
	a := SliceAxis(f, -1, AxisRange(0, half))
	b := SliceAxis(f, -1, AxisRange(half))
	return Concatenate([]*Node{Sub(Mul(a, cos), Mul(b, sin)), Add(Mul(b, cos), Mul(a, sin))}, -1)
}

// attend is scaled dot-product attention in float32 over the last two axes: q [b, h, n, dim], k and v [b, h, m, dim].
// mask is nil or a boolean that broadcasts to [b, h, n, m], true where attention is allowed.
func attend(q, k, v, mask *Node) *Node {
	v = ConvertDType(v, dtypes.Float32)
	q = MulScalar(q, 1/math.Sqrt(float64(q.Shape().Dim(-1)))) // fewer values than the scores
	scores := DotGeneral(q, []int{3}, []int{0, 1}, k, []int{3}, []int{0, 1})
	if mask != nil {
		// A finite stand-in for -Inf: a row with no allowed key stays finite, and its result is dropped by the caller.
		mask = BroadcastToShape(mask, scores.Shape())
		scores = Where(mask, scores, Scalar(q.Graph(), scores.DType(), -1e30))
	}
	return DotGeneral(Softmax(scores, -1), []int{3}, []int{0, 1}, v, []int{2}, []int{0, 1})
}
