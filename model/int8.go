package model

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/layers/activation"
)

// shortRows is from how many rows on bfloat16 products are worth widening int8 weights for.
const shortRows = 32

// denseInt8 is dense with a matrix of int8: x is multiplied with the whole numbers, and each output with its row's scale, so the weights
// are widened without arithmetic. Both bfloat16 and float32 hold all of int8, so what is rounded is the activations at most: to bfloat16,
// where the machine multiplies those faster; sums are float32's.
//
// Neither backend multiplies int8 itself at any speed: the Go backend's quantised kernels are scalar (compute v0.1.6, and whoever is not in
// its module can register no other), XLA's product of int8 on the CPU takes 1.4 times as long as float32's.
func (w *weights) denseInt8(name string, x, bias *Node, act ...activation.Type) *Node {
	whole, scale := w.variable(name).NodeValue(w.graph), w.variable(name+scaleSuffix).NodeValue(w.graph) // [out, in], [out, 1]
	dims := x.Shape().Dimensions
	out, rows := whole.Shape().Dim(0), x.Shape().Size()/dims[len(dims)-1]
	flat := Reshape(x, rows, -1)
	if rows == 1 && !pureGo(x.Graph().Backend()) {
		flat = Concatenate([]*Node{flat, flat}, 0) // XLA's product with one row reads widened weights five times as slowly
	}
	var y *Node
	if w.shortProducts && rows >= shortRows {
		short := Dot(ConvertDType(flat, dtypes.BFloat16), ConvertDType(whole, dtypes.BFloat16))
		y = short.WithAccumulatorDType(dtypes.Float32).WithOutputDType(dtypes.Float32).General([]int{1}, nil, []int{1}, nil)
	} else {
		y = DotGeneral(flat, []int{1}, nil, float32s(whole), []int{1}, nil)
	}
	y = Mul(SliceAxis(y, 0, AxisRange(0, rows)), Reshape(scale, 1, out))
	if bias != nil {
		y = Add(y, Reshape(bias, 1, out))
	}
	y = Reshape(y, append(dims[:len(dims)-1:len(dims)-1], out)...)
	for _, a := range act {
		y = activation.Apply(a, y)
	}
	return y
}
