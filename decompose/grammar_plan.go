package decompose

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// tries bounds the search for all that a request asks for at once. Where it is reached, one event after the other is
// searched for.
const tries = 3000

// Plan finds the shortest plan that brings about what the request asks for, in an order that it allows: a plan for the
// outcome in which every event comes about, else one event after the other, each by the fewest steps. It is proved.
// Errors are those of [Library.Search], and an [*OrderError] where an order that the words ask for cannot be had.
func (r *Request) Plan(ctx context.Context, opts *SearchOptions) (*Plan, error) {
	with := SearchOptions{Nodes: tries}
	if opts != nil {
		with.Without = opts.Without
		if opts.Nodes > 0 {
			with.Nodes = min(opts.Nodes, tries)
		}
	}
	for _, e := range r.Events {
		with.Without = append(slices.Clip(with.Without), e.without...)
	}
	whole, err := r.Library.Search(ctx, r.Problem, &with)
	var none *NoPlanError
	var problem *ProblemError
	switch {
	case err == nil:
		p, fault := r.prove(whole.Subtasks, r.Problem)
		if fault == nil && !r.inOrder(p) { // as the words have it, where that is as short
			if q, err := r.stages(ctx, opts); err == nil && len(q.Subtasks) <= len(p.Subtasks) {
				return q, nil
			}
		}
		if fault == nil && !twice(p) {
			return p, nil
		}
		if free := r.letGo(); free != nil {
			if less, err := r.Library.Search(ctx, free, &with); err == nil {
				if q, f := r.prove(less.Subtasks, free); f == nil {
					return q, nil
				}
			}
		}
		if fault == nil {
			return p, nil
		}
	case ctx.Err() != nil || errors.As(err, &problem):
		return nil, err
	case errors.As(err, &none) && len(with.Without) == 0:
		return nil, err
	}
	return r.stages(ctx, opts)
}

// inOrder tells whether the events come about in the order of the words.
func (r *Request) inOrder(p *Plan) bool {
	at, err := r.happen(p)
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
		if e.pick && i < len(r.Events)-1 {
			out.Goal = slices.DeleteFunc(out.Goal, func(l string) bool { return l == e.Goal[0] })
		}
	}
	if len(out.Goal) == len(r.Problem.Goal) || len(out.Goal) == 0 {
		return nil
	}
	return &out
}

// stages plans for one event after the other.
func (r *Request) stages(ctx context.Context, opts *SearchOptions) (*Plan, error) {
	now := *r.Problem
	var steps []Subtask
	var kept []Literal
	for i, e := range r.Events {
		if e.passing && i < len(r.Events)-1 {
			continue
		}
		goal, _ := parseLiterals(e.Goal)
		for _, l := range goal {
			kept = slices.DeleteFunc(kept, func(m Literal) bool { return opposed(l, m) || m.Name == "at" || fleeting(m) })
			if !slices.ContainsFunc(kept, l.equal) {
				kept = append(kept, l)
			}
		}
		now.Goal = texts(kept)
		with := SearchOptions{Nodes: tries, Without: e.without}
		if opts != nil {
			with.Without = append(slices.Clip(opts.Without), e.without...)
		}
		p, err := r.Library.Search(ctx, &now, &with)
		if err != nil {
			return nil, err
		}
		for j, s := range p.Subtasks {
			for _, l := range kept {
				if slices.Contains(s.Effect, l.negated().String()) && l.Name == "holding" && !slices.Contains(e.Goal, l.String()) {
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
	}
	p, fault := r.prove(steps, r.Problem)
	if fault != nil {
		return nil, fault
	}
	return p, nil
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

// prove completes the steps, finds every event in them, and adds the order of the words to that of the causes.
func (r *Request) prove(steps []Subtask, pr *Problem) (*Plan, error) {
	bare := &Plan{Goal: r.Text}
	for _, s := range steps {
		bare.Subtasks = append(bare.Subtasks, Subtask{Action: s.Action, Args: s.Args})
	}
	r.destinations(bare, steps)
	p, err := r.Library.Complete(pr, bare)
	if err != nil {
		return nil, err
	}
	at, fault := r.happen(p)
	if fault != nil {
		return nil, fault
	}
	if err := r.sequence(p, at); err != nil {
		return nil, err
	}
	if err := p.Verify(nil); err != nil {
		return nil, err
	}
	if err := p.VerifyOrder(nil); err != nil {
		return nil, err
	}
	return p, nil
}

// destinations names what the words name where the robot goes: the kitchen, not the mug that is there.
func (r *Request) destinations(p *Plan, steps []Subtask) {
	for i, s := range steps {
		for _, l := range s.Effect {
			place, ok := strings.CutPrefix(l, "at(near ")
			name := strings.TrimSuffix(place, ")")
			if said := slices.ContainsFunc(r.Events, func(e Event) bool { return slices.Contains(e.Goal, l) }); ok && said && r.Problem.Objects[name] != "" {
				p.Subtasks[i].Args = []string{name}
			}
		}
	}
}

// happen finds the step at which each event comes about; events that need not, and do not, are at -1.
func (r *Request) happen(p *Plan) ([]int, error) {
	start, steps, _, err := p.parse(nil)
	if err != nil {
		return nil, err
	}
	at := make([]int, len(r.Events))
	for i, e := range r.Events {
		goal, err := parseLiterals(e.Goal)
		if err != nil {
			return nil, err
		}
		from := -1
		for _, j := range e.After {
			if !r.Events[j].passing || r.consumes(i, j) {
				from = max(from, at[j])
			}
		}
		at[i] = -1
		w := newWorld(start)
		for t, s := range steps {
			w.apply(s.effects)
			_, lacks := w.lacks(goal)
			if t > from && !lacks && slices.ContainsFunc(goal, s.has) && (e.By == "" || slices.ContainsFunc(steps[:t+1], func(u step) bool { return u.name == e.By })) {
				at[i] = t
				break
			}
		}
		if _, lacks := newWorld(start).lacks(goal); at[i] < 0 && !(e.soft && !lacks) {
			return nil, &OrderError{Fault: GoalNotReached, Step: len(steps), Literal: e.Goal[0], Supplier: -1, Destroyer: -1,
				Reason: "no step does what the words ask for: " + e.Text}
		}
	}
	return at, nil
}

// consumes tells whether event i is what thing that event j picks up is picked up for.
func (r *Request) consumes(i, j int) bool {
	thing := strings.TrimSuffix(strings.TrimPrefix(r.Events[j].Goal[0], "holding("), ")")
	return slices.ContainsFunc(r.Events[i].Goal, func(l string) bool {
		m, err := ParseLiteral(l)
		return err == nil && slices.Contains(places, m.Name) && m.item() == thing
	})
}

// sequence adds to After what the words put before.
func (r *Request) sequence(p *Plan, at []int) error {
	for i, e := range r.Events {
		for _, j := range e.said {
			from, to := at[j], at[i]
			if r.Events[j].passing && !r.consumes(i, j) || from < 0 || to < 0 || from == to || p.comesBefore(from, to) {
				continue
			}
			p.Subtasks[to].After = append(p.Subtasks[to].After, from)
			slices.Sort(p.Subtasks[to].After)
		}
	}
	return nil
}

// comesBefore tells whether After puts step i before step j.
func (p *Plan) comesBefore(i, j int) bool {
	return slices.ContainsFunc(p.Subtasks[j].After, func(k int) bool { return k == i || p.comesBefore(i, k) })
}
