package egotsr

import (
	"image"
	"image/draw"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/egotsr/egotsr/model/nano"
	"github.com/egotsr/egotsr/vision"
)

func TestLoadRecordings(t *testing.T) {
	for text, want := range map[string]struct {
		every  time.Duration
		aspect float64
		wrong  string
	}{
		`{"every_seconds": 0.2, "aspect": 1}`: {200 * time.Millisecond, 1, ""},
		`{"aspect": 1.5}`:                     {defaultEvery, 1.5, ""},
		`{"every_seconds": 1}`:                {time.Second, 0, ""},
		`{"every_seconds": 0}`:                {wrong: "every_seconds"},
		`{"every_seconds": 1e9}`:              {wrong: "every_seconds"},
		`{"aspect": -1}`:                      {wrong: "aspect"},
		`{"aspect": 1e9}`:                     {wrong: "aspect"},
		`[]`:                                  {wrong: recordingsFile},
	} {
		every, aspect, err := loadRecordings(fstest.MapFS{recordingsFile: {Data: []byte(text)}})
		if want.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), want.wrong) {
				t.Errorf("%s: %v", text, err)
			}
			continue
		}
		if err != nil || every != want.every || aspect != want.aspect {
			t.Errorf("%s: %v, %v, %v", text, every, aspect, err)
		}
	}
	if every, aspect, err := loadRecordings(fstest.MapFS{}); err != nil || every != defaultEvery || aspect != 0 {
		t.Error(every, aspect, err)
	}
}

// TestShapes: what nano says of square frames it says of them with bars at their sides, or above and below.
func TestShapes(t *testing.T) {
	m, err := Open(t.Context(), nano.FS(), &Options{Backend: "go"})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	a, b := noise(1, 120, 120), noise(2, 120, 120)
	in := func(w, h int, img image.Image) image.Image {
		out := image.NewRGBA(image.Rect(0, 0, w, h))
		draw.Draw(out, image.Rect((w-120)/2, (h-120)/2, (w+120)/2, (h+120)/2), img, img.Bounds().Min, draw.Src)
		return out
	}
	want := judge(t, m, Pair{"Open a drawer", a, b}, nil)
	for _, size := range [][2]int{{160, 120}, {120, 160}, {214, 120}} {
		got := judge(t, m, Pair{"Open a drawer", in(size[0], size[1], a), in(size[0], size[1], b)}, nil)
		if got.PImg1 != want.PImg1 {
			t.Errorf("%v: %v, want %v", size, got.PImg1, want.PImg1)
		}
	}
	whole, err := Open(t.Context(), nano.FS(), &Options{Backend: "go", Whole: true})
	if err != nil {
		t.Fatal(err)
	}
	defer whole.Close()
	if got := judge(t, whole, Pair{"Open a drawer", in(160, 120, a), in(160, 120, b)}, nil); got.PImg1 == want.PImg1 {
		t.Error("the whole frame and its middle are the same")
	}
}

// TestSquares: however large a square camera's frames are, nano sees them in all of its patches: smart resize rounds down, and a budget of
// exactly so many pixels would often come out a step below.
func TestSquares(t *testing.T) {
	p, err := vision.Load(nano.FS())
	if err != nil {
		t.Fatal(err)
	}
	for side := 112; side < 4000; side++ {
		if g, err := p.Grid(side, side); err != nil || g != (vision.Grid{T: 1, H: 8, W: 8}) {
			t.Fatalf("%dx%d: %v, %v", side, side, g, err)
		}
	}
}
