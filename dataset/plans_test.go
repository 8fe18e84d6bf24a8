package dataset

import (
	"errors"
	"testing"
	"testing/fstest"
)

func TestPlans(t *testing.T) {
	e := Episode{
		Scene: "s", ID: "1", Task: "Close the \"<drawer>\"", Frames: []string{"a", "b", "c", "d"}, Numbers: []int{0, 3, 6, 9},
		Subtask: []int{0, -1, 1, 2}, Plan: []string{"Reach the <handle>.", "Push."},
	}
	p, err := NewPlans(fstest.MapFS{}, []Episode{{Frames: []string{"x"}, Subtask: []int{-1}}, e})
	if err != nil || p.Len() != 3 {
		t.Fatal(p.Len(), err)
	}
	for i, want := range []struct {
		frame  string
		number int
		target string
	}{{"a", 0, `["Reach the <handle>.","Push."]`}, {"c", 6, `["Push."]`}, {"d", 9, `[]`}} {
		s, err := p.At(i)
		if err != nil || s.Kind != KindPlan || s.Img1 != want.frame || s.Img2 != "" || s.Closer != "" || s.Frame1 != want.number || Remaining.Target(s) != want.target {
			t.Errorf("%d: %+v, %s, %v", i, s, Remaining.Target(s), err)
		}
	}
	b, err := NewBoundaries(fstest.MapFS{}, []Episode{{Frames: []string{"a", "b", "c", "d", "e"}, Subtask: []int{0, 0, -1, 0, 1}, Plan: []string{"x"}}})
	if err != nil || b.Len() != 3 {
		t.Fatal(b.Len(), err)
	}
	for i, want := range []string{"a", "d", "e"} {
		if s, _ := b.At(i); s.Img1 != want {
			t.Errorf("boundary %d is %s", i, s.Img1)
		}
	}
	// The annotation of the last action goes on when nothing is left to do.
	b, err = NewBoundaries(fstest.MapFS{}, []Episode{{Frames: []string{"a", "b", "c", "d"}, Subtask: []int{0, 0, 0, 0}, Cost: []float64{9, 4, 0, 0}, Plan: []string{"x"}}})
	if err != nil || b.Len() != 2 {
		t.Fatal(b.Len(), err)
	}
	if s, _ := b.At(1); s.Img1 != "c" || Remaining.Target(s) != `[]` {
		t.Errorf("%+v", s)
	}
	if s := (Sample{Kind: KindPlan, Plan: e.Plan, Done: [2]int{-3, 9}}); Remaining.Target(s) != `["Reach the <handle>.","Push."]` {
		t.Error(Remaining.Target(s))
	}
	if _, err := p.At(3); !errors.As(err, new(*IndexError)) {
		t.Error(err)
	}
	if _, err := p.Image("a"); !errors.As(err, new(*FileError)) {
		t.Error(err)
	}
	if _, err := NewPlans(nil, nil); !errors.Is(err, ErrNoPlans) {
		t.Error(err)
	}
	e.Subtask[0] = 7
	if _, err := NewPlans(nil, []Episode{e}); !errors.As(err, new(*EpisodeError)) {
		t.Error(err)
	}
}
