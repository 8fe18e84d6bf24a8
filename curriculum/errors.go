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

// ChangedError says in what a run that is to go on differs from the one now planned. Going on would then give the result of
// neither, so it is refused: whoever means the change begins a run of its own.
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
