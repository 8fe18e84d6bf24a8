package decompose

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// PDDL writes the library and a problem as other planners read them, with negative preconditions and equality. Kinds
// become predicates, since a thing may be of several; names are made fit for PDDL and unique.
func (l *Library) PDDL(pr *Problem) (domain, problem string, err error) {
	s, err := l.scene(pr)
	if err != nil {
		return "", "", err
	}
	n := newNamer(s)
	return n.domain(), n.problem(), nil
}

// PDDLPlan writes a plan for a validator, one action a line, with everything that the state decides filled in: where
// nothing lets a step be done, with what comes nearest. It fails only where PDDL has no words for a step, because the
// action or the thing is unknown, or a thing is of the wrong kind.
func (l *Library) PDDLPlan(pr *Problem, p *Plan) (string, error) {
	s, err := l.scene(pr)
	if err != nil {
		return "", err
	}
	n, w := newNamer(s), newWorld(s.start)
	var b strings.Builder
	for i, sub := range p.Subtasks {
		g, e := s.instance(sub, w)
		if e != nil {
			e.Step = i
			return "", e
		}
		w.apply(g.effects)
		fmt.Fprintf(&b, "(%s)\n", strings.Join(append([]string{n.actions[g.action.Name]}, n.things(g.bound)...), " "))
	}
	return b.String(), nil
}

// namer gives everything a name that no other thing of any sort has: some readers of PDDL want that.
type namer struct {
	*scene
	used                                map[string]bool
	actions, predicates, kinds, objects map[string]string
}

func newNamer(s *scene) *namer {
	n := &namer{scene: s, used: map[string]bool{"object": true, "and": true, "not": true, "or": true, "when": true, "forall": true, "exists": true, "define": true, "domain": true, "problem": true}}
	name := func(prefix string, list []string) map[string]string {
		out := map[string]string{}
		for _, word := range list {
			out[word] = n.name(prefix, word)
		}
		return out
	}
	var actions, predicates, kinds []string
	for _, a := range s.lib.actions {
		actions = append(actions, a.Name)
		for _, p := range a.all() {
			kinds = append(kinds, p.Kind)
		}
	}
	for p := range s.lib.predicates {
		predicates = append(predicates, p)
	}
	slices.Sort(predicates)
	slices.Sort(kinds)
	n.actions = name("do-", actions)
	n.predicates = name("is-", predicates)
	n.kinds = name("kind-", slices.Compact(kinds))
	n.objects = name("the-", s.objects)
	return n
}

// name keeps letters, digits and inner dashes of a word; where that is taken, it puts a prefix and a number to it.
func (n *namer) name(prefix, word string) string {
	plain := strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '-'
	}, strings.ToLower(word)), "-_")
	out := plain
	if out == "" || out[0] < 'a' || n.used[out] || prefix == "kind-" {
		out = prefix + plain
	}
	for i := 2; n.used[out]; i++ {
		out = fmt.Sprintf("%s%s-%d", prefix, plain, i)
	}
	n.used[out] = true
	return out
}

func (n *namer) things(list []string) []string {
	out := make([]string, len(list))
	for i, o := range list {
		out[i] = n.objects[o]
	}
	return out
}

// literal writes a literal whose arguments are named already.
func (n *namer) literal(l Literal, args []string) string {
	atom := "(" + strings.Join(append([]string{n.predicates[l.Name]}, args...), " ") + ")"
	if l.Not {
		return "(not " + atom + ")"
	}
	return atom
}

func conjunction(terms []string) string { return "(and " + strings.Join(terms, " ") + ")" }

func (n *namer) domain() string {
	var b strings.Builder
	b.WriteString("(define (domain skills)\n  (:requirements :strips :negative-preconditions :equality)\n  (:predicates")
	for _, word := range slices.Sorted(maps.Keys(n.predicates)) {
		fmt.Fprintf(&b, "\n    (%s", n.predicates[word])
		for i := range n.lib.predicates[word].args {
			fmt.Fprintf(&b, " ?x%d", i)
		}
		b.WriteString(")")
	}
	for _, k := range slices.Sorted(maps.Keys(n.kinds)) {
		fmt.Fprintf(&b, "\n    (%s ?x0)", n.kinds[k])
	}
	b.WriteString(")\n")
	for _, a := range n.lib.actions {
		all := a.all()
		variable := func(name string) string { return fmt.Sprint("?x", slices.IndexFunc(all, named(name))) }
		list := func(literals []Literal) (out []string) {
			for _, l := range literals {
				args := make([]string, len(l.Args))
				for i, v := range l.Args {
					args[i] = variable(v)
				}
				out = append(out, n.literal(l, args))
			}
			return out
		}
		var vars, pre []string
		for i, p := range all {
			vars = append(vars, variable(p.Name))
			pre = append(pre, fmt.Sprintf("(%s ?x%d)", n.kinds[p.Kind], i))
			for j := range i {
				pre = append(pre, fmt.Sprintf("(not (= ?x%d ?x%d))", j, i))
			}
		}
		fmt.Fprintf(&b, "  (:action %s\n    :parameters (%s)\n    :precondition %s\n    :effect %s)\n",
			n.actions[a.Name], strings.Join(vars, " "), conjunction(append(pre, list(a.Needs)...)), conjunction(list(a.Effects)))
	}
	return b.String() + ")\n"
}

func (n *namer) problem() string {
	ground := func(literals []Literal) (out []string) {
		for _, l := range literals {
			out = append(out, n.literal(l, n.things(l.Args)))
		}
		return out
	}
	start := ground(n.start)
	for _, k := range slices.Sorted(maps.Keys(n.kinds)) {
		for _, o := range n.scene.objects {
			if n.is(o, k) {
				start = append(start, fmt.Sprintf("(%s %s)", n.kinds[k], n.objects[o]))
			}
		}
	}
	return fmt.Sprintf("(define (problem task)\n  (:domain skills)\n  (:objects %s)\n  (:init\n    %s)\n  (:goal %s))\n",
		strings.Join(n.things(n.scene.objects), " "), strings.Join(start, "\n    "), conjunction(ground(n.goal)))
}
