package english

import (
	"slices"
	"strings"

	"github.com/egotsr/egotsr/decompose"
)

// reading is one way to understand a clause.
type reading struct {
	rule     *saying
	slots    []slot
	places   int
	taken    int    // things that are taken to be of a kind that they are not known to be of
	tidy     string // the noun of what is to be tidied
	manner   []word // that no step says
	told     bool   // "the towel is wet": it asks for nothing
	supposes bool   // "if the window is open": the plan is for that case
	awaits   bool   // "the water boils": nobody brings it about
	forbids  bool   // and it is not to be done
	never    bool   // and its thing is to be left alone: "don't touch the knife"
	elided   bool   // its verb is that of the clause before
	state    bool   // "the drawer is open": need not be brought about, if it is so
	verb     string
	at       int // words
	end      int
}

// handles tells whether a clause takes a thing or puts it somewhere, which can be done with more than the hand.
func (r *reading) handles() bool {
	return r.rule != nil && slices.ContainsFunc(r.rule.goal, func(l decompose.Literal) bool { return l.Placed() == "X" })
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
	for _, ph := range p.fillers(e, rest, i, so) {
		with, ok := p.fill(e, ph, i, so)
		if ok {
			p.match(rest, ph.end, with, plain, yield)
		}
	}
}

// fillers lists what can stand in a slot at i.
func (p *parser) fillers(e element, rest []element, i int, so reading) []phrase {
	phrases := p.single
	if e.slot == "X" || e.slot == "M" || e.slot == "D" {
		phrases = p.several
	}
	found := phrases(i)
	if e.slot == "M" && len(found) == 0 { // what no list has need not be a thing: the password
		end := i
		for end < i+4 && (p.content(end) || end == i && (slices.Contains(definite, p.text(end)) || slices.Contains(indefinite, p.text(end)))) {
			end++
		}
		if end > i && p.content(end-1) {
			found = []phrase{{end: end}}
		}
	}
	if len(found) == 0 && e.slot == "X" && len(so.slots) == 0 && slices.ContainsFunc(rest, func(e element) bool { return e.slot != "" }) {
		// "pick up the mug and place on the table"
		return []phrase{{list: []*mention{{pronoun: "taken", at: i - 1, end: i}}, end: i}}
	}
	return found
}

// fill puts a phrase into a slot of a reading, unless its things are of the wrong kind.
func (p *parser) fill(e element, ph phrase, i int, so reading) (with reading, ok bool) {
	with = so
	if e.slot == "M" { // what it is done with, which no step says
		with.manner = append(slices.Clip(with.manner), p.words[i-1:ph.end]...)
		return with, true
	}
	if ph.with && (p.tooled[so.verb] || slices.Contains(poking, so.verb)) {
		return so, false // what it is done with says nothing of which thing it is done to
	}
	ph.list = slices.Clone(ph.list)
	worst := sure
	for i, m := range ph.list {
		if m.itself != nil && !strings.Contains(e.kind, "openable") && e.kind != "lockable" && e.kind != "container" {
			m = m.itself
			ph.list[i] = m
		}
		f := p.fits(m, e.kind)
		if m.noun != nil && m.noun.class == 'u' && e.kind == "item" && p.pours(so.verb) {
			f = unfit
		}
		if e.slot == "X" && m.noun != nil && so.rule != nil && slices.ContainsFunc(so.rule.never, func(k string) bool {
			return len(k) == 1 && m.noun.class == k[0] || fitsKind(m.noun.kinds, k)
		}) {
			f = unfit
		}
		if elided := len(so.slots) > 0 && so.slots[0].list[0].pronoun == "taken"; elided && f == assumed && so.verb == "put" && m.definite {
			f = unfit // "put on the spare" puts nothing on it
		}
		if f == unfit && ph.places == 0 {
			p.misfit.refuse(m.end, p.text(so.at), e.kind)
		}
		worst = min(worst, f)
	}
	if worst == unfit {
		return so, false
	}
	p.fit = max(p.fit, ph.end)
	if e.slot != "X" {
		p.goes[ph.end] = true
	}
	with.slots = append(with.slots[:len(with.slots):len(with.slots)], slot{e.slot, e.kind, ph.list})
	with.places += ph.places
	with.taken += int(sure - worst)
	return with, true
}

// pours tells whether a verb can be said of liquids.
func (p *parser) pours(verb string) bool {
	return slices.ContainsFunc(p.rules[verb], func(r *saying) bool {
		return slices.ContainsFunc(r.patterns, func(pattern []element) bool {
			return slices.ContainsFunc(pattern, func(e element) bool { return e.kind == "liquid" })
		})
	})
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
					p.match(pattern[1:], i, reading{rule: r, at: i, verb: verb, elided: true}, plain, found)
				}
			}
		}
		return out
	}
	if f == plain {
		p.belonging(i, found)
	}
	if p.text(i) == "lower" && slices.Contains([]string{"shelf", "drawer", "cabinet", "rack", "level", "left", "right"}, p.text(i+1)) {
		return out // what is further down
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
