package model

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/egotsr/egotsr/internal/state"
	"github.com/egotsr/egotsr/vision"
)

// everywhere are adapters on every linear layer of both towers.
var everywhere = LoRA{Rank: 4, Alpha: 12, Dropout: 0.25, Targets: []string{"visual.*", "model.*"}}

func attach(t testing.TB, m *Model, l LoRA) {
	t.Helper()
	if err := m.attach(context.Background(), l, 1); err != nil {
		t.Fatal(err)
	}
}

// adaptersOf are the tensors of a model's adapters, or nothing.
func adaptersOf(m *Model) []Param {
	if m.adapters == nil {
		return nil
	}
	return m.adapters.params
}

func values(t testing.TB, m *Model, p Param) []float32 {
	t.Helper()
	return tensors.MustCopyFlatData[float32](m.store.GetVariable("/" + p.Name).MustValue())
}

func setValues(t testing.TB, m *Model, p Param, flat []float32) {
	t.Helper()
	if err := m.store.GetVariable("/" + p.Name).SetValue(tensors.FromFlatDataAndDimensions(flat, p.Shape...)); err != nil {
		t.Fatal(err)
	}
}

// trained gives B values, as training would.
func trained(t testing.TB, m *Model) {
	t.Helper()
	rng := rand.New(rand.NewPCG(7, 0))
	for _, p := range adaptersOf(m) {
		if strings.HasSuffix(p.Name, "/B") {
			flat := make([]float32, p.Shape[0]*p.Shape[1])
			for i := range flat {
				flat[i] = float32(rng.NormFloat64() * 0.05)
			}
			setValues(t, m, p, flat)
		}
	}
}

// answer is the logits after the golden judgement, which all of both towers have a part in.
func answer(t testing.TB, m *Model) []float32 {
	t.Helper()
	images, judge := openGolden(t, "images.safetensors"), openGolden(t, "judge.safetensors")
	features, err := m.Encode(context.Background(), []*vision.Patches{images.patches(0), images.patches(1)})
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.Score(context.Background(), []Prompt{{IDs: judge.ints("input_ids")[0], Images: features}}, seq(0, m.Config.VocabSize))
	if err != nil {
		t.Fatal(err)
	}
	return got[0]
}

func furthest(a, b []float32) (d float64) {
	for i := range a {
		d = max(d, math.Abs(float64(a[i]-b[i])))
	}
	return d
}

// TestAdapters: fresh adapters change no bit; with them, and with them merged, the model is the same to rounding. In
// bfloat16 the Go backend alone keeps the bits: XLA leaves out roundings where it fuses, and adapters change what it fuses.
func TestAdapters(t *testing.T) {
	check := func(t *testing.T, m *Model, tolerance float64) {
		base := answer(t, m)
		attach(t, m, everywhere)
		if got := answer(t, m); !slices.Equal(got, base) {
			t.Errorf("fresh adapters change logits by %v", furthest(got, base))
		}
		trained(t, m)
		adapted := answer(t, m)
		moved := furthest(adapted, base)
		if err := m.merge(context.Background()); err != nil {
			t.Fatal(err)
		}
		merged := answer(t, m)
		t.Logf("adapters move logits by %.3g, merging by %.3g", moved, furthest(merged, adapted))
		if near(t, "merged", merged, adapted, tolerance); moved < 0.5 {
			t.Errorf("adapters move logits by %v only", moved)
		}
		if adaptersOf(m) != nil || m.store.NumVariables() != len(m.Config.Params()) {
			t.Errorf("%d variables for %d weights, adapters %v", m.store.NumVariables(), len(m.Config.Params()), adaptersOf(m))
		}
	}
	eachBackend(t, "f32", func(t *testing.T, m *Model) { check(t, m, 1e-5) })
	t.Run("bf16", func(t *testing.T) { check(t, open(t, os.DirFS(golden+"/checkpoint"), "go", "bf16"), 0.05) })
}

// TestAdapterGradient: gradients of A and B, through dropout, are what differences of the loss say.
func TestAdapterGradient(t *testing.T) {
	_, examples := trainCase(t)
	examples = examples[:1]
	examples[0].Weight = 1
	m := open(t, os.DirFS(golden+"/checkpoint"), "go", "f32") // XLA compiles for half a minute; TestPEFT compares its gradients too
	attach(t, m, everywhere)
	trained(t, m)
	var wanted []Param
	for _, p := range adaptersOf(m) {
		for _, layer := range []string{"visual.blocks.0.attn.qkv/", "visual.merger.mlp.2/", "layers.0.self_attn.q_proj/", "layers.1.mlp.down_proj/"} {
			if strings.Contains(p.Name, layer) {
				wanted = append(wanted, p)
			}
		}
	}
	exec, err := model.NewExec(m.backend, m.store, func(_ *model.Scope, in []*graph.Node) []*graph.Node {
		loss := m.lossGraph(in[1:], in[0], true)
		var nodes []*graph.Node
		for _, p := range wanted {
			nodes = append(nodes, m.store.GetVariable("/"+p.Name).NodeValue(loss.Graph()))
		}
		return append([]*graph.Node{loss}, graph.Gradient(loss, nodes...)...)
	})
	if err != nil {
		t.Fatal(err)
	}
	run := func() (loss float64, grads [][]float32) {
		batch, err := m.NewBatch(examples, 1)
		if err != nil {
			t.Fatal(err)
		}
		res, err := exec.Call(append([]any{[]uint32{3, 4}}, batch.args...)...)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range res[1:] {
			grads = append(grads, tensors.MustCopyFlatData[float32](g))
		}
		return float64(tensors.ToScalar[float32](res[0])), grads
	}
	before, grads := run()
	if again, _ := run(); again != before {
		t.Errorf("the same noise gave losses %v and %v", before, again)
	}
	for i, p := range wanted {
		old, g := values(t, m, p), grads[i]
		square := 0.0
		for _, x := range g {
			square += float64(x) * float64(x)
		}
		const change = 0.02 // of the loss: far above its rounding, and well within where it is straight
		var side [2]float64
		for k, sign := range []float64{1, -1} {
			moved := slices.Clone(old)
			for j := range moved {
				moved[j] += float32(sign * change / square * float64(g[j]))
			}
			setValues(t, m, p, moved)
			side[k], _ = run()
		}
		setValues(t, m, p, old)
		if ratio := (side[0] - side[1]) / (2 * change); math.Abs(ratio-1) > 0.01 {
			t.Errorf("%s: differences are %v of the gradient", p.Name, ratio)
		}
	}
}

// TestDropout: a mask is a function of the noise and of which use it is, the same on every backend, and drops its share.
func TestDropout(t *testing.T) {
	const n = 1 << 16
	draw := func(backend string, dtype dtypes.DType, noise []uint32) (first, second []float32) {
		b, err := newBackend(backend, dtypes.Float32)
		if err != nil {
			t.Fatal(err)
		}
		defer b.Finalize()
		exec := graph.MustNewExec(b, func(in []*graph.Node) []*graph.Node {
			d := &dropout{noise: in[0], share: 0.25}
			x := graph.ConvertDType(graph.Reshape(in[1], 4, -1), dtype)
			return []*graph.Node{float32s(d.apply(x)), float32s(d.apply(x))}
		})
		ones := make([]float32, n)
		for i := range ones {
			ones[i] = 3
		}
		out := exec.MustCall(noise, ones)
		return tensors.MustCopyFlatData[float32](out[0]), tensors.MustCopyFlatData[float32](out[1])
	}
	a, b := draw("go", dtypes.Float32, []uint32{1, 2})
	same := func(a, b []float32) (share float64) {
		for i := range a {
			if (a[i] == 0) == (b[i] == 0) {
				share += 1.0 / n
			}
		}
		return share
	}
	zero, next := make([]float32, n), append(slices.Clone(a[1:]), a[0])
	other, _ := draw("go", dtypes.Float32, []uint32{1, 3})
	more, _ := draw("go", dtypes.Float32, []uint32{2, 2})
	for name, c := range map[string]struct {
		x    []float32
		want float64
	}{"zeros": {zero, 0.25}, "second use": {b, 0.625}, "neighbours": {next, 0.625}, "other noise": {other, 0.625}, "next noise": {more, 0.625}} {
		if got := same(a, c.x); math.Abs(got-c.want) > 0.01 {
			t.Errorf("%s: %v agree, want %v", name, got, c.want)
		}
	}
	for i, x := range a {
		if x != 0 && x != 4 {
			t.Fatalf("value %d became %v", i, x)
		}
	}
	for _, backend := range backends(t) {
		for _, dtype := range []dtypes.DType{dtypes.Float32, dtypes.BFloat16} {
			if again, _ := draw(backend, dtype, []uint32{1, 2}); !slices.Equal(again, a) {
				t.Errorf("%s, %s: another mask", backend, dtype)
			}
		}
	}
}

// apart writes a model in training, weights and adapters apart.
func apart(t testing.TB, m *Model) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "checkpoint-1")
	err := state.Disk{}.Replace(dir, func(d *state.Dir) error {
		return m.writeApart(context.Background(), os.DirFS(golden+"/checkpoint"), d)
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestAdapterFiles: weights and adapters written apart, put together, are the model that Save writes, to the bit.
func TestAdapterFiles(t *testing.T) {
	ctx, from := context.Background(), os.DirFS(golden+"/checkpoint")
	for _, backend := range backends(t) {
		t.Run(backend, func(t *testing.T) {
			compiles(t, backend)
			m := open(t, from, backend, "f32")
			attach(t, m, everywhere)
			trained(t, m)
			dir, whole, again := apart(t, m), filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "again")
			sameWeights(t, from, os.DirFS(dir)) // those of the beginning
			if err := m.Save(ctx, from, nil, whole); err != nil {
				t.Fatal(err)
			}
			together := open(t, os.DirFS(dir), backend, "f32")
			if err := together.Adapt(ctx, os.DirFS(filepath.Join(dir, AdapterDir))); err != nil {
				t.Fatal(err)
			}
			if err := together.Save(ctx, os.DirFS(dir), nil, again); err != nil {
				t.Fatal(err)
			}
			sameWeights(t, os.DirFS(whole), os.DirFS(again))
			if got, want := answer(t, together), answer(t, m); furthest(got, want) > 1e-4 {
				t.Errorf("logits differ by %v", furthest(got, want))
			}
		})
	}
}

// TestModuleNames: transformers' module trees, the present and the older one, name our layers.
func TestModuleNames(t *testing.T) {
	for layer, module := range map[string]string{
		"model.layers.3.self_attn.q_proj": "model.language_model.layers.3.self_attn.q_proj",
		"visual.blocks.0.attn.qkv":        "model.visual.blocks.0.attn.qkv",
		"lm_head":                         "lm_head",
	} {
		if got := peftModule(layer); got != module || peftLayer(module) != layer || peftLayer(layer) != layer {
			t.Errorf("%s is %s, and back %s, %s", layer, got, peftLayer(module), peftLayer(layer))
		}
	}
}

// TestAdaptRefuses: what an adapter's files hold beyond W + scale * B A is named, and no weight has then changed.
func TestAdaptRefuses(t *testing.T) {
	ctx := context.Background()
	m := open(t, os.DirFS(golden+"/checkpoint"), "go", "f32")
	attach(t, m, LoRA{Rank: 2, Targets: []string{"model.layers.0.mlp.up_proj", "visual.merger.mlp.0"}})
	dir := filepath.Join(apart(t, m), AdapterDir)
	if err := m.merge(ctx); err != nil {
		t.Fatal(err)
	}
	before := tensors.MustCopyFlatData[float32](m.store.GetVariable("/model.layers.0.mlp.up_proj.weight").MustValue())
	text, err := os.ReadFile(filepath.Join(dir, adapterConfig))
	if err != nil {
		t.Fatal(err)
	}
	weights, err := os.ReadFile(filepath.Join(dir, adapterWeights))
	if err != nil {
		t.Fatal(err)
	}
	adapt := func(config, weights []byte) error {
		return m.Adapt(ctx, fstest.MapFS{adapterConfig: {Data: config}, adapterWeights: {Data: weights}})
	}
	options := map[string]any{
		"use_dora": true, "bias": "all", "rank_pattern": map[string]int{"q_proj": 4},
		"alpha_pattern": map[string]int{"q_proj": 4}, "fan_in_fan_out": true, "init_lora_weights": "pissa_niter_4", "peft_type": "LOHA", "r": 0,
		"layer_replication": [][]int{{0, 1}}, "lora_bias": true,
	}
	for option, value := range options {
		var config map[string]any
		if err := json.Unmarshal(text, &config); err != nil {
			t.Fatal(err)
		}
		config[option] = value
		changed, err := json.Marshal(config)
		if err != nil {
			t.Fatal(err)
		}
		if err := adapt(changed, weights); err == nil || !strings.Contains(err.Error(), option+" = ") || !strings.Contains(err.Error(), adapterConfig) {
			t.Errorf("%s: %v", option, err)
		}
	}
	// Renaming keeps the header's length.
	for _, c := range []struct{ old, new, named string }{
		{"visual.merger.mlp.0.lora_A", "visual.merger.mlp.7.lora_A", "visual.merger.mlp.7.lora_A"},
		{"mlp.0.lora_B.weight", "mlp.0.lora_C.weight", "mlp.0.lora_C.weight"},
		{"base_model.model.model.visual", "base_model.other.model.visual", "base_model.other"},
		{"layers.0.mlp.up_proj.lora_B", "layers.1.mlp.up_proj.lora_B", "layers.0.mlp.up_proj.lora_B"}, // of two halves, the first to miss its other
		{"layers.0.mlp.up_proj", "layers.0.mlp.no_proj", "no_proj"},
		{`"shape":[2,`, `"shape":[1,`, ""},
	} {
		hurt := bytes.ReplaceAll(weights, []byte(c.old), []byte(c.new))
		var wrong *TensorError
		if err := adapt(text, hurt); err == nil || c.named != "" && (!errors.As(err, &wrong) || !strings.Contains(wrong.Name, c.named)) {
			t.Errorf("%s: %v", c.new, err)
		}
	}
	var rank *TensorError
	if err := adapt(bytes.Replace(text, []byte(`"r": 2`), []byte(`"r": 3`), 1), weights); !errors.As(err, &rank) || rank.Got != "F32 [2 96]" && !strings.HasPrefix(rank.Got, "F32 [2 ") {
		t.Errorf("another rank: %v", err)
	}
	for _, err := range []error{m.Adapt(ctx, fstest.MapFS{}), m.Adapt(ctx, fstest.MapFS{adapterConfig: {Data: text}})} {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("no files: %v", err)
		}
	}
	after := tensors.MustCopyFlatData[float32](m.store.GetVariable("/model.layers.0.mlp.up_proj.weight").MustValue())
	if !slices.Equal(before, after) {
		t.Error("a refused adapter has changed weights")
	}
	if err := adapt(text, weights); err != nil {
		t.Errorf("the adapter itself: %v", err)
	}
	eight := open(t, os.DirFS(golden+"/checkpoint"), "go", "int8")
	if err := errors.Join(eight.Adapt(ctx, os.DirFS(dir)), eight.attach(ctx, LoRA{}, 1)); err == nil || strings.Count(err.Error(), "int8") != 2 {
		t.Errorf("int8: %v", err)
	}
}

// TestAttach: what is left at zero, what matches, and what is refused.
func TestAttach(t *testing.T) {
	ctx := context.Background()
	m := open(t, os.DirFS(golden+"/checkpoint"), "go", "f32")
	for name, l := range map[string]LoRA{
		"rank -1": {Rank: -1}, "alpha -2": {Alpha: -2}, "dropout 1": {Dropout: 1}, "dropout NaN": {Dropout: math.NaN()}, "\"[\"": {Targets: []string{"["}},
		"no linear layer": {Targets: []string{"model.embed_tokens", "lm_head", "visual.patch_embed.proj", "model.norm", "*.weight"}},
	} {
		if err := m.attach(ctx, l, 1); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	attach(t, m, LoRA{})
	if n := len(adaptersOf(m)); n != 2*7*m.Config.Layers || m.adapters.Rank != 8 || m.adapters.scale != 2 {
		t.Errorf("%d adapters of rank %d, scale %v", n, m.adapters.Rank, m.adapters.scale)
	}
	for _, p := range adaptersOf(m) {
		var largest, square float64
		flat := values(t, m, p)
		for _, x := range flat {
			largest, square = max(largest, math.Abs(float64(x))), square+float64(x)*float64(x)/float64(len(flat))
		}
		bound := 1 / math.Sqrt(float64(p.Shape[1]))
		if strings.HasSuffix(p.Name, "/B") {
			bound = 0
		}
		if largest > bound || math.Abs(math.Sqrt(square)-bound/math.Sqrt(3)) > 0.1*bound {
			t.Errorf("%s: within %v, deviation %v, bound %v", p.Name, largest, math.Sqrt(square), bound)
		}
	}
	if err := m.attach(ctx, LoRA{}, 1); err == nil {
		t.Error("two adapters a layer")
	}
}
