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
// there. Frames in a disturbance are left out, since the annotation does not say what has come undone. It is safe for
// concurrent use.
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
		for i, action := range e.Subtask {
			if action >= 0 && len(e.Plan) > 0 {
				p.frames = append(p.frames, [2]int32{int32(k), int32(i)})
			}
		}
	}
	if len(p.frames) == 0 {
		return nil, ErrNoPlans
	}
	return p, nil
}

// NewBoundaries is NewPlans with only those frames at which an action begins: where a planner has to get the first subtask
// right.
func NewBoundaries(images fs.FS, episodes []Episode) (*Plans, error) {
	p, err := NewPlans(images, episodes)
	if err != nil {
		return nil, err
	}
	p.frames = slices.DeleteFunc(p.frames, func(f [2]int32) bool {
		actions, i := p.episodes[f[0]].Subtask, f[1]
		return i > 0 && actions[i] == actions[i-1]
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
	done := e.Subtask[frame]
	return Sample{
		Task: e.Task, Img1: e.Frames[frame], Kind: KindPlan,
		Scene: e.Scene, Episode: e.ID, Camera: e.Camera, Frame1: e.number(frame), Frame2: e.number(frame),
		Plan: e.Plan, Done: [2]int{done, done},
	}, nil
}

// Image reads and decodes an image. Its errors are *FileError.
func (p *Plans) Image(path string) (image.Image, error) { return loadImage(p.images, path) }
