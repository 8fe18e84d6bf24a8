package egotsr

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/egotsr/egotsr/curriculum"
	"github.com/egotsr/egotsr/internal/ask"
	"github.com/egotsr/egotsr/internal/state"
	"github.com/egotsr/egotsr/model"
)

// ErrClosed is what every method of a Model returns once Close has been called.
var ErrClosed = model.ErrClosed

// InputError says which argument of a call cannot be used, and why. It never means that the model is at fault, so the
// same call would fail again. Where another error is the cause (a *vision.SizeError, say), errors.As finds it.
type InputError struct {
	What   string // "task", "img1", "img2", "frame 17", "prompt", …
	Reason string // empty where Err says it all
	Err    error  // the cause, or nil
}

func (e *InputError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("egotsr: %s: %s", e.What, e.Reason)
	}
	if e.Reason == "" {
		return fmt.Sprintf("egotsr: %s: %v", e.What, e.Err)
	}
	return fmt.Sprintf("egotsr: %s: %s: %v", e.What, e.Reason, e.Err)
}

func (e *InputError) Unwrap() error { return e.Err }

// maxTask is the longest task name taken, in bytes: ten times the longest in the data sets, and short enough that the
// prompt still fits beside two large frames.
const maxTask = 2000

func checkText(what, text string, limit int) error {
	switch {
	case strings.TrimSpace(text) == "":
		return &InputError{What: what, Reason: "is empty"}
	case len(text) > limit:
		return &InputError{What: what, Reason: fmt.Sprintf("is %d bytes long, at most %d are taken", len(text), limit)}
	case !utf8.ValidString(text):
		return &InputError{What: what, Reason: "is not valid UTF-8"}
	}
	return nil
}

// argument names the argument at fault where a room below says that one is.
func argument(err error) error {
	if long := (*ask.LengthError)(nil); errors.As(err, &long) {
		return &InputError{What: "prompt", Err: long}
	}
	if occupied := (*state.OccupiedError)(nil); errors.As(err, &occupied) {
		return &InputError{What: "directory", Err: occupied}
	}
	if option := (*model.OptionError)(nil); errors.As(err, &option) {
		return &InputError{What: "Options." + option.Option, Reason: option.Reason, Err: option.Err}
	}
	if plan := (*curriculum.InputError)(nil); errors.As(err, &plan) {
		what := plan.What
		if field, ok := strings.CutPrefix(what, "Options."); ok { // which here are those of Open
			what = "TrainOptions." + field
		}
		return &InputError{What: what, Reason: plan.Reason}
	}
	return err
}

// failed says what was being done, unless the error says enough: of an argument, a closed model, or a context.
func failed(doing string, err error) error {
	if err = argument(err); err == nil || errors.As(err, new(*InputError)) || errors.Is(err, ErrClosed) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("egotsr: %s%w", doing, err)
}
