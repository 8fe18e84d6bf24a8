package vision

import (
	"bytes"
	"image"
	"image/color"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type cuttable interface {
	image.Image
	SubImage(image.Rectangle) image.Image
}

// pictures are random ones in every colour mode.
func pictures(rng *rand.Rand, full image.Rectangle) map[string]cuttable {
	fill := func(planes ...[]uint8) {
		for _, plane := range planes {
			for i := range plane {
				plane[i] = uint8(rng.Uint32())
			}
		}
	}
	all := map[string]cuttable{}
	for _, ratio := range []image.YCbCrSubsampleRatio{image.YCbCrSubsampleRatio444, image.YCbCrSubsampleRatio422,
		image.YCbCrSubsampleRatio420, image.YCbCrSubsampleRatio440, image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410} {
		m := image.NewYCbCr(full, ratio)
		fill(m.Y, m.Cb, m.Cr)
		all[ratio.String()] = m
		n := image.NewNYCbCrA(full, ratio)
		fill(n.Y, n.Cb, n.Cr, n.A)
		all["alpha "+ratio.String()] = n
	}
	palette := make(color.Palette, 256)
	for i := range palette {
		palette[i] = color.NRGBA{uint8(i), uint8(3 * i), uint8(7 * i), uint8(255 - i)}
	}
	for name, m := range map[string]interface {
		cuttable
		Set(x, y int, c color.Color)
	}{"RGBA": image.NewRGBA(full), "NRGBA": image.NewNRGBA(full), "Gray": image.NewGray(full), "Gray16": image.NewGray16(full),
		"RGBA64": image.NewRGBA64(full), "NRGBA64": image.NewNRGBA64(full), "CMYK": image.NewCMYK(full),
		"Alpha": image.NewAlpha(full), "palette": image.NewPaletted(full, palette)} {
		for y := full.Min.Y; y < full.Max.Y; y++ {
			for x := full.Min.X; x < full.Max.X; x++ {
				v := rng.Uint32()
				m.Set(x, y, color.NRGBA{uint8(v), uint8(v >> 8), uint8(v >> 16), uint8(v >> 24)})
			}
		}
		all[name] = m
	}
	return all
}

// TestSubImage: a frame cut out of a larger picture equals that part of the whole. Where chroma is interpolated the
// outermost pixels are spared: what they would be mixed with is outside the cut.
func TestSubImage(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, full := range []image.Rectangle{image.Rect(-3, 5, 61, 70), image.Rect(0, 0, 64, 65), image.Rect(7, 3, 70, 71)} {
		for name, m := range pictures(rng, full) {
			whole := ToRGB(m)
			border := 0
			switch m.(type) {
			case *image.YCbCr, *image.NYCbCrA:
				if border = 1; full.Min.X < 0 {
					continue // there the whole repeats its samples, and a cut beyond zero need not
				}
			}
			for range 20 {
				x0, y0 := full.Min.X+rng.IntN(20), full.Min.Y+rng.IntN(20)
				cut := image.Rect(x0, y0, x0+5+rng.IntN(35), y0+5+rng.IntN(35))
				part := ToRGB(m.SubImage(cut))
				if part.W != cut.Dx() || part.H != cut.Dy() {
					t.Fatalf("%s: %dx%d", name, part.W, part.H)
				}
				for y := border; y < part.H-border; y++ {
					for x := border; x < part.W-border; x++ {
						a := whole.Pix[3*((y+cut.Min.Y-full.Min.Y)*whole.W+x+cut.Min.X-full.Min.X):][:3]
						b := part.Pix[3*(y*part.W+x):][:3]
						if !bytes.Equal(a, b) {
							t.Fatalf("%s, %v of %v: pixel %d,%d is %v in the cut, %v in the whole", name, cut, full, x, y, b, a)
						}
					}
				}
			}
		}
	}
}

// TestSubImageAlone: what lies around a cut takes no part in it. A cut of whole chroma samples equals a copy of it.
func TestSubImageAlone(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 9))
	for _, ratio := range []image.YCbCrSubsampleRatio{image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420, image.YCbCrSubsampleRatio440} {
		m := pictures(rng, image.Rect(0, 0, 60, 60))[ratio.String()].(*image.YCbCr)
		for range 30 {
			x0, y0 := 2*rng.IntN(20), 2*rng.IntN(20)
			cut := image.Rect(x0, y0, x0+1+rng.IntN(20), y0+1+rng.IntN(20))
			alone := image.NewYCbCr(image.Rect(0, 0, cut.Dx(), cut.Dy()), ratio)
			for y := range cut.Dy() {
				for x := range cut.Dx() {
					from, to := m.COffset(x0+x, y0+y), alone.COffset(x, y)
					alone.Cb[to], alone.Cr[to] = m.Cb[from], m.Cr[from]
					alone.Y[alone.YOffset(x, y)] = m.Y[m.YOffset(x0+x, y0+y)]
				}
			}
			if got, want := ToRGB(m.SubImage(cut)), ToRGB(alone); !bytes.Equal(got.Pix, want.Pix) {
				t.Fatalf("%v %v: the cut differs from its copy", ratio, cut)
			}
		}
	}
}

// disguised hides the type of an image, so that ToRGB takes the slow way.
type disguised struct{ image.Image }

// TestFastPaths: each quick conversion equals the one through At, but where Pillow's own arithmetic is wanted.
func TestFastPaths(t *testing.T) {
	all := pictures(rand.New(rand.NewPCG(1, 1)), image.Rect(2, 3, 60, 50))
	for _, name := range []string{"NRGBA", "Gray", "palette", "NRGBA64", "RGBA64"} {
		if got, want := ToRGB(all[name]), ToRGB(disguised{all[name]}); !bytes.Equal(got.Pix, want.Pix) {
			t.Errorf("%s differs from the slow way", name)
		}
	}
	// Premultiplied colours lose bits on the way through straight ones.
	if is := difference(t, ToRGB(all["RGBA"]), ToRGB(disguised{all["RGBA"]})); is.largest > 1 {
		t.Errorf("RGBA differs by %d levels", is.largest)
	}
}

func TestOverWhite(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 3, 1))
	m.SetNRGBA(0, 0, color.NRGBA{10, 20, 30, 0})
	m.SetNRGBA(1, 0, color.NRGBA{0, 100, 200, 128})
	m.SetNRGBA(2, 0, color.NRGBA{1, 2, 3, 255})
	want := []uint8{255, 255, 255, 127, 177, 227, 1, 2, 3}
	if diff := cmp.Diff(want, ToRGB(m).Pix); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	n := image.NewRGBA(image.Rect(0, 0, 2, 1))
	copy(n.Pix, []uint8{0, 50, 100, 128, 200, 0, 0, 100}) // the second has more red than its alpha allows
	want = []uint8{127, 177, 227, 255, 155, 155}
	if diff := cmp.Diff(want, ToRGB(n).Pix); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestEmptyImages(t *testing.T) {
	for name, m := range pictures(rand.New(rand.NewPCG(1, 1)), image.Rect(0, 0, 8, 8)) {
		for _, empty := range []image.Image{m.SubImage(image.Rect(3, 3, 3, 5)), image.NewYCbCr(image.Rect(0, 0, 0, 5), image.YCbCrSubsampleRatio420)} {
			if rgb := ToRGB(empty); len(rgb.Pix) != 0 {
				t.Errorf("%s: %d bytes", name, len(rgb.Pix))
			}
		}
	}
}

func TestHash(t *testing.T) {
	a, b := &RGB{2, 1, []uint8{1, 2, 3, 4, 5, 6}}, &RGB{1, 2, []uint8{1, 2, 3, 4, 5, 6}}
	if a.Hash() == b.Hash() {
		t.Error("the size takes no part in the hash")
	}
	if a.Hash() != (&RGB{2, 1, bytes.Clone(a.Pix)}).Hash() {
		t.Error("equal pixels, different hashes")
	}
	b = &RGB{2, 1, []uint8{1, 2, 3, 4, 5, 7}}
	if a.Hash() == b.Hash() {
		t.Error("different pixels, equal hashes")
	}
}
