package model

import (
	"context"
	"fmt"
	"slices"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/egotsr/egotsr/vision"
)

// Features are the merged vision features of one frame, as the decoder takes them: Values is [tokens, hidden].
// They are read-only and may be shared by any number of prompts.
type Features struct {
	Grid   vision.Grid
	Values []float32
}

// maxFrames is how many frames one run of the vision tower takes on one device.
const maxFrames = 8

// Encode runs the vision tower over frames of any sizes; frames of one size share runs. The result keeps their order.
func (m *Model) Encode(ctx context.Context, frames []*vision.Patches) ([]*Features, error) {
	out := make([]*Features, len(frames))
	groups := map[vision.Grid][]int{}
	var grids []vision.Grid // in order of appearance, so that a run is repeatable
	for i, f := range frames {
		if err := m.checkPatches(f); err != nil {
			return nil, fmt.Errorf("frame %d: %w", i, err)
		}
		if groups[f.Grid] == nil {
			grids = append(grids, f.Grid)
		}
		groups[f.Grid] = append(groups[f.Grid], i)
	}
	for _, grid := range grids {
		layout := m.Config.Vision.layout(grid)
		for members := range slices.Chunk(groups[grid], maxFrames*m.Devices()) {
			if err := m.inParts(len(members), func(from, to int) error {
				return m.encode(ctx, layout, frames, members[from:to], out)
			}); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func (m *Model) checkPatches(p *vision.Patches) error {
	c := &m.Config.Vision
	g := p.Grid
	if g.T != 1 || g.H <= 0 || g.W <= 0 || g.H%c.MergeSize != 0 || g.W%c.MergeSize != 0 {
		return fmt.Errorf("grid %v is not a still image of %dx%d patch groups", g, c.MergeSize, c.MergeSize)
	}
	if want := g.H * g.W * c.patchValues(); len(p.Values) != want {
		return fmt.Errorf("grid %v needs %d values, got %d", g, want, len(p.Values))
	}
	return nil
}

// patchValues is the length of one flattened patch: channels x temporal x patch².
func (c *VisionConfig) patchValues() int {
	return c.InChannels * c.TemporalPatch * c.PatchSize * c.PatchSize
}

// encode runs the frames with the given indices, all of one grid, and stores their features in out.
func (m *Model) encode(ctx context.Context, l *visionLayout, frames []*vision.Patches, members []int, out []*Features) error {
	batch := m.evenly(bucketBatch(len(members)))
	chosen := make([]*vision.Patches, len(members))
	for b, i := range members {
		chosen[b] = frames[i]
	}
	args := append([]any{m.packPatches(l, chosen, batch)}, l.args()...)
	res, err := m.run(ctx, &m.vision, args...)
	if err != nil {
		return err
	}
	all, err := takeFloats(res[0])
	if err != nil {
		return err
	}
	size := len(all) / batch
	for b, i := range members {
		out[i] = &Features{Grid: chosen[b].Grid, Values: all[b*size : (b+1)*size : (b+1)*size]}
	}
	return nil
}

// packPatches puts the frames' patches into window order: [batch, patches, values]; rows past the frames stay zero.
func (m *Model) packPatches(l *visionLayout, frames []*vision.Patches, batch int) *tensors.Tensor {
	patches, values := len(l.order), m.Config.Vision.patchValues()
	flat := make([]float32, batch*patches*values)
	for b, f := range frames {
		for row, p := range l.order {
			copy(flat[(b*patches+row)*values:][:values], f.Values[int(p)*values:])
		}
	}
	return tensors.FromFlatDataAndDimensions(flat, batch, patches, values)
}

// visionInputCount is how many inputs one group of frames of one grid takes: its patches and its layout.
const visionInputCount = 8

// args are the layout's graph inputs, in the order visionNodes takes them after the patches.
func (l *visionLayout) args() []any {
	n := len(l.order)
	args := []any{
		tensors.FromFlatDataAndDimensions(l.cos, n, len(l.cos)/n),
		tensors.FromFlatDataAndDimensions(l.sin, n, len(l.sin)/n),
		tensors.FromFlatDataAndDimensions(l.inverse, len(l.inverse)),
		// The window's length travels as a shape, so that it takes part in choosing the compiled graph.
		tensors.FromFlatDataAndDimensions(make([]bool, l.window), l.window),
	}
	if l.slots == nil { // one element stands for none: GoMLX has no empty inputs
		return append(args, []int32{0}, []bool{true}, []int32{0})
	}
	return append(args,
		tensors.FromFlatDataAndDimensions(l.slots, len(l.slots)),
		tensors.FromFlatDataAndDimensions(l.filled, len(l.filled)),
		tensors.FromFlatDataAndDimensions(l.back, len(l.back)))
}

// splitFrames tells the input of the vision graph that holds one frame a row.
func splitFrames(input int) bool { return input == 0 }

// visionNodes is args seen from inside a graph, with the patches before them.
func visionNodes(in []*graph.Node) visionInputs {
	v := visionInputs{patches: in[0], cos: in[1], sin: in[2], inverse: in[3], window: in[4].Shape().Dim(0)}
	if in[5].Shape().Dim(0) > 1 {
		v.slots, v.filled, v.back = in[5], in[6], in[7]
	}
	return v
}

func (m *Model) visionGraph(g *graph.Graph, in []*graph.Node) []*graph.Node {
	x := visionTower(m.weights(g), visionNodes(in), noTrace)
	return []*graph.Node{float32s(x)}
}
