package evaluate

import (
	"context"
	"image"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
)

// wrong is a judge, a placer and a tracker that says one thing, whatever it is asked.
type wrong struct {
	said   egotsr.Judgement
	state  egotsr.State
	tracks bool
}

func (w wrong) Judge(context.Context, egotsr.Pair, *egotsr.JudgeOptions) (egotsr.Judgement, error) {
	return w.said, nil
}

func (w wrong) Progress(_ context.Context, _ string, frames []image.Image) ([]float64, error) {
	values := make([]float64, len(frames))
	values[0] = w.state.Progress
	return values, nil
}

func (w wrong) Track(string, *egotsr.TrackOptions) Observer {
	if !w.tracks {
		return nil
	}
	return w
}

func (w wrong) ObserveAt(context.Context, time.Time, image.Image) (egotsr.State, error) {
	return w.state, nil
}

// TestForeignAnswers: an answer that makes no sense is an error, and none that a report cannot be written with gets into it.
func TestForeignAnswers(t *testing.T) {
	pairs := noisy{dataset.NewList(nil, []dataset.Sample{{Task: "t", Img1: "0", Img2: "9", Closer: dataset.Img1}})}
	for _, j := range []egotsr.Judgement{{Closer: egotsr.Img1, Confidence: 0.9}, {Closer: egotsr.Img2, PImg1: 0.9}} {
		if _, err := Pairs(t.Context(), wrong{said: j}, pairs, nil); err == nil || !strings.Contains(err.Error(), "sample 0: "+j.Closer.String()+" is said") {
			t.Errorf("%+v: %v", j, err)
		}
	}
	if _, err := Pairs(t.Context(), wrong{said: egotsr.Judgement{PImg1: 0.9}}, pairs, nil); err != nil { // undecided, as one that abstains
		t.Error(err)
	}
	on := Episodes{List: []dataset.Episode{lampEpisode("0", 2, 1, 0)}, Image: pairs.Image}
	on.List[0].Frames = []string{"0", "1", "2"}
	if _, err := Curves(t.Context(), wrong{state: egotsr.State{Progress: math.Inf(1)}}, on, nil); err == nil {
		t.Error("a curve to infinity")
	}
	for _, w := range []wrong{{}, {tracks: true, state: egotsr.State{Trend: 99}}, {tracks: true, state: egotsr.State{Was: 6}}, {tracks: true, state: egotsr.State{Progress: math.Inf(-1)}}} {
		if _, err := Track(t.Context(), w, on, nil); err == nil {
			t.Errorf("%+v was taken", w.state)
		}
	}
}

// TestNothingToMeasure: what is nil is named, and where all is bad the error says of the first what is wrong with it.
func TestNothingToMeasure(t *testing.T) {
	gone := dataset.NewList(os.DirFS(t.TempDir()), []dataset.Sample{{Task: "t", Img1: "a.png", Img2: "b.png", Closer: dataset.Img1}, {Task: "t", Img1: "c.png", Kind: dataset.KindPlan}})
	on := Episodes{List: []dataset.Episode{{Scene: "lab", ID: "7", Frames: []string{"a.png"}, Cost: []float64{1, 2}}}, Image: gone.Image}
	ctx := t.Context()
	for _, m := range []struct {
		what, of, bad string
		run           func(measured bool) error
	}{
		{"judge", "source", "a.png", func(is bool) error {
			if is {
				return second(Pairs(ctx, brighter{}, gone, nil))
			}
			return second(Pairs(ctx, nil, gone, nil))
		}},
		{"planner", "source", "c.png", func(is bool) error {
			if is {
				return second(Plans(ctx, planless{}, gone, nil))
			}
			return second(Plans(ctx, nil, gone, nil))
		}},
		{"placer", "episodes", "lab/7", func(is bool) error {
			if is {
				return second(Curves(ctx, wrong{}, on, nil))
			}
			return second(Curves(ctx, nil, on, nil))
		}},
		{"tracker", "episodes", "lab/7", func(is bool) error {
			if is {
				return second(Track(ctx, wrong{}, on, nil))
			}
			return second(Track[Observer](ctx, nil, on, nil))
		}},
		{"finisher", "episodes", "lab/7", func(is bool) error {
			if is {
				return second(Done(ctx, finisher(func(image.Image) float64 { return 0.3 }), on, nil))
			}
			return second(Done(ctx, nil, on, nil))
		}},
	} {
		wantInput(t, m.run(false), m.what)
		err := m.run(true)
		wantInput(t, err, m.of)
		if err != nil && !strings.Contains(err.Error(), m.bad) {
			t.Errorf("%v does not name %s", err, m.bad)
		}
	}
	_, err := Pairs(ctx, brighter{}, nil, nil)
	if err == nil || err.Error() != "egotsr: source: is nil" {
		t.Error(err)
	}
	_, err = Table(ctx, nil, Sheet{In: "in.csv", Out: "out.csv"}, nil)
	wantInput(t, err, "judge")
}

func second[R any](_ R, err error) error { return err }
