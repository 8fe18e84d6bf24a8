package vision

import (
	"bytes"
	"encoding/json"
	"errors"
	"image"
	"image/png"
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

// decoded reads an image as the goldens do: alpha dropped, not laid over white.
func decoded(t testing.TB, path string) *RGB {
	t.Helper()
	img, err := Decode(read(t, path))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return toRGB(img, false)
}

// difference gives the largest and the mean difference in levels.
func difference(t testing.TB, got, want *RGB) (largest int, mean float64) {
	t.Helper()
	if got.W != want.W || got.H != want.H {
		t.Fatalf("size %dx%d, want %dx%d", got.W, got.H, want.W, want.H)
	}
	sum := 0
	for i := range got.Pix {
		d := int(got.Pix[i]) - int(want.Pix[i])
		d = max(d, -d)
		sum += d
		largest = max(largest, d)
	}
	return largest, float64(sum) / float64(len(got.Pix))
}

// Go's inverse DCT is not libjpeg's, so JPEG pixels may differ by a few levels; PNG may not.
const (
	jpegLargest = 4
	jpegMean    = 0.2
)

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
			rgb := decoded(t, filepath.Join(golden, "images", c.Image))
			largest, mean := difference(t, rgb, decoded(t, filepath.Join(golden, "expected", c.Image+".rgb.png")))
			lossy := strings.HasSuffix(c.Image, ".jpg")
			if lossy {
				t.Logf("decoded: at most %d levels off, %.3f on average", largest, mean)
			}
			if largest > 0 && !lossy || largest > jpegLargest || mean > jpegMean {
				t.Errorf("decoded: at most %d levels off, %.3f on average", largest, mean)
			}
			p := Default
			p.MinPixels, p.MaxPixels = c.MinPixels, c.MaxPixels
			h, w, err := SmartResize(rgb.H, rgb.W, 28, c.MinPixels, c.MaxPixels)
			if err != nil || h != c.Height || w != c.Width {
				t.Fatalf("smart resize to %dx%d, %v; want %dx%d", w, h, err, c.Width, c.Height)
			}
			largest, mean = difference(t, rgb.Resize(w, h), decoded(t, filepath.Join(golden, c.ResizedPNG)))
			if largest > 0 && !lossy || largest > jpegLargest || mean > jpegMean {
				t.Errorf("resized: at most %d levels off, %.3f on average", largest, mean)
			}
			got, err := p.RGBPatches(rgb)
			if err != nil {
				t.Fatal(err)
			}
			if want := (Grid{c.Grid[0], c.Grid[1], c.Grid[2]}); got.Grid != want {
				t.Fatalf("grid %v, want %v", got.Grid, want)
			}
			if _, ok := set.Info(c.PixelsTensor); !ok {
				return // large ones carry only a hash of the whole
			}
			want := make([]float32, len(got.Values))
			if err := set.ReadFloat32(c.PixelsTensor, want); err != nil {
				t.Fatal(err)
			}
			tolerance := 1e-6
			if lossy {
				tolerance = jpegLargest / 255.0 / 0.26
			}
			for i, v := range got.Values {
				if math.Abs(float64(v-want[i])) > tolerance {
					t.Fatalf("pixel value %d is %v, want %v", i, v, want[i])
				}
			}
		})
	}
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
		for i, file := range []string{"0_astronaut.png", "1_coffee.png", "2_chelsea.png"} {
			img, err := png.Decode(bytes.NewReader(read(t, filepath.Join(dir, "images", file))))
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.Patches(img)
			if err != nil {
				t.Fatal(err)
			}
			want := make([]float32, len(got.Values))
			if err := set.ReadFloat32(string(rune('0'+i))+".pixel_values", want); err != nil {
				t.Fatal(err)
			}
			for k, v := range got.Values {
				if math.Abs(float64(v-want[k])) > 1e-6 {
					t.Fatalf("%s: value %d is %v, want %v", file, k, v, want[k])
				}
			}
		}
	}
}

func TestPatchesRefuses(t *testing.T) {
	for _, size := range []image.Rectangle{image.Rect(0, 0, 27, 100), image.Rect(0, 0, 100, 27), image.Rect(0, 0, 28, 5700), {}} {
		var want *SizeError
		if _, err := Default.Patches(image.NewGray(size)); !errors.As(err, &want) {
			t.Errorf("%v: %v, want a *SizeError", size, err)
		}
	}
	if _, err := Default.Patches(nil); err == nil {
		t.Error("a nil image went through")
	}
}
