package vision

import "math"

// precision is how many fractional bits Pillow's resampling weights have: 32 less 8 for the pixel and 2 for overshoot.
const precision = 32 - 8 - 2

// Resize scales to w x h exactly as Pillow's 8-bit Image.resize with BICUBIC does: a horizontal pass, then a vertical
// one, each rounded and clamped to bytes; a pass whose length does not change is left out.
func (m *RGB) Resize(w, h int) *RGB {
	if w != m.W {
		m = m.horizontal(w)
	}
	if h != m.H {
		m = m.vertical(h)
	}
	return m
}

// taps are the weights of one output position: out = Σ weights[i] * in[first+i].
type taps struct {
	first   int
	weights []int32
}

// resampleTaps are Pillow's precompute_coeffs and normalize_coeffs_8bpc (Resample.c) for its bicubic filter of a = -0.5,
// whose support of 2 is stretched when shrinking.
func resampleTaps(in, out int) []taps {
	scale := float64(in) / float64(out)
	stretch := max(scale, 1)
	support := 2 * stretch
	all := make([]taps, out)
	for i := range all {
		center := (float64(i) + 0.5) * scale
		lo := max(int(center-support+0.5), 0)
		hi := min(int(center+support+0.5), in)
		weights := make([]float64, hi-lo)
		var sum float64
		for x := range weights {
			weights[x] = bicubic((float64(x+lo) - center + 0.5) * (1 / stretch))
			sum += weights[x]
		}
		fixed := make([]int32, len(weights))
		for x, v := range weights {
			if sum != 0 {
				v /= sum
			}
			// The scaled weight rounds half away from zero.
			fixed[x] = int32(v*(1<<precision) + math.Copysign(0.5, v))
		}
		all[i] = taps{lo, fixed}
	}
	return all
}

func bicubic(x float64) float64 {
	const a = -0.5
	x = math.Abs(x)
	switch {
	case x < 1:
		return ((a+2)*x-(a+3))*x*x + 1
	case x < 2:
		return (((x-5)*x+8)*x - 4) * a
	}
	return 0
}

func (m *RGB) horizontal(w int) *RGB {
	out := &RGB{W: w, H: m.H, Pix: make([]uint8, 3*w*m.H)}
	all := resampleTaps(m.W, w)
	for y := range m.H {
		row, to := m.Pix[3*m.W*y:], out.Pix[3*w*y:]
		for x, t := range all {
			r, g, b := int32(1)<<(precision-1), int32(1)<<(precision-1), int32(1)<<(precision-1)
			in := row[3*t.first:]
			for i, k := range t.weights {
				r += k * int32(in[3*i])
				g += k * int32(in[3*i+1])
				b += k * int32(in[3*i+2])
			}
			to[3*x], to[3*x+1], to[3*x+2] = clamp(r>>precision), clamp(g>>precision), clamp(b>>precision)
		}
	}
	return out
}

func (m *RGB) vertical(h int) *RGB {
	width := 3 * m.W
	out := &RGB{W: m.W, H: h, Pix: make([]uint8, width*h)}
	sums := make([]int32, width) // whole rows at a time: the weights are the row's, and memory is read in order
	for y, t := range resampleTaps(m.H, h) {
		for x := range sums {
			sums[x] = 1 << (precision - 1)
		}
		for i, k := range t.weights {
			row := m.Pix[width*(t.first+i):][:width]
			for x, v := range row {
				sums[x] += k * int32(v)
			}
		}
		to := out.Pix[width*y:][:width]
		for x, s := range sums {
			to[x] = clamp(s >> precision)
		}
	}
	return out
}

func clamp(v int32) uint8 { return uint8(max(0, min(255, v))) }
