package dataset

import (
	"errors"
	"image"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/egotsr/egotsr/vision"
)

// TestAugmented: a block has one view, of which every frame is the same part in the same light; blocks differ, some are as recorded;
// and all of it is a function of the seed and the index.
func TestAugmented(t *testing.T) {
	p, _ := newPairs(t, PairOptions{Groups: 64})
	a := NewAugmented(p, 1)
	if a.Block() != p.Block() || a.Len() != p.Len() {
		t.Fatalf("block %d of %d, %d samples of %d", a.Block(), p.Block(), a.Len(), p.Len())
	}
	pixels := func(src Source, path string) *vision.RGB {
		img, err := src.Image(path)
		if err != nil {
			t.Fatal(err)
		}
		return vision.ToRGB(img)
	}
	same, sizes := 0, map[int]bool{}
	for g := 0; g < a.Len(); g += a.Block() {
		side := 0
		for i := g; i < g+a.Block(); i++ {
			s, err := a.At(i)
			if err != nil {
				t.Fatal(err)
			}
			was, _ := p.At(i)
			if was.Closer != s.Closer || was.Frame1 != s.Frame1 {
				t.Fatalf("sample %d became another: %+v", i, s)
			}
			seen, plain := pixels(a, s.Img1), pixels(p, was.Img1)
			if side == 0 {
				side = seen.W
				sizes[side] = true
				if cmp.Equal(seen, plain) {
					same++
				}
			}
			if seen.W != side || pixels(a, s.Img2).W != side {
				t.Fatalf("sample %d: views of %d and %d pixels in one block", i, side, seen.W)
			}
			if w := float64(seen.W) / float64(plain.W); w > 1 || w < 1-cropShare-1/float64(plain.W) {
				t.Errorf("%d of %d pixels", seen.W, plain.W)
			}
			if again := pixels(NewAugmented(p, 1), s.Img1); !cmp.Equal(again, seen) {
				t.Fatal("the same seed and index give another view")
			}
		}
	}
	if n := a.Len() / a.Block(); same < n/8 || same > n/2 || len(sizes) < 2 {
		t.Errorf("%d of %d blocks as recorded, %d sizes", same, n, len(sizes))
	}
}

func TestAugmentedRefuses(t *testing.T) {
	a := NewAugmented(numberedList("a", 3), 1)
	var ie *IndexError
	if _, err := a.At(3); !errors.As(err, &ie) {
		t.Errorf("At(3): %v", err)
	}
	for _, path := range []string{"", "a0", "-1/a0", "x/a0"} {
		var fe *FileError
		if _, err := a.Image(path); !errors.As(err, &fe) {
			t.Errorf("%q: %v", path, err)
		}
	}
}

// TestLookIsTheScene: a view moves no colour from one place to another.
func TestLookIsTheScene(t *testing.T) {
	m := &vision.RGB{W: 40, H: 30, Pix: make([]uint8, 3*40*30)}
	for y := range m.H {
		for x := range m.W {
			copy(m.Pix[3*(y*m.W+x):], []uint8{uint8(5 * x), uint8(5 * y), 100})
		}
	}
	for seed := range uint64(50) {
		img := look(rand.New(rand.NewPCG(seed, 0)), m).(*image.RGBA)
		b := img.Bounds()
		if b.Dx()*m.H-b.Dy()*m.W > m.W+m.H || b.Dy()*m.W-b.Dx()*m.H > m.W+m.H {
			t.Errorf("%v has other proportions than 40x30", b)
		}
		for y := range b.Dy() {
			for x := 1; x < b.Dx(); x++ {
				if at, before := img.RGBAAt(x, y), img.RGBAAt(x-1, y); at.R < before.R || at.G != before.G || at.B != before.B || at.A != 255 {
					t.Fatalf("seed %d, %d,%d: %v after %v", seed, x, y, at, before)
				}
			}
		}
	}
}
