package english

import (
	"slices"
)

// heading reads what only says what all that follows is for: "sort the cutlery:", "reject the panel by putting it in the bin", where no
// skill does that by itself, and what is not to be minded.
func (p *parser) heading(i int) map[int][]reading {
	out := map[int][]reading{}
	from, until := i+1, []string{":"}
	switch {
	case p.has(i, []string{"bypass"}): // on the way, which no step says
		until = []string{",", "and", ".", ";"}
	case p.has(i, []string{"never", "mind"}), p.has(i, []string{"be", "careful", "with"}), p.has(i, []string{"watch", "out", "for"}):
		until, from = []string{",", "and", ".", ";"}, i+2
		if p.text(from) == "with" || p.text(from) == "for" {
			from++
		}
	case i > 0 && !p.begun(i) || !headed(p, i) && p.rules[p.text(i)] == nil:
		return out
	}
	for k := i + 1; k < i+3; k++ { // clean up:
		if p.text(k) == ":" {
			out[k] = []reading{{rule: &saying{}, told: true, verb: "put", manner: p.words[i:k], at: i, end: k}}
			return out
		}
	}
	for _, ph := range p.single(from) {
		if w := p.text(ph.end); (w == "away" || w == "up") && p.text(ph.end+1) == ":" {
			ph.end++
		}
		if m := ph.list[0]; len(ph.list) == 1 && m.noun != nil && slices.Contains(until, p.text(ph.end)) {
			if len(until) == 1 && !headed(p, i) && (p.text(ph.end) != ":" || !p.orders(ph.end)) {
				continue
			}
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
	return e.verb && p.rules[w] == nil || slices.Contains([]string{"sort", "assemble", "arrange", "pack", "store", "cook", "defrost", "clean", "serve", "put", "unload", "unpack", "tidy"}, w)
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
