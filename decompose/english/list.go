package english

import "slices"

// several reads one thing or a list of them, the longest list first.
func (p *parser) several(i int) (out []phrase) {
	if p.text(i) == "both" || p.text(i) == "either" { // both the fork and the knife
		for _, ph := range p.several(i + 1) {
			if len(ph.list) > 1 && p.text(i) == "both" && !ph.list[0].plural {
				out = append(out, ph)
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	for _, one := range p.single(i) {
		if one.list[0].pronoun == "" || one.list[0].pronoun == "it" {
			j := p.further(one.end)
			if j > one.end && p.budget > 0 {
				p.budget--
				if p.rules[p.text(j)] != nil && slices.Contains([]string{"in", "on", "into", "onto", "to", "next"}, p.text(j+1)) && p.text(j-1) == "," {
					out = append(out, one)
					continue // lift the basket, set on the washer
				}
				for _, rest := range p.several(j) {
					if last := rest.list[0]; p.text(j-1) == "," && last.noun != nil && last.noun.class == '@' {
						continue // "open the doors, Hal"
					}
					out = append(out, phrase{append(slices.Clip(slices.Clone(one.list)), rest.list...), rest.end, one.places + rest.places, one.with || rest.with})
				}
			}
		}
		out = append(out, one)
	}
	return out
}

// further passes what joins a thing to the next of a list.
func (p *parser) further(j int) int {
	if p.text(j) == "," {
		j++
	}
	switch w := p.text(j); {
	case w == "and" || w == "&" || w == "plus":
		if j++; p.text(j) == "also" {
			j++
		}
	case p.has(j, []string{"as", "well", "as"}):
		j += 3
	case p.has(j, []string{"along", "with"}), p.has(j, []string{"together", "with"}):
		j += 2
	}
	return j
}
