package egotsr

import (
	"context"

	"github.com/egotsr/egotsr/decompose"
	"github.com/egotsr/egotsr/decompose/english"
)

// Decompose splits a goal into a causal sequence of atomic subtasks, and proves it. A nil opts.Generator uses the built-in
// grammar, which reads English imperatives; a [Model] is a Generator, and so is a client of package endpoint. What a generator
// answers is never trusted: see [english.Decompose], which this is.
func Decompose(ctx context.Context, goal string, opts *decompose.Options) (*decompose.Plan, error) {
	return english.Decompose(ctx, goal, opts)
}
