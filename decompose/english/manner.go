package english

import (
	"slices"
	"strings"
)

// volumes takes "50 ml of" out of a sentence and keeps what it is said of, which can be poured; "50 ml" of nothing that is named is a
// volume.
func (p *parser) volumes(all []word) (out []word) {
	for i := 0; i < len(all); i++ {
		end := i
		if number := strings.TrimRight(all[i].text, "abcdefghijklmnopqrstuvwxyzµμ"); number != "" && digit(number[0]) {
			if unit := strings.TrimPrefix(all[i].text, number); p.units[unit] {
				end = i + 1
			} else if unit == "" && i+1 < len(all) && p.units[all[i+1].text] {
				end = i + 2
			}
		}
		if i+2 < len(all) && isNumber(all[i].text) && all[i+1].text == "%" { // 70 % ethanol
			p.say(all[i : i+2])
			i++
			continue
		}
		if drop := i+1 < len(all) && quantity(all[i].text) && slices.Contains([]string{"drop", "drops", "splash", "squirt", "dash"}, all[i+1].text); drop {
			end = i + 2
		}
		switch {
		case end == i:
			out = append(out, all[i])
			continue
		case end+1 < len(all) && all[end].text == "of":
			p.say(all[i : end+1])
			p.fluid[all[end+1].at] = true
			i = end
		case i > 1 && all[i-1].text == "to" && slices.ContainsFunc(all[:i], func(w word) bool { return w.text == "set" || w.text == "adjust" || w.text == "dial" }):
			p.say(all[i-1 : end]) // set the pipette to 200 µl
			out, i = out[:len(out)-1], end-1
		case end == len(all) || !slices.Contains([]string{"from", "out", "in", "into", "to"}, all[end].text):
			out = append(out, all[i])
		default:
			out = append(out, word{"volume", all[i].said, all[i].at})
			p.say(all[i:end])
			i = end - 1
		}
	}
	return out
}

// mannerAt tells how many words from i on say only how, why or for how long something is to be done, or where a thing is.
func (p *parser) mannerAt(i int) int {
	for _, s := range p.manner {
		if p.has(i, s) {
			return len(s)
		}
	}
	if n := p.absence(i); n > 0 {
		return n
	}
	if i < 2 && p.text(i) != "before" && p.text(i) != "when" {
		return 0
	}
	if p.text(i) == "," {
		return max(p.located(i), p.attitude(i))
	}
	if p.text(i) == "once" && i > 2 && ends(p.words, i+1) {
		return 1
	}
	if p.text(i) == "well" && p.thoroughly(i) || p.adverb(i) {
		return 1
	}
	if n := max(p.motion(i), p.criterion(i)); n > 0 {
		return n
	}
	if k := p.aim(i); k > 0 {
		return p.toEnd(i, k)
	}
	return 0
}

// absence is how many words "while I'm out" and "before I get home" at i have, which tell of whoever speaks and of nothing that a step could
// wait for; 0 where nothing like that stands there.
func (p *parser) absence(i int) int {
	until := p.text(i) == "before" || p.text(i) == "while" || p.text(i) == "until"
	if !until && !slices.Contains([]string{"when", "after", "once"}, p.text(i)) || !slices.Contains([]string{"i", "i'm", "i've", "we", "we're", "we've"}, p.text(i+1)) {
		return 0
	}
	k := i + 2
	for slices.Contains([]string{"am", "are", "have", "been", "get", "got", "come", "go", "at", "off", "on", "to"}, p.text(k)) {
		k++
	}
	if w := p.text(k); (w == "leave" || w == "left") && (ends(p.words, k+1) || p.text(k+1) == "for") || slices.Contains(away, w) || until && slices.Contains(returning, w) {
		return p.toEnd(i, k)
	}
	return 0
}

// away are words for where somebody is who is not there.
var away = strings.Fields("out away gone work school asleep abroad holiday vacation travelling traveling shopping")

// returning are words for coming back, which somebody could wait for.
var returning = strings.Fields("home back return arrive")

// adverb tells whether the word at i says how something is done, and nothing else: quietly.
func (p *parser) adverb(i int) bool {
	w := p.text(i)
	e, _ := look(w)
	return strings.HasSuffix(w, "ly") && e.adverb && !e.verb && !e.thing() && !e.adjective && !p.known[w]
}

// criterion is how many words "by destination" at i has, which says what something is sorted by, or the colour that it is painted; 0 where it is
// not there.
func (p *parser) criterion(i int) int {
	if i > 2 && p.colours[p.text(i)] && p.content(i-1) && ends(p.words, i+1) && slices.ContainsFunc(p.words[:i], func(w word) bool { return w.text == "paint" }) {
		return 1 // paint the fence white
	}
	if k := i + 1; p.text(i) == "by" && p.content(k) && p.rules[p.text(k)] == nil && len(p.lemmas(p.text(k), gerund)) == 0 {
		sorts := slices.ContainsFunc(p.words[:i], func(w word) bool { return slices.Contains(sorting, w.text) })
		if n := 2 + boolean(p.content(k+1)); sorts && ends(p.words, i+n) {
			return n
		}
	}
	return 0
}

// sorting are verbs that things are put in an order by.
var sorting = strings.Fields("sort organize organise arrange group order separate")

// motion is how many words "in a star pattern" and "with a twisting motion" at i have; 0 where nothing like that stands there.
func (p *parser) motion(i int) int {
	if est := func(k int) bool { return strings.HasSuffix(p.text(k), "est") }; p.text(i) == "from" && est(i+1) && p.text(i+2) == "to" && est(i+3) {
		return 4 // from largest to smallest
	}
	if !slices.Contains([]string{"in", "with", "using"}, p.text(i)) {
		return 0
	}
	k := i + 1
	if slices.Contains(definite, p.text(k)) || slices.Contains(indefinite, p.text(k)) {
		k++
	}
	for ; k < i+5 && p.content(k); k++ {
		if slices.Contains(motions, p.text(k)) && !p.content(k+1) {
			return k + 1 - i
		}
	}
	return 0
}

// motions are how something is moved, or what it makes.
var motions = strings.Fields("pattern motion motions fashion manner movement movements direction strokes pressure force formation sequence knuckle knuckles elbow finger fingers thumb palm fingertip fingertips knee hip foot")

// aim finds where words that say why, how far or until when something is done go on to the end of their clause; 0 where there are none.
func (p *parser) aim(i int) int {
	next := p.text(i + 1)
	switch p.text(i) {
	case "to":
		if p.purpose(i) || i > 1 && slices.Contains([]string{"face", "let", "allow", "avoid", "prevent", "help"}, next) {
			return i + 1 // to serve coffee
		}
	case "so":
		if p.intended(i) {
			return i + 1 // so that everybody can see it
		}
	case "up":
		if next == "to" && (p.rules[p.text(i-1)] == nil || p.nouns[p.text(i-1)] != nil) {
			return i + 2 // up to the line
		}
	case "without":
		if slices.Contains(careless, next) {
			return i + 1
		}
	case "by":
		if (next == "pulling" || next == "pushing") && !headed(p, 0) {
			return i + 1
		}
	case "with":
		return p.facing(i)
	case "before", "when":
		if p.text(i+1) == "you" && slices.Contains([]string{"leave", "go", "exit", "head"}, p.text(i+2)) {
			return i + 1
		}
	case "while": // it simmers
		if (next == "it" || next == "they") && verbal(strings.TrimSuffix(p.text(i+2), "s")) && ends(p.words, i+3) {
			return i + 1
		}
	case "until", "because", "since":
		if !p.endsInState(i) && (p.rules[p.text(i-1)] == nil || next == "it" || next == "it's" || next == "they're") {
			return i + 1
		}
	}
	return 0
}

// intended tells whether "so" at i begins what something is done for, and neither an order nor what is to be so.
func (p *parser) intended(i int) bool {
	if next := p.text(i + 1); p.orders(i) || next == "good" || next == "kind" {
		return false
	}
	n := p.toEnd(i, i+1)
	last := p.text(i + n - 1)
	if n > 3 && slices.Contains([]string{"faces", "face", "points", "point", "facing", "pointing", "looks"}, p.text(i+n-2)) {
		return true // so that the label faces up
	}
	return n > 2 && p.states[last] == nil && !slices.Contains([]string{"on", "off", "up", "out", "opens", "closes", "shuts", "glows", "shines"}, last)
}

// facing finds "facing" in "with the label facing the front", and "up" in "with the handle up"; 0 where it is not there.
func (p *parser) facing(i int) int {
	for k := i + 2; k < i+6; k++ {
		if w := p.text(k); w == "facing" || w == "pointing" || (w == "up" || w == "down") && k > i+2 && ends(p.words, k+1) {
			return k
		}
	}
	return 0
}

// endsInState tells whether what begins at i ends in a state that a step can bring about: until it is closed.
func (p *parser) endsInState(i int) bool {
	last := p.text(i + p.toEnd(i, i+1) - 1)
	s := p.states[last]
	return s != nil && s.need == nil || (p.text(i+1) != "it" || last == "on" || last == "off") && slices.Contains([]string{"on", "off", "out", "opens", "closes", "shuts", "glows", "shines"}, last)
}

// waiting are what things are left to do.
var waiting = strings.Fields("thaw dry cool drain soak defrost charge")

// thoroughly tells whether "well" at i is how something is done: shake the bottle well.
func (p *parser) thoroughly(i int) bool {
	done := slices.ContainsFunc(p.words[:i], func(w word) bool { return slices.Contains(thorough, w.text) })
	return done && (p.content(i-1) || p.text(i-1) == "it") && !p.content(i+1)
}

// thorough are what is done well.
var thorough = strings.Fields("shake mix stir clean wash rinse dry wipe vortex scrub")

// careless are what no step says that it is not to do.
var careless = strings.Fields("touching spilling dropping tilting breaking bumping hitting scratching damaging knocking disturbing crushing shaking waking making hurting toppling tipping tearing squashing crushing denting splashing smudging slamming losing slipping collapsing")

// toEnd is how many words there are from i to the end of the clause that k stands in.
func (p *parser) toEnd(i, k int) int {
	told := p.text(i) == "until" && p.text(i-1) != "wait" || p.text(i) == "because" // until there are no crumbs, because it does not close
	for k < len(p.words) && !slices.Contains([]string{",", ".", ";", "and", "then", "!", "before", "after", "once"}, p.text(k)) && (p.refuse[p.text(k)] == "" || told && p.refuse[p.text(k)] == "negation") {
		k++
	}
	return k - i
}

// purpose tells whether "to" at i begins what something is good for, by a verb that is no skill.
func (p *parser) purpose(i int) bool {
	next := p.text(i + 1)
	e, _ := look(next)
	if slices.Contains(waiting, next) && p.toEnd(i, i+1) == 2 && i > 3 {
		return true // leave it in the sink to thaw
	}
	if i < 3 || !e.verb || e.thing() || p.rules[next] != nil || p.stop[next] || p.nouns[next] != nil || p.trail[next] || p.rules[p.text(i-1)] != nil {
		return false
	}
	return !slices.ContainsFunc(p.nearby, func(n []string) bool { return n[len(n)-1] == "to" && p.text(i-1) == n[0] })
}

// attitude is how many words ", handle pointing up" at i has; 0 where nothing like that stands there.
func (p *parser) attitude(i int) int {
	k := i + 1
	if slices.Contains(definite, p.text(k)) {
		k++
	}
	if w := p.text(k); strings.HasSuffix(w, "est") && len(w) > 5 { // the largest at the bottom
		k++
		if p.text(k) == "one" || p.text(k) == "ones" {
			k++
		}
		if _, end := p.side(k); end > 0 && ends(p.words, end) {
			return end - i
		}
		return 0
	}
	if !p.content(k) || p.rules[p.text(k)] != nil && p.nouns[p.text(k)] == nil {
		return 0
	}
	for j := k + 1; j < k+4 && p.content(j-1); j++ {
		w := p.text(j)
		if n, _ := p.lookup(j-1, j); n == nil || n.class == '?' {
			continue
		}
		if w == "facing" || w == "pointing" || w == "first" {
			return p.toEnd(i, j)
		}
		if (w == "up" || w == "down" || w == "out" || w == "forward") && ends(p.words, j+1) {
			more := p.text(j+1) == "," && slices.Contains([]string{"in", "on", "into", "onto", "inside", "next"}, p.text(j+2))
			return j + 1 - i + boolean(more)
		}
	}
	return 0
}

// located passes ", it's on the chair".
func (p *parser) located(i int) int {
	for _, is := range [][]string{{",", "it's"}, {",", "it", "is"}, {",", "they", "are"}, {",", "they're"}} {
		if k := i + len(is); p.has(i, is) && (p.text(k) == "too" || p.text(k) == "getting" || p.adjective(k) && p.toEnd(i, k) == len(p.words)-i-boolean(p.text(len(p.words)-1) == ".") && p.text(len(p.words)-1) != "one") || p.has(i, is) && slices.Contains([]string{"on", "next", "by", "near", "under", "behind", "beside", "at", "hanging", "lying", "sitting", "standing", "leaning", "resting"}, p.text(k)) {
			return p.toEnd(i, k)
		}
	}
	return 0
}
