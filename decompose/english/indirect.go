package english

import (
	"slices"
	"strings"
)

// indirect says in plain orders what is said around them: "give the sauce a stir", "make the cup stand on the tray", "with the book in hand, ...",
// "the left arm holds the jar".
func (p *parser) indirect(all []word) []word {
	for _, say := range []func([]word) []word{p.agents, p.given, p.made, p.whatever, p.inMind, p.smaller, p.butNot, p.eitherOf, p.cleared, p.chores, p.insides, p.stirredIn} {
		p.words, p.singles = all, map[int][]phrase{}
		all = say(all)
	}
	p.words, p.singles = all, map[int][]phrase{}
	return all
}

// agents drops who is to do it: "left arm holds the bottle, right arm unscrews the cap".
func (p *parser) agents(all []word) (out []word) {
	for i := 0; i < len(all); i++ {
		k := i
		for starts(all, i) && isAt(all, k, "the left right robot first second other one") {
			k++
		}
		stem := ""
		if starts(all, i) && isAt(all, k, "arm hand gripper robot manipulator") && k+1 < len(all) {
			stem = p.present(p.text(k + 1))
		}
		if stem == "" {
			out = append(out, all[i])
			continue
		}
		out = append(out, word{stem, all[k+1].said, all[k+1].at})
		i = k + 1
	}
	return out
}

// present is the verb that a word is the third person of: holds, pushes, carries; empty where it is none.
func (p *parser) present(w string) string {
	for _, s := range singulars(w) {
		if p.rules[s] != nil {
			return s
		}
	}
	return ""
}

// given makes "stir the sauce" of "give the sauce a quick stir".
func (p *parser) given(all []word) []word {
	for i := range all {
		if !starts(all, i) || p.text(i) != "give" {
			continue
		}
		for _, ph := range p.single(i + 1) {
			k := ph.end + 1
			if p.text(ph.end) != "a" && p.text(ph.end) != "an" || ph.list[0].noun == nil && ph.list[0].pronoun == "" {
				continue
			}
			for p.adjective(k) || isAt(all, k, "quick good gentle light little nice final firm thorough") {
				k++
			}
			if verb := p.text(k); p.rules[verb] != nil && ends(all, k+1) && (p.nouns[verb] == nil || verb == "wipe") {
				return slices.Concat(all[:i], all[k:k+1], all[i+1:ph.end], all[k+1:])
			}
		}
	}
	return all
}

// made makes "put" of "make the stapler sit".
func (p *parser) made(all []word) []word {
	for i := range all {
		if !starts(all, i) || p.text(i) != "make" && p.text(i) != "have" {
			continue
		}
		for _, ph := range p.single(i + 1) {
			if w := p.text(ph.end); ph.places == 0 && slices.Contains([]string{"sit", "stand", "rest", "lie", "go"}, w) {
				put := word{"put", all[i].said, all[i].at}
				return slices.Concat(all[:i], []word{put}, all[i+1:ph.end], all[ph.end+1:])
			}
		}
	}
	return all
}

// inMind asks for a thing to be taken that is to be in the hand: "with the pillow in hand, turn on the lamp", "... while holding a book".
func (p *parser) inMind(all []word) []word {
	for i := range all {
		at, from := 0, i
		if list := p.lemmas(p.text(i+1), gerund); p.text(i) == "while" && all[0].text == "hold" && len(list) > 0 { // hold the book while switching on the lamp
			out := slices.Clone(all)
			out[i].text, out[i+1].text = "and", list[0]
			return out
		}
		switch {
		case i == 0 && p.text(i) == "with":
			at = i + 1
		case i > 1 && p.text(i) == "while" && (p.text(i+1) == "holding" || p.text(i+1) == "carrying"):
			at = i + 2
		default:
			continue
		}
		for _, ph := range p.single(at) {
			end := ph.end
			open := end + boolean(p.text(end) == "already")
			if i == 0 && (p.states[p.text(open)] != nil || p.text(open) == "on" || p.text(open) == "off") && p.text(open+1) == "," { // with the drawer already open,
				return slices.Concat(all[1:end], []word{{"is", all[open].said, all[open].at}}, all[open:])
			}
			if p.text(i) == "with" {
				if p.text(end) != "in" || p.text(end+1) != "hand" || p.text(end+2) != "," {
					continue
				}
				end += 3
			} else if !ends(all, end) {
				continue
			}
			for from > 0 && !slices.Contains([]string{".", ";", "!"}, all[from-1].text) {
				from--
			}
			pick := []word{{"pick", all[i].said, all[i].at}, {"up", all[i].said, all[i].at}}
			and := word{"and", all[i].said, all[i].at}
			return slices.Concat(all[:from], pick, all[at:ph.end], []word{and}, all[from:i], all[end:])
		}
	}
	return all
}

// whatever makes "everything in the drawer" of "whatever is in the drawer".
func (p *parser) whatever(all []word) []word {
	for i := 1; i+2 < len(all); i++ {
		k := i + 1
		if w := p.text(i); w == "whatever" || w == "what" {
			if !isAt(all, k, "is lies") {
				continue
			}
			k++
		} else if w != "what's" && w != "whatever's" {
			continue
		}
		if isAt(all, k, "in on inside under") && all[len(all)-1].text != "?" {
			rest := all[k:]
			for end := k + 2; end < len(all) && p.text(end) != "."; end++ { // on the tray, a key and a coin, into the pouch
				if more := end + 1; p.text(end) == "," && (p.text(more) == "a" || p.text(more) == "an") {
					for more++; more < len(all) && p.text(more) != ","; more++ {
					}
					if isAt(all, more+1, "in into on onto to") {
						rest = slices.Concat(all[k:end], all[more+1:])
					}
					break
				}
			}
			return slices.Concat(all[:i], []word{{"everything", all[i].said, all[i].at}}, rest)
		}
	}
	return all
}

// smaller makes "the smaller bowl" of "the smaller of the two bowls".
func (p *parser) smaller(all []word) []word {
	for i := 0; i+4 < len(all); i++ {
		w := p.text(i + 1)
		if p.text(i) != "the" || p.text(i+2) != "of" || p.text(i+3) != "the" || !p.adjective(i+1) && !strings.HasSuffix(w, "er") && !strings.HasSuffix(w, "est") || p.nouns[w] != nil && !p.adjectives[w] {
			continue
		}
		k := i + 4
		if slices.Contains(numbers, p.text(k)) {
			k++
		}
		end := k
		for p.content(end) && !p.trails(end) {
			end++
		}
		if end == k || len(singulars(p.text(end-1))) == 0 {
			continue
		}
		last := word{p.oneOf(p.text(end - 1)), all[end-1].said, all[end-1].at}
		return slices.Concat(all[:i+2], all[k:end-1], []word{last}, all[end:])
	}
	return all
}

// eitherOf makes "one cup" of "either cup", where there is no "or".
func (p *parser) eitherOf(all []word) []word {
	for i := range all {
		if p.text(i) == "either" && i > 0 && (p.content(i+1) || p.text(i+1) == "of") && !slices.ContainsFunc(all, func(w word) bool { return w.text == "or" }) {
			all = slices.Clone(all)
			all[i].text = "one"
		}
	}
	return all
}

// cleared makes "take everything off the stove" of "make sure nothing is on the stove".
func (p *parser) cleared(all []word) []word {
	for i := 2; i < len(all); i++ {
		from := i - 1 - boolean(p.text(i-1) == "that")
		if p.text(i) != "nothing" || !p.has(from-1, []string{"make", "sure"}) {
			continue
		}
		k := i + 1 + boolean(p.text(i+1) == "else")
		for isAt(all, k, "is remains stays left lying still remaining") {
			k++
		}
		off := map[string][]string{"on": {"off"}, "in": {"out", "of"}, "inside": {"out", "of"}}[p.text(k)]
		end := k + 1
		for end < len(all) && !slices.Contains([]string{",", ".", ";", "and", "then", "except", "but", "before", "after"}, p.text(end)) {
			end++
		}
		if off == nil || k == i+1 || end == k+1 {
			continue
		}
		last := end
		for last < len(all) && isAt(all, end, "except but") && !slices.Contains([]string{",", ".", ";", "and", "then", "before", "after"}, p.text(last)) {
			last++
		}
		like := func(texts ...string) (out []word) {
			for _, text := range texts {
				out = append(out, word{text, all[i].said, all[i].at})
			}
			return out
		}
		return slices.Concat(all[:from-1], like("take", "everything"), all[end:last], like(off...), all[k+1:end], all[last:])
	}
	return all
}

// chores makes "wash the dishes" of "do the dishes".
func (p *parser) chores(all []word) []word {
	for i := range all {
		if starts(all, i) && p.text(i) == "do" && (p.text(i+1) == "the" || p.text(i+1) == "some") && isAt(all, i+2, "dishes laundry washing") && all[len(all)-1].text != "?" {
			all = slices.Clone(all)
			if all[i].text = "wash"; all[i+2].text == "washing" {
				all[i+2].text = "laundry"
			}
		}
	}
	return all
}

// stirredIn says that what is dissolved in something, or stirred into it, is stirred there.
func (p *parser) stirredIn(all []word) []word {
	for i := range all {
		end := i + p.toEnd(i, i+1)
		into := slices.ContainsFunc(all[i:end], func(w word) bool { return w.text == "into" || w.text == "in" && all[i].text == "dissolve" })
		if !starts(all, i) || !isAt(all, i, "dissolve stir mix whisk") || !into || slices.ContainsFunc(all[i:end], func(w word) bool { return w.text == "with" || w.text == "using" }) || isAt(all, end+1, "stir mix") {
			continue
		}
		like := func(text string) word { return word{text, all[i].said, all[i].at} }
		return slices.Concat(all[:end], []word{like("and"), like("stir"), like("it")}, all[end:])
	}
	return all
}

// insides takes the inside of something that is cleaned for the whole, and says so.
func (p *parser) insides(all []word) []word {
	for i := 2; i+2 < len(all); i++ {
		if isAt(all, i, "inside outside interior") && p.text(i-1) == "the" && p.text(i+1) == "of" && slices.ContainsFunc(all[:i], func(w word) bool { return slices.Contains(cleaning, w.text) }) {
			p.say(all[i-1 : i+2])
			return slices.Concat(all[:i-1], all[i+2:])
		}
	}
	return all
}

// cleaning are what is done to the inside of things.
var cleaning = strings.Fields("clean wipe scrub wash dust polish vacuum rinse dry sanitize disinfect")

// butNot takes ", but not the milk," out of a list and says that it is left alone.
func (p *parser) butNot(all []word) []word {
	for i := 2; i+2 < len(all); i++ {
		if p.text(i) != "but" || p.text(i+1) != "not" {
			continue
		}
		for _, ph := range p.single(i + 2) {
			next := p.text(ph.end)
			if ph.places > 0 || ph.list[0].noun == nil || next != "," && next != "in" && next != "on" && next != "into" && next != "to" && next != "" && next != "." {
				continue
			}
			from, end := i, ph.end
			if p.text(from-1) == "," {
				from--
				if next == "," {
					end++
				}
			}
			p.said = append(p.said, "the "+ph.list[0].said+" is left alone")
			return slices.Concat(all[:from], all[end:])
		}
	}
	return all
}
