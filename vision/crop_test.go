package vision

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"math"
	"testing"
)

// TestPart: the part is whole where the shape is right or any will do, lies in the middle, has the shape, and no larger one has.
func TestPart(t *testing.T) {
	for _, aspect := range []float64{0, 1, 4.0 / 3, 0.5} {
		p := Default()
		p.Aspect = aspect
		for _, size := range [][2]int{{224, 224}, {226, 224}, {640, 480}, {480, 640}, {1280, 720}, {57, 31}, {100, 3000}} {
			w, h := size[0], size[1]
			t.Run(fmt.Sprintf("%dx%d to %.2f", w, h, aspect), func(t *testing.T) {
				r := p.Part(w, h)
				near := func(a, b int) bool { return max(a-b, b-a) <= 1 }
				if !r.In(image.Rect(0, 0, w, h)) || !near(r.Min.X, w-r.Max.X) || !near(r.Min.Y, h-r.Max.Y) {
					t.Fatalf("%v is not in the middle", r)
				}
				if aspect == 0 || math.Abs(float64(w)/float64(h)/aspect-1) < 0.019 {
					if r.Size() != image.Pt(w, h) {
						t.Errorf("%v is not all", r)
					}
					return
				}
				if r.Dx() != w && r.Dy() != h {
					t.Errorf("%v could be larger", r)
				}
				if off := math.Abs(float64(r.Dx()) - aspect*float64(r.Dy())); off > 1+aspect {
					t.Errorf("%v has another shape", r)
				}
			})
		}
	}
}

// TestBars: a frame with bars at its sides gives the patches of the frame alone.
func TestBars(t *testing.T) {
	p := Default()
	p.Aspect, p.MaxPixels = 1, 112*112
	square, wide := image.NewRGBA(image.Rect(0, 0, 480, 480)), image.NewRGBA(image.Rect(0, 0, 640, 480))
	for y := range 480 {
		for x := range 480 {
			c := color.RGBA{uint8(x), uint8(y), uint8(x * y), 255}
			square.Set(x, y, c)
			wide.Set(80+x, y, c)
		}
	}
	want, err1 := p.Patches(square)
	got, err2 := p.Patches(wide)
	if err1 != nil || err2 != nil || got.Grid != want.Grid || fmt.Sprint(got.Values) != fmt.Sprint(want.Values) {
		t.Errorf("%v and %v, %v, %v", got.Grid, want.Grid, err1, err2)
	}
	if g, err := p.Grid(640, 480); err != nil || g != want.Grid {
		t.Error(g, err)
	}
	if m := ToRGB(wide).part(image.Rect(80, 0, 560, 480)); !bytes.Equal(m.Pix, ToRGB(square).Pix) {
		t.Error("the middle is not the square")
	}
	p.Aspect = math.NaN()
	if p.Validate() == nil {
		t.Error("an aspect that is no number is taken")
	}
}
