package train

import (
	"context"
	"errors"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/egotsr/egotsr/curriculum"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/foreign"
)

// hostile is a stage and its source, which panic in one of their methods: a source's for a single sample or image.
type hostile struct {
	*asking
	in string
}

func (h hostile) panics(in string) {
	if h.in == in {
		panic("hostile")
	}
}

func (h hostile) Name() string              { h.panics("Name"); return h.asking.Name() }
func (h hostile) Recipe() curriculum.Recipe { h.panics("Recipe"); return h.asking.Recipe() }
func (h hostile) Source() dataset.Source    { h.panics("Source"); return hostileSource{h} }
func (h hostile) Turn(x dataset.Sample) curriculum.Turn {
	if x.Img1 == "0" {
		h.panics("Turn")
	}
	return h.asking.Turn(x)
}
func (h hostile) Done(history []curriculum.Validation) bool {
	h.panics("Done")
	return h.asking.Done(history)
}

type hostileSource struct{ hostile }

func (h hostileSource) Len() int   { h.panics("Len"); return h.src.Len() }
func (h hostileSource) Block() int { h.panics("Block"); return 1 }
func (h hostileSource) At(i int) (dataset.Sample, error) {
	if i == 3 {
		h.panics("At")
	}
	return h.src.At(i)
}
func (h hostileSource) Image(path string) (image.Image, error) {
	img, err := h.src.Image(path)
	if path != "0" {
		return img, err
	}
	h.panics("Image")
	switch h.in {
	case "no image":
		return nil, nil
	case "nil image":
		return (*image.RGBA)(nil), nil
	case "Bounds", "ColorModel", "pixel":
		return hostileImage{img, h.hostile}, nil
	case "short pixels":
		return &image.RGBA{Pix: make([]byte, 8), Stride: 4 * 56, Rect: image.Rect(0, 0, 56, 56)}, nil
	}
	return img, err
}

type hostileImage struct {
	image.Image
	hostile
}

func (h hostileImage) Bounds() image.Rectangle { h.panics("Bounds"); return h.Image.Bounds() }
func (h hostileImage) ColorModel() color.Model { h.panics("ColorModel"); return h.Image.ColorModel() }
func (h hostileImage) At(x, y int) color.Color { h.panics("pixel"); return h.Image.At(x, y) }

// TestPanics: a panic in what is a user's never gets further than the sample, the stage or the call it comes from.
func TestPanics(t *testing.T) {
	t.Parallel()
	m, e := tiny(t)
	held := pairs([2]int{10, 245})
	for _, in := range []string{"Name", "Source", "Recipe", "Len", "Block", "Done", "At", "Turn", "Image", "no image", "nil image", "Bounds", "pixel", "short pixels"} {
		r := curriculum.Recipe{LR: 1e-3, MaxSteps: 4, Batch: 2, Warmup: -1, Validation: held}
		stage := hostile{asks("hostile", white, "{task_name}", r), in}
		dir := t.TempDir()
		skipped := 0
		tr, err := New(context.Background(), m, e, os.DirFS(checkpoint), []curriculum.Stage{stage}, curriculum.Options{Dir: dir, MaxBad: 0.9})
		if err == nil {
			for s, failed := range tr.Steps(t.Context()) {
				skipped, err = max(skipped, s.Skipped), errors.Join(err, failed)
			}
			err = errors.Join(err, tr.Close())
		}
		switch in {
		case "Name", "Source", "Recipe", "Len", "Block":
			if bad := (*curriculum.InputError)(nil); !errors.As(err, &bad) || !strings.Contains(err.Error(), in+" panicked at panic_test.go:") {
				t.Errorf("%s: %v", in, err)
			}
		case "Done":
			if p := (*foreign.PanicError)(nil); !errors.As(err, &p) || !strings.Contains(err.Error(), "stage hostile: Done panicked") {
				t.Errorf("%s: %v", in, err)
			}
		default:
			list, _ := os.ReadFile(filepath.Join(dir, "quarantine.jsonl"))
			if err != nil || skipped == 0 || !strings.Contains(string(list), "panicked") && in != "no image" {
				t.Errorf("%s: %d skipped, listed %q, %v", in, skipped, list, err)
			}
		}
	}
}

// TestPanicsWhileValidating: a sample that cannot be had is not asked about, and the run goes on; a source without a length is refused.
func TestPanicsWhileValidating(t *testing.T) {
	t.Parallel()
	m, e := tiny(t)
	for _, in := range []string{"Len", "At", "Image", "pixel"} {
		held := hostileSource{hostile{asks("held", white, "", curriculum.Recipe{}), in}}
		asked := 0
		tr, err := New(context.Background(), m, e, os.DirFS(checkpoint), []curriculum.Stage{
			asks("tag", white, "{task_name}", curriculum.Recipe{LR: 1e-3, MaxSteps: 1, Batch: 2, Warmup: -1, Validation: held})}, curriculum.Options{Dir: t.TempDir()})
		if err == nil {
			for step, failed := range tr.Steps(t.Context()) {
				err = errors.Join(err, failed)
				if step.Validation != nil {
					asked = step.Validation.Answers.All.Of
				}
			}
			err = errors.Join(err, tr.Close())
		}
		if in == "Len" {
			if err == nil || !strings.Contains(err.Error(), "panicked") || !strings.Contains(err.Error(), "Validation") {
				t.Errorf("%s: %v", in, err)
			}
			continue
		}
		if all := 2 * len(white.samples); err != nil || asked == 0 || asked >= all {
			t.Errorf("%s: %d of %d asked about, %v", in, asked, all, err)
		}
	}
}
