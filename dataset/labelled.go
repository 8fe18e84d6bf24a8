package dataset

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"math"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/egotsr/egotsr/vision"
)

// whole is the cost of a task's beginning where time alone tells it: a hundredth of the recording is a step, so that [Episode.Margin] is
// a twentieth of it.
const whole = 100.0

// unsure is the part of that before the end of which nobody can say whether the task is done already: recordings go on for a while.
const unsure = 15.0

// Labelled gives recordings the labels that they lack, and keeps at most so many frames of each, evenly from the first to the last. What
// is known is left as it is: costs, and the actions of an annotated recording. Where neither is, time is what tells. In a success (which an
// unknown outcome is taken for) a later frame is closer to completion, unless nothing has moved between the two, and nothing remains at the
// end; of the frames shortly before that it is not said. What has recovered is done at its end, and a failure never, but before that time tells nothing of either.
//
// A recording without a plan has the task's name for one; one without subtasks gets them. Frames have to be of one size. Errors are
// *FileError for a frame, *EpisodeError for a recording that does not fit together, and the context's.
func Labelled(ctx context.Context, images fs.FS, recordings []Episode, most int) ([]Episode, error) {
	out := make([]Episode, len(recordings))
	var all []string
	for k := range recordings {
		e := thinned(recordings[k], max(most, 2))
		if err := e.complete(); err != nil {
			return nil, err
		}
		out[k] = e
		all = append(all, e.Frames...)
	}
	seen, err := glances(ctx, images, all)
	if err != nil {
		return nil, err
	}
	for k := range out {
		n := len(out[k].Frames)
		out[k].label(moves(seen[:n]))
		seen = seen[n:]
	}
	return out, nil
}

// complete fills in a plan and subtasks, all of them unknown where the plan is not the task itself.
func (e *Episode) complete() error {
	if e.Subtask == nil {
		e.Subtask = make([]int, len(e.Frames))
		for i := range e.Subtask {
			if i > 0 && len(e.Plan) > 0 {
				e.Subtask[i] = -1
			}
		}
	}
	return e.Validate()
}

// thinned keeps at most so many frames, evenly from the first to the last.
func thinned(e Episode, most int) Episode {
	n := len(e.Frames)
	if n <= most {
		return e
	}
	at := make([]int, most)
	for k := range at {
		at[k] = k * (n - 1) / (most - 1)
	}
	if e.Numbers == nil {
		e.Numbers = at
	} else {
		e.Numbers = some(e.Numbers, at)
	}
	e.Frames, e.Subtask, e.Cost = some(e.Frames, at), some(e.Subtask, at), some(e.Cost, at)
	e.Regress, e.BelowBest, e.Signals = some(e.Regress, at), some(e.BelowBest, at), nil
	return e
}

// some are the values at the places named; of a slice that is shorter than the recording, as it is.
func some[T any](values []T, at []int) []T {
	if len(values) <= at[len(at)-1] {
		return values
	}
	out := make([]T, len(at))
	for k, i := range at {
		out[k] = values[i]
	}
	return out
}

// label fills in costs and the end. moved counts, for every frame, how often something has moved until then.
func (e *Episode) label(moved []int) {
	n := len(e.Frames)
	last, least := moved[n-1], e.Margin()
	bare := len(e.Plan) == 0
	annotated := !bare && slices.ContainsFunc(e.Subtask[1:], func(k int) bool { return k >= 0 })
	if bare {
		e.Plan = []string{e.Task}
	}
	succeeds := e.Outcome != OutcomeFailed
	if e.Cost == nil && !annotated {
		e.Cost, least = make([]float64, n), unsure
		for i := range e.Cost {
			switch {
			case moved[i] == last && succeeds:
			case e.Outcome == "" || e.Outcome == OutcomeSuccess:
				e.Cost[i] = whole * float64(last-moved[i]) / float64(last)
			default:
				e.Cost[i] = whole
			}
		}
	}
	e.Subtask = slices.Clone(e.Subtask)
	for i := range e.Subtask {
		switch {
		case e.Cost == nil && succeeds && moved[i] == last:
			e.Subtask[i] = len(e.Plan)
		case bare && e.Cost != nil && e.Cost[i] > 0 && e.Cost[i] < least:
			e.Subtask[i] = -1
		}
	}
}

// A frame is seen as so many cells a side. Something has moved where one of them has changed by so many levels of 255, more than a
// camera's noise leaves in a cell's mean.
const (
	cells     = 16
	moveLevel = 1.5
)

// glance is the mean red, green and blue of every cell.
type glance [3 * cells * cells]float32

// moves counts, for every frame, how often something has moved until then.
func moves(seen []glance) []int {
	moved := make([]int, len(seen))
	for i, from := 1, 0; i < len(seen); i++ {
		moved[i] = moved[i-1]
		if seen[i].moved(&seen[from]) {
			moved[i]++
			from = i // so that what creeps is seen to move in the end
		}
	}
	return moved
}

func (g *glance) moved(from *glance) bool {
	for i := range g {
		if math.Abs(float64(g[i]-from[i])) > moveLevel {
			return true
		}
	}
	return false
}

// glances looks at every frame once. They have to be of one size.
func glances(ctx context.Context, images fs.FS, paths []string) ([]glance, error) {
	seen, sizes, errs := make([]glance, len(paths)), make([]image.Point, len(paths)), make([]error, len(paths))
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, path := range paths {
		g.Go(func() error {
			if errs[i] = ctx.Err(); errs[i] != nil {
				return errs[i]
			}
			var img image.Image
			if img, errs[i] = readImage(images, path); errs[i] != nil {
				return errs[i]
			}
			sizes[i] = img.Bounds().Size()
			seen[i] = glanceAt(vision.ToRGB(img))
			return nil
		})
	}
	g.Wait() // the first error in order is told, whichever came first
	for i, err := range errs {
		if err == nil && sizes[i] != sizes[0] {
			err = fileError(paths[i], fmt.Errorf("is %dx%d, and %s %dx%d: frames of all recordings have to be of one size",
				sizes[i].X, sizes[i].Y, paths[0], sizes[0].X, sizes[0].Y))
		}
		if err == nil && sizes[i].X*sizes[i].Y == 0 {
			err = fileError(paths[i], errors.New("is empty"))
		}
		if err != nil {
			return nil, err
		}
	}
	return seen, nil
}

func glanceAt(m *vision.RGB) (g glance) {
	var count [cells * cells]float32
	for y := range m.H {
		row := y * cells / m.H * cells
		for x := range m.W {
			cell := row + x*cells/m.W
			count[cell]++
			for c := range 3 {
				g[3*cell+c] += float32(m.Pix[3*(y*m.W+x)+c])
			}
		}
	}
	for i := range g {
		g[i] /= max(count[i/3], 1)
	}
	return g
}
