package egotsr

import (
	"bytes"
	"errors"
	"image"
	"slices"
	"strings"
	"testing"

	"github.com/egotsr/egotsr/dataset"
)

// What is said of made-up states is counted as a person would.
func TestTrackCounts(t *testing.T) {
	states := func(s string) (out []State) {
		for _, c := range s {
			out = append(out, State{Trend: map[rune]Trend{'a': Advancing, 'r': Regressing, 'c': Recovering, 'd': Done}[c]})
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
	want := TrackReport{Setbacks: Share{2, 4}, Alarms: Share{2, 3}, Done: Share{2, 4}, Early: Share{1, 4}, Failed: Share{1, 2}}
	if got := (TrackReport{Setbacks: r.Setbacks, Alarms: r.Alarms, Done: r.Done, Early: r.Early, Failed: r.Failed}); got.Setbacks != want.Setbacks ||
		got.Alarms != want.Alarms || got.Done != want.Done || got.Early != want.Early || got.Failed != want.Failed {
		t.Errorf("%+v, want %+v", got, want)
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

func TestEvaluateTrack(t *testing.T) {
	m := openGolden(t, Options{})
	read := func(path string) (image.Image, error) {
		if path == "gone" {
			return nil, errors.New("gone")
		}
		return noise(uint64(path[0]), 28, 28), nil
	}
	plan := []string{"Reach the box.", "Lift the box."}
	episodes := []dataset.Episode{
		{Scene: "s", ID: "1", Task: "Lift the box", Frames: []string{"a", "b", "c", "d"}, Subtask: []int{0, 0, 1, 1}, Plan: plan, Cost: []float64{90, 60, 30, 0}},
		{Scene: "s", ID: "2", Task: "Lift the box", Frames: []string{"a", "b", "c"}, Subtask: []int{0, -1, 1}, Plan: plan, Cost: []float64{40, 90, 30}, Regress: []bool{false, true, false}},
		{Scene: "s", ID: "3", Task: "Lift the box", Frames: []string{"gone", "b"}, Subtask: []int{0, 0}, Plan: plan, Cost: []float64{9, 0}},
		{Scene: "s", ID: "4", Task: "Lift the box", Frames: []string{"a", "b"}, Subtask: []int{0, 0}, Plan: plan},
	}
	r, err := EvaluateTrack(t.Context(), m, read, episodes, 1)
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
	if _, err := EvaluateTrack(t.Context(), m, read, episodes[3:], 1); !errors.As(err, new(*InputError)) {
		t.Error(err)
	}
}
