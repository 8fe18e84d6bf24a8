package dataset

import (
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io/fs"

	"github.com/egotsr/egotsr/vision"
)

// The two answers, as they stand in Sample.Closer and in a target text.
const (
	Img1 = "img1"
	Img2 = "img2"
)

// Values of Sample.Level.
const (
	LevelShort = "short" // both frames lie in one atomic action, with nothing between them
	LevelLong  = "long"  // the frames are separated by at least one change of action
)

// Values of Sample.Kind. The first two tell the order of presentation, the next two that the clock would mislead, the
// last two that there is no answer: neither frame is closer, and a judge should say so by a probability near one half.
const (
	KindForward    = "forward"    // the later frame is closer to completion and is Img2
	KindInverse    = "inverse"    // the later frame is closer to completion and is Img1
	KindRegression = "regression" // the later frame is farther from completion; in either order
	KindRecovery   = "recovery"   // the later frame is closer, and the earlier one lies in a setback; in either order
	KindNoChange   = "nochange"   // both frames show the same state
	KindWrongTask  = "wrongtask"  // the task's name is another task's
)

// KindPlan is another question: what remains to be done at Img1. There is no Img2 and no Closer.
const KindPlan = "plan"

// Sample is one question to a judge, with its answer where that is known.
type Sample struct {
	Task       string    // the task's name as the prompt shows it
	Img1, Img2 string    // paths within the source's image file system
	Closer     string    // Img1, Img2 or "" where unknown
	Detail     [2]string // spatial details of Img1 and Img2, or empty

	Prompt Prompt // the wording a file asks with; empty leaves it to the reader

	Scene, Episode string // where the frames come from; with Camera they identify the recording
	Camera         string // "" where there is only one
	Frame1, Frame2 int    // frame numbers of Img1 and Img2, from 0
	Window         int    // frames between the two: the absolute difference of their numbers
	Level          string // LevelShort or LevelLong
	Kind           string // one of the constants whose names begin with Kind

	Plan []string // texts of the episode's atomic actions in order, or nil; shared between samples, not to be changed
	Done [2]int   // how many actions of Plan are done at Img1 and at Img2

	Extra map[string]json.RawMessage // fields of a file that mean nothing here, kept so that writing gives them back
}

// Swap is the same question with the frames exchanged: images, details, frame numbers, progress and answer change sides, and
// forward becomes inverse. Swapping twice gives the sample back. Asking both ways is what separates a judge that
// looks from one that prefers a position.
func (s Sample) Swap() Sample {
	s.Img1, s.Img2 = s.Img2, s.Img1
	s.Detail[0], s.Detail[1] = s.Detail[1], s.Detail[0]
	s.Frame1, s.Frame2 = s.Frame2, s.Frame1
	s.Done[0], s.Done[1] = s.Done[1], s.Done[0]
	switch s.Closer {
	case Img1:
		s.Closer = Img2
	case Img2:
		s.Closer = Img1
	}
	switch s.Kind {
	case KindForward:
		s.Kind = KindInverse
	case KindInverse:
		s.Kind = KindForward
	}
	return s
}

// Images are the paths of the images that the question shows: one for [KindPlan], else two.
func (s Sample) Images() []string {
	if s.Kind == KindPlan {
		return []string{s.Img1}
	}
	return []string{s.Img1, s.Img2}
}

// Remaining is what Plan has left at Img1. Done is kept within Plan: a file may say anything.
func (s Sample) Remaining() []string { return s.Plan[min(max(0, s.Done[0]), len(s.Plan)):] }

// Source is random access to samples and their images. Implementations are safe for concurrent use, give the same
// sample for the same index every time, and hold bounded memory whatever Len is.
type Source interface {
	Len() int                               // number of samples
	At(i int) (Sample, error)               // sample i; *IndexError unless 0 <= i < Len()
	Image(path string) (image.Image, error) // the decoded image of Sample.Img1 or Img2
}

// IndexError reports a sample index outside a source.
type IndexError struct {
	Index, Len int
}

func (e *IndexError) Error() string {
	return fmt.Sprintf("dataset: sample %d of a source with %d", e.Index, e.Len)
}

// FileError names the file that could not be used. Unwrap gives the cause, such as fs.ErrNotExist.
type FileError struct {
	Path string // within the file system it was read from
	Err  error
}

func (e *FileError) Error() string { return fmt.Sprintf("dataset: %s: %v", e.Path, e.Err) }

func (e *FileError) Unwrap() error { return e.Err }

// fileError wraps err with the file's path once: errors of package fs carry it already, and would name it twice.
func fileError(path string, err error) error {
	if pe, ok := err.(*fs.PathError); ok {
		err = pe.Err
	}
	return &FileError{Path: path, Err: err}
}

// loadImage reads and decodes one image file. Its errors are *FileError. What is no file is not opened: a pipe would be waited
// for, and a device may never end.
func loadImage(fsys fs.FS, path string) (image.Image, error) {
	info, err := fs.Stat(fsys, path)
	switch {
	case err != nil:
		return nil, fileError(path, err)
	case !info.Mode().IsRegular():
		return nil, fileError(path, errors.New("is no regular file"))
	case info.Size() > maxImage:
		return nil, fileError(path, fmt.Errorf("is %d bytes long, at most %d are read", info.Size(), maxImage))
	}
	data, err := fs.ReadFile(fsys, path)
	if err != nil {
		return nil, fileError(path, err)
	}
	img, err := vision.Decode(data)
	if err != nil {
		return nil, fileError(path, err)
	}
	return img, nil
}
