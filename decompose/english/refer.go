package english

import (
	"fmt"
	"slices"
	"strings"

	"github.com/egotsr/egotsr/decompose"
)

// object is a thing that a sentence speaks of, or takes for granted.
type object struct {
	name     string
	noun     *noun
	kinds    string // of the noun, and those that the sentence takes it to be of
	bare     bool
	plural   bool    // several, handled as one
	where    *object // said with its noun
	how      string  // on, in, at
	of       *object // the liquid in it
	states   []decompose.Literal
	whole    *object // what it is a part of
	place    string  // where it is at the start, once that is known
	loc      *decompose.Literal
	touched  bool
	room     bool
	invented bool // no word names it
}

func (o *object) is(kind string) bool {
	if kind == "tap-water" {
		return o.noun.name == "water"
	}
	return fitsKind(o.kinds, kind)
}

// serves is is, but that what is poured is no vessel, though it may stand for one.
func (o *object) serves(kind string) bool {
	return o.is(kind) && (kind == "liquid" || kind == "tap-water" || !decompose.Skills().Is(o.kinds, "liquid"))
}

// builder makes a request of what was parsed.
type builder struct {
	*parser
	sentence string
	request  *decompose.Request
	objects  []*object
	past     []past
	clauses  []*understood
	needs    []need     // that no slot names
	spared   []*mention // to be left alone
	reached  bool       // what something is put on, which an open basin lets one reach where it stands
	asks     bool       // "a washed apple" asks for the washing, where it is what is acted on and not only brought
	strict   bool       // what is needed and not named is there, and nobody says so
	untied   bool       // what is done to a thing that was put into something may be done before that
	content  bool       // "it" is rather what was put somewhere than what that was put into
}

// understood is a clause with its things found.
type understood struct {
	reading
	bound map[string][]*object
	goal  []decompose.Literal // beyond that of the rule, of "a washed apple"
	near  []decompose.Literal // what things are to be near, of "on the table next to the plate"
	known []decompose.Literal // what phrases say of things that were named before: "the sliced apple"
	stays bool                // what it does is not only on the way to what comes later
	said  []int               // clauses that the words put before it
}

func (b *builder) fault(at, end int, format string, args ...any) error {
	e := &decompose.UnplacedError{Sentence: b.sentence, Reason: fmt.Sprintf(format, args...)}
	for i := at; i < end && i < len(b.words); i++ {
		e.Words = append(e.Words, decompose.Word{Text: b.words[i].said, Offset: b.words[i].at})
	}
	for _, c := range b.clauses {
		var words []string
		for _, w := range b.words[c.at:c.end] {
			words = append(words, w.said)
		}
		e.Understood = append(e.Understood, strings.Join(words, " "))
	}
	return e
}

// named lists the known things that a reading names, which its pronouns do not stand for.
func (b *builder) named(r reading) (out []*object) {
	for _, s := range r.slots {
		for _, m := range s.list {
			if m.pronoun == "" {
				if o, _ := b.find(m); o != nil {
					out = append(out, o)
				}
			}
		}
	}
	return out
}

// find returns the thing that a phrase has named before, or nil.
func (b *builder) find(m *mention) (*object, error) {
	if m.noun == nil {
		return nil, nil
	}
	var same []*object
	for _, o := range b.objects {
		if o.noun.name != m.noun.name {
			continue
		}
		elsewhere := m.where != nil && o.where != nil && m.where.noun != nil && o.where.noun.name != m.where.noun.name
		if o.name == m.said && !elsewhere {
			same = []*object{o}
			break
		}
		if m.bare && !elsewhere {
			same = append(same, o)
		}
	}
	switch {
	case len(same) == 0:
		return nil, nil
	case len(same) > 1:
		return nil, b.fault(m.at, m.end, "could be the %s or the %s", same[0].name, same[1].name)
	case m.indefinite:
		return nil, b.fault(m.at, m.end, "the %s that was named, or another?", same[0].name)
	}
	return same[0], nil
}

// same finds what "the left one" is one of: the sort of thing that was named last and fits.
func (b *builder) same(m *mention, kind string, now []*object) error {
	fits := func(o *object) bool { return o.is(kind) || b.assumes(o.noun.kinds, o.noun.class, false, kind) }
	candidates := slices.Clone(now)
	slices.Reverse(candidates)
	for i := len(b.past) - 1; i >= 0; i-- {
		last := slices.Clone(b.past[i].objects)
		slices.Reverse(last)
		candidates = append(candidates, last...)
	}
	for _, fit := range []func(*object) bool{func(o *object) bool { return o.is(kind) }, fits} { // the green one is a button, not a light
		if i := slices.IndexFunc(candidates, fit); i >= 0 {
			m.noun, m.one = candidates[i].noun, false
			m.said = strings.TrimSpace(m.said + " " + m.noun.name)
			return nil
		}
	}
	for _, s := range b.spared { // not the blue mug, the green one
		if s.noun != nil && (fitsKind(s.noun.kinds, kind) || b.assumes(s.noun.kinds, s.noun.class, false, kind)) {
			m.noun, m.one, m.said = s.noun, false, strings.TrimSpace(m.said+" "+s.noun.name)
			return nil
		}
	}
	if b.unnamed(m) {
		b.assume("the " + m.said + " one is a thing that can be held in one hand")
		m.noun, m.one, m.said = &noun{name: "one", kinds: "item"}, false, m.said+" one"
		return nil
	}
	return b.fault(m.at, m.end, "stands for nothing that was named before")
}

// unnamed tells whether "the red one" can be what somebody points at: nothing was named that it could be one of.
func (b *builder) unnamed(m *mention) bool {
	colours := strings.Fields(m.said)
	return len(b.past) == 0 && m.definite && len(colours) > 0 && !slices.ContainsFunc(colours, func(w string) bool { return !b.adjectives[w] })
}

// referTo finds what a pronoun stands for in a slot: where the verb is left out, what filled the slot in the clause before.
func (b *builder) referTo(r reading, s slot, m *mention, named []*object) ([]*object, error) {
	if n := len(b.clauses); r.elided && s.name == "Y" && (m.pronoun == "it" || m.pronoun == "there") && n > 0 {
		if y := b.clauses[n-1].bound["Y"]; len(y) == 1 && y[0].is(s.kind) {
			return y, nil
		}
	}
	if x := r.slots[0].list[0]; s.name == "Y" && m.pronoun == "it" && x.noun != nil && slices.Contains(covers, x.noun.name) { // a lid goes on the pot, not on the stove
		for _, last := range slices.Backward(b.past) {
			if i := slices.IndexFunc(last.objects, func(o *object) bool { return o.is("vessel/container") && !slices.Contains(named, o) }); i >= 0 {
				return last.objects[i : i+1], nil
			}
		}
	}
	if s.kind == "openable" && m.pronoun == "it" && len(r.rule.goal) == 1 && r.rule.goal[0].Not {
		if opened := b.opened(strings.HasPrefix(r.verb, "re")); opened != nil {
			return []*object{opened}, nil
		}
		if n := len(b.past); n > 0 && b.past[n-1].holder != nil { // what something was put into is sealed
			if o := b.past[n-1].holder; o.is(s.kind) || o.is("item") && b.assumes(o.noun.kinds, o.noun.class, o.plural, s.kind) {
				return []*object{o}, nil
			}
		}
	}
	if s.kind == "liquid" && s.name == "X" && m.pronoun == "it" {
		for _, last := range slices.Backward(b.past) { // the varnish, of what something was dipped in
			if i := slices.IndexFunc(last.objects, func(o *object) bool { return o.of != nil }); i >= 0 {
				return []*object{last.objects[i].of}, nil
			}
		}
	}
	return b.refer(m, s.kind, named)
}

// opened is what was opened before and is meant by "close it": where again is set, as in "recap it", or a container that nothing was taken to
// since that has a door. It is nil where there is none.
func (b *builder) opened(again bool) *object {
	for i, c := range slices.Backward(b.clauses) {
		x := c.bound["X"]
		if c.rule == nil || len(x) != 1 || !slices.ContainsFunc(c.rule.goal, decompose.Literal{Name: "is-open", Args: []string{"X"}}.Equal) {
			continue
		}
		other := slices.ContainsFunc(b.past[i+1:], func(p past) bool {
			return slices.ContainsFunc(p.objects, func(o *object) bool { return o != x[0] && o.is("openable") && o.is("container") })
		})
		if again || x[0].is("container") && !other {
			return x[0]
		}
		return nil
	}
	return nil
}

// covers are put on what they close.
var covers = strings.Fields("lid cap cover stopper cork")

// stuck are put on what one then goes on with.
var stuck = strings.Fields("stamp sticker label tag")

// refer finds what a pronoun stands for: the last thing that is of a kind, else the last that may be taken to be.
func (b *builder) refer(m *mention, kind string, named []*object) ([]*object, error) {
	fits := func(o *object) bool {
		if decompose.Skills().Is(o.kinds, "liquid") && kind != "liquid" {
			return false // "it" is the glass, not the water in it
		}
		return o.is(kind) && (m.pronoun == "him") == decompose.Skills().Is(o.kinds, "person") && !slices.Contains(named, o)
	}
	could := func(o *object) bool {
		return fits(o) || !slices.Contains(named, o) && b.assumes(o.noun.kinds, o.noun.class, o.plural, kind)
	}
	said := b.words[m.at].text
	if m.pronoun == "taken" {
		if n := len(b.past); n > 0 && b.past[n-1].taken != nil && fits(b.past[n-1].taken) {
			return []*object{b.past[n-1].taken}, nil
		}
		return nil, b.fault(m.at, m.end, "%q what?", said)
	}
	if last := len(b.past) - 1; said == "on" && b.text(m.at+1) == "top" && last >= 0 && b.past[last].put != nil && fits(b.past[last].put) {
		return []*object{b.past[last].put}, nil // on what was just put there
	}
	for n, fit := range []func(*object) bool{fits, could} {
		if last := len(b.past) - 1; n > 0 && last >= 0 && kind == "device" && m.pronoun == "it" { // the fan, of "the button on the fan"
			if i := slices.IndexFunc(b.past[last].wholes, fits); i >= 0 {
				return b.past[last].wholes[i : i+1], nil
			}
		}
		for _, last := range slices.Backward(b.past) {
			if m.pronoun == "them" {
				if list := last.several(said, fit); list != nil {
					return list, nil
				}
				continue
			}
			one, all := last.one(m.pronoun, kind, fit, b.content)
			if one != nil {
				return []*object{one}, nil
			} else if len(all) > 0 {
				return nil, b.fault(m.at, m.end, "could be the %s or the %s", all[0].name, all[1].name)
			}
		}
	}
	if o := b.beyond(m, kind, said, fits, could); o != nil {
		return []*object{o}, nil
	}
	return nil, b.fault(m.at, m.end, "%q stands for nothing that was named before", said)
}

// beyond finds what a pronoun stands for that no clause named as such: the whole of a part, the contents of what was emptied, what
// somebody points at, and a person.
func (b *builder) beyond(m *mention, kind, said string, fits, could func(*object) bool) *object {
	for _, last := range slices.Backward(b.past) { // the drawer, of "the handle of the drawer"
		if i := slices.IndexFunc(last.wholes, could); i >= 0 && m.pronoun != "them" {
			return last.wholes[i]
		}
	}
	if i := slices.IndexFunc(b.objects, func(o *object) bool { return strings.HasSuffix(o.name, "contents") && fits(o) }); i >= 0 && said == "everything" {
		return b.objects[i]
	}
	points := slices.Contains(pointing, said) && len(b.past) == 0 && fitsKind("item", kind)
	person := m.pronoun == "him" && kind == "person"
	if !points && !person {
		return nil
	}
	if i := slices.IndexFunc(b.objects, func(o *object) bool { return o.name == said }); i >= 0 {
		return b.objects[i]
	}
	if person {
		b.assume(said + " is somebody who is there")
		return b.add(said, &noun{name: said, kinds: kind})
	}
	b.assume(`"` + said + `" is a thing that can be held in one hand`)
	o := b.add(said, &noun{name: said, kinds: "item", class: '?'})
	o.plural = m.pronoun == "them"
	return o
}

// pointing are the words that somebody says who points at something.
var pointing = strings.Fields("this that these those")

// takesOut tells whether a clause takes its thing out of another.
func (r reading) takesOut() bool {
	return r.rule != nil && slices.ContainsFunc(r.rule.goal, decompose.Literal{Not: true, Name: "in", Args: []string{"X", "Y"}}.Equal)
}

// ofContent tells whether a clause is rather about what was put somewhere than about what that was put into: "put the egg in the pan and flip it".
func (r reading) ofContent() bool {
	return r.takesOut() || r.rule != nil && slices.ContainsFunc(r.rule.goal, func(l decompose.Literal) bool {
		return len(l.Args) > 0 && l.Args[0] == "X" && slices.Contains(contents, l.Name)
	})
}

// contents is what is done to what lies in or on something.
var contents = strings.Fields("tight flipped sliced peeled scanned drilled ironed watered sawn grated stapled")

// takes tells whether a clause leaves its thing in the hand.
func takes(r *saying) bool {
	return slices.ContainsFunc(r.goal, func(l decompose.Literal) bool {
		return len(l.Args) > 0 && l.Args[0] == "X" && (l.Name == "holding" || l.Name == "lifted" || l.Not && l.Placed() != "")
	})
}
