package egotsr

import (
	"context"
	"image"
	"math"
	"os"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/egotsr/egotsr/model"
)

func progress(t testing.TB, m *Model, frames []image.Image) []float64 {
	t.Helper()
	curve, err := m.Progress(context.Background(), "task", frames)
	if err != nil {
		t.Fatal(err)
	}
	return curve
}

func noises(n int) []image.Image {
	frames := make([]image.Image, n)
	for i := range frames {
		frames[i] = noise(uint64(i), 28, 28)
	}
	return frames
}

func TestProgressEncodesOnce(t *testing.T) {
	const n = 64
	m := openTiny(t, Options{FrameCache: -1})
	curve := progress(t, m, noises(n))
	if m.frames.encodes != n {
		t.Errorf("%d encodes of %d frames", m.frames.encodes, n)
	}
	if len(curve) != n || slices.Min(curve) != 0 || slices.Max(curve) != 1 {
		t.Errorf("%d values within [%v, %v]", len(curve), slices.Min(curve), slices.Max(curve))
	}
}

func TestProgressReverses(t *testing.T) {
	tolerance := 1e-9
	if os.Getenv("EGOTSR_TEST_BACKEND") != "" {
		tolerance = 1e-5 // XLA's sums depend on how many frames share a run
	}
	const n = 18 // more than are compared each with each
	for _, c := range []struct{ cache, encodes int }{{0, n}, {5, 2*n - 5}} {
		m := openTiny(t, Options{FrameCache: c.cache})
		frames := noises(n)
		curve := progress(t, m, frames)
		slices.Reverse(frames)
		reversed := progress(t, m, frames)
		slices.Reverse(reversed)
		for i := range curve {
			if math.Abs(curve[i]-reversed[i]) > tolerance {
				t.Errorf("FrameCache %d: frame %d at %v, reversed at %v", c.cache, i, curve[i], reversed[i])
			}
		}
		if m.frames.encodes != c.encodes {
			t.Errorf("FrameCache %d: %d encodes for two curves, want %d", c.cache, m.frames.encodes, c.encodes)
		}
	}
}

func TestProgressSmall(t *testing.T) {
	m := openTiny(t, Options{})
	if curve := progress(t, m, nil); len(curve) != 0 {
		t.Errorf("no frames: %v", curve)
	}
	a, b := noise(1, 40, 40), noise(2, 40, 40)
	if curve := progress(t, m, []image.Image{a}); !slices.Equal(curve, []float64{0.5}) {
		t.Errorf("one frame: %v", curve)
	}
	if curve := progress(t, m, []image.Image{a, a, a}); !slices.Equal(curve, []float64{0.5, 0.5, 0.5}) {
		t.Errorf("one frame three times: %v", curve)
	}
	curve := progress(t, m, []image.Image{a, b, a})
	if j := judge(t, m, Pair{"task", a, b}, nil); (j.Closer == Img1) != (curve[0] == 1) || curve[0] != curve[2] || curve[0] == curve[1] {
		t.Errorf("a, b, a: %v, though a is closer with %v", curve, j.PImg1)
	}
}

// The comparisons of a sequence are those of its reverse, hold it together, and are few.
func TestComparisons(t *testing.T) {
	for n := range 200 {
		edges := comparisons(n)
		if n <= 16 && len(edges) != n*(n-1)/2 || n > 16 && len(edges) > 6*n {
			t.Errorf("%d frames: %d comparisons", n, len(edges))
		}
		set := map[edge]bool{}
		for _, e := range edges {
			if e.i >= e.j || set[e] {
				t.Errorf("%d frames: %v is listed twice or backwards", n, e)
			}
			set[e] = true
		}
		for e := range set {
			if !set[edge{n - 1 - e.j, n - 1 - e.i}] {
				t.Errorf("%d frames: %v has no mirror image", n, e)
			}
		}
	}
}

// Scores that the odds were made of are found again, also from a sparse and long chain of comparisons.
func TestFit(t *testing.T) {
	for _, n := range []int{2, 3, 16, 17, 64, 1000} {
		want := make([]float64, n)
		for i := range want {
			want[i] = math.Sin(float64(3*i)) * float64(i)
		}
		edges := comparisons(n)
		odds := make([]float64, len(edges))
		for k, e := range edges {
			odds[k] = want[e.i] - want[e.j]
		}
		got := fit(n, edges, odds)
		for i := range got {
			if d := (got[i] - got[0]) - (want[i] - want[0]); math.Abs(d) > 1e-8*float64(n) {
				t.Fatalf("%d frames: score %d is off by %v", n, i, d)
			}
		}
	}
}

// The cache's own rules, without a model.
func TestFrameCache(t *testing.T) {
	c := newFrameCache(2)
	frames := []*frame{{hash: frameHash{1}}, {hash: frameHash{2}}, {hash: frameHash{1}}, {hash: frameHash{3}}, {hash: frameHash{4}}}
	claim := func(list ...int) (entries, mine []*cacheEntry) {
		entries = make([]*cacheEntry, len(frames))
		return entries, c.claim(frames, entries, list)
	}
	entries, mine := claim(0, 1, 2)
	if len(mine) != 2 || entries[0] != entries[2] {
		t.Fatalf("%d claimed of two distinct frames", len(mine))
	}
	if _, again := claim(0, 1, 2); len(again) != 0 {
		t.Fatal("claimed twice")
	}
	c.settle(mine[0], &model.Features{})
	c.settle(mine[1], nil) // fails
	entries, mine = claim(0, 1, 3)
	if len(mine) != 2 || entries[0].features == nil {
		t.Fatal("a failure was kept, or a success was not")
	}
	c.settle(mine[0], &model.Features{})
	claim(0) // now the frame used last
	c.settle(mine[1], &model.Features{})
	if c.entries[frameHash{1}] == nil || c.entries[frameHash{2}] != nil || c.entries[frameHash{3}] == nil || c.recent.Len() != 2 {
		t.Error("not the frame used longest ago was dropped")
	}
	if c.encodes != 3 {
		t.Errorf("%d encodes counted", c.encodes)
	}
	_, mine = claim(4)
	c.forget()
	c.settle(mine[0], &model.Features{}) // made with the weights of before
	if len(c.entries) != 0 || c.recent.Len() != 0 {
		t.Error("frames remain")
	}
}

// A call that waits for another's frame takes over when that one gives up, and leaves when its own context ends.
func TestFrameCacheWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &Model{frames: newFrameCache(2)}
		frames := []*frame{{hash: frameHash{1}}}
		mine := m.frames.claim(frames, make([]*cacheEntry, 1), []int{0})
		ctx, cancel := context.WithCancel(context.Background())
		waiting := make(chan error, 2)
		go func() {
			_, err := m.features(ctx, frames)
			waiting <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-waiting; err != context.Canceled {
			t.Errorf("a cancelled waiter: %v", err)
		}
		go func() {
			_, err := m.features(context.Background(), frames)
			waiting <- err
		}()
		synctest.Wait()
		m.frames.settle(mine[0], &model.Features{})
		if err := <-waiting; err != nil {
			t.Errorf("a waiter that was served: %v", err)
		}
	})
}

// TestProgressWarm: after Warmup a curve of full batches compiles nothing.
func TestProgressWarm(t *testing.T) {
	var c counter
	m := openTiny(t, Options{Meter: &c})
	if err := m.Warmup(t.Context(), 28, 28); err != nil {
		t.Fatal(err)
	}
	compiled := c.compiled.Load()
	var frames []image.Image
	for i := range 16 { // 240 questions, of which 16 make a batch
		frames = append(frames, noise(uint64(i), 28, 28))
	}
	if _, err := m.Progress(t.Context(), "Open the box", frames); err != nil {
		t.Fatal(err)
	}
	if n := c.compiled.Load() - compiled; n != 0 || compiled == 0 {
		t.Errorf("%d graphs compiled, %d before", n, compiled)
	}
}
