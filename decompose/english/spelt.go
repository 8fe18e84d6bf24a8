package english

import (
	"slices"
)

// spelt says what is left out: "and lift" becomes "and lift it", and "turn the lamp on, then off" says its verb twice.
func (p *parser) spelt(all []word) (out []word) {
	turn := ""
	for i, w := range all {
		begins := starts(all, i)
		switch {
		case begins && p.rules[w.text] != nil && (w.text == "turn" || w.text == "switch"):
			turn = w.text
		case begins && turn != "" && (w.text == "off" || w.text == "on") && i > 1 && ends(all, i+1):
			out = append(out, word{turn, w.said, w.at}, word{"it", w.said, w.at})
		}
		out = append(out, w)
		both := i+2 < len(all) && all[i+1].text == "and" && p.rules[all[i+2].text] != nil
		if begins && i > 1 && ends(all, i+1) && !both && p.alone(w.text) {
			out = append(out, word{"it", w.said, w.at})
		}
	}
	return out
}

// ends tells whether a clause may end before i.
func ends(all []word, i int) bool {
	return i >= len(all) || slices.Contains([]string{",", ".", ";", "and", "then", "!", "until"}, all[i].text)
}

// added says where something is added that was opened or spoken of before: "open the drawer; insert the socks".
func added(all []word) (out []word) {
	adding := false
	inside := func(i int) word { return word{"inside", all[i].said, all[i].at} }
	for i, w := range all {
		if adding = adding && w.text != "in" && w.text != "into" && w.text != "to" && w.text != "inside"; adding && ends(all, i) {
			out, adding = append(out, inside(i-1)), false
		}
		if i > 1 && starts(all, i) {
			opened := slices.Contains([]string{"open", "uncap", "unscrew"}, all[0].text)
			adding = adding || w.text == "add" || opened && (w.text == "insert" || w.text == "load")
		}
		out = append(out, w)
	}
	if adding {
		out = append(out, inside(len(all)-1))
	}
	return out
}

// alone tells whether a verb can be said of one thing and nothing more.
func (p *parser) alone(w string) bool {
	return (p.nouns[w] == nil || w == "vortex") && slices.ContainsFunc(p.rules[w], func(s *saying) bool {
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
