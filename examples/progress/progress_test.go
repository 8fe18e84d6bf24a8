package main

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/egotsr/egotsr/examples/internal/program"
	"github.com/egotsr/egotsr/internal/page"
)

func TestTurns(t *testing.T) {
	for name, c := range map[string]struct {
		curve []float64
		want  []turn
	}{
		"nothing":            {nil, nil},
		"one frame":          {[]float64{0.5}, nil},
		"a rise":             {[]float64{0, 0.5, 1}, nil},
		"it wavers":          {[]float64{0, 0.3, 0.15, 0.5, 0.35, 1}, nil},
		"down and up":        {[]float64{0, 0.9, 0.4, 0.3, 0.35, 1}, []turn{{1, true}, {3, false}}},
		"down for good":      {[]float64{0, 0.9, 0.8, 0.7, 0.6, 0.5}, []turn{{1, true}}},
		"from the start":     {[]float64{1, 0.5, 0, 0.1}, []turn{{0, true}}},
		"little by little":   {[]float64{1, 0.95, 0.9, 0.85, 0.81, 0.79}, []turn{{0, true}}},
		"the last of equals": {[]float64{0, 1, 1, 0, 0, 1}, []turn{{2, true}, {4, false}}},
	} {
		if diff := cmp.Diff(c.want, turns(c.curve), cmp.AllowUnexported(turn{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestTurnsOfAny: setbacks and recoveries take turns, each is the extreme between its neighbours, at least so far from them, and
// between two nothing that would be a turn is passed over.
func TestTurnsOfAny(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for range 500 {
		curve := make([]float64, 1+r.IntN(60))
		for i := 1; i < len(curve); i++ {
			curve[i] = curve[i-1] + 0.3*r.NormFloat64()
		}
		found := turns(curve)
		bounds := []int{0}
		for _, f := range found {
			bounds = append(bounds, f.at)
		}
		bounds = append(bounds, len(curve)-1)
		for k, f := range found {
			if f.setback != (k%2 == 0) {
				t.Fatalf("turn %d is a %v", k, f)
			}
			if k > 0 && (curve[f.at]-curve[found[k-1].at] < least) == f.setback {
				t.Fatalf("%v: from %v to %v it is not far", curve, found[k-1], f)
			}
		}
		for k := range bounds[1:] {
			rising, part := k%2 == 0, slices.Clone(curve[bounds[k]:bounds[k+1]+1])
			if !rising {
				for i := range part {
					part[i] = -part[i]
				}
			}
			high := part[0] // the part goes up: from no point of it does it fall by least
			for i, v := range part {
				if high = max(high, v); high-v >= least {
					t.Fatalf("%v: between turns %v it turns at %d", curve, found, bounds[k]+i)
				}
			}
			if k < len(found) && slices.Max(part) != part[len(part)-1] {
				t.Fatalf("%v: %v is not the extreme", curve, found[k])
			}
		}
	}
}

// TestChoose: frames are shown in order and once, from the first to the last, and no turn is left out for want of room of its own.
func TestChoose(t *testing.T) {
	for n := 1; n < 100; n++ {
		got := choose(n, nil)
		if len(got) != min(n, pictures) || got[0] != 0 || got[len(got)-1] != n-1 || !slices.IsSorted(got) || len(slices.Compact(got)) != len(got) {
			t.Fatalf("of %d: %v", n, got)
		}
		for at := range n {
			if got := choose(n, []turn{{at: at}}); !slices.Contains(got, at) || !slices.IsSorted(got) || len(slices.Compact(got)) != min(n, pictures) {
				t.Fatalf("of %d with %d: %v", n, at, got)
			}
		}
	}
}

// TestPlot: a turn's frame is shown once, with the turn.
func TestPlot(t *testing.T) {
	images, err := folder(frames, "frames", 1)
	if err != nil {
		t.Fatal(err)
	}
	curve := make([]float64, len(images))
	curve[5] = 1
	p := plot("t", curve, turns(curve), images, 3)
	var shown []float64
	for _, s := range p.Series {
		for _, q := range s.Points {
			if q.Picture != nil {
				shown = append(shown, q.X)
			}
		}
	}
	slices.Sort(shown)
	if diff := cmp.Diff([]float64{0, 3, 9, 15, 18, 24, 30, 36}, shown); diff != "" {
		t.Errorf("frames (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]page.Point{{X: 15, Y: 1, Text: "frame 15: 1.00", Label: "setback", Caption: "15"}}, p.Series[1].Points,
		cmpopts.IgnoreFields(page.Point{}, "Picture")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestRun measures a few frames of the embedded episode and writes both files.
func TestRun(t *testing.T) {
	checkpoint, err := filepath.Abs("../../testdata/tiny")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if err := run(t.Context(), program.Checkpoint{Dir: checkpoint, Backend: "go"}, "Open a window", "", 4); err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile("progress.csv")
	if err != nil || !strings.HasPrefix(string(table), "frame,progress\n0,") || !strings.Contains(string(table), "\n12,") || strings.Count(string(table), "\n") != 5 {
		t.Errorf("%q, %v", table, err)
	}
	picture, err := os.ReadFile("progress.svg")
	if err != nil || strings.Count(string(picture), "<image ") != 4 {
		t.Errorf("%d pictures, %v", strings.Count(string(picture), "<image "), err)
	}
}
