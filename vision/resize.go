package vision

import "math"

// precision is how many fractional bits Pillow's resampling weights have: 32 less 8 for the pixel and 2 for overshoot.
const precision = 32 - 8 - 2

// Resize scales to w x h pixels, both at least 1, exactly as Pillow's 8-bit Image.resize with BICUBIC does: a horizontal
// pass, then a vertical one, each rounded and clamped to bytes. A pass whose length does not change is left out, so an
// image that has the size already is returned as it is.
func (m *RGB) Resize(w, h int) *RGB {
	if w != m.W {
		m = m.horizontal(w)
	}
	if h != m.H {
		m = m.vertical(h)
	}
	return m
}

// taps are the weights of every output position i: out[i] = Σ weights[i][k] * in[first[i]+k].
type taps struct {
	first   []int
	weights [][]int32
}

// newTaps are Pillow's precompute_coeffs and normalize_coeffs_8bpc (Resample.c) for its bicubic filter of a = -0.5, whose
// support of 2 is stretched when shrinking.
func newTaps(in, out int) taps {
	scale := float64(in) / float64(out)
	stretch := max(scale, 1)
	support := 2 * stretch
	t := taps{make([]int, out), make([][]int32, out)}
	size := 2*int(math.Ceil(support)) + 1 // no position has more weights
	fixed := make([]int32, 0, out*size)
	exact := make([]float64, size)
	for i := range out {
		center := (float64(i) + 0.5) * scale
		lo := max(int(center-support+0.5), 0)
		hi := min(int(center+support+0.5), in)
		exact := exact[:hi-lo]
		var sum float64
		for x := range exact {
			exact[x] = bicubic((float64(x+lo) - center + 0.5) * (1 / stretch))
			sum += exact[x]
		}
		start := len(fixed)
		for _, v := range exact {
			if sum != 0 {
				v /= sum
			}
			// The scaled weight rounds half away from zero.
			fixed = append(fixed, int32(v*(1<<precision)+math.Copysign(0.5, v)))
		}
		t.first[i], t.weights[i] = lo, fixed[start:]
	}
	return t
}

// bicubic is the filter's kernel. The conversions keep processors that can from fusing a product into the sum after it,
// which would round otherwise than Pillow's wheels do.
func bicubic(x float64) float64 {
	const a = -0.5
	x = math.Abs(x)
	switch {
	case x < 1:
		return float64((float64((a+2)*x)-(a+3))*x*x) + 1
	case x < 2:
		return (float64((float64((x-5)*x)+8)*x) - 4) * a
	}
	return 0
}

func (m *RGB) horizontal(w int) *RGB {
	out := &RGB{W: w, H: m.H, Pix: make([]uint8, 3*w*m.H)}
	t := newTaps(m.W, w)
	for y := range m.H {
		row, to := m.Pix[3*m.W*y:][:3*m.W], out.Pix[3*w*y:][:3*w]
		for x, first := range t.first {
			const half = 1 << (precision - 1)
			r, g, b := int32(half), int32(half), int32(half)
			in := row[3*first:]
			for _, k := range t.weights[x] {
				if len(in) < 3 {
					break // never: says to the compiler that the three reads below need no check
				}
				r += k * int32(in[0])
				g += k * int32(in[1])
				b += k * int32(in[2])
				in = in[3:]
			}
			p := to[3*x : 3*x+3 : 3*x+3]
			p[0], p[1], p[2] = clamp(r>>precision), clamp(g>>precision), clamp(b>>precision)
		}
	}
	return out
}

func (m *RGB) vertical(h int) *RGB {
	width := 3 * m.W
	out := &RGB{W: m.W, H: h, Pix: make([]uint8, width*h)}
	t := newTaps(m.H, h)
	sums := make([]int32, width) // whole rows at a time: the weight is the row's, and memory is read in order
	for y, first := range t.first {
		for x := range sums {
			sums[x] = 1 << (precision - 1)
		}
		for i, k := range t.weights[y] {
			row := m.Pix[width*(first+i):][:len(sums)]
			for x, v := range row {
				sums[x] += k * int32(v)
			}
		}
		to := out.Pix[width*y:][:len(sums)]
		for x, s := range sums {
			to[x] = clamp(s >> precision)
		}
	}
	return out
}

func clamp(v int32) uint8 {
	if uint32(v) > 255 { // rare, and so cheaper than two comparisons
		return uint8(^v >> 31) // 0 below, 255 above
	}
	return uint8(v)
}
