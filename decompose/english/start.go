package english

import (
	"slices"
	"strings"

	"github.com/egotsr/egotsr/decompose"
)

// setter goes through the clauses in the order that they are asked for, and finds out what the start must have been.
type setter struct {
	*builder
	here    string
	holds   map[string]bool               // the atoms that the clauses so far spoke of, and how they left them
	now     map[string]*decompose.Literal // where they left things
	said    []decompose.Literal           // of the start
	needed  []string                      // kinds of things used and not named
	planned []planned
	placed  map[string]*object // workspaces
}

// planned is an event in the making.
type planned struct {
	decompose.Event
	clause int
	stays  bool
	goal   []decompose.Literal
	here   string
}

func (s *setter) touch(o *object) {
	if o.touched {
		return
	}
	o.touched = true
	if o.where != nil {
		s.touch(o.where)
	}
	switch {
	case o.room:
		o.place = "near " + o.name
	case o.where != nil:
		o.place = o.where.place
	case o.name == "user":
		o.place = "here"
	default:
		o.place = s.here
	}
	switch {
	case o.how == "at" && decompose.Skills().Is(o.kinds, "item"): // a container that stands in another and can be reached
		o.loc = &decompose.Literal{Name: "on", Args: []string{o.name, o.where.name}}
	case o.where != nil && (o.how == "on" || o.how == "in"):
		o.loc = &decompose.Literal{Name: o.how, Args: []string{o.name, o.where.name}}
	case slices.ContainsFunc(o.states, func(l decompose.Literal) bool { return l.Name == "holding" }):
		o.loc = &decompose.Literal{Name: "holding", Args: []string{o.name}}
	}
}

// workspace is what things stand on where nothing else is said.
func (s *setter) workspace(place string) *object {
	o := s.placed[place]
	if o == nil {
		name := strings.TrimPrefix(strings.TrimPrefix(place, "here"), "near ") + " workspace"
		o = s.add(strings.TrimSpace(name), &noun{name: "workspace", kinds: "surface"})
		o.touched, o.place = true, place
		s.placed[place] = o
	}
	return o
}

// bind replaces slots by things, X by one of several.
func bind(l decompose.Literal, c *understood, x *object) decompose.Literal {
	return l.With(func(slot string) string {
		if slot == "X" && x != nil {
			return x.name
		}
		if list := c.bound[slot]; len(list) > 0 {
			return list[0].name
		}
		return slot
	})
}

// finish writes down the start, and what holds at the end.
func (s *setter) finish() (*decompose.Request, error) {
	r := s.request
	pr := &decompose.Problem{Objects: map[string]string{}, Text: r.Text}
	for _, o := range s.objects {
		s.touch(o)
	}
	for _, e := range s.planned {
		s.workspace(e.here) // a place to put down what is in the way
	}
	skills := r.Library == decompose.Skills()
	var start []decompose.Literal
	free := true
	for i := 0; i < len(s.objects); i++ { // workspaces are added as they are needed
		o := s.objects[i]
		start = append(start, s.facts(o, pr, skills)...)
		free = free && (o.loc == nil || o.loc.Name != "holding")
	}
	for _, l := range s.said {
		if !slices.ContainsFunc(start, l.Equal) {
			start = append(start, l)
		}
	}
	near := slices.ContainsFunc(s.said, func(l decompose.Literal) bool { return l.Name == "near" })
	if free {
		start = append(start, decompose.Literal{Name: "hand-empty"})
	}
	if skills {
		pr.Objects["here"] = "place"
		start = append(start, decompose.Literal{Name: "at", Args: []string{"here"}})
	} else if free && !near {
		start = append(start, decompose.Literal{Name: "away"})
	}
	final := s.outcome()
	if err := s.kept(); err != nil {
		return nil, err
	}
	for _, c := range s.clauses {
		if !c.forbids {
			continue
		}
		for _, x := range c.bound["X"] {
			if slices.ContainsFunc(c.wants(x), func(l decompose.Literal) bool { return slices.ContainsFunc(final, l.Equal) }) {
				return nil, s.fault(c.at, c.end, "is not to be done, and is")
			}
			r.Never = append(r.Never, c.never(x)...)
		}
	}
	pr.Start, pr.Goal = texts(start), texts(final)
	r.Problem = pr
	if round := circle(final); round != "" {
		return nil, s.fault(0, len(s.words), "the %s would be on or in itself", round)
	}
	return r, nil
}

// kept refuses what is done to a thing that the words leave where it is, in another, and that has to be taken out for it: "turn the key in the
// lock" takes no key out.
func (s *setter) kept() error {
	for _, c := range s.clauses {
		for _, x := range c.bound["X"] {
			there := c.told || c.rule.by != nil && slices.Contains([]string{"heat", "heat-in", "flip-in", "cool"}, c.rule.by.Name)
			if there || x.loc == nil || x.loc.Name != "in" || x.how != "in" {
				continue
			}
			moved := slices.ContainsFunc(s.planned, func(e planned) bool {
				return slices.ContainsFunc(e.goal, func(l decompose.Literal) bool {
					return placed(l) == x.name || l.Args[0] == x.name && slices.Contains([]string{"lifted", "moved", "hot", "cold", "rinsed", "swept", "slid", "pushed", "pulled", "swapped"}, l.Name)
				})
			})
			if !moved {
				return s.fault(c.at, c.end, "it is in the %s, and would have to be taken out for that", x.loc.Args[1])
			}
		}
	}
	return nil
}

// facts adds a thing to a problem, and lists what holds of it at the start.
func (s *setter) facts(o *object, pr *decompose.Problem, skills bool) (start []decompose.Literal) {
	fact := func(name string, args ...string) { start = append(start, decompose.Literal{Name: name, Args: args}) }
	is := func(kind string) bool { return decompose.Skills().Is(o.kinds, kind) }
	if pr.Objects[o.name] = o.kinds; o.room {
		pr.Objects[o.name] = "thing"
	}
	if o.loc == nil && is("item") {
		o.loc = &decompose.Literal{Name: "on", Args: []string{o.name, s.workspace(o.place).name}}
	}
	carried := false
	if o.loc != nil {
		start = append(start, *o.loc)
		carried = o.loc.Name == "in" || o.loc.Name == "has" || o.loc.Name == "holding"
	}
	if skills {
		pr.Objects[o.place] = "place"
		if is("thing") && !carried || o.room {
			fact("located", o.name, o.place)
		}
	}
	if o.of != nil && !slices.ContainsFunc(s.said, decompose.Literal{Not: true, Name: "contains", Args: []string{o.name, o.of.name}}.Equal) {
		fact("contains", o.name, o.of.name)
	}
	for _, l := range o.states {
		if l.Name != "holding" {
			start = append(start, l)
		}
	}
	open := slices.ContainsFunc(strings.Fields(o.kinds), func(k string) bool { return s.open[k] })
	said := func(l decompose.Literal) bool { return l.Name == "is-open" && l.Args[0] == o.name }
	if open && !s.says(o, "is-open") && !slices.ContainsFunc(s.said, said) {
		fact("is-open", o.name)
	}
	return start
}

// outcome is what holds at the end: what was asked for, and not undone by what is asked for later.
func (s *setter) outcome() (final []decompose.Literal) {
	for i := range s.planned {
		e := &s.planned[i]
		if e.Loose && i < len(s.planned)-1 {
			continue
		}
		for _, l := range e.goal {
			gone := func(m decompose.Literal) bool {
				taken := m.Name == "holding" && !l.Not && (placed(l) == m.Args[0] || moves(l) && l.Args[0] == m.Args[0])
				return taken || l.Opposes(m) || m.Fleeting() || m.Name == "at" && s.planned[i].here != strings.Join(m.Args, "")
			}
			for j := range s.planned[:i] {
				f := &s.planned[j]
				f.Loose = f.Loose || moves(l) && len(f.goal) == 1 && f.goal[0].Name == "holding" && f.goal[0].Args[0] == l.Args[0]
				if !f.stays && !s.began(l) && len(f.goal) == 1 && placed(l) != "" && !l.Not && f.goal[0].Placed() == placed(l) && (f.goal[0].Name == "holding" || f.goal[0].Not) {
					f.Passing = true
				}
			}
			if final = slices.DeleteFunc(final, gone); !slices.ContainsFunc(final, l.Equal) {
				final = append(final, l)
			}
		}
	}
	for _, e := range s.planned {
		s.request.Events = append(s.request.Events, e.Event)
	}
	return final
}

// began tells whether a literal held of where a thing is at the start.
func (s *setter) began(l decompose.Literal) bool {
	return slices.ContainsFunc(s.objects, func(o *object) bool { return o.loc != nil && o.loc.Equal(l) })
}

// moves tells whether a literal is that something was moved where it stands, with an empty hand.
func moves(l decompose.Literal) bool {
	return !l.Not && slices.Contains([]string{"pushed", "pulled", "slid", "swept"}, l.Name)
}

// placed is what leaves the hand where a literal comes about.
func placed(l decompose.Literal) string {
	if l.Name == "attached" {
		return l.Args[0]
	}
	return l.Placed()
}

func texts(literals []decompose.Literal) []string {
	out := make([]string, len(literals))
	for i, l := range literals {
		out[i] = l.String()
	}
	return out
}

// circle finds a thing that goals would put on itself.
func circle(goals []decompose.Literal) string {
	below := map[string]string{}
	for _, l := range goals {
		if (l.Name == "on" || l.Name == "in") && !l.Not {
			below[l.Args[0]] = l.Args[1]
		}
	}
	for thing := range below {
		for at, n := below[thing], 0; at != "" && n <= len(below); n++ {
			if at == thing {
				return thing
			}
			at = below[at]
		}
	}
	return ""
}
