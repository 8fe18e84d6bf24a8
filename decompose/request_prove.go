package decompose

import (
	"slices"
	"strings"
)

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
	at, fault := r.happen(p, true)
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

// happen finds the step at which each event comes about, after those that it must come after if that is asked; events
// that need not come about, and do not, are at -1.
func (r *Request) happen(p *Plan, ordered bool) ([]int, error) {
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
			if ordered && (!r.Events[j].Passing || r.consumes(i, j)) {
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
		if _, lacks := newWorld(start).lacks(goal); at[i] < 0 && !(e.Soft && !lacks) {
			return nil, &OrderError{Fault: GoalNotReached, Step: len(steps), Literal: e.Goal[0], Supplier: -1, Destroyer: -1,
				Reason: "no step does what the words ask for: " + e.Text}
		}
	}
	return at, nil
}

// consumes tells whether event i is what thing that event j picks up is picked up for.
func (r *Request) consumes(i, j int) bool {
	taken, err := ParseLiteral(r.Events[j].Goal[0])
	if err != nil {
		return false
	}
	thing := taken.Placed()
	return slices.ContainsFunc(r.Events[i].Goal, func(l string) bool {
		m, err := ParseLiteral(l)
		return err == nil && m.Placed() == thing
	})
}

// sequence adds to After what the words put before.
func (r *Request) sequence(p *Plan, at []int) error {
	for i, e := range r.Events {
		for _, j := range e.Said {
			from, to := at[j], at[i]
			if r.Events[j].Passing && !r.consumes(i, j) || from < 0 || to < 0 || from == to || p.comesBefore(from, to) {
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
	before := newPartial(len(p.Subtasks))
	for k, s := range p.Subtasks {
		for _, a := range s.After {
			before.add(a, k)
		}
	}
	before.close()
	return before.has(i, j)
}

// puts are the actions that put something down, and what that brings about.
var puts = map[string]string{"place-on": "on", "stack": "on", "place-in": "in", "place-beside": "beside", "place-under": "under", "place-behind": "behind",
	"place-in-front-of": "in-front-of", "place-left-of": "left-of", "place-right-of": "right-of", "place-at": "placed-at"}

// neat puts what is only out of the way on a workspace, where the search may have used the stove or a glass.
func (r *Request) neat(p *Plan) *Plan {
	for i, s := range p.Subtasks {
		where, ok := puts[s.Action]
		if !ok || slices.ContainsFunc(r.Events, func(e Event) bool { return slices.Contains(e.Goal, Literal{Name: where, Args: s.Args}.String()) }) {
			continue
		}
		workspace := ""
		for _, l := range s.Pre {
			if place, ok := strings.CutPrefix(l, "at("); ok {
				workspace = r.workspace(strings.TrimSuffix(place, ")"))
			}
		}
		if workspace == "" || workspace == s.Args[1] {
			continue
		}
		steps := slices.Clone(p.Subtasks)
		steps[i] = Subtask{Action: "place-on", Args: []string{s.Args[0], workspace}}
		for j := i + 1; j < len(steps); j++ {
			if t := steps[j]; slices.Contains([]string{"pick", "take-out", "unstack"}, t.Action) && t.Args[0] == s.Args[0] {
				steps[j] = Subtask{Action: "pick", Args: t.Args[:1]}
				break
			}
		}
		pr := *r.Problem
		pr.Goal = p.Want
		if better, err := r.prove(steps, &pr); err == nil {
			p = better
		}
	}
	return p
}

// workspace finds the one at a place.
func (r *Request) workspace(place string) string {
	for name, kinds := range r.Problem.Objects {
		if kinds == "surface" && slices.Contains(r.Problem.Start, Literal{Name: "located", Args: []string{name, place}}.String()) && strings.HasSuffix(name, "workspace") {
			return name
		}
	}
	return ""
}

// Accept proves steps that came from elsewhere as its own are proved: that they bring about all that is asked for, in the order
// of the words, and that none may be left out. Only their actions and arguments count. Where what was picked up cannot stay in the hand it need not.
func (r *Request) Accept(steps []Subtask) (*Plan, error) {
	p, err := r.prove(steps, r.Problem)
	if free := r.letGo(); err != nil && free != nil {
		if q, e := r.prove(steps, free); e == nil {
			p, err = q, nil
		}
	}
	if err == nil {
		err = r.spares(p)
	}
	if err != nil {
		return nil, err
	}
	p.Assumed = slices.Clone(r.Assumed)
	return p, r.lean(p)
}

// lean is what Library.Check is, where a step may serve something that is asked for on the way.
func (r *Request) lean(p *Plan) error {
	start, steps, want, err := p.parse(nil)
	if err != nil {
		return err
	}
	for i := range steps {
		w, rest := newWorld(start), &Plan{Start: p.Start}
		for j, st := range steps {
			if _, lacks := w.lacks(st.pre); j != i && !lacks {
				w.apply(st.effects)
				rest.Subtasks = append(rest.Subtasks, p.Subtasks[j])
			}
		}
		if _, lacks := w.lacks(want); lacks {
			continue
		}
		if _, err := r.happen(rest, true); err == nil {
			return &OrderError{Fault: AdditionalStep, Step: i, Action: steps[i].name, Supplier: -1, Destroyer: -1,
				Reason: "all that is asked for comes about without it"}
		}
	}
	return nil
}
