package english

import (
	"fmt"
	"slices"

	"github.com/egotsr/egotsr/decompose"
)

// object is a thing that a sentence speaks of, or takes for granted.
type object struct {
	name    string
	noun    *noun
	bare    bool
	where   *object // said with its noun
	how     string  // on, in, at
	of      *object // the liquid in it
	states  []decompose.Literal
	place   string // where it is at the start, once that is known
	loc     *decompose.Literal
	touched bool
	room    bool
}

// past is what a clause spoke of: what pronouns can stand for.
type past struct {
	objects []*object
	plural  []*object // of a list
	taken   *object   // it ended up in the hand
	tool    *object   // it was only a means
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
}

// understood is a clause with its things found.
type understood struct {
	reading
	bound map[string][]*object
	goal  []decompose.Literal // beyond that of the rule, of "a washed apple"
	known []decompose.Literal // what phrases say of things that were named before: "the sliced apple"
	said  []int               // clauses that the words put before it
}

func (b *builder) fault(at, end int, format string, args ...any) error {
	e := &decompose.UnplacedError{Sentence: b.sentence, Reason: fmt.Sprintf(format, args...)}
	for i := at; i < end && i < len(b.words); i++ {
		e.Words = append(e.Words, decompose.Word{Text: b.words[i].said, Offset: b.words[i].at})
	}
	return e
}

// choose picks the reading of a clause. Two that take the words for different things are one too many.
func (b *builder) choose(all []reading) (reading, error) {
	fewest := all[0].places
	for _, r := range all {
		fewest = min(fewest, r.places)
	}
	var fit []reading
	var failed error
	for _, r := range all {
		if r.places != fewest {
			continue
		}
		if err := b.fits(r); err != nil {
			if failed == nil {
				failed = err
			}
		} else if !slices.ContainsFunc(fit, func(s reading) bool { return sameSlots(r, s) }) {
			fit = append(fit, r)
		}
	}
	switch {
	case len(fit) == 0:
		return reading{}, failed
	case len(fit) > 1 && fewest > 0:
		return reading{}, b.fault(fit[0].at, fit[0].end, "can be read in two ways")
	}
	return fit[0], nil
}

// sameSlots tells whether two readings take the same words for things.
func sameSlots(r, s reading) bool {
	return slices.EqualFunc(r.slots, s.slots, func(a, b slot) bool {
		return slices.EqualFunc(a.list, b.list, func(m, n *mention) bool { return m.at == n.at && m.end == n.end })
	})
}

// fits tells whether every pronoun of a reading stands for something.
func (b *builder) fits(r reading) error {
	named := b.named(r)
	for _, s := range r.slots {
		for _, m := range s.list {
			if m.pronoun != "" {
				if _, err := b.refer(m, s.kind, named); err != nil {
					return err
				}
			} else if _, err := b.find(m); err != nil {
				return err
			}
		}
	}
	return nil
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
	var same []*object
	for _, o := range b.objects {
		if o.noun.name != m.noun.name {
			continue
		}
		elsewhere := m.where != nil && o.where != nil && o.where.noun.name != m.where.noun.name
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

// refer finds what a pronoun stands for: the last thing that fits, where only one does.
func (b *builder) refer(m *mention, kind string, named []*object) ([]*object, error) {
	fits := func(o *object) bool {
		if decompose.Skills().Is(o.noun.kinds, "liquid") && kind != "liquid" {
			return false // "it" is the glass, not the water in it
		}
		return fitsKind(o.noun, kind) && (m.pronoun == "him") == decompose.Skills().Is(o.noun.kinds, "person") && !slices.Contains(named, o)
	}
	said := b.words[m.at].text
	if m.pronoun == "taken" {
		if n := len(b.past); n > 0 && b.past[n-1].taken != nil && fits(b.past[n-1].taken) {
			return []*object{b.past[n-1].taken}, nil
		}
		return nil, b.fault(m.at, m.end, "%q what?", said)
	}
	for i := len(b.past) - 1; i >= 0; i-- {
		last := b.past[i]
		if m.pronoun == "them" {
			if len(last.plural) > 1 && !slices.ContainsFunc(last.plural, func(o *object) bool { return !fits(o) }) {
				return last.plural, nil
			}
			continue
		}
		var one []*object
		for _, o := range last.objects {
			if fits(o) && !slices.Contains(one, o) {
				one = append(one, o)
			}
		}
		switch {
		case len(one) == 1:
			return one, nil
		case len(one) > 1 && slices.Contains(one, last.taken) && m.pronoun == "it":
			return []*object{last.taken}, nil
		case len(one) == 2 && slices.Contains(one, last.tool):
			return []*object{one[1-slices.Index(one, last.tool)]}, nil
		case len(one) > 1:
			return nil, b.fault(m.at, m.end, "could be the %s or the %s", one[0].name, one[1].name)
		}
	}
	return nil, b.fault(m.at, m.end, "%q stands for nothing that was named before", said)
}

// commit finds or makes the things of a reading.
func (b *builder) commit(r reading) (*understood, error) {
	c := &understood{reading: r, bound: map[string][]*object{}}
	var now past
	named := b.named(r)
	for _, pronoun := range []bool{false, true} { // so that pronouns can rule out what is named beside them
		for _, s := range r.slots {
			for _, m := range s.list {
				if (m.pronoun != "") != pronoun {
					continue
				}
				var found []*object
				var err error
				if pronoun {
					found, err = b.refer(m, s.kind, named)
				} else {
					found, err = b.make(c, m, s.kind)
				}
				if err != nil {
					return nil, err
				}
				if bad := slices.IndexFunc(found, func(o *object) bool { return !fitsKind(o.noun, s.kind) }); bad >= 0 {
					return nil, b.fault(m.at, m.end, "%q takes no %s there (%s)", r.verb, found[bad].name, s.kind)
				}
				if s.name != "X" && len(found) > 1 {
					return nil, b.fault(m.at, m.end, "is more than one thing")
				}
				c.bound[s.name] = append(c.bound[s.name], found...)
			}
		}
	}
	for _, s := range r.slots {
		now.objects = append(now.objects, c.bound[s.name]...)
		if s.name == "X" && len(c.bound["X"]) > 1 {
			now.plural = c.bound["X"]
		}
		if s.name == "X" && len(c.bound["X"]) == 1 && r.rule != nil && takes(r.rule) {
			now.taken = c.bound["X"][0]
		}
		if m := s.list[0]; m.pronoun == "" && r.rule != nil && slices.ContainsFunc(r.rule.goal, decompose.Literal{Name: "used", Args: []string{s.name}}.Equal) && len(c.bound["X"]) == 1 {
			now.tool = c.bound[s.name][0]
		}
		for i, o := range c.bound[s.name] {
			if slices.Contains(c.bound[s.name][:i], o) {
				return nil, b.fault(r.at, r.end, "names the %s twice", o.name)
			}
			for _, other := range r.slots {
				if other.name != s.name && slices.Contains(c.bound[other.name], o) {
					return nil, b.fault(r.at, r.end, "does something to the %s and itself", o.name)
				}
			}
		}
	}
	b.past = append(b.past, now)
	b.clauses = append(b.clauses, c)
	return c, nil
}

// takes tells whether a clause leaves its thing in the hand.
func takes(r *saying) bool {
	return slices.ContainsFunc(r.goal, func(l decompose.Literal) bool {
		return l.Args[0] == "X" && (l.Name == "holding" || l.Name == "lifted" || l.Not && l.Placed() != "")
	})
}
