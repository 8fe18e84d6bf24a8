package vision

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"testing/fstest"
)

// noise is a picture of random pixels, every fourth black or white so that overshoot meets the clamp.
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

// slowResize computes each output pixel by itself in float weights turned fixed, one axis after the other: the oracle.
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
			total += bicubic((float64(k) - center + 0.5) * (1 / stretch))
		}
		for j := range across {
			for c := range 3 {
				sum := int64(1) << 21
				for k := lo; k < hi; k++ {
					x, y := at(k, j)
					weight := bicubic((float64(k)-center+0.5)*(1/stretch)) / total * (1 << 22)
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
	for range 200 {
		m := noise(rng, 1+rng.IntN(60), 1+rng.IntN(60))
		w, h := 1+rng.IntN(60), 1+rng.IntN(60)
		if got, want := m.Resize(w, h), slowResize(m, w, h); !bytes.Equal(got.Pix, want.Pix) {
			t.Fatalf("%dx%d to %dx%d differs from the oracle", m.W, m.H, w, h)
		}
	}
}

// TestSubImage: a frame cut out of a larger picture equals the same pixels standing alone, in every colour mode.
func TestSubImage(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	full, cut := image.Rect(-3, 5, 61, 70), image.Rect(3, 11, 47, 59)
	type picture interface {
		image.Image
		SubImage(image.Rectangle) image.Image
	}
	ycbcr := func(ratio image.YCbCrSubsampleRatio) *image.YCbCr {
		m := image.NewYCbCr(full, ratio)
		for _, plane := range [][]uint8{m.Y, m.Cb, m.Cr} {
			for i := range plane {
				plane[i] = uint8(rng.Uint32())
			}
		}
		return m
	}
	pictures := map[string]picture{
		"444": ycbcr(image.YCbCrSubsampleRatio444), "420": ycbcr(image.YCbCrSubsampleRatio420),
		"422": ycbcr(image.YCbCrSubsampleRatio422), "440": ycbcr(image.YCbCrSubsampleRatio440),
	}
	palette := make(color.Palette, 256)
	for i := range palette {
		palette[i] = color.NRGBA{uint8(i), uint8(3 * i), uint8(7 * i), uint8(255 - i)}
	}
	for name, m := range map[string]interface {
		picture
		Set(x, y int, c color.Color)
	}{"RGBA": image.NewRGBA(full), "NRGBA": image.NewNRGBA(full), "Gray": image.NewGray(full), "Gray16": image.NewGray16(full),
		"NRGBA64": image.NewNRGBA64(full), "CMYK": image.NewCMYK(full), "palette": image.NewPaletted(full, palette)} {
		for y := full.Min.Y; y < full.Max.Y; y++ {
			for x := full.Min.X; x < full.Max.X; x++ {
				m.Set(x, y, color.NRGBA{uint8(rng.Uint32()), uint8(rng.Uint32()), uint8(rng.Uint32()), uint8(rng.Uint32())})
			}
		}
		pictures[name] = m
	}
	for name, m := range pictures {
		whole, part := ToRGB(m), ToRGB(m.SubImage(cut))
		if part.W != cut.Dx() || part.H != cut.Dy() {
			t.Fatalf("%s: %dx%d", name, part.W, part.H)
		}
		if name == "420" || name == "422" {
			continue // a cut that begins inside a chroma sample cannot be interpolated as the whole is
		}
		for y := range part.H {
			for x := range part.W {
				a := whole.Pix[3*((y+cut.Min.Y-full.Min.Y)*whole.W+x+cut.Min.X-full.Min.X):][:3]
				b := part.Pix[3*(y*part.W+x):][:3]
				if !bytes.Equal(a, b) {
					t.Fatalf("%s: pixel %d,%d is %v in the cut, %v in the whole", name, x, y, b, a)
				}
			}
		}
	}
}

func TestTransparencyOverWhite(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 3, 1))
	m.SetNRGBA(0, 0, color.NRGBA{10, 20, 30, 0})
	m.SetNRGBA(1, 0, color.NRGBA{0, 100, 200, 128})
	m.SetNRGBA(2, 0, color.NRGBA{1, 2, 3, 255})
	want := []uint8{255, 255, 255, 127, 177, 227, 1, 2, 3}
	if got := ToRGB(m).Pix; !bytes.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestHash(t *testing.T) {
	a, b := &RGB{2, 1, []uint8{1, 2, 3, 4, 5, 6}}, &RGB{1, 2, []uint8{1, 2, 3, 4, 5, 6}}
	if a.Hash() == b.Hash() {
		t.Error("the size takes no part in the hash")
	}
	if a.Hash() != roundTrip(a).Hash() {
		t.Error("equal pixels, different hashes")
	}
}

// roundTrip sends pixels through an image and back.
func roundTrip(m *RGB) *RGB {
	img := image.NewRGBA(image.Rect(0, 0, m.W, m.H))
	for i := range m.W * m.H {
		copy(img.Pix[4*i:], m.Pix[3*i:3*i+3])
		img.Pix[4*i+3] = 255
	}
	return ToRGB(img)
}

func TestLoadProcessor(t *testing.T) {
	for name, c := range map[string]struct {
		json string
		want Processor
		bad  bool
	}{
		"absent fields":  {`{}`, Default, false},
		"edges":          {`{"size":{"shortest_edge":3136,"longest_edge":12544}}`, with(func(p *Processor) { p.MaxPixels = 12544 }), false},
		"top goes first": {`{"max_pixels":12544,"size":{"longest_edge":99999}}`, with(func(p *Processor) { p.MaxPixels = 12544 }), false},
		"no patch":       {`{"patch_size":0}`, Processor{}, true},
		"huge":           {`{"max_pixels":1e12}`, Processor{}, true},
		"min over max":   {`{"min_pixels":5000,"max_pixels":4000}`, Processor{}, true},
		"two channels":   {`{"image_mean":[1,2]}`, Processor{}, true},
		"zero deviation": {`{"image_std":[1,0,1]}`, Processor{}, true},
		"not JSON":       {`{`, Processor{}, true},
	} {
		got, err := Load(fstest.MapFS{configFile: {Data: []byte(c.json)}})
		var format *FormatError
		if c.bad != errors.As(err, &format) || !c.bad && got != c.want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if got, err := Load(fstest.MapFS{}); err != nil || got != Default {
		t.Errorf("no file: %+v, %v", got, err)
	}
}

func with(change func(*Processor)) Processor {
	p := Default
	change(&p)
	return p
}

func TestDecodeBomb(t *testing.T) {
	// A PNG header that promises 30000 x 30000 pixels, with nothing behind it.
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		t.Fatal(err)
	}
	data := b.Bytes()
	copy(data[16:24], []byte{0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30})
	binary.BigEndian.PutUint32(data[29:], crc32.ChecksumIEEE(data[12:29]))
	var size *SizeError
	if _, err := Decode(data); !errors.As(err, &size) || size.Width != 30000 {
		t.Errorf("a bomb gave %v, want a *SizeError", err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, name := range []string{"tiny_9x13.png", "two_by_two.png", "la.png", "bilevel.png", "rocket_422_progressive.jpg"} {
		f.Add(read(f, filepath.Join(golden, "images", name)))
	}
	f.Add([]byte("RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00/\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00"))
	f.Add([]byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"))
	f.Fuzz(func(t *testing.T, data []byte) {
		img, err := Decode(data)
		var size *SizeError
		var format *FormatError
		if err != nil {
			if !errors.As(err, &size) && !errors.As(err, &format) {
				t.Fatalf("untyped error %v", err)
			}
			return
		}
		if b := img.Bounds(); b.Dx()*b.Dy() < 1<<20 {
			if _, err := Default.Patches(img); err != nil && !errors.As(err, &size) {
				t.Fatalf("untyped error %v", err)
			}
		}
	})
}

func FuzzProcessorConfig(f *testing.F) {
	f.Add([]byte(`{"patch_size":14,"merge_size":2,"size":{"shortest_edge":3136,"longest_edge":12544},"image_std":[1,1,1]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := parse(data)
		if err == nil && p.Validate() != nil {
			t.Fatalf("%+v was accepted", p)
		}
	})
}

func BenchmarkPatches1080p(b *testing.B) {
	m := image.NewYCbCr(image.Rect(0, 0, 1920, 1080), image.YCbCrSubsampleRatio420)
	p := Default
	p.MaxPixels = 12544
	for b.Loop() {
		if _, err := p.Patches(m); err != nil {
			b.Fatal(err)
		}
	}
}
