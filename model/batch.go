package model

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/egotsr/egotsr/vision"
)

// Prompt is one tokenised prompt: image placeholders are expanded, Images are in their order.
type Prompt struct {
	IDs    []int32
	Images []*Features
	After  *Prefix // what IDs and Images follow; nil = nothing
}

// textBatch is a batch of prompts laid out for the decoder, padded on the right to one length.
type textBatch struct {
	batch, seq int
	ids, pick  []int32   // [batch, seq]
	cos, sin   []float32 // [batch, seq, headDim/2]
	visual     []float32 // [rows, hidden]
	rows       int
	last       []int32 // [batch] index of each prompt's last token
	next       []int32 // [batch] M-RoPE position of the first generated token
}

// gather places each distinct frame's features once, however many prompts show it: where each one starts among the
// visual rows, and the rows themselves.
func (m *Model) gather(prompts []Prompt) (first map[*Features]int, visual []float32, err error) {
	c := &m.Config
	first = map[*Features]int{}
	for i, p := range prompts {
		for _, f := range p.Images {
			if _, ok := first[f]; ok {
				continue
			}
			if len(f.Values) != f.Grid.Tokens(c.Vision.MergeSize)*c.HiddenSize {
				return nil, nil, fmt.Errorf("prompt %d: features of grid %v hold %d values, not [tokens, %d]", i, f.Grid, len(f.Values), c.HiddenSize)
			}
			first[f] = len(visual) / c.HiddenSize
			visual = append(visual, f.Values...)
		}
	}
	return first, visual, nil
}

// layoutText lays prompts out in batch rows with the features they show, padded to bucketed sizes, their length by pad.
func (m *Model) layoutText(prompts []Prompt, batch int, pad func(int) int) (*textBatch, error) {
	first, visual, err := m.gather(prompts)
	if err != nil {
		return nil, err
	}
	b, err := m.Config.layoutText(prompts, first, batch, pad)
	if err != nil {
		return nil, err
	}
	hidden := m.Config.HiddenSize
	b.rows = PaddedLength(len(visual) / hidden)
	b.visual = append(visual, make([]float32, b.rows*hidden-len(visual))...)
	return b, nil
}

// layoutText lays prompts out in batch rows, without their features: first tells where those will stand, pad to what the longest
// prompt is padded.
func (c *Config) layoutText(prompts []Prompt, first map[*Features]int, batch int, pad func(int) int) (*textBatch, error) {
	b := &textBatch{batch: batch}
	for i, p := range prompts {
		if len(p.IDs) == 0 {
			return nil, fmt.Errorf("prompt %d is empty", i)
		}
		b.seq = max(b.seq, len(p.IDs))
		if n := len(p.IDs) + p.After.tokens(); n > c.MaxPositions {
			return nil, fmt.Errorf("prompt of %d tokens is longer than the model's %d positions", n, c.MaxPositions)
		}
	}
	b.seq = pad(b.seq)
	half := c.HeadDim / 2
	b.ids, b.pick = make([]int32, b.batch*b.seq), make([]int32, b.batch*b.seq)
	b.cos, b.sin = make([]float32, b.batch*b.seq*half), make([]float32, b.batch*b.seq*half)
	b.last, b.next = make([]int32, b.batch), make([]int32, b.batch)
	for i := range b.pick {
		b.pick[i] = -1
	}
	for i, p := range prompts {
		if err := b.place(c, i, p, first); err != nil {
			return nil, fmt.Errorf("prompt %d: %w", i, err)
		}
	}
	return b, nil
}

// place writes prompt p into row i.
func (b *textBatch) place(c *Config, i int, p Prompt, first map[*Features]int) error {
	grids := make([]vision.Grid, len(p.Images))
	var rows []int32 // visual row of each image token, in order
	for k, f := range p.Images {
		grids[k] = f.Grid
		rows = append(rows, seq(first[f], f.Grid.Tokens(c.Vision.MergeSize))...)
	}
	pos, next, err := c.Positions(p.IDs, grids)
	if err != nil {
		return err
	}
	if p.After != nil {
		next += p.After.next
		for j := range pos {
			for axis := range pos[j] {
				pos[j][axis] += p.After.next
			}
		}
	}
	at, half := i*b.seq, c.HeadDim/2
	for j, id := range p.IDs {
		if id < 0 || int(id) >= c.VocabSize {
			return fmt.Errorf("token %d: id %d is outside the vocabulary of %d", j, id, c.VocabSize)
		}
		b.ids[at+j] = id
		if id == c.ImageToken {
			b.pick[at+j], rows = rows[0], rows[1:]
		}
	}
	c.rotary(pos, b.cos[at*half:], b.sin[at*half:])
	b.last[i], b.next[i] = int32(len(p.IDs)-1), next
	return nil
}

// args are the decoder's graph inputs, in the order textNodes takes them.
func (b *textBatch) args() []any {
	half := len(b.cos) / (b.batch * b.seq)
	args := []any{
		tensors.FromFlatDataAndDimensions(b.ids, b.batch, b.seq),
		tensors.FromFlatDataAndDimensions(b.cos, b.batch, b.seq, half),
		tensors.FromFlatDataAndDimensions(b.sin, b.batch, b.seq, half),
		tensors.FromFlatDataAndDimensions(b.last, b.batch),
	}
	if b.rows > 0 {
		args = append(args,
			tensors.FromFlatDataAndDimensions(b.visual, b.rows, len(b.visual)/b.rows),
			tensors.FromFlatDataAndDimensions(b.pick, b.batch, b.seq))
	}
	return args
}

// textNodes is args seen from inside a graph, after extra leading inputs of the caller's own.
func textNodes(in []*graph.Node) (t textInputs, last *graph.Node) {
	t = textInputs{ids: in[0], cos: in[1], sin: in[2]}
	if len(in) > 4 {
		t.visual, t.pick = in[4], in[5]
	}
	return t, in[3]
}

// bucketBatch rounds a batch up to a power of two, and PaddedLength a length to one of four steps between powers of two:
// few shapes, so few compiled graphs, for at most a quarter of padding.
func bucketBatch(n int) int {
	b := 1
	for b < n {
		b *= 2
	}
	return b
}

// PaddedLength is the length that n tokens, or rows of features, are padded to, so that few graphs serve all lengths: at
// most an eighth more, or 16.
func PaddedLength(n int) int {
	step := 16
	for step*8 < n {
		step *= 2
	}
	return (n + step - 1) / step * step
}

// bucketFrames is bucketBatch for few frames and PaddedLength for many.
func bucketFrames(n int) int {
	if n <= 16 {
		return bucketBatch(n)
	}
	return PaddedLength(n)
}

func float32s(x *graph.Node) *graph.Node { return graph.ConvertDType(x, dtypes.Float32) }

func noTrace(string, *graph.Node) {}

// takeFloats copies a float32 result out and frees it.
func takeFloats(t *tensors.Tensor) ([]float32, error) {
	defer t.FinalizeAll()
	return tensors.CopyFlatData[float32](t)
}
