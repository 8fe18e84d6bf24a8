package english

import (
	"slices"
)

// used puts the tool of "use the sponge to wipe the table" after what is done with it.
func (p *parser) used(all []word, bare bool) []word {
	from := slices.IndexFunc(all, func(w word) bool { return w.text == "use" || w.text == "using" })
	if from < 0 || from > 0 && !slices.Contains([]string{",", ".", ";", "and", "then", "please", "you", "!"}, all[from-1].text) {
		return all
	}
	to := slices.IndexFunc(all[from:], func(w word) bool { return w.text == "to" || w.text == "," })
	if to < 2 || to > 7 {
		return all
	}
	to += from
	end := to + 1
	for end < len(all) && !slices.Contains([]string{",", ".", ";", "then", "before", "after", "!"}, all[end].text) &&
		!(all[end].text == "and" && end+1 < len(all) && p.rules[all[end+1].text] != nil) {
		end++
	}
	if end == to+1 {
		return all
	}
	if bare && pronouns[all[from+1].text] != "" {
		return all // "use them to move the chip"
	}
	if bare {
		p.say(all[from:to])
		return slices.Concat(all[:from], all[to+1:])
	}
	with := word{"with", all[from].said, all[from].at}
	return slices.Concat(all[:from], all[to+1:end], []word{with}, all[from+1:to], all[end:])
}

// oneVerb tells whether two verbs are said as one: push and close.
func (p *parser) oneVerb(first, second string) bool {
	return slices.ContainsFunc(p.rules[first], func(s *saying) bool {
		return slices.ContainsFunc(s.patterns, func(pattern []element) bool {
			return slices.ContainsFunc(pattern[0].words, func(w []string) bool { return len(w) == 3 && w[0] == first && w[1] == "and" && w[2] == second })
		})
	})
}

// shared gives both verbs of "peel and slice the cucumber" their thing.
func (p *parser) shared(all []word) []word {
	for i := 0; i+3 < len(all); i++ {
		starts := i == 0 || slices.Contains([]string{",", ".", ";", "and", "then", "please", "!"}, all[i-1].text)
		if !starts || all[i+1].text != "and" || p.rules[all[i].text] == nil || p.rules[all[i+2].text] == nil {
			continue
		}
		if p.oneVerb(all[i].text, all[i+2].text) {
			continue
		}
		from := i + 3
		for _, up := range []string{"up", "down", "off"} {
			if all[i+2].text == "pick" && all[from].text == up {
				from++
			}
		}
		list := p.single(from)
		if len(list) == 0 || list[0].list[0].pronoun != "" {
			continue
		}
		end := shortest(list).end
		it := word{"it", all[end-1].said, all[end-1].at}
		return slices.Concat(all[:i+1], all[from:end], all[i+1:from], []word{it}, all[end:])
	}
	return all
}

// fronted puts "from the drawer," of "from the drawer, take the spoon" after what is done.
func fronted(p *parser, all []word) []word {
	comma := slices.IndexFunc(all, func(w word) bool { return w.text == "," })
	if comma < 2 || comma > 6 || comma+2 >= len(all) || !slices.Contains([]string{"with", "from", "in", "using"}, all[0].text) || p.rules[all[comma+1].text] == nil {
		return all
	}
	end := comma + 1
	for end < len(all) && !slices.Contains([]string{",", ".", ";", "and", "then", "!"}, all[end].text) {
		end++
	}
	return slices.Concat(all[comma+1:end], all[:comma], all[end:])
}

// flanked says of what something is to be on the left in "the fork to the left and the knife to the right of the plate".
func (p *parser) flanked(all []word) []word {
	p.words = all
	side := func(i int) bool { return p.text(i) == "to" && p.text(i+1) == "the" && p.sides[p.text(i+2)] }
	for i := range all {
		if !side(i) || p.text(i+3) != "and" {
			continue
		}
		for k := i + 4; k < i+10; k++ {
			if !side(k) || p.text(k+3) != "of" {
				continue
			}
			if list := p.single(k + 4); len(list) > 0 {
				return slices.Concat(all[:i+3], all[k+3:shortest(list).end], all[i+3:])
			}
		}
	}
	return all
}
