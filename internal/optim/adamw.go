// Package optim is the optimiser: AdamW as torch computes it, on float32 masters, with the global gradient norm clipped.
package optim

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// AdamW holds the constants of Loshchilov & Hutter's AdamW (arXiv 1711.05101) in torch's parametrisation.
type AdamW struct {
	Beta1, Beta2, Epsilon float64
	WeightDecay           float64 // times the learning rate, on parameters whose Decay is set
	MaxNorm               float64 // global gradient norm above which all gradients shrink; 0 = never
}

// Default has torch's constants, the reference's weight decay of 0.01 and its gradient norm of 0.3.
var Default = AdamW{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, WeightDecay: 0.01, MaxNorm: 0.3}

// Param is one trained variable. Its variable is float32: the master, whatever type the forward pass casts it to.
type Param struct {
	Variable *model.Variable
	Decay    bool
}

// Hyper gives the scalars of step n (from 1) as Update's hyper input takes them: the learning rate, 1/(1-beta1^n) and
// 1/sqrt(1-beta2^n), worked out in float64.
func (o AdamW) Hyper(n int, lr float64) []float32 {
	return []float32{
		float32(lr),
		float32(1 / (1 - math.Pow(o.Beta1, float64(n)))),
		float32(1 / math.Sqrt(1-math.Pow(o.Beta2, float64(n)))),
	}
}

// Update adds one optimiser step to the graph: it sets every parameter and its two moments, and returns the gradients'
// global norm before clipping. A norm that is not finite changes nothing. hyper is [3] float32, see Hyper.
func (o AdamW) Update(params []Param, grads []*Node, hyper *Node) (norm *Node) {
	g := hyper.Graph()
	scalar := func(i int) *Node { return Reshape(Slice(hyper, AxisElem(i))) }
	lr, correct1, correct2 := scalar(0), scalar(1), scalar(2)
	norm = GlobalNorm(grads)
	clip := ScalarOne(g, dtypes.Float32)
	if o.MaxNorm > 0 {
		clip = Min(clip, Div(Scalar(g, dtypes.Float32, o.MaxNorm), AddScalar(norm, 1e-6)))
	}
	store := model.GetStore(g)
	finite := IsFinite(norm)
	unless := func(now, before *Node) *Node { return Where(finite, now, before) }
	for i, p := range params {
		grad := Mul(ConvertDType(grads[i], dtypes.Float32), clip)
		value := p.Variable.NodeValue(g)
		m, v := Moment(store, FirstMoment, p.Variable), Moment(store, SecondMoment, p.Variable)
		mean := Add(MulScalar(m.NodeValue(g), o.Beta1), MulScalar(grad, 1-o.Beta1))
		square := Add(MulScalar(v.NodeValue(g), o.Beta2), MulScalar(Square(grad), 1-o.Beta2))
		before := value
		if p.Decay && o.WeightDecay > 0 {
			value = Sub(value, Mul(value, MulScalar(lr, o.WeightDecay)))
		}
		step := Div(mean, AddScalar(Mul(Sqrt(square), correct2), o.Epsilon))
		p.Variable.SetNodeValue(unless(Sub(value, Mul(step, Mul(lr, correct1))), before))
		m.SetNodeValue(unless(mean, m.NodeValue(g)))
		v.SetNodeValue(unless(square, v.NodeValue(g)))
	}
	return norm
}

// GlobalNorm is the Euclidean norm of all gradients together. Each is first reduced along its last axis by itself:
// summing half a million squares in one float32 run loses four digits on the Go backend.
func GlobalNorm(grads []*Node) *Node {
	var sum *Node
	for _, grad := range grads {
		s := Square(ConvertDType(grad, dtypes.Float32))
		for s.Rank() > 0 {
			s = ReduceSum(s, -1)
		}
		if sum == nil {
			sum = s
		} else {
			sum = Add(sum, s)
		}
	}
	return Sqrt(sum)
}

// Where the store keeps a parameter's running mean and uncentred variance of its gradient: the prefix, then its path.
const (
	FirstMoment  = "/adamw/m"
	SecondMoment = "/adamw/v"
)

// Moment is the variable under one of those prefixes, zero at first.
func Moment(store *model.Store, prefix string, p *model.Variable) *model.Variable {
	if v := store.GetVariable(prefix + p.Path()); v != nil {
		return v
	}
	v := store.VariableWithValue(prefix+p.Path(), tensors.FromShape(shapes.Make(dtypes.Float32, p.Shape().Dimensions...)))
	v.Trainable = false
	if err := v.SetShardingSpec(p.ShardingSpec()); err != nil { // each device keeps the part it has of the parameter
		panic(err) // only a value that lies on devices already cannot take one
	}
	return v
}
