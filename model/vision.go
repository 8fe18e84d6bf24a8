package model

import (
	"fmt"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
)

// visionInputs are the graph inputs of the vision tower for frames that share one layout.
type visionInputs struct {
	patches             *Node // [frames, patches, channels*temporal*patch²] in window order
	cos, sin            *Node // [patches, headDim/2]
	inverse             *Node // [merged] undoes the window order after the merger
	slots, filled, back *Node // see visionLayout; nil when every window is full
	window              int   // patches in a window
}

// visionTower is Qwen2.5-VL's vision encoder: patch embedding, blocks that attend inside windows (and across the whole
// image in the few listed by fullatt_block_indexes), and the merger to the text width.
// It returns [frames, merged, outHidden]. Frames never see each other.
func visionTower(w *weights, in visionInputs, trace func(name string, x *Node)) *Node {
	c := &w.config.Vision
	frames, patches := in.patches.Shape().Dim(0), in.patches.Shape().Dim(1)

	// The 3-D patch convolution has stride = kernel, so it is one matrix product over the flattened patch.
	kernel := w.get("visual.patch_embed.proj.weight")
	kernel = Reshape(kernel, c.HiddenSize, -1)
	x := dense(ConvertDType(in.patches, kernel.DType()), kernel, nil) // [frames, patches, hidden]
	trace("vision.patch_embed", x)

	cos := Reshape(in.cos, 1, 1, patches, -1)
	sin := Reshape(in.sin, 1, 1, patches, -1)
	for i := range c.Depth {
		x = w.layerInput(x)
		block := w.in(fmt.Sprintf("visual.blocks.%d.", i))
		h := rmsNorm(x, block.get("norm1.weight"), 1e-6)
		x = Add(x, visionAttention(block, c, h, cos, sin, in, slices.Contains(c.FullAttention, i)))
		h = rmsNorm(x, block.get("norm2.weight"), 1e-6)
		x = Add(x, swiGLU(block.in("mlp."), h))
		trace(fmt.Sprintf("vision.block.%d", i), x)
	}

	merger := w.in("visual.merger.")
	x = rmsNorm(x, merger.get("ln_q.weight"), 1e-6)
	unit := c.MergeSize * c.MergeSize
	x = Reshape(x, frames, patches/unit, unit*c.HiddenSize)
	x = merger.linear("mlp.2", gelu(merger.linear("mlp.0", x)))
	trace("vision.merger", x)
	// [merged, frames, out] gathers along its first axis; transposing back is free for one frame.
	x = TransposeAllAxes(Gather(TransposeAllAxes(x, 1, 0, 2), ExpandAxes(in.inverse, -1)), 1, 0, 2)
	trace("vision.out", x)
	return x
}

// visionAttention attends within each window, or within each frame when full. x is [frames, patches, hidden].
// The score matrix is block-diagonal by shape: windows become a batch axis.
func visionAttention(w *weights, c *VisionConfig, x, cos, sin *Node, in visionInputs, full bool) *Node {
	frames, patches := x.Shape().Dim(0), x.Shape().Dim(1)
	headDim := c.HiddenSize / c.Heads
	qkv := w.linear("attn.qkv", x) // [frames, patches, 3*hidden]
	qkv = Reshape(qkv, frames, patches, 3, c.Heads, headDim)
	qkv = TransposeAllAxes(qkv, 2, 0, 3, 1, 4) // [3, frames, heads, patches, headDim]
	part := func(i int) *Node { return Squeeze(Slice(qkv, AxisElem(i)), 0) }
	q, k, v := rotate(part(0), cos, sin), rotate(part(1), cos, sin), part(2)

	var out *Node // [frames, heads, patches, headDim]
	switch {
	case full || in.window == patches:
		out = attend(q, k, v, nil)
	case in.slots == nil:
		// [frames, heads, windows, window, headDim] → windows join the batch.
		split := func(t *Node) *Node { return Reshape(t, frames*c.Heads, patches/in.window, in.window, headDim) }
		out = Reshape(attend(split(q), split(k), split(v), nil), frames, c.Heads, patches, headDim)
	default:
		slots := in.slots.Shape().Dim(0)
		split := func(t *Node) *Node {
			return Reshape(gatherRows(t, in.slots), frames*c.Heads, slots/in.window, in.window, headDim)
		}
		keys := Reshape(in.filled, 1, slots/in.window, 1, in.window)
		out = Reshape(attend(split(q), split(k), split(v), keys), frames, c.Heads, slots, headDim)
		out = gatherRows(out, in.back)
	}
	out = Reshape(TransposeAllAxes(out, 0, 2, 1, 3), frames, patches, c.HiddenSize)
	return w.linear("attn.proj", ConvertDType(out, x.DType()))
}

// gatherRows picks rows of the third axis: [frames, heads, rows, dim] → [frames, heads, len(index), dim].
func gatherRows(x, index *Node) *Node {
	x = TransposeAllAxes(x, 2, 0, 1, 3)
	return TransposeAllAxes(Gather(x, ExpandAxes(index, -1)), 1, 2, 0, 3)
}
