package egotsr

import (
	"context"
	"errors"
	"image"
	"math"
	"strings"
	"testing"

	"github.com/egotsr/egotsr/dataset"
)

// placer is a function as a Placer.
type placer func(frames []image.Image) ([]float64, error)

func (p placer) Progress(_ context.Context, _ string, frames []image.Image) ([]float64, error) {
	return p(frames)
}

// bright places lamps by their light: with lampEpisode that is the truth.
var bright = placer(func(frames []image.Image) (values []float64, _ error) {
	for _, f := range frames {
		values = append(values, float64(f.(*image.Gray).Pix[0]))
	}
	return values, nil
})

func TestEvaluateCurves(t *testing.T) {
	ctx := context.Background()
	unknown := lampEpisode("3", 100, 0)
	unknown.Cost = nil
	gone := lampEpisode("4", 100, 0)
	gone.Frames[1] = "gone"
	episodes := []dataset.Episode{lampEpisode("0", 100, 80, 40, 0), lampEpisode("1", 100, 20, 60, 0), lampEpisode("2", 7, 7), unknown, gone}
	r, err := EvaluateCurves(ctx, bright, lit{}.Image, episodes, &CurveOptions{Name: "light"})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Episodes) != 2 || r.Episodes[0].Setbacks || !r.Episodes[1].Setbacks || len(r.Bad) != 1 || r.Bad[0].Index != 4 {
		t.Fatalf("%+v, bad %v", r.Episodes, r.Bad)
	}
	if c := r.Episodes[1]; c.Truth[2] != 0.4 || c.Values[1][3] != 1 || c.Values[2][3] != 0 || c.Values[2][0] != -100 {
		t.Errorf("%+v", c)
	}
	near := func(a, b float64) bool { return math.Abs(a-b) < 1e-12 }
	for s, want := range [][3][3]float64{ // all, clean, with setbacks: by time, by truth, tau
		{{0.9, 1, 1}, {1, 1, 1}, {0.8, 1, 1}},
		{{1, 0.9, 5. / 6}, {1, 1, 1}, {1, 0.8, 2. / 3}},
	} {
		for k, g := range r.Systems[s].Groups {
			if !near(g.Order.Value, want[k][0]) || !near(g.Truth.Value, want[k][1]) || !near(g.Tau.Value, want[k][2]) {
				t.Errorf("%s: %+v, want %v", r.Systems[s].Name, g, want[k])
			}
		}
	}
	if all := r.Systems[0].Groups[0]; all.Episodes != 2 || !near(all.Order.Interval[0], 0.8) || !near(all.Order.Interval[1], 1) {
		t.Errorf("%+v", all)
	}
	if truth := r.Systems[4].Groups[2]; !near(truth.Order.Value, 0.8) || !near(truth.Tau.Value, 1) {
		t.Errorf("the truth: %+v", truth)
	}
	flat := placer(func(frames []image.Image) ([]float64, error) { return make([]float64, len(frames)), nil })
	if r, err := EvaluateCurves(ctx, flat, lit{}.Image, episodes[:1], &CurveOptions{Frames: 2}); err != nil || r.Systems[0].Groups[0].Tau.Value != 0 || len(r.Episodes[0].Frames) != 2 {
		t.Errorf("a flat curve: %v, %+v", err, r)
	}
}

func TestEvaluateCurvesErrors(t *testing.T) {
	ctx, episodes := context.Background(), []dataset.Episode{lampEpisode("7", 100, 0)}
	broken := errors.New("broken")
	for what, p := range map[string]placer{
		"broken":   func([]image.Image) ([]float64, error) { return nil, broken },
		"1 values": func([]image.Image) ([]float64, error) { return []float64{1}, nil },
		"NaN":      func([]image.Image) ([]float64, error) { return []float64{1, math.NaN()}, nil },
	} {
		if _, err := EvaluateCurves(ctx, p, lit{}.Image, episodes, nil); err == nil || !strings.Contains(err.Error(), what) || !strings.Contains(err.Error(), "lamp/7") {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := EvaluateCurves(ctx, bright, lit{}.Image, nil, nil)
	wantInput(t, err, "episodes")
}

func TestEvaluateDone(t *testing.T) {
	ctx := context.Background()
	signalled := lampEpisode("1", 30, 20, 10) // the signal counts, not the cost
	signalled.Signals = map[string][]float64{"success": {0, 0, 1}}
	unknown := lampEpisode("2", 10, 0)
	unknown.Cost = nil
	episodes := []dataset.Episode{lampEpisode("0", 100, 15, 0, 0), signalled, unknown}
	light := func(_ context.Context, _ string, frame image.Image) (float64, error) {
		return float64(frame.(*image.Gray).Pix[0]) / 250, nil
	}
	r, err := EvaluateDone(ctx, light, lit{}.Image, episodes, &CurveOptions{Name: "light"})
	if err != nil {
		t.Fatal(err)
	}
	// Levels of done frames 250, 250, 240; of others 150, 235, 220, 230. All are brighter than half but none is out of order.
	d := r.Systems[0]
	if r.Frames != 7 || r.Done != 3 || d.AUC != 1 || d.Found != 1 || d.False != 1 || d.Interval != [2]float64{1, 1} {
		t.Errorf("%+v", r)
	}
	// Places of done frames 2/3, 1, 1; of others 0, 1/3, 0, 1/2.
	if p := r.Systems[1]; p.AUC != 1 || p.False != 0 || p.Found != 1 {
		t.Errorf("%+v", p)
	}
	odd := func(context.Context, string, image.Image) (float64, error) { return 2, nil }
	if _, err := EvaluateDone(ctx, odd, lit{}.Image, episodes, nil); err == nil || !strings.Contains(err.Error(), "frame 0 of episode lamp/0: probability 2") {
		t.Error(err)
	}
	_, err = EvaluateDone(ctx, light, lit{}.Image, []dataset.Episode{lampEpisode("9", 100, 50)}, nil)
	wantInput(t, err, "episodes")
}
