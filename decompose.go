package egotsr

import (
	"context"

	"github.com/egotsr/egotsr/decompose"
)

// Decompose splits a goal into a causal sequence of atomic subtasks, and proves it. A nil opts.Generator uses the built-in
// grammar, which reads English imperatives; a [Model] is a Generator, and so is a client of package endpoint. What a generator
// answers is never trusted: see [decompose.Decompose], which this is.
func Decompose(ctx context.Context, goal string, opts *decompose.Options) (*decompose.Plan, error) {
	return decompose.Decompose(ctx, goal, opts)
}
