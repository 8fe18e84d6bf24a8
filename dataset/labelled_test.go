package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// frame is a scene in which a block stands at x, in some light.
func frame(t *testing.T, size, x int, light uint8) *fstest.MapFile {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, size, size))
	draw.Draw(m, m.Rect, image.NewUniform(color.Gray{Y: light}), image.Point{}, draw.Src)
	draw.Draw(m, image.Rect(x, 10, x+12, 22), image.NewUniform(color.Gray{Y: light + 100}), image.Point{}, draw.Src)
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return &fstest.MapFile{Data: b.Bytes()}
}

// pushed is a recording in which a block stands at each place in turn; the light changes from frame to frame.
func pushed(t *testing.T, fsys fstest.MapFS, id string, places ...int) Episode {
	e := Episode{Scene: "s", ID: id, Task: "Push a block"}
	for i, x := range places {
		name := fmt.Sprintf("%s/%d.png", id, i)
		fsys[name] = frame(t, 64, x, uint8(50+i%2))
		e.Frames = append(e.Frames, name)
	}
	return e
}

func TestLabelled(t *testing.T) {
	fsys := fstest.MapFS{}
	places := []int{0, 0, 10, 20, 20, 30, 40, 40}
	bare := pushed(t, fsys, "bare", places...)
	with := func(change func(*Episode)) Episode { e := bare; change(&e); return e }
	for name, c := range map[string]struct {
		in      Episode
		cost    []float64
		subtask []int
		plan    []string
	}{
		"bare": {bare, []float64{100, 100, 75, 50, 50, 25, 0, 0}, []int{0, 0, 0, 0, 0, 0, 0, 0}, []string{bare.Task}},
		"recovered": {with(func(e *Episode) { e.Outcome = OutcomeRecovered }), []float64{100, 100, 100, 100, 100, 100, 0, 0},
			[]int{0, 0, 0, 0, 0, 0, 0, 0}, []string{bare.Task}},
		"failed": {with(func(e *Episode) { e.Outcome = OutcomeFailed }), []float64{100, 100, 100, 100, 100, 100, 100, 100},
			[]int{0, 0, 0, 0, 0, 0, 0, 0}, []string{bare.Task}},
		"costs": {with(func(e *Episode) { e.Cost = []float64{9, 9, 9, 9, 9, 6, 4, 0} }), []float64{9, 9, 9, 9, 9, 6, 4, 0},
			[]int{0, 0, 0, 0, 0, 0, -1, 0}, []string{bare.Task}},
		"annotated": {with(func(e *Episode) { e.Plan, e.Subtask = []string{"a", "b"}, []int{0, 0, 0, -1, 1, 1, 1, 1} }), nil,
			[]int{0, 0, 0, -1, 1, 1, 2, 2}, []string{"a", "b"}},
		"planned": {with(func(e *Episode) { e.Plan = []string{"a", "b"} }), []float64{100, 100, 75, 50, 50, 25, 0, 0},
			[]int{0, -1, -1, -1, -1, -1, -1, -1}, []string{"a", "b"}},
	} {
		got, err := Labelled(t.Context(), fsys, []Episode{c.in}, 64)
		if err != nil {
			t.Fatal(name, err)
		}
		if diff := cmp.Diff(c.cost, got[0].Cost) + cmp.Diff(c.subtask, got[0].Subtask) + cmp.Diff(c.plan, got[0].Plan); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if err := got[0].Validate(); err != nil {
			t.Error(name, err)
		}
	}
	if bare.Subtask != nil || bare.Cost != nil {
		t.Error("what was handed over has changed")
	}
	thin, err := Labelled(t.Context(), fsys, []Episode{bare}, 3)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{0, 3, 7}, thin[0].Numbers) + cmp.Diff([]float64{100, 50, 0}, thin[0].Cost); diff != "" {
		t.Errorf("of three frames (-want +got):\n%s", diff)
	}
}

// hostile is a file system that panics.
type hostile struct{}

func (hostile) Open(string) (fs.File, error) { panic("hostile") }

// What is wrong is told of the file or of the recording.
func TestLabelledErrors(t *testing.T) {
	fsys := fstest.MapFS{}
	good := pushed(t, fsys, "good", 0, 10, 20)
	fsys["good/large.png"], fsys["good/broken.png"] = frame(t, 72, 0, 9), &fstest.MapFile{Data: []byte("no picture")}
	for _, name := range []string{"good/large.png", "good/broken.png", "good/missing.png"} {
		bad := good
		bad.Frames = append([]string{}, "good/0.png", name)
		_, err := Labelled(t.Context(), fsys, []Episode{good, bad}, 64)
		if file := (*FileError)(nil); !errors.As(err, &file) || file.Path != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	bad := good
	bad.Subtask = []int{0}
	if _, err := Labelled(t.Context(), fsys, []Episode{bad}, 64); !errors.As(err, new(*EpisodeError)) {
		t.Error(err)
	}
	if _, err := Labelled(t.Context(), hostile{}, []Episode{good}, 64); !errors.As(err, new(*FileError)) {
		t.Error("a file system that panics:", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Labelled(ctx, fsys, []Episode{good}, 64); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// Two successes are compared a sixth of the task apart or more, and every frame of a failure with all ends.
func TestAcross(t *testing.T) {
	fsys := fstest.MapFS{}
	var all []Episode
	for _, id := range []string{"a", "b", "lost"} {
		e := pushed(t, fsys, id, 0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40)
		if id == "lost" {
			e.Outcome = OutcomeFailed
		}
		all = append(all, e)
	}
	all, err := Labelled(t.Context(), fsys, all, 64)
	if err != nil {
		t.Fatal(err)
	}
	made := Across(all)
	if len(made) != 3 {
		t.Fatalf("%d episodes", len(made))
	}
	for _, e := range made {
		if err := e.Validate(); err != nil {
			t.Fatal(err)
		}
		for _, p := range labelable(&e, allFrames(len(e.Frames))) {
			if p.closer != 1 {
				t.Errorf("%s: %s is closer than %s", e.ID, e.Frames[p.i], e.Frames[p.j])
			}
		}
	}
	if diff := cmp.Diff([]string{"a/0.png", "a/1.png", "b/3.png", "b/4.png", "a/6.png", "a/7.png", "b/10.png"}, made[0].Frames); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	last := made[2].Frames
	if diff := cmp.Diff([]string{"a/10.png", "b/10.png"}, last[len(last)-2:]); diff != "" || len(last) != 13 {
		t.Errorf("%d frames, -want +got:\n%s", len(last), diff)
	}
}
