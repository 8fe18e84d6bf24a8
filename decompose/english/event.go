package english

import (
	"slices"
	"strings"

	"github.com/egotsr/egotsr/decompose"
)

// events turns a clause into what it asks for, and notes what it takes for granted of the start.
func (s *setter) events(number int) error {
	c := s.clauses[number]
	if c.told {
		s.touchAll(c)
		return nil
	}
	before := map[*object]bool{}
	for _, o := range s.objects {
		before[o] = o.touched
	}
	for _, l := range c.known {
		now := s.now[l.Args[0]]
		if left, ok := s.holds[l.Atom()]; !(ok && left != l.Not) && !(now != nil && now.Equal(l)) && !s.saidAtStart(l) {
			return s.fault(c.at, c.end, "is the %s %s by then?", l.Args[0], strings.ReplaceAll(l.Name, "-", " "))
		}
	}
	if s.request.Library == decompose.Motions() && slices.ContainsFunc(c.slots, func(sl slot) bool {
		return slices.ContainsFunc(c.bound[sl.name], func(o *object) bool { return o.room }) || len(c.rule.goal) == 1 && c.rule.goal[0].Name == "near-by"
	}) {
		return s.fault(c.at, c.end, "a task of the gripper's motions goes to no other place")
	}
	if y := c.bound["Y"]; len(c.rule.goal) == 1 && c.rule.goal[0].Name == "near-by" {
		if !y[0].touched {
			y[0].touched, y[0].place = true, "near "+y[0].name
		}
		s.here = y[0].place
		s.plan(number, c, nil, []decompose.Literal{{Name: "at", Args: []string{s.here}}})
		return nil
	}
	for _, l := range slices.Concat(c.rule.start, c.rule.was) {
		if err := s.granted(c, l, slices.ContainsFunc(c.rule.was, l.Equal), before); err != nil {
			return err
		}
	}
	for _, name := range []string{"Y", "R", "T"} { // what goes to a room leaves the robot there
		if list := c.bound[name]; len(list) > 0 && list[0].room && name != "R" {
			s.touchAll(c)
			s.here = "near " + list[0].name
		}
	}
	s.touchAll(c)
	if to := slices.Concat(c.bound["Y"], c.bound["T"], c.bound["F"]); len(to) > 0 && !decompose.Skills().Is(to[0].kinds, "item") {
		s.here = to[0].place
	} else if x := c.bound["X"]; len(x) > 0 && !decompose.Skills().Is(x[0].kinds, "item") {
		s.here = x[0].place
	}
	for _, n := range c.rule.needs {
		for _, o := range s.objects {
			if n.kind != "support" && o.is(n.kind) {
				s.touch(o)
			}
		}
		s.needed = append(s.needed, n.kind)
	}
	if i := slices.IndexFunc(c.rule.needs, func(n need) bool { return n.kind == "support" }); i >= 0 {
		on := s.support(c)
		if on == nil {
			return s.fault(c.at, c.end, "the %s is in something", c.bound["Y"][0].name)
		}
		c.bound[c.rule.needs[i].slot] = []*object{on}
	}
	xs := c.bound["X"]
	if len(xs) == 0 {
		xs = []*object{nil}
	}
	if c.rule.pair {
		for i := range len(xs) - 1 {
			s.plan(number, c, xs[i+1], []decompose.Literal{{Name: "on", Args: []string{xs[i+1].name, xs[i].name}}})
		}
		return nil
	}
	for _, x := range xs {
		var goal []decompose.Literal
		for _, l := range c.rule.goal {
			goal = append(goal, bind(l, c, x))
		}
		goal = append(goal, c.goal...)
		for _, l := range c.near {
			if x == nil || l.Args[0] == x.name {
				goal = append(goal, l)
			}
		}
		if c.tidy != "" {
			for _, l := range c.goal {
				for _, o := range s.objects {
					if slices.Contains(l.Args, o.name) {
						s.touch(o)
					}
				}
				s.plan(number, c, nil, []decompose.Literal{l})
			}
			break
		}
		s.plan(number, c, x, goal)
	}
	return nil
}

// saidAtStart tells whether a thing was called so where it was named first, and nothing has changed it.
func (s *setter) saidAtStart(l decompose.Literal) bool {
	_, changed := s.holds[l.Atom()]
	return !changed && slices.ContainsFunc(s.objects, func(o *object) bool {
		return o.name == l.Args[0] && slices.ContainsFunc(o.states, l.Equal)
	})
}

func (s *setter) touchAll(c *understood) {
	for _, sl := range c.slots {
		for _, o := range c.bound[sl.name] {
			s.touch(o)
		}
	}
	for _, list := range c.bound {
		for _, o := range list {
			s.touch(o)
		}
	}
}

// support is what a thing stands on beside another; nil where that is in something.
func (s *setter) support(c *understood) *object {
	if y := c.bound["Y"]; len(y) > 0 {
		loc := y[0].loc
		if now := s.now[y[0].name]; now != nil {
			loc = now
		}
		if loc != nil && loc.Name == "in" {
			return nil
		}
		if loc != nil && loc.Name == "on" {
			for _, o := range s.objects {
				if o.name == loc.Args[1] {
					return o
				}
			}
		}
	}
	return s.workspace(s.here)
}

// granted notes a literal that a clause says, or takes for granted, of the start.
func (s *setter) granted(c *understood, l decompose.Literal, was bool, before map[*object]bool) error {
	xs := []*object{nil}
	if slices.Contains(l.Args, "X") {
		xs = c.bound["X"]
	}
	for _, x := range xs {
		g := bind(l, c, x)
		first := x
		if first == nil {
			first = c.bound[l.Args[0]][0]
		}
		if was {
			if s.handled(first, g.Name, before[first]) {
				continue
			}
			if g.Name == "holding" {
				s.touch(first)
				if first.loc == nil {
					first.loc = &g
				}
				continue
			}
			s.said = append(s.said, g)
			continue
		}
		if g.Name == "there" {
			r := c.bound[l.Args[1]][0]
			s.touch(r)
			if before[x] {
				return s.fault(c.at, c.end, "only now is it said where the %s is", x.name)
			}
			x.touched, x.place = true, r.place
			continue
		}
		if item(g) != "" && !g.Not {
			if err := s.located(c, g, before); err != nil {
				return err
			}
			continue
		}
		if left, ok := s.holds[g.Atom()]; ok && left != g.Not {
			continue // by a clause before
		}
		if g.Not && !slices.ContainsFunc(s.said, g.Equal) && slices.ContainsFunc(c.rule.start, func(m decompose.Literal) bool {
			return item(m) != "" && s.now[item(bind(m, c, x))] != nil
		}) {
			continue // the hole was not full, then something was put into it
		}
		if !slices.ContainsFunc(s.said, g.Equal) {
			s.said = append(s.said, g)
		}
	}
	return nil
}

// handled tells whether something before in the task bears on whether a predicate holds of a thing.
func (s *setter) handled(o *object, predicate string, before bool) bool {
	if predicate == "holding" || predicate == "near" {
		return before
	}
	for _, e := range s.planned {
		for _, l := range e.goal {
			if (l.Name == predicate || l.Name == "in" && predicate == "is-open") && slices.Contains(l.Args, o.name) {
				return true
			}
		}
	}
	inside := slices.ContainsFunc(s.objects, func(x *object) bool {
		return x.loc != nil && x.loc.Name == "in" && x.loc.Args[1] == o.name && predicate == "is-open"
	})
	return inside || s.says(o, predicate) || slices.ContainsFunc(s.needed, func(kind string) bool { return o.is(kind) })
}

// says tells whether a phrase has said of a thing whether a predicate holds of it.
func (s *setter) says(o *object, predicate string) bool {
	return slices.ContainsFunc(o.states, func(l decompose.Literal) bool { return l.Name == predicate })
}

// item is what a literal about a place speaks of.
func item(l decompose.Literal) string {
	if l.Name == "there" {
		return l.Args[0]
	}
	return l.Placed()
}

// located notes where a thing was at the start, unless a clause before has put it there.
func (s *setter) located(c *understood, g decompose.Literal, before map[*object]bool) error {
	var x, y *object
	for _, o := range s.objects {
		if o.name == item(g) {
			x = o
		} else if slices.Contains(g.Args, o.name) {
			y = o
		}
	}
	if x == nil || y == nil {
		return s.fault(c.at, c.end, "where is that?")
	}
	if now := s.now[x.name]; now != nil {
		if !now.Equal(g) {
			return s.fault(c.at, c.end, "the %s is not there by then", x.name)
		}
		return nil
	}
	s.touch(y)
	if !before[x] && x.where == nil {
		x.where, x.how = y, "by"
		s.touch(x)
		x.loc = &g
		return nil
	}
	s.touch(x)
	if x.loc == nil || !x.loc.Equal(g) {
		return s.fault(c.at, c.end, "the %s was somewhere else", x.name)
	}
	return nil
}

// plan adds an event.
func (s *setter) plan(number int, c *understood, x *object, goal []decompose.Literal) {
	var words []string
	for _, w := range s.words[c.at:c.end] {
		words = append(words, w.said)
	}
	e := planned{Event: decompose.Event{Text: strings.Join(words, " "), Soft: c.state, Without: c.rule.without, Loose: c.rule.loose}, clause: number, goal: goal, here: s.here}
	e.Goal = texts(goal)
	if c.rule.by != nil {
		e.By = bind(*c.rule.by, c, x).String()
	}
	for i, earlier := range s.planned {
		said := slices.Contains(c.said, earlier.clause)
		if said {
			e.Said = append(e.Said, i)
		}
		if said || slices.ContainsFunc(goal, func(l decompose.Literal) bool {
			return slices.ContainsFunc(earlier.goal, func(m decompose.Literal) bool { return l.Opposes(m) })
		}) {
			e.After = append(e.After, i)
		}
	}
	for _, l := range goal {
		s.holds[l.Atom()] = !l.Not
		if item(l) != "" {
			if !l.Not {
				s.now[item(l)] = &l
			} else if s.now[item(l)] == nil || s.now[item(l)].Equal(l.Negated()) {
				s.now[item(l)] = &decompose.Literal{Name: "holding", Args: []string{item(l)}}
			}
		}
		if l.Name == "contains" {
			s.pour(l)
		}
	}
	s.planned = append(s.planned, e)
}

// pour notes what a vessel holds from now on.
func (s *setter) pour(l decompose.Literal) {
	for _, o := range s.objects {
		for _, liquid := range s.objects {
			if o.name == l.Args[0] && liquid.name == l.Args[1] && !l.Not && o.of == nil {
				s.said = append(s.said, l.Negated())
				o.of = liquid
			}
		}
	}
}
