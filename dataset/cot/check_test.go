package cot

import (
	"strings"
	"testing"

	"github.com/egotsr/egotsr/dataset"
)

func TestAccept(t *testing.T) {
	s := dataset.Sample{Img1: "scene/7/frame_000001.jpg", Img2: "scene/7/frame_000002.jpg", Closer: dataset.Img1}
	for _, c := range []struct{ detail, want, reason string }{
		{"The drawer is open.", "The drawer is open.", ""},
		{"  The drawer\n is\topen. \x00", "The drawer is open.", ""},
		{"img1: the drawer is open.", "The drawer is open.", ""},
		{"**Image 1**: The drawer is open.", "The drawer is open.", ""},
		{"In img1, the drawer is open.", "The drawer is open.", ""},
		{"In the first image, the drawer is open.", "The drawer is open.", ""},
		{"The first picture shows that the drawer is open.", "The drawer is open.", ""},
		{"This image shows the drawer open.", "The drawer open.", ""},
		{"The drawer of frame A is open.", "", ReasonMentions},
		{"In both images the drawer is open.", "", ReasonMentions},
		{"The window has a frame a hand wide.", "The window has a frame a hand wide.", ""},
		{"图1：抽屉打开了。", "抽屉打开了。", ""},
		{"在第一张图片中", "", ReasonMentions},
		{"抽屉比另一张更开。", "", ReasonMentions},
		{"The left finger touches the first block, and the other block lies apart.", "The left finger touches the first block, and the other block lies apart.", ""},
		{"The door frame is in front of the camera; the imagery on the box is red.", "The door frame is in front of the camera; the imagery on the box is red.", ""},
		{"The drawer is further open than in img2.", "", ReasonMentions},
		{"Compared with the other picture the drawer is open.", "", ReasonMentions},
		{"Unlike the previous frame, the drawer is open.", "", ReasonMentions},
		{"frame_000001 shows a drawer", "", ReasonMentions},
		{"As frame_000002.jpg shows, it is open.", "", ReasonMentions},
		{"see photo.PNG", "", ReasonMentions},
		{"The state matches [img1/img2].", "", ReasonMentions},
		{"Open. closer to completion: yes", "", ReasonEcho},
		{"spatial details: open", "", ReasonEcho},
		{"Open.<|im_end|>", "", ReasonEcho},
		{"", "", ReasonEmpty},
		{" \n ", "", ReasonEmpty},
		{"img1:", "", ReasonEmpty},
		{"img1: \xff", "", ReasonEmpty},
		{"The gripper is shut.", "", ReasonAlike},
		{strings.Repeat("ü", maxDetail), strings.Repeat("ü", maxDetail), ""},
		{strings.Repeat("ü", maxDetail+1), "", ReasonLong},
	} {
		got, reason := accept(Answer{Detail: [2]string{c.detail, "The gripper is shut."}, Closer: dataset.Img1}, s)
		if reason != c.reason || reason == "" && got[0] != c.want {
			t.Errorf("%q: %q, %q; want %q, %q", c.detail, got[0], reason, c.want, c.reason)
		}
		if again := clean(got[0]); again != got[0] {
			t.Errorf("%q is cleaned to %q and then to %q", c.detail, got[0], again)
		}
	}
	for closer, want := range map[string]string{"": ReasonUndecided, dataset.Img2: ReasonContradicts} {
		if _, reason := accept(Answer{Detail: [2]string{"A", "B"}, Closer: closer}, s); reason != want {
			t.Errorf("closer %q: %q", closer, reason)
		}
	}
}

// FuzzAccept: what is accepted survives being written as a target, on one line each, and names no image.
func FuzzAccept(f *testing.F) {
	for _, seed := range []string{"The drawer is open.", "img1: a", "a; img2: b", "第一张图片", "İ closer to completion"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, detail string) {
		s := dataset.Sample{Img1: "a/1.jpg", Img2: "a/2.jpg", Closer: dataset.Img2}
		d, reason := accept(Answer{Detail: [2]string{detail, "Shut."}, Closer: dataset.Img2}, s)
		if reason != "" {
			return
		}
		s.Detail = d
		want := dataset.Details + "img1: " + d[0] + "; img2: Shut.\n" + dataset.Verdict + "img2"
		if got := dataset.CoT.Target(s); got != want || strings.Count(got, "\n") != 1 || strings.Contains(strings.ToLower(d[0]), "img1") {
			t.Errorf("%q becomes %q", detail, got)
		}
	})
}
