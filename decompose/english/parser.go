package english

import (
	"fmt"
	"slices"
	"strings"

	"github.com/egotsr/egotsr/decompose"
)

// parser reads the words of one sentence.
type parser struct {
	*vocabulary
	words   []word
	said    []string // how it is to be done, which no step says
	singles map[int][]phrase
	failed  map[place]bool
	budget  int
	far     int // the first word that no reading got past
	misfit  misfit
	fit     int          // the farthest end of a thing that fits
	fluid   map[int]bool // byte offsets of what is measured by volume
	goes    map[int]bool // ends of things that something can be put on, in or near
	reached []reading    // the clauses of the reading that got farthest
}

// place is one where a clause may begin, after one with a verb.
type place struct {
	word int
	verb string
}

// misfit is a thing of a kind that a verb does not take, at the farthest such place.
type misfit struct {
	at    int // where the phrase ends
	verb  string
	kinds []string // that it would take
}

// refuse notes a thing that does not fit.
func (u *misfit) refuse(at int, verb, kind string) {
	if at > u.at {
		*u = misfit{at: at, verb: verb}
	}
	if at == u.at && !slices.Contains(u.kinds, kind) {
		u.kinds = append(u.kinds, kind)
	}
}

// reach notes a clause that was read, in place of those that begin where it does or later.
func (p *parser) reach(r reading) {
	n := len(p.reached)
	for n > 0 && p.reached[n-1].at >= r.at {
		n--
	}
	if n == len(p.reached) || p.reached[len(p.reached)-1].end < r.end {
		p.reached = append(p.reached[:n], r)
	}
}

// text is the word at i, or nothing at the end.
func (p *parser) text(i int) string {
	if i >= 0 && i < len(p.words) {
		return p.words[i].text
	}
	return ""
}

// has tells whether the words stand at i.
func (p *parser) has(i int, words []string) bool {
	for j, w := range words {
		if t := p.text(i + j); t != w && !(w == "0" && quantity(t)) {
			return false
		}
	}
	return true
}

// quantity tells whether a word is a number, in digits or not, or stands for one.
func quantity(w string) bool {
	w = strings.TrimPrefix(w, "-")
	return w != "" && (w[0] >= '0' && w[0] <= '9' || slices.Contains(numbers, w) || slices.Contains([]string{"one", "a", "an", "several", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety", "hundred"}, w))
}

// idiom finds words that mean no taking or giving of a thing.
func (p *parser) idiom() (at, n int) {
	for i := range p.words {
		for _, words := range p.idioms {
			if starts(p.words, i) && p.has(i, words) && p.text(i+len(words)) != "of" && p.text(i+len(words)) != "at" {
				return i, len(words)
			}
		}
	}
	return 0, 0
}

// blamed is the error that words are to blame for.
func (p *parser) blamed(sentence string, at, end int, reason string) error {
	e := &decompose.UnplacedError{Sentence: sentence, Reason: reason}
	for _, w := range p.words[at:end] {
		e.Words = append(e.Words, decompose.Word{Text: w.said, Offset: w.at})
	}
	return e
}

// unplaced finds what to blame: words that end the reading, else a verb that nobody defined, else things of the wrong kind, else
// the place where every reading stopped.
func (p *parser) unplaced(sentence string) error {
	e := &decompose.UnplacedError{Sentence: sentence}
	var reasons []string
	blame := func(i int, reason string) {
		e.Words = append(e.Words, decompose.Word{Text: p.words[i].said, Offset: p.words[i].at})
		if !slices.Contains(reasons, reason) {
			reasons = append(reasons, reason)
		}
		e.Reason = strings.Join(reasons, "; ")
	}
	for _, r := range p.reached {
		var words []string
		for _, w := range p.words[r.at:r.end] {
			words = append(words, w.said)
		}
		e.Understood = append(e.Understood, strings.Join(words, " "))
	}
	if len(p.reached) == 0 && slices.Contains(questions, p.text(0)) {
		blame(0, "is part of a question")
		return e
	}
	for i, w := range p.words {
		if reason := p.refuse[w.text]; reason != "" {
			blame(i, "is part of "+reason)
		} else if w.text == "?" {
			blame(i, "is part of a question")
		} else if i >= p.far && !p.familiar(i) {
			blame(i, "no list has it")
		}
	}
	last := min(p.far, len(p.words)-1)
	i, verbless := p.verbless()
	if e.Words != nil && !(verbless && !slices.ContainsFunc(p.words, func(w word) bool { return p.refuse[w.text] != "" || w.text == "?" })) {
		return e
	}
	e.Words, reasons = nil, nil
	if p.budget < 0 {
		e.Reason = "it can be read in too many ways"
		return e
	}
	if verbless {
		blame(i, p.noSkill(p.text(i)))
		return e
	}
	if u := p.misfit; u.at >= p.far && u.at > p.fit {
		blame(u.at-1, fmt.Sprintf("%q takes no such thing there (%s)", u.verb, strings.Join(u.kinds, ", ")))
		return e
	}
	if last > 0 && (p.far > last || slices.Contains([]string{".", ",", "!", ";"}, p.text(last))) {
		blame(min(p.far-1, last), "something is missing after it")
	} else {
		blame(last, "it fits nothing before it")
	}
	return e
}

var questions = []string{"is", "are", "was", "were", "has", "have", "am"}

// verbless finds a word where a clause has to begin, after those that were read, that is no verb of any skill.
func (p *parser) verbless() (int, bool) {
	i := 0
	if n := len(p.reached); n > 0 {
		i = p.reached[n-1].end
	}
	for i < len(p.words) && (slices.Contains([]string{"and", "then", ",", ".", ";", "to", "!", ":", "&", "next", "finally", "first", "but"}, p.text(i))) {
		i++
	}
	i, _ = p.polite(i)
	w := p.text(i)
	if n := len(p.reached); n > 0 && i == p.reached[n-1].end || w == "" || p.rules[w] != nil || slices.Contains([]string{"before", "after", "once", "when", "as", "clean", "tidy", "clear", "so"}, w) {
		return 0, false
	}
	return i, true
}

// noSkill says of a verb that no skill is behind it, and which verbs near it have one.
func (p *parser) noSkill(w string) string {
	e, _ := look(w)
	if !e.verb {
		return "it is no verb, and a request begins with one"
	}
	var near []string
	for v := range strings.SplitSeq(e.near, ",") {
		if !slices.Contains(near, v) && slices.ContainsFunc(p.rules[v], func(r *saying) bool { return r.said(v) }) {
			near = append(near, v)
		}
	}
	if near == nil {
		return "no skill does it"
	}
	return "no skill does it; the nearest are to " + strings.Join(near, ", to ")
}

// familiar tells whether some list, or the lexicon, has a word in some form.
func (p *parser) familiar(i int) bool {
	w := p.words[i].text
	if p.known[w] || p.stop[w] || p.acts[w] || p.trail[w] || p.sides[w] || p.adjectives[w] || isNumber(w) || pronouns[w] != "" || p.singular(w) != "" {
		return true
	}
	if len(p.lemmas(w, gerund))+len(p.lemmas(w, participle)) > 0 || strings.Contains(",.;!:-&", w) {
		return true
	}
	if _, ok := look(w); ok {
		return true
	}
	return slices.ContainsFunc(singulars(w), func(s string) bool { _, ok := look(s); return ok })
}
