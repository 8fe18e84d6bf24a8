package dataset

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestMargin(t *testing.T) {
	for _, c := range []struct {
		cost []float64
		want float64
	}{{nil, 5}, {[]float64{80, 0}, 5}, {[]float64{200, 0}, 10}} {
		if got := (&Episode{Cost: c.cost}).Margin(); got != c.want {
			t.Errorf("margin of %v is %v, want %v", c.cost, got, c.want)
		}
	}
	e := Episode{Cost: []float64{10, 5, 10, 5.1}}
	if e.order(0, 1) != 1 || e.order(1, 2) != -1 || e.order(2, 3) != 0 {
		t.Error("the margin itself has to count as a difference, less than it must not")
	}
}

// Every draw is ascending, distinct, as long as asked for, and holds what it has to keep.
func TestStratified(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		n, k := 2+rng.IntN(40), 2+rng.IntN(12)
		i := rng.IntN(n - 1)
		keep := []int{i, i + 1 + rng.IntN(n-1-i)}
		frames := stratified(rng, stretch{0, n}, k, keep)
		if len(frames) != min(n, k) || !slices.IsSorted(frames) || len(slices.Compact(slices.Clone(frames))) != len(frames) {
			t.Fatalf("%d of %d frames: %v", k, n, frames)
		}
		if !slices.Contains(frames, keep[0]) || !slices.Contains(frames, keep[1]) || frames[len(frames)-1] >= n {
			t.Fatalf("%d of %d frames with %v: %v", k, n, keep, frames)
		}
	}
	for range 100 {
		for s, f := range stratified(rng, stretch{100, 135}, 5, nil) {
			if (f-100)/7 != s {
				t.Fatalf("frame %d is not of stretch %d", f, s)
			}
		}
	}
}

func TestRegressionShare(t *testing.T) {
	fsys := tree(t, [][]int{slipped})
	episodes, _, err := Simulated(fsys)
	if err != nil {
		t.Fatal(err)
	}
	// 12 of the 103 pairs that can be labelled are regressions.
	for _, c := range []struct{ share, low, high float64 }{{-1, 0.07, 0.16}, {0, 0.2, 0.3}, {0.5, 0.3, 0.55}} {
		for _, pairs := range []int{1, 8} {
			p, err := NewPairs(fsys, episodes, PairOptions{Groups: 2000, PairsPerGroup: pairs, RegressionShare: c.share})
			if err != nil {
				t.Fatal(err)
			}
			worse := 0
			for _, s := range samplesOf(t, p) {
				worse += bit(s.Kind == KindRegression)
			}
			if got := float64(worse) / float64(p.Len()); got < c.low || got > c.high {
				t.Errorf("share %v of %d pairs gave %v", c.share, pairs, got)
			}
		}
	}
}

// Episodes too poor for the options still fill every group.
func TestFewPairs(t *testing.T) {
	fsys := tree(t, [][]int{{40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 30}, {9, 0}})
	episodes, _, err := Simulated(fsys)
	if err != nil {
		t.Fatal(err)
	}
	for _, frames := range []int{2, 3, 100} {
		p, err := NewPairs(fsys, episodes, PairOptions{Groups: 100, FramesPerGroup: frames, PairsPerGroup: 30})
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range samplesOf(t, p) {
			if s.Closer == "" || s.Window == 0 {
				t.Fatalf("%d frames, sample %d: %+v", frames, i, s)
			}
		}
	}
}

func BenchmarkDraw(b *testing.B) {
	p, _ := newPairs(b, PairOptions{})
	for n := range b.N {
		p.draw(n)
	}
}
