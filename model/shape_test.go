package model

import (
	"context"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/egotsr/egotsr/internal/safetensors"
	"github.com/egotsr/egotsr/vision"
)

// TestOtherShape runs a checkpoint that shares nothing with golden a but the architecture: eight shards in bfloat16, a flat
// config, an untied head, one key head, odd widths and windows. Made by scripts/make_checkpoint.py --shape b.
func TestOtherShape(t *testing.T) {
	const dir = "../testdata/golden/b"
	set, err := safetensors.Open(os.DirFS(dir), "golden.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	g := goldens{t, set}
	for _, backend := range backends(t) {
		t.Run(backend, func(t *testing.T) {
			compiles(t, backend)
			m := open(t, os.DirFS(dir+"/checkpoint"), backend, "f32")
			m.Config.EOS = nil
			values := g.floats("pixel_values")
			var frames []*vision.Patches
			for _, thw := range g.ints("image_grid_thw") {
				grid := vision.Grid{T: int(thw[0]), H: int(thw[1]), W: int(thw[2])}
				n := grid.H * grid.W * m.Config.Vision.patchValues()
				frames = append(frames, &vision.Patches{Values: values[:n], Grid: grid})
				values = values[n:]
			}
			features, err := m.Encode(context.Background(), frames)
			if err != nil {
				t.Fatal(err)
			}
			near(t, "vision.out", append(slices.Clone(features[0].Values), features[1].Values...), g.floats("vision.out"), 1e-4)
			p := Prompt{IDs: g.ints("input_ids")[0], Images: features}
			want := g.floats("logits")
			got, err := m.Score(context.Background(), []Prompt{p}, seq(0, m.Config.VocabSize))
			if err != nil {
				t.Fatal(err)
			}
			near(t, "last logits", got[0], want[len(want)-m.Config.VocabSize:], 1e-4)
			ids, err := m.Generate(context.Background(), p, 16, nil)
			if diff := cmp.Diff(g.ints("greedy_ids")[0], ids); err != nil || diff != "" {
				t.Errorf("greedy: %v (-want +got):\n%s", err, diff)
			}
		})
	}
}
