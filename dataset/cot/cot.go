// Package cot fills in the spatial details of samples: a sentence about each frame, from which a model can learn to look
// before it judges.
//
// A [Maker] describes two frames and concludes which is closer to completion. [Annotations] writes what recordings say of
// themselves, a client of package endpoint asks a vision model over HTTP, and examples/prepare makes a Maker of a loaded
// checkpoint in ten lines. [Fill] asks a Maker about every sample of a source. It keeps the answers whose conclusion is
// the known label, and writes down all of them, so that after a crash no answer is paid for twice.
package cot

import (
	"context"
	"fmt"
	"image"

	"github.com/egotsr/egotsr/dataset"
)

// Answer is what a Maker says about two frames.
type Answer struct {
	Detail [2]string // spatial details of the frames, in the order they were given
	Closer string    // dataset.Img1, dataset.Img2, or "" where the maker cannot tell
	Usage  Usage     // what the answer took; it counts even beside an error
}

// swap is the answer to the same question with the frames exchanged.
func (a Answer) swap() Answer {
	a.Detail[0], a.Detail[1] = a.Detail[1], a.Detail[0]
	switch a.Closer {
	case dataset.Img1:
		a.Closer = dataset.Img2
	case dataset.Img2:
		a.Closer = dataset.Img1
	}
	return a
}

// Usage is what answers cost.
type Usage struct {
	In, Out int     // tokens
	Cost    float64 // in the currency of the prices that the maker was given
}

func (u *Usage) add(v Usage) {
	u.In += v.In
	u.Out += v.Out
	u.Cost += v.Cost
}

// Maker describes frames. Implementations are safe for concurrent use and give up promptly when ctx ends. What is said
// of a frame must be true of that frame whichever place it has.
//
// An *AnswerError says that there is an answer and nothing can be done with it. Any other error says that there is none.
// It may have two methods: Reason() string, by which Stats.Failed counts it, the same for all failures of a kind; and
// Final() bool, which says that the next question will fare no better and ends the run. Makers whose answers may be
// confused with those of others in one spool also have a method Identity() string.
type Maker interface {
	Describe(ctx context.Context, s dataset.Sample, img1, img2 image.Image) (Answer, error)
}

// AnswerError reports an answer that cannot be used. Asking again would cost the same and most likely say the same.
type AnswerError struct {
	Reason string // one or two words, the same for all answers that fail in this way
	Err    error  // or nil
}

func (e *AnswerError) Error() string {
	if e.Err == nil {
		return "cot: unusable answer: " + e.Reason
	}
	return fmt.Sprintf("cot: unusable answer: %s: %v", e.Reason, e.Err)
}

func (e *AnswerError) Unwrap() error { return e.Err }

// PairError reports a sample that could not be described. Unwrap gives the cause.
type PairError struct {
	Index int // of the sample in its source
	Err   error
}

func (e *PairError) Error() string { return fmt.Sprintf("cot: sample %d: %v", e.Index, e.Err) }

func (e *PairError) Unwrap() error { return e.Err }
