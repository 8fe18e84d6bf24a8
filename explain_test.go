package egotsr

import (
	"strings"
	"testing"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/dataset/cot"
)

func TestParseVerdict(t *testing.T) {
	for _, c := range []struct {
		text string
		want Side
	}{
		{"closer to completion: img1", Img1},
		{"closer to completion: img2", Img2},
		{`closer to completion: "img2"[img1/img2]`, Img2},
		{"closer to completion: [img1/img2]", Undecided},
		{"closer to completion: [img1/img2] img2", Img2},
		{"closer to completion: [img1 / img2]: img1", Img1},
		{"closer to completion: img1 or img2", Undecided},
		{"Output: closer to completion: img1\nCloser to Completion: img2", Img2},
		{"img1 shows more. closer to completion: IMG 2.", Img2},
		{"spatial details: img1: …; img2: …\ncloser to completion: img1", Img1},
		{"closer to completion: img1\nclosest frame: none. closer to completion:", Undecided},
		{"closer to completion: img12", Undecided},
		{"İİİİ closer to completion: img2", Img2}, // letters whose lower case is longer
		{"img1", Undecided},
		{"", Undecided},
	} {
		if got := parseVerdict(c.text); got != c.want {
			t.Errorf("%q: %v, want %v", c.text, got, c.want)
		}
	}
}

func TestSplitDetails(t *testing.T) {
	for _, c := range []struct {
		text string
		want [2]string
		ok   bool
	}{
		{"spatial details: img1: the drawer is shut; img2: the drawer is open", [2]string{"the drawer is shut", "the drawer is open"}, true},
		{"spatial details: img2: open; img1: shut\ncloser to completion: img2", [2]string{"shut", "open"}, true},
		{`spatial details: {"img1": "shut", "img2": "open, with a mug"}`, [2]string{"shut", "open, with a mug"}, true},
		{`{'img1': 'shut', 'img2': 'open'}`, [2]string{"shut", "open"}, true},
		{"**img1**：抽屉关着。\n**img2**：抽屉开着。", [2]string{"抽屉关着。", "抽屉开着。"}, true},
		{"img1: a; img2: b; img1: again", [2]string{"a", "b"}, true},
		{"img1: only one", [2]string{"only one", ""}, false},
		{"both drawers look alike", [2]string{}, false},
	} {
		if got, ok := splitDetails(c.text); got != c.want || ok != c.ok {
			t.Errorf("%q: %q, %v", c.text, got, ok)
		}
	}
}

// A target that a trainer teaches is text that the judge can read.
func TestTargetsParse(t *testing.T) {
	s := dataset.Sample{Closer: dataset.Img2, Detail: [2]string{"the window is shut", "the window is half open"}}
	for _, p := range []dataset.Prompt{dataset.Long, dataset.Tag, dataset.CoT} {
		if got := parseVerdict(p.Target(s)); got != Img2 {
			t.Errorf("%q: %v", p.Target(s), got)
		}
	}
	if got, ok := splitDetails(dataset.CoT.Target(s)); !ok || got != s.Detail {
		t.Errorf("details: %q, %v", got, ok)
	}
	if !strings.HasPrefix(dataset.CoT.Target(s), details) || !strings.HasSuffix(dataset.CoT.Target(s), "\n"+forced+"2") {
		t.Errorf("%q is not what the judge forces", dataset.CoT.Target(s))
	}
}

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
		if d, ok := splitDetails(target); !ok || d != s.Detail || parseVerdict(target) != Img1 {
			t.Errorf("%q is read as %q", target, d)
		}
		return
	}
	t.Error("no sample")
}

func TestExplainAndGenerate(t *testing.T) {
	m := openGolden(t, Options{})
	a, b := noise(1, 60, 60), noise(2, 60, 40)
	opts := &JudgeOptions{Generate: true}
	one, two := judge(t, m, Pair{"task", a, b}, opts), judge(t, m, Pair{"task", b, a}, opts)
	if one.PImg1 != 1-two.PImg1 || one.Raw == "" || one.Detail != [2]string{} {
		t.Errorf("generated: %+v and %+v", one, two)
	}
	m.detailsLimit = 30 // random weights never end by themselves
	opts = &JudgeOptions{Explain: true}
	one, two = judge(t, m, Pair{"task", a, b}, opts), judge(t, m, Pair{"task", b, a}, opts)
	if one.PImg1 != 1-two.PImg1 || one.Disagreement != two.Disagreement || !strings.HasPrefix(one.Raw, details) {
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
		q.report(written, &c.o)
		if q.Detail != c.want || q.Raw != c.raw {
			t.Errorf("flipped %v, %+v: %+v", c.flipped, c.o, q.Judgement)
		}
	}
	q := question{result: &result{}}
	q.report([2]string{"no labels", written[1]}, &JudgeOptions{Explain: true})
	if q.Detail != [2]string{"a", "b"} {
		t.Errorf("details of the swapped order: %q", q.Detail)
	}
}
