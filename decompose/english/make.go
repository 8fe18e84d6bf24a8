package english

import (
	"fmt"
	"slices"
	"strings"

	"github.com/egotsr/egotsr/decompose"
)

// make finds the thing of a phrase, or adds it to the scene. A liquid that is treated as a thing is the container of it.
func (b *builder) make(c *understood, m *mention, kind string) ([]*object, error) {
	if m.count > 0 {
		return b.counted(c, m)
	}
	o, err := b.find(m)
	if err != nil {
		return nil, err
	}
	if o == nil && (m.noun.name == "door" || m.noun.name == "lid") && m.bare && m.definite {
		if o, err = b.doorOf(c, m); err != nil {
			return nil, err
		}
	}
	fresh := o == nil
	if fresh {
		o = b.meet(m)
	}
	if err := b.put(c, o, m, fresh); err != nil {
		return nil, err
	}
	if m.whole != nil && o.whole == nil {
		w, err := b.make(c, m.whole, "thing")
		if err != nil {
			return nil, err
		}
		o.whole = w[0]
	}
	if err := b.describe(c, o, m, fresh); err != nil {
		return nil, err
	}
	if decompose.Skills().Is(o.kinds, "liquid") && kind != "liquid" && kind != "tap-water" {
		holds := b.containerOf(o)
		if fresh && holds.where == nil { // the dressing on the floor
			holds.where, holds.how, o.where, o.how = o.where, o.how, nil, ""
		}
		return []*object{holds}, nil
	}
	return []*object{o}, nil
}

// meet adds a thing that is named for the first time.
func (b *builder) meet(m *mention) *object {
	o := b.add(m.said, m.noun)
	o.bare, o.plural = m.bare, m.plural
	switch {
	case o.name == "everything":
		b.assume("everything is handled as one thing, or one after the other")
	case m.several:
		b.assume("every " + o.name + " is handled like the first")
	case m.plural:
		b.assume("the " + o.name + " are handled as one thing, or one after the other")
	}
	return o
}

// put notes where a thing is said to be, and what is in it.
func (b *builder) put(c *understood, o *object, m *mention, fresh bool) error {
	if m.where != nil {
		y, err := b.make(c, m.where, "thing")
		if err != nil {
			return err
		}
		if m.how == "in" && decompose.Skills().Is(o.kinds, "liquid") && fresh {
			y[0].of = o // the water in the kettle
			return nil
		}
		if kind := map[string]string{"on": "surface", "in": "container"}[m.how]; kind != "" && !b.become(y[0], kind) {
			return b.fault(m.at, m.end, "%s the %s?", m.how, y[0].name)
		}
		if !fresh && o.where != y[0] {
			return b.fault(m.at, m.end, "only now is it said where the %s is", o.name)
		}
		o.where = y[0]
		if fresh {
			o.how = m.how
		}
		if b.reached && m.how == "in" && decompose.Skills().Is(y[0].kinds, "basin") && o.is("item") {
			o.how = "at"
		}
	}
	if m.of == nil {
		return nil
	}
	l, err := b.make(c, m.of, "liquid")
	if err != nil {
		return err
	}
	if !fresh && o.of != l[0] {
		return b.fault(m.at, m.end, "only now is it said what is in the %s", o.name)
	}
	o.of = l[0]
	return nil
}

// doorOf finds what has the door that is to be closed: "put it in the oven and close the door". It is nil where nothing
// that was named has one.
func (b *builder) doorOf(c *understood, m *mention) (*object, error) {
	var has []*object
	for _, o := range b.objects {
		if decompose.Skills().Is(o.kinds, "openable") && decompose.Skills().Is(o.kinds, "container") && o.noun.name != "drawer" {
			has = append(has, o)
		}
	}
	if len(has) == 0 {
		return nil, nil
	}
	closing := c.rule != nil && slices.ContainsFunc(c.rule.goal, func(l decompose.Literal) bool { return l.Not && l.Name == "is-open" })
	if !closing {
		return nil, nil
	}
	if len(has) > 1 {
		return nil, b.fault(m.at, m.end, "the door of the %s, or another?", has[0].name)
	}
	return has[0], nil
}

// counted makes two mugs: "mug 1" and "mug 2".
func (b *builder) counted(c *understood, m *mention) (out []*object, err error) {
	for i := range m.count {
		name := fmt.Sprintf("%s %d", m.said, i+1)
		at := slices.IndexFunc(b.objects, func(o *object) bool { return o.name == name })
		if i == 0 && at < 0 && slices.ContainsFunc(b.objects, func(o *object) bool { return o.noun.name == m.noun.name }) {
			return nil, b.fault(m.at, m.end, "the %s that was named, or others?", m.said)
		}
		if at >= 0 {
			out = append(out, b.objects[at])
			continue
		}
		o := b.add(name, m.noun)
		if m.where != nil {
			y, err := b.make(c, m.where, "thing")
			if err != nil {
				return nil, err
			}
			o.where, o.how = y[0], m.how
		}
		if err := b.describe(c, o, m, true); err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

func (b *builder) add(name string, n *noun) *object {
	for i := 2; slices.ContainsFunc(b.objects, func(o *object) bool { return o.name == name }); i++ {
		name = strings.TrimRight(name, " 0123456789") + fmt.Sprint(" ", i)
	}
	o := &object{name: name, noun: n, kinds: n.kinds, room: n.kinds == room}
	b.objects = append(b.objects, o)
	return o
}

// describe notes the states that a phrase gives a thing: "the open drawer" is so at the start, "a washed apple" is asked
// for, and "the sliced apple" of an apple named before is so by then.
func (b *builder) describe(c *understood, o *object, m *mention, fresh bool) error {
	for _, s := range m.states {
		l := s.literal.With(func(string) string { return o.name })
		if args, _ := b.request.Library.Predicate(l.Name); !decompose.Skills().Is(o.kinds, args[0]) || l.Name == "is-open" && !decompose.Skills().Is(o.kinds, "openable") {
			return b.fault(m.at, m.end, "a %s is never %s", o.noun.name, s.word)
		}
		switch {
		case !fresh:
			c.known = append(c.known, l)
		case s.need == nil || m.definite || !b.asks || s.word == "clean" && (o.is("wiper") || o.is("foldable")):
			o.states = append(o.states, l)
		default:
			c.goal = append(c.goal, l)
			b.needs = append(b.needs, *s.need)
		}
	}
	return nil
}

// containerOf finds what a liquid is in, or makes it.
func (b *builder) containerOf(liquid *object, into ...*object) *object {
	for _, o := range b.objects {
		if o.of == liquid {
			return o
		}
	}
	if held := b.handled(); held != nil && !slices.Contains(into, held) {
		held.of = liquid
		b.assume("the " + liquid.name + " is in the " + held.name)
		return held
	}
	o := b.add(liquid.name+" container", &noun{name: liquid.name + " container", kinds: poured})
	o.of = liquid
	return o
}

// handled is the vessel that the clause before took, opened or tilted, and of which nobody said what is in it: "pick up the kettle and pour
// the water". It is nil where there is none.
func (b *builder) handled() *object {
	n := len(b.clauses)
	if n < 2 || b.clauses[n-2].rule == nil || len(b.clauses[n-2].bound["X"]) != 1 {
		return nil
	}
	x, r := b.clauses[n-2].bound["X"][0], b.clauses[n-2].rule
	opens := slices.ContainsFunc(r.goal, func(l decompose.Literal) bool { return !l.Not && (l.Name == "is-open" || l.Name == "rotated") })
	if x.of == nil && x.is("vessel") && (opens || takes(r)) {
		return x
	}
	return nil
}

// supply finds a thing that a clause needs and does not name.
func (b *builder) supply(c *understood, n need) (*object, error) {
	if slot, ok := strings.CutPrefix(n.name, "container of "); ok {
		return b.containerOf(c.bound[slot][0], slices.Concat(c.bound["T"], c.bound["Y"])...), nil
	}
	if slot, ok := strings.CutPrefix(n.name, "contents of "); ok {
		v := c.bound[slot][0]
		if v.of == nil {
			v.of = b.add(v.name+" contents", &noun{name: v.name + " contents", kinds: "liquid"})
		}
		return v.of, nil
	}
	var one []*object
	for _, o := range b.objects {
		if o.serves(n.kind) && (n.kind != "liquid" || o.noun.name == n.name || n.name == "contents") && (n.kind != room || o.name == n.name) && !slices.ContainsFunc(c.slots, func(s slot) bool { return slices.Contains(c.bound[s.name], o) }) && !slices.Contains(c.bound["V"], o) {
			one = append(one, o)
		}
	}
	if named := slices.DeleteFunc(slices.Clone(one), func(o *object) bool { return o.noun.name != n.name }); len(named) == 1 {
		one = named
	} else if b.general[n.kind] || n.kind == "spot" {
		one = slices.DeleteFunc(one, func(o *object) bool {
			return o.invented && o.noun.name != n.name || n.name == "replacement" && !c.sort(o) || n.kind == "thing" && c.sort(o) || (n.kind == "item" || n.kind == "thing") && o.of != nil || n.kind == "basin" && n.name != "pet bowl" && o.is("vessel") ||
				n.kind == "vessel" && slices.ContainsFunc(b.past, func(p past) bool { return p.holder == o }) // the pots that seedlings were put in water none
		})
	}
	switch len(one) {
	case 0:
		return b.invent(n), nil
	case 1:
		return one[0], nil
	}
	return nil, b.fault(c.at, c.end, "with the %s or the %s?", one[0].name, one[1].name)
}

// sort tells whether a thing is of the sort of what a clause does something to.
func (c *understood) sort(o *object) bool {
	return slices.ContainsFunc(c.bound["X"], func(x *object) bool { return x.noun.name == o.noun.name })
}

// furnish adds what clauses need and nothing that was named is.
func (b *builder) furnish() {
	for _, n := range b.needs {
		if !slices.ContainsFunc(b.objects, func(o *object) bool { return o.serves(n.kind) }) {
			b.invent(n)
		}
	}
}

// article is a name with "a" or "an" before it, unless it is of something that is not counted.
func article(name string) string {
	switch {
	case name == "water":
		return name
	case strings.ContainsRune("aeiou", rune(name[0])):
		return "an " + name
	}
	return "a " + name
}

// invent adds a thing that a clause needs and that nobody named, and says so.
func (b *builder) invent(n need) *object {
	if !b.strict && n.kind != "spot" && n.kind != room && n.kind != "person" && n.name != "contents" {
		b.assume("there is " + article(n.name))
	}
	o := b.add(n.name, b.needed(n))
	o.invented = true
	return o
}

// needed is the noun of a need.
func (b *builder) needed(n need) *noun {
	if known := b.nouns[n.name]; known != nil && (fitsKind(known.kinds, n.kind) || decompose.Skills().Is(known.kinds, "liquid")) {
		return known
	}
	return &noun{name: n.name, kinds: n.kind}
}
