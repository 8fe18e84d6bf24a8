package train

import (
	"errors"
	"fmt"
	"math"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/egotsr/egotsr/curriculum"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/foreign"
	"github.com/egotsr/egotsr/model"
	"github.com/egotsr/egotsr/tokenizer"
	"github.com/egotsr/egotsr/vision"
)

// Encoder turns samples into training sequences for one checkpoint. It is safe for concurrent use.
type Encoder struct {
	Tokenizer *tokenizer.Tokenizer
	Processor vision.Processor
	EOS       int32 // the end-of-turn token that closes every answer
	Limit     int   // of tokens in a sequence; 0 = none
}

// asked is a sample with the turn made of it.
type asked struct {
	index  int // in the source
	sample dataset.Sample
	turn   curriculum.Turn
}

// encode makes sequences of samples. A frame shown by several of them is decoded once, and shared, so that the model
// encodes it once too. errs has the reason for every sample that cannot be used; its example is then zero.
func (e *Encoder) encode(src dataset.Source, samples []asked) (out []model.Example, errs []error) {
	type decoded struct {
		patches *vision.Patches
		err     error
	}
	frames := map[string]*decoded{}
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, s := range samples {
		for _, path := range s.sample.Images() {
			if frames[path] != nil {
				continue
			}
			d := &decoded{}
			frames[path] = d
			g.Go(func() error {
				d.patches, d.err = e.frame(src, path)
				return nil
			})
		}
	}
	g.Wait()
	out, errs = make([]model.Example, len(samples)), make([]error, len(samples))
	for i, s := range samples {
		var seen []*vision.Patches
		for _, path := range s.sample.Images() {
			seen = append(seen, frames[path].patches)
			errs[i] = errors.Join(errs[i], frames[path].err)
		}
		if errs[i] == nil {
			out[i], errs[i] = e.example(s.turn, seen)
		}
	}
	return out, errs
}

func (e *Encoder) frame(src dataset.Source, path string) (*vision.Patches, error) {
	img, err := src.Image(path)
	if err != nil {
		return nil, err
	}
	p, err := foreign.Do("the image", func() (*vision.Patches, error) { return e.Processor.Patches(img) })
	if err != nil {
		return nil, &dataset.FileError{Path: path, Err: err}
	}
	return p, nil
}

// example is question and answer as one sequence. The loss begins at the answer's first token that is not given and ends
// with EOS, so that the model is taught to stop.
func (e *Encoder) example(t curriculum.Turn, frames []*vision.Patches) (model.Example, error) {
	if t.Given < 0 || t.Given >= len(t.Answer) {
		return model.Example{}, fmt.Errorf("%d of an answer's %d bytes are given", t.Given, len(t.Answer))
	}
	if !(t.Weight >= 0) || math.IsInf(t.Weight, 1) {
		return model.Example{}, fmt.Errorf("an answer's weight is %v", t.Weight)
	}
	var grids []vision.Grid
	for _, f := range frames {
		grids = append(grids, f.Grid)
	}
	ids, err := e.question(t.Question, grids...)
	if err != nil {
		return model.Example{}, err
	}
	ids = append(ids, e.Tokenizer.EncodeText(t.Answer[:t.Given])...)
	start := len(ids)
	ids = append(ids, e.Tokenizer.EncodeText(t.Answer[t.Given:])...)
	if !t.Open {
		ids = append(ids, e.EOS)
	}
	if e.Limit > 0 && len(ids) > e.Limit {
		return model.Example{}, fmt.Errorf("question and answer are %d tokens long with their frames, the model takes %d", len(ids), e.Limit)
	}
	if t.Early {
		// The reference counted the prompt's tokens with one placeholder an image.
		for _, g := range grids {
			start -= g.Tokens(e.Processor.MergeSize) - 1
		}
	}
	return model.Example{IDs: ids, Frames: frames, Target: max(1, start)}, nil
}

// question is the conversation up to the point where the model answers: frames and the text in the user's turn.
func (e *Encoder) question(text string, frames ...vision.Grid) ([]int32, error) {
	tokens := make([]int, len(frames))
	for i, f := range frames {
		tokens[i] = f.Tokens(e.Processor.MergeSize)
	}
	return e.Tokenizer.Question(text, tokens...)
}
