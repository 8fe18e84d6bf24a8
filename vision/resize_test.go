package vision

import (
	"bytes"
	"image"
	"math"
	"math/rand/v2"
	"testing"
)

// noise is a picture of random pixels, every fourth value black or white so that overshoot meets the clamp.
func noise(rng *rand.Rand, w, h int) *RGB {
	m := &RGB{W: w, H: h, Pix: make([]uint8, 3*w*h)}
	for i := range m.Pix {
		m.Pix[i] = uint8(rng.Uint32())
		if rng.IntN(4) == 0 {
			m.Pix[i] = uint8(255 * rng.IntN(2))
		}
	}
	return m
}

// slowResize computes each output value by itself, one axis after the other: the oracle, which shares no code with Resize.
func slowResize(m *RGB, w, h int) *RGB {
	if w != m.W {
		m = slowPass(m, w, m.H, func(i, j int) (int, int) { return i, j })
	}
	if h != m.H {
		m = slowPass(m, m.W, h, func(i, j int) (int, int) { return j, i })
	}
	return m
}

// slowPass resamples along the first coordinate; at turns (along, across) into (x, y).
func slowPass(m *RGB, w, h int, at func(i, j int) (x, y int)) *RGB {
	kernel := func(x float64) float64 {
		if x = math.Abs(x); x < 1 {
			return (1.5*x-2.5)*x*x + 1
		} else if x < 2 {
			return (((x-5)*x+8)*x - 4) * -0.5
		}
		return 0
	}
	out := &RGB{W: w, H: h, Pix: make([]uint8, 3*w*h)}
	along, across := at(m.W, m.H)
	n, _ := at(w, h)
	scale := float64(along) / float64(n)
	stretch := math.Max(scale, 1)
	for i := range n {
		center := (float64(i) + 0.5) * scale
		lo, hi := max(int(center-2*stretch+0.5), 0), min(int(center+2*stretch+0.5), along)
		var total float64
		for k := lo; k < hi; k++ {
			total += kernel((float64(k) - center + 0.5) * (1 / stretch))
		}
		for j := range across {
			for c := range 3 {
				sum := int64(1) << 21
				for k := lo; k < hi; k++ {
					x, y := at(k, j)
					weight := kernel((float64(k)-center+0.5)*(1/stretch)) / total * (1 << 22)
					sum += int64(math.Trunc(weight+math.Copysign(0.5, weight))) * int64(m.Pix[3*(y*m.W+x)+c])
				}
				x, y := at(i, j)
				out.Pix[3*(y*w+x)+c] = uint8(max(0, min(255, sum>>22)))
			}
		}
	}
	return out
}

func TestResizeAgainstOracle(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 300 {
		top := 60
		if i%20 == 0 {
			top = 300
		}
		m := noise(rng, 1+rng.IntN(top), 1+rng.IntN(top))
		w, h := 1+rng.IntN(60), 1+rng.IntN(60)
		before := bytes.Clone(m.Pix)
		if got, want := m.Resize(w, h), slowResize(m, w, h); !bytes.Equal(got.Pix, want.Pix) || got.W != w || got.H != h {
			t.Fatalf("%dx%d to %dx%d differs from the oracle", m.W, m.H, w, h)
		}
		if !bytes.Equal(m.Pix, before) {
			t.Fatal("the source was written to")
		}
	}
}

// FuzzResize looks for sizes at which the quick way and the oracle part.
func FuzzResize(f *testing.F) {
	f.Add(uint8(9), uint8(13), uint8(56), uint8(84), uint64(1))
	f.Fuzz(func(t *testing.T, w0, h0, w1, h1 uint8, seed uint64) {
		m := noise(rand.New(rand.NewPCG(seed, 0)), int(w0)+1, int(h0)+1)
		w, h := int(w1)+1, int(h1)+1
		if !bytes.Equal(m.Resize(w, h).Pix, slowResize(m, w, h).Pix) {
			t.Errorf("%dx%d to %dx%d differs from the oracle", m.W, m.H, w, h)
		}
	})
}

// BenchmarkPatches1080p is the whole line for a camera's JPEG frame and for a simulator's, at three pixel budgets.
func BenchmarkPatches1080p(b *testing.B) {
	full := image.Rect(0, 0, 1920, 1080)
	rng := rand.New(rand.NewPCG(5, 6))
	ycbcr, rgba := image.NewYCbCr(full, image.YCbCrSubsampleRatio420), image.NewRGBA(full)
	for _, plane := range [][]uint8{ycbcr.Y, ycbcr.Cb, ycbcr.Cr, rgba.Pix} {
		for i := range plane {
			plane[i] = uint8(128 + rng.NormFloat64()*20)
		}
	}
	for i := 3; i < len(rgba.Pix); i += 4 {
		rgba.Pix[i] = 255
	}
	b.Run("ToRGB/YCbCr", func(b *testing.B) {
		for b.Loop() {
			ToRGB(ycbcr)
		}
	})
	b.Run("ToRGB/RGBA", func(b *testing.B) {
		for b.Loop() {
			ToRGB(rgba)
		}
	})
	b.Run("Hash", func(b *testing.B) {
		m := ToRGB(rgba)
		for b.Loop() {
			m.Hash()
		}
	})
	for name, pixels := range map[string]int{"112x112": 112 * 112, "1003520": 1280 * 28 * 28, "published": Default().MaxPixels} {
		p := Default()
		p.MaxPixels = pixels
		b.Run("Patches/"+name, func(b *testing.B) {
			for b.Loop() {
				if _, err := p.Patches(ycbcr); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
