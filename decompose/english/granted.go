package english

import (
	"slices"

	"github.com/egotsr/egotsr/decompose"
)

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
			if l.Name == predicate && slices.Contains(l.Args, o.name) || l.Name == "in" && predicate == "is-open" && l.Args[1] == o.name {
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
		if now.Equal(g) {
			return nil
		}
		if now.Name == "holding" && x.loc == nil && x.where == nil { // "grasp the block and lift it from the tray"
			s.touch(y)
			x.loc = &g
			c.rule = &saying{goal: []decompose.Literal{{Name: "lifted", Args: []string{"X"}}}}
			return nil
		}
		return s.fault(c.at, c.end, "the %s is not there by then", x.name)
	}
	s.touch(y)
	done := slices.ContainsFunc(s.planned, func(e planned) bool {
		return slices.ContainsFunc(e.goal, func(l decompose.Literal) bool { return slices.Contains(l.Args, x.name) && l.Name != "is-open" })
	})
	if x.where == nil && (!before[x] || x.loc == nil && !done) {
		x.touched = false
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
