package english

import (
	"slices"
	"strings"
	"unicode"
)

// prepare brings the words of a sentence into a form that clauses are read from: names of programs become words, words without
// meaning go, what is said of the manner goes and is noted, and "use the sponge to wipe the table" becomes "wipe the table with
// the sponge", or loses the sponge, where bare is set.
func (p *parser) prepare(all []word, bare bool) []word {
	all = p.ordered(marks(apart(all)))
	for i := 0; i+1 < len(all); i++ { // w/ spoon
		if all[i].text == "w" && all[i+1].text == "/" {
			all[i].text = "with"
			all = slices.Delete(all, i+1, i+2)
		}
	}
	if len(all) > 0 && all[len(all)-1].text == "?" && p.asks(all) {
		all[len(all)-1].text = "."
	}
	p.singles = map[int][]phrase{}
	p.words = p.volumes(particles(p.needed(p.whereabouts(all))))
	all = p.meaningful(p.words)
	p.words = all
	all = p.used(all, bare)
	p.words = all
	all = p.shared(fronted(p, all))
	p.words = all
	all = p.means(p.unsaid(p.nearer(p.spelt(all))))
	p.words, p.singles = all, map[int][]phrase{}
	return all
}

// asks tells whether a sentence is a request in the form of a question.
func (p *parser) asks(all []word) bool {
	p.words = all
	for i := range all {
		if i == 0 || slices.Contains([]string{".", ",", "!", "and", "then"}, all[i-1].text) {
			for _, list := range [][][]string{p.frames, p.asking} {
				if slices.ContainsFunc(list, func(f []string) bool {
					return p.has(i, f) && (f[0] == "is" || f[0] == "do" || f[0] == "may" || f[0] == "could" || f[0] == "can" || f[0] == "would" || f[0] == "will" || f[len(f)-1] == "mind")
				}) {
					return true
				}
			}
		}
	}
	return len(all) > 3 && all[len(all)-3].text == "would" && all[len(all)-2].text == "you"
}

// apart parts words that are written in one: PickUpTheCup, close-drawer where there is no other word.
func apart(all []word) (out []word) {
	for _, w := range all {
		single := len(all) == 1 || len(all) == 2 && all[1].text == "."
		if !single || strings.IndexFunc(w.said[1:], unicode.IsUpper) < 0 && !strings.Contains(w.said, "-") {
			out = append(out, w)
			continue
		}
		from := 0
		cut := func(to int) {
			if part := strings.Trim(w.said[from:to], "-"); part != "" {
				at := w.at + from + strings.Index(w.said[from:to], part)
				out = append(out, word{strings.ToLower(part), part, at})
			}
			from = to
		}
		before := ' '
		for i, r := range w.said {
			if i > 0 && (r == '-' || unicode.IsUpper(r) && !unicode.IsUpper(before)) {
				cut(i)
			}
			before = r
		}
		cut(len(w.said))
	}
	return out
}

// meaningful drops words without meaning for a plan, and those that say how something is to be done, which it notes.
func (p *parser) meaningful(all []word) (out []word) {
	for i := 0; i < len(all); {
		skipped := 0
		for _, s := range p.skip {
			if p.has(i, s) && !(p.sides[s[len(s)-1]] && p.content(i+len(s))) { // from the top, not from the top drawer
				skipped = len(s)
				break
			}
		}
		if skipped == 0 {
			if skipped = p.mannerAt(i); skipped > 0 {
				p.say(all[i : i+skipped])
			}
		}
		if skipped == 0 {
			out = append(out, all[i])
			skipped = 1
		}
		i += skipped
	}
	return out
}

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
	if i < 2 && p.text(i) != "before" && p.text(i) != "when" {
		return 0
	}
	if p.text(i) == "," {
		return p.located(i)
	}
	if p.text(i) == "well" && p.thoroughly(i) {
		return 1
	}
	if k := p.aim(i); k > 0 {
		return p.toEnd(i, k)
	}
	return 0
}

// aim finds where words that say why, how far or until when something is done go on to the end of their clause; 0 where there are none.
func (p *parser) aim(i int) int {
	next := p.text(i + 1)
	switch p.text(i) {
	case "to":
		if p.purpose(i) || slices.Contains([]string{"thaw", "dry", "cool", "drain", "soak", "defrost", "charge"}, next) && p.toEnd(i, i+1) == 2 && i > 3 {
			return i + 1 // to serve coffee
		}
	case "so":
		if p.orders(i) || next == "good" || next == "kind" {
			return 0
		}
		n := p.toEnd(i, i+1)
		if last := p.text(i + n - 1); n > 2 && p.states[last] == nil && last != "on" && last != "off" && last != "up" {
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
		for k := i + 2; k < i+6; k++ {
			if w := p.text(k); w == "facing" || w == "pointing" {
				return k
			}
		}
	case "before", "when":
		if next == "you" && p.text(i+2) == "leave" {
			return i + 1
		}
	case "until", "because", "since":
		end := i + p.toEnd(i, i+1)
		s := p.states[p.text(end-1)]
		if wanted := s != nil && s.need == nil || p.text(end-1) == "on" || p.text(end-1) == "off"; !wanted && (p.rules[p.text(i-1)] == nil || next == "it") {
			return i + 1
		}
	}
	return 0
}

// thoroughly tells whether "well" at i is how something is done: shake the bottle well.
func (p *parser) thoroughly(i int) bool {
	done := slices.ContainsFunc(p.words[:i], func(w word) bool { return slices.Contains(thorough, w.text) })
	return done && (p.content(i-1) || p.text(i-1) == "it") && !p.content(i+1)
}

// thorough are what is done well.
var thorough = strings.Fields("shake mix stir clean wash rinse dry wipe vortex scrub")

// careless are what no step says that it is not to do.
var careless = strings.Fields("touching spilling dropping tilting breaking bumping hitting scratching damaging knocking disturbing crushing shaking waking making hurting")

// toEnd is how many words there are from i to the end of the clause that k stands in.
func (p *parser) toEnd(i, k int) int {
	for k < len(p.words) && !slices.Contains([]string{",", ".", ";", "and", "then", "!", "before", "after", "once"}, p.text(k)) && p.refuse[p.text(k)] == "" {
		k++
	}
	return k - i
}

// purpose tells whether "to" at i begins what something is good for, by a verb that is no skill.
func (p *parser) purpose(i int) bool {
	next := p.text(i + 1)
	e, _ := look(next)
	if i < 3 || !e.verb || e.thing() || p.rules[next] != nil || p.stop[next] || p.nouns[next] != nil || p.trail[next] || p.rules[p.text(i-1)] != nil {
		return false
	}
	return !slices.ContainsFunc(p.nearby, func(n []string) bool { return n[len(n)-1] == "to" && p.text(i-1) == n[0] })
}

// located passes ", it's on the chair".
func (p *parser) located(i int) int {
	for _, is := range [][]string{{",", "it's"}, {",", "it", "is"}, {",", "they", "are"}, {",", "they're"}} {
		if k := i + len(is); p.has(i, is) && (p.text(k) == "too" || p.text(k) == "getting" || p.adjective(k) && p.toEnd(i, k) == len(p.words)-i-boolean(p.text(len(p.words)-1) == ".") && p.text(len(p.words)-1) != "one") || p.has(i, is) && slices.Contains([]string{"on", "next", "by", "near", "under", "behind", "beside", "at"}, p.text(k)) {
			return p.toEnd(i, k)
		}
	}
	return 0
}

// say notes words that no step will say.
func (p *parser) say(words []word) {
	p.said = append(p.said, `no step says "`+p.quoted(words)+`"`)
}

// quoted is what was said.
func (p *parser) quoted(words []word) string {
	said := make([]string, len(words))
	for i, w := range words {
		said[i] = w.said
	}
	return strings.Join(said, " ")
}

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
