package vision

import "image"

// fromYCbCr converts a decoded JPEG with libjpeg's arithmetic: chroma subsampled by two is interpolated with its
// "fancy" triangle filter (jdsample.c), colours are converted in 16-bit fixed point (jdcolor.c). Go's own conversion
// repeats chroma, which is up to 28 levels off at edges.
func (m *RGB) fromYCbCr(src *image.YCbCr) {
	b := src.Rect
	up := chroma(src)
	for y := range m.H {
		cb, cr := up(y)
		luma := src.Y[src.YOffset(b.Min.X, b.Min.Y+y):]
		row := m.Pix[3*m.W*y:][:3*m.W]
		for x := range m.W {
			Y, u, v := int32(luma[x]), int32(cb[x])-128, int32(cr[x])-128
			const half = 1 << 15
			row[3*x] = clamp(Y + (91881*v+half)>>16)
			row[3*x+1] = clamp(Y + (-22554*u-46802*v+half)>>16)
			row[3*x+2] = clamp(Y + (116130*u+half)>>16)
		}
	}
}

// chroma returns a function that gives row y of both chroma planes at full width. The rows it returns are overwritten
// by the next call.
func chroma(src *image.YCbCr) func(y int) (cb, cr []uint8) {
	b := src.Rect
	w := b.Dx()
	h2 := src.SubsampleRatio == image.YCbCrSubsampleRatio422 || src.SubsampleRatio == image.YCbCrSubsampleRatio420
	v2 := src.SubsampleRatio == image.YCbCrSubsampleRatio420
	if src.SubsampleRatio == image.YCbCrSubsampleRatio444 {
		return func(y int) (cb, cr []uint8) {
			o := src.COffset(b.Min.X, b.Min.Y+y)
			return src.Cb[o : o+w], src.Cr[o : o+w]
		}
	}
	out := [2][]uint8{make([]uint8, w), make([]uint8, w)}
	if !h2 || b.Min.X%2 != 0 || b.Min.Y%2 != 0 || w < 3 {
		// Rare ratios, cropped frames that begin inside a chroma sample, and slivers: repeat, as libjpeg does for the
		// ratios it has no filter for.
		return func(y int) (cb, cr []uint8) {
			for x := range w {
				o := src.COffset(b.Min.X+x, b.Min.Y+y)
				out[0][x], out[1][x] = src.Cb[o], src.Cr[o]
			}
			return out[0], out[1]
		}
	}
	first := src.COffset(b.Min.X, b.Min.Y)
	cw, ch := (w+1)/2, b.Dy()
	if v2 {
		ch = (b.Dy() + 1) / 2
	}
	sums := make([]int32, cw)
	return func(y int) (cb, cr []uint8) {
		for i, plane := range [][]uint8{src.Cb, src.Cr} {
			row := func(r int) []uint8 { return plane[first+max(0, min(ch-1, r))*src.CStride:][:cw] }
			if !v2 {
				near := row(y)
				for x := range sums {
					sums[x] = int32(near[x])
				}
				widen(out[i], sums, 1, 2, 2)
				continue
			}
			// The nearer chroma row weighs three quarters, the one beyond it a quarter.
			near, far := row(y/2), row(y/2-1+y%2*2)
			for x := range sums {
				sums[x] = 3*int32(near[x]) + int32(far[x])
			}
			widen(out[i], sums, 8, 7, 4)
		}
		return out[0], out[1]
	}
}

// widen doubles a row with the filter (3/4, 1/4). Even outputs round with evenBias, odd ones with oddBias, so that the
// rounding errors of neighbours cancel; shift is the number of fractional bits.
func widen(out []uint8, in []int32, evenBias, oddBias int32, shift int) {
	last := len(in) - 1
	for x := range out {
		i := x / 2
		var v int32
		switch {
		case x == 0:
			v = (in[0]*4 + evenBias) >> shift
		case x%2 == 0:
			v = (in[i]*3 + in[i-1] + evenBias) >> shift
		case i == last:
			v = (in[last]*4 + oddBias) >> shift
		default:
			v = (in[i]*3 + in[i+1] + oddBias) >> shift
		}
		out[x] = uint8(v)
	}
}
