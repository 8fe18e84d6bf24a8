package optim

import (
	"math"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	_ "github.com/gomlx/compute/gobackend"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// TestSchedule: values of transformers' get_cosine_schedule_with_warmup for 10 steps with 4 of warm-up, times 2.
func TestSchedule(t *testing.T) {
	want := []float64{0, 0.5, 1, 1.5, 2, 1.8660254037844386, 1.5, 1, 0.5, 0.13397459621556135}
	for i, w := range want {
		if got := NewSchedule(4, 10).Rate(2, i+1); math.Abs(got-w) > 1e-12 {
			t.Errorf("step %d: %v, want %v", i+1, got, w)
		}
	}
	if got := NewSchedule(4, 10).Rate(2, 11); got > 1e-12 {
		t.Errorf("after the last step: %v", got)
	}
}

// TestScheduleChanged: a run made longer or shorter keeps what was done, goes on from the rate that it had, falls from there and ends at zero.
func TestScheduleChanged(t *testing.T) {
	for _, c := range []struct{ warmup, steps, done, until int }{
		{4, 10, 7, 20}, {4, 10, 6, 8}, {4, 10, 2, 30}, {0, 100, 99, 200}, {0, 100, 1, 1000}, {10, 100, 10, 50}, {4, 10, 5, 6},
	} {
		was := NewSchedule(c.warmup, c.steps)
		now := was.Until(c.done, c.until)
		for n := 1; n <= c.done+1; n++ { // the next step's rate is decided too
			if was.Rate(2, n) != now.Rate(2, n) {
				t.Errorf("%+v: step %d has %v, not %v", c, n, now.Rate(2, n), was.Rate(2, n))
			}
		}
		for n := max(c.done, c.warmup) + 1; n < c.until; n++ {
			if now.Rate(2, n+1) >= now.Rate(2, n) {
				t.Errorf("%+v: the rate goes from %v to %v after step %d", c, now.Rate(2, n), now.Rate(2, n+1), n)
			}
		}
		if end := now.Rate(2, c.until+1); end > 1e-12 || !now.Ended(c.until) || now.Ended(c.until-1) {
			t.Errorf("%+v: ends at %v", c, end)
		}
		if back := now.Until(c.done, c.steps); back.Rate(2, c.steps) != was.Until(c.done, c.steps).Rate(2, c.steps) || len(back.Parts) > 2 {
			t.Errorf("%+v: a change that nothing was done by is still there: %+v", c, back)
		}
	}
	s := NewSchedule(0, 10)
	if a, b := s.Until(3, 20), s.Until(3, 30); a.Parts[1] == b.Parts[1] {
		t.Error("two schedules share their parts")
	}
}

func TestWarmup(t *testing.T) {
	for total, want := range map[int]int{100000: 1000, 2000: 1000, 1999: 199, 1500: 150, 500: 100} {
		if got := Warmup(total); got != want {
			t.Errorf("%d steps: %d of warm-up, want %d", total, got, want)
		}
	}
}

// TestUpdate follows AdamW by hand in float64, with clipping, with and without decay, on gradient = 2*(value - target).
func TestUpdate(t *testing.T) {
	backend, err := compute.NewWithConfig("go:ops_sequential")
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Finalize()
	o := AdamW{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, WeightDecay: 0.1, MaxNorm: 0.5}
	store := model.NewStore()
	start := []float64{1, -2, 0.5}
	values := [][]float64{append([]float64{}, start...), append([]float64{}, start...)}
	var params []Param
	for i, name := range []string{"/decayed", "/plain"} {
		v, err := store.CreateVariable(name, tensors.FromFlatDataAndDimensions([]float32{1, -2, 0.5}, 3))
		if err != nil {
			t.Fatal(err)
		}
		params = append(params, Param{v, i == 0})
	}
	exec, err := model.NewExec(backend, store, func(_ *model.Scope, in []*graph.Node) []*graph.Node {
		var grads []*graph.Node
		for _, p := range params {
			grads = append(grads, graph.MulScalar(p.Variable.NodeValue(in[0].Graph()), 2))
		}
		return []*graph.Node{o.Update(params, grads, in[0])}
	})
	if err != nil {
		t.Fatal(err)
	}
	m, v := [2][3]float64{}, [2][3]float64{}
	for n := 1; n <= 20; n++ {
		const lr = 0.05
		res, err := exec.Call(o.Hyper(n, lr))
		if err != nil {
			t.Fatal(err)
		}
		var square float64
		for _, p := range values {
			for _, x := range p {
				square += 4 * x * x
			}
		}
		norm := math.Sqrt(square)
		if got := float64(tensors.ToScalar[float32](res[0])); math.Abs(got-norm) > 1e-5*norm {
			t.Fatalf("step %d: norm %v, want %v", n, got, norm)
		}
		clip := min(1, o.MaxNorm/(norm+1e-6))
		for i := range values {
			got := tensors.MustCopyFlatData[float32](params[i].Variable.MustValue())
			for j := range values[i] {
				g := 2 * values[i][j] * clip
				m[i][j] = 0.9*m[i][j] + 0.1*g
				v[i][j] = 0.999*v[i][j] + 0.001*g*g
				if params[i].Decay {
					values[i][j] *= 1 - lr*o.WeightDecay
				}
				mean, variance := m[i][j]/(1-math.Pow(0.9, float64(n))), v[i][j]/(1-math.Pow(0.999, float64(n)))
				values[i][j] -= lr * mean / (math.Sqrt(variance) + o.Epsilon)
				if math.Abs(float64(got[j])-values[i][j]) > 1e-5 {
					t.Fatalf("step %d, parameter %d[%d]: %v, want %v", n, i, j, got[j], values[i][j])
				}
			}
		}
	}
}

// TestUpdateSkipsNonFinite: a gradient that is not finite changes neither parameters nor moments, so the next step is
// what it would have been without it.
func TestUpdateSkipsNonFinite(t *testing.T) {
	backend, err := compute.NewWithConfig("go:ops_sequential")
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Finalize()
	run := func(grads ...float32) []float32 {
		store := model.NewStore()
		v, err := store.CreateVariable("/x", tensors.FromFlatDataAndDimensions([]float32{1, 2}, 2))
		if err != nil {
			t.Fatal(err)
		}
		params := []Param{{v, true}}
		exec, err := model.NewExec(backend, store, func(_ *model.Scope, in []*graph.Node) []*graph.Node {
			return []*graph.Node{Default.Update(params, []*graph.Node{graph.Mul(v.NodeValue(in[0].Graph()), in[1])}, in[0])}
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range grads {
			res, err := exec.Call(Default.Hyper(1, 0.1), g)
			if err != nil {
				t.Fatal(err)
			}
			norm := float64(tensors.ToScalar[float32](res[0]))
			if finite := !math.IsNaN(norm) && !math.IsInf(norm, 0); finite != (g == 0.5) {
				t.Errorf("gradient %v has norm %v", g, norm)
			}
		}
		return tensors.MustCopyFlatData[float32](v.MustValue())
	}
	clean, hurt := run(0.5), run(float32(math.NaN()), float32(math.Inf(1)), 0.5)
	if !slices.Equal(clean, hurt) || clean[0] == 1 {
		t.Errorf("%v after a clean step, %v with two broken ones before it", clean, hurt)
	}
}
