package english

import (
	"slices"
	"strings"
)

// single reads one thing at i, in every way there is; "the red and the blue block" counts as one.
func (p *parser) single(i int) []phrase {
	if out, ok := p.singles[i]; ok {
		return out
	}
	p.singles[i] = nil // what is inside a phrase begins after it
	var out []phrase
	for _, core := range p.core(i) {
		out = append(out, core)
		if len(core.list) == 1 && core.list[0].pronoun == "" {
			out = append(out, p.told(core, 0)...)
		}
	}
	p.singles[i] = out
	return out
}

// told reads what is said of a thing after its name: parts, contents, where it is.
func (p *parser) told(ph phrase, depth int) (out []phrase) {
	if depth > 3 {
		return nil
	}
	if p.budget--; p.budget < 0 {
		return nil
	}
	i := ph.end
	with := ph.with
	more := func(m *mention, end, places int) {
		m.end = end
		next := phrase{[]*mention{m}, end, ph.places + places, with}
		out = append(out, next)
		out = append(out, p.told(next, depth+1)...)
	}
	m := ph.list[0]
	changed := func(change func(*mention)) *mention {
		other := *m
		change(&other)
		return &other
	}
	if side, end := p.side(i); side != "" {
		more(changed(func(o *mention) {
			if o.bare = false; !strings.HasPrefix(o.said, side+" ") {
				o.said = side + " " + o.said
			}
		}), end, 0)
		return out
	}
	if end := p.inHand(i); end > 0 {
		more(changed(func(o *mention) { o.states = append(slices.Clip(o.states), p.states["held"]) }), end, 0)
		return out
	}
	if end, near := p.beside(i); end > 0 {
		more(changed(func(o *mention) { o.beside = near }), end, 1)
		return out
	}
	if end := p.hallmark(i); end > 0 {
		with = with || p.text(i) == "with" || p.text(i) == "w"
		more(changed(func(*mention) {}), end, 1)
		return out
	}
	relative, state := p.relative(i)
	if state != nil {
		more(changed(func(o *mention) { o.states = append(slices.Clip(o.states), state) }), relative, 0)
		return out
	}
	if relative > i {
		if side, end := p.side(relative); side != "" {
			more(changed(func(o *mention) { o.said, o.bare = side+" "+o.said, false }), end, 0)
			return out
		}
		if end, _ := p.beside(relative); end > 0 {
			more(m, end, 0)
			return out
		}
		i = relative
	}
	if w := p.text(i); (w == "that" || w == "which" || w == "who") && relative == i {
		for _, end := range p.clauseEnds(i + 1) {
			more(changed(func(*mention) {}), end, 1)
		}
		return out
	}
	for _, how := range [][]string{{"on", "top", "of"}, {"on", "the", "top", "of"}, {"on"}, {"onto"}, {"in"}, {"inside", "of"}, {"inside"}, {"within"}, {"of"}} {
		if !p.has(i, how) {
			continue
		}
		for _, in := range p.single(i + len(how)) {
			if len(in.list) == 1 && in.list[0].pronoun == "it" && how[0] != "of" {
				more(m, in.end, 1)
				continue
			}
			if len(in.list) != 1 || in.list[0].noun == nil {
				continue
			}
			if told, places := p.described(m, how[0], in.list[0]); told != nil {
				if relative > ph.end {
					places = 0
				}
				more(told, in.end, places+in.places)
			}
		}
		return out
	}
	return out
}

// described says of a thing what it is on, in, or part of. It is nil where that makes no sense.
func (p *parser) described(m *mention, how string, y *mention) (*mention, int) {
	switch how {
	case "inside", "within":
		how = "in"
	case "onto":
		how = "on"
	}
	with := *m
	is := func(n *noun, kind string) bool { return fitsKind(n.kinds, kind) }
	if m.noun == nil {
		return nil, 0
	}
	item := is(m.noun, "item")
	fixed := !item && (is(m.noun, "container") || is(m.noun, "surface"))
	switch {
	case how == "of":
		return p.part(&with, y)
	case m.noun.kinds == "spot":
		return nil, 0
	case how == "in" && y.noun.kinds == room && m.noun.kinds != room:
		with.where, with.how = y, "room"
	case how == "in" && is(m.noun, "container") && !is(m.noun, "vessel") && (is(y.noun, "container") || is(y.noun, "surface")),
		fixed && (is(y.noun, "container") || is(y.noun, "surface")):
		with.where, with.how = y, "at"
	case (how == "on" || is(m.noun, "hole")) && !fixed && !item && !is(m.noun, "liquid") && m.noun.kinds != room && !is(m.noun, "person") && y.noun.kinds != room:
		with.said = y.said + " " + m.said // the button on the fan
		return &with, 0
	case item && how == "on" && p.fits(y, "surface") > 0, item && how == "in" && p.fits(y, "container") > 0:
		with.where, with.how = y, how
	default:
		return nil, 0
	}
	return &with, 1
}

// part reads "of": what is in a vessel, how much of something, a kind of thing, or whose part it is.
func (p *parser) part(with *mention, y *mention) (*mention, int) {
	m := with.noun
	vessel := fitsKind(m.kinds, "vessel")
	holds := vessel || fitsKind(m.kinds, "container")
	switch {
	case vessel && fitsKind(y.noun.kinds, "liquid"):
		with.of = y
	case p.partitives[m.name], !holds && m.kinds != "spot" && (m.class == 'T' || fitsKind(m.kinds, "tool")) && (fitsKind(y.noun.kinds, "food") || fitsKind(y.noun.kinds, "liquid") || y.noun.class == 'R'):
		with.noun = y.noun
		with.said += " of " + y.said
	case m.name == "door" && with.bare && fitsKind(y.noun.kinds, "container"):
		return y, 0
	case holds && fitsKind(m.kinds, "item") && fitsKind(y.noun.kinds, "item") && (y.plural || y.noun.class != 0 || fitsKind(y.noun.kinds, "food") || fitsKind(y.noun.kinds, "liquid")):
		with.said += " of " + y.said
	case m.kinds == room, fitsKind(m.kinds, "person"):
		return nil, 0
	default:
		with.said = y.said + " " + with.said // the handle of the drawer
	}
	with.bare = false
	return with, 0
}

// several reads one thing or a list of them, the longest list first.
func (p *parser) several(i int) (out []phrase) {
	if p.text(i) == "both" || p.text(i) == "either" { // both the fork and the knife
		for _, ph := range p.several(i + 1) {
			if len(ph.list) > 1 && p.text(i) == "both" {
				out = append(out, ph)
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	for _, one := range p.single(i) {
		if one.list[0].pronoun == "" || one.list[0].pronoun == "it" {
			j := one.end
			if p.text(j) == "," {
				j++
			}
			if w := p.text(j); w == "and" || w == "&" || w == "plus" {
				if j++; p.text(j) == "also" {
					j++
				}
			} else if p.has(j, []string{"as", "well", "as"}) {
				j += 3
			} else if p.has(j, []string{"along", "with"}) || p.has(j, []string{"together", "with"}) {
				j += 2
			}
			if j > one.end && p.budget > 0 {
				p.budget--
				for _, rest := range p.several(j) {
					out = append(out, phrase{append(slices.Clip(slices.Clone(one.list)), rest.list...), rest.end, one.places + rest.places, one.with || rest.with})
				}
			}
		}
		out = append(out, one)
	}
	return out
}
