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
	taken  int    // things that are taken to be of a kind that they are not known to be of
	tidy   string // the noun of what is to be tidied
	manner []word // that no step says
	told   bool   // "the towel is wet": it asks for nothing
	state  bool   // "the drawer is open": need not be brought about, if it is so
	verb   string
	at     int // words
	end    int
}

// ends tells whether a clause ends with a thing.
func (r *reading) ends() bool {
	return slices.ContainsFunc(r.slots, func(s slot) bool {
		return slices.ContainsFunc(s.list, func(m *mention) bool { return m.end == r.end })
	})
}

type slot struct {
	name, kind string
	list       []*mention
}

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
			if e.manner {
				with.manner = append(slices.Clip(with.manner), p.words[i:i+len(words)]...)
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
		found = []phrase{{list: []*mention{{pronoun: "taken", at: i - 1, end: i}}, end: i}}
	}
	for _, ph := range found {
		if ph.with && p.tooled[so.verb] {
			continue // what it is done with says nothing of which thing it is done to
		}
		worst := sure
		for _, m := range ph.list {
			f := p.fits(m, e.kind)
			if f == unfit && ph.places == 0 {
				p.misfit.refuse(m.end, p.text(so.at), e.kind)
			}
			worst = min(worst, f)
		}
		if worst == unfit || worst == assumed && p.strict {
			continue
		}
		p.fit = max(p.fit, ph.end)
		with := so
		with.slots = append(with.slots[:len(with.slots):len(with.slots)], slot{e.slot, e.kind, ph.list})
		with.places += ph.places
		with.taken += int(sure - worst)
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
	if f == plain {
		p.belonging(i, found)
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
				p.misfit.refuse(ph.end, w, "desk, table or counter")
			}
		}
	}
	return out
}

// belonging reads "the milk goes in the fridge" as "put the milk in the fridge".
func (p *parser) belonging(i int, found func(reading)) {
	from, wish := i, false
	for _, words := range [][]string{{"i", "want"}, {"i", "need"}, {"i", "would", "like"}, {"i'd", "like"}} {
		if p.has(i, words) {
			from, wish = i+len(words), true
		}
	}
	if !wish && !p.content(i) && !slices.Contains(definite, p.text(i)) && p.text(i) != "both" && p.text(i) != "all" {
		return
	}
	for _, ph := range p.several(from) {
		end := ph.end
		if w := p.text(end); (w == "need" || w == "needs" || w == "has" || w == "have" || w == "ought") && p.text(end+1) == "to" {
			end += 2
		} else if w == "should" || w == "must" {
			end++
		}
		if p.text(end) == "be" && (p.text(end+1) == "put" || p.text(end+1) == "placed") {
			end += 2
		} else if w := p.text(end); w == "go" || w == "goes" || w == "belong" || w == "belongs" {
			end++
		} else if !wish {
			continue
		}
		for _, r := range p.rules["put"] {
			for _, pattern := range r.patterns {
				if pattern[0].slot != "" || len(pattern) < 4 || pattern[1].slot != "X" {
					continue
				}
				if slices.ContainsFunc(ph.list, func(m *mention) bool { return p.fits(m, pattern[1].kind) == unfit }) {
					continue
				}
				so := reading{rule: r, at: i, verb: "put", places: ph.places, slots: []slot{{"X", pattern[1].kind, ph.list}}}
				p.match(pattern[2:], end, so, plain, found)
			}
		}
	}
}

// placed reads "the cup is on the table".
func (p *parser) placed(i int, ph phrase, how string, j int, wanted bool, out map[int][]reading) {
	kind := map[string]string{"on": "surface", "in": "container"}[how]
	for _, y := range p.single(j) {
		fx, fy := p.fits(ph.list[0], "item"), p.fits(y.list[0], kind)
		if len(ph.list) != 1 || len(y.list) != 1 || min(fx, fy) == unfit || p.strict && min(fx, fy) == assumed {
			continue
		}
		r := &saying{goal: []decompose.Literal{{Name: how, Args: []string{"X", "Y"}}}, without: []string{"stack"}}
		out[y.end] = append(out[y.end], reading{rule: r, slots: []slot{{"X", "item", ph.list}, {"Y", kind, y.list}}, places: ph.places + y.places, state: !wanted,
			verb: "is", at: i, end: y.end, taken: int(sure-fx) + int(sure-fy)})
	}
}

// condition reads "the drawer is open", as what is so or, where it is wanted, as what to bring about.
func (p *parser) condition(i int, wanted bool) map[int][]reading {
	out := map[int][]reading{}
	for _, ph := range p.single(i) {
		j := ph.end
		for _, must := range [][]string{{"has", "to"}, {"have", "to"}, {"should"}, {"must"}, {"needs", "to"}, {"need", "to"}, {"ought", "to"}} {
			if wanted && p.has(j, must) && p.text(j+len(must)) == "be" {
				j += len(must)
			}
		}
		if w := p.text(j); slices.Contains([]string{"is", "are", "be", "stays", "remains", "lights", "turns", "goes", "'s"}, w) {
			j++
		} else if w != "closed" && w != "open" && w != "shut" && !(i == 0 && j == len(p.words)-1 && (w == "on" || w == "off")) {
			continue
		}
		if w := p.text(j); (w == "on" || w == "in") && p.content(j+1) || (w == "on" || w == "in") && slices.Contains(definite, p.text(j+1)) {
			p.placed(i, ph, w, j+1, wanted, out)
			continue
		}
		s, kind := p.states[p.text(j)], ""
		switch w := p.text(j); {
		case w == "on" || w == "off" || w == "up" && p.text(j-1) == "lights":
			s, kind = &state{literal: decompose.Literal{Not: w == "off", Name: "running", Args: []string{"X"}}}, "device"
		case s == nil || s.need != nil:
			continue
		default:
			args, _ := decompose.Skills().Predicate(s.literal.Name)
			kind = args[0]
		}
		if s.literal.Name == "is-open" {
			kind = "openable"
		}
		if fit := p.fits(ph.list[0], kind); fit != unfit && !(p.strict && fit == assumed) && len(ph.list) == 1 {
			r := &saying{goal: []decompose.Literal{s.literal}}
			if wanted {
				r.was = []decompose.Literal{s.literal.Negated()}
			}
			out[j+1] = append(out[j+1], reading{rule: r, slots: []slot{{"X", kind, ph.list}}, places: ph.places, state: !wanted, verb: "is", at: i, end: j + 1, taken: int(sure - fit)})
		}
	}
	return out
}
