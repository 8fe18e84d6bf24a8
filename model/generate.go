package model

import (
	"context"
	"fmt"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Generate continues a prompt greedily for at most limit tokens. It ends at one of the checkpoint's end-of-turn tokens,
// which is not returned, or as soon as stop (may be nil) says so of the tokens so far, which are.
func (m *Model) Generate(ctx context.Context, p Prompt, limit int, stop func(ids []int32) bool) ([]int32, error) {
	return m.GenerateBy(ctx, p, limit, stop, func(logits []float32) (int32, bool) {
		next := argmax(logits)
		return next, !slices.Contains(m.Config.EOS, next)
	})
}

// GenerateBy is Generate with each token chosen by the caller from its logits, [vocabulary]. It also ends where choose
// says false.
func (m *Model) GenerateBy(ctx context.Context, p Prompt, limit int, stop func(ids []int32) bool, choose func(logits []float32) (next int32, goOn bool)) ([]int32, error) {
	b, err := m.layoutText([]Prompt{p}, 1, PaddedLength)
	if err != nil {
		return nil, err
	}
	if room := m.Config.MaxPositions - len(p.IDs); limit > room {
		limit = room
	}
	// The cache's length travels as a shape: prompt and answer together, bucketed.
	slots := tensors.FromShape(shapes.Make(dtypes.Bool, PaddedLength(b.seq+limit)))
	res, err := m.run(ctx, &m.prefill, append([]any{slots}, b.args()...)...)
	var ids []int32
	for err == nil && len(ids) < limit {
		var scores []float32
		if scores, err = takeFloats(res[0]); err != nil {
			break
		}
		next, goOn := choose(scores[:m.Config.VocabSize]) // padding rows of the vocabulary are never chosen
		if !goOn {
			break
		}
		ids = append(ids, next)
		if len(ids) == limit || stop != nil && stop(ids) {
			break
		}
		at := len(p.IDs) + len(ids) - 1
		res, err = m.run(ctx, &m.decode, m.decodeArgs(next, at, b.next[0]+int32(len(ids))-1, res[1:])...)
	}
	for _, t := range res {
		t.FinalizeAll()
	}
	return ids, err
}

// decodeArgs feeds back one token, to be written at cache slot at, with M-RoPE position pos on all three axes.
func (m *Model) decodeArgs(token int32, at int, pos int32, caches []*tensors.Tensor) []any {
	half := m.Config.HeadDim / 2
	cos, sin := make([]float32, half), make([]float32, half)
	m.Config.rotary([][3]int32{{pos, pos, pos}}, cos, sin)
	args := []any{
		tensors.FromFlatDataAndDimensions([]int32{token}, 1, 1),
		tensors.FromFlatDataAndDimensions(cos, 1, 1, half),
		tensors.FromFlatDataAndDimensions(sin, 1, 1, half),
		tensors.FromFlatDataAndDimensions([]int32{int32(at)}, 1),
	}
	for _, t := range caches {
		args = append(args, t) // run frees its arguments: each step's cache replaces the one before
	}
	return args
}

// prefillGraph returns the logits after the prompt, then each layer's keys and values padded to the cache's length.
func (m *Model) prefillGraph(g *Graph, in []*Node) []*Node {
	slots := in[0].Shape().Dim(0)
	t, last := textNodes(in[1:])
	w := m.weights(g)
	x, caches := textTower(w, t, last, noTrace)
	out := []*Node{logits(w, Squeeze(x, 1))}
	for _, c := range caches {
		for _, kv := range []*Node{c.key, c.value} {
			zero := ScalarZero(g, kv.DType())
			grow := PadAxis{End: slots - kv.Shape().Dim(2)}
			out = append(out, Pad(kv, zero, PadAxis{}, PadAxis{}, grow, PadAxis{}))
		}
	}
	return out
}

// decodeGraph runs one token through the decoder: inputs as decodeArgs, outputs as prefillGraph.
func (m *Model) decodeGraph(g *Graph, in []*Node) []*Node {
	w := m.weights(g)
	c := w.config
	ids, at := in[0], in[3]
	cos, sin := ExpandAxes(in[1], 1), ExpandAxes(in[2], 1)
	slots := in[4].Shape().Dim(2)
	slot := Iota(g, shapes.Make(dtypes.Int32, 1, 1, 1, slots), -1)
	here := BroadcastToShape(Reshape(at, 1, 1, 1, 1), slot.Shape())
	seen := LessOrEqual(slot, here)
	// Where rather than DynamicUpdateSlice: the Go backend has no such op.
	write := Reshape(Equal(slot, here), 1, 1, slots, 1)

	x := w.rows("model.embed_tokens.weight", ids) // [1, 1, hidden]
	var out []*Node
	for i := range c.Layers {
		layer := w.in(fmt.Sprintf("model.layers.%d.", i))
		h := rmsNorm(x, layer.get("input_layernorm.weight"), c.RMSNormEps)
		q, k, v := project(layer.in("self_attn."), c, h)
		put := func(cache, new *Node) *Node {
			return Where(BroadcastToShape(write, cache.Shape()), BroadcastToShape(float32s(new), cache.Shape()), cache)
		}
		key, value := put(in[4+2*i], rotate(k, cos, sin)), put(in[5+2*i], v)
		x = Add(x, attendGrouped(layer, c, rotate(q, cos, sin), key, value, seen, x.DType()))
		h = rmsNorm(x, layer.get("post_attention_layernorm.weight"), c.RMSNormEps)
		x = Add(x, swiGLU(layer.in("mlp."), h))
		out = append(out, key, value)
	}
	return append([]*Node{logits(w, Reshape(x, 1, c.HiddenSize))}, out...)
}

// argmax is the first of the largest.
func argmax(values []float32) int32 {
	best := 0
	for i, v := range values {
		if v > values[best] {
			best = i
		}
	}
	return int32(best)
}
