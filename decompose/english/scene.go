package english

import (
	"cmp"
	"slices"
	"strings"

	"github.com/egotsr/egotsr/decompose"
)

// build makes a request of the pieces of a sentence.
func (b *builder) build(pieces []piece) (*decompose.Request, error) {
	if !slices.ContainsFunc(pieces, func(pc piece) bool { return !pc.readings[0].told }) {
		return nil, b.fault(0, len(b.words), "it asks for nothing")
	}
	for _, pc := range pieces {
		if err := b.understand(pc); err != nil {
			return nil, err
		}
	}
	b.inside()
	b.furnish()
	if err := b.spare(); err != nil {
		return nil, err
	}
	order(pieces, b.clauses)
	narrated(b.clauses, b.untied)
	s := &setter{builder: b, here: "here", holds: map[string]bool{}, now: map[string]*decompose.Literal{}, placed: map[string]*object{}}
	sorted := topological(b.clauses)
	if sorted == nil {
		return nil, b.fault(0, len(b.words), "the order that it asks for runs in a circle")
	}
	for _, i := range sorted {
		if err := s.events(i); err != nil {
			return nil, err
		}
	}
	return s.finish()
}

// understand finds the things of a clause, and what it needs beside them.
func (b *builder) understand(pc piece) error {
	r, err := b.choose(pc.readings)
	if err != nil {
		return err
	}
	if r.rule != nil && r.rule.motions {
		b.request.Library = decompose.Motions()
	}
	if r.never {
		b.spared = append(b.spared, r.slots[0].list[0])
		r.slots = nil
	}
	if err := b.elsewhere(r); err != nil {
		return err
	}
	c, err := b.commit(r)
	if err != nil {
		return err
	}
	b.backOn(c)
	b.inHand(c)
	b.within(c)
	b.inPlace(c)
	b.drawn(c)
	for _, words := range [][]word{r.manner, pc.aside} {
		if r.supposes && len(words) > 0 {
			b.assume(`"` + b.quoted(words) + `" is so`)
		} else if r.awaits && len(words) > 0 {
			b.assume(`"` + b.quoted(words) + `" comes about by itself`)
		} else if len(words) > 0 {
			b.say(words)
			b.assume(b.said[len(b.said)-1])
		}
	}
	if pc.means {
		if err := b.another(c); err != nil {
			return err
		}
	}
	if r.rule == nil {
		c.rule, err = b.untidy(c)
		return err
	}
	if r.forbids {
		return nil
	}
	return b.require(c)
}

// elsewhere wants what something is not to be done to named before: a door that is named nowhere else may be that of the fridge.
func (b *builder) elsewhere(r reading) error {
	if !r.forbids || b.text(r.at) != "without" {
		return nil
	}
	for _, m := range r.slots[0].list {
		if o, err := b.find(m); err != nil || m.pronoun == "" && o == nil {
			return cmp.Or(err, b.fault(r.at, m.end, "the %s is named nowhere else", m.said))
		}
	}
	return nil
}

// backOn puts a lid that was taken off something back on that: nothing else is closed by it. What is put back where it was taken from is
// away from there for all that is done in between.
func (b *builder) backOn(c *understood) {
	x := c.bound["X"]
	if c.rule == nil || len(x) != 1 {
		return
	}
	last := len(b.clauses) - 1
	if len(c.rule.needs) == 1 && c.rule.needs[0].name == "where it was" {
		for _, earlier := range slices.Backward(b.clauses[:last]) {
			y := earlier.bound["Y"]
			if earlier.rule == nil || !slices.Contains(earlier.bound["X"], x[0]) || len(y) != 1 || len(earlier.rule.start) == 0 {
				continue
			}
			if was := earlier.rule.start[0]; was.Placed() == "X" && len(was.Args) == 2 && was.Args[1] == "Y" {
				c.rule, c.bound["Y"] = &saying{goal: []decompose.Literal{was}}, y
				break
			}
		}
	}
	lid := x[0].noun.name == "lid" && slices.ContainsFunc(c.rule.goal, decompose.Literal{Not: true, Name: "is-open", Args: []string{"X"}}.Equal)
	for at, earlier := range b.clauses[:last] {
		y := earlier.bound["Y"]
		if earlier.rule == nil || !takes(earlier.rule) || !slices.Contains(earlier.bound["X"], x[0]) || len(y) != 1 || !lid && !slices.Equal(y, c.bound["Y"]) {
			continue
		}
		if lid && b.become(y[0], "surface") {
			c.rule, c.bound["Y"] = &saying{goal: []decompose.Literal{{Name: "on", Args: []string{"X", "Y"}}}}, y
		}
		earlier.stays = last > at+1
		for i := at; i < last; i++ {
			if c.said = append(c.said, i); i > at {
				b.clauses[i].said = append(b.clauses[i].said, at)
			}
		}
		return
	}
}

// inHand makes a putting of "slide it into the oven", where it is in the hand.
func (b *builder) inHand(c *understood) {
	n := len(b.past) - 2
	x, t := c.bound["X"], c.bound["T"]
	if n < 0 || c.rule == nil || len(x) != 1 || len(t) != 1 || b.past[n].taken != x[0] || len(c.rule.goal) != 1 || !moves(c.rule.goal[0]) {
		return
	}
	s := b.slot(c, "T")
	if s == nil {
		return
	}
	for how, kind := range map[string]string{"in": "container", "on": "surface"} {
		if w := b.text(s.list[0].at - 1); (w == how || w == how+"to") && !t[0].is("spot") && b.become(t[0], kind) {
			c.rule, c.bound["Y"] = &saying{goal: []decompose.Literal{{Name: how, Args: []string{"X", "Y"}}}}, t
		}
	}
}

// require supplies what a clause needs and does not name.
func (b *builder) require(c *understood) error {
	r := c.rule
	for _, n := range r.needs {
		// what the goal or the start speaks of is needed now; of tools, later clauses may name one
		about := func(l decompose.Literal) bool { return slices.Contains(l.Args, n.slot) }
		if n.kind == "support" {
			continue
		}
		if v := c.bound["V"]; n.kind == "tap-water" && len(v) == 1 && b.meantFor(v[0]) {
			return b.fault(c.at, c.end, "with what?")
		}
		if slices.ContainsFunc(r.goal, about) || r.by != nil && about(*r.by) || slices.ContainsFunc(r.start, about) || slices.ContainsFunc(r.was, about) {
			o, err := b.supply(c, n)
			if err != nil {
				return err
			}
			c.bound[n.slot] = []*object{o}
		} else {
			b.needs = append(b.needs, n)
		}
	}
	return nil
}

// meantFor tells whether a vessel is called by what it is for, and that is not water: a salt shaker.
func (b *builder) meantFor(v *object) bool {
	return slices.ContainsFunc(strings.Fields(v.name), func(w string) bool {
		n := b.nouns[w]
		e, _ := look(w)
		stuff := e.kind != 0 && strings.IndexByte("BFR", e.kind) >= 0 || n != nil && fitsKind(n.kinds, "liquid/food")
		return w != "water" && w != v.noun.name && stuff && !b.modifiers[w] && (n == nil || !fitsKind(n.kinds, "vessel"))
	})
}

// inside takes what is got right after something was opened to be in there: "open the fridge and get the milk".
func (b *builder) inside() {
	for i := 1; i < len(b.clauses); i++ {
		c, opened := b.clauses[i], b.clauses[i-1]
		if c.rule == nil || opened.rule == nil || len(opened.bound["X"]) != 1 || !slices.Contains([]string{"get", "take", "grab", "fetch", "retrieve", "remove"}, c.verb) || !takes(c.rule) {
			continue
		}
		from := opened.bound["X"][0]
		if !from.is("container") || !slices.ContainsFunc(opened.rule.goal, decompose.Literal{Name: "is-open", Args: []string{"X"}}.Equal) {
			continue
		}
		for _, x := range c.bound["X"] {
			before := slices.ContainsFunc(b.past[:i], func(p past) bool { return slices.Contains(p.objects, x) })
			back := slices.ContainsFunc(b.clauses[i:], func(c *understood) bool {
				return slices.ContainsFunc(c.slots, func(s slot) bool { return s.name != "X" && slices.Contains(c.bound[s.name], from) })
			})
			if x.where == nil && !before && !back && x.is("item") && x != from {
				x.where, x.how = from, "in"
				b.assume("the " + x.name + " is in the " + from.name)
			}
		}
	}
}

// another refuses a way of doing something that is not the one that the skill for it takes: no key locks by being turned without one.
func (b *builder) another(c *understood) error {
	if len(b.clauses) < 2 {
		return nil
	}
	done := b.clauses[len(b.clauses)-2]
	for _, n := range done.rule.needs {
		if o := done.bound[n.slot]; n.kind != "support" && len(o) == 1 && !slices.ContainsFunc(c.slots, func(s slot) bool { return slices.Contains(c.bound[s.name], o[0]) }) {
			return b.fault(c.at, c.end, "is no way that is known: it takes a %s", o[0].name)
		}
	}
	return nil
}

// spare refuses a sentence that asks for something to be left alone and yet speaks of a thing of that sort elsewhere.
func (b *builder) spare() error {
	for _, m := range b.spared {
		for _, o := range b.objects {
			if o.noun.name == m.noun.name && (m.bare || o.bare || o.name == m.said) {
				return b.fault(m.at, m.end, "is to be left alone, and the %s is needed", o.name)
			}
		}
		b.assume("the " + m.said + " is left alone")
	}
	return nil
}

// untidy adds what is taken to be on a thing that is to be tidied.
func (b *builder) untidy(c *understood) (*saying, error) {
	on := c.bound["X"][0]
	r := &saying{}
	for _, t := range b.tidy[c.tidy] {
		x, y := b.usual(t.noun), b.usual(t.place)
		if x.where != nil || slices.ContainsFunc(b.past[:len(b.past)-1], func(p past) bool { return slices.Contains(p.objects, x) }) {
			return nil, b.fault(c.at, c.end, "what is there, beside the %s?", x.name)
		}
		x.where, x.how = on, "on"
		b.assume("the " + x.name + " is on the " + on.name)
		c.goal = append(c.goal, decompose.Literal{Name: t.preposition, Args: []string{x.name, y.name}})
	}
	return r, nil
}

func (b *builder) usual(name string) *object {
	for _, o := range b.objects {
		if o.noun.name == name {
			return o
		}
	}
	return b.add(name, b.nouns[name])
}
