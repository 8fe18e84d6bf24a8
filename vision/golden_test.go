package vision

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/egotsr/egotsr/internal/safetensors"
)

const golden = "../testdata/golden/preprocess"

type goldenCase struct {
	Image        string
	MinPixels    int    `json:"min_pixels"`
	MaxPixels    int    `json:"max_pixels"`
	Height       int    `json:"resized_height"`
	Width        int    `json:"resized_width"`
	Grid         [3]int `json:"grid_thw"`
	ResizedPNG   string `json:"resized_png"`
	PixelsSHA    string `json:"pixel_values_sha256"`
	PixelsTensor string `json:"pixel_values_tensor"`
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// decoded reads an image as the goldens were made: by transformers alone, which drops alpha and does not lay it over white.
func decoded(t testing.TB, path string) *RGB {
	t.Helper()
	img, err := Decode(read(t, path))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	switch img := img.(type) {
	case *image.NRGBA:
		for i := 3; i < len(img.Pix); i += 4 {
			img.Pix[i] = 255
		}
	case *image.Paletted:
		for i, c := range img.Palette {
			n := color.NRGBAModel.Convert(c).(color.NRGBA)
			n.A = 255
			img.Palette[i] = n
		}
	}
	return ToRGB(img)
}

// apart is how far pixels are from Pillow's, in levels.
type apart struct {
	largest int
	mean    float64
}

func difference(t testing.TB, got, want *RGB) (d apart) {
	t.Helper()
	if got.W != want.W || got.H != want.H {
		t.Fatalf("size %dx%d, want %dx%d", got.W, got.H, want.W, want.H)
	}
	sum := 0
	for i := range got.Pix {
		v := int(got.Pix[i]) - int(want.Pix[i])
		sum += max(v, -v)
		d.largest = max(d.largest, v, -v)
	}
	d.mean = float64(sum) / float64(len(got.Pix))
	return d
}

// jpegApart is measured: the bounds of each JPEG when decoded, and when resized besides. The cause is the inverse cosine
// transform alone: TestFormats shows that the rest is exact.
var jpegApart = map[string]struct{ decoded, resized apart }{
	"camera_gray.jpg":            {apart{1, 0.018}, apart{2, 0.023}},
	"chelsea_444.jpg":            {apart{3, 0.038}, apart{3, 0.050}},
	"chelsea_exif_rot6.jpg":      {apart{3, 0.044}, apart{3, 0.056}},
	"coffee_420.jpg":             {apart{3, 0.041}, apart{4, 0.051}},
	"coffee_cmyk.jpg":            {apart{1, 0.024}, apart{2, 0.034}},
	"rocket_422_progressive.jpg": {apart{3, 0.019}, apart{3, 0.026}},
}

func TestPreprocessGoldens(t *testing.T) {
	var file struct{ Cases []goldenCase }
	if err := json.Unmarshal(read(t, filepath.Join(golden, "cases.json")), &file); err != nil {
		t.Fatal(err)
	}
	set, err := safetensors.Open(os.DirFS(golden), "pixel_values.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	for _, c := range file.Cases {
		t.Run(filepath.Base(c.ResizedPNG), func(t *testing.T) {
			bounds, lossy := jpegApart[c.Image]
			if lossy != strings.HasSuffix(c.Image, ".jpg") {
				t.Fatal("a JPEG without a measured difference")
			}
			check := func(what string, got, want *RGB, bound apart) {
				if is := difference(t, got, want); is.largest > bound.largest || is.mean > bound.mean {
					t.Errorf("%s: %+v, want at most %+v", what, is, bound)
				} else if lossy {
					t.Logf("%s: %+v", what, is)
				}
			}
			rgb := decoded(t, filepath.Join(golden, "images", c.Image))
			check("decoded", rgb, decoded(t, filepath.Join(golden, "expected", c.Image+".rgb.png")), bounds.decoded)
			p := Default()
			p.MinPixels, p.MaxPixels = c.MinPixels, c.MaxPixels
			h, w, err := SmartResize(rgb.H, rgb.W, 28, c.MinPixels, c.MaxPixels)
			if err != nil || h != c.Height || w != c.Width {
				t.Fatalf("smart resize to %dx%d, %v; want %dx%d", w, h, err, c.Width, c.Height)
			}
			check("resized", rgb.Resize(w, h), decoded(t, filepath.Join(golden, c.ResizedPNG)), bounds.resized)
			got, err := p.RGBPatches(rgb)
			if err != nil {
				t.Fatal(err)
			}
			if want := (Grid{c.Grid[0], c.Grid[1], c.Grid[2]}); got.Grid != want {
				t.Fatalf("grid %v, want %v", got.Grid, want)
			}
			if !lossy {
				// The hash is of every bit of every value, so nothing is left of the tolerance of 1e-6.
				if sum := fmt.Sprintf("%x", sha256.Sum256(littleEndian(got.Values))); sum != c.PixelsSHA {
					t.Errorf("pixel values hash to %s, want %s", sum, c.PixelsSHA)
				}
			}
			if c.PixelsTensor == "" {
				return // large ones carry only their hash
			}
			want := make([]float32, len(got.Values))
			if err := set.ReadFloat32(c.PixelsTensor, want); err != nil {
				t.Fatal(err)
			}
			tolerance := 1e-6 + float64(bounds.resized.largest)*p.Rescale/p.Std[1]
			for i, v := range got.Values {
				if math.Abs(float64(v-want[i])) > tolerance {
					t.Fatalf("pixel value %d is %v, want %v", i, v, want[i])
				}
			}
		})
	}
}

func littleEndian(values []float32) []byte {
	out := make([]byte, 0, 4*len(values))
	for _, v := range values {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v))
	}
	return out
}

func TestSmartResizeGoldens(t *testing.T) {
	var file struct {
		Factor int
		Rows   [][]json.RawMessage
	}
	if err := json.Unmarshal(read(t, filepath.Join(golden, "smart_resize.json")), &file); err != nil {
		t.Fatal(err)
	}
	number := func(raw json.RawMessage) (n int) {
		if err := json.Unmarshal(raw, &n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, row := range file.Rows {
		in := []int{number(row[0]), number(row[1]), number(row[2]), number(row[3])}
		var want []int
		if err := json.Unmarshal(row[4], &want); err != nil {
			t.Fatal(err)
		}
		h, w, err := SmartResize(in[0], in[1], file.Factor, in[2], in[3])
		var size *SizeError
		switch {
		case want == nil && !errors.As(err, &size):
			t.Errorf("%v: %d, %d, %v; want a *SizeError", in, h, w, err)
		case want != nil && (err != nil || h != want[0] || w != want[1]):
			t.Errorf("%v: %d, %d, %v; want %v", in, h, w, err, want)
		}
	}
	if len(file.Rows) < 1000 {
		t.Errorf("only %d cases", len(file.Rows))
	}
}

// TestGoldenCheckpointImages runs the whole line on the pictures that the model's goldens were made from.
func TestGoldenCheckpointImages(t *testing.T) {
	const dir = "../testdata/golden/a"
	set, err := safetensors.Open(os.DirFS(dir), "images.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	for _, form := range []string{"preprocessor_config_legacy.json", "checkpoint/preprocessor_config.json"} {
		p, err := parse(read(t, filepath.Join(dir, form)))
		if err != nil {
			t.Fatal(err)
		}
		// The last is a JPEG: two levels, measured.
		for i, levels := range []float64{0, 0, 0, 2} {
			file := []string{"0_astronaut.png", "1_coffee.png", "2_chelsea.png", "3_rocket.jpg"}[i]
			img, err := Decode(read(t, filepath.Join(dir, "images", file)))
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.Patches(img)
			if err != nil {
				t.Fatal(err)
			}
			want := make([]float32, len(got.Values))
			if err := set.ReadFloat32(fmt.Sprint(i, ".pixel_values"), want); err != nil {
				t.Fatal(err)
			}
			for k, v := range got.Values {
				if math.Abs(float64(v-want[k])) > 1e-6+levels*p.Rescale/p.Std[1] {
					t.Fatalf("%s: value %d is %v, want %v", file, k, v, want[k])
				}
			}
		}
	}
}
