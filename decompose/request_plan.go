package decompose

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// Bounds of searches, in states looked at: for all that a request asks for at once, beyond which one event after the
// other is searched for, and for one event. A usual sentence needs some dozens.
const (
	triesAtOnce = 600
	triesEach   = 2000
)

// Plan finds the shortest plan that brings about what the request asks for, in an order that it allows: a plan for the
// outcome in which every event comes about, else one event after the other, each by the fewest steps. It is proved.
// Errors are those of [Library.Search], where an [*UnplacedError] stands for a [*ProblemError], and an [*OrderError] where an order that the words ask for cannot be had.
func (r *Request) Plan(ctx context.Context, opts *SearchOptions) (*Plan, error) {
	with := SearchOptions{Nodes: triesAtOnce}
	if opts != nil {
		with.Without = opts.Without
		if opts.Nodes > 0 {
			with.Nodes = min(opts.Nodes, triesAtOnce)
		}
	}
	for _, e := range r.Events {
		with.Without = append(slices.Clip(with.Without), e.Without...)
	}
	p, err := r.atOnce(ctx, opts, &with)
	if err == nil && p == nil {
		p, err = r.stages(ctx, opts, false, false)
		for _, other := range [][2]bool{{true, false}, {false, true}} {
			if err == nil {
				break
			}
			if q, e := r.stages(ctx, opts, other[0], other[1]); e == nil {
				p, err = q, nil
			}
		}
	}
	if err != nil {
		return nil, err
	}
	p = r.neat(p)
	if err := r.spares(p); err != nil {
		return nil, err
	}
	p.Assumed = slices.Clone(r.Assumed)
	return p, nil
}

// spares wants no step to bring about what is not to be.
func (r *Request) spares(p *Plan) error {
	for _, s := range p.Subtasks {
		if i := slices.IndexFunc(r.Never, func(l string) bool { return slices.Contains(s.Effect, l) }); i >= 0 {
			return &UnplacedError{Sentence: r.Text, Reason: "it takes " + s.String() + ", and " + r.Never[i] + " is not to come about"}
		}
	}
	return nil
}

// atOnce searches for all that is asked for. Its plan is nil where that is not to be had in the order of the words.
func (r *Request) atOnce(ctx context.Context, opts, with *SearchOptions) (*Plan, error) {
	whole, err := r.Library.Search(ctx, r.Problem, with)
	var none *NoPlanError
	var problem *ProblemError
	switch {
	case errors.As(err, &problem):
		return nil, &UnplacedError{Sentence: r.Text, Reason: "what it says contradicts itself: " + problem.Reason}
	case errors.As(err, &none) && len(with.Without) == 0, ctx.Err() != nil:
		return nil, err
	case err != nil:
		return nil, nil
	}
	p := r.told(whole.Subtasks, r.Problem)
	if p != nil && !r.inOrder(p) { // as the words have it, where that is as short, but for putting something down
		if q, err := r.stages(ctx, opts, false, false); err == nil && (len(q.Subtasks) <= len(p.Subtasks) || len(q.Subtasks) == len(p.Subtasks)+1 && !r.takes()) {
			return q, nil
		}
	}
	if p != nil && !twice(p) {
		return p, nil
	}
	if free := r.letGo(); free != nil {
		if less, err := r.Library.Search(ctx, free, with); err == nil {
			if q := r.told(less.Subtasks, free); q != nil {
				return q, nil
			}
		}
	}
	return p, nil
}

// told proves steps in the order of the words, else in their own. It is nil where neither will do.
func (r *Request) told(steps []Subtask, pr *Problem) *Plan {
	p, err := r.prove(steps, pr)
	if err == nil && r.inOrder(p) {
		return p
	}
	if other, ok := r.rearrange(steps, pr); ok {
		if q, err := r.prove(other, pr); err == nil && (p == nil || r.inOrder(q)) {
			return q
		}
	}
	return p
}

// takes tells whether something is to be taken that nothing says where to put.
func (r *Request) takes() bool {
	return slices.ContainsFunc(r.Events, func(e Event) bool {
		return slices.ContainsFunc(e.Goal, func(l string) bool {
			return slices.ContainsFunc([]string{"holding(", "lifted(", "held(", "not on(", "not in(", "not inserted(", "not hung(", "not around(", "not has("}, func(p string) bool { return strings.HasPrefix(l, p) })
		})
	})
}

// inOrder tells whether the events come about in the order of the words.
func (r *Request) inOrder(p *Plan) bool {
	at, err := r.happen(p, true)
	return err == nil && slices.IsSorted(at)
}

// twice tells whether a step is done more than once.
func twice(p *Plan) bool {
	for i, s := range p.Subtasks {
		if slices.ContainsFunc(p.Subtasks[:i], func(t Subtask) bool { return t.String() == s.String() }) {
			return true
		}
	}
	return false
}

// letGo is the problem without the things that are to be picked up, and then used for what comes after: they need not be
// in the hand at the end. It is nil if there are none.
func (r *Request) letGo() *Problem {
	out := *r.Problem
	out.Goal = slices.Clone(r.Problem.Goal)
	for i, e := range r.Events {
		if e.takes() && i < len(r.Events)-1 {
			out.Goal = slices.DeleteFunc(out.Goal, func(l string) bool { return l == e.Goal[0] })
		}
	}
	if len(out.Goal) == len(r.Problem.Goal) || len(out.Goal) == 0 {
		return nil
	}
	return &out
}

// stages plans for one event after the other, or for a few at once where that can be told in their order. What was only
// picked up to be used may be let go, if free is set; if apart is, nothing is yet where a later event puts it.
func (r *Request) stages(ctx context.Context, opts *SearchOptions, free, apart bool) (*Plan, error) {
	now, final := *r.Problem, r.Problem
	if free {
		if final = r.letGo(); final == nil {
			return nil, &NoPlanError{}
		}
	}
	var steps []Subtask
	var kept []Literal
	for i := 0; i < len(r.Events); i++ {
		e := r.Events[i]
		if e.Passing && i < len(r.Events)-1 {
			continue
		}
		goal, _ := parseLiterals(e.Goal)
		for _, l := range goal {
			kept = slices.DeleteFunc(kept, func(m Literal) bool { return l.Opposes(m) || m.Name == "at" || m.Fleeting() })
			if !slices.ContainsFunc(kept, l.Equal) {
				kept = append(kept, l)
			}
		}
		now.Goal = texts(kept)
		if apart {
			now.Goal = append(now.Goal, r.notYet(i, &now)...)
		}
		with := SearchOptions{Nodes: triesEach, Without: e.Without}
		if opts != nil {
			with.Without = append(slices.Clip(opts.Without), e.Without...)
		}
		p, err := r.Library.Search(ctx, &now, &with)
		if err != nil {
			return nil, err
		}
		for j, s := range p.Subtasks {
			for _, l := range kept {
				if slices.Contains(s.Effect, l.Negated().String()) && l.Name == "holding" && !slices.Contains(e.Goal, l.String()) {
					return nil, &OrderError{Fault: WrongOrder, Step: len(steps) + j, Action: s.String(), Literal: "hand-empty", Supplier: -1, Destroyer: -1,
						Reason: "by the order of the words, " + l.String() + " holds from before on"}
				}
			}
		}
		after, err := r.Library.After(&now, p)
		if err != nil {
			return nil, err
		}
		steps = append(steps, p.Subtasks...)
		now.Start = closed(after, p)
		if e.Loose && i < len(r.Events)-1 {
			kept = slices.DeleteFunc(kept, func(l Literal) bool { return slices.Contains(e.Goal, l.String()) })
		}
		if free && !e.takes() {
			kept = slices.DeleteFunc(kept, func(l Literal) bool {
				return l.Name == "holding" && !slices.Contains(final.Goal, l.String()) &&
					slices.ContainsFunc(p.Subtasks, func(s Subtask) bool { return slices.Contains(s.Pre, l.String()) })
			})
		}
	}
	p, err := r.prove(steps, final)
	if err != nil {
		return nil, err
	}
	return p, nil
}

// notYet is that nothing is where events after i put it, unless it is there.
func (r *Request) notYet(i int, now *Problem) (out []string) {
	for _, e := range r.Events[i+1:] {
		goal, _ := parseLiterals(e.Goal)
		for _, l := range goal {
			if !l.Not && l.Placed() != "" && !slices.Contains(now.Start, l.String()) && !slices.Contains(now.Goal, l.String()) {
				out = append(out, l.Negated().String())
			}
		}
	}
	return out
}

// closed completes a state by the negations of what held before and does not any more, since a library may give it.
func closed(state []string, p *Plan) []string {
	for _, s := range p.Subtasks {
		for _, l := range s.Effect {
			if atom, ok := strings.CutPrefix(l, "not "); ok && !slices.Contains(state, atom) && !slices.Contains(state, l) {
				state = append(state, l)
			}
		}
	}
	return state
}
