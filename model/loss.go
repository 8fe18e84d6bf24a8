package model

import (
	"fmt"
	"maps"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/egotsr/egotsr/vision"
)

// Example is one training sequence: prompt and target together. Tokens from Target on are supervised, and every one of
// them counts Weight in the loss. The loss is a sum: a weight of 1/(all supervised tokens) makes it their mean, over as
// many batches as share a step.
type Example struct {
	IDs    []int32
	Frames []*vision.Patches // in order of their placeholders; shared pointers are encoded once a batch
	Target int
	Weight float32
}

// Batch is examples laid out for one run of the graphs of a [Training].
type Batch struct {
	args []any // the inputs of lossGraph
}

// NewBatch lays examples out in batch rows: rows beyond the examples are empty and cost no new graph where an example is
// missing. Every distinct frame runs through the vision tower once. It is host work, which may be done while the model
// computes.
func (m *Model) NewBatch(examples []Example, batch int) (*Batch, error) {
	prompts := make([]Prompt, len(examples))
	stand := map[*vision.Patches]*Features{} // stands for the features that the graph itself will compute
	groups := map[vision.Grid][]*vision.Patches{}
	for i, e := range examples {
		prompts[i].IDs = e.IDs
		if e.Target < 1 || e.Target >= len(e.IDs) {
			return nil, fmt.Errorf("example %d: target starts at token %d of %d", i, e.Target, len(e.IDs))
		}
		for _, p := range e.Frames {
			if stand[p] == nil {
				if err := m.checkPatches(p); err != nil {
					return nil, fmt.Errorf("example %d: %w", i, err)
				}
				stand[p] = &Features{Grid: p.Grid}
				groups[p.Grid] = append(groups[p.Grid], p)
			}
			prompts[i].Images = append(prompts[i].Images, stand[p])
		}
	}
	first := map[*Features]int{}
	rows := 0
	var visual []any
	for _, grid := range slices.SortedFunc(maps.Keys(groups), compareGrids) {
		frames := groups[grid]
		for _, p := range frames {
			first[stand[p]] = rows
			rows += grid.Tokens(m.Config.Vision.MergeSize)
		}
		padded := m.evenly(bucketFrames(len(frames)))
		rows += (padded - len(frames)) * grid.Tokens(m.Config.Vision.MergeSize)
		layout := m.Config.Vision.layout(grid)
		visual = append(visual, m.packPatches(layout, frames, padded))
		visual = append(visual, layout.args()...)
	}
	b, err := m.Config.layoutText(prompts, first, m.evenly(max(batch, len(prompts))), TrainedLength)
	if err != nil {
		return nil, err
	}
	args := append(m.labels(examples, b.seq), b.args()...)
	if rows > 0 {
		args = append(args, tensors.FromFlatDataAndDimensions(b.pick, b.batch, b.seq))
	}
	return &Batch{append(args, visual...)}, nil
}

// TrainedLength is the length that training sequences of n tokens are padded to. A graph with gradients takes ten times as long to
// compile as one without, so there are half as many lengths as [PaddedLength] has.
func TrainedLength(n int) int { return 2 * PaddedLength((n+1)/2) }

// labels lists the supervised positions: the row whose hidden state predicts, the token to predict, and its weight, all
// [targets]; padding up to the bucketed length has weight 0.
func (m *Model) labels(examples []Example, seqLen int) []any {
	var rows, ids []int32
	var weight []float32
	for i, e := range examples {
		for j := e.Target; j < len(e.IDs); j++ {
			rows, ids, weight = append(rows, int32(i*seqLen+j-1)), append(ids, e.IDs[j]), append(weight, e.Weight)
		}
	}
	n := m.evenly(max(64, bucketBatch(len(rows))))
	rows = append(rows, make([]int32, n-len(rows))...)
	ids = append(ids, make([]int32, n-len(ids))...)
	weight = append(weight, make([]float32, n-len(weight))...)
	return []any{
		tensors.FromFlatDataAndDimensions(rows, n),
		tensors.FromFlatDataAndDimensions(ids, n),
		tensors.FromFlatDataAndDimensions(weight, n),
	}
}

// splitLoss tells the inputs of lossGraph that hold an example, a target or a frame a row: all but the frames' layouts.
func splitLoss(input int) bool { return input < 8 || (input-8)%visionInputCount == 0 }

// lossGraph is the weighted sum of the cross-entropies of the batch's target tokens, from the inputs NewBatch makes. Only
// target rows meet the head. With checkpointing, the gradient computes every layer's activations a second time rather
// than keep them. noise is [2] uint32, from which the adapters' dropout is drawn: equal noise, equal masks. It is nil where
// there is none.
func (m *Model) lossGraph(in []*Node, noise *Node, checkpointing bool) *Node {
	g := in[0].Graph()
	w := m.weights(g)
	w.checkpointing = checkpointing
	if noise != nil && m.adapters != nil {
		w.noise = &dropout{noise: noise, share: m.adapters.Dropout}
	}
	rows, ids, weight := in[0], in[1], in[2]
	t := textInputs{ids: in[3], cos: in[4], sin: in[5]}
	if len(in) > 7 {
		t.pick = in[7]
		var features []*Node
		for frames := in[8:]; len(frames) > 0; frames = frames[visionInputCount:] {
			x := visionTower(w, visionNodes(frames[:visionInputCount]), noTrace)
			features = append(features, Reshape(x, -1, m.Config.HiddenSize))
		}
		t.visual = Concatenate(features, 0)
	}
	x, _ := textTower(w, t, nil, noTrace)
	x = Gather(Reshape(x, -1, m.Config.HiddenSize), ExpandAxes(rows, -1)) // [targets, hidden]
	scores := logits(w, x)
	peak := StopGradient(ReduceAndKeep(scores, ReduceMax, -1))
	total := Add(Log(ReduceSum(Exp(Sub(scores, peak)), -1)), Squeeze(peak, -1))
	picked := Gather(scores, Stack([]*Node{Iota(g, ids.Shape(), 0), ids}, -1))
	return ReduceAllSum(Mul(Sub(total, picked), weight))
}

func compareGrids(a, b vision.Grid) int {
	return slices.Compare([]int{a.T, a.H, a.W}, []int{b.T, b.H, b.W})
}
