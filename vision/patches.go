package vision

import (
	"fmt"
	"image"
)

// Grid counts the patches of one image: time steps, rows, columns.
type Grid struct{ T, H, W int }

// Tokens is how many tokens of the decoder the image becomes, merge being the processor's MergeSize.
func (g Grid) Tokens(merge int) int { return g.T * g.H * g.W / (merge * merge) }

// Patches is an image as the vision tower takes it.
type Patches struct {
	Values []float32 // [T*H*W, 3*TemporalPatch*PatchSize²], patches of one merge group next to each other
	Grid   Grid
}

// Patches prepares one frame: ToRGB, SmartResize, RGB.Resize, normalise, cut. The size is checked as by Grid before
// anything is allocated. The error is a *SizeError, or a *FormatError if img is nil or p is not valid.
func (p Processor) Patches(img image.Image) (*Patches, error) {
	if img == nil {
		return nil, &FormatError{"image", "is nil"}
	}
	b := img.Bounds()
	if _, err := p.Grid(b.Dx(), b.Dy()); err != nil {
		return nil, err
	}
	return p.RGBPatches(ToRGB(img))
}

// RGBPatches is Patches for pixels already converted, of any size the reference takes: down to one pixel.
func (p Processor) RGBPatches(rgb *RGB) (*Patches, error) {
	h, w, err := p.resized(rgb.W, rgb.H)
	if err != nil {
		return nil, err
	}
	if len(rgb.Pix) != 3*rgb.W*rgb.H {
		return nil, &FormatError{"image", fmt.Sprintf("%d bytes are not %dx%d pixels", len(rgb.Pix), rgb.W, rgb.H)}
	}
	return p.cut(rgb.part(p.Part(rgb.W, rgb.H)).Resize(w, h)), nil
}

// cut normalises and lays out patches as [H/m, W/m, m, m][channel, time, y, x]: merge groups in reading order, patches
// of a group in reading order within it.
func (p Processor) cut(rgb *RGB) *Patches {
	n, m := p.PatchSize, p.MergeSize
	g := Grid{1, rgb.H / n, rgb.W / n}
	table := p.table()
	values := make([]float32, g.H*g.W*3*p.TemporalPatch*n*n)
	rest := values // what is not written yet
	for gy := 0; gy < g.H; gy += m {
		for gx := 0; gx < g.W; gx += m {
			for k := range m * m {
				y, x := (gy+k/m)*n, (gx+k%m)*n
				for c := range table {
					still := rest[:n*n]
					for i := range n {
						normalise(still[i*n:][:n], rgb.Pix[((y+i)*rgb.W+x)*3+c:], &table[c])
					}
					rest = rest[n*n:]
					for range p.TemporalPatch - 1 { // a still image fills every time step
						copy(rest, still)
						rest = rest[n*n:]
					}
				}
			}
		}
	}
	return &Patches{values, g}
}

// normalise takes one channel of a run of RGB pixels, pix[0] being the first.
func normalise(out []float32, pix []uint8, table *[256]float32) {
	pix = pix[:3*len(out)-2]
	for x := range out {
		out[x] = table[pix[3*x]]
	}
}

// table is each channel's value for each of the 256 levels: rescaled in float64 and rounded, then normalised in float32,
// exactly as numpy does it there.
func (p Processor) table() (t [3][256]float32) {
	for c := range t {
		mean, std := float32(p.Mean[c]), float32(p.Std[c])
		for v := range t[c] {
			t[c][v] = (float32(float64(v)*p.Rescale) - mean) / std
		}
	}
	return t
}
