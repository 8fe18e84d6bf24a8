package english

import (
	"slices"
	"strings"
)

// marks drops the numbers of a list, "1. open the fridge 2. take the juice".
func marks(all []word) (out []word) {
	for i := 0; i < len(all); i++ {
		w := all[i]
		next := ""
		if i+1 < len(all) {
			next = all[i+1].text
		}
		switch {
		case w.text == "step" && isNumber(next) && isAt(all, i+2, ": . , -"): // step 1: open the lid
			i += 2
			if len(out) > 0 && out[len(out)-1].text != "." {
				out = append(out, word{".", w.said, w.at})
			}
		case i == 0 && w.text == "by" && next == "using":
		case isNumber(w.text) && next == "." && i+2 < len(all) && all[0].text == "1" && all[1].text == ".":
			if i == 0 {
				i++
				continue
			}
			out = append(out, all[i+1])
			i++
		default:
			out = append(out, w)
		}
	}
	return out
}

// particles brings "up off", "back out", "right side up" and "so that it falls into" to what they say: off, out, upright, into.
func particles(all []word) (out []word) {
	for i := 0; i < len(all); i++ {
		w := all[i]
		switch {
		case i > 1 && w.text == "right" && isAt(all, i+1, "side way") && isAt(all, i+2, "up"):
			out = append(out, word{"upright", w.said, w.at})
			i += 2
		case i > 1 && w.text == "up" && isAt(all, i+1, "off from out"), i > 0 && w.text == "back" && isAt(all, i+1, "out off") && !isAt(all, i-1, "the"):
		case i > 1 && w.text == "and" && isAt(all, i+1, "into onto") && removed(all[:i]): // out of the bag and onto the counter
		case i > 1 && (w.text == "out" || w.text == "up") && (isAt(all, i+1, "from") && isAt(all, i+2, "under underneath beneath behind between beside") || isAt(all, i+1, "against")) && !isAt(all, i-1, "the"):
		case (w.text == "from" || w.text == "off") && topOf(all, i) > 0: // not out of it
			out = append(out, word{"from", w.said, w.at}, word{"on", w.said, w.at}, word{"top", w.said, w.at}, word{"of", w.said, w.at})
			i = topOf(all, i)
		case i > 2 && w.text == "its" && isAt(all, i+1, "contents") && isAt(all, i-1, "pour empty tip dump stir mix decant transfer dispense"):
			out = append(out, word{"it", w.said, w.at})
			i++
		case i > 2 && w.text == "with" && isAt(all, i+1, "the its all") && isAt(all, i+2, "other others rest") && isAt(all, 0, "put place set leave find lay"): // next to the other one
			out = append(out, word{"next", w.said, w.at}, word{"to", w.said, w.at})
		case w.text == "salt" && isAt(all, i+1, "and &") && isAt(all, i+2, "pepper") && i > 0:
			out = append(out, word{"salt-and-pepper", w.said, w.at})
			i += 2
		case w.text == "the" && isAt(all, i+1, "rest") && isAt(all, i-1, "and then , put place leave move take throw drop") && (ends(all, i+2) || isAt(all, i+2, "in on into onto to from away back out next")):
			out = append(out, w, word{"other", all[i+1].said, all[i+1].at}, word{"ones", all[i+1].said, all[i+1].at})
			i++
		case w.text == "same" && isAt(all, i-1, "the that this") && i+1 < len(all) && !ends(all, i+1) && !isAt(all, i+1, "as with for to one color colour size type kind shape way time thing order"):
		case w.text == "before" && anythingElse(all, i) > 0:
			out = append(out, word{"first", w.said, w.at})
			i = anythingElse(all, i)
		case (w.text == "and" || w.text == "then") && released(all, i) > 0:
			i = released(all, i) - 1
		case w.text == "with" && shutDoor(all, i) != "":
			if isAt(all, i+3, "open") { // as it is
				i += 3
				continue
			}
			like := func(text string, at int) word { return word{text, all[at].said, all[at].at} }
			out = append(out, like("and", i), like(shutDoor(all, i), i+3), like("the", i+1), all[i+2])
			i += 3
		case i > 1 && resulting(all, i) > 0:
			i = resulting(all, i) - 1
		default:
			out = append(out, w)
		}
	}
	return out
}

// afterNoun puts the number of "stack_bowls_two" before what there are two of.
func (p *parser) afterNoun(all []word) []word {
	n := len(all)
	if n < 3 || p.rules[all[0].text] == nil || !slices.Contains(numbers, all[n-1].text) || slices.ContainsFunc(all, func(w word) bool { return p.stop[w.text] }) {
		return all
	}
	return slices.Concat(all[:1], all[n-1:], all[1:n-1])
}

// belated puts what tells which thing is meant before a particle that came before it: "flip the pot upright which is in the sink".
func (p *parser) belated(all []word) []word {
	p.words = all
	for i := 3; i+2 < len(all); i++ {
		if !isAt(all, i, "which that") || !isAt(all, i+1, "is are was were sits lies stands fell") || !isAt(all, i-1, "upright up over off down out open shut closed back away around") || !p.content(i-2) {
			continue
		}
		end := i + p.toEnd(i, i+1)
		return slices.Concat(all[:i-1], all[i:end], all[i-1:i], all[end:])
	}
	return all
}

// removed tells whether the clause that words end with takes something off or out of something.
func removed(words []word) bool {
	for i := len(words) - 1; i > 0 && !isAt(words, i, ", . ; and then"); i-- {
		if isAt(words, i, "from off") || isAt(words, i, "of") && isAt(words, i-1, "out off") {
			return true
		}
	}
	return false
}

// released finds where "and let it go" ends, after what was not in the hand; 0 where it is not at i.
func released(all []word, i int) int {
	k := i + 1
	for isAt(all, k, "then let go it release of") {
		k++
	}
	held := slices.ContainsFunc(all[:i], func(w word) bool {
		return slices.Contains(strings.Fields("pick grab grasp take lift hold move carry put place"), w.text)
	})
	if said := isAt(all, k-1, "go release") || isAt(all, k-1, "it") && isAt(all, k-2, "release of"); held || !said || k == i+1 || !ends(all, k) {
		return 0
	}
	return k
}

// shutDoor is what "with the door closed" at i asks for, after something was put somewhere: close; empty where nothing like that stands there.
func shutDoor(all []word, i int) string {
	if i < 3 || !isAt(all, i+1, "the its") || !isAt(all, i+2, "door lid cover") || i+3 >= len(all) || !ends(all, i+4) || !slices.ContainsFunc(all[:i], func(w word) bool {
		return slices.Contains(strings.Fields("put place leave keep set"), w.text)
	}) {
		return ""
	}
	return map[string]string{"shut": "close", "closed": "close", "open": "open"}[all[i+3].text]
}

// topOf finds where "from the top of" and "off the top of" end; 0 where it is not at i.
func topOf(all []word, i int) int {
	k := i + 1
	if isAt(all, k, "the on") {
		k++
	}
	if isAt(all, k, "top") && isAt(all, k+1, "of") {
		return k + 1
	}
	return 0
}

// anythingElse finds where "before you do anything else" ends; 0 where it is not at i.
func anythingElse(all []word, i int) int {
	k := i + 1
	if isAt(all, k, "you") {
		k++
	}
	if isAt(all, k, "do doing") {
		k++
	}
	if isAt(all, k, "anything") && isAt(all, k+1, "else") {
		return k + 1
	}
	return 0
}

// isAt tells whether one of the words stands at i.
func isAt(all []word, i int, words string) bool {
	return i >= 0 && i < len(all) && slices.Contains(strings.Fields(words), all[i].text)
}

// resulting finds the place in "so that it falls into the drawer" and "so that it is on the table"; 0 where nothing like that is at i.
func resulting(all []word, i int) int {
	k := i
	for isAt(all, k, "so such that") || k == i && isAt(all, k, "until") {
		k++
	}
	if k == i || !isAt(all, k, "it they") {
		return 0
	}
	place := k + 2
	switch {
	case isAt(all, k+1, "is are"):
		if isAt(all, place, "next beside near under behind between") || isAt(all, place, "on in") && isAt(all, place+1, "the a an") {
			return place
		}
	case isAt(all, k+1, "falls drops goes lands slides rolls fall drop go land ends end"):
		if isAt(all, place, "up") {
			place++
		}
		if isAt(all, place, "in into on onto inside") {
			return place
		}
	}
	return 0
}

// wanting is how somebody says that something is to be brought.
var wanting = [][]string{{"i", "need"}, {"i", "want"}, {"i'd", "like"}, {"i'd", "love"}, {"i", "would", "like"}, {"i", "would", "love"}, {"i", "could", "use"}, {"i", "could", "do", "with"}, {"i'll", "have"}, {"could", "i", "have"}, {"can", "i", "have"}, {"may", "i", "have"}, {"could", "i", "get"}, {"can", "i", "get"}}

// needed makes "bring me" of "I need", where nothing but a thing follows.
func (p *parser) needed(all []word) []word {
	p.words = all
	for i := range all {
		n := 0
		for _, words := range wanting {
			if n == 0 && starts(all, i) && p.has(i, words) {
				n = len(words)
			}
		}
		if n == 0 {
			continue
		}
		for _, ph := range p.single(i + n) {
			if next := p.text(ph.end); ph.places == 0 && ph.list[0].noun != nil && !p.trail[p.text(ph.end-1)] && (ph.end == len(all) || slices.Contains([]string{",", ".", ";", "!", "from"}, next)) {
				out := slices.Clone(all)
				out[i].text, out[i+1].text = "bring", "me"
				return slices.Delete(out, i+2, i+n)
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
