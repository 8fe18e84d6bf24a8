package evaluate

import (
	"strings"
	"testing"

	"github.com/egotsr/egotsr"
	"github.com/egotsr/egotsr/dataset"
)

// TestBadOptions: what no measurement can be made with is an InputError, which says its piece once.
func TestBadOptions(t *testing.T) {
	src := noisy{dataset.NewList(nil, []dataset.Sample{{Task: "t", Img1: "1", Img2: "2", Closer: dataset.Img1}})}
	on := Episodes{List: []dataset.Episode{lampEpisode("0", 3, 2, 0)}, Image: lit{}.Image}
	light := finisher(nil)
	m := openTiny(t)
	for what, o := range map[string]*Options{"Options.Frames": {Frames: -1}, "Options.Prompt": {Prompt: "Which?"}} {
		for name, call := range map[string]func() error{
			"Pairs":  func() error { _, err := Pairs(t.Context(), m, src, o); return err },
			"Table":  func() error { _, err := Table(t.Context(), m, Sheet{In: "in", Out: "out"}, o); return err },
			"Curves": func() error { _, err := Curves(t.Context(), m, on, o); return err },
			"Done":   func() error { _, err := Done(t.Context(), light, on, o); return err },
			"Track":  func() error { _, err := Track[*egotsr.Tracker](t.Context(), m, on, o); return err },
		} {
			err := call()
			wantInput(t, err, what)
			if err != nil && !strings.HasPrefix(err.Error(), "egotsr: "+what+": ") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
