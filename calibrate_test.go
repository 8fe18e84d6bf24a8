package egotsr

import (
	"context"
	"errors"
	"image"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/egotsr/egotsr/dataset"
)

// TestFitTemperature: labels drawn at a known temperature give it back, and no other temperature makes them likelier.
func TestFitTemperature(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, want := range []float64{0.3, 1, 2.5, 8} {
		for _, single := range []bool{true, false} {
			var asked []scored
			for range 5000 {
				z := rng.NormFloat64() * 3
				s := scored{odds: [2]float64{z, -z + rng.NormFloat64()/2}, img1: true, single: single}
				s.img1 = rng.Float64() < math.Exp(-s.loss(want))
				asked = append(asked, s)
			}
			got := fitTemperature(asked)
			if math.Abs(math.Log(got/want)) > 0.25 {
				t.Errorf("drawn at %v, fitted %v (single %v)", want, got, single)
			}
			loss := func(t float64) (sum float64) {
				for _, s := range asked {
					sum += s.loss(t)
				}
				return sum
			}
			for _, other := range []float64{got / 1.01, got * 1.01} {
				if loss(other) < loss(got) {
					t.Errorf("%v is likelier than the fitted %v", other, got)
				}
			}
		}
	}
}

// grain is a source of pictures by number.
type grain struct{ *dataset.List }

func (grain) Image(path string) (image.Image, error) {
	n, err := strconv.ParseUint(path, 10, 64)
	return noise(n, 60, 60), err
}

// TestCalibrate: the odds of both orders are the caller's whatever order the frames are asked in, judgements use the
// result, and a saved copy keeps it.
func TestCalibrate(t *testing.T) {
	ctx := context.Background()
	m := openTiny(t, Options{})
	var samples []dataset.Sample
	for i := range 12 {
		s := dataset.Sample{Task: "task", Img1: strconv.Itoa(i), Img2: strconv.Itoa(i + 1), Closer: dataset.Img1}
		if i%3 == 0 {
			s.Closer = dataset.Img2
		}
		if i == 5 {
			s.Closer = ""
		}
		samples = append(samples, s, s.Swap())
	}
	p := Pair{"task", noise(3, 60, 60), noise(4, 60, 60)}
	before := judge(t, m, p, nil)
	temperature, err := m.Calibrate(ctx, grain{dataset.NewList(nil, samples)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	mirrored := samples[:0]
	for _, s := range samples {
		mirrored = append(mirrored, s.Swap())
	}
	if again, err := m.Calibrate(ctx, grain{dataset.NewList(nil, mirrored)}, nil); err != nil || math.Abs(again-temperature) > 1e-4*temperature {
		t.Errorf("%v, and %v on the mirror images: %v", temperature, again, err)
	}
	after := judge(t, m, p, nil)
	if after.Closer != before.Closer || after.PImg1 == before.PImg1 {
		t.Errorf("temperature %v: %+v, before it %+v", temperature, after, before)
	}
	dir := t.TempDir() + "/copy"
	if err := m.Save(ctx, dir); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(after, judge(t, openFS(t, os.DirFS(dir), Options{}), p, nil)); diff != "" {
		t.Errorf("saved and opened (-want +got):\n%s", diff)
	}
	_, err = m.Calibrate(ctx, grain{dataset.NewList(nil, make([]dataset.Sample, 1))}, nil)
	wantInput(t, err, "source")
	_, err = m.Calibrate(ctx, nil, &JudgeOptions{Generate: true})
	wantInput(t, err, "JudgeOptions.Generate")
}

// TestCalibrateNames: an error says which sample it is of.
func TestCalibrateNames(t *testing.T) {
	m := openTiny(t, Options{})
	src := dataset.NewList(fstest.MapFS{}, []dataset.Sample{{Task: "task"}, {Task: "task", Img1: "a.png", Img2: "b.png", Closer: dataset.Img1}})
	if _, err := m.Calibrate(t.Context(), src, nil); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "sample 1: ") {
		t.Error(err)
	}
	bad := single{dataset.Sample{Task: " ", Img1: "1", Img2: "2", Closer: dataset.Img1}}
	_, err := m.Calibrate(t.Context(), bad, nil)
	wantInput(t, err, "sample 0, task")
}

// single is a source of one sample.
type single struct{ sample dataset.Sample }

func (u single) Len() int                          { return 1 }
func (u single) At(int) (dataset.Sample, error)    { return u.sample, nil }
func (u single) Image(string) (image.Image, error) { return noise(1, 28, 28), nil }

// hostile is a source that panics where its name says.
type hostile struct {
	grain
	in string
}

func (h hostile) panics(in string) {
	if h.in == in {
		panic("hostile")
	}
}

func (h hostile) Len() int                         { h.panics("Len"); return h.grain.Len() }
func (h hostile) At(i int) (dataset.Sample, error) { h.panics("At"); return h.grain.At(i) }
func (h hostile) Image(path string) (image.Image, error) {
	h.panics("Image")
	if h.in == "pixels" {
		return &image.Gray{Pix: []byte{1}, Stride: 60, Rect: image.Rect(0, 0, 60, 60)}, nil
	}
	return h.grain.Image(path)
}

// TestCalibratePanics: what a source panics with is an error of the sample.
func TestCalibratePanics(t *testing.T) {
	m := openTiny(t, Options{})
	list := grain{dataset.NewList(nil, []dataset.Sample{{Task: "t", Img1: "1", Img2: "2", Closer: dataset.Img1}})}
	for in, want := range map[string]string{"Len": "egotsr: source: Source.Len panicked", "At": "egotsr: sample 0: Source.At panicked", "Image": "egotsr: sample 0: Source.Image panicked", "pixels": "egotsr: sample 0, img1: "} {
		if _, err := m.Calibrate(t.Context(), hostile{list, in}, nil); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", in, err)
		}
	}
	if _, err := m.Calibrate(t.Context(), nil, nil); !errors.As(err, new(*InputError)) {
		t.Error(err)
	}
}

// deaf is a Meter that cannot be told anything.
type deaf struct{}

func (deaf) Record(string, time.Duration) { panic("hostile") }

// TestMeterPanics: what a meter panics with is an error of the call, after which the model can be closed.
func TestMeterPanics(t *testing.T) {
	m := openTiny(t, Options{Meter: deaf{}})
	for range 2 {
		if _, err := m.Judge(t.Context(), Pair{Task: "t", Img1: noise(1, 60, 60), Img2: noise(2, 60, 60)}, nil); err == nil || !strings.Contains(err.Error(), "Meter.Record panicked") {
			t.Error(err)
		}
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
}
