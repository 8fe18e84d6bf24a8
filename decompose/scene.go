package decompose

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ProblemError says why a problem makes no sense to a library.
type ProblemError struct {
	Where, Reason string // "object mug", "start", "goal"
}

func (e *ProblemError) Error() string { return "decompose: problem: " + e.Where + ": " + e.Reason }

// scene is a problem, checked and completed with what the library gives.
type scene struct {
	lib         *Library
	objects     []string // sorted
	kinds       map[string]string
	start, goal []Literal // start without negations
}

func (l *Library) scene(pr *Problem) (*scene, error) {
	s := &scene{lib: l, objects: slices.Sorted(maps.Keys(pr.Objects)), kinds: pr.Objects}
	for _, o := range s.objects {
		where := "object " + o
		if w, err := ParseLiteral("a(" + o + ")"); err != nil || len(w.Args) != 1 || w.Args[0] != o {
			return nil, &ProblemError{where, "its name is not made of words parted by single spaces"}
		}
		kinds := strings.Fields(s.kinds[o])
		if len(kinds) == 0 {
			return nil, &ProblemError{where, "is of no kind"}
		}
		for _, k := range kinds {
			if l.kinds[k] == nil {
				return nil, &ProblemError{where, "there is no kind " + k}
			}
		}
	}
	said, err := s.literals("start", pr.Start)
	if err != nil {
		return nil, err
	}
	if s.goal, err = s.literals("goal", pr.Goal); err != nil {
		return nil, err
	}
	holds := map[string]bool{}
	for _, f := range said {
		if holds[f.Atom()] = !f.Not; !f.Not {
			s.start = append(s.start, f)
		}
	}
	for _, rule := range l.given {
		s.each(rule.vars, func(bound map[string]string) {
			for _, f := range rule.literals {
				f = f.With(func(v string) string { return bound[v] })
				if _, ok := holds[f.Atom()]; !ok {
					holds[f.Atom()] = true
					s.start = append(s.start, f)
				}
			}
		})
	}
	if together := s.impossible(newWorld(s.start).holds); together != "" {
		return nil, &ProblemError{"start", together + " never hold together"}
	}
	return s, nil
}

// literals reads and checks part of a problem; none is there twice.
func (s *scene) literals(where string, list []string) ([]Literal, error) {
	out := make([]Literal, 0, len(list))
	for _, text := range list {
		f, err := ParseLiteral(text)
		if err != nil {
			return nil, &ProblemError{where, err.Error()}
		}
		p := s.lib.predicates[f.Name]
		switch {
		case p == nil:
			return nil, &ProblemError{where, fmt.Sprintf("%v: there is no predicate %s", f, f.Name)}
		case len(f.Args) != len(p.args):
			return nil, &ProblemError{where, fmt.Sprintf("%v has %d arguments, %s takes %d", f, len(f.Args), f.Name, len(p.args))}
		}
		for i, arg := range f.Args {
			if s.kinds[arg] == "" {
				return nil, &ProblemError{where, fmt.Sprintf("%v: there is no object %s", f, arg)}
			}
			if !s.is(arg, p.args[i]) {
				return nil, &ProblemError{where, fmt.Sprintf("%v: %s is a %s, %s takes a %s", f, arg, s.kinds[arg], f.Name, p.args[i])}
			}
		}
		if !slices.ContainsFunc(out, f.Equal) {
			out = append(out, f)
		}
	}
	if f, ok := contradiction(out); ok {
		return nil, &ProblemError{where, fmt.Sprintf("has both %v and its opposite", f)}
	}
	return out, nil
}

func (s *scene) is(object, kind string) bool { return s.lib.Is(s.kinds[object], kind) }

// each calls f for every way to bind variables to different things of their kinds.
func (s *scene) each(vars []Param, f func(bound map[string]string)) {
	bound := map[string]string{}
	var next func(i int, rest []Param)
	next = func(i int, rest []Param) {
		if i == len(vars) {
			f(bound)
			return
		}
		for _, o := range s.objects {
			if s.is(o, vars[i].Kind) && !slices.ContainsFunc(vars[:i], func(p Param) bool { return bound[p.Name] == o }) {
				bound[vars[i].Name] = o
				next(i+1, rest)
			}
		}
	}
	next(0, nil)
}

// impossible finds literals that hold together and never should.
func (s *scene) impossible(holds func(Literal) bool) (together string) {
	for _, rule := range s.lib.never {
		s.each(rule.vars, func(bound map[string]string) {
			list := make([]Literal, len(rule.literals))
			for i, l := range rule.literals {
				if list[i] = l.With(func(v string) string { return bound[v] }); !holds(list[i]) {
					return
				}
			}
			together = strings.Join(texts(list), " and ")
		})
	}
	return together
}

// grounded is a subtask with everything bound that the library's action leaves to the state.
type grounded struct {
	step
	action *Action
	bound  []string
	text   string
}

// execute runs subtasks from the start to the goal by what the library says of them.
func (s *scene) execute(subtasks []Subtask) ([]grounded, *OrderError) {
	if n := len(subtasks); n > maxSteps {
		return nil, &OrderError{Step: maxSteps, Supplier: -1, Destroyer: -1, Reason: fmt.Sprintf("too long: %d steps, at most %d are taken", n, maxSteps)}
	}
	w := newWorld(s.start)
	out := make([]grounded, len(subtasks))
	plain := make([]step, len(subtasks))
	for i, sub := range subtasks {
		g, e := s.instance(sub, w)
		if e != nil {
			e.Step = i
			return nil, e
		}
		w.apply(g.effects) // though it may fail: what follows is bound as if it had not
		out[i], plain[i] = g, g.step
	}
	if e := run(s.start, plain, s.goal); e != nil {
		return nil, s.explainActions(e)
	}
	return out, nil
}

func (s *scene) after(steps []grounded) []string {
	w := newWorld(s.start)
	for _, st := range steps {
		w.apply(st.effects)
	}
	return slices.Sorted(maps.Keys(w))
}

// instance finds the action of a subtask and what its other parameters stand for: things that let it be done in w,
// else those that leave fewest needs unmet.
func (s *scene) instance(sub Subtask, w world) (grounded, *OrderError) {
	fail := func(f Fault, format string, args ...any) (grounded, *OrderError) {
		return grounded{}, &OrderError{Fault: f, Action: sub.String(), Supplier: -1, Destroyer: -1, Reason: fmt.Sprintf(format, args...)}
	}
	a := s.lib.byName[sub.Action]
	if a == nil {
		return fail(UnknownAction, "the library has no action %.80q", sub.Action)
	}
	if len(sub.Args) != len(a.Params) {
		return fail(Malformed, "it has %d arguments, %s takes %d", len(sub.Args), a.signature(), len(a.Params))
	}
	if reason := s.affords(sub.Args, a); reason != "" {
		return fail(UnmetAffordance, "%s", reason)
	}
	claim, err := s.claimed(sub)
	if err != nil {
		return fail(Malformed, "%v", err)
	}
	var best []string
	fewest, claims := -1, false
	bound := append(make([]string, 0, len(a.Params)+len(a.With)), sub.Args...)
	var next func()
	next = func() {
		i := len(bound) - len(a.Params)
		if i == len(a.With) {
			if claims = true; claim != nil && !claim(a.ground(a.Needs, bound), a.ground(a.Effects, bound)) {
				return
			}
			unmet := 0
			for _, n := range a.ground(a.Needs, bound) {
				if !w.holds(n) {
					unmet++
				}
			}
			if fewest < 0 || unmet < fewest {
				best, fewest = slices.Clone(bound), unmet
			}
			return
		}
		for _, o := range s.objects {
			if fewest != 0 && s.is(o, a.With[i].Kind) && !slices.Contains(bound, o) {
				bound = append(bound, o)
				next()
				bound = bound[:len(bound)-1]
			}
		}
	}
	next()
	if best == nil && claims {
		return fail(Malformed, "its literals are not those of the library's action")
	} else if best == nil {
		return fail(UnmetAffordance, "nothing is there for the rest of what %s needs", a.Name)
	}
	return grounded{step{sub.String(), a.ground(a.Needs, best), a.ground(a.Effects, best)}, a, best, a.sentence(best)}, nil
}

// affords tells why an action cannot be done to some things; empty where it can.
func (s *scene) affords(args []string, a *Action) string {
	for i, arg := range args {
		switch {
		case s.kinds[arg] == "":
			return fmt.Sprintf("there is no %.80s", arg)
		case !s.is(arg, a.Params[i].Kind):
			return fmt.Sprintf("%s is a %s, %s takes a %s", arg, s.kinds[arg], a.Name, a.Params[i].Kind)
		case slices.Contains(args[:i], arg):
			return fmt.Sprintf("%s cannot be done to %s and itself", a.Name, arg)
		}
	}
	return ""
}

// claimed returns what compares an action's literals with those that a subtask carries, or nil if it carries none.
func (s *scene) claimed(sub Subtask) (func(needs, effects []Literal) bool, error) {
	if sub.Pre == nil && sub.Effect == nil {
		return nil, nil
	}
	pre, err := parseLiterals(sub.Pre)
	if err != nil {
		return nil, err
	}
	effect, err := parseLiterals(sub.Effect)
	if err != nil {
		return nil, err
	}
	same := func(a, b []Literal) bool {
		inside := func(a, b []Literal) bool {
			return !slices.ContainsFunc(a, func(l Literal) bool { return !slices.ContainsFunc(b, l.Equal) })
		}
		return inside(a, b) && inside(b, a)
	}
	return func(needs, effects []Literal) bool { return same(pre, needs) && same(effect, effects) }, nil
}
