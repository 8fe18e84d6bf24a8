package vision

import "image"

// fromYCbCr converts a JPEG with libjpeg-turbo's arithmetic: subsampled chroma is interpolated by its "fancy" triangle
// filters (jdsample.c), colours are converted in 16-bit fixed point (jdcolor.c). Go's own conversion repeats chroma,
// which is up to 28 levels off at edges.
func (m *RGB) fromYCbCr(src *image.YCbCr) {
	up := newUpsampler(src)
	for y := range m.H {
		cb, cr := up.row(y)
		luma := src.Y[src.YOffset(src.Rect.Min.X, src.Rect.Min.Y+y):]
		yccToRGB(m.Pix[3*m.W*y:][:3*m.W], luma[:m.W], cb[:m.W], cr[:m.W])
	}
}

// yccToRGB converts a row. The factors are 1.402, 0.34414, 0.71414 and 1.772 times 2^16.
func yccToRGB(out, luma, cb, cr []uint8) {
	const half = 1 << 15
	cb, cr = cb[:len(luma)], cr[:len(luma)]
	for x, l := range luma {
		y, u, v := int32(l), int32(cb[x])-128, int32(cr[x])-128
		r, g, b := y+(91881*v+half)>>16, y+(-22554*u-46802*v+half)>>16, y+(116130*u+half)>>16
		if uint32(r|g|b) > 255 { // seldom: one test for three
			r, g, b = int32(clamp(r)), int32(clamp(g)), int32(clamp(b))
		}
		p := out[3*x : 3*x+3 : 3*x+3]
		p[0], p[1], p[2] = uint8(r), uint8(g), uint8(b)
	}
}

// upsampler gives the rows of both chroma planes at the width of the image.
type upsampler struct {
	src  *image.YCbCr
	rows chromaRows
	out  [2][]uint8 // the row given last
	sums []int32
	kind image.YCbCrSubsampleRatio // the filter's; -1 repeats samples
}

const repeat image.YCbCrSubsampleRatio = -1

func newUpsampler(src *image.YCbCr) *upsampler {
	u := &upsampler{src: src, kind: src.SubsampleRatio, rows: newChromaRows(src)}
	switch u.kind {
	case image.YCbCrSubsampleRatio444:
		return u
	case image.YCbCrSubsampleRatio440:
	case image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420:
		if u.rows.w <= 2 {
			u.kind = repeat // libjpeg filters no plane this narrow
		}
	default:
		u.kind = repeat // nor these ratios
	}
	if src.Rect.Min.X < 0 || src.Rect.Min.Y < 0 {
		u.kind = repeat // image.YCbCr divides coordinates towards zero: left of it, samples are not evenly spaced
	}
	width := src.Rect.Dx() + 2
	u.out = [2][]uint8{make([]uint8, width), make([]uint8, width)}
	u.sums = make([]int32, max(u.rows.w, 0))
	return u
}

// row gives row y, counted from the image's top. It is valid until the next call.
func (u *upsampler) row(y int) (cb, cr []uint8) {
	b := u.src.Rect
	switch u.kind {
	case image.YCbCrSubsampleRatio444:
		o := u.src.COffset(b.Min.X, b.Min.Y+y)
		return u.src.Cb[o:], u.src.Cr[o:]
	case repeat:
		for x := range b.Dx() {
			o := u.src.COffset(b.Min.X+x, b.Min.Y+y)
			u.out[0][x], u.out[1][x] = u.src.Cb[o], u.src.Cr[o]
		}
		return u.out[0], u.out[1]
	}
	skip := 0 // outputs that lie left of an image whose first column is the right half of a sample
	for i, plane := range [...][]uint8{u.src.Cb, u.src.Cr} {
		near, far := u.rows.near(plane, y), u.rows.far(plane, y)
		switch u.kind {
		case image.YCbCrSubsampleRatio440:
			bias := int32(1 + (b.Min.Y+y)%2) // the upper row of a sample rounds down at ties, the lower one up
			for x, v := range near {
				u.out[i][x] = uint8((3*int32(v) + int32(far[x]) + bias) >> 2)
			}
		case image.YCbCrSubsampleRatio422:
			for x, v := range near {
				u.sums[x] = int32(v)
			}
			widen(u.out[i], u.sums, 1, 2, 2)
			skip = b.Min.X % 2
		case image.YCbCrSubsampleRatio420:
			for x, v := range near {
				u.sums[x] = 3*int32(v) + int32(far[x])
			}
			widen(u.out[i], u.sums, 8, 7, 4)
			skip = b.Min.X % 2
		}
	}
	return u.out[0][skip:], u.out[1][skip:]
}

// widen doubles a row with the filter (3/4, 1/4). Even outputs round with the even bias, odd ones with the odd, so that
// neighbours' rounding errors cancel; shift is the number of fractional bits.
func widen(out []uint8, in []int32, even, odd int32, shift uint) {
	last := len(in) - 1
	out = out[:2*last+2]
	a := in[0]
	out[0] = uint8((4*a + even) >> shift)
	for i, b := range in[1:] {
		p := out[2*i+1 : 2*i+3 : 2*i+3]
		p[0] = uint8((3*a + b + odd) >> shift)
		p[1] = uint8((3*b + a + even) >> shift)
		a = b
	}
	out[2*last+1] = uint8((4*a + odd) >> shift)
}

// chromaRows finds the chroma samples that belong to an image. Samples are at absolute coordinates, so an image cut out
// of a larger one (SubImage) may begin in the middle of one. At the edges the last sample is repeated: what lies beyond
// is not part of the image even where memory holds it.
type chromaRows struct {
	w, h          int // samples of a plane
	first, stride int
	top           int  // absolute first row of the image
	halved        bool // a sample spans two rows
}

func newChromaRows(src *image.YCbCr) chromaRows {
	b := src.Rect
	c := chromaRows{w: b.Dx(), h: b.Dy(), first: src.COffset(b.Min.X, b.Min.Y), stride: src.CStride, top: b.Min.Y}
	switch src.SubsampleRatio {
	case image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420:
		c.w = (b.Max.X-1)/2 - b.Min.X/2 + 1
	}
	switch src.SubsampleRatio {
	case image.YCbCrSubsampleRatio440, image.YCbCrSubsampleRatio420:
		c.h, c.halved = (b.Max.Y-1)/2-b.Min.Y/2+1, true
	}
	return c
}

// near is the chroma row that row y of the image lies in.
func (c *chromaRows) near(plane []uint8, y int) []uint8 {
	if c.halved {
		y = (c.top+y)/2 - c.top/2
	}
	return plane[c.first+y*c.stride:][:c.w]
}

// far is the next nearest chroma row, which is the near one at the image's edge and without vertical subsampling.
func (c *chromaRows) far(plane []uint8, y int) []uint8 {
	if c.halved {
		y += c.top
		y = max(0, min(c.h-1, y/2-c.top/2-1+y%2*2))
	}
	return plane[c.first+y*c.stride:][:c.w]
}
