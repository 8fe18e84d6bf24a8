package model

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// textInputs are the graph inputs of the decoder for a batch of prompts, padded on the right (or the left, with start).
type textInputs struct {
	ids      *Node // [batch, seq] int32
	visual   *Node // [rows, hidden] float32: merged vision features of all frames in the batch; nil for text only
	pick     *Node // [batch, seq] int32: row of visual for image tokens, -1 for text
	cos, sin *Node // [batch, seq, headDim/2] float32
	start    *Node // [batch] int32: tokens of left padding; nil when there is none

	past       []layerCache // of what the prompts follow: keys and values [batch, kvHeads, slots, headDim] of each layer; nil = nothing
	pastLength *Node        // [batch] int32: how many of the slots are filled
}

// embed looks up token embeddings and puts the vision features in the places of the image placeholders.
func embed(w *weights, in textInputs) *Node {
	x := w.rows("model.embed_tokens.weight", in.ids) // [batch, seq, hidden]
	if in.visual == nil {
		return x
	}
	image := GreaterOrEqual(in.pick, Scalar(w.graph, dtypes.Int32, 0))
	features := Gather(in.visual, ExpandAxes(MaxScalar(in.pick, 0), -1))
	return Where(BroadcastToShape(ExpandAxes(image, -1), x.Shape()), ConvertDType(features, x.DType()), x)
}

// layerCache is what one decoder layer keeps of the past: keys and values [batch, kvHeads, seq, headDim], float32.
type layerCache struct{ key, value *Node }

// textTower runs the decoder layers and returns the residual stream [batch, seq, hidden] before the last norm, and every
// layer's keys and values. With only ([batch] int32), the caller wants that one position of each prompt: the last layer
// then computes no other queries and the result is [batch, 1, hidden].
func textTower(w *weights, in textInputs, only *Node, trace func(name string, x *Node)) (*Node, []layerCache) {
	c := w.config
	x := embed(w, in)
	trace("text.embed", x)
	seqLen := x.Shape().Dim(1)
	mask := in.afterPast(causal(w.graph, seqLen, in.start))
	cos, sin := ExpandAxes(in.cos, 1), ExpandAxes(in.sin, 1) // [batch, 1, seq, headDim/2]
	caches := make([]layerCache, c.Layers)
	for i := range c.Layers {
		x = w.layerInput(x)
		layer := w.in(fmt.Sprintf("model.layers.%d.", i))
		h := rmsNorm(x, layer.get("input_layernorm.weight"), c.RMSNormEps)
		q, k, v := project(layer.in("self_attn."), c, h)
		q, k = rotate(q, cos, sin), rotate(k, cos, sin)
		v = ConvertDType(v, dtypes.Float32)
		caches[i] = layerCache{k, v}
		if in.past != nil {
			k, v = Concatenate([]*Node{in.past[i].key, k}, 2), Concatenate([]*Node{in.past[i].value, v}, 2)
		}
		if only != nil && i == c.Layers-1 {
			x = ExpandAxes(rowAt(x, only), 1)
			q = ExpandAxes(rowAt(TransposeAllAxes(q, 0, 2, 1, 3), only), 2) // [batch, heads, 1, headDim]
			mask = in.afterPast(seenBy(only, in.start, seqLen))
		}
		x = Add(x, attendGrouped(layer, c, q, k, v, mask, x.DType()))
		h = rmsNorm(x, layer.get("post_attention_layernorm.weight"), c.RMSNormEps)
		x = Add(x, swiGLU(layer.in("mlp."), h))
		trace(fmt.Sprintf("text.layer.%d", i), x)
	}
	return x, caches
}

// project computes queries [batch, heads, seq, headDim] and keys and values [batch, kvHeads, seq, headDim].
func project(w *weights, c *Config, x *Node) (q, k, v *Node) {
	batch, seqLen := x.Shape().Dim(0), x.Shape().Dim(1)
	split := func(name string, heads int) *Node {
		return TransposeAllAxes(Reshape(w.linear(name, x), batch, seqLen, heads, c.HeadDim), 0, 2, 1, 3)
	}
	return split("q_proj", c.Heads), split("k_proj", c.KVHeads), split("v_proj", c.KVHeads)
}

// attendGrouped is grouped-query attention: the queries that share a key head are stacked along the sequence axis, so
// that keys are never repeated. mask is [batch or 1, 1, queries, keys].
func attendGrouped(layer *weights, c *Config, q, k, v, mask *Node, dtype dtypes.DType) *Node {
	batch, seqLen := q.Shape().Dim(0), q.Shape().Dim(2)
	group := c.Heads / c.KVHeads
	q = Reshape(q, batch, c.KVHeads, group*seqLen, c.HeadDim)
	if mask != nil && group > 1 {
		dims := mask.Shape().Dimensions
		mask = Reshape(BroadcastToDims(ExpandAxes(mask, 2), dims[0], 1, group, dims[2], dims[3]), dims[0], 1, group*dims[2], dims[3])
	}
	out := attend(q, k, v, mask)
	out = Reshape(out, batch, c.Heads, seqLen, c.HeadDim)
	out = Reshape(TransposeAllAxes(out, 0, 2, 1, 3), batch, seqLen, c.Heads*c.HeadDim)
	return layer.linear("self_attn.o_proj", ConvertDType(out, dtype))
}

// causal is the mask [batch or 1, 1, seq, seq] that lets a token see itself and what came before, but no left padding.
func causal(g *Graph, seqLen int, start *Node) *Node {
	mask := Reshape(LowerTriangular(g, seqLen), 1, 1, seqLen, seqLen)
	if start == nil {
		return mask // right padding comes after every real token: causality already hides it
	}
	batch := start.Shape().Dim(0)
	key := Iota(g, shapes.Make(dtypes.Int32, batch, 1, 1, seqLen), -1)
	real := GreaterOrEqual(key, BroadcastToShape(Reshape(start, batch, 1, 1, 1), key.Shape()))
	full := shapes.Make(dtypes.Bool, batch, 1, seqLen, seqLen)
	return LogicalAnd(BroadcastToShape(mask, full), BroadcastToShape(real, full))
}

// afterPast widens a mask [batch or 1, 1, queries, seq] to [batch, 1, queries, slots+seq]: every token sees all of what its prompt follows.
func (in *textInputs) afterPast(mask *Node) *Node {
	if in.past == nil {
		return mask
	}
	batch, slots, queries := in.pastLength.Shape().Dim(0), in.past[0].key.Shape().Dim(2), mask.Shape().Dim(2)
	slot := Iota(mask.Graph(), shapes.Make(dtypes.Int32, batch, 1, queries, slots), -1)
	filled := LessThan(slot, BroadcastToShape(Reshape(in.pastLength, batch, 1, 1, 1), slot.Shape()))
	return Concatenate([]*Node{filled, BroadcastToDims(mask, batch, 1, queries, mask.Shape().Dim(3))}, -1)
}

// seenBy is the row of the causal mask that belongs to one position of each prompt: [batch, 1, 1, seq].
func seenBy(at, start *Node, seqLen int) *Node {
	key := Iota(at.Graph(), shapes.Make(dtypes.Int32, at.Shape().Dim(0), 1, 1, seqLen), -1)
	bound := func(x *Node) *Node { return BroadcastToShape(Reshape(x, -1, 1, 1, 1), key.Shape()) }
	seen := LessOrEqual(key, bound(at))
	if start != nil {
		seen = LogicalAnd(seen, GreaterOrEqual(key, bound(start)))
	}
	return seen
}

// logits applies the last norm and the head to hidden states [rows, hidden]: [rows, vocabulary] float32.
func logits(w *weights, hidden *Node) *Node {
	hidden = rmsNorm(w.layerInput(hidden), w.get("model.norm.weight"), w.config.RMSNormEps)
	return float32s(w.dense(w.config.headName(), hidden, nil))
}
