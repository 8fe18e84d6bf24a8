package evaluate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
)

// What is said of made-up states is counted as a person would.
func TestTrackCounts(t *testing.T) {
	states := func(s string) (out []egotsr.State) {
		for _, c := range s {
			out = append(out, egotsr.State{Trend: map[rune]egotsr.Trend{'a': egotsr.Advancing, 'r': egotsr.Regressing, 'c': egotsr.Recovering, 'd': egotsr.Done}[c]})
		}
		return out
	}
	flags := func(s string) (out []bool) {
		for _, c := range s {
			out = append(out, c == '1')
		}
		return out
	}
	r := &TrackReport{}
	for _, c := range []struct {
		said, regress string
		success       int
		setback       bool
	}{
		{"aaaaaaaaaaaaaad", "000000000000000", 12, false}, // clean, done 2 frames late
		{"aarraarraaaaaaa", "000000000000000", 3, false},  // clean, two false alarms, never done
		{"aaaaaaaarrccccd", "000001110000000", 14, true},  // noticed 3 frames late
		{"aaaaaaaaaaarrrr", "000001110000000", -1, true},  // noticed too late; fails, never done
		{"adaaaaaaaaaaaaa", "000000000000000", 10, false}, // done 9 frames early
		{"aaaraaaaaaaaaad", "001000000011000", -1, true},  // one of two noticed; fails, said to be done
	} {
		r.count(&Tracked{States: states(c.said), Regress: flags(c.regress), Success: c.success, Setback: c.setback})
	}
	want := &TrackReport{Setbacks: Share{2, 4}, Alarms: Share{2, 3}, Done: Share{2, 4}, Early: Share{1, 4}, Failed: Share{1, 2}}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{4, 1}, 2.5}, {[]float64{9, 1, 2}, 2}} {
		if got := median(c.values); got != c.want {
			t.Errorf("%v: %v, want %v", c.values, got, c.want)
		}
	}
}

func TestTrack(t *testing.T) {
	m := openTiny(t)
	read := func(path string) (image.Image, error) {
		if path == "gone" {
			return nil, errors.New("gone")
		}
		return noise(uint64(path[0]), 28), nil
	}
	plan := []string{"Reach the box.", "Lift the box."}
	episodes := []dataset.Episode{
		{Scene: "s", ID: "1", Task: "Lift the box", Frames: []string{"a", "b", "c", "d"}, Subtask: []int{0, 0, 1, 1}, Plan: plan, Cost: []float64{90, 60, 30, 0}},
		{Scene: "s", ID: "2", Task: "Lift the box", Frames: []string{"a", "b", "c"}, Subtask: []int{0, -1, 1}, Plan: plan, Cost: []float64{40, 90, 30}, Regress: []bool{false, true, false}},
		{Scene: "s", ID: "3", Task: "Lift the box", Frames: []string{"gone", "b"}, Subtask: []int{0, 0}, Plan: plan, Cost: []float64{9, 0}},
		{Scene: "s", ID: "4", Task: "Lift the box", Frames: []string{"a", "b"}, Subtask: []int{0, 0}, Plan: plan},
	}
	r, err := Track(t.Context(), m, Episodes{episodes, read}, &Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Episodes) != 2 || len(r.Bad) != 1 || r.Bad[0].Index != 2 || r.Setbacks.Of != 1 || r.Alarms.Of != 1 || r.Done.Of != 1 || r.Failed.Of != 1 {
		t.Errorf("%+v", r)
	}
	for what, change := range map[string]func(*dataset.Episode){
		"setbacks": func(e *dataset.Episode) { e.Regress = []bool{false, true, true, false} },
		"success":  func(e *dataset.Episode) { e.Signals = map[string][]float64{"success": {0, 0, 1, 1}} },
		"plan":     func(e *dataset.Episode) { e.Plan = []string{"Reach the box.", "Lift it."} },
	} {
		other := episodes[0]
		if change(&other); bytes.Equal(asked(&other), asked(&episodes[0])) {
			t.Errorf("other %s, the same question", what)
		}
	}
	elapsed := r.Curves[slices.IndexFunc(r.Curves, func(c TrackCurve) bool { return c.Name == "elapsed time" })]
	if elapsed.Median != 0.75 || elapsed.Setbacks != 0.5 {
		t.Errorf("%+v", elapsed)
	}
	var table strings.Builder
	if err := r.WriteTable(&table); err != nil || !strings.Contains(table.String(), "setbacks noticed within 5 frames") {
		t.Error(table.String())
	}
	for _, on := range []Episodes{{episodes[3:], read}, {List: episodes}} {
		_, err := Track(t.Context(), m, on, nil)
		wantInput(t, err, "episodes")
	}
}

// TestTrackDemo: what a demonstration gives stands beside what was there without one, which stays as it was.
func TestTrackDemo(t *testing.T) {
	m := openTiny(t)
	read := func(path string) (image.Image, error) { return noise(uint64(path[0]), 28), nil }
	on := Episodes{[]dataset.Episode{
		{Scene: "s", ID: "1", Task: "Lift the box", Frames: []string{"a", "b", "c", "d"}, Subtask: []int{0, 0, 0, 0}, Plan: []string{"Lift it."}, Cost: []float64{90, 60, 30, 0}},
	}, read}
	without, err := Track(t.Context(), m, on, nil)
	if err != nil {
		t.Fatal(err)
	}
	var of []string
	demo := func(e *dataset.Episode) (frames []image.Image, err error) {
		of = append(of, e.ID)
		for _, p := range e.Frames {
			frames = append(frames, noise(uint64(p[0]), 28))
		}
		return frames, nil
	}
	with, err := Track(t.Context(), m, on, &Options{Demo: demo})
	if err != nil {
		t.Fatal(err)
	}
	shown := with.Demo
	with.Demo = nil
	if diff := cmp.Diff(without, with); diff != "" || len(of) != 1 {
		t.Errorf("%v, -without +with\n%s", of, diff)
	}
	if len(shown.Episodes) != 1 || shown.Curves[0].Median != 1 || shown.Done.Of != 1 { // shown the very episode
		t.Errorf("%+v", shown)
	}
	with.Demo = shown
	var table strings.Builder
	if err := with.WriteTable(&table); err != nil || strings.Count(table.String(), "shown the task once") != 2 || strings.Count(table.String(), "of 1") != 6 {
		t.Error(table.String())
	}
	for name, bad := range map[string]func(*dataset.Episode) ([]image.Image, error){
		"error": func(*dataset.Episode) ([]image.Image, error) { return nil, errors.New("gone") },
		"panic": func(*dataset.Episode) ([]image.Image, error) { panic("gone") },
		"frame": func(*dataset.Episode) ([]image.Image, error) { return []image.Image{nil}, nil },
	} {
		if _, err := Track(t.Context(), m, on, &Options{Demo: bad}); err == nil || !strings.Contains(err.Error(), "s/1") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A Model is all that is measured here, and Pairs is what programs elsewhere call.
var (
	_ func(context.Context, Judger, dataset.Source, *Options) (*Report, error) = Pairs

	_ Judger                   = (*egotsr.Model)(nil)
	_ Placer                   = (*egotsr.Model)(nil)
	_ Finisher                 = (*egotsr.Model)(nil)
	_ Planner                  = (*egotsr.Model)(nil)
	_ Tracker[*egotsr.Tracker] = (*egotsr.Model)(nil)
)

// light is a Tracker that is no Model and places nothing: it says how bright the lamp is, and that the task goes back where it got darker.
type light struct{ broken bool }

func (l light) Track(string, *egotsr.TrackOptions) Observer { return &watch{broken: l.broken} }

type watch struct {
	broken bool
	before float64
}

func (w *watch) ObserveAt(_ context.Context, _ time.Time, frame image.Image) (egotsr.State, error) {
	now := float64(frame.(*image.Gray).Pix[0]) / 250
	s := egotsr.State{Progress: now, Trend: egotsr.Advancing, Confidence: 1, Subtask: -1}
	switch {
	case w.broken:
		s.Confidence = math.NaN()
	case now < w.before:
		s.Trend = egotsr.Regressing
	case now == 1:
		s.Trend = egotsr.Done
	}
	w.before = now
	return s, nil
}

func TestForeignTracker(t *testing.T) {
	clean, hard := lampEpisode("0", 100, 80, 40, 0), lampEpisode("1", 100, 20, 60, 0)
	hard.Regress = []bool{false, false, true, false}
	on := Episodes{[]dataset.Episode{clean, hard}, lit{}.Image}
	r, err := Track(t.Context(), light{}, on, &Options{Name: "light"})
	if err != nil {
		t.Fatal(err)
	}
	got := &TrackReport{Setbacks: r.Setbacks, Alarms: r.Alarms, Done: r.Done, Early: r.Early, Failed: r.Failed, CalibrationError: r.CalibrationError, Curves: r.Curves}
	one := Mean{1, [2]float64{1, 1}}
	want := &TrackReport{Setbacks: Share{1, 1}, Alarms: Share{0, 1}, Done: Share{2, 2}, Early: Share{0, 2}, Curves: []TrackCurve{
		{"light", 1, one, 1},
		{"elapsed time", 0.9, Mean{0.9, [2]float64{0.8, 1}}, 0.8},
	}}
	if diff := cmp.Diff(want, got, about); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	text, err := json.Marshal(r)
	if err != nil || bytes.Contains(text, []byte(`"curve"`)) {
		t.Errorf("a curve of nobody's, %v: %s", err, text)
	}
	if _, err := Track(t.Context(), light{broken: true}, on, nil); err == nil || !strings.Contains(err.Error(), "lamp/0: frame 0: ") {
		t.Error(err)
	}
}
