package ask

import (
	"strings"
	"testing"

	"github.com/egotsr/egotsr/dataset"
)

func TestVerdict(t *testing.T) {
	for _, c := range []struct {
		text string
		want string
	}{
		{"closer to completion: img1", dataset.Img1},
		{"closer to completion: img2", dataset.Img2},
		{`closer to completion: "img2"[img1/img2]`, dataset.Img2},
		{"closer to completion: [img1/img2]", ""},
		{"closer to completion: [img1/img2] img2", dataset.Img2},
		{"closer to completion: [img1 / img2]: img1", dataset.Img1},
		{"closer to completion: img1 or img2", ""},
		{"Output: closer to completion: img1\nCloser to Completion: img2", dataset.Img2},
		{"img1 shows more. closer to completion: IMG 2.", dataset.Img2},
		{"spatial details: img1: …; img2: …\ncloser to completion: img1", dataset.Img1},
		{"closer to completion: img1\nclosest frame: none. closer to completion:", ""},
		{"closer to completion: img12", ""},
		{"İİİİ closer to completion: img2", dataset.Img2}, // letters whose lower case is longer
		{"img1", ""},
		{"", ""},
	} {
		if got := Verdict(c.text); got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}

func TestDetails(t *testing.T) {
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
		if got, ok := Details(c.text); got != c.want || ok != c.ok {
			t.Errorf("%q: %q, %v", c.text, got, ok)
		}
	}
}

// A target that a trainer teaches is text that the judge can read.
func TestTargetsParse(t *testing.T) {
	s := dataset.Sample{Closer: dataset.Img2, Detail: [2]string{"the window is shut", "the window is half open"}}
	for _, p := range []dataset.Prompt{dataset.Long, dataset.Tag, dataset.CoT} {
		if got := Verdict(p.Target(s)); got != dataset.Img2 {
			t.Errorf("%q: %v", p.Target(s), got)
		}
	}
	if got, ok := Details(dataset.CoT.Target(s)); !ok || got != s.Detail {
		t.Errorf("details: %q, %v", got, ok)
	}
	if !strings.HasPrefix(dataset.CoT.Target(s), opening) || !strings.HasSuffix(dataset.CoT.Target(s), "\n"+forced+"2") {
		t.Errorf("%q is not what the judge forces", dataset.CoT.Target(s))
	}
}
