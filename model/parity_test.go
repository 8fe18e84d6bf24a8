package model

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/google/go-cmp/cmp"

	"github.com/egotsr/egotsr/internal/safetensors"
	"github.com/egotsr/egotsr/internal/simtest"
	"github.com/egotsr/egotsr/vision"
)

// The goldens were made by transformers 4.57.1 in float32 with eager attention; see scripts/README.md.
const golden = "../testdata/golden/a"

// backends are those this machine can run: the pure-Go one always, XLA where its plugin is installed.
func backends(t testing.TB) []string {
	if xlaPlugin() {
		return []string{"go", "xla:cpu"}
	}
	t.Log("no PJRT plugin: XLA is not tested (see `make xla`)")
	return []string{"go"}
}

// eachBackend runs f on every backend with the golden checkpoint; on XLA, which compiles for half a minute, where there is time
// for that. Where there is none, tokens generated on XLA stand for all that goes into them.
func eachBackend(t *testing.T, weights string, f func(t *testing.T, m *Model)) {
	for _, name := range backends(t) {
		t.Run(name, func(t *testing.T) {
			compiles(t, name)
			f(t, open(t, os.DirFS(golden+"/checkpoint"), name, weights))
		})
	}
}

// compiles skips what XLA takes long to compile.
func compiles(t testing.TB, backend string) {
	t.Helper()
	if backend != "go" {
		simtest.Long(t)
	}
}

func open(t testing.TB, fsys fs.FS, backend, weights string) *Model {
	t.Helper()
	m, err := Load(context.Background(), fsys, backend, weights)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// goldens gives the tensors of one golden file, converted as asked.
type goldens struct {
	t   testing.TB
	set *safetensors.Set
}

func openGolden(t testing.TB, file string) goldens {
	set, err := safetensors.Open(os.DirFS(golden), file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { set.Close() })
	return goldens{t, set}
}

func (g goldens) floats(name string) []float32 {
	g.t.Helper()
	info, ok := g.set.Info(name)
	if !ok {
		g.t.Fatalf("no golden tensor %q", name)
	}
	out := make([]float32, info.Elements())
	if err := g.set.ReadFloat32(name, out); err != nil {
		g.t.Fatal(err)
	}
	return out
}

// ints reads an integer golden as rows of its last axis.
func (g goldens) ints(name string) [][]int32 {
	g.t.Helper()
	info, ok := g.set.Info(name)
	if !ok {
		g.t.Fatalf("no golden tensor %q", name)
	}
	raw := make([]byte, info.Bytes())
	if err := g.set.ReadBytes(name, raw); err != nil {
		g.t.Fatal(err)
	}
	width, last := info.DType.Size(), info.Shape[len(info.Shape)-1]
	var flat []int32
	for i := 0; i < len(raw); i += width {
		var v int32
		for k := range 4 {
			v |= int32(raw[i+k]) << (8 * k)
		}
		flat = append(flat, v)
	}
	return slices.Collect(slices.Chunk(flat, last))
}

// patches are the golden pixel values of one image.
func (g goldens) patches(image int) *vision.Patches {
	grid := g.ints(fmt.Sprintf("%d.image_grid_thw", image))[0]
	return &vision.Patches{
		Values: g.floats(fmt.Sprintf("%d.pixel_values", image)),
		Grid:   vision.Grid{T: int(grid[0]), H: int(grid[1]), W: int(grid[2])},
	}
}

// near fails where got strays from want by more than rel of want's largest magnitude.
func near(t *testing.T, what string, got, want []float32, rel float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	var diff, largest float64
	for i := range want {
		diff = max(diff, math.Abs(float64(got[i]-want[i])))
		largest = max(largest, math.Abs(float64(want[i])))
		if math.IsNaN(float64(got[i])) {
			t.Fatalf("%s: value %d is NaN", what, i)
		}
	}
	if diff > rel*largest {
		t.Errorf("%s: off by %.3g of max |ref| %.3g (%.2g relative, allowed %.2g)", what, diff, largest, diff/largest, rel)
	}
}

// traced runs a graph function and returns every tensor it names.
func traced(t *testing.T, m *Model, f func(g *graph.Graph, in []*graph.Node, trace func(string, *graph.Node)), args ...any) map[string][]float32 {
	t.Helper()
	var names []string
	exec, err := model.NewExec(m.backend, m.store, func(_ *model.Scope, in []*graph.Node) []*graph.Node {
		var out []*graph.Node
		names = nil
		f(in[0].Graph(), in, func(name string, x *graph.Node) {
			names = append(names, name)
			out = append(out, float32s(x))
		})
		return out
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	res, err := exec.Call(args...)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]float32{}
	for i, name := range names {
		if out[name], err = takeFloats(res[i]); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestVisionParity(t *testing.T) {
	images, judge := openGolden(t, "images.safetensors"), openGolden(t, "judge.safetensors")
	eachBackend(t, "f32", func(t *testing.T, m *Model) {
		// The goldens hold both images one after the other; ours run apart, so their traces are joined.
		joined := map[string][]float32{}
		var index []int32
		for i := range 2 {
			p := images.patches(i)
			l := m.Config.Vision.layout(p.Grid)
			args := append([]any{m.packPatches(l, []*vision.Patches{p}, 1)}, l.args()...)
			for name, v := range traced(t, m, func(g *graph.Graph, in []*graph.Node, trace func(string, *graph.Node)) {
				visionTower(m.weights(g), visionNodes(in), trace)
			}, args...) {
				joined[name] = append(joined[name], v...)
			}
			base := int32(len(index))
			order := make([]int32, len(l.inverse))
			for merged, row := range l.inverse {
				order[row] = base + int32(merged)
			}
			index = append(index, order...)
		}
		if diff := cmp.Diff(judge.ints("window_index")[0], index); diff != "" {
			t.Errorf("window_index (-want +got):\n%s", diff)
		}
		near(t, "block input", joined["vision.patch_embed"], judge.floats("vision.block_input"), 1e-5)
		for i := range m.Config.Vision.Depth {
			name := fmt.Sprintf("vision.block.%d", i)
			near(t, name, joined[name], judge.floats(name), 1e-4)
		}
		near(t, "vision.merger", joined["vision.merger"], judge.floats("vision.merger"), 1e-4)
		near(t, "vision.out", joined["vision.out"], judge.floats("vision.out"), 1e-4)
	})
}

// prompt encodes the golden images and pairs them with golden token ids.
func prompt(t *testing.T, m *Model, images goldens, ids []int32, numbers ...int) Prompt {
	t.Helper()
	var frames []*vision.Patches
	for _, n := range numbers {
		frames = append(frames, images.patches(n))
	}
	features, err := m.Encode(context.Background(), frames)
	if err != nil {
		t.Fatal(err)
	}
	return Prompt{IDs: ids, Images: features}
}

func TestTextParity(t *testing.T) {
	images, judge := openGolden(t, "images.safetensors"), openGolden(t, "judge.safetensors")
	eachBackend(t, "f32", func(t *testing.T, m *Model) {
		p := prompt(t, m, images, judge.ints("input_ids")[0], 0, 1)
		b, err := m.layoutText([]Prompt{p}, 1, PaddedLength)
		if err != nil {
			t.Fatal(err)
		}
		got := traced(t, m, func(g *graph.Graph, in []*graph.Node, trace func(string, *graph.Node)) {
			w := m.weights(g)
			text, _ := textNodes(in)
			x, _ := textTower(w, text, nil, trace)
			trace("logits", logits(w, x))
		}, b.args()...)
		n := len(p.IDs)
		hidden := m.Config.HiddenSize
		near(t, "embeddings", got["text.embed"][:n*hidden], judge.floats("text.inputs_embeds"), 1e-4)
		for i := range m.Config.Layers {
			name := fmt.Sprintf("text.layer.%d", i)
			near(t, name, got[name][:n*hidden], judge.floats(name), 1e-4)
		}
		near(t, "logits", got["logits"][:n*m.Config.VocabSize], judge.floats("logits"), 1e-4)
	})
}

func TestPositions(t *testing.T) {
	config, err := LoadConfig(os.DirFS(golden + "/checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	images := openGolden(t, "images.safetensors")
	judge, more := openGolden(t, "judge.safetensors"), openGolden(t, "more.safetensors")
	for _, c := range []struct {
		file   goldens
		prefix string
		images []int
	}{{judge, "", []int{0, 1}}, {more, "turns.", []int{3, 0}}} {
		ids := c.file.ints(c.prefix + "input_ids")[0]
		var grids []vision.Grid
		for _, i := range c.images {
			grids = append(grids, images.patches(i).Grid)
		}
		pos, next, err := config.Positions(ids, grids)
		if err != nil {
			t.Fatal(err)
		}
		want := c.file.ints(c.prefix + "position_ids")
		for i := range ids {
			if got := [3]int32{want[0][i], want[1][i], want[2][i]}; pos[i] != got {
				t.Fatalf("%stoken %d at %v, want %v", c.prefix, i, pos[i], got)
			}
		}
		if delta := next - int32(len(ids)); delta != c.file.ints(c.prefix + "rope_deltas")[0][0] {
			t.Errorf("%sgeneration goes on at %d, want %d", c.prefix, next, c.file.ints(c.prefix + "rope_deltas")[0][0])
		}
	}
	if _, _, err := config.Positions(judge.ints("input_ids")[0], []vision.Grid{images.patches(0).Grid}); err == nil {
		t.Error("a placeholder without an image went unnoticed")
	}
}

func TestGenerateParity(t *testing.T) {
	images, judge, more := openGolden(t, "images.safetensors"), openGolden(t, "judge.safetensors"), openGolden(t, "more.safetensors")
	check := func(t *testing.T, m *Model) {
		m.Config.EOS = nil // the goldens ran past the end of turn
		p := prompt(t, m, images, judge.ints("input_ids")[0], 0, 1)
		ids, err := m.Generate(context.Background(), p, 32, nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(judge.ints("greedy_ids")[0], ids); diff != "" {
			t.Errorf("greedy tokens (-want +got):\n%s", diff)
		}
		second := prompt(t, m, images, more.ints("second.input_ids")[0], 2, 3)
		ids, err = m.Generate(context.Background(), second, 16, nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(more.ints("left.greedy_ids")[1], ids); diff != "" {
			t.Errorf("greedy tokens of the left-padded batch (-want +got):\n%s", diff)
		}
		stop := endOfTurn(t)
		m.Config.EOS = []int32{stop.EOS}
		ids, err = m.Generate(context.Background(), p, 32, nil)
		if diff := cmp.Diff(stop.IDs[:len(stop.IDs)-1], ids); err != nil || diff != "" {
			t.Errorf("with token %d as end of turn: %v (-want +got):\n%s", stop.EOS, err, diff)
		}
	}
	for _, name := range backends(t) {
		t.Run(name, func(t *testing.T) { check(t, open(t, os.DirFS(golden+"/checkpoint"), name, "f32")) })
	}
}

type eosCase struct {
	EOS int32   `json:"eos_token_id"`
	IDs []int32 `json:"ids"`
}

func endOfTurn(t *testing.T) eosCase {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(golden, "meta.json"))
	if err != nil {
		t.Fatal(err)
	}
	var meta struct {
		Cases struct {
			Judge struct {
				Stop eosCase `json:"eos_stop"`
			}
		}
	}
	if err := json.Unmarshal(data, &meta); err != nil {
		t.Fatal(err)
	}
	return meta.Cases.Judge.Stop
}

func TestPaddedEqualsAlone(t *testing.T) {
	images, judge, more := openGolden(t, "images.safetensors"), openGolden(t, "judge.safetensors"), openGolden(t, "more.safetensors")
	answers := seq(0, 1024)
	eachBackend(t, "f32", func(t *testing.T, m *Model) {
		prompts := []Prompt{
			prompt(t, m, images, judge.ints("input_ids")[0], 0, 1),
			prompt(t, m, images, more.ints("second.input_ids")[0], 2, 3),
			prompt(t, m, images, more.ints("turns.input_ids")[0], 3, 0),
			prompt(t, m, images, more.ints("plain.input_ids")[0]),
		}
		batch, err := m.Score(context.Background(), prompts, answers)
		if err != nil {
			t.Fatal(err)
		}
		last := func(x []float32) []float32 { return x[len(x)-len(answers):] }
		near(t, "judge in a batch", batch[0], last(judge.floats("logits")), 1e-4)
		near(t, "second in a batch", batch[1], more.floats("second.logits_last"), 1e-4)
		near(t, "left-padded by the reference", batch[1], last(more.floats("left.logits_last")), 1e-4)
		near(t, "turns in a batch", batch[2], more.floats("turns.logits_last"), 1e-4)
		near(t, "plain in a batch", batch[3], last(more.floats("plain.logits")), 1e-4)
		for i, p := range prompts {
			alone, err := m.Score(context.Background(), []Prompt{p}, answers)
			if err != nil {
				t.Fatal(err)
			}
			near(t, fmt.Sprintf("prompt %d alone", i), alone[0], batch[i], 1e-5)
		}
	})
}

func TestLeftPadding(t *testing.T) {
	images, more := openGolden(t, "images.safetensors"), openGolden(t, "more.safetensors")
	eachBackend(t, "f32", func(t *testing.T, m *Model) {
		ids, mask := more.ints("left.input_ids"), more.ints("left.attention_mask")
		alone, err := m.layoutText([]Prompt{prompt(t, m, images, ids[0][slices.Index(mask[0], 1):], 0, 1)}, 1, PaddedLength)
		if err != nil {
			t.Fatal(err)
		}
		// Shift the row right by its padding, in place of the layout that pads on the right.
		// Positions do not count padding, so any amount of it must give the golden's logits.
		const pad = 3
		n, half := alone.seq, m.Config.HeadDim/2
		shift(alone.ids, pad, 0)
		shift(alone.pick, pad, -1)
		shift(alone.cos, pad*half, 1)
		shift(alone.sin, pad*half, 0)
		if alone.last[0] += int32(pad); int(alone.last[0]) >= n {
			t.Fatalf("padding does not fit into %d", n)
		}
		got := traced(t, m, func(g *graph.Graph, in []*graph.Node, trace func(string, *graph.Node)) {
			w := m.weights(g)
			text, last := textNodes(in[1:])
			text.start = in[0]
			x, _ := textTower(w, text, last, noTrace)
			trace("logits", logits(w, graph.Squeeze(x, 1)))
		}, append([]any{tensors.FromFlatDataAndDimensions([]int32{int32(pad)}, 1)}, alone.args()...)...)
		near(t, "left padded", got["logits"], more.floats("left.logits_last")[:m.Config.VocabSize], 1e-4)
	})
}

func shift[T any](row []T, n int, fill T) {
	copy(row[n:], row)
	for i := range n {
		row[i] = fill
	}
}

func TestBF16(t *testing.T) {
	images, more, judge := openGolden(t, "images.safetensors"), openGolden(t, "more.safetensors"), openGolden(t, "judge.safetensors")
	eachBackend(t, "bf16", func(t *testing.T, m *Model) {
		p := prompt(t, m, images, judge.ints("input_ids")[0], 0, 1)
		var out []float32
		for _, f := range p.Images {
			out = append(out, f.Values...)
		}
		near(t, "vision.out", out, judge.floats("vision.out"), 0.02)
		got, err := m.Score(context.Background(), []Prompt{p}, seq(0, m.Config.VocabSize))
		if err != nil {
			t.Fatal(err)
		}
		// torch's own bf16 is off its f32 by up to 0.25 of 13.4.
		near(t, "logits", got[0], more.floats("bf16.logits_last"), 0.03)
	})
}
