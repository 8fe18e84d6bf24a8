package vision

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"

	"github.com/egotsr/egotsr/internal/sidefile"
)

// The files that hold the numbers: published checkpoints have the first, transformers 5 writes the second, in which they are one
// part of several.
const (
	configFile = "preprocessor_config.json"
	partsFile  = "processor_config.json"
)

// maxConfigBytes bounds both; real ones have about a thousand bytes.
const maxConfigBytes = 16 << 20

// Processor holds the numbers by which a checkpoint's images are prepared.
type Processor struct {
	PatchSize     int // side of a patch in pixels
	MergeSize     int // side of the square of patches that becomes one token
	TemporalPatch int // frames a patch spans; a still image repeats itself
	MinPixels     int // bounds on width x height after smart resize
	MaxPixels     int
	Rescale       float64    // what a level of 0–255 is multiplied by
	Mean, Std     [3]float64 // of the rescaled red, green and blue
	Aspect        float64    // width by height of what is looked at, see Part; 0 = all of it. It is not of the file
}

// Default is the processor of the published Qwen2.5-VL checkpoints.
func Default() Processor {
	return Processor{
		PatchSize: 14, MergeSize: 2, TemporalPatch: 2,
		MinPixels: 4 * 28 * 28, MaxPixels: 16384 * 28 * 28,
		Rescale: 1.0 / 255,
		Mean:    [3]float64{0.48145466, 0.4578275, 0.40821073},
		Std:     [3]float64{0.26862954, 0.26130258, 0.27577711},
	}
}

// processorFile is the processor's JSON; pointers tell absent from zero. Fields are in the order of the alphabet, as
// transformers writes them.
type processorFile struct {
	ConvertRGB    *bool      `json:"do_convert_rgb"`
	Normalize     *bool      `json:"do_normalize"`
	DoRescale     *bool      `json:"do_rescale"`
	Resize        *bool      `json:"do_resize"`
	Mean          []float64  `json:"image_mean"`
	Type          string     `json:"image_processor_type"`
	Std           []float64  `json:"image_std"`
	MaxPixels     *int       `json:"max_pixels"`
	MergeSize     *int       `json:"merge_size"`
	MinPixels     *int       `json:"min_pixels"`
	PatchSize     *int       `json:"patch_size"`
	Class         string     `json:"processor_class"`
	Resample      *int       `json:"resample"`
	Rescale       *float64   `json:"rescale_factor"`
	Size          *edgesFile `json:"size"`
	TemporalPatch *int       `json:"temporal_patch_size"`
}

// edgesFile is how newer versions write the pixel bounds; the names are theirs, the unit is pixels of area.
type edgesFile struct {
	Longest  *int `json:"longest_edge"`
	Shortest *int `json:"shortest_edge"`
}

// bicubicFilter is Pillow's number for the only filter there is here.
const bicubicFilter = 3

// unnamedMax is the largest area where a file names none: what transformers takes since 4.52, and far less than published files name.
const unnamedMax = 1280 * 28 * 28

// Load reads the part image_processor of processor_config.json, where transformers 5 writes it, or else preprocessor_config.json. A
// field that is absent has the value that transformers gives it. With neither file the size that images are scaled to would be a
// guess: the error is [fs.ErrNotExist]. The pixel bounds stand at the top or as edges under "size", which has both or neither; those
// at the top go first. A file that cannot be parsed, numbers out of any reason, and steps that are switched off or done otherwise are
// a *FormatError.
func Load(fsys fs.FS) (Processor, error) {
	name, data, err := readConfig(fsys)
	if bad := (*sidefile.Error)(nil); errors.As(err, &bad) {
		return Processor{}, &FormatError{bad.File, bad.Reason}
	}
	if err != nil {
		return Processor{}, fmt.Errorf("vision: %w", err)
	}
	p, err := parse(data)
	if format := (*FormatError)(nil); errors.As(err, &format) {
		format.What = name
	}
	return p, err
}

// readConfig gives the processor's JSON and where it stands.
func readConfig(fsys fs.FS) (name string, data []byte, err error) {
	var parts struct {
		Images json.RawMessage `json:"image_processor"`
	}
	data, err = sidefile.Read(fsys, partsFile, maxConfigBytes)
	switch {
	case err == nil:
		if err := json.Unmarshal(data, &parts); err != nil {
			return "", nil, &sidefile.Error{File: partsFile, Reason: err.Error()}
		}
	case !errors.Is(err, fs.ErrNotExist):
		return "", nil, err
	}
	if parts.Images != nil && !bytes.Equal(parts.Images, []byte("null")) {
		return partsFile + ": image_processor", parts.Images, nil
	}
	data, err = sidefile.Read(fsys, configFile, maxConfigBytes)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("no %s, and no %s with an image_processor: the sizes that images are scaled to would be a guess; copy the file from the checkpoint that this one was made of: %w",
			configFile, partsFile, fs.ErrNotExist)
	}
	return configFile, data, err
}

func parse(data []byte) (Processor, error) {
	var f processorFile
	if err := json.Unmarshal(data, &f); err != nil {
		return Processor{}, &FormatError{configFile, err.Error()}
	}
	if err := f.supported(); err != nil {
		return Processor{}, err
	}
	p := Default()
	p.MaxPixels = unnamedMax
	set(&p.PatchSize, f.PatchSize)
	set(&p.MergeSize, f.MergeSize)
	set(&p.TemporalPatch, f.TemporalPatch)
	if f.Size != nil {
		set(&p.MinPixels, f.Size.Shortest)
		set(&p.MaxPixels, f.Size.Longest)
	}
	set(&p.MinPixels, f.MinPixels)
	set(&p.MaxPixels, f.MaxPixels)
	set(&p.Rescale, f.Rescale)
	if err := setChannels(&p.Mean, "image_mean", f.Mean); err != nil {
		return Processor{}, err
	}
	if err := setChannels(&p.Std, "image_std", f.Std); err != nil {
		return Processor{}, err
	}
	if err := p.Validate(); err != nil {
		return Processor{}, err
	}
	return p, nil
}

// supported refuses what would otherwise be ignored in silence. do_convert_rgb is not among it: false spares pictures
// that are RGB already.
func (f *processorFile) supported() error {
	for field, on := range map[string]*bool{"do_resize": f.Resize, "do_rescale": f.DoRescale, "do_normalize": f.Normalize} {
		if on != nil && !*on {
			return &FormatError{configFile, field + " is false, which is not supported"}
		}
	}
	if f.Resample != nil && *f.Resample != bicubicFilter {
		return &FormatError{configFile, fmt.Sprintf("resample is %d, only %d (bicubic) is supported", *f.Resample, bicubicFilter)}
	}
	if f.Size != nil && (f.Size.Shortest == nil && f.MinPixels == nil || f.Size.Longest == nil && f.MaxPixels == nil) {
		return &FormatError{configFile, "size has not both shortest_edge and longest_edge"}
	}
	return nil
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
	case !(p.Aspect >= 0) || p.Aspect != 0 && (p.Aspect < 0.1 || p.Aspect > 10):
		return bad("aspect", p.Aspect)
	case !(p.Rescale > 0) || math.IsInf(p.Rescale, 0):
		return bad("rescale_factor", p.Rescale)
	}
	for c := range 3 {
		if math.IsNaN(p.Mean[c]) || math.IsInf(p.Mean[c], 0) {
			return bad("image_mean", p.Mean)
		}
		if !(p.Std[c] > 0) || math.IsInf(p.Std[c], 0) {
			return bad("image_std", p.Std)
		}
	}
	return nil
}

// Config is the preprocessor_config.json that makes transformers do as p does, and Load give p back. The pixel bounds
// are written both ways, since its versions read one or the other. p must be valid.
func (p Processor) Config() []byte {
	yes, filter := true, bicubicFilter
	data, err := json.MarshalIndent(processorFile{
		ConvertRGB: &yes, Normalize: &yes, DoRescale: &yes, Resize: &yes,
		Type: "Qwen2VLImageProcessor", Class: "Qwen2_5_VLProcessor",
		Mean: p.Mean[:], Std: p.Std[:], Rescale: &p.Rescale, Resample: &filter,
		MinPixels: &p.MinPixels, MaxPixels: &p.MaxPixels, Size: &edgesFile{&p.MaxPixels, &p.MinPixels},
		PatchSize: &p.PatchSize, MergeSize: &p.MergeSize, TemporalPatch: &p.TemporalPatch,
	}, "", "  ")
	if err != nil {
		panic(err) // an infinity or NaN, which Validate refuses
	}
	return append(data, '\n')
}
