package english

import (
	"slices"
	"strings"
)

// marks drops the numbers of a list, "1. open the fridge 2. take the juice", and makes commas of arrows.
func marks(all []word) (out []word) {
	for i := 0; i < len(all); i++ {
		w := all[i]
		next := ""
		if i+1 < len(all) {
			next = all[i+1].text
		}
		switch {
		case isNumber(w.text) && next == "." && i+2 < len(all) && all[0].text == "1" && all[1].text == ".":
			if i == 0 {
				i++
				continue
			}
			out = append(out, all[i+1])
			i++
		case w.text == "-" && next == ">", w.text == "=" && next == ">":
			w.text = ","
			out = append(out, w)
			i++
		case w.text == "->" || w.text == ">" && i > 0 && strings.HasSuffix(all[i-1].text, "-"):
			w.text = ","
			out = append(out, w)
		default:
			out = append(out, w)
		}
	}
	return out
}

// particles brings "up off", "back out" and "so that it falls into" to what they say of the place: off, out, into.
func particles(all []word) (out []word) {
	at := func(i int) string {
		if i >= 0 && i < len(all) {
			return all[i].text
		}
		return ""
	}
	is := func(i int, list string) bool { return at(i) != "" && slices.Contains(strings.Fields(list), at(i)) }
	for i := 0; i < len(all); i++ {
		switch w := all[i]; {
		case i > 1 && w.text == "up" && is(i+1, "off from out"), i > 0 && w.text == "back" && is(i+1, "out off") && !is(i-1, "the"):
			continue
		case i > 1 && is(i, "so such that"):
			k := i
			for is(k, "so such that") {
				k++
			}
			if is(k, "it they") && is(k+1, "falls drops goes lands slides rolls fall drop go land ends end") {
				if k += 2; at(k) == "up" {
					k++
				}
				if is(k, "in into on onto inside") {
					i = k - 1
					continue
				}
			}
			out = append(out, w)
		default:
			out = append(out, w)
		}
	}
	return out
}

// needed makes "bring me" of "I need", where nothing but a thing follows.
func (p *parser) needed(all []word) []word {
	p.words = all
	for i := range all {
		if !starts(all, i) || p.text(i) != "i" || p.text(i+1) != "need" && p.text(i+1) != "want" {
			continue
		}
		for _, ph := range p.single(i + 2) {
			if next := p.text(ph.end); ph.places == 0 && ph.list[0].noun != nil && (ph.end == len(all) || slices.Contains([]string{",", ".", ";", "!", "from"}, next)) {
				out := slices.Clone(all)
				out[i].text, out[i+1].text = "bring", "me"
				return out
			}
		}
	}
	return all
}

// whereabouts makes "the pot that is in the cabinet" of "the pot; it's in the cabinet", where it can be nothing else.
func (p *parser) whereabouts(all []word) []word {
	p.words = all
	for i := 2; i+3 < len(all); i++ {
		if !slices.Contains([]string{",", ";", "."}, p.text(i)) || !p.content(i-1) {
			continue
		}
		k := i + 2
		switch next := p.text(i + 1); {
		case next == "it's" || next == "they're":
		case (next == "it" || next == "they") && (p.text(k) == "is" || p.text(k) == "are"):
			k++
		default:
			continue
		}
		from := i - 1
		for from > 0 && !starts(all, from) {
			from--
		}
		place := slices.ContainsFunc(all[from:i], func(w word) bool {
			return slices.Contains([]string{"on", "in", "into", "onto", "to", "next", "near", "with", "from"}, w.text)
		})
		if !place && slices.Contains([]string{"on", "in", "inside", "under", "next", "behind", "beside", "near"}, p.text(k)) {
			that := []word{{"that", all[i+1].said, all[i+1].at}, {"is", all[i+1].said, all[i+1].at}}
			return slices.Concat(all[:i], that, all[k:])
		}
	}
	return all
}

// starts tells whether a clause may begin at i, after what stands before it.
func starts(all []word, i int) bool {
	return i == 0 || slices.Contains([]string{",", ".", ";", "and", "then", "!", ":"}, all[i-1].text)
}

// ordered takes "moved the ladle to the burner" and "reaching for the carrot and lifting it", as those write who label what they
// have seen, for orders, and says so. Only a sentence that begins so is one of them.
func (p *parser) ordered(all []word) []word {
	first := slices.IndexFunc(all, func(w word) bool { return !slices.Contains(labellers, w.text) })
	if first < 0 {
		return all
	}
	f := gerund
	lemma := p.verbOf(all[first].text, f)
	if lemma == "" {
		f = participle
		lemma = p.verbOf(all[first].text, f)
	}
	if lemma == "" || first+1 == len(all) {
		return all
	}
	out := slices.Clone(all[first:])
	for i := range out {
		if !starts(out, i) && !(i > 0 && out[i-1].text == "to") {
			continue
		}
		if lemma := p.verbOf(out[i].text, f); lemma != "" {
			out[i].text = lemma
			if i == 0 {
				p.said = append(p.said, `"`+out[i].said+`" is an order`)
			}
		}
	}
	return out
}

var labellers = []string{"the", "robot", "arm", "end", "effector", "gripper", "it", "he", "she", "person", "i"}

// verbOf is the verb that a word is a form of, where it is no verb as it stands, and not what is said of a thing: "opened".
func (p *parser) verbOf(w string, f form) string {
	if p.rules[w] != nil || p.nouns[w] != nil {
		return ""
	}
	if list := p.lemmas(w, f); len(list) > 0 {
		return list[0]
	}
	return ""
}

// spelt says what is left out: "and lift" becomes "and lift it", and "turn the lamp on, then off" says its verb twice.
func (p *parser) spelt(all []word) (out []word) {
	end := func(i int) bool {
		return i == len(all) || slices.Contains([]string{",", ".", ";", "and", "then", "!", "until"}, all[i].text)
	}
	like := func(i int, text string) word { return word{text, all[i].said, all[i].at} }
	turn, adding := "", false
	for i, w := range all {
		if adding = adding && w.text != "in" && w.text != "into" && w.text != "to" && w.text != "inside"; adding && i > 0 && end(i) {
			out, adding = append(out, like(i-1, "inside")), false // "open the drawer; insert the socks"
		}
		into := slices.ContainsFunc(all[:i], func(w word) bool { return w.text == "into" || w.text == "in" })
		adding = adding || i > 1 && starts(all, i) && (w.text == "add" && into) || i > 1 && starts(all, i) && (w.text == "insert" || w.text == "add" || w.text == "load") && (all[0].text == "open" || all[0].text == "uncap" || all[0].text == "unscrew")
		switch {
		case p.rules[w.text] != nil && starts(all, i) && (w.text == "turn" || w.text == "switch"):
			turn = w.text
		case turn != "" && (w.text == "off" || w.text == "on") && i > 1 && starts(all, i) && end(i+1):
			out = append(out, like(i, turn), like(i, "it"))
		}
		out = append(out, w)
		if i > 1 && starts(all, i) && end(i+1) && !(i+2 < len(all) && all[i+1].text == "and" && p.rules[all[i+2].text] != nil) && p.alone(w.text) {
			out = append(out, like(i, "it"))
		}
	}
	if adding {
		out = append(out, like(len(all)-1, "inside"))
	}
	return out
}

// alone tells whether a verb can be said of one thing and nothing more.
func (p *parser) alone(w string) bool {
	return p.nouns[w] == nil && slices.ContainsFunc(p.rules[w], func(s *saying) bool {
		return slices.ContainsFunc(s.patterns, func(pattern []element) bool {
			return len(pattern) > 1 && pattern[1].slot == "X" && !slices.ContainsFunc(pattern[2:], func(e element) bool { return !e.optional })
		})
	})
}

// nearer drops the comma of "on the shelf, next to the clock", and turns "don't leave the drawer open" into "close the drawer".
func (p *parser) nearer(all []word) (out []word) {
	for i, w := range all {
		if w.text == "," && i > 2 {
			if next := all[min(i+1, len(all)-1)].text; (next == "next" || next == "beside" || next == "near" || next == "behind" || next == "between") && p.text(i+2) != "," {
				continue
			}
		}
		out = append(out, w)
	}
	return out
}

var opposites = map[string][]string{"open": {"close"}, "on": {"turn", "off"}, "running": {"turn", "off"}, "off": {"turn", "on"}, "closed": {"open"}, "shut": {"open"}, "unlocked": {"lock"}}

// unsaid turns "don't leave the drawer open" into "close the drawer".
func (p *parser) unsaid(all []word) []word {
	p.words = all
	for i := range all {
		for _, not := range [][]string{{"don't"}, {"dont"}, {"do", "not"}, {"never"}} {
			k := i + len(not)
			if !starts(all, i) && i > 0 && all[i-1].text != "but" || !p.has(i, not) || !slices.Contains([]string{"leave", "let", "keep"}, p.text(k)) {
				continue
			}
			end := k + p.toEnd(k, k+1)
			verb := opposites[p.text(end-1)]
			if verb == nil || end-k < 3 {
				continue
			}
			var put []word
			for _, v := range verb {
				put = append(put, word{v, all[k].said, all[k].at})
			}
			return slices.Concat(all[:i], put, all[k+1:end-1], all[end:])
		}
	}
	return all
}

// constraint reads what is not to be done: "don't touch the knife". It holds of every plan that knows no knife, and the builder
// refuses a sentence that names it elsewhere.
func (p *parser) constraint(i int) map[int][]reading {
	out := map[int][]reading{}
	for _, not := range [][]string{{"don't"}, {"dont"}, {"do", "not"}, {"not"}} {
		if !p.has(i, not) {
			continue
		}
		k := i + len(not)
		if not[0] != "not" {
			if p.rules[p.text(k)] == nil && !slices.Contains([]string{"touch", "bump", "hit", "disturb", "spill", "break"}, p.text(k)) {
				continue
			}
			k++
		}
		if p.rules[p.text(k-1)] != nil && not[0] != "not" {
			p.forbidden(i, k-1, out)
		}
		if end := p.contrast(k); end > 0 && not[0] == "not" {
			out[end] = append(out[end], reading{rule: &saying{}, told: true, verb: "tell", manner: p.words[i:end], at: i, end: end})
			return out
		}
		for _, ph := range p.single(k) {
			if m := ph.list[0]; len(ph.list) == 1 && m.noun != nil && (ph.end == len(p.words) || slices.Contains([]string{",", ".", ";", "and", "!"}, p.text(ph.end))) {
				out[ph.end] = append(out[ph.end], reading{rule: &saying{}, told: true, never: true, verb: "tell", slots: []slot{{"X", "thing", ph.list}}, at: i, end: ph.end})
			}
		}
		return out
	}
	return out
}

// forbidden reads what is not to be done, where something else is: "don't put the mug in the sink, put it on the shelf".
func (p *parser) forbidden(i, k int, out map[int][]reading) {
	for end, list := range p.clause(k, plain, "") {
		if next := p.text(end); end+1 >= len(p.words) || next != "," && next != "but" && next != ";" && next != "." {
			continue
		}
		for _, r := range list {
			if len(r.slots) > 1 && r.rule != nil {
				r.told, r.forbids, r.at = true, true, i
				out[end] = append(out[end], r)
			}
		}
	}
}

// contrast passes the rest of "not in the sink" and of "not the red one".
func (p *parser) contrast(k int) int {
	w, place := p.text(k), false
	if place = slices.Contains([]string{"in", "on", "into", "onto", "next", "under", "behind", "near", "beside", "from"}, w); place {
		if k++; p.text(k) == "to" {
			k++
		}
	}
	for _, ph := range p.single(k) {
		if ended := ph.end == len(p.words) || slices.Contains([]string{",", ".", ";", "!"}, p.text(ph.end)); ended && len(ph.list) == 1 && (place || ph.list[0].one) {
			return ph.end
		}
	}
	return 0
}

// heading reads what only says what all that follows is for: "sort the cutlery:", "reject the panel by putting it in the bin", where no
// skill does that by itself, and what is not to be minded.
func (p *parser) heading(i int) map[int][]reading {
	out := map[int][]reading{}
	from, until := i+1, []string{":"}
	switch {
	case p.has(i, []string{"never", "mind"}), p.has(i, []string{"be", "careful", "with"}), p.has(i, []string{"watch", "out", "for"}):
		until, from = []string{",", "and", ".", ";"}, i+2
		if p.text(from) == "with" || p.text(from) == "for" {
			from++
		}
	case i > 0 && !p.begun(i) || !headed(p, i):
		return out
	}
	for k := i + 1; k < i+3; k++ { // clean up:
		if p.text(k) == ":" {
			out[k] = []reading{{rule: &saying{}, told: true, verb: "put", manner: p.words[i:k], at: i, end: k}}
			return out
		}
	}
	for _, ph := range p.single(from) {
		if m := ph.list[0]; len(ph.list) == 1 && m.noun != nil && slices.Contains(until, p.text(ph.end)) {
			out[ph.end] = append(out[ph.end], reading{rule: &saying{}, told: true, verb: "put", manner: p.words[i:ph.end], slots: []slot{{"X", "thing", ph.list}}, at: i, end: ph.end})
		}
	}
	return out
}

// begun tells whether nothing but politeness stands before i.
func (p *parser) begun(i int) bool {
	end, how := p.polite(0)
	return end == i && how == ""
}

func headed(p *parser, i int) bool {
	w := p.text(i)
	e, _ := look(w)
	return e.verb && p.rules[w] == nil || slices.Contains([]string{"sort", "assemble", "arrange", "pack", "store", "cook", "defrost", "clean", "serve"}, w)
}

// means makes a heading of "sort the books by putting the red ones on the left".
func (p *parser) means(all []word) []word {
	p.words = all
	if first := p.text(0); first == "cook" || first == "defrost" {
		return all
	}
	for i := 2; i+2 < len(all) && headed(p, 0); i++ {
		if all[i].text != "by" {
			continue
		}
		if list := p.lemmas(all[i+1].text, gerund); len(list) > 0 && (p.rules[p.text(0)] == nil || all[i+1].text != "pulling" && all[i+1].text != "pushing") {
			out := slices.Clone(all)
			out[i].text, out[i+1].text = ":", list[0]
			return out
		}
	}
	return all
}
