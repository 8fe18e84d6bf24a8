package egotsr

import (
	"errors"
	"image"
	"testing"

	"github.com/egotsr/egotsr/decompose"
)

var _ decompose.Generator = (*Model)(nil)

// A model with random weights writes a list, which is no plan: that is an error and nothing else.
func TestDecompose(t *testing.T) {
	m := openTiny(t, Options{MaxPixels: 64 * 64})
	problem := &decompose.Problem{
		Objects: map[string]string{"lamp": "lamp", "here": "place"},
		Start:   []string{"hand-empty", "at(here)", "located(lamp,here)"}, Goal: []string{"running(lamp)"},
	}
	opts := &decompose.Options{Generator: m, Problem: problem, Frames: []image.Image{noise(1, 60, 60)}, Rounds: -1}
	p, err := Decompose(t.Context(), "Turn on the lamp", opts)
	if failed := (*decompose.GeneratorError)(nil); p != nil || !errors.As(err, &failed) || failed.Last == "" {
		t.Errorf("%v, %v", p, err)
	}
	m.Close()
	if _, err := Decompose(t.Context(), "Turn on the lamp", opts); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}
