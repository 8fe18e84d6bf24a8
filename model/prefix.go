package model

import (
	"context"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Prefix is what prompts that begin alike need of their beginning, so that it is computed once: the keys and values that every
// layer of the decoder has of it. It is read-only, belongs to the weights that made it, and may be shared by any number of prompts.
// It takes 8·layers·kvHeads·headDim bytes a token: 74 KB for the 3B checkpoint.
type Prefix struct {
	ids    []int32
	images []*Features
	next   int32     // M-RoPE position of the token that follows
	cache  []float32 // [2*layers, kvHeads, len(ids), headDim]: keys and values by turns
}

// prefixRows is how many prefixes one run computes: a full run, and what is left over, are two or three shapes to compile.
const prefixRows = 4

// Prefixes computes the beginnings of prompts, each up to the end of its first image and the token that closes it.
func (m *Model) Prefixes(ctx context.Context, prompts []Prompt) ([]*Prefix, error) {
	begin := make([]Prompt, len(prompts))
	for i, p := range prompts {
		begin[i] = p.head(p.opening(m.Config.ImageToken), m.shown(p))
	}
	return m.prefixes(ctx, begin)
}

// prefixes computes whole prompts as beginnings.
func (m *Model) prefixes(ctx context.Context, prompts []Prompt) ([]*Prefix, error) {
	out := make([]*Prefix, len(prompts))
	rows := prefixRows * m.Devices()
	for from := 0; from < len(prompts); from += rows {
		some := prompts[from:min(from+rows, len(prompts))]
		err := m.inParts(len(some), func(a, b int) error { return m.prefixRun(ctx, some[a:b], out[from+a:from+b]) })
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (m *Model) prefixRun(ctx context.Context, prompts []Prompt, out []*Prefix) error {
	b, err := m.layoutText(prompts, m.evenly(bucketBatch(len(prompts))), PaddedLength)
	if err != nil {
		return err
	}
	res, err := m.run(ctx, &m.begin, b.args()...)
	if err != nil {
		return err
	}
	flat, err := takeFloats(res[0]) // [batch, 2*layers, kvHeads, seq, headDim]
	if err != nil {
		return err
	}
	dim := m.Config.HeadDim
	for i, p := range prompts {
		f := &Prefix{ids: p.IDs, images: p.Images, next: b.next[i]}
		for block := range slices.Chunk(flat[i*len(flat)/b.batch:(i+1)*len(flat)/b.batch], b.seq*dim) {
			f.cache = append(f.cache, block[:len(p.IDs)*dim]...)
		}
		out[i] = f
	}
	return nil
}

// splitPrefixes tells the inputs of the prefix graph that hold one prompt a row.
func splitPrefixes(input int) bool { return input != 4 }

// prefixGraph gives every layer's keys and values, by turns: [batch, 2*layers, kvHeads, seq, headDim].
func (m *Model) prefixGraph(g *Graph, in []*Node) []*Node {
	t, last := textNodes(in)
	_, caches := textTower(m.weights(g), t, last, noTrace)
	var all []*Node
	for _, c := range caches {
		all = append(all, c.key, c.value)
	}
	return []*Node{Stack(all, 1)}
}

// past lays the prefixes of prompts out for the decoder: [batch, 2*layers, kvHeads, slots, headDim], and how many tokens each has.
func (m *Model) past(prompts []Prompt, batch int) (cache, length *tensors.Tensor) {
	c, slots := &m.Config, 0
	for _, p := range prompts {
		slots = max(slots, len(p.After.ids))
	}
	slots = PaddedLength(slots)
	lengths := make([]int32, batch)
	flat := make([]float32, batch*2*c.Layers*c.KVHeads*slots*c.HeadDim)
	blocks := slices.Chunk(flat, slots*c.HeadDim)
	rows := 2 * c.Layers * c.KVHeads
	i := 0
	for block := range blocks {
		if at := i / rows; at < len(prompts) {
			p := prompts[at].After
			width := len(p.ids) * c.HeadDim
			copy(block, p.cache[i%rows*width:][:width])
			lengths[at] = int32(len(p.ids))
		}
		i++
	}
	return tensors.FromFlatDataAndDimensions(flat, batch, 2*c.Layers, c.KVHeads, slots, c.HeadDim), tensors.FromFlatDataAndDimensions(lengths, batch)
}

// layers takes past apart, inside a graph.
func (c *Config) layers(cache *Node) []layerCache {
	all := make([]layerCache, c.Layers)
	part := func(i int) *Node { return Squeeze(SliceAxis(cache, 1, AxisElem(i)), 1) }
	for i := range all {
		all[i] = layerCache{part(2 * i), part(2*i + 1)}
	}
	return all
}

// tokens is how many tokens a prefix, or none, has.
func (f *Prefix) tokens() int {
	if f == nil {
		return 0
	}
	return len(f.ids)
}
