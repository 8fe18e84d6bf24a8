package english

import (
	"fmt"
	"slices"
	"strings"

	"github.com/egotsr/egotsr/decompose"
)

// object is a thing that a sentence speaks of, or takes for granted.
type object struct {
	name    string
	noun    *noun
	kinds   string // of the noun, and those that the sentence takes it to be of
	bare    bool
	plural  bool    // several, handled as one
	where   *object // said with its noun
	how     string  // on, in, at
	of      *object // the liquid in it
	states  []decompose.Literal
	place   string // where it is at the start, once that is known
	loc     *decompose.Literal
	touched bool
	room    bool
}

func (o *object) is(kind string) bool {
	if kind == "tap-water" {
		return o.noun.name == "water"
	}
	return fitsKind(o.kinds, kind)
}

// past is what a clause spoke of: what pronouns can stand for.
type past struct {
	objects []*object
	plural  []*object // of a list
	taken   *object   // it ended up in the hand
	tool    *object   // it was only a means
	base    *object   // something was stacked on it
	put     *object   // it was put into what is next
	into    *object   // of what can be carried
}

// builder makes a request of what was parsed.
type builder struct {
	*parser
	sentence string
	request  *decompose.Request
	objects  []*object
	past     []past
	clauses  []*understood
	needs    []need // that no slot names
	out      bool   // "it" is something that is taken out of something
}

// understood is a clause with its things found.
type understood struct {
	reading
	bound map[string][]*object
	goal  []decompose.Literal // beyond that of the rule, of "a washed apple"
	near  []decompose.Literal // what things are to be near, of "on the table next to the plate"
	known []decompose.Literal // what phrases say of things that were named before: "the sliced apple"
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

// choose picks the reading of a clause: that which takes the fewest phrases for descriptions and assumes the least. Two that take
// the words for different things are one too many, unless one puts something somewhere and the other only near something.
func (b *builder) choose(all []reading) (reading, error) {
	fewest := slices.MinFunc(all, func(r, s reading) int { return r.places - s.places }).places
	var fit []reading
	var failed error
	for _, r := range all {
		if r.places != fewest {
			continue
		}
		assumed, err := b.fits(r)
		if err == nil {
			r.taken += assumed
			fit = append(fit, r)
		} else if failed == nil {
			failed = err
		}
	}
	if len(fit) == 0 {
		return reading{}, failed
	}
	if fewest > 0 && different(fit) {
		if into := slices.DeleteFunc(slices.Clone(fit), reading.near); len(into) > 0 {
			fit = into
		}
		if different(fit) {
			return reading{}, b.fault(fit[0].at, fit[0].end, "can be read in two ways")
		}
	}
	return slices.MinFunc(fit, func(r, s reading) int { return r.taken - s.taken }), nil
}

func different(all []reading) bool {
	return slices.ContainsFunc(all, func(r reading) bool { return !sameSlots(r, all[0]) })
}

// near tells whether a reading only brings a thing near another.
func (r reading) near() bool {
	return r.rule == nil || slices.ContainsFunc(r.rule.goal, func(l decompose.Literal) bool { return l.Name == "moved" || l.Name == "pushed" })
}

// sameSlots tells whether two readings take the same words for things.
func sameSlots(r, s reading) bool {
	return slices.EqualFunc(r.slots, s.slots, func(a, b slot) bool {
		return slices.EqualFunc(a.list, b.list, func(m, n *mention) bool { return m.at == n.at && m.end == n.end })
	})
}

// fits tells whether every pronoun of a reading stands for something, and for how many a kind has to be assumed.
func (b *builder) fits(r reading) (assumed int, err error) {
	b.out = r.takesOut()
	named := b.named(r)
	var nouns []*noun
	for _, s := range r.slots {
		for _, m := range s.list {
			switch {
			case m.pronoun != "":
				found, err := b.refer(m, s.kind, named)
				if err != nil {
					return 0, err
				}
				if !found[0].is(s.kind) {
					assumed++
				}
			case m.one:
				if !b.sort(s.kind, nouns) {
					return 0, b.fault(m.at, m.end, "stands for nothing that was named before")
				}
			default:
				if _, err := b.find(m); err != nil {
					return 0, err
				}
				nouns = append(nouns, m.noun)
			}
		}
	}
	return assumed, nil
}

// sort tells whether something that was named is of a kind, for "the left one" to be one of its sort.
func (b *builder) sort(kind string, now []*noun) bool {
	fits := func(n *noun) bool { return fitsKind(n.kinds, kind) || b.assumes(n.kinds, n.class, false, kind) }
	return slices.ContainsFunc(now, fits) || slices.ContainsFunc(b.past, func(p past) bool {
		return slices.ContainsFunc(p.objects, func(o *object) bool { return fits(o.noun) })
	})
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
	for _, o := range candidates {
		if fits(o) {
			m.noun, m.one = o.noun, false
			m.said = strings.TrimSpace(m.said + " " + o.noun.name)
			return nil
		}
	}
	return b.fault(m.at, m.end, "stands for nothing that was named before")
}

// refer finds what a pronoun stands for: the last thing that fits, where only one does.
func (b *builder) refer(m *mention, kind string, named []*object) ([]*object, error) {
	fits := func(o *object) bool {
		if decompose.Skills().Is(o.kinds, "liquid") && kind != "liquid" {
			return false // "it" is the glass, not the water in it
		}
		return o.is(kind) && (m.pronoun == "him") == decompose.Skills().Is(o.kinds, "person") && !slices.Contains(named, o)
	}
	said := b.words[m.at].text
	if m.pronoun == "taken" {
		if n := len(b.past); n > 0 && b.past[n-1].taken != nil && fits(b.past[n-1].taken) {
			return []*object{b.past[n-1].taken}, nil
		}
		return nil, b.fault(m.at, m.end, "%q what?", said)
	}
	for _, surely := range []bool{true, false} {
		for i := len(b.past) - 1; i >= 0; i-- {
			last := b.past[i]
			if m.pronoun == "them" {
				if list := last.several(fits, b.past); list != nil {
					return list, nil
				}
				continue
			}
			var one []*object
			for _, o := range last.objects {
				could := fits(o) || !surely && !slices.Contains(named, o) && b.assumes(o.noun.kinds, o.noun.class, o.plural, kind)
				if could && !slices.Contains(one, o) {
					one = append(one, o)
				}
			}
			switch {
			case len(one) == 1:
				return one, nil
			case len(one) == 2 && b.out && slices.Contains(one, last.put):
				return []*object{last.put}, nil
			case len(one) == 2 && !b.out && slices.Contains(one, last.into) && slices.Contains(one, last.put):
				return []*object{last.into}, nil // and what is in it goes along
			case len(one) > 1 && slices.Contains(one, last.taken) && m.pronoun == "it":
				return []*object{last.taken}, nil
			case len(one) == 2 && slices.Contains(one, last.tool):
				return []*object{one[1-slices.Index(one, last.tool)]}, nil
			case len(one) > 1:
				return nil, b.fault(m.at, m.end, "could be the %s or the %s", one[0].name, one[1].name)
			}
		}
	}
	return nil, b.fault(m.at, m.end, "%q stands for nothing that was named before", said)
}

// several is what "them" stands for in a clause: its list, what it has several of, or what was put on each other.
func (last past) several(fits func(*object) bool, all []past) []*object {
	if last.base != nil && fits(last.base) {
		return []*object{last.base} // what stands on it goes along
	}
	if len(last.plural) > 1 && !slices.ContainsFunc(last.plural, func(o *object) bool { return !fits(o) }) {
		return last.plural
	}
	for _, o := range last.objects {
		if o.plural && fits(o) {
			return []*object{o}
		}
	}
	return nil
}

// takesOut tells whether a clause takes its thing out of another.
func (r reading) takesOut() bool {
	return r.rule != nil && slices.ContainsFunc(r.rule.goal, decompose.Literal{Not: true, Name: "in", Args: []string{"X", "Y"}}.Equal)
}

// takes tells whether a clause leaves its thing in the hand.
func takes(r *saying) bool {
	return slices.ContainsFunc(r.goal, func(l decompose.Literal) bool {
		return len(l.Args) > 0 && l.Args[0] == "X" && (l.Name == "holding" || l.Name == "lifted" || l.Not && l.Placed() != "")
	})
}
