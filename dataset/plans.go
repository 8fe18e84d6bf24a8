package dataset

import (
	"errors"
	"image"
	"io/fs"
	"slices"
)

// ErrNoPlans means that no frame of any episode lies in an annotated action.
var ErrNoPlans = errors.New("dataset: no frame has an annotated action")

// Plans is a [Source] of questions of [KindPlan]: every annotated frame of every episode, with what is left to do from
// there. That is nothing once the cost is 0, although the last action's annotation may go on. Frames in a disturbance are left
// out, since the annotation does not say what has come undone. It is safe for concurrent use.
type Plans struct {
	images   fs.FS
	episodes []Episode
	frames   [][2]int32 // episode and frame
}

// NewPlans makes a source of all annotated frames; image paths of the episodes lie in images. Its errors are an
// *EpisodeError for an invalid episode, and [ErrNoPlans].
func NewPlans(images fs.FS, episodes []Episode) (*Plans, error) {
	p := &Plans{images: images, episodes: slices.Clone(episodes)}
	for k := range p.episodes {
		e := &p.episodes[k]
		if err := e.Validate(); err != nil {
			return nil, err
		}
		for i := range e.Subtask {
			if done(e, i) >= 0 && len(e.Plan) > 0 {
				p.frames = append(p.frames, [2]int32{int32(k), int32(i)})
			}
		}
	}
	if len(p.frames) == 0 {
		return nil, ErrNoPlans
	}
	return p, nil
}

// done is how many actions are done at frame i, -1 where nobody can say.
func done(e *Episode, i int) int {
	if len(e.Cost) > 0 && e.Cost[i] == 0 {
		return len(e.Plan)
	}
	return e.Subtask[i]
}

// NewBoundaries is NewPlans with only those frames at which an action begins, or nothing is left: where a planner has to get the
// first subtask right.
func NewBoundaries(images fs.FS, episodes []Episode) (*Plans, error) {
	p, err := NewPlans(images, episodes)
	if err != nil {
		return nil, err
	}
	p.frames = slices.DeleteFunc(p.frames, func(f [2]int32) bool {
		e, i := &p.episodes[f[0]], int(f[1])
		return i > 0 && done(e, i) == done(e, i-1)
	})
	return p, nil
}

// Len is the number of frames.
func (p *Plans) Len() int { return len(p.frames) }

// At is sample i, or an *IndexError.
func (p *Plans) At(i int) (Sample, error) {
	if i < 0 || i >= p.Len() {
		return Sample{}, &IndexError{Index: i, Len: p.Len()}
	}
	e, frame := &p.episodes[p.frames[i][0]], int(p.frames[i][1])
	n := done(e, frame)
	return Sample{
		Task: e.Task, Img1: e.Frames[frame], Kind: KindPlan,
		Scene: e.Scene, Episode: e.ID, Camera: e.Camera, Frame1: e.number(frame), Frame2: e.number(frame),
		Plan: e.Plan, Done: [2]int{n, n},
	}, nil
}

// Image reads and decodes an image. Its errors are *FileError.
func (p *Plans) Image(path string) (image.Image, error) { return readImage(p.images, path) }
