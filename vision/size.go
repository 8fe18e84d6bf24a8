package vision

import (
	"fmt"
	"math"
)

// maxAspect is the ratio of the sides above which smart resize refuses.
const maxAspect = 200

// SmartResize gives the size in pixels to which an image is scaled: sides that are multiples of factor, the pixel count
// within bounds, the aspect ratio nearly kept. It is smart_resize of Qwen2-VL, in float64 and with sides rounded half to
// even as there. A ratio of sides above 200, and a side or a factor below 1, are a *SizeError.
func SmartResize(height, width, factor, minPixels, maxPixels int) (h, w int, err error) {
	if height < 1 || width < 1 || factor < 1 {
		return 0, 0, &SizeError{width, height, fmt.Sprintf("has no size in steps of %d", factor)}
	}
	if float64(max(height, width))/float64(min(height, width)) > maxAspect {
		return 0, 0, &SizeError{width, height, fmt.Sprintf("has sides in a ratio above %d", maxAspect)}
	}
	f := float64(factor)
	round := func(side int) float64 { return math.RoundToEven(float64(side)/f) * f } // to 0 when far below the factor
	fh, fw := round(height), round(width)
	pixels := float64(height) * float64(width)
	switch {
	case fh*fw > float64(maxPixels):
		beta := math.Sqrt(pixels / float64(maxPixels))
		fh = max(f, math.Floor(float64(height)/beta/f)*f)
		fw = max(f, math.Floor(float64(width)/beta/f)*f)
	case fh*fw < float64(minPixels):
		beta := math.Sqrt(float64(minPixels) / pixels)
		fh = math.Ceil(float64(height)*beta/f) * f
		fw = math.Ceil(float64(width)*beta/f) * f
	}
	return int(fh), int(fw), nil
}

// minSide is one token's side: smaller images would be blown up from nothing.
const minSide = 28

// Grid is the patch grid that a frame of this size in pixels gets. A side under 28 pixels, sides in a ratio above 200, or
// more than 100 megapixels are a *SizeError.
func (p Processor) Grid(width, height int) (Grid, error) {
	if width < minSide || height < minSide {
		return Grid{}, &SizeError{width, height, fmt.Sprintf("is smaller than %d pixels a side", minSide)}
	}
	h, w, err := p.resized(width, height)
	if err != nil {
		return Grid{}, err
	}
	return Grid{1, h / p.PatchSize, w / p.PatchSize}, nil
}

// resized is SmartResize by p's numbers, checked: they may come from a literal and not from Load.
func (p Processor) resized(width, height int) (h, w int, err error) {
	if err := p.Validate(); err != nil {
		return 0, 0, err
	}
	if height > 0 && width > maxPixels/height {
		return 0, 0, &SizeError{width, height, fmt.Sprintf("is above %d megapixels", maxPixels/1_000_000)}
	}
	part := p.Part(width, height)
	return SmartResize(part.Dy(), part.Dx(), p.PatchSize*p.MergeSize, p.MinPixels, p.MaxPixels)
}
