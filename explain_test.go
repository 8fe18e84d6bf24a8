package egotsr

import (
	"strings"
	"testing"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/dataset/cot"
	"github.com/egotsr/egotsr/internal/ask"
)

// What the annotations say is text that the judge tells apart again.
func TestAnnotationsParse(t *testing.T) {
	episode := dataset.Episode{
		Frames: []string{"0", "1"}, Subtask: []int{0, 1}, Plan: []string{"Grasp the nut.", "Lift the nut."},
		Signals: map[string][]float64{"gripper_opening": {1, 0.5}, "object_goal_distance": {0.3, 0.1}},
	}
	src := dataset.NewList(nil, []dataset.Sample{{Img1: "1", Img2: "0", Closer: dataset.Img1}})
	for s, err := range cot.Fill(t.Context(), cot.Annotations([]dataset.Episode{episode}), src, cot.Options{}, nil) {
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

func TestExplainAndGenerate(t *testing.T) {
	m := openTiny(t, Options{})
	a, b := noise(1, 60, 60), noise(2, 60, 40)
	opts := &JudgeOptions{Generate: true}
	one, two := judge(t, m, Pair{"task", a, b}, opts), judge(t, m, Pair{"task", b, a}, opts)
	if one.PImg1 != 1-two.PImg1 || one.Raw == "" || one.Detail != [2]string{} {
		t.Errorf("generated: %+v and %+v", one, two)
	}
	m.detailsLimit = 30 // random weights never end by themselves
	opts = &JudgeOptions{Explain: true}
	one, two = judge(t, m, Pair{"task", a, b}, opts), judge(t, m, Pair{"task", b, a}, opts)
	if one.PImg1 != 1-two.PImg1 || one.Disagreement != two.Disagreement || !strings.HasPrefix(one.Raw, "spatial details:") {
		t.Errorf("explained: %+v and %+v", one, two)
	}
}

// Details mirror with the frames; Raw stays with the order as given.
func TestReport(t *testing.T) {
	written := [2]string{"img1: A; img2: B", "img1: b; img2: a"} // question as it stands, and swapped
	for _, c := range []struct {
		flipped bool
		o       JudgeOptions
		want    [2]string
		raw     string
	}{
		{false, JudgeOptions{Explain: true}, [2]string{"A", "B"}, written[0]},
		{true, JudgeOptions{Explain: true}, [2]string{"B", "A"}, written[1]},
		{true, JudgeOptions{Explain: true, SingleOrder: true}, [2]string{"b", "a"}, written[1]},
		{false, JudgeOptions{Generate: true}, [2]string{}, written[0]},
	} {
		q := question{flipped: c.flipped, result: &result{}}
		q.report(written, (&ask.Pair{Orders: q.orders(&c.o)}).Asked(), &c.o)
		if q.Detail != c.want || q.Raw != c.raw {
			t.Errorf("flipped %v, %+v: %+v", c.flipped, c.o, q.Judgement)
		}
	}
	q := question{result: &result{}}
	q.report([2]string{"no labels", written[1]}, []int{0, 1}, &JudgeOptions{Explain: true})
	if q.Detail != [2]string{"a", "b"} {
		t.Errorf("details of the swapped order: %q", q.Detail)
	}
}
