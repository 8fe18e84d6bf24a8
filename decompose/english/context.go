package english

import (
	"slices"
	"strings"
)

// context reads what is only told before an order: "I'm cold, close the window", "the milk has gone off, so throw it out".
func (p *parser) context(i int) map[int][]reading {
	out := map[int][]reading{}
	if w := p.text(i); w == "since" || w == "because" || w == "as" {
		for end, list := range p.context(i + 1) {
			list[0].manner, list[0].at = p.words[i:end], i
			out[end] = list
		}
		return out
	}
	subject, denied := slices.Contains(subjects, p.text(i)), false
	if ph := p.subject(i); ph != nil { // the plates don't belong there
		denied = slices.Contains(denials, p.text(ph.end)) && p.text(ph.end+1) != "to"
	}
	if p.text(i) == "you" {
		return out
	}
	if !subject && p.happens(i) == 0 {
		if p.subject(i) == nil {
			return out
		}
	}
	for k := i + 2; k < len(p.words); k++ {
		w := p.text(k)
		if p.refuse[w] != "" && w != "not" && !(p.refuse[w] == "negation" && (subject && k < i+3 || denied && k < i+6)) || w == "?" {
			return out
		}
		if !slices.Contains([]string{",", ".", ";", "!", "so", ":", "-"}, w) || !p.orders(k) {
			continue
		}
		r := reading{rule: &saying{}, told: true, verb: "tell", manner: p.words[i:k], at: i, end: k}
		if m := p.toldOf(i, k, subject); m != nil {
			r.slots = []slot{{"X", "thing", []*mention{m}}}
		}
		out[k] = []reading{r}
		return out
	}
	return out
}

// subject is the thing at i that a verb follows which tells of it: "the lamp in the hallway is".
func (p *parser) subject(i int) *phrase {
	for _, ph := range p.single(i) {
		if p.tells(ph.end) {
			return &ph
		}
	}
	return nil
}

// tells tells whether a verb at k tells of what is so, or of what has come to pass: is, fell, knocked.
func (p *parser) tells(k int) bool {
	w := p.text(k)
	if slices.Contains(denials, w) || slices.Contains(tellers, w) || slices.Contains(passed, w) || slices.Contains(comes, w) {
		return true
	}
	stem, ok := strings.CutSuffix(w, "ed")
	return ok && stemOfVerb(stem)
}

// comes are verbs of what something comes to.
var comes = strings.Fields("opens closes shuts turns goes comes lights glows shines")

// denials are verbs of what is not so.
var denials = strings.Fields("don't doesn't isn't aren't won't can't wasn't weren't")

// passed are verbs in the past that do not end in -ed.
var passed = strings.Fields("fell left broke spilt knocked threw put made got went came ran took forgot brought lost shut wants keeps needs began woke burnt rang")

// spills are what is done to a liquid that is then on something.
var spills = strings.Fields("spilled spilt dripped dropped splashed leaked")

// reason reads why something is asked for, at the end of a sentence: "draw the curtains, the sun is blinding me".
func (p *parser) reason(i int) map[int][]reading {
	if i == 0 || p.content(i-1) {
		return nil
	}
	k, end, mine := i, i+p.toEnd(i, i), p.has(i, []string{"i", "am"}) || p.text(i) == "i'm" || p.has(i, []string{"we", "are"}) || p.text(i) == "we're"
	it := p.text(i) == "it's" && p.text(i-1) == "." && p.adjective(i+1)
	if ph := p.subject(i); ph != nil {
		k = ph.end + 1
	} else if !mine && !it {
		return nil
	}
	w := p.text(k)
	if next := p.text(i + 1 + boolean(p.text(i) == "i" || p.text(i) == "we")); mine && slices.Contains([]string{"to", "going", "supposed", "about"}, next) && !(next == "going" && p.rules[p.text(end-1)] == nil) {
		return nil
	}
	why := mine || it || w == "too" || w == "getting" && len(p.lemmas(p.text(k+1), participle)) == 0 && p.rules[p.text(k+1)] == nil || strings.HasSuffix(w, "ing") && w != "getting" && w != "being" && (p.text(k+1) != "" && len(p.lemmas(w, gerund)) == 0 || w == "freezing")
	if !why || end < len(p.words) && p.text(end) != "." && p.text(end) != "!" {
		return nil
	}
	return map[int][]reading{end: {{rule: &saying{}, told: true, verb: "tell", manner: p.words[i:end], at: i, end: end}}}
}

var (
	subjects = strings.Fields("i i'd i'm i've i'll we we're we've it's it there's there someone somebody he she they they're")
	tellers  = strings.Fields("is are was were has have had looks look seems seem smells feels got needs")
)

// orders tells whether an order begins after the mark at k.
func (p *parser) orders(k int) bool {
	for k < len(p.words) && slices.Contains([]string{",", ".", ";", "!", "so", ":", "-", "and", "then"}, p.text(k)) {
		k++
	}
	end, how := p.polite(k)
	return end > k && how != "state" && end < len(p.words) || p.rules[p.text(end)] != nil && (p.nouns[p.text(end)] == nil || p.addressed(end+1))
}

// addressed tells whether what a verb is said of begins at k.
func (p *parser) addressed(k int) bool {
	w := p.text(k)
	return slices.Contains(definite, w) || slices.Contains(indefinite, w) || pronouns[w] != ""
}

// toldOf is the thing that a clause from i to k speaks of: its subject, else what it ends with.
func (p *parser) toldOf(i, k int, subject bool) *mention {
	thing := func(ph phrase) bool { return len(ph.list) == 1 && ph.list[0].noun != nil }
	if !subject {
		if ph := p.subject(i); ph != nil && thing(*ph) {
			for _, done := range p.single(ph.end + 1) { // the pillow, of "the cat knocked the pillow down"
				if thing(done) && !slices.Contains(tellers, p.text(ph.end)) {
					return done.list[0]
				}
			}
			return ph.list[0]
		}
		if list := p.single(i); len(list) > 0 && thing(shortest(list)) {
			return shortest(list).list[0]
		}
		return nil
	}
	for at := i + 1 + boolean(p.tells(i+1)); at < k; at++ {
		for _, ph := range p.single(at) {
			if left := p.trail[p.text(k-1)] || p.states[p.text(k-1)] != nil; !thing(ph) || ph.end != k-boolean(left) {
				continue
			}
			if m := ph.list[0]; fitsKind(m.noun.kinds, "liquid") && m.where != nil && slices.Contains(spills, p.text(i+1)) {
				return m.where // juice on the table, of which it is the table that is wet
			}
			return ph.list[0]
		}
	}
	return nil
}

// happens finds the end of what is waited for, and no step brings about: "it clicks", "the water boils", "the mug is under the spout".
func (p *parser) happens(i int) (end int) {
	if w := p.text(i); w == "it's" || w == "they're" || (w == "it" || w == "they") && (p.text(i+1) == "is" || p.text(i+1) == "are") {
		k := i + 1 + boolean(w == "it" || w == "they")
		if p.adjective(k) || p.trail[p.text(k)] || p.states[p.text(k)] != nil || p.text(k) == "done" || p.text(k) == "ready" {
			return k + 1
		}
	}
	for k := i + 1; k < i+6 && k < len(p.words); k++ {
		w := p.text(k)
		finite := slices.Contains(tellers, w) || strings.HasSuffix(w, "s") && slices.ContainsFunc(singulars(w), verbal)
		finite = finite || (p.text(k-1) == "they" || k > i+1 && inPlural(p.text(k-1))) && ends(p.words, k+1) && verbal(w)
		if finite && (p.content(k-1) || p.text(k-1) == "it" || p.text(k-1) == "they") {
			return k + p.toEnd(k, k+1)
		}
		if !p.content(k) && !slices.Contains(definite, w) {
			return 0
		}
	}
	return 0
}

// verbal tells whether a word can be a verb.
func verbal(w string) bool {
	e, _ := look(w)
	return e.verb
}

// stemOfVerb tells whether what is left of a word without its ending, as of wiped, dropping or mixer, can be that of a verb.
func stemOfVerb(stem string) bool {
	return slices.ContainsFunc([]string{stem, stem + "e", stem[:max(0, len(stem)-1)]}, verbal)
}

// awaited is the reading of what is waited for.
func (p *parser) awaited(i, end int) map[int][]reading {
	if end == 0 {
		return nil
	}
	r := reading{rule: &saying{}, told: true, awaits: true, verb: "tell", manner: p.words[i:end], at: i, end: end}
	if ph := p.subject(i); ph != nil && len(ph.list) == 1 && ph.list[0].noun != nil && !fitsKind(ph.list[0].noun.kinds, "liquid") {
		r.slots = []slot{{"X", "thing", ph.list}}
	}
	return map[int][]reading{end: {r}}
}

// waits reads "wait until the light turns green".
func (p *parser) waits(i int) map[int][]reading {
	if end := i + p.toEnd(i, i+1); p.has(i, []string{"wait", "for"}) && slices.ContainsFunc(p.words[i:end], func(w word) bool { return w.text == "to" }) {
		return p.awaited(i+2, end)
	}
	if next := p.text(i + 1); p.text(i) == "wait" && (next == "until" || next == "till" || next == "for") {
		return p.awaited(i+2, p.happens(i+2))
	}
	return nil
}
