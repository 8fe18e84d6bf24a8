package english

import (
	"slices"

	"github.com/egotsr/egotsr/decompose"
)

// reading is one way to understand a clause.
type reading struct {
	rule   *saying
	slots  []slot
	places int
	tidy   string // the noun of what is to be tidied
	state  bool   // "the drawer is open": need not be brought about, if it is so
	verb   string
	at     int // words
	end    int
}

type slot struct {
	name, kind string
	list       []*mention
}

// is tells whether what is mentioned may be of a kind. A liquid stands for what holds it.
func (p *parser) is(m *mention, kind string) bool {
	if m.pronoun != "" {
		return kind != room && kind != "tap-water" && (m.pronoun != "him" || kind == "person")
	}
	if m.unknown {
		return kind == "item" // a flurb can be picked up; who knows what else
	}
	return fitsKind(m.noun, kind)
}

func fitsKind(n *noun, kind string) bool {
	switch kind {
	case "tap-water":
		return n.name == "water"
	case "heats":
		return decompose.Skills().Is(n.kinds, "heater") || decompose.Skills().Is(n.kinds, "hotplate")
	}
	if n.kinds == kind || decompose.Skills().Is(n.kinds, kind) {
		return true
	}
	return decompose.Skills().Is(n.kinds, "liquid") && kind != "thing" && decompose.Skills().Is(poured, kind)
}

const poured = "bowl-like" // what a liquid is in that is named without it

// match reads words from i on by a pattern, and yields where they end.
func (p *parser) match(pattern []element, i int, so reading, f form, yield func(reading)) {
	if p.budget--; p.budget < 0 {
		return
	}
	p.far = max(p.far, i)
	if len(pattern) == 0 {
		so.end = i
		yield(so)
		return
	}
	e, rest := pattern[0], pattern[1:]
	if e.optional {
		p.match(rest, i, so, f, yield)
	}
	for _, words := range e.words {
		if p.verb(i, words, f) {
			with := so
			if e.slot != "" {
				with.slots = append(with.slots[:len(with.slots):len(with.slots)], slot{e.slot, e.kind, []*mention{{pronoun: "there", at: i, end: i + len(words)}}})
			}
			p.match(rest, i+len(words), with, plain, yield)
		}
	}
	if e.slot == "" || len(e.words) > 0 || i >= len(p.words) {
		return
	}
	phrases := p.single
	if e.slot == "X" {
		phrases = p.several
	}
	found := phrases(i)
	if len(found) == 0 && e.slot == "X" && len(so.slots) == 0 && slices.ContainsFunc(rest, func(e element) bool { return e.slot != "" }) {
		// "pick up the mug and place on the table"
		found = []phrase{{[]*mention{{pronoun: "taken", at: i - 1, end: i}}, i, 0}}
	}
	for _, ph := range found {
		if bad := slices.IndexFunc(ph.list, func(m *mention) bool { return !p.is(m, e.kind) }); bad >= 0 {
			p.unfit.refuse(ph.list[bad].end, p.text(so.at), e.kind)
			continue
		}
		p.fit = max(p.fit, ph.end)
		with := so
		with.slots = append(with.slots[:len(with.slots):len(with.slots)], slot{e.slot, e.kind, ph.list})
		with.places += ph.places
		p.match(rest, ph.end, with, plain, yield)
	}
}

// verb tells whether words stand at i, the first of them in a form.
func (p *parser) verb(i int, words []string, f form) bool {
	if f == plain {
		return p.has(i, words)
	}
	return slices.Contains(p.lemmas(p.text(i), f), words[0]) && p.has(i+1, words[1:])
}

// clause reads a clause at i in every way, by where it ends. A clause without a verb takes that of the one before:
// "put the mug in the sink and the plate on the table".
func (p *parser) clause(i int, f form, verb string) map[int][]reading {
	out := map[int][]reading{}
	found := func(r reading) { out[r.end] = append(out[r.end], r) }
	if verb != "" {
		for _, r := range p.rules[verb] {
			for _, pattern := range r.patterns {
				if elided := slices.ContainsFunc(pattern[0].words, func(w []string) bool { return len(w) == 1 && w[0] == verb }); elided && pattern[1].slot == "X" {
					p.match(pattern[1:], i, reading{rule: r, at: i, verb: verb}, plain, found)
				}
			}
		}
		return out
	}
	for _, lemma := range p.lemmas(p.text(i), f) {
		for _, r := range p.rules[lemma] {
			for _, pattern := range r.patterns {
				p.match(pattern, i, reading{rule: r, at: i, verb: lemma}, f, found)
			}
		}
	}
	if w := p.text(i); f == plain && (w == "tidy" || w == "clear" || w == "clean") {
		j := i + 1
		if next := p.text(j); next == "up" || next == "off" {
			j++
		} else if w == "clean" {
			return out
		}
		for _, ph := range p.single(j) {
			if m := ph.list[0]; m.noun != nil && p.tidy[m.noun.name] != nil && m.where == nil {
				p.far = max(p.far, ph.end)
				found(reading{tidy: m.noun.name, slots: []slot{{"X", "surface", ph.list}}, at: i, end: ph.end})
			} else {
				p.unfit.refuse(ph.end, w, "desk, table or counter")
			}
		}
	}
	return out
}

// condition reads "the drawer is open".
func (p *parser) condition(i int) map[int][]reading {
	out := map[int][]reading{}
	for _, ph := range p.single(i) {
		j := ph.end
		if w := p.text(j); w != "is" && w != "are" && w != "it's" {
			continue
		}
		s, kind := p.states[p.text(j+1)], ""
		switch w := p.text(j + 1); {
		case s != nil && s.need == nil:
			args, _ := decompose.Skills().Predicate(s.literal.Name)
			kind = args[0]
		case w == "on" || w == "off":
			s, kind = &state{literal: decompose.Literal{Not: w == "off", Name: "running", Args: []string{"X"}}}, "device"
		default:
			continue
		}
		if s.literal.Name == "is-open" {
			kind = "openable"
		}
		if p.is(ph.list[0], kind) {
			r := &saying{goal: []decompose.Literal{s.literal}}
			out[j+2] = append(out[j+2], reading{rule: r, slots: []slot{{"X", kind, ph.list}}, places: ph.places, state: true, at: i, end: j + 2})
		}
	}
	return out
}
