package curriculum

import (
	"errors"
	"fmt"
)

// ErrDiverged means that several steps in a row had a loss or gradient that was not finite.
var ErrDiverged = errors.New("train: loss or gradient was not finite in several steps running")

// InputError says which of the things that a run is planned with cannot be used, and why.
type InputError struct {
	What   string // "Options.Keep", "stage 2", …
	Reason string
}

func (e *InputError) Error() string { return "train: " + e.What + " " + e.Reason }

// EmptyError means that a stage has found nothing to learn from: in a hundred steps in a row, in a whole pass over its source, or in all
// of its steps.
type EmptyError struct {
	Stage   string
	Steps   int   // in a row, the last ones
	Unread  int   // samples among theirs that could not be read
	Refused int   // samples for which Stage.Turn had no answer; with Recipe.Both each order counts
	Err     error // of the last sample that could not be read, or nil
}

func (e *EmptyError) Error() string {
	text := fmt.Sprintf("train: stage %s: %d steps in a row held no sample to learn from: %d could not be read, and for %d Turn had no answer", e.Stage, e.Steps, e.Unread, e.Refused)
	if e.Err != nil {
		text += fmt.Sprintf("; the last: %v", e.Err)
	}
	return text
}

func (e *EmptyError) Unwrap() error { return e.Err }

// ChangedError says in what a run that is to go on differs from the one now planned. Going on would then give the result of
// neither, so it is refused: whoever means the change begins a run of its own. What may change is told at [Recipe].
type ChangedError struct {
	Stage    string // empty where it concerns the whole run
	Field    string // of Recipe ("LR", "Batch", "LoRA", …), or "Seed", "Stages", "Name", "Source.Len", "Validation.Len"
	Was, Now string // as JSON
}

func (e *ChangedError) Error() string {
	where := ""
	if e.Stage != "" {
		where = "stage " + e.Stage + ": "
	}
	return fmt.Sprintf("%s%s is %s in the run that is here, not %s", where, e.Field, e.Was, e.Now)
}
