package english

import (
	"slices"
	"strings"

	"github.com/egotsr/egotsr/decompose"
)

// belonging reads "the milk goes in the fridge", "the milk should be put in the fridge" and "I want the milk in the fridge" as "put the
// milk in the fridge".
func (p *parser) belonging(i int, found func(reading)) {
	from, wish := i, false
	for _, words := range [][]string{{"i", "want"}, {"i", "need"}, {"i", "would", "like"}, {"i'd", "like"}, {"i'd", "prefer"}, {"we", "need"}, {"we", "want"}} {
		if p.has(i, words) {
			from, wish = i+len(words), true
		}
	}
	if !wish && !p.content(i) && !slices.Contains(definite, p.text(i)) && !slices.Contains([]string{"both", "all", "any", "every", "each"}, p.text(i)) {
		return
	}
	for _, ph := range p.several(from) {
		end := p.belongs(ph.end)
		if _, counts := p.number(i + 1); end == ph.end && p.rules[p.text(i)] != nil && (p.nouns[p.text(i)] == nil || counts || p.addressed(i+1)) {
			continue // load boxes onto
		}
		if end == 0 && wish {
			end = ph.end
		}
		if end == 0 {
			continue
		}
		for _, r := range p.rules["put"] {
			for _, pattern := range r.patterns {
				if said := slices.ContainsFunc(pattern[0].words, func(w []string) bool { return len(w) == 1 && w[0] == "put" }); said && len(pattern) > 3 && pattern[1].slot == "X" && p.allFit(ph.list, pattern[1].kind) {
					so := reading{rule: r, at: i, verb: "put", places: ph.places, slots: []slot{{"X", pattern[1].kind, ph.list}}}
					p.match(pattern[2:], end, so, plain, found)
				}
			}
		}
	}
}

func (p *parser) allFit(list []*mention, kind string) bool {
	return !slices.ContainsFunc(list, func(m *mention) bool { return p.fits(m, kind) == unfit })
}

// belongs passes "goes", "should be put", "needs to go"; it is 0 where nothing like that stands at i.
func (p *parser) belongs(i int) int {
	if w := p.text(i); w == "into" || w == "onto" || w == "to" && p.nouns[p.text(i+1)] != nil {
		return i
	}
	switch p.text(i) {
	case "need", "needs", "has", "have", "ought":
		if p.text(i+1) == "to" {
			i += 2
		}
	case "should", "must":
		i++
	}
	if w := p.text(i); (w == "end" || w == "ends" || w == "wind" || w == "winds") && p.text(i+1) == "up" {
		return i + 2
	}
	if w := p.text(i); (w == "sit" || w == "stand" || w == "rest" || w == "stay" || w == "live" || w == "lives") && i > 0 && (p.text(i-1) == "should" || p.text(i-1) == "must" || w == "lives") {
		return i + 1
	}
	switch p.text(i) {
	case "go", "goes", "belong", "belongs":
		return i + 1
	case "be":
		if next := p.text(i + 1); next == "put" || next == "placed" {
			return i + 2
		}
	}
	return 0
}

// placed reads "the cup is on the table".
func (p *parser) placed(i int, ph phrase, how string, j int, wanted bool, out map[int][]reading) {
	kind := map[string]string{"on": "surface", "in": "container"}[how]
	for _, y := range p.single(j) {
		fx, fy := p.fits(ph.list[0], "item"), p.fits(y.list[0], kind)
		if len(ph.list) != 1 || len(y.list) != 1 || min(fx, fy) == unfit {
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
		j, ok := p.verbOfBeing(i, ph.end, wanted)
		if !ok || len(ph.list) != 1 {
			continue
		}
		if w := strings.TrimSuffix(strings.TrimSuffix(p.text(j), "side"), "to"); (w == "on" || w == "in") && (p.content(j+1) || slices.Contains(definite, p.text(j+1))) {
			p.placed(i, ph, w, j+1, wanted, out)
			continue
		}
		l, kind := p.stateAt(j)
		if m := ph.list[0]; l.Name == "running" && m.noun != nil && fitsKind(m.noun.kinds, "lid") { // the lid is on
			l, kind = decompose.Literal{Not: !l.Not, Name: "is-open", Args: l.Args}, "lid"
		}
		if kind == "" {
			continue
		}
		if fit := p.fits(ph.list[0], kind); fit != unfit {
			r := &saying{goal: []decompose.Literal{l}}
			if wanted && l.Name == "locked" {
				r.needs = []need{{"K", "key-like", "key"}}
				r.start = []decompose.Literal{{Name: "fits", Args: []string{"K", "X"}}}
			}
			if wanted {
				r.was = []decompose.Literal{l.Negated()}
			}
			out[j+1] = append(out[j+1], reading{rule: r, slots: []slot{{"X", kind, ph.list}}, places: ph.places, state: !wanted, verb: "is", at: i, end: j + 1, taken: int(sure - fit)})
		}
	}
	return out
}

// terse tells whether a sentence is a note: it has no articles, and begins with no verb.
func (p *parser) terse() bool {
	said := p.words
	if at := slices.IndexFunc(said, func(w word) bool { return slices.Contains([]string{"in", "on", "into", "onto"}, w.text) }); at > 0 {
		said = said[:at] // pot on the trivet
	}
	return !slices.ContainsFunc(said, func(w word) bool { return slices.Contains(definite, w.text) || slices.Contains(indefinite, w.text) }) && (p.rules[p.text(0)] == nil || p.nouns[p.text(0)] != nil)
}

// verbOfBeing passes "is", "should be", "lights" at j; it may be missing before "closed", and in "lamp on".
func (p *parser) verbOfBeing(i, j int, wanted bool) (int, bool) {
	for _, must := range [][]string{{"has", "to"}, {"have", "to"}, {"should"}, {"must"}, {"needs", "to"}, {"need", "to"}, {"ought", "to"}} {
		if wanted && p.has(j, must) && p.text(j+len(must)) == "be" {
			j += len(must)
		}
	}
	switch w := p.text(j); w {
	case "is", "are", "be", "stays", "remains", "lights", "turns", "goes", "comes", "'s":
		return j + 1, true
	case "opens", "closes", "shuts", "glows", "shines":
		return j, !wanted || i > 0
	case "in", "inside", "onto", "into":
		return j, wanted && p.terse()
	case "closed", "open", "shut":
		return j, true
	case "down", "up":
		return j, wanted && (i > 0 || j == len(p.words)-1) && ends(p.words, j+1) && !slices.Contains(comes, p.text(j-1))
	case "on", "off":
		return j, i == 0 && j == len(p.words)-1 || wanted && i > 0 && ends(p.words, j+1) || wanted && p.terse() && (p.content(j+1) || slices.Contains(definite, p.text(j+1)))
	}
	return 0, false
}

// stateAt is what a word says of a thing, and the kind of thing that it is said of; empty where it says nothing.
func (p *parser) stateAt(j int) (l decompose.Literal, kind string) {
	w := p.text(j)
	if out := w == "out" && p.text(j-1) == "goes"; w == "on" || w == "off" || out || w == "up" && p.text(j-1) == "lights" {
		return decompose.Literal{Not: w == "off" || out, Name: "running", Args: []string{"X"}}, "device"
	}
	if w == "down" || w == "up" {
		return decompose.Literal{Not: w == "down", Name: "raised", Args: []string{"X"}}, "thing"
	}
	if w == "glows" || w == "shines" {
		return decompose.Literal{Name: "running", Args: []string{"X"}}, "device"
	}
	if w == "opens" || w == "closes" || w == "shuts" {
		return decompose.Literal{Not: w != "opens", Name: "is-open", Args: []string{"X"}}, "openable"
	}
	s := p.states[w]
	if s == nil || s.need != nil {
		return l, ""
	}
	if s.literal.Name == "is-open" {
		return s.literal, "openable"
	}
	args, _ := decompose.Skills().Predicate(s.literal.Name)
	return s.literal, args[0]
}
