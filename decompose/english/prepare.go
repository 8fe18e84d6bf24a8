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
	all = p.ordered(marks(p.afterNoun(p.notation(apart(all)))))
	for i := 0; i+1 < len(all); i++ { // w/ spoon
		if all[i].text == "w" && all[i+1].text == "/" {
			all[i].text = "with"
			all = slices.Delete(all, i+1, i+2)
		}
	}
	from := 0
	for i := range all {
		if sentence := all[from : i+1]; all[i].text == "?" {
			if p.asks(sentence) {
				all[i].text = "."
			}
			from = i + 1
		}
	}
	p.singles = map[int][]phrase{}
	all = p.indirect(p.passive(all))
	p.words = p.volumes(particles(p.belated(p.needed(p.whereabouts(all)))))
	all = p.meaningful(p.words)
	p.words = all
	all = p.used(all, bare)
	p.words = all
	all = p.flanked(p.shared(fronted(p, all)))
	p.words = all
	all = p.means(p.unsaid(p.nearer(p.spelt(added(all)))))
	p.words, p.singles = all, map[int][]phrase{}
	return all
}

// asks tells whether a sentence is a request in the form of a question.
func (p *parser) asks(all []word) bool {
	p.words = all
	for i := range all {
		if i == 0 || slices.Contains([]string{".", ",", "!", "and", "then"}, all[i-1].text) {
			for _, list := range [][][]string{p.frames, p.asking, wanting} {
				if slices.ContainsFunc(list, func(f []string) bool {
					return p.has(i, f) && (f[0] == "is" || f[0] == "do" || f[0] == "may" || f[0] == "could" || f[0] == "can" || f[0] == "would" || f[0] == "will" || f[0] == "how" || f[0] == "why" || f[len(f)-1] == "mind")
				}) {
					return true
				}
			}
		}
	}
	if slices.Contains([]string{"can", "could", "will", "would"}, all[0].text) && len(p.passive(all)) < len(all) {
		return true // could the window be opened?
	}
	p.words = all
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
			if p.has(i, s) && !(p.sides[s[len(s)-1]] && (p.content(i+len(s)) || p.text(i+len(s)) == "of")) &&
				!(s[0] == "," && s[len(s)-1] == "you" && !ends(all, i+len(s)) && p.text(i+len(s)) != "?") { // ", would you", at the end // from the top, not from the top drawer
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
