package decompose

import (
	"fmt"
	"slices"
	"strings"
)

// step is a subtask as the symbolic run sees it.
type step struct {
	name         string
	pre, effects []Literal
}

// maxSteps is the longest plan taken: a hundred times what anybody would read, and proved in a second or two.
const maxSteps = 1000

// Verify proves the plan on the literals of its subtasks alone: it runs them in the order listed from the initial
// state, in which everything unlisted is false, and returns nil if each finds its Pre and, at the end, all of Want
// holds. A nil initial stands for the plan's own Start. Otherwise the error is an *OrderError. Texts, actions and After
// play no part: [Plan.VerifyOrder] proves After, and [Library.Verify] that the library has such actions.
func (p *Plan) Verify(initial []string) error {
	start, steps, want, err := p.parse(initial)
	if err != nil {
		return err
	}
	if e := run(start, steps, want); e != nil {
		return e
	}
	return nil
}

// parse reads all literals of a plan. Text that is none is an *OrderError too.
func (p *Plan) parse(initial []string) (start []Literal, steps []step, want []Literal, err error) {
	if initial == nil {
		initial = p.Start
	}
	bad := func(i int, action, what string, cause any) error {
		return &OrderError{Fault: Malformed, Step: i, Action: action, Supplier: -1, Destroyer: -1, Reason: fmt.Sprintf("%s: %v", what, cause)}
	}
	if n := len(p.Subtasks); n > maxSteps {
		return nil, nil, nil, bad(maxSteps, "", "too long", fmt.Sprintf("%d steps, at most %d are taken", n, maxSteps))
	}
	if start, err = parseLiterals(initial); err != nil {
		return nil, nil, nil, bad(0, "", "the initial state", err)
	}
	if l, ok := contradiction(start); ok {
		return nil, nil, nil, bad(0, "", "the initial state has a literal and its opposite", l)
	}
	if want, err = parseLiterals(p.Want); err != nil {
		return nil, nil, nil, bad(len(p.Subtasks), "", "the goal", err)
	}
	for i, sub := range p.Subtasks {
		s := step{name: sub.String()}
		if s.pre, err = parseLiterals(sub.Pre); err != nil {
			return nil, nil, nil, bad(i, s.name, "precondition", err)
		}
		if s.effects, err = parseLiterals(sub.Effect); err != nil {
			return nil, nil, nil, bad(i, s.name, "effect", err)
		}
		if l, ok := contradiction(s.effects); ok {
			return nil, nil, nil, bad(i, s.name, "its effects have a literal and its opposite", l)
		}
		steps = append(steps, s)
	}
	return start, steps, want, nil
}

// run executes the steps and explains the first failure.
func run(start []Literal, steps []step, want []Literal) *OrderError {
	w := newWorld(start)
	for i, s := range steps {
		if l, ok := w.lacks(s.pre); ok {
			return explain(start, steps, i, l)
		}
		w.apply(s.effects)
	}
	if l, ok := w.lacks(want); ok {
		return explain(start, steps, len(steps), l)
	}
	return nil
}

// explain finds out why a literal does not hold before step i, which is the goal where i is the number of steps.
func explain(start []Literal, steps []step, i int, missing Literal) *OrderError {
	e := &OrderError{Fault: MissingStep, Step: i, Literal: missing.String(), Supplier: -1, Destroyer: -1}
	supplies := func(s step) bool { return slices.ContainsFunc(s.effects, missing.Equal) }
	for j, s := range steps {
		if j < i && slices.ContainsFunc(s.effects, missing.Negated().Equal) {
			e.Destroyer = j
		}
		if j > i && e.Supplier < 0 && supplies(s) {
			e.Supplier = j
		}
	}
	if i == len(steps) {
		e.Fault = GoalNotReached
		return e
	}
	e.Action = steps[i].name
	before := newWorld(start)
	for _, s := range steps[:i] {
		before.apply(s.effects)
	}
	_, changes := before.lacks(steps[i].effects)
	switch {
	case !changes:
		e.Fault, e.Reason = AdditionalStep, "all that it brings about holds already"
	case e.Supplier >= 0, e.Destroyer >= 0 && fits(start, steps, i, e.Destroyer):
		e.Fault = WrongOrder
	}
	return e
}

// fits tells whether step i would find all it needs just before step j.
func fits(start []Literal, steps []step, i, j int) bool {
	w := newWorld(start)
	for _, s := range steps[:j] {
		w.apply(s.effects)
	}
	_, lacks := w.lacks(steps[i].pre)
	return !lacks
}

// Verify proves a plan on the problem, by what the library says of its actions: that every action is known, that its
// arguments are things of the problem and of the kinds that it takes, that each step finds what it needs, and that the
// goal holds at the end. Pre and Effect may be missing; where they are not, they must be those of the action. It is
// nil or an *OrderError, except for a problem that makes no sense, which is a *ProblemError.
func (l *Library) Verify(pr *Problem, p *Plan) error {
	s, err := l.scene(pr)
	if err != nil {
		return err
	}
	if _, e := s.execute(p.Subtasks); e != nil {
		return e
	}
	return nil
}

// Check is Verify, and beyond it no step may be left out: the first one without which the goal is reached all the
// same, together with what then cannot be done any more, is an *OrderError with the fault AdditionalStep.
func (l *Library) Check(pr *Problem, p *Plan) error {
	s, err := l.scene(pr)
	if err != nil {
		return err
	}
	steps, e := s.execute(p.Subtasks)
	if e != nil {
		return e
	}
	for i := range steps {
		w, without := newWorld(s.start), 1
		for j, st := range steps {
			if _, lacks := w.lacks(st.pre); lacks && j > i {
				without++
			} else if j != i {
				w.apply(st.effects)
			}
		}
		if _, lacks := w.lacks(s.goal); !lacks {
			return &OrderError{Fault: AdditionalStep, Step: i, Action: steps[i].name, Supplier: -1, Destroyer: -1,
				Reason: fmt.Sprintf("the goal is reached without it (%d of %d steps serve nothing)", without, len(steps))}
		}
	}
	return nil
}

// Complete proves a plan that names only actions and arguments, as a language model writes it, and returns it with
// texts, literals, causal order, start and goal filled in. Its errors are those of Verify.
func (l *Library) Complete(pr *Problem, p *Plan) (*Plan, error) {
	s, err := l.scene(pr)
	if err != nil {
		return nil, err
	}
	steps, e := s.execute(p.Subtasks)
	if e != nil {
		return nil, e
	}
	out := &Plan{Goal: p.Goal, Reason: p.Reason, Start: texts(s.start), Want: texts(s.goal)}
	for i, st := range steps {
		sub := p.Subtasks[i]
		if sub.Pre, sub.Effect = texts(st.pre), texts(st.effects); sub.Text == "" {
			sub.Text = st.text
		}
		sub.Args = slices.Clone(sub.Args)
		out.Subtasks = append(out.Subtasks, sub)
	}
	return out, out.Order(nil)
}

// After tells what holds once the plan has run: the start of the problem that follows. The plan need not reach the
// problem's goal.
func (l *Library) After(pr *Problem, p *Plan) ([]string, error) {
	s, err := l.scene(pr)
	if err != nil {
		return nil, err
	}
	s.goal = nil
	steps, e := s.execute(p.Subtasks)
	if e != nil {
		return nil, e
	}
	return s.after(steps), nil
}

// explainActions names what the library has to supply a literal, in the scene's things where they are decided.
func (s *scene) explainActions(e *OrderError) *OrderError {
	missing, err := ParseLiteral(e.Literal)
	if err != nil {
		return e
	}
	for _, a := range s.lib.actions {
		for _, effect := range a.Effects {
			if effect.Name != missing.Name || effect.Not != missing.Not {
				continue
			}
			fits := true
			bound := map[string]string{}
			for j, v := range effect.Args {
				p := a.all()[slices.IndexFunc(a.all(), named(v))]
				fits = fits && s.is(missing.Args[j], p.Kind)
				bound[v] = missing.Args[j]
			}
			if fits {
				open := Literal{Name: a.Name}
				for _, p := range a.Params {
					if thing, ok := bound[p.Name]; ok {
						open.Args = append(open.Args, thing)
					} else {
						open.Args = append(open.Args, "any "+p.Kind)
					}
				}
				e.Actions = append(e.Actions, strings.ReplaceAll(open.String(), ",", ", "))
			}
		}
	}
	return e
}
