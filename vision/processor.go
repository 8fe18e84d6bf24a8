package vision

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
)

const configFile = "preprocessor_config.json"

// Processor holds the numbers of a checkpoint's preprocessor_config.json.
type Processor struct {
	PatchSize     int // side of a patch in pixels
	MergeSize     int // side of the square of patches that becomes one token
	TemporalPatch int // frames a patch spans; a still image repeats itself
	MinPixels     int // bounds on width x height after smart resize
	MaxPixels     int
	Rescale       float64
	Mean, Std     [3]float64 // of the rescaled channels
}

// Default is the published Qwen2.5-VL processor.
var Default = Processor{
	PatchSize: 14, MergeSize: 2, TemporalPatch: 2,
	MinPixels: 4 * 28 * 28, MaxPixels: 16384 * 28 * 28,
	Rescale: 1.0 / 255,
	Mean:    [3]float64{0.48145466, 0.4578275, 0.40821073},
	Std:     [3]float64{0.26862954, 0.26130258, 0.27577711},
}

// processorFile is the part of preprocessor_config.json that is read; pointers tell absent from zero.
type processorFile struct {
	PatchSize     *int     `json:"patch_size"`
	MergeSize     *int     `json:"merge_size"`
	TemporalPatch *int     `json:"temporal_patch_size"`
	MinPixels     *int     `json:"min_pixels"`
	MaxPixels     *int     `json:"max_pixels"`
	Rescale       *float64 `json:"rescale_factor"`
	Size          struct {
		Shortest *int `json:"shortest_edge"`
		Longest  *int `json:"longest_edge"`
	} `json:"size"`
	Mean []float64 `json:"image_mean"`
	Std  []float64 `json:"image_std"`
}

// Load reads preprocessor_config.json. Absent fields, and an absent file, mean the published values. The pixel bounds
// may stand at the top or, as newer versions write them, as edges under "size"; the top goes first.
func Load(fsys fs.FS) (Processor, error) {
	data, err := fs.ReadFile(fsys, configFile)
	if errors.Is(err, fs.ErrNotExist) {
		return Default, nil
	}
	if err != nil {
		return Processor{}, err
	}
	return parse(data)
}

func parse(data []byte) (Processor, error) {
	var f processorFile
	if err := json.Unmarshal(data, &f); err != nil {
		return Processor{}, &FormatError{configFile, err.Error()}
	}
	p := Default
	set(&p.PatchSize, f.PatchSize)
	set(&p.MergeSize, f.MergeSize)
	set(&p.TemporalPatch, f.TemporalPatch)
	set(&p.MinPixels, f.Size.Shortest)
	set(&p.MaxPixels, f.Size.Longest)
	set(&p.MinPixels, f.MinPixels)
	set(&p.MaxPixels, f.MaxPixels)
	set(&p.Rescale, f.Rescale)
	if err := setChannels(&p.Mean, "image_mean", f.Mean); err != nil {
		return Processor{}, err
	}
	if err := setChannels(&p.Std, "image_std", f.Std); err != nil {
		return Processor{}, err
	}
	return p, p.Validate()
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

func setChannels(to *[3]float64, field string, from []float64) error {
	switch len(from) {
	case 0:
	case 3:
		copy(to[:], from)
	default:
		return &FormatError{configFile, fmt.Sprintf("%s has %d channels, not 3", field, len(from))}
	}
	return nil
}

// Validate bounds every number, so that no later step can overflow or divide by zero. Load has called it; whoever changes
// a field calls it again. What is wrong is a *FormatError.
func (p Processor) Validate() error {
	bad := func(field string, value any) error {
		return &FormatError{configFile, fmt.Sprintf("%s is %v", field, value)}
	}
	switch {
	case p.PatchSize < 1 || p.PatchSize > 256:
		return bad("patch_size", p.PatchSize)
	case p.MergeSize < 1 || p.MergeSize > 16:
		return bad("merge_size", p.MergeSize)
	case p.TemporalPatch < 1 || p.TemporalPatch > 16:
		return bad("temporal_patch_size", p.TemporalPatch)
	case p.MinPixels < 1 || p.MinPixels > maxPixels:
		return bad("min_pixels", p.MinPixels)
	case p.MaxPixels < p.MinPixels || p.MaxPixels > maxPixels:
		return bad("max_pixels", p.MaxPixels)
	case !(p.Rescale > 0) || math.IsInf(p.Rescale, 0):
		return bad("rescale_factor", p.Rescale)
	}
	for c := range 3 {
		if !(p.Std[c] > 0) || math.IsInf(p.Std[c], 0) || math.IsNaN(p.Mean[c]) || math.IsInf(p.Mean[c], 0) {
			return bad("image_mean or image_std", fmt.Sprint(p.Mean, p.Std))
		}
	}
	return nil
}

// maxAspect is the ratio of the sides above which smart resize refuses.
const maxAspect = 200

// SmartResize gives the size to which an image is scaled: sides that are multiples of factor, the pixel count within
// bounds, the aspect ratio nearly kept (Qwen2-VL's smart_resize). Sides are rounded half to even, as Python does.
// A ratio of sides above 200 is a *SizeError.
func SmartResize(height, width, factor, minPixels, maxPixels int) (h, w int, err error) {
	if height < 1 || width < 1 || max(height, width) > maxAspect*min(height, width) {
		return 0, 0, &SizeError{width, height, "has sides in a ratio above 200"}
	}
	f := float64(factor)
	round := func(side int) float64 { return math.RoundToEven(float64(side)/f) * f }
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
