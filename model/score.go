package model

import (
	"context"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Score gives, for every prompt, the logits of each candidate next token: [len(prompts)][len(answers)].
// Only the last position meets the head, and only the rows of the candidates.
func (m *Model) Score(ctx context.Context, prompts []Prompt, answers []int32) ([][]float32, error) {
	if len(prompts) == 0 {
		return nil, nil
	}
	out := make([][]float32, len(prompts))
	return out, m.inParts(len(prompts), func(from, to int) error {
		return m.scoreRun(ctx, prompts[from:to], answers, out[from:to])
	})
}

// scoreRun scores prompts in one graph run.
func (m *Model) scoreRun(ctx context.Context, prompts []Prompt, answers []int32, out [][]float32) error {
	b, err := m.layoutText(prompts, m.evenly(bucketBatch(len(prompts))))
	if err != nil {
		return err
	}
	candidates := tensors.FromFlatDataAndDimensions(answers, len(answers))
	res, err := m.run(ctx, &m.score, append([]any{candidates}, b.args()...)...)
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
	w := m.weights(g)
	t, last := textNodes(in[1:])
	x, _ := textTower(w, t, last, noTrace)
	x = rmsNorm(Squeeze(x, 1), w.get("model.norm.weight"), m.Config.RMSNormEps)
	head := w.rows(m.Config.headName(), in[0]) // [answers, hidden]
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
