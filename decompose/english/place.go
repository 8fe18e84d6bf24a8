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
		if m := core.list[0]; !m.one || m.said != "" {
			out = append(out, core)
		}
		if len(core.list) == 1 && core.list[0].pronoun == "" {
			out = append(out, p.told(core, 0)...)
		}
	}
	p.singles[i] = out
	return out
}

// told reads what is said of a thing after its name: parts, contents, where it is.
func (p *parser) told(ph phrase, depth int) (out []phrase) {
	if p.budget--; p.budget < 0 || depth > 3 {
		return nil
	}
	more := func(m *mention, end, places int, with bool) {
		m.end = end
		next := phrase{[]*mention{m}, end, ph.places + places, ph.with || with}
		out = append(out, next)
		out = append(out, p.told(next, depth+1)...)
	}
	m := *ph.list[0]
	i := ph.end
	if told, end, places := p.marked(m, i); told != nil {
		more(told, end, places, p.text(i) == "with" || p.text(i) == "w")
		return out
	}
	end, state := p.relative(i)
	if state != nil {
		more(p.inState(m, state), end, 0, false)
		return out
	}
	places := 1
	if end > i { // "that lies" makes it a description, whatever stands around
		if side, end := p.side(end); side != "" {
			more(sided(m, side), end, 0, false)
			return out
		}
		if end, _ := p.beside(end); end > 0 {
			more(&m, end, 0, false)
			return out
		}
		if k := p.text(end); k == "" || slices.Contains([]string{",", ".", ";", "and", "then"}, k) { // that is lying down
			more(&m, end, 0, false)
			return out
		}
		i, places = end, 0
	} else if w := p.text(i); w == "that" || w == "which" || w == "who" {
		for _, end := range p.clauseEnds(i + 1) {
			other := m
			more(&other, end, 1, false)
		}
		return out
	}
	if end := p.they(i); end > 0 {
		more(&m, end, 1, false)
		return out
	}
	p.within(m, i, func(m *mention, end, cost int, with bool) { more(m, end, cost*places, with) })
	if end := p.somewhere(i); places == 0 && len(out) == 0 && end > 0 { // coming off the belt
		more(&m, end, 0, false)
	}
	return out
}

// marked reads what tells at once which thing is meant, from i on: on the left, in your hand, next to the cup, with the red lid, outside, except the
// knife. It is nil where nothing like that stands there.
func (p *parser) marked(m mention, i int) (told *mention, end, places int) {
	if side, end := p.side(i); side != "" {
		return sided(m, side), end, boolean(p.text(i) == "on")
	}
	if end := p.inHand(i); end > 0 {
		return p.inState(m, p.states["held"]), end, 0
	}
	if end, near := p.beside(i); end > 0 {
		m.beside, m.relation = near, p.relation(i)
		return &m, end, 1
	}
	if end := p.hallmark(i); end > 0 {
		return &m, end, 1
	}
	if slices.Contains([]string{"outside", "nearby", "upstairs", "downstairs", "overhead"}, p.text(i)) && ends(p.words, i+1) {
		return &m, i + 1, 1
	}
	if end := p.excepted(m, i); end > 0 {
		m.said += " " + p.joinedFrom(i, end)
		return &m, end, 0
	}
	return nil, 0, 0
}

// excepted passes "except the knife" after everything and all the spoons; 0 where it does not stand at i.
func (p *parser) excepted(m mention, i int) int {
	k := i + 1
	if w := p.text(i); !m.plural && (m.noun == nil || m.noun.name != "everything") || w != "except" && w != "but" && w != "excluding" && !p.has(i, []string{"apart", "from"}) && !p.has(i, []string{"other", "than"}) {
		return 0
	} else if w == "apart" || w == "other" || p.text(k) == "for" {
		k++
	}
	if list := p.single(k); len(list) > 0 && list[0].list[0].noun != nil {
		return shortest(list).end
	}
	return 0
}

// somewhere passes a preposition and a thing, of which it only matters that they tell which thing is meant.
func (p *parser) somewhere(i int) int {
	k := i
	for k < i+2 && slices.Contains(spatial, p.text(k)) {
		k++
	}
	if list := p.single(k); k > i && len(list) > 0 {
		return shortest(list).end
	}
	return 0
}

// spatial are prepositions that may stand after "lying" and the like.
var spatial = strings.Fields("in on off out of from inside at up down across around along through over under near all by next beside behind between above below against")

// they passes "they are in" and "the apples are in", of "the box they are in", where the clause ends.
func (p *parser) they(i int) int {
	k := i + 1
	if slices.Contains(definite, p.text(i)) {
		list := p.single(i)
		if len(list) == 0 {
			return 0
		}
		k = shortest(list).end
	}
	if w := p.text(i); w == "they're" || w == "it's" {
		k--
	} else if next := p.text(k); k == i+1 && w != "it" && w != "they" || !slices.Contains([]string{"is", "are", "was", "were", "came", "come", "comes", "belong", "belongs"}, next) {
		return 0
	}
	if slices.Contains([]string{"in", "on", "under", "inside", "behind"}, p.text(k+1)) && (k+2 == len(p.words) || slices.Contains([]string{",", ".", ";", "and", "then", "!"}, p.text(k+2))) {
		return k + 2
	}
	return 0
}

// sided is a thing of which it is said on which side it is.
func sided(m mention, side string) *mention {
	if m.bare = false; !strings.HasPrefix(m.said, side+" ") {
		m.said = strings.TrimSpace(side + " " + m.said)
	}
	return &m
}

// inState is a thing of which a state is said.
func (p *parser) inState(m mention, s *state) *mention {
	m.states = append(slices.Clip(m.states), s)
	return &m
}

// within reads what a thing is on, in, or part of.
func (p *parser) within(m mention, i int, found func(m *mention, end, cost int, with bool)) {
	for _, how := range [][]string{{"on", "top", "of"}, {"on", "the", "top", "of"}, {"on"}, {"in"}, {"inside", "of"}, {"inside"}, {"within"}, {"of"}} {
		if !p.has(i, how) {
			continue
		}
		for _, in := range p.single(i + len(how)) {
			y := in.list[0]
			switch {
			case how[0] == "of" && y.pronoun == "it" && m.noun != nil && p.partitives[m.noun.name]: // a slice of it is what it is
				one := *y
				one.at, one.part = i+1, m.said
				found(&one, in.end, 0, in.with)
			case len(in.list) != 1 || y.noun == nil && (y.pronoun != "it" || how[0] == "of"):
			case y.noun == nil:
				other := m
				found(&other, in.end, 1, in.with)
			default:
				if told, places := p.described(&m, how[0], y); told != nil {
					found(told, in.end, places+in.places, in.with)
				}
			}
		}
		return
	}
}

// described says of a thing what it is on, in, or part of. It is nil where that makes no sense.
func (p *parser) described(m *mention, how string, y *mention) (*mention, int) {
	switch how {
	case "inside", "within":
		how = "in"
	}
	if m.noun == nil && how != "of" && m.one { // the other one on the stand: it tells which
		with := *m
		return &with, 1
	}
	if m.noun == nil {
		return nil, 0
	}
	with := *m
	if how == "of" {
		return p.part(&with, y)
	}
	is := func(m *mention, kind string) bool { return fitsKind(m.noun.kinds, kind) }
	if y.noun.kinds != room && slices.Contains([]string{"spot", "mark", "area", "region", "position", "square", "zone", "corner", "dot", "circle", "cross", "line"}, m.noun.name) && is(m, "spot") {
		with.said, with.bare = y.said+" "+m.said, false // its spot on the shelf
		return &with, 0
	}
	fixed := !is(m, "item") && is(m, "container/surface")
	switch {
	case is(m, "spot") || fixed && is(y, "item"):
		return nil, 0
	case y.noun.kinds == room && m.noun.kinds != room:
		with.where, with.how = y, "room"
	case is(y, "container/surface") && (fixed || how == "in" && is(m, "container") && !is(m, "vessel")), p.loose(m) && how == "on" && p.fits(y, "surface") > unfit:
		with.where, with.how = y, "at"
	case (how == "on" || is(m, "hole")) && !fixed && p.attached(m, y):
		with.said, with.whole = y.said+" "+m.said, y // the button on the fan
		return &with, 0
	case is(m, "item") && p.fits(y, map[string]string{"on": "surface", "in": "container"}[how]) > unfit:
		with.where, with.how = y, how
	default:
		return nil, 0
	}
	return &with, 1
}

// loose tells whether a thing of a class that may be a building or a vehicle can be taken for one that a hand can hold.
func (p *parser) loose(m *mention) bool {
	return (m.noun.class == 'X' || m.noun.class == 'M') && p.fits(m, "item") > unfit
}

// attached tells whether a thing that is on another can be part of it.
func (p *parser) attached(m, y *mention) bool {
	kinds := m.noun.kinds
	if slices.Contains([]string{"puddle", "stain", "spill", "mess", "dirt", "dust"}, y.noun.name) || fitsKind(y.noun.kinds, "liquid/food") || y.noun.class != 0 && strings.IndexByte("BFRA", y.noun.class) >= 0 {
		return false
	}
	return m.noun.class != 'X' && m.noun.class != 'M' && kinds != room && y.noun.kinds != room && !fitsKind(kinds, "item") && !fitsKind(kinds, "liquid") && !fitsKind(kinds, "person")
}

// part reads "of": what is in a vessel, how much of something, a kind of thing, or whose part it is.
func (p *parser) part(with *mention, y *mention) (*mention, int) {
	m := with.noun
	vessel := fitsKind(m.kinds, "vessel")
	holds := vessel || fitsKind(m.kinds, "container")
	if m.name == "handle" && fitsKind(y.noun.kinds, "item") { // one takes a pan by it
		handle := *m
		handle.kinds += " item"
		with.noun = &handle
	}
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
		if fitsKind(y.noun.kinds, "container/openable") {
			with.whole = y
		}
		with.said = y.said + " " + with.said // the handle of the drawer
	}
	with.bare = false
	return with, 0
}
