package model

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/gomlx/core/graph"

	"github.com/egotsr/egotsr/internal/optim"
	"github.com/egotsr/egotsr/internal/simtest"
	"github.com/egotsr/egotsr/vision"
)

// tinyConfig is a model 32 wide with one layer a tower and 64 tokens, of which the last ones are special.
func tinyConfig(t testing.TB) Config {
	t.Helper()
	c, err := LoadConfig(os.DirFS(golden + "/checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	c.Layers, c.HiddenSize, c.IntermediateSize, c.Heads, c.KVHeads, c.VocabSize = 1, 32, 64, 2, 1, 64 // heads as wide as they were
	c.EOS, c.Pad, c.ImageToken, c.VideoToken, c.VisionStart, c.VisionEnd = []int32{59}, 59, 60, 61, 62, 63
	c.raw = nil // or the tokens that were would be written back
	v := &c.Vision
	v.Depth, v.HiddenSize, v.IntermediateSize, v.Heads, v.OutHidden, v.FullAttention = 1, 32, 48, 2, 32, nil
	return c
}

// noisy are made-up sequences: two frames in shades of gray, three words by chance, and a verdict that is right three times in
// four. Some loss stays to the end, so that curves can be compared by ratio.
func noisy(c Config, seed uint64, n int) (examples []Example) {
	rng := rand.New(rand.NewPCG(seed, 2))
	for range n {
		var shades [2]float32
		var ids []int32
		e := Example{}
		for i := range shades {
			shades[i] = 2*rng.Float32() - 1
			p := &vision.Patches{Grid: vision.Grid{T: 1, H: 4, W: 4}, Values: make([]float32, 16*c.Vision.patchValues())}
			for k := range p.Values {
				p.Values[k] = shades[i]
			}
			e.Frames = append(e.Frames, p)
			ids = append(append(ids, int32(1+i)), repeat(c.ImageToken, p.Grid.Tokens(c.Vision.MergeSize))...)
		}
		e.Target = len(ids)
		for range 3 {
			ids = append(ids, rng.Int32N(5)+20)
		}
		verdict := int32(10)
		if (shades[1] > shades[0]) == (rng.IntN(4) > 0) {
			verdict = 11
		}
		e.IDs = append(ids, verdict, c.EOS[0])
		e.Weight = 1 / float32(n*(len(e.IDs)-e.Target))
		examples = append(examples, e)
	}
	return examples
}

// take runs one step on noisy sequences.
func take(t testing.TB, m *Model, tr *Training, n int, lr float64) (loss, norm float64) {
	t.Helper()
	b, err := m.NewBatch(noisy(m.Config, uint64(n), 8), 8)
	if err != nil {
		t.Fatal(err)
	}
	if loss, norm, err = tr.Step(context.Background(), n, lr, []*Batch{b}); err != nil {
		t.Fatal(err)
	}
	return loss, norm
}

func begin(t testing.TB, m *Model, o TrainingOptions) *Training {
	t.Helper()
	tr, err := m.Train(context.Background(), false)
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Begin(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	return tr
}

// TestBF16Curve: over many steps from the same weights, the loss of every step in bfloat16 with float32 masters is within
// 2 % of that in float32. Without masters it is not, which shows that the test can fail.
func TestBF16Curve(t *testing.T) {
	dir := t.TempDir()
	random, err := New(tinyConfig(t), "go", 5)
	if err != nil {
		t.Fatal(err)
	}
	random.Config.DType = "bfloat16" // rounded once, so that all begin alike
	if err := errors.Join(random.Save(context.Background(), fstest.MapFS{}, nil, dir), random.Close()); err != nil {
		t.Fatal(err)
	}
	curve := func(t *testing.T, backend, weights string, steps int, after func(*Model)) (losses []float64) {
		m := open(t, os.DirFS(dir), backend, weights)
		tr := begin(t, m, TrainingOptions{WeightDecay: 0.01, MaxGradNorm: 1})
		for n := range steps {
			loss, _ := take(t, m, tr, n+1, optim.NewSchedule(20, steps).Rate(7e-4, n+1))
			if losses = append(losses, loss); after != nil {
				after(m)
			}
		}
		if err := tr.Close(); err != nil {
			t.Fatal(err)
		}
		return losses
	}
	check := func(t *testing.T, backend string, steps int) {
		wide := curve(t, backend, "f32", steps, nil)
		with, without := offBy(curve(t, backend, "bf16", steps, nil), wide), offBy(curve(t, backend, "bf16", steps, roundWeights), wide)
		t.Logf("loss %.3f to %.3f; bf16 is off by %.2f %% at most, without masters by %.2f %%", wide[0], wide[len(wide)-1], 100*with, 100*without)
		if with > 0.02 {
			t.Errorf("bf16 with masters leaves the f32 curve by %.2f %%", 100*with)
		}
		if without < 0.02 {
			t.Errorf("bf16 without masters leaves the f32 curve by no more than %.2f %%: this test proves nothing", 100*without)
		}
		if last := wide[len(wide)-1]; last > wide[0]/2 {
			t.Errorf("nothing was learnt: loss %v to %v", wide[0], last)
		}
	}
	t.Run("go", func(t *testing.T) { check(t, "go", 100) })
	t.Run("xla:cpu", func(t *testing.T) {
		simtest.Long(t)
		if !xlaPlugin() {
			t.Skip("no PJRT plugin")
		}
		check(t, "xla:cpu", 200)
	})
}

// offBy is the largest relative difference at any step.
func offBy(a, b []float64) (most float64) {
	for i := range a {
		most = max(most, math.Abs(a[i]-b[i])/b[i])
	}
	return most
}

// roundWeights makes bfloat16 of the masters.
func roundWeights(m *Model) {
	for _, p := range m.Config.Params() {
		m.store.GetVariable("/" + p.Name).MustValue().MustMutableFlatData(func(flat any) {
			for i, x := range flat.([]float32) {
				flat.([]float32)[i] = bfloat16.FromFloat32(x).Float32()
			}
		})
	}
}

// TestStepNotFinite: a step whose loss is not finite changes no weight and no moment, and the next one goes on.
func TestStepNotFinite(t *testing.T) {
	for _, batches := range []int{1, 2} { // in one graph, and added up
		m, err := New(tinyConfig(t), "go", 5)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		tr := begin(t, m, TrainingOptions{})
		step := func(n int) float64 {
			var all []*Batch
			for range batches {
				b, err := m.NewBatch(noisy(m.Config, uint64(n), 2), 2)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, b)
			}
			loss, _, err := tr.Step(t.Context(), n, 1e-3, all)
			if err != nil {
				t.Fatal(err)
			}
			return loss
		}
		state := func() string {
			var b bytes.Buffer
			if err := tr.Exclusive(t.Context(), func() error { return tr.WriteState(&b) }); err != nil {
				t.Fatal(err)
			}
			return b.String()
		}
		step(1)
		norm := Param{Name: "model.norm.weight", Shape: []int{32}}
		was := values(t, m, norm)
		bad := slices.Clone(was)
		bad[0] = float32(math.NaN())
		setValues(t, m, norm, bad)
		before := state()
		if loss := step(2); !math.IsNaN(loss) {
			t.Fatalf("loss %v", loss)
		}
		if state() != before {
			t.Errorf("%d batches: a step that was not finite has changed weights or moments", batches)
		}
		setValues(t, m, norm, was)
		if loss := step(2); math.IsNaN(loss) || state() == before {
			t.Errorf("%d batches: the step after it has loss %v, or changed nothing", batches, loss)
		}
	}
}

// TestState: adapters and moments read back make the next step that would have come, to the bit. Weights that are not trained stay
// as they were opened, in memory and in the file.
func TestState(t *testing.T) {
	for _, weights := range []string{"f32", "bf16"} {
		t.Run(weights, func(t *testing.T) { testState(t, weights) })
	}
}

func testState(t *testing.T, weights string) {
	o := TrainingOptions{LoRA: &LoRA{Rank: 2, Dropout: 0.3}, Trainable: []string{"model.norm.weight"}, Seed: 9}
	started := func(seed uint64) *Model {
		random, err := New(tinyConfig(t), "go", seed)
		dir := t.TempDir()
		if err := errors.Join(err, random.Save(t.Context(), fstest.MapFS{}, nil, dir), random.Close()); err != nil {
			t.Fatal(err)
		}
		return open(t, os.DirFS(dir), "go", weights)
	}
	m := started(5)
	held := m.dtype
	tr := begin(t, m, o)
	for n := range 3 {
		take(t, m, tr, n+1, 1e-2)
	}
	var file bytes.Buffer
	if err := tr.WriteState(&file); err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{"state": {Data: file.Bytes()}}
	want, norm := take(t, m, tr, 4, 1e-2)

	again := started(6) // other weights
	second, err := again.Train(t.Context(), false)
	if err := errors.Join(err, second.ReadState(t.Context(), files, "state"), second.Begin(t.Context(), o), second.ReadState(t.Context(), files, "state")); err != nil {
		t.Fatal(err)
	}
	if loss, n := take(t, again, second, 4, 1e-2); loss != want || n != norm {
		t.Errorf("loss %v, norm %v; want %v, %v", loss, n, want, norm)
	}
	for name, want := range map[string]dtypes.DType{"model.norm.weight": dtypes.Float32, "model.embed_tokens.weight": held} {
		for _, m := range []*Model{m, again} {
			if got := m.store.GetVariable("/" + name).DType(); got != want {
				t.Errorf("%s is %s, not %s", name, got, want)
			}
		}
	}

	if err := second.Begin(t.Context(), o); err == nil {
		t.Error("two stages at once")
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := second.Step(t.Context(), 5, 1, nil); err == nil {
		t.Error("a step of no stage")
	}
	if err := second.Begin(t.Context(), TrainingOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := second.ReadState(t.Context(), files, "state"); err == nil || !strings.Contains(err.Error(), `state: tensor "`) {
		t.Errorf("moments of other weights: %v", err)
	}
	if err := second.WriteAdapters(discard{}); err == nil {
		t.Error("wrote adapters that are not there")
	}
}

type discard struct{}

func (discard) File(_ string, write func(io.Writer) error) error { return write(io.Discard) }

// TestOptions: a backend or weights that cannot be had are told apart from a checkpoint that cannot.
func TestOptions(t *testing.T) {
	files := os.DirFS(golden + "/checkpoint")
	for _, c := range []struct{ backend, weights, option, named string }{
		{"abacus", "", "Backend", "abacus"}, {"xla:cpu,devices=many", "", "Backend", "xla:cpu,devices=many"}, {"go", "f8", "Weights", "f8"},
	} {
		m, err := Load(t.Context(), files, c.backend, c.weights)
		var bad *OptionError
		if m != nil || !errors.As(err, &bad) || bad.Option != c.option || !strings.Contains(bad.Reason, fmt.Sprintf("%q", c.named)) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	t.Setenv("GOMLX_BACKEND", "abacus")
	if _, err := New(tinyConfig(t), "", 1); err == nil || !strings.Contains(err.Error(), "abacus") {
		t.Errorf("from the environment: %v", err)
	}
}

// TestPanic: whatever a graph's building panics with is an error of the call.
func TestPanic(t *testing.T) {
	m, err := New(tinyConfig(t), "go", 5)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for _, value := range []any{"a text", errors.New("an error"), 7} {
		p, err := m.newProgram(nil, func(*graph.Graph, []*graph.Node) []*graph.Node { panic(value) })
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.run(t.Context(), &p, []float32{1}); err == nil || !strings.Contains(err.Error(), fmt.Sprint(value)) {
			t.Errorf("%v: %v", value, err)
		}
	}
}
