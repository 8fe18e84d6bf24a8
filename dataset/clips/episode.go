package clips

import (
	"cmp"
	"slices"
)

// describe completes the episode of the frames that stay: in order, each with its place in the plan and what is known.
func (c *cutter) describe() error {
	e, every := &c.episode, c.opts.Every
	order := make([]int, len(e.Numbers))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(e.Numbers[a], e.Numbers[b]) })
	e.Frames, e.Numbers = pick(e.Frames, order), pick(e.Numbers, order)
	at := make([]int, len(e.Numbers)) // frames of the recording
	for i, n := range e.Numbers {
		e.Subtask = append(e.Subtask, c.index[c.owner[n]])
		at[i] = n * every
	}
	if t := c.rec.Truth; t != nil {
		e.Cost, e.Regress, e.BelowBest = pick(t.Cost, at), pick(t.Regress, at), pick(t.BelowBest, at)
		for name, values := range t.Signals {
			if e.Signals == nil {
				e.Signals = map[string][]float64{}
			}
			e.Signals[name] = pick(values, at)
		}
		e.Subtask = finished(e.Subtask, pick(t.Subtask, at), len(e.Plan))
	}
	return e.Validate()
}

// finished takes over where the truth knows that all is done, which no action says.
func finished(subtask, truth []int, plan int) []int {
	for i, k := range truth {
		if k == plan {
			subtask[i] = k
		}
	}
	return subtask
}

// pick is the values at some places, nil of nil.
func pick[T any](values []T, at []int) []T {
	if values == nil {
		return nil
	}
	out := make([]T, len(at))
	for i, k := range at {
		out[i] = values[k]
	}
	return out
}
