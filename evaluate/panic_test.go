package evaluate

import (
	"context"
	"image"
	"path/filepath"
	"strings"
	"testing"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/decompose"
)

// hostile is a source that panics where its name says, for one sample of four or for the images of one path.
type hostile struct {
	noisy
	in string
}

func (h hostile) Len() int {
	if h.in == "Len" {
		panic("hostile")
	}
	return h.noisy.Len()
}

func (h hostile) At(i int) (dataset.Sample, error) {
	if h.in == "At" && i == 2 {
		panic("hostile")
	}
	return h.noisy.At(i)
}

func (h hostile) Image(path string) (image.Image, error) {
	if path != "2" {
		return h.noisy.Image(path)
	}
	switch h.in {
	case "Image":
		panic("hostile")
	case "nil":
		return nil, nil
	case "nil image":
		return (*image.Gray)(nil), nil
	case "short":
		return &image.Gray{Pix: []byte{1}, Stride: 60, Rect: image.Rect(0, 0, 60, 60)}, nil
	}
	return h.noisy.Image(path)
}

// TestPanics: a panic in what is measured on is an error of that sample, or of the call where it is no sample's.
func TestPanics(t *testing.T) {
	var pairs, plans []dataset.Sample
	for _, n := range []string{"0", "1", "2", "3"} {
		pairs = append(pairs, dataset.Sample{Task: "t", Img1: n, Img2: "9", Closer: dataset.Img1})
		plans = append(plans, dataset.Sample{Task: "t", Img1: n, Kind: dataset.KindPlan, Plan: []string{"a"}})
	}
	for _, in := range []string{"Len", "At", "Image", "nil", "nil image", "short"} {
		src := func(samples []dataset.Sample) dataset.Source {
			return hostile{noisy{dataset.NewList(nil, samples)}, in}
		}
		r, err := Pairs(t.Context(), brighter{}, src(pairs), nil)
		p, planErr := Plans(t.Context(), planless{}, src(plans), nil)
		if in == "Len" {
			wantInput(t, err, "source")
			wantInput(t, planErr, "source")
			continue
		}
		if err != nil || len(r.Bad) != 1 || r.Bad[0].Index != 2 || planErr != nil || len(p.Bad) != 1 || p.Bad[0].Index != 2 {
			t.Errorf("%s: %v, %v", in, err, planErr)
		}
		if in == "At" {
			continue
		}
		list := []dataset.Episode{lampEpisode("0", 3, 2, 0), lampEpisode("1", 3, 2, 0)}
		list[0].Frames, list[1].Frames = []string{"0", "1", "2"}, []string{"3", "4", "5"}
		d, err := Done(t.Context(), finisher(func(image.Image) float64 { return 0.3 }), Episodes{List: list, Image: src(nil).Image}, nil)
		if err != nil || len(d.Bad) != 1 || d.Bad[0].Index != 0 {
			t.Errorf("%s: %+v, %v", in, d, err)
		}
	}
	last := &Options{Last: func(s *dataset.Sample) string {
		if s.Img1 == "2" {
			panic("hostile")
		}
		return ""
	}}
	if r, err := Pairs(t.Context(), brighter{}, noisy{dataset.NewList(nil, pairs)}, last); err != nil || len(r.Bad) != 1 || !strings.Contains(r.Bad[0].Reason, "Options.Last panicked") {
		t.Errorf("Last: %v, %v", r, err)
	}
	dir := t.TempDir()
	sheet(t, dir, 10)
	on := Sheet{In: filepath.Join(dir, "in.csv"), Images: dir, Out: filepath.Join(dir, "out.csv")}
	if _, err := Table(t.Context(), brighter{}, on, &Options{Row: func(int, int, string) { panic("hostile") }}); err == nil || !strings.Contains(err.Error(), "Options.Row panicked") {
		t.Error(err)
	}
	if _, err := Table(t.Context(), brighter{}, on, nil); err != nil {
		t.Errorf("the run after it: %v", err)
	}
	_, err := Pairs(t.Context(), brighter{}, nil, nil)
	wantInput(t, err, "source")
	_, err = Plans(t.Context(), planless{}, nil, nil)
	wantInput(t, err, "source")
	_, err = HashCheckpoint(nil)
	wantInput(t, err, "file system")
}

// planless knows no order that is possible.
type planless struct{}

func (planless) Plan(context.Context, string, ...image.Image) (*decompose.Plan, error) {
	return &decompose.Plan{}, nil
}
