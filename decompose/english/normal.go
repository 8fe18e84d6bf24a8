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
		return i == len(all) || slices.Contains([]string{",", ".", ";", "and", "then", "!"}, all[i].text)
	}
	like := func(i int, text string) word { return word{text, all[i].said, all[i].at} }
	turn := ""
	for i, w := range all {
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
