package model

import (
	"context"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Score gives, for every prompt, the logits of each candidate next token: [len(prompts)][len(answers)].
// Only the last position meets the head, and only the rows of the candidates. What prompts have in common at their beginning is
// computed once where that saves enough; results are the same up to the rounding of sums.
func (m *Model) Score(ctx context.Context, prompts []Prompt, answers []int32) ([][]float32, error) {
	if len(prompts) == 0 {
		return nil, nil
	}
	prompts, err := m.share(ctx, prompts)
	if err != nil {
		return nil, err
	}
	out := make([][]float32, len(prompts))
	return out, m.inParts(len(prompts), func(from, to int) error {
		return m.scoreRun(ctx, prompts[from:to], answers, out[from:to])
	})
}

// scoreRun scores prompts in one graph run: all of them stand after a prefix, or none.
func (m *Model) scoreRun(ctx context.Context, prompts []Prompt, answers []int32, out [][]float32) error {
	batch, pad, exec := m.evenly(bucketBatch(len(prompts))), PaddedLength, &m.score
	args := []any{tensors.FromFlatDataAndDimensions(answers, len(answers))}
	if prompts[0].After != nil {
		cache, length := m.past(prompts, batch)
		pad, exec, args = restLength, &m.after, append(args, cache, length)
	}
	b, err := m.layoutText(prompts, batch, pad)
	if err != nil {
		return err
	}
	res, err := m.run(ctx, exec, append(args, b.args()...)...)
	if err != nil {
		return err
	}
	flat, err := takeFloats(res[0])
	if err != nil {
		return err
	}
	for i := range out {
		out[i] = flat[i*len(answers) : (i+1)*len(answers)]
	}
	return nil
}

// splitPrompts tells the inputs of the score graph that hold one prompt a row: neither the candidates nor the features.
func splitPrompts(input int) bool { return input != 0 && input != 5 }

func (m *Model) scoreGraph(g *Graph, in []*Node) []*Node {
	t, last := textNodes(in[1:])
	return m.answers(g, in[0], t, last)
}

// splitRests is splitPrompts of the graph that scores what follows prefixes, which come after the candidates.
func splitRests(input int) bool { return input != 0 && input != 7 }

func (m *Model) afterGraph(g *Graph, in []*Node) []*Node {
	t, last := textNodes(in[3:])
	t.past, t.pastLength = m.Config.layers(in[1]), in[2]
	return m.answers(g, in[0], t, last)
}

// answers are the logits of candidates after each prompt: [batch, candidates].
func (m *Model) answers(g *Graph, candidates *Node, t textInputs, last *Node) []*Node {
	w := m.weights(g)
	x, _ := textTower(w, t, last, noTrace)
	x = rmsNorm(Squeeze(x, 1), w.get("model.norm.weight"), m.Config.RMSNormEps)
	head := w.rows(m.Config.headName(), candidates) // [candidates, hidden]
	return []*Node{float32s(dense(x, head, nil))}
}

// rowAt picks one position of every prompt: x [batch, seq, hidden], at [batch] → [batch, hidden].
func rowAt(x, at *Node) *Node {
	batch := Iota(x.Graph(), at.Shape(), 0)
	return Gather(x, Stack([]*Node{batch, at}, -1))
}

// headName is the tensor that turns hidden states into logits; a tied checkpoint has no head of its own.
func (c *Config) headName() string {
	if c.TieEmbeddings {
		return "model.embed_tokens.weight"
	}
	return "lm_head.weight"
}
