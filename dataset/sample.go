package dataset

import (
	"encoding/json"
	"fmt"
)

// The two answers, as they stand in Sample.Closer and in a target text.
const (
	Img1 = "img1"
	Img2 = "img2"
)

// Level tells how far apart the frames of a sample are in the task. "" is unknown, and a file may hold any other text.
type Level string

// The levels.
const (
	LevelShort Level = "short" // both frames lie in one atomic action, with nothing between them
	LevelLong  Level = "long"  // the frames are separated by at least one change of action
)

// Kind tells what a sample asks, and what makes it hard. "" is unknown, and a file may hold any other text.
type Kind string

// The kinds. The first two tell the order of presentation, the next two that the clock would mislead, the two after that
// there is no answer: neither frame is closer, and a judge should say so by a probability near one half.
const (
	KindForward    Kind = "forward"    // the later frame is closer to completion and is Img2
	KindInverse    Kind = "inverse"    // the later frame is closer to completion and is Img1
	KindRegression Kind = "regression" // the later frame is farther from completion; in either order
	KindRecovery   Kind = "recovery"   // the later frame is closer, and the earlier one lies in a setback; in either order
	KindNoChange   Kind = "nochange"   // both frames show the same state
	KindWrongTask  Kind = "wrongtask"  // the task's name is another task's
	KindPlan       Kind = "plan"       // another question: what remains to be done at Img1; there is no Img2 and no Closer
)

// Sample is one question to a judge, with its answer where that is known.
type Sample struct {
	Task       string    // the task's name as the prompt shows it
	Img1, Img2 string    // paths within the source's image file system
	Closer     string    // the answer: the constant Img1 ("img1"), Img2 ("img2"), or "" where unknown
	Detail     [2]string // spatial details of Img1 and Img2, or empty

	Prompt Prompt // the wording a file asks with; empty leaves it to the reader

	Scene, Episode string // where the frames come from; with Camera they identify the recording
	Camera         string // "" where there is only one
	Frame1, Frame2 int    // frame numbers of Img1 and Img2, from 0
	Window         int    // frames between the two: the absolute difference of their numbers
	Level          Level
	Kind           Kind

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

// CheckCloser finds an answer that is none: anything but [Img1], [Img2] and nothing.
func (s Sample) CheckCloser() error {
	if label, err := answer(s.Closer); err != nil || label != s.Closer {
		return fmt.Errorf("the answer is %.40q, not %s, %s or nothing", s.Closer, Img1, Img2)
	}
	return nil
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
