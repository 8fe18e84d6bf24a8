package vision

import (
	"encoding/json"
	"errors"
	"image"
	"io/fs"
	"math"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func with(change func(*Processor)) Processor {
	p := Default()
	change(&p)
	return p
}

func TestLoad(t *testing.T) {
	small := with(func(p *Processor) { p.MaxPixels = 12544 })
	unnamed := with(func(p *Processor) { p.MaxPixels = 1_003_520 })
	for name, c := range map[string]struct {
		json string
		want Processor
		bad  bool
	}{
		"absent fields":   {`{}`, unnamed, false},
		"marked":          {"\ufeff{}", unnamed, false},
		"nulls":           {`{"min_pixels":null,"size":null,"image_mean":null}`, unnamed, false},
		"edges":           {`{"size":{"shortest_edge":3136,"longest_edge":12544}}`, small, false},
		"top goes first":  {`{"max_pixels":12544,"size":{"shortest_edge":3136,"longest_edge":99999}}`, small, false},
		"own numbers":     {`{"patch_size":16,"image_std":[1,2,3],"max_pixels":12845056}`, with(func(p *Processor) { p.PatchSize = 16; p.Std = [3]float64{1, 2, 3} }), false},
		"switches on":     {`{"do_resize":true,"do_rescale":true,"do_normalize":true,"do_convert_rgb":true,"resample":3}`, unnamed, false},
		"one edge":        {`{"size":{"longest_edge":12544}}`, Processor{}, true},
		"no patch":        {`{"patch_size":0}`, Processor{}, true},
		"huge patch":      {`{"patch_size":100000}`, Processor{}, true},
		"no merge":        {`{"merge_size":-2}`, Processor{}, true},
		"no time":         {`{"temporal_patch_size":0}`, Processor{}, true},
		"fraction":        {`{"patch_size":14.5}`, Processor{}, true},
		"huge":            {`{"max_pixels":1e12}`, Processor{}, true},
		"negative":        {`{"min_pixels":-1}`, Processor{}, true},
		"min over max":    {`{"min_pixels":5000,"max_pixels":4000}`, Processor{}, true},
		"rescale by zero": {`{"rescale_factor":0}`, Processor{}, true},
		"two means":       {`{"image_mean":[1,2]}`, Processor{}, true},
		"two deviations":  {`{"image_std":[1,2]}`, Processor{}, true},
		"zero deviation":  {`{"image_std":[1,0,1]}`, Processor{}, true},
		"no resize":       {`{"do_resize":false}`, Processor{}, true},
		"no normalise":    {`{"do_normalize":false}`, Processor{}, true},
		"bilinear":        {`{"resample":2}`, Processor{}, true},
		"not JSON":        {`{`, Processor{}, true},
	} {
		got, err := Load(fstest.MapFS{configFile: {Data: []byte(c.json)}})
		var format *FormatError
		if c.bad != errors.As(err, &format) || c.bad != (err != nil) || got != c.want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if got, err := Load(fstest.MapFS{}); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "copy the file") {
		t.Errorf("no file: %+v, %v", got, err)
	}
	_, err := Load(fstest.MapFS{partsFile: {Data: []byte(`{"image_processor":{"patch_size":0}}`)}, configFile: {Data: []byte(`{}`)}})
	if err == nil || !strings.HasPrefix(err.Error(), "vision: processor_config.json: image_processor: patch_size is 0") {
		t.Errorf("a fault in a part: %v", err)
	}
	if _, err := Load(fstest.MapFS{configFile: {Mode: fs.ModeDir}}); err == nil {
		t.Error("a folder was read")
	}
}

// TestLoadAsTransformers: where transformers 5.24 loads a processor, ours gives the same grids; where it refuses, so do we.
func TestLoadAsTransformers(t *testing.T) {
	var cases map[string]struct {
		Files map[string]json.RawMessage
		Want  struct {
			Error     string
			Sizes     [][2]int
			Grids     [][3]int
			Mean, Std [3]float64
		} `json:"5.24.0"`
	}
	if err := json.Unmarshal(read(t, "../testdata/golden/files/processors.json"), &cases); err != nil {
		t.Fatal(err)
	}
	for name, c := range cases {
		files := fstest.MapFS{}
		for file, text := range c.Files {
			files[file] = &fstest.MapFile{Data: text}
		}
		p, err := Load(files)
		if (err != nil) != (c.Want.Error != "") {
			t.Errorf("%s: %v; transformers: %q", name, err, c.Want.Error)
		}
		if err != nil {
			continue
		}
		for i, s := range c.Want.Sizes {
			if got, err := p.Grid(s[0], s[1]); err != nil || [3]int{got.T, got.H, got.W} != c.Want.Grids[i] {
				t.Errorf("%s: %v has the grid %v, %v; transformers: %v", name, s, got, err, c.Want.Grids[i])
			}
		}
		if p.Mean != c.Want.Mean || p.Std != c.Want.Std {
			t.Errorf("%s: %v and %v; transformers: %v and %v", name, p.Mean, p.Std, c.Want.Mean, c.Want.Std)
		}
	}
	if len(cases) < 20 {
		t.Errorf("%d cases", len(cases))
	}
}

func TestConfig(t *testing.T) {
	for _, want := range []Processor{Default(), {16, 3, 1, 100, 999, 0.5, [3]float64{0, -1, 1. / 3}, [3]float64{1e-9, 2, 1e9}, 0}} {
		got, err := Load(fstest.MapFS{configFile: {Data: want.Config()}})
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
}

// TestConfigAsTransformers: the file that transformers wrote is written by Config to the byte.
func TestConfigAsTransformers(t *testing.T) {
	want := read(t, "../testdata/golden/a/checkpoint/preprocessor_config.json")
	p, err := parse(want)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Config(); string(got) != string(want) {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestPatchesRefuses(t *testing.T) {
	for _, size := range []image.Rectangle{image.Rect(0, 0, 27, 100), image.Rect(0, 0, 100, 27), image.Rect(0, 0, 28, 5700), {}} {
		var want *SizeError
		if _, err := Default().Patches(image.NewGray(size)); !errors.As(err, &want) {
			t.Errorf("%v: %v, want a *SizeError", size, err)
		} else if want.W != size.Dx() || want.H != size.Dy() {
			t.Errorf("%v: the error says %dx%d", size, want.W, want.H)
		}
	}
	var size *SizeError
	if _, err := Default().Patches(disguised{&image.Uniform{}}); !errors.As(err, &size) { // of a billion pixels a side
		t.Errorf("an endless image: %v, want a *SizeError", err)
	}
	var format *FormatError
	if _, err := Default().Patches(nil); !errors.As(err, &format) {
		t.Errorf("a nil image: %v, want a *FormatError", err)
	}
	if _, err := (Processor{}).Patches(image.NewGray(image.Rect(0, 0, 56, 56))); !errors.As(err, &format) {
		t.Errorf("a zero Processor: %v, want a *FormatError", err)
	}
	if _, err := Default().RGBPatches(&RGB{56, 56, make([]uint8, 100)}); !errors.As(err, &format) {
		t.Errorf("too few pixels: %v, want a *FormatError", err)
	}
	if _, _, err := SmartResize(56, 56, 0, 1, 2); !errors.As(err, &size) {
		t.Errorf("factor 0: %v, want a *SizeError", err)
	}
	bad := with(func(p *Processor) { p.Mean[1] = math.NaN() })
	if _, err := bad.Grid(56, 56); !errors.As(err, &format) {
		t.Errorf("NaN: %v, want a *FormatError", err)
	}
}

// TestPatchesLayout spells the order of values out for a processor small enough to read.
func TestPatchesLayout(t *testing.T) {
	p := Processor{PatchSize: 7, MergeSize: 2, TemporalPatch: 2, MinPixels: 1, MaxPixels: 1 << 20, Rescale: 1, Std: [3]float64{1, 1, 1}}
	const w, h = 56, 28
	rgb := &RGB{w, h, make([]uint8, 3*w*h)}
	for i := range rgb.Pix {
		rgb.Pix[i] = uint8(i * 7 % 251)
	}
	got, err := p.RGBPatches(rgb)
	if err != nil || got.Grid != (Grid{1, 4, 8}) || got.Grid.Tokens(p.MergeSize) != 8 {
		t.Fatalf("%+v, %v", got.Grid, err)
	}
	i := 0
	for gy := range h / 14 {
		for gx := range w / 14 {
			for my := range 2 {
				for mx := range 2 {
					for c := range 3 {
						for range p.TemporalPatch {
							for y := range 7 {
								for x := range 7 {
									want := float32(rgb.Pix[3*((gy*14+my*7+y)*w+gx*14+mx*7+x)+c])
									if got.Values[i] != want {
										t.Fatalf("value %d is %v, want %v", i, got.Values[i], want)
									}
									i++
								}
							}
						}
					}
				}
			}
		}
	}
	if i != len(got.Values) {
		t.Errorf("%d values, want %d", len(got.Values), i)
	}
}

func FuzzProcessorConfig(f *testing.F) {
	f.Add(Default().Config())
	f.Add([]byte(`{"patch_size":14,"merge_size":2,"size":{"shortest_edge":3136,"longest_edge":12544},"image_std":[1,1,1]}`))
	f.Add([]byte(`{"min_pixels":3136,"max_pixels":12845056}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := parse(data)
		var format *FormatError
		if err != nil {
			if !errors.As(err, &format) {
				t.Fatalf("untyped error %v", err)
			}
			return
		}
		if again, err := parse(p.Config()); err != nil || again != p {
			t.Fatalf("%+v came back as %+v, %v", p, again, err)
		}
		if _, err := p.Grid(640, 480); err != nil {
			t.Fatalf("%+v was accepted: %v", p, err)
		}
	})
}
