package egotsr

import (
	"context"
	"image"
	"os"
	"testing"
	"testing/fstest"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/dataset/cot"
	"github.com/egotsr/egotsr/internal/ask"
	"github.com/egotsr/egotsr/model/nano"
)

var _ cot.Maker = (*Model)(nil)

// noisy is a source of one labelled pair that is no robot's.
type noisy struct{ dataset.Source }

func (noisy) Image(path string) (image.Image, error) { return noise(uint64(len(path)), 60, 60), nil }

// The embedded model judges and was never taught to describe: it is asked, and its answer is counted as unfit.
func TestDescribe(t *testing.T) {
	backend := os.Getenv("EGOTSR_TEST_BACKEND")
	if backend == "" {
		backend = "go"
	}
	m, err := Open(t.Context(), nano.FS(), &Options{Backend: backend, MinPixels: 56 * 56, MaxPixels: 56 * 56})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	m.detailsLimit = 4
	s := dataset.Sample{Task: "Open a drawer", Img1: "a", Img2: "bb", Closer: dataset.Img1}
	a, b := noise(1, 60, 60), noise(2, 60, 60)
	one, err := m.Describe(t.Context(), s, a, b)
	if err != nil {
		t.Fatal(err)
	}
	two, err := m.Describe(t.Context(), s.Swap(), b, a)
	if err != nil {
		t.Fatal(err)
	}
	j := judge(t, m, Pair{s.Task, a, b}, &JudgeOptions{Explain: true})
	if one.Closer != j.Closer.String() || two.Closer == one.Closer || one.Detail != j.Detail {
		t.Errorf("%+v, swapped %+v; judged %+v", one, two, j)
	}
	src := noisy{dataset.NewList(nil, []dataset.Sample{s, s.Swap()})}
	var stats cot.Stats
	for s, err := range cot.Fill(t.Context(), m, src, cot.Options{Spool: t.TempDir() + "/spool"}, &stats) {
		t.Errorf("%+v, %v", s, err)
	}
	if stats.Asked != 1 || stats.Reused != 1 || stats.Rejected[cot.ReasonEmpty]+stats.Rejected[cot.ReasonContradicts] != 2 {
		t.Errorf("%+v", stats)
	}
	m.Close()
	if _, err := m.Describe(t.Context(), s, a, b); err != ErrClosed {
		t.Errorf("after Close: %v", err)
	}
}

// What the annotations say is text that the judge tells apart again.
func TestAnnotationsParse(t *testing.T) {
	episode := dataset.Episode{
		Frames: []string{"0", "1"}, Subtask: []int{0, 1}, Plan: []string{"Grasp the nut.", "Lift the nut."},
		Signals: map[string][]float64{"gripper_opening": {1, 0.5}, "object_goal_distance": {0.3, 0.1}},
	}
	src := dataset.NewList(fstest.MapFS{}, []dataset.Sample{{Img1: "1", Img2: "0", Closer: dataset.Img1}})
	for s, err := range cot.Fill(context.Background(), cot.Annotations([]dataset.Episode{episode}), src, cot.Options{}, nil) {
		if err != nil {
			t.Fatal(err)
		}
		target := dataset.CoT.Target(s)
		if d, ok := ask.Details(target); !ok || d != s.Detail || ask.Verdict(target) != dataset.Img1 {
			t.Errorf("%q is read as %q", target, d)
		}
		return
	}
	t.Error("no sample")
}
