package train

import (
	"errors"
	"fmt"
	"image"

	"github.com/egotsr/egotsr/curriculum"
	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/foreign"
)

// stage is a user's stage as a run knows it: what it said when the run was planned, and what it is asked meanwhile. A panic in it is an
// error, whichever goroutine it is asked on.
type stage struct {
	user   curriculum.Stage
	name   string
	src    *source
	held   *source           // that it is validated on, or nil
	recipe curriculum.Recipe // completed

	derived bool // its Warmup follows from MaxSteps
}

// newStage asks a stage what it is. what names it as long as it has not said its name.
func newStage(what string, user curriculum.Stage) (*stage, error) {
	if user == nil {
		return nil, &curriculum.InputError{What: what, Reason: "is nil"}
	}
	s := &stage{user: user}
	var err error
	if s.name, err = foreign.Get("Name", user.Name); err != nil {
		return nil, &curriculum.InputError{What: what, Reason: err.Error()}
	}
	if s.name == "" {
		return nil, &curriculum.InputError{What: what, Reason: "has no name"}
	}
	what = "stage " + s.name
	bad := func(err error) error { return &curriculum.InputError{What: what, Reason: err.Error()} }
	src, err := foreign.Get("Source", user.Source)
	if err == nil && src == nil {
		err = errors.New("has no source")
	}
	if err != nil {
		return nil, bad(err)
	}
	if s.src, err = newSource(src); err != nil {
		return nil, bad(err)
	}
	recipe, err := foreign.Get("Recipe", user.Recipe)
	if err != nil {
		return nil, bad(err)
	}
	s.derived = recipe.Warmup == 0
	if s.recipe, err = complete(recipe, s.src.n); err != nil {
		if field := (*curriculum.InputError)(nil); errors.As(err, &field) {
			return nil, &curriculum.InputError{What: what + ": " + field.What, Reason: field.Reason}
		}
		return nil, bad(err)
	}
	if recipe.Validation != nil {
		if s.held, err = newSource(recipe.Validation); err != nil {
			return nil, &curriculum.InputError{What: what + ": Recipe.Validation", Reason: err.Error()}
		}
	}
	return s, nil
}

// turn is what the stage makes of sample i.
func (s *stage) turn(i int, x dataset.Sample) (curriculum.Turn, error) {
	t, err := foreign.Get("Turn", func() curriculum.Turn { return s.user.Turn(x) })
	if err != nil {
		err = &dataset.SampleError{Index: i, Err: err}
	}
	return t, err
}

// question is what it asks about a sample that it is validated on.
func (s *stage) question(x dataset.Sample) (string, error) {
	t, err := foreign.Get("Turn", func() curriculum.Turn { return s.user.Turn(x) })
	return t.Question, err
}

// ended tells whether the stage's exit rule has fired on the state as it is.
func (s *stage) ended(at *stageState) (bool, error) {
	if !at.validated() {
		return false, nil
	}
	ended, err := foreign.Get("Done", func() bool { return s.user.Done(at.History) })
	if err != nil {
		err = fmt.Errorf("stage %s: %w", s.name, err)
	}
	return ended, err
}

// source is a user's source. A panic in it is an error of the sample or of the image.
type source struct {
	user     dataset.Source
	n, block int
}

func newSource(user dataset.Source) (s *source, err error) {
	s = &source{user: user}
	if s.n, err = foreign.Get("Source.Len", user.Len); err != nil {
		return nil, err
	}
	if b, ok := user.(dataset.Blocked); ok {
		if s.block, err = foreign.Get("Source.Block", b.Block); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *source) Len() int { return s.n }

func (s *source) At(i int) (dataset.Sample, error) {
	x, err := foreign.Do("Source.At", func() (dataset.Sample, error) { return s.user.At(i) })
	if p := (*foreign.PanicError)(nil); errors.As(err, &p) {
		err = &dataset.SampleError{Index: i, Err: err}
	}
	if err == nil {
		if err = x.CheckCloser(); err != nil {
			err = &dataset.SampleError{Index: i, Err: err}
		}
	}
	return x, err
}

func (s *source) Image(path string) (image.Image, error) {
	img, err := foreign.Do("Source.Image", func() (image.Image, error) { return s.user.Image(path) })
	if err == nil && img == nil {
		err = errors.New("Source.Image gave neither an image nor an error")
	}
	if file := (*dataset.FileError)(nil); err != nil && !errors.As(err, &file) {
		err = &dataset.FileError{Path: path, Err: err} // what a source of a user's own says of an image
	}
	return img, err
}
