package vision

import (
	"fmt"
	"image"
)

// Grid counts the patches of one image: time steps, rows, columns.
type Grid struct{ T, H, W int }

// Tokens is how many tokens of the decoder the image becomes.
func (g Grid) Tokens(merge int) int { return g.T * g.H * g.W / (merge * merge) }

// Patches is an image as the vision tower takes it.
type Patches struct {
	Values []float32 // [T*H*W, 3*TemporalPatch*PatchSize²], patches of one merge group next to each other
	Grid   Grid
}

// minSide is one token's side: smaller images would be blown up from nothing.
const minSide = 28

// Grid is the patch grid that a frame of this size in pixels gets. A side under 28 pixels, sides in a ratio above 200, or
// more than 100 megapixels are a *SizeError.
func (p Processor) Grid(width, height int) (Grid, error) {
	if width < minSide || height < minSide {
		return Grid{}, &SizeError{width, height, fmt.Sprintf("is smaller than %d pixels", minSide)}
	}
	if width > maxPixels/height {
		return Grid{}, &SizeError{width, height, "is too large"}
	}
	h, w, err := SmartResize(height, width, p.PatchSize*p.MergeSize, p.MinPixels, p.MaxPixels)
	return Grid{1, h / p.PatchSize, w / p.PatchSize}, err
}

// Patches prepares one frame. Its size is checked as by Grid before anything is allocated.
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

// RGBPatches is Patches for pixels already converted, of any size the reference takes.
func (p Processor) RGBPatches(rgb *RGB) (*Patches, error) {
	h, w, err := SmartResize(rgb.H, rgb.W, p.PatchSize*p.MergeSize, p.MinPixels, p.MaxPixels)
	if err != nil {
		return nil, err
	}
	return p.cut(rgb.Resize(w, h)), nil
}

// cut normalises and lays out patches as [H/m, W/m, m, m][channel, time, y, x]: merge groups in reading order, patches
// of a group in reading order within it.
func (p Processor) cut(rgb *RGB) *Patches {
	n, m := p.PatchSize, p.MergeSize
	g := Grid{1, rgb.H / n, rgb.W / n}
	table := p.table()
	values := make([]float32, 0, g.H*g.W*3*p.TemporalPatch*n*n)
	for gy := 0; gy < g.H; gy += m {
		for gx := 0; gx < g.W; gx += m {
			for k := range m * m {
				y0, x0 := (gy+k/m)*n, (gx+k%m)*n
				for c := range 3 {
					start := len(values)
					for y := range n {
						row := rgb.Pix[((y0+y)*rgb.W+x0)*3+c:]
						for x := range n {
							values = append(values, table[c][row[3*x]])
						}
					}
					for range p.TemporalPatch - 1 { // a still image fills every time step
						values = append(values, values[start:start+n*n]...)
					}
				}
			}
		}
	}
	return &Patches{values, g}
}

// table is each channel's value for each of the 256 levels: rescaled in float64 and rounded, then normalised in float32,
// exactly as numpy does it there.
func (p Processor) table() (t [3][256]float32) {
	for c := range 3 {
		mean, std := float32(p.Mean[c]), float32(p.Std[c])
		for v := range 256 {
			t[c][v] = (float32(float64(v)*p.Rescale) - mean) / std
		}
	}
	return t
}
