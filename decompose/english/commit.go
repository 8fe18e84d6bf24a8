package english

import (
	"slices"
	"strings"

	"github.com/egotsr/egotsr/decompose"
)

// commit finds or makes the things of a reading.
func (b *builder) commit(r reading) (*understood, error) {
	c := &understood{reading: r, bound: map[string][]*object{}}
	named := b.named(r)
	b.content = r.ofContent()
	for _, pronoun := range []bool{false, true} { // so that pronouns can rule out what is named beside them
		for _, s := range r.slots {
			for _, m := range b.together(c, s) {
				if (m.pronoun != "") != pronoun {
					continue
				}
				if err := b.bindTo(c, s, m, named); err != nil {
					return nil, err
				}
				if pronoun {
					named = append(named, c.bound[s.name]...) // put it beside it
				}
			}
		}
	}
	for _, s := range c.slots {
		if s.name != "X" && s.name != "D" && len(c.bound[s.name]) > 1 {
			return nil, b.fault(s.list[0].at, s.list[len(s.list)-1].end, "is more than one thing")
		}
	}
	if err := b.near(c); err != nil {
		return nil, err
	}
	if c.rule != nil && c.rule.pair != "" && len(c.bound["X"]) < 2 {
		return nil, b.fault(c.at, c.end, "%s it with what?", c.verb)
	}
	if err := b.distinct(c); err != nil {
		return nil, err
	}
	b.past = append(b.past, b.spokenOf(c))
	b.clauses = append(b.clauses, c)
	return c, nil
}

// together makes one mention of things that are told apart by labels and share what a clause does: the dye goes into wells A1 and A2.
func (b *builder) together(c *understood, s slot) []*mention {
	first, last := s.list[0], s.list[len(s.list)-1]
	if s.name == "X" || len(s.list) < 2 || !b.shares(c) || slices.ContainsFunc(s.list, func(m *mention) bool {
		return m.noun == nil || m.noun.name != first.noun.name || !label(b.text(m.end-1))
	}) {
		return s.list
	}
	one := *first
	one.plural, one.end, one.said = true, last.end, b.joinedFrom(first.end-2, last.end)
	return []*mention{&one}
}

// bindTo finds what one mention stands for.
func (b *builder) bindTo(c *understood, s slot, m *mention, named []*object) error {
	b.asks = s.name == "X" && (c.rule == nil || !slices.ContainsFunc(c.rule.goal, func(l decompose.Literal) bool { return l.Name == "has" }))
	b.reached = s.name == "Y" || s.name == "X" && c.rule != nil && slices.ContainsFunc(c.rule.goal, func(l decompose.Literal) bool { return slices.Contains(inPlace, l.Name) })
	if s.name == "Y" && s.kind == "spot" && m.count > 1 { // both ends of the sofa are one place to put something
		one := *m
		one.count = 0
		m = &one
	}
	if several := s.name != "X" && m.count > 1 && m.noun != nil && (s.name == "D" || b.shares(c) || c.rule != nil && len(c.rule.goal) > 0 && c.rule.goal[0].Name == "spread-on"); several { // sort the socks into two baskets
		one := *m
		one.count, one.plural, one.said = 0, true, b.words[m.end-1].text
		m = &one
	}
	found, err := b.meant(c, s, m, named)
	if err != nil {
		return err
	}
	for _, o := range found {
		if s.name == "X" && c.rule != nil && slices.ContainsFunc(c.rule.goal, func(l decompose.Literal) bool { return l.Placed() == "X" && !l.Not }) {
			b.become(o, "item")
		}
		if !b.become(o, s.kind) {
			return b.fault(m.at, m.end, "%q takes no %s there (%s)", c.verb, o.name, s.kind)
		}
	}
	if between := c.rule != nil && slices.ContainsFunc(c.rule.goal, func(l decompose.Literal) bool { return l.Name == "between" }); between && s.name == "Y" && b.slot(c, "W") == nil {
		if found, err = b.pair(c, m, found); err != nil {
			return err
		}
	}
	if s.name != "X" && len(found) > 1 {
		return b.fault(m.at, m.end, "is more than one thing")
	}
	c.bound[s.name] = append(c.bound[s.name], found...)
	return nil
}

// inPlace is what is done to a thing where it stands, in an open basin too: stir the pot in the sink.
var inPlace = strings.Fields("upright toppled flipped wiped dried stirred sliced is-open scanned inspected sprayed peeled tight watered mashed grated kneaded")

// shares tells whether what a clause does something to can be in several places: several things, or what is poured.
func (b *builder) shares(c *understood) bool {
	return slices.ContainsFunc(c.slots, func(s slot) bool {
		return s.name == "L" || s.name == "X" && (len(s.list) > 1 || slices.ContainsFunc(s.list, func(m *mention) bool {
			return m.plural || m.count > 1 || m.noun != nil && fitsKind(m.noun.kinds, "liquid")
		}))
	})
}

// meant finds or makes the things of one mention.
func (b *builder) meant(c *understood, s slot, m *mention, named []*object) (found []*object, err error) {
	switch {
	case m.pronoun != "":
		if found, err = b.referTo(c.reading, s, m, named); m.part != "" {
			b.assume("the " + m.part + " is all of it")
		}
	case m.one:
		one := *m
		if err = b.same(&one, s.kind, b.close(c, s, m)); err == nil {
			found, err = b.make(c, &one, s.kind)
		}
	case c.rule != nil && c.rule.pair != "":
		found, err = b.pile(c, s, m)
	default:
		found, err = b.make(c, m, s.kind)
	}
	return found, err
}

// close lists what "the other one" is likely to be one of, the likeliest last.
func (b *builder) close(c *understood, s slot, m *mention) (now []*object) {
	for _, earlier := range c.slots {
		now = append(now, c.bound[earlier.name]...)
	}
	if n := len(b.clauses); n > 0 { // the same part of the clause before is meant first, where that is told apart too
		for _, o := range b.clauses[n-1].bound[s.name] {
			if s.name == "X" || !o.bare || strings.HasPrefix(m.said, "other") {
				now = append(now, o)
			}
		}
	}
	return now
}

// slot is the slot of a name that the words fill; nil where they do not.
func (b *builder) slot(c *understood, name string) *slot {
	if i := slices.IndexFunc(c.slots, func(s slot) bool { return s.name == name }); i >= 0 {
		return &c.slots[i]
	}
	return nil
}

// pair makes two of what something is put between: of "between the two plates", and of "between the plates".
func (b *builder) pair(c *understood, m *mention, found []*object) ([]*object, error) {
	if len(found) == 1 && m.plural {
		other := b.add("other "+m.noun.name, m.noun)
		b.assume("there are two " + m.said)
		found = append(found, other)
	}
	if len(found) != 2 {
		return nil, b.fault(m.at, m.end, "between that and what?")
	}
	c.bound["W"] = found[1:]
	return found[:1], nil
}

// pile finds what is to be stacked on each other: two, where several are named and it is not said how many, and a thing that is there
// already, where one is.
func (b *builder) pile(c *understood, s slot, m *mention) (found []*object, err error) {
	switch {
	case m.count > 1 || len(s.list) > 1:
		found, err = b.make(c, m, s.kind)
	case m.plural:
		two := *m
		last := m.said[strings.LastIndexByte(m.said, ' ')+1:]
		two.count, two.plural, two.said = 2, false, strings.TrimSuffix(m.said, last)+b.oneOf(last)
		b.assume("there are two " + m.said)
		found, err = b.counted(c, &two)
	case c.rule.pair == "swapped":
		return b.make(c, m, s.kind)
	default:
		base := b.add("other "+m.noun.name, m.noun)
		b.assume("there is another " + m.noun.name)
		if found, err = b.make(c, m, s.kind); err == nil {
			found = append([]*object{base}, found...)
		}
	}
	for _, o := range found {
		if c.rule.pair == "on" {
			b.become(o, "block-like")
		}
	}
	return found, err
}

// near asks for what "on the table next to the plate" says of the place: a table is not told apart by a plate, but a bowl is.
func (b *builder) near(c *understood) error {
	if c.rule == nil || !slices.ContainsFunc(c.rule.goal, decompose.Literal{Name: "on", Args: []string{"X", "Y"}}.Equal) {
		return nil
	}
	for _, s := range c.slots {
		if y := s.list[0]; s.name != "Y" || y.noun == nil || fitsKind(y.noun.kinds, "item") || !y.noun.roomy() {
			if !c.together(s) { // "put the can next to the box on the desk"
				continue
			}
			b.assume("the " + s.list[0].said + " is to be next to it there")
		}
		for _, m := range s.list[0].beside {
			if m.noun == nil || m.one || len(c.bound["X"]) == 0 {
				continue
			}
			z, err := b.make(c, m, "thing")
			if err != nil {
				return err
			}
			for _, x := range c.bound["X"] {
				c.near = append(c.near, decompose.Literal{Name: s.list[0].relation, Args: []string{x.name, z[0].name}})
			}
			c.bound["near"] = append(c.bound["near"], z...)
		}
	}
	return nil
}

// roomy tells whether a thing is furniture that has room for several things beside each other.
func (n *noun) roomy() bool {
	return n.class == 'S' || n.kinds == "surface" || fitsKind(n.kinds, "table/desk/counter/shelf/floor/bench/bed/sofa/stove-top")
}

// together tells whether what is put on a piece of furniture is said to be near something, which rather tells where it is to be.
func (c *understood) together(s slot) bool {
	y := slices.IndexFunc(c.slots, func(s slot) bool { return s.name == "Y" })
	if s.name != "X" || y < 0 || len(s.list) != 1 || len(s.list[0].beside) == 0 || !slices.Contains([]string{"put", "place", "set", "lay"}, c.verb) {
		return false
	}
	on := c.slots[y].list[0]
	return on.noun != nil && fitsKind(on.noun.kinds, "surface") && !fitsKind(on.noun.kinds, "item")
}

// distinct wants no thing twice.
func (b *builder) distinct(c *understood) error {
	for _, s := range c.slots {
		for i, o := range c.bound[s.name] {
			if slices.Contains(c.bound[s.name][:i], o) {
				return b.fault(c.at, c.end, "names the %s twice", o.name)
			}
			for _, other := range c.slots {
				if other.name != s.name && slices.Contains(c.bound[other.name], o) {
					return b.fault(c.at, c.end, "does something to the %s and itself", o.name)
				}
			}
		}
	}
	return nil
}

// spokenOf is what pronouns of later clauses can stand for.
func (b *builder) spokenOf(c *understood) (now past) {
	for _, s := range c.slots {
		for _, o := range c.bound[s.name] {
			if o.whole != nil {
				now.wholes = append(now.wholes, o.whole)
			}
			if now.objects = append(now.objects, o); o.where != nil {
				now.objects = append(now.objects, o.where)
			}
		}
		xs := c.bound["X"]
		if s.name == "X" && len(xs) > 1 {
			now.plural = xs
		}
		if s.name == "X" && len(xs) == 1 && s.list[0].pronoun == "it" && c.rule != nil && !slices.ContainsFunc(c.rule.goal, func(l decompose.Literal) bool { return l.Placed() == "X" || l.Name == "contains" }) {
			now.topic = xs[0]
		}
		if s.name == "X" && len(xs) == 1 && c.rule != nil && takes(c.rule) {
			now.taken = xs[0]
		}
		if c.rule == nil || len(xs) != 1 {
			continue
		}
		used := decompose.Literal{Name: "used", Args: []string{s.name}}
		wrapped := decompose.Literal{Name: "wrapped", Args: []string{"X", s.name}}
		if m := s.list[0]; m.pronoun == "" && (s.name == "K" && c.rule.by != nil || s.name == "H" || s.name == "Y" && c.verb == "weigh" || slices.ContainsFunc(c.rule.goal, func(l decompose.Literal) bool { return l.Equal(used) || l.Equal(wrapped) })) {
			now.tool = c.bound[s.name][0]
		}
		in := decompose.Literal{Name: "in", Args: []string{"X", "Y"}}
		if y := c.bound["Y"]; s.name == "Y" && slices.ContainsFunc(c.rule.goal, in.Equal) {
			if now.holder, now.put = y[0], xs[0]; y[0].is("item") {
				now.into = y[0]
			}
		}
		if slices.ContainsFunc(c.rule.goal, func(l decompose.Literal) bool {
			return slices.Contains([]string{"inserted", "attached", "on", "around"}, l.Name) && !l.Not && len(l.Args) == 2 && l.Args[1] == s.name
		}) {
			now.put = xs[0]
			if y := c.bound[s.name][0]; c.rule.goal[0].Name == "attached" && !y.is("item") && xs[0].is("item") {
				now.topic = xs[0] // the board, clamped to the bench
			}
		}
		if s.name == "Y" && slices.ContainsFunc(c.rule.goal, in.Negated().Equal) {
			now.left = c.bound["Y"][0]
		}
		if s.name == "Y" && ((slices.Contains(covers, xs[0].noun.name) || slices.Contains(stuck, xs[0].noun.name)) && !takes(c.rule) || c.verb == "cover") {
			now.topic = c.bound["Y"][0]
		}
		if s.name == "X" && len(xs) == 1 && len(c.rule.goal) > 0 && c.rule.goal[0].Name == "driven" {
			now.topic = xs[0] // the nail, not the wall
		}
		if s.name == "T" && slices.ContainsFunc(c.rule.goal, func(l decompose.Literal) bool { return l.Name == "spread-on" }) {
			now.topic = c.bound["T"][0] // what is on it goes along
		}
		if s.name == "Y" && (c.verb == "stack" || c.verb == "pile") {
			now.base = c.bound["Y"][0]
		}
	}
	return now
}
