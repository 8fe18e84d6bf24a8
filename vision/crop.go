package vision

import (
	"image"
	"math"
)

// Part is what of an image of this size is looked at: all of it or, where p.Aspect names a shape, the largest part in the middle that
// has it. Bars that were added to fill another shape go, and so does what a wider lens sees besides; nothing is stretched. A side that
// is less than 2 % too long is kept.
func (p Processor) Part(width, height int) image.Rectangle {
	w, h := width, height
	if p.Aspect > 0 && width > 0 && height > 0 {
		switch ratio := float64(width) / float64(height) / p.Aspect; {
		case ratio > 1.02:
			w = max(1, int(math.Round(float64(height)*p.Aspect)))
		case ratio < 1/1.02:
			h = max(1, int(math.Round(float64(width)/p.Aspect)))
		}
	}
	return image.Rect(0, 0, w, h).Add(image.Pt((width-w)/2, (height-h)/2))
}

// part takes a part out of an image.
func (m *RGB) part(r image.Rectangle) *RGB {
	if r.Dx() == m.W && r.Dy() == m.H {
		return m
	}
	out := &RGB{W: r.Dx(), H: r.Dy()}
	for y := r.Min.Y; y < r.Max.Y; y++ {
		out.Pix = append(out.Pix, m.Pix[3*(y*m.W+r.Min.X):3*(y*m.W+r.Max.X)]...)
	}
	return out
}
