package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/internal/safetensors"
	"github.com/egotsr/egotsr/model"
	"github.com/egotsr/egotsr/model/nano"
	"github.com/egotsr/egotsr/vision"
)

// goldens are what transformers made of one prompt with two pictures in float32, and of another in bfloat16.
type goldens struct {
	set     *safetensors.Set
	patches []*vision.Patches // of the pictures
}

func (w *worker) goldens() (g *goldens, err error) {
	g = &goldens{}
	if g.set, err = safetensors.Open(os.DirFS(w.data), "images.safetensors"); err != nil {
		return nil, err
	}
	for i := range 4 {
		grid, err := g.ints(fmt.Sprintf("%d.image_grid_thw", i))
		if err != nil {
			return nil, err
		}
		values, err := g.floats(fmt.Sprintf("%d.pixel_values", i))
		if err != nil {
			return nil, err
		}
		g.patches = append(g.patches, &vision.Patches{Values: values, Grid: vision.Grid{T: int(grid[0]), H: int(grid[1]), W: int(grid[2])}})
	}
	if err := g.set.Close(); err != nil {
		return nil, err
	}
	g.set, err = safetensors.Open(os.DirFS(w.data), "more.safetensors")
	return g, err
}

func (g *goldens) floats(name string) ([]float32, error) {
	info, ok := g.set.Info(name)
	if !ok {
		return nil, fmt.Errorf("no golden tensor %q", name)
	}
	out := make([]float32, info.Elements())
	return out, g.set.ReadFloat32(name, out)
}

func (g *goldens) ints(name string) (out []int32, err error) {
	info, ok := g.set.Info(name)
	if !ok || info.DType.Size() != 8 {
		return nil, fmt.Errorf("no golden tensor %q of 64-bit integers", name)
	}
	raw := make([]byte, info.Bytes())
	if err := g.set.ReadBytes(name, raw); err != nil {
		return nil, err
	}
	for b := range slices.Chunk(raw, 8) {
		out = append(out, int32(binary.LittleEndian.Uint64(b)))
	}
	return out, nil
}

// load opens the goldens' checkpoint and encodes two of its pictures.
func (w *worker) load(ctx context.Context, g *goldens, backend, weights string, pictures ...int) (*model.Model, []*model.Features, error) {
	m, err := model.Load(ctx, os.DirFS(filepath.Join(w.data, "checkpoint")), backend, weights)
	if err != nil {
		return nil, nil, err
	}
	var frames []*vision.Patches
	for _, i := range pictures {
		frames = append(frames, g.patches[i])
	}
	features, err := m.Encode(ctx, frames)
	if err != nil {
		m.Close()
		return nil, nil, err
	}
	return m, features, nil
}

// compare gives the largest difference of the logits after a prompt from the recorded ones, as a part of the largest of those.
func (w *worker) compare(ctx context.Context, backend, weights, prompt, logits string, first int) (worst float64, note string, err error) {
	g, err := w.goldens()
	if err != nil {
		return 0, "", err
	}
	defer g.set.Close()
	ids, err := g.ints(prompt)
	if err != nil {
		return 0, "", err
	}
	want, err := g.floats(logits)
	if err != nil {
		return 0, "", err
	}
	m, features, err := w.load(ctx, g, backend, weights, first, first+1)
	if err != nil {
		return 0, "", err
	}
	defer m.Close()
	all := make([]int32, m.Config.VocabSize)
	for i := range all {
		all[i] = int32(i)
	}
	ids = slices.DeleteFunc(ids[:196], func(id int32) bool { return id == m.Config.Pad }) // on the left, beside longer prompts
	got, err := m.Score(ctx, []model.Prompt{{IDs: ids, Images: features}}, all)
	if err != nil {
		return 0, "", err
	}
	var absolute float64
	worst, absolute = difference(got[0], want)
	return worst, fmt.Sprintf("%.2g of logits up to %.3g", absolute, absolute/max(worst, math.SmallestNonzeroFloat64)), nil
}

// difference is the largest, as a part of the largest value wanted, and as it is. Values that are not numbers differ infinitely.
func difference(got, want []float32) (relative, absolute float64) {
	var largest float64
	for i := range want {
		d := math.Abs(float64(got[i] - want[i]))
		if math.IsNaN(d) {
			return math.Inf(1), math.Inf(1)
		}
		absolute, largest = max(absolute, d), max(largest, math.Abs(float64(want[i])))
	}
	return absolute / largest, absolute
}

// within makes an error of a difference that is larger than allowed.
func within(limit float64) func(float64, string, error) (float64, string, error) {
	return func(worst float64, note string, err error) (float64, string, error) {
		if err == nil && !(worst <= limit) {
			err = fmt.Errorf("more than %v", limit)
			worst = min(worst, math.MaxFloat64)
		}
		return worst, note, err
	}
}

func goldenF32(ctx context.Context, w *worker) (float64, string, error) {
	return within(1e-4)(w.compare(ctx, w.backend, "f32", "second.input_ids", "second.logits_last", 2))
}

func goldenTF32(ctx context.Context, w *worker) (float64, string, error) {
	if !w.cuda() {
		return 0, "", skipped("a CPU has none")
	}
	return within(0.03)(w.compare(ctx, w.with("tf32"), "f32", "second.input_ids", "second.logits_last", 2))
}

func goldenBF16(ctx context.Context, w *worker) (float64, string, error) {
	return within(0.03)(w.compare(ctx, w.backend, "bf16", "left.input_ids", "bf16.logits_last", 0))
}

// goldenTokens generates what transformers did after the same prompt.
func goldenTokens(ctx context.Context, w *worker) (float64, string, error) {
	g, err := w.goldens()
	if err != nil {
		return 0, "", err
	}
	defer g.set.Close()
	ids, err := g.ints("second.input_ids")
	if err != nil {
		return 0, "", err
	}
	want, err := g.ints("left.greedy_ids")
	if err != nil {
		return 0, "", err
	}
	want = want[len(want)/2:] // of the second prompt
	m, features, err := w.load(ctx, g, w.backend, "f32", 2, 3)
	if err != nil {
		return 0, "", err
	}
	defer m.Close()
	m.Config.EOS = nil
	got, err := m.Generate(ctx, model.Prompt{IDs: ids, Images: features}, len(want), nil)
	if err != nil {
		return 0, "", err
	}
	same := 0
	for same < len(got) && got[same] == want[same] {
		same++
	}
	if same < len(want) {
		err = fmt.Errorf("the rest differs")
	}
	return float64(same), "", err
}

func nanoF32(ctx context.Context, w *worker) (float64, string, error) {
	return within(1e-3)(w.verdicts(ctx, "f32"))
}

func nanoBF16(ctx context.Context, w *worker) (float64, string, error) {
	return within(0.1)(w.verdicts(ctx, "bf16"))
}

// verdicts compares those of the embedded checkpoint with the Go backend's.
func (w *worker) verdicts(ctx context.Context, weights string) (worst float64, note string, err error) {
	var p [2][]float64
	for i, backend := range []string{w.backend, "go"} {
		m, err := egotsr.Open(ctx, nano.FS(), &egotsr.Options{Backend: backend, Weights: weights})
		if err != nil {
			return 0, "", err
		}
		defer m.Close()
		for k := range 6 {
			pair := egotsr.Pair{Task: "Open a drawer", Img1: frame(112, 20*k), Img2: frame(112, 7*k+1)}
			j, err := m.Judge(ctx, pair, nil)
			if err != nil {
				return 0, "", err
			}
			p[i] = append(p[i], j.PImg1)
		}
	}
	flipped := 0
	for k := range p[0] {
		worst = max(worst, math.Abs(p[0][k]-p[1][k]))
		if (p[0][k] > 0.5) != (p[1][k] > 0.5) {
			flipped++
		}
	}
	return worst, fmt.Sprintf("%d of %d verdicts are others than the Go backend's", flipped, len(p[0])), nil
}
