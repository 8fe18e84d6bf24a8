package decompose

import (
	"context"
	"fmt"
	"image"
)

// Options say how a goal is split. Nil stands for the zero value.
type Options struct {
	Generator Generator      // nil = the built-in grammar
	Strict    bool           // refuse what rests on assumptions, instead of listing them in Plan.Assumed
	Search    *SearchOptions // of the grammar
	Library   *Library       // the actions that a Generator or a Problem speaks of; nil = Skills
	Problem   *Problem       // the scene and the goal in symbols; nil = what the words say
	Frames    []image.Image  // what the Generator is shown beside its prompt
	Rounds    int            // answers that the Generator may mend, at most; 0 = 3, negative = none
}

// Generator answers prompts: a model that is loaded, a server's client, a fake. What it answers is never trusted.
//
// One that also has
//
//	GenerateList(ctx context.Context, prompt string, frames ...image.Image) (list []string, logProb float64, err error)
//
// is asked that way for steps in a scene that is known, since a list always parses.
type Generator interface {
	Generate(ctx context.Context, prompt string, frames ...image.Image) (string, error)
}

// GeneratorError reports that a generator has not come to a plan that can be proved.
type GeneratorError struct {
	Rounds int    // repairs that were asked for
	Last   string // the last answer, cut; empty where the generator failed
	Err    error  // an *OrderError, *ParseError or *ProblemError about the last answer, or the generator's own error
}

func (e *GeneratorError) Error() string {
	text := "decompose: the generator"
	if e.Rounds > 0 {
		text += fmt.Sprintf(", after %d repairs", e.Rounds)
	}
	return text + ": " + e.Err.Error()
}

func (e *GeneratorError) Unwrap() error { return e.Err }
