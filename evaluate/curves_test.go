package evaluate

import (
	"context"
	"errors"
	"image"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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

func TestCurves(t *testing.T) {
	ctx := context.Background()
	unknown := lampEpisode("3", 100, 0)
	unknown.Cost = nil
	gone := lampEpisode("4", 100, 0)
	gone.Frames[1] = "gone"
	episodes := []dataset.Episode{lampEpisode("0", 100, 80, 40, 0), lampEpisode("1", 100, 20, 60, 0), lampEpisode("2", 7, 7), unknown, gone}
	r, err := Curves(ctx, bright, Episodes{episodes, lit{}.Image}, &Options{Name: "light"})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Episodes) != 2 || r.Episodes[0].Setbacks || !r.Episodes[1].Setbacks || len(r.Bad) != 1 || r.Bad[0].Index != 4 {
		t.Fatalf("%+v, bad %v", r.Episodes, r.Bad)
	}
	if c := r.Episodes[1]; c.Truth[2] != 0.4 || c.Values[1][3] != 1 || c.Values[2][3] != 0 || c.Values[2][0] != -100 {
		t.Errorf("%+v", c)
	}
	for s, want := range map[int][3][3]float64{ // all, clean, with setbacks: by time, by truth, tau
		0: {{0.9, 1, 1}, {1, 1, 1}, {0.8, 1, 1}},
		1: {{1, 0.9, 5. / 6}, {1, 1, 1}, {1, 0.8, 2. / 3}},
		4: {{0.9, 1, 1}, {1, 1, 1}, {0.8, 1, 1}},
	} {
		var got [3][3]float64
		for k, g := range r.Systems[s].Groups {
			got[k] = [3]float64{g.Order.Value, g.Truth.Value, g.Tau.Value}
		}
		if diff := cmp.Diff(want, got, about); diff != "" {
			t.Errorf("%s: -want +got\n%s", r.Systems[s].Name, diff)
		}
	}
	all := CurveGroup{Name: GroupAll, Episodes: 2, Order: Mean{0.9, [2]float64{0.8, 1}}, Truth: Mean{1, [2]float64{1, 1}}, Tau: Mean{1, [2]float64{1, 1}}}
	if diff := cmp.Diff(all, r.Systems[0].Groups[0], about); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	flat := placer(func(frames []image.Image) ([]float64, error) { return make([]float64, len(frames)), nil })
	if r, err := Curves(ctx, flat, Episodes{episodes[:1], lit{}.Image}, &Options{Frames: 2}); err != nil || r.Systems[0].Groups[0].Tau.Value != 0 || len(r.Episodes[0].Frames) != 2 {
		t.Errorf("a flat curve: %v, %+v", err, r)
	}
}

func TestCurvesErrors(t *testing.T) {
	ctx, episodes := context.Background(), []dataset.Episode{lampEpisode("7", 100, 0)}
	broken := errors.New("broken")
	for what, p := range map[string]placer{
		"broken":   func([]image.Image) ([]float64, error) { return nil, broken },
		"1 values": func([]image.Image) ([]float64, error) { return []float64{1}, nil },
		"NaN":      func([]image.Image) ([]float64, error) { return []float64{1, math.NaN()}, nil },
	} {
		if _, err := Curves(ctx, p, Episodes{episodes, lit{}.Image}, nil); err == nil || !strings.Contains(err.Error(), what) || !strings.Contains(err.Error(), "lamp/7") {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, on := range []Episodes{{}, {List: episodes}, {Image: lit{}.Image}} {
		_, err := Curves(ctx, bright, on, nil)
		wantInput(t, err, "episodes")
	}
}
