package egotsr

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"image"
	"slices"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/ask"
	"github.com/egotsr/egotsr/model"
)

// Progress places every frame of one task on [0,1], 0 for the frame farthest from completion and 1 for the nearest, by
// comparing the frames with each other: all pairs of up to 16 frames, beyond that about six comparisons a frame, each
// in both orders. The frames may come in any order, and putting them in another puts the result in that order.
//
// Each comparison of frames i and j gives log-odds d that i is closer to completion. The scores s minimise
//
//	Σ (s_i - s_j - d_ij)²
//
// which is the Bradley–Terry model, P(i before j) = σ(s_i - s_j), fitted to log-odds instead of to counts of wins (Bradley
// and Terry, Biometrika 1952; Jiang, Lim, Yao and Ye, "Statistical ranking and combinatorial Hodge theory", 2011); then
// an affine map takes the lowest to 0 and the highest to 1. So the scale belongs to these frames: a curve tells order and
// pace within them, not how much of the task is left. Where the model sees no difference, as for one frame, all are 0.5.
//
// Each distinct frame is encoded once. Features of all frames are held until the end: see Options.FrameCache for their
// size. A frame that cannot be read gives an *InputError that names it, "frame 3"; no frames give no result and no error.
func (m *Model) Progress(ctx context.Context, task string, frames []image.Image) ([]float64, error) {
	if err := m.enter(); err != nil {
		return nil, err
	}
	defer m.calls.Done()
	if err := checkText("task", task, maxTask); err != nil {
		return nil, err
	}
	distinct, of, err := m.distinct(ctx, frames)
	if err != nil {
		return nil, err
	}
	features, err := m.features(ctx, distinct)
	if err != nil {
		return nil, failed("", err)
	}
	edges := comparisons(len(frames))
	odds, err := m.compare(ctx, task, features, edges, of)
	if err != nil {
		return nil, failed("", err)
	}
	return unitRange(fit(len(frames), edges, odds)), nil
}

// distinct lists the different frames in the order of their hashes, and for each frame given its index there. That
// order is what makes the result follow the frames exactly when they are rearranged: every batch stays the same.
func (m *Model) distinct(ctx context.Context, images []image.Image) (frames []*frame, of []int, err error) {
	all := make([]*frame, len(images))
	for i, img := range images {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		if all[i], err = m.prepare(fmt.Sprintf("frame %d", i), img); err != nil {
			return nil, nil, err
		}
	}
	byHash := func(a, b *frame) int { return bytes.Compare(a.hash[:], b.hash[:]) }
	frames = slices.SortedFunc(slices.Values(all), byHash)
	frames = slices.CompactFunc(frames, func(a, b *frame) bool { return a.hash == b.hash })
	of = make([]int, len(all))
	for i, f := range all {
		of[i], _ = slices.BinarySearchFunc(frames, f, byHash)
	}
	return frames, of, nil
}

// edge is a comparison of frames i and j.
type edge struct{ i, j int }

// comparisons chooses the pairs to ask: all of them for few frames, else every frame with its neighbours, with frames
// an eighth, a quarter and three eighths of the sequence away on either side, round its end, and with the first and
// the last. That is at most 6 pairs a frame, it holds together even if one distance is hard to judge, and it is the same set for
// the sequence reversed.
func comparisons(n int) []edge {
	var edges []edge
	if n <= 16 {
		for i := range n {
			for j := i + 1; j < n; j++ {
				edges = append(edges, edge{i, j})
			}
		}
		return edges
	}
	seen := map[edge]bool{}
	add := func(i, j int) {
		if e := (edge{min(i, j), max(i, j)}); i != j && !seen[e] {
			seen[e] = true
			edges = append(edges, e)
		}
	}
	for i := range n {
		for _, away := range []int{1, n / 8, n / 4, 3 * n / 8} {
			add(i, (i+away)%n)
		}
		add(0, i)
		add(i, n-1)
	}
	return edges
}

// compare gives, for every edge, the log-odds that frame i is closer to completion than j: the mean of both orders asked,
// each of which alone would carry the model's preference for a position. Equal pairs are asked once, equal frames not at all.
// What shows one frame first is asked together, so that it is computed once for all of that.
func (m *Model) compare(ctx context.Context, task string, features []*model.Features, edges []edge, of []int) ([]float64, error) {
	var shown []edge // which frame first, which second
	for _, e := range edges {
		if i, j := of[e.i], of[e.j]; i != j {
			shown = append(shown, edge{i, j}, edge{j, i})
		}
	}
	slices.SortFunc(shown, func(a, b edge) int { return cmp.Or(a.i-b.i, a.j-b.j) })
	shown = slices.Compact(shown)
	known := make(map[edge]float64, len(shown))
	text := dataset.Long.Text(task)
	for group := range slices.Chunk(shown, 2*m.maxBatch) {
		pairs := make([]ask.Pair, len(group))
		for k, e := range group {
			pairs[k] = ask.Pair{Text: text, Frames: [2]*model.Features{features[e.i], features[e.j]}, Orders: []int{0}}
		}
		odds, err := m.asker.Odds(ctx, pairs)
		if err != nil {
			return nil, err
		}
		for k, e := range group {
			known[e] = odds[k][0]
		}
	}
	odds, t := make([]float64, len(edges)), m.calibration()
	for k, e := range edges {
		i, j := of[e.i], of[e.j]
		odds[k] = (known[edge{i, j}] - known[edge{j, i}]) / 2 / t // 0 of equal frames, which are not known
	}
	return odds, nil
}
