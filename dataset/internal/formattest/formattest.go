// Package formattest compares recordings with the episode that scripts/formats_fixture.py wrote in every format.
package formattest

import (
	"context"
	"fmt"
	"image"
	"os"
	"testing"

	"github.com/egotsr/egotsr/dataset/clips"
	"github.com/egotsr/egotsr/vision"
)

// Dir is where the episode lies, seen from a package two folders down.
const Dir = "../../testdata/formats"

// Golden are the episode's ten frames.
func Golden(t testing.TB) []image.Image {
	t.Helper()
	var frames []image.Image
	for i := range 10 {
		data, err := os.ReadFile(fmt.Sprintf("%s/frames/%06d.png", Dir, i))
		if err != nil {
			t.Fatal(err)
		}
		img, err := vision.Decode(data)
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, img)
	}
	return frames
}

// Frames are all frames of a recording.
func Frames(t testing.TB, r clips.Recording) (frames []image.Image) {
	t.Helper()
	err := r.Decode(context.Background(), 1, func(_ int, img image.Image) error {
		frames = append(frames, img)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return frames
}

// Same fails the test where frames differ by more than a mean of within levels.
func Same(t testing.TB, what string, got, want []image.Image, within float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d frames, not %d", what, len(got), len(want))
		return
	}
	for i := range want {
		a, b := vision.ToRGB(got[i]), vision.ToRGB(want[i])
		if a.W != b.W || a.H != b.H {
			t.Errorf("%s: frame %d is %dx%d, not %dx%d", what, i, a.W, a.H, b.W, b.H)
			return
		}
		sum := 0
		for k := range b.Pix {
			sum += max(int(a.Pix[k]), int(b.Pix[k])) - min(int(a.Pix[k]), int(b.Pix[k]))
		}
		if mean := float64(sum) / float64(len(b.Pix)); mean > within {
			t.Errorf("%s: frame %d differs by %.2f levels", what, i, mean)
			return
		}
	}
}
