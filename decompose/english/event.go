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
	if err := s.possible(c); err != nil {
		return err
	}
	if c.verb == "leave" || c.verb == "keep" {
		for _, x := range c.bound["X"] {
			if now := s.now[x.name]; now != nil && now.Name != "holding" && slices.ContainsFunc(c.wants(x), func(l decompose.Literal) bool { return l.Placed() == x.name && !l.Equal(*now) }) {
				return s.fault(c.at, c.end, "the %s is somewhere else by then", x.name)
			}
		}
	}
	if c.goes() {
		s.arrive(number, c)
		return nil
	}
	if x := c.bound["X"]; len(x) == 1 && len(c.rule.goal) == 1 && c.rule.goal[0].Name == "holding" && len(c.goal) == 0 && len(c.rule.start) == 0 {
		if now := s.now[x[0].name]; now != nil && now.Name == "holding" { // pick it up and carry it
			s.touchAll(c)
			return nil
		}
	}
	for _, l := range slices.Concat(c.rule.start, c.rule.was) {
		if err := s.granted(c, l, slices.ContainsFunc(c.rule.was, l.Equal), before); err != nil {
			return err
		}
	}
	s.whereabouts(c)
	s.stacked(c)
	if err := s.use(c); err != nil {
		return err
	}
	switch xs := c.bound["X"]; {
	case c.rule.pair != "":
		for i := range len(xs) - 1 {
			if on := (decompose.Literal{Name: "on", Args: []string{xs[i+1].name, xs[i].name}}); c.rule.pair == "apart" {
				s.plan(number, c, xs[i+1], []decompose.Literal{on.Negated()})
				continue
			}
			s.plan(number, c, xs[i+1], []decompose.Literal{{Name: c.rule.pair, Args: []string{xs[i+1].name, xs[i].name}}})
		}
	case c.tidy != "":
		s.tidyUp(number, c)
	case len(xs) == 0:
		s.plan(number, c, nil, c.wants(nil))
	default:
		for _, x := range xs {
			s.plan(number, c, x, c.wants(x))
		}
	}
	return nil
}

// stacked notes that things that are to be taken apart stand on each other.
func (s *setter) stacked(c *understood) {
	xs := c.bound["X"]
	for i := 1; i < len(xs) && c.rule.pair == "apart"; i++ {
		xs[i].loc = &decompose.Literal{Name: "on", Args: []string{xs[i].name, xs[i-1].name}}
		s.said = append(s.said, decompose.Literal{Not: true, Name: "clear", Args: []string{xs[i-1].name}})
	}
}

// possible checks what a clause says of things by then, and that the gripper's motions go to no other place.
func (s *setter) possible(c *understood) error {
	for _, l := range c.known {
		now := s.now[l.Args[0]]
		if left, ok := s.holds[l.Atom()]; !(ok && left != l.Not) && !(now != nil && now.Equal(l)) && !s.saidAtStart(l) {
			return s.fault(c.at, c.end, "is the %s %s by then?", l.Args[0], strings.ReplaceAll(l.Name, "-", " "))
		}
	}
	if s.request.Library != decompose.Motions() {
		return nil
	}
	elsewhere := slices.ContainsFunc(c.slots, func(sl slot) bool {
		return slices.ContainsFunc(c.bound[sl.name], func(o *object) bool { return o.room })
	})
	if elsewhere || c.goes() {
		return s.fault(c.at, c.end, "a task of the gripper's motions goes to no other place")
	}
	return nil
}

// goes tells whether a clause only goes somewhere.
func (c *understood) goes() bool { return len(c.rule.goal) == 1 && c.rule.goal[0].Name == "near-by" }

func (s *setter) arrive(number int, c *understood) {
	if y := c.bound["Y"][0]; !y.touched {
		y.touched, y.place = true, "near "+y.name
	}
	s.here = c.bound["Y"][0].place
	s.plan(number, c, nil, []decompose.Literal{{Name: "at", Args: []string{s.here}}})
}

// whereabouts notes where the robot is once a clause has been done: what goes to a room leaves it there.
func (s *setter) whereabouts(c *understood) {
	for _, name := range []string{"Y", "T"} {
		if list := c.bound[name]; len(list) > 0 && list[0].room {
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
}

// use notes what a clause needs and does not name, and what things stand on beside others.
func (s *setter) use(c *understood) error {
	for _, n := range c.rule.needs {
		for _, o := range s.objects {
			if n.kind != "support" && o.is(n.kind) {
				s.touch(o)
			}
		}
		s.needed = append(s.needed, n.kind)
		if n.kind != "support" {
			continue
		}
		on := s.support(c)
		if on == nil {
			return s.fault(c.at, c.end, "the %s is in something", c.bound["Y"][0].name)
		}
		c.bound[n.slot] = []*object{on}
		if by := c.rule.by; by != nil {
			for _, slot := range by.Args[1:] { // there is room around it
				s.adjoin(on, c.bound[slot][0])
			}
		}
	}
	for _, l := range c.near {
		for _, o := range s.objects {
			if o.name == l.Args[1] {
				s.adjoin(c.bound["Y"][0], o)
			}
		}
	}
	return nil
}

// adjoin takes it that there is room on a surface around a thing.
func (s *setter) adjoin(on, o *object) {
	if l := (decompose.Literal{Name: "adjoins", Args: []string{on.name, o.name}}); !slices.ContainsFunc(s.said, l.Equal) {
		s.said = append(s.said, l)
	}
}

// tidyUp asks for each thing to be where it belongs.
func (s *setter) tidyUp(number int, c *understood) {
	for _, l := range c.goal {
		for _, o := range s.objects {
			if slices.Contains(l.Args, o.name) {
				s.touch(o)
			}
		}
		s.plan(number, c, nil, []decompose.Literal{l})
	}
}

// wants is what a clause asks for, of one of its things.
func (c *understood) wants(x *object) (goal []decompose.Literal) {
	for _, l := range c.rule.goal {
		goal = append(goal, bind(l, c, x))
	}
	goal = append(goal, c.goal...)
	for _, l := range c.near {
		if x == nil || l.Args[0] == x.name {
			goal = append(goal, l)
		}
	}
	return goal
}

// never is what no step may bring about where a clause is not to be done to a thing; what is held is lifted and moved.
func (c *understood) never(x *object) []string {
	l := bind(c.rule.goal[0], c, x)
	if slices.Contains([]string{"lifted", "moved", "pushed", "pulled", "slid"}, l.Name) {
		return []string{l.String(), decompose.Literal{Name: "holding", Args: []string{x.name}}.String()}
	}
	return []string{l.String()}
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
	if r := c.bound["R"]; slices.ContainsFunc(c.rule.goal, decompose.Literal{Name: "moved", Args: []string{"X", "R"}}.Equal) { // out there
		s.touch(r[0])
		return s.workspace(r[0].place)
	}
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

// plan adds an event.
func (s *setter) plan(number int, c *understood, x *object, goal []decompose.Literal) {
	var words []string
	for _, w := range s.words[c.at:c.end] {
		words = append(words, w.said)
	}
	e := planned{Event: decompose.Event{Text: strings.Join(words, " "), Soft: c.state, Without: c.rule.without, Loose: c.rule.loose}, clause: number, stays: c.stays, goal: goal, here: s.here}
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
